"""Consequences, the picked one and known facts, read from an annotated VCF."""

import polars as pl
import pytest

from annotated_vcf import TRANSCRIPTS, annotated, entry
from onconcord.annotated.annotation import read_annotation
from onconcord.annotated.clinical import Clinical
from onconcord.annotated.severity import IMPACTS, RANKS
from onconcord.reference.transcript_set import set_id

SEQUENCE = "CCATGGCCTAAACC" + "ACGT" * 40
"""CCATG GCC TAA: a coding sequence of two residues from base 3 on."""


def picked_of(tmp_path, *entries, tags=TRANSCRIPTS):
    of = annotated(tmp_path, SEQUENCE, [(7, "C", "A", "ANN=" + ",".join(entries))], tags)
    consequences, picked, _ = read_annotation(of)
    return consequences, picked.row(0, named=True)


def test_the_chosen_transcript_is_picked_with_its_most_severe_term_and_names_from_the_sequence(
    tmp_path,
):
    consequences, picked = picked_of(
        tmp_path,
        entry("exon_loss_variant", "HIGH", "OTHER.2"),
        entry("NMD_transcript_variant&missense_variant", "HIGH", "CANON.4"),
    )
    assert {
        name: picked[name] for name in picked if name not in ("chrom", "pos", "ref", "alt")
    } == {
        "gnomad_af_max": None,
        "gene_id": "G1",
        "gene_symbol": "GENE",
        "hgnc_id": "HGNC:42",
        "transcript_id": "CANON.4",
        "hgvsc": "c.5C>A",
        "hgvsp": "p.Ala2Asp",
        "hgvsp_full": "p.Ala2Asp",
        "impact": "MODERATE",
        "consequence_so": "missense_variant",
        "consequence_terms": "missense_variant&NMD_transcript_variant",
    }
    rows = consequences.select("transcript_id", "consequence_so", "impact", "is_picked").rows()
    assert sorted(rows) == [
        ("CANON.4", "NMD_transcript_variant", "MODIFIER", False),
        ("CANON.4", "missense_variant", "MODERATE", True),
        ("OTHER.2", "exon_loss_variant", "HIGH", False),
    ]
    assert consequences["is_mane_select"].to_list() == [None] * 3
    expected = set_id(annotated(tmp_path, SEQUENCE, [(7, "C", "A", ".")]).chosen)
    assert set(consequences["transcript_set_version"]) == {expected}


@pytest.mark.parametrize(
    ("event", "name", "told", "terms"),
    [
        ((7, "C", "A"), "p.Ala2Asp", "synonymous_variant", "missense_variant"),
        ((7, "C", "A"), "p.Ala2Asp", "intron_variant", "intron_variant"),
        ((5, "GGCC", "G"), "p.Ala2Ter", "inframe_deletion", "stop_gained&inframe_deletion"),
        ((8, "C", "CG"), "p.Ter3ValextTer?", "frameshift_variant", "frameshift_variant&stop_lost"),
        ((2, "C", "CG"), None, "frameshift_variant&start_lost", "5_prime_UTR_variant"),
        ((11, "A", "AG"), None, "frameshift_variant", "3_prime_UTR_variant"),
        ((3, "A", "ATTA"), "p.Met1=", "start_lost&inframe_insertion", "start_retained_variant"),
    ],
)
def test_a_term_says_what_the_protein_name_states(tmp_path, event, name, told, terms):
    ann = entry(told, "LOW", "CANON.4")
    of = annotated(tmp_path, SEQUENCE, [(*event, f"ANN={ann}")])
    _, picked, _ = read_annotation(of)
    assert picked.select("hgvsp_full", "consequence_terms").row(0) == (name, terms)


def test_genes_are_called_as_the_gene_model_does_however_snpeff_escapes_it(tmp_path):
    escaped = entry("missense_variant", "MODERATE", "CANON.4").replace("GENE|G1", "A%3DB_c|G%2C1")
    _, picked = picked_of(tmp_path, escaped)
    found = (picked["gene_symbol"], picked["gene_id"], picked["hgnc_id"])
    assert found == ("GENE", "G1", "HGNC:42")


@pytest.mark.parametrize(
    ("of_select", "of_plus", "expected"),
    [
        ("missense_variant", "intron_variant", "CANON.4"),
        ("missense_variant", "missense_variant", "CANON.4"),
        ("intron_variant", "missense_variant", "PLUS.1"),
    ],
)
def test_plus_clinical_is_picked_only_where_it_is_more_severe(
    tmp_path, of_select, of_plus, expected
):
    tags = (("CANON.4", "MANE_Select"), ("PLUS.1", "MANE_Plus_Clinical"), ("OTHER.2", "basic"))
    consequences, picked = picked_of(
        tmp_path,
        entry("exon_loss_variant", "HIGH", "OTHER.2"),
        entry(of_plus, "LOW", "PLUS.1"),
        entry(of_select, "LOW", "CANON.4"),
        tags=tags,
    )
    assert picked["transcript_id"] == expected
    kinds = consequences.select("transcript_id", "is_mane_select", "is_mane_plus").rows()
    assert sorted(kinds) == [
        ("CANON.4", True, False),
        ("OTHER.2", False, False),
        ("PLUS.1", False, True),
    ]


