"""Tables of knowledge: the forms that are taken, and what is wrong with others in words."""

import pytest

from compressed_forms import TEXT_FORMS
from onconcord.errors import InputError
from onconcord.inputs.knowledge import Evidence, GeneRole, Residue, read_knowledge


def read(folder, key, text):
    path = folder / f"{key}.tsv"
    path.write_text(text)
    return read_knowledge({key: path}, {})


def table(*rows):
    return "".join("\t".join(row) + "\n" for row in rows)


CANCERHOTSPOTS = table(
    (
        *("Hugo_Symbol", "Amino_Acid_Position", "Mutation_Count"),
        *("Reference_Amino_Acid", "Variant_Amino_Acid"),
    ),
    ("GNAS", "201", "70", "R:70", "C:40"),
    ("GNAS", "201", "70", "R:70", "H:28|S:2"),
    ("EGFR", "747-759", "30", "indel", "L747_P753delinsS:3"),
    ("MET", "X1010", "9", "splice", "splice:9"),
    ("TP53", "213", "60", "R:60", "*:55|Q:5"),
)
RESPONSE = ("Predictive", "Sensitivity/Response", "Melanoma")


def item(profile, therapies, direction, level, status, number):
    kind, significance, disease = RESPONSE
    said = (disease, "1909", therapies, kind, direction, level, significance)
    return (profile, "12", *said, "Words.", status, number)


CIVIC = table(
    (
        *("molecular_profile", "molecular_profile_id", "disease", "doid", "therapies"),
        *("evidence_type", "evidence_direction", "evidence_level", "significance"),
        *("evidence_statement", "evidence_status", "evidence_id"),
    ),
    item("BRAF V600E", "Dabrafenib,Trametinib", "Supports", "A", "accepted", "3758"),
    item("BRAF V600", "Vemurafenib", "Supports", "B", "accepted", "1409"),
    item("BRAF V600E", "", "Supports", "C", "submitted", "9"),
    item("BRAF V600E", "", "Does Not Support", "B", "accepted", "8"),
    item("BRAF V600E AND BRAF L505H", "", "Supports", "D", "accepted", "7"),
)
"""As CIViC's ClinicalEvidenceSummaries.tsv, its columns that are read and some others."""


def test_cancerhotspots_are_counted_by_residue_and_change(tmp_path):
    found = read(tmp_path, "residue_hotspots", CANCERHOTSPOTS).residues
    assert found == {
        ("GNAS", "R201"): Residue("cancerhotspots", {"C": 40, "H": 28, "S": 2}),
        ("TP53", "R213"): Residue("cancerhotspots", {"*": 55, "Q": 5}),
    }
    assert found["GNAS", "R201"].samples == 70


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_cancerhotspots_are_known_in_any_form_of_the_file(tmp_path, form):
    plain = read(tmp_path, "residue_hotspots", CANCERHOTSPOTS)
    data = TEXT_FORMS[form](f"# of cancerhotspots.org\n\n{CANCERHOTSPOTS}")
    (tmp_path / "other.tsv").write_bytes(data)
    assert read_knowledge({"residue_hotspots": tmp_path / "other.tsv"}, {}) == plain


def test_a_list_of_residues_has_no_counts(tmp_path):
    text = "gene\tresidue\tsource\nGNAS\tR201\t\nKIT\tp.D816\tours\n"
    assert read(tmp_path, "residue_hotspots", text).residues == {
        ("GNAS", "R201"): Residue("residue_hotspots", None),
        ("KIT", "D816"): Residue("ours", None),
    }


def test_a_gene_has_its_roles_and_who_says_so(tmp_path):
    text = table(
        ("gene", "role", "source"),
        ("GNAS", "Oncogene", ""),
        ("TP53", "TSG, oncogene", "OncoKB"),
        ("BRCA2", "tumor_suppressor", ""),
        ("ALK", "oncogene, fusion", ""),
    )
    assert read(tmp_path, "gene_roles", text).roles == {
        "GNAS": GeneRole(("oncogene",), "gene_roles"),
        "TP53": GeneRole(("oncogene", "tumour_suppressor"), "OncoKB"),
        "BRCA2": GeneRole(("tumour_suppressor",), "gene_roles"),
        "ALK": GeneRole(("oncogene",), "gene_roles"),
    }


def test_accepted_evidence_of_single_variants_is_taken_from_civic(tmp_path):
    found = read(tmp_path, "civic", CIVIC).evidence
    assert found == {
        ("BRAF", "V600E"): [Evidence("3758", "A", *RESPONSE, "Dabrafenib,Trametinib")],
        ("BRAF", "V600"): [Evidence("1409", "B", *RESPONSE, "Vemurafenib")],
    }


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        (
            "residue_hotspots",
            "gene\tresidue\nGNAS\tArg201\nKIT\t\n",
            [
                'line 2, column "residue": "Arg201" is not a residue: expected one such as R201.',
                'line 3, column "residue": is empty, and required.',
            ],
        ),
        (
            "residue_hotspots",
            CANCERHOTSPOTS.replace("C:40", "C"),
            [
                'line 2, column "variant_amino_acid": "C" is not a count of residues: expected '
                "some such as C:12|H:30.",
            ],
        ),
        (
            "residue_hotspots",
            CANCERHOTSPOTS.replace("GNAS\t201\t", "GNAS\t201.0\t", 1),
            [
                'line 2, column "amino_acid_position": "201.0" is not a whole number: expected one '
                "such as 201.",
            ],
        ),
        (
            "residue_hotspots",
            table(CANCERHOTSPOTS.split("\n")[0].split("\t"), ("MET", "X1", "9", "splice", "x:9")),
            ["has no single residue: give the hotspots of single residues, or leave the key null."],
        ),
        (
            "gene_roles",
            "gene\trole\tsource\nGNAS\tdriver\tmy list\n",
            [
                'line 2, column "role": "driver" is not a role: expected oncogene, tumour '
                "suppressor, or both with a comma between them.",
                'line 2, column "source": "my list" is not a code: expected letters, digits, "." '
                'and "_", as in OncoKB.',
            ],
        ),
        (
            "gene_roles",
            "gene\trole\nTP53\toncogene, tumor supressor\n1-Mar\toncogene\n",
            [
                'line 2, column "role": "oncogene, tumor supressor" is not a role: expected '
                "oncogene, tumour suppressor, or both with a comma between them.",
                'line 3, column "gene": "1-Mar" is what a spreadsheet makes of names such as SEPT2 '
                "and MARCH1: write the gene's name, and keep the column as text.",
            ],
        ),
        (
            "gene_roles",
            "gene\trole\n",
            ["has no row: fill it, or leave resources.gene_roles null."],
        ),
        (
            "civic",
            CIVIC.replace("evidence_level", "stars"),
            ['line 1, column "evidence_level": this column is missing, and required.'],
        ),
    ],
    ids=[
        "residues",
        "counts",
        "a number with a dot",
        "no residue",
        "roles",
        "one of two roles",
        "no row",
        "evidence",
    ],
)
def test_every_fault_of_a_table_is_named(tmp_path, key, text, expected):
    with pytest.raises(InputError) as error:
        read(tmp_path, key, text)
    found = [line.split(".tsv", 1)[1].lstrip(":, ") for line in str(error.value).splitlines()]
    assert found == expected
