"""Points by ClinGen, CGC and VICC, and what tables of knowledge say of a variant."""

import polars as pl
import pytest

from onconcord import contract
from onconcord.annotated.knowledge import knowledge_rows, short_name
from onconcord.annotated.oncogenicity import (
    CLASSES,
    NEVER_ASSESSED,
    POINTS,
    class_of,
    criteria_of,
    oncogenicity_rows,
)
from onconcord.inputs.knowledge import Evidence, GeneRole, Knowledge, Residue

KNOWN = Knowledge(
    residues={
        ("GNAS", "R201"): Residue("cancerhotspots", {"C": 40, "H": 28, "S": 2}),
        ("SRC", "E527"): Residue("cancerhotspots", {"K": 12}),
        ("KIT", "D816"): Residue("ours", None),
    },
    roles={
        "ASXL1": GeneRole(("tumour_suppressor",), "gene_roles"),
        "KIT": GeneRole(("oncogene",), "gene_roles"),
    },
    evidence={
        ("KIT", "D816V"): [Evidence("1", "B", "Predictive", "Resistance", "GIST", "Imatinib")],
        ("KIT", "D816"): [Evidence("2", "A", "Diagnostic", "Positive", "AML", "")],
    },
    versions={"residue_hotspots": "11" * 8, "gene_roles": "22" * 8, "civic": "33" * 8},
)


@pytest.mark.parametrize(
    ("gene", "hgvsp", "terms", "frequency", "expected", "kind"),
    [
        ("ASXL1", "p.Gly646fs", "frameshift_variant", None, ["OP4", "OVS1"], "likely_oncogenic"),
        ("KIT", "p.Gly646fs", "frameshift_variant", None, ["OP4"], "vus"),
        ("GNAS", "p.Arg201Cys", "missense_variant", 1e-5, ["OS3"], "vus"),
        ("GNAS", "p.Arg201Cys", "missense_variant", None, ["OP4", "OS3"], "vus"),
        ("GNAS", "p.Arg201Ser", "missense_variant", None, ["OP3", "OP4"], "vus"),
        ("SRC", "p.Glu527Lys", "missense_variant", None, ["OM3", "OP4"], "vus"),
        ("KIT", "p.Asp816Val", "missense_variant", 0.001, ["OP3"], "vus"),
        ("KIT", "p.Trp557_Lys558del", "conservative_inframe_deletion", 0.001, ["OM2"], "vus"),
        ("GNAS", "p.Trp5del", "conservative_inframe_deletion", 0.001, [], "vus"),
        ("ASXL1", "p.Val295=", "synonymous_variant", 0.02, ["SBS1"], "likely_benign"),
        ("ASXL1", "p.Val295=", "synonymous_variant", 0.2, ["SBVS1"], "benign"),
        (None, None, None, None, ["OP4"], "vus"),
    ],
)
def test_criteria_and_class(gene, hgvsp, terms, frequency, expected, kind):
    criteria, missing = criteria_of(gene, hgvsp, terms, frequency, True, KNOWN)
    assert criteria == expected
    assert class_of(sum(POINTS[one] for one in criteria)) == kind
    assert set(NEVER_ASSESSED) <= set(missing)
    assert not set(criteria) & set(missing)


def test_nothing_is_benign_and_everything_unassessed_for_want_of_data():
    for terms in ("synonymous_variant", "missense_variant", "stop_gained", "intron_variant"):
        criteria, missing = criteria_of("TP53", "p.Val295=", terms, None, False, Knowledge())
        assert (criteria, missing) == ([], sorted(POINTS))
    assert class_of(0) == "vus"


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        *((10, "oncogenic"), (9, "likely_oncogenic"), (6, "likely_oncogenic"), (5, "vus")),
        *((0, "vus"), (-1, "likely_benign"), (-6, "likely_benign"), (-7, "benign")),
    ],
)
def test_classes_by_points(points, expected):
    assert class_of(points) == expected


def test_codes_are_those_of_the_contract():
    codes = {name for _, name in CLASSES} | {"benign"}
    assert codes == set(contract.load().vocabularies["oncogenicity_class"])


def test_a_row_says_what_was_not_assessed():
    variants = pl.DataFrame(
        {
            "variant_key": ["chr4:5:A:T"],
            "gene_symbol": ["KIT"],
            "hgvsp": ["p.Asp816Val"],
            "consequence_terms": ["missense_variant"],
            "gnomad_af_max": [None],
            "has_population": [False],
        },
        schema_overrides={"gnomad_af_max": pl.Float64},
    )
    assert oncogenicity_rows(variants, KNOWN).rows() == [
        (
            *("chr4:5:A:T", "onconcord", "1", 1, "vus", ["OP3"]),
            sorted([*NEVER_ASSESSED, "OP4", "SBVS1", "SBS1", "OS3", "OM3"]),
        )
    ]


def test_what_tables_say_of_a_variant():
    picked = pl.DataFrame(
        {
            "variant_key": ["one", "other", "third"],
            "gene_symbol": ["KIT", "GNAS", None],
            "hgvsp": ["p.Asp816Val", "p.Arg201Cys", None],
        }
    )
    versions = KNOWN.versions
    rows = knowledge_rows(picked, KNOWN)
    of_civic = ("CIViC", versions["civic"], None, "CC0-1.0")
    told = {
        (key, source, field): (text, number)
        for key, source, field, _, text, number, _ in rows.iter_rows()
    }
    assert told == {
        ("one", "gene_roles", "gene_role"): ("oncogene", None),
        ("one", "ours", "residue"): ("D816", None),
        ("one", "CIViC", "evidence_level"): ("A", None),
        ("one", "CIViC", "evidence_id"): ("1|2", None),
        ("one", "CIViC", "evidence_type"): ("Diagnostic|Predictive", None),
        ("one", "CIViC", "significance"): ("Positive|Resistance", None),
        ("one", "CIViC", "diseases"): ("AML|GIST", None),
        ("one", "CIViC", "therapies"): ("Imatinib", None),
        ("other", "cancerhotspots", "residue"): ("R201", None),
        ("other", "cancerhotspots", "residue_samples"): (None, 70.0),
        ("other", "cancerhotspots", "change_samples"): (None, 40.0),
    }
    found = rows.filter(source="CIViC")
    assert set(found.select("source", "source_version", "value_num", "licence").rows()) == {
        of_civic
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("p.Arg201Cys", "R201C"),
        ("p.Gly646fs", "G646fs"),
        ("p.Gln634Ter", "Q634*"),
        ("p.Glu746_Ala750del", "E746_A750del"),
        (None, None),
    ],
)
def test_names_are_as_tables_of_knowledge_write_them(name, expected):
    assert short_name(name) == expected