def test_the_order_of_the_annotator_says_nothing(tmp_path):
    entries = [
        entry("intron_variant", "MODIFIER", name) for name in ("OTHER.2", "PLUS.1", "CANON.4")
    ]
    one, picked = picked_of(tmp_path, *entries)
    other, again = picked_of(tmp_path, *reversed(entries))
    assert picked == again
    assert one.equals(other)


def test_a_gene_beside_the_variant_is_not_picked_before_the_gene_around_it(tmp_path):
    _, picked = picked_of(
        tmp_path,
        entry("missense_variant", "MODERATE", "OTHER.2"),
        entry("upstream_gene_variant", "MODIFIER", "CANON.4", distance="12"),
    )
    assert picked["transcript_id"] == "OTHER.2"


def test_what_lies_in_no_transcript_has_no_consequence(tmp_path):
    region = entry("intergenic_region", "MODIFIER", "A-B", feature="intergenic_region")
    consequences, picked = picked_of(tmp_path, region)
    assert consequences.height == 0
    assert picked["gene_id"] is None


def test_frequency_and_clinical_facts_are_read(tmp_path):
    info = (
        "population_af=0.25;clinical_significance=Benign;clinical_conditions=not_provided|B_c|A;"
        "clinical_review_status=criteria_provided,_multiple_submitters,_no_conflicts"
    )
    of = annotated(tmp_path, SEQUENCE, [(7, "C", "A", info), (8, "C", "A", ".")])
    _, picked, known = read_annotation(of)
    assert picked["gnomad_af_max"].to_list() == [0.25, None]
    review = "criteria_provided,_multiple_submitters,_no_conflicts"
    assert known.drop("variant_key", "licence").rows() == [
        ("ClinVar", "significance", "ClinVar 2024-12-15", "Benign", None),
        ("ClinVar", "review_status", "ClinVar 2024-12-15", review, None),
        ("ClinVar", "conditions", "ClinVar 2024-12-15", "A|B_c", None),
        ("ClinVar", "stars", "ClinVar 2024-12-15", None, 2.0),
    ]
    assert set(known["variant_key"]) == {"chr20:7:C:A"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("##fileDate=2024-12-15\n##source=ClinVar\n", Clinical("ClinVar", "ClinVar 2024-12-15")),
        ("##source=ours\n", Clinical("clinical", "ours")),
        ("", Clinical("clinical", None)),
    ],
)
def test_a_clinical_resource_says_its_version_in_its_header(tmp_path, header, expected):
    path = tmp_path / "clinical.vcf"
    path.write_text(f"##fileformat=VCFv4.2\n{header}#CHROM\tPOS\n")
    assert Clinical.of(path) == expected
    assert Clinical.of(None) == Clinical("clinical", None)


def test_terms_stand_in_the_order_of_vep():
    ordered = (
        *("splice_acceptor_variant", "stop_gained", "frameshift_variant", "start_lost"),
        *("inframe_insertion", "missense_variant", "splice_region_variant", "synonymous_variant"),
        *("5_prime_UTR_variant", "intron_variant", "upstream_gene_variant"),
    )
    assert sorted(ordered, key=RANKS.__getitem__) == list(ordered)
    assert [IMPACTS[term] for term in ordered[:4]] == ["HIGH"] * 4
    assert pl.Series(list(IMPACTS.values())).is_in(["HIGH", "MODERATE", "LOW", "MODIFIER"]).all()


@pytest.mark.parametrize(
    ("pos", "terms"),
    [
        (19, "splice_donor_5th_base_variant&intron_variant"),
        (18, "splice_donor_region_variant&intron_variant"),
        (21, "splice_region_variant&intron_variant"),
        (51, "splice_region_variant&splice_polypyrimidine_tract_variant&intron_variant"),
        (30, "intron_variant"),
        (70, "intron_variant"),
    ],
)
@pytest.mark.parametrize(
    "entries",
    [["splice_region_variant&intron_variant"], ["splice_donor_variant", "intron_variant"]],
)
def test_terms_of_the_ends_of_introns_are_our_own_and_stand_beside_those_of_the_annotator(
    tmp_path, pos, terms, entries
):
    told = ",".join(entry(of_entry, "LOW", "CANON.4") for of_entry in entries)
    row = (pos, SEQUENCE[pos - 1], "N", f"ANN={told}")
    exons = ((1, 14), (55, 70))
    of = annotated(tmp_path, SEQUENCE, [row], (("CANON.4", "MANE_Select"),), exons)
    consequences, picked, _ = read_annotation(of)
    assert picked["consequence_terms"].item() == terms
    assert consequences["consequence_so"].to_list() == terms.split("&")
    assert set(consequences["impact"]) == {IMPACTS[term] for term in terms.split("&")}
