"""What of the normal is a clone of its own, by the fragments of both samples."""

import polars as pl
import pytest

from onconcord.decision.normal_clone import BLOOD_GENES, drives_blood, in_normal_clone


def answer(tumour, normal, tumour_in_normal=0.0):
    """Of alternate and reference fragments in both samples."""
    row = {
        "tumor_alt_count": tumour[0],
        "tumor_ref_count": tumour[1],
        "normal_alt_count": normal[0] if normal else None,
        "normal_ref_count": normal[1] if normal else None,
    }
    table = pl.DataFrame([row], schema=dict.fromkeys(row, pl.Int64))
    return in_normal_clone(table, tumour_in_normal).to_list()


@pytest.mark.parametrize(
    ("tumour", "normal", "expected"),
    [
        pytest.param((5, 95), (7, 63), True, id="a clone of blood that strayed into the tumour"),
        pytest.param((40, 60), (12, 58), True, id="a mosaic of which the tumour came"),
        pytest.param((40, 60), (4, 66), False, id="a tenth of the normal may be tumour"),
        pytest.param((30, 70), (0, 70), False, id="somatic"),
        pytest.param((50, 50), (33, 37), False, id="heterozygous"),
        pytest.param((50, 50), (8, 12), False, id="heterozygous in a thin normal"),
        pytest.param((5, 95), (3, 27), False, id="three fragments"),
        pytest.param((2, 198), (4, 396), False, id="errors in both"),
    ],
)
def test_more_than_the_tumour_explains_and_less_than_inherited(tumour, normal, expected):
    assert answer(tumour, normal) == [expected]


def test_the_genes_of_blood_are_symbols_of_genes():
    assert {"DNMT3A", "TET2", "ZRSR2"} <= BLOOD_GENES
    assert min(map(len, BLOOD_GENES)) >= 3


def test_a_measured_share_of_tumour_explains_more():
    assert answer((40, 60), (14, 56), 0.1) == [True]
    assert answer((40, 60), (14, 56), 0.3) == [False]


def test_without_a_normal_nothing_is_said():
    assert answer((40, 60), None) == [None]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"gene_symbol": "MYH7"}, False),
        ({"gene_symbol": None}, False),
        ({"impact": "LOW"}, False),
        ({"pon_count": 1}, False),
    ],
)
def test_drivers_of_blood_alter_a_listed_gene_and_are_in_no_panel(changes, expected):
    row = {"gene_symbol": "DNMT3A", "impact": "MODERATE", "pon_count": None} | changes
    schema = {"gene_symbol": pl.String, "impact": pl.String, "pon_count": pl.Int64}
    assert pl.DataFrame([row], schema=schema).select(drives_blood()).item() is expected
