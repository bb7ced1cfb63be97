"""Precision and recall against known variants."""

import polars as pl
import pytest

from onconcord.errors import InputError
from onconcord.questions.accuracy import Accuracy, accuracy, read_truth

PAIRS = pl.DataFrame({"pair_id": ["M1", "T1"], "design": ["matched", "tumor_only"]})
ALLELE = ["pair_id", "chrom", "pos", "ref", "alt", "variant_class"]


def calls(*rows):
    columns = [*ALLELE, "is_pass"]
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.col("pos").cast(pl.Int32)
    )


def truth(*rows):
    return pl.DataFrame(rows, schema=ALLELE, orient="row").with_columns(
        pl.col("pos").cast(pl.Int32)
    )


def test_designs_and_classes_are_counted_apart():
    found = accuracy(
        calls(
            ("M1", "chr20", 5, "C", "T", "SNV", True),
            ("M1", "chr20", 6, "C", "T", "SNV", True),
            ("M1", "chr20", 7, "CA", "C", "DEL", False),
            ("T1", "chr20", 5, "C", "T", "SNV", True),
        ),
        PAIRS,
        truth(
            ("M1", "chr20", 5, "C", "T", "SNV"),
            ("M1", "chr20", 7, "CA", "C", "DEL"),
            ("GONE", "chr20", 9, "C", "T", "SNV"),
        ),
    )
    assert found == [
        Accuracy("matched", "DEL", 0, 0, 1),
        Accuracy("matched", "SNV", 1, 1, 0),
        Accuracy("matched", "all", 1, 1, 1),
        Accuracy("tumor_only", "SNV", 0, 1, 0),
        Accuracy("tumor_only", "all", 0, 1, 0),
    ]


@pytest.mark.parametrize(
    ("counts", "precision", "recall"),
    [
        pytest.param((3, 1, 0), 0.75, 1.0, id="one wrong"),
        pytest.param((0, 0, 2), None, 0.0, id="nothing passes"),
        pytest.param((0, 2, 0), 0.0, None, id="nothing is true"),
    ],
)
def test_ratios_without_a_denominator_are_unknown(counts, precision, recall):
    one = Accuracy("matched", "SNV", *counts)
    assert (one.precision, one.recall) == (precision, recall)


def test_the_truth_takes_the_names_of_the_tables(tmp_path):
    path = tmp_path / "somatic.tsv"
    path.write_text("sample\tchrom\tpos\tref\talt\tvaf\tclass\nM1\t20\t5\tC\tT\t0.3\tSNV\n")
    assert read_truth(path).rows() == [("M1", "chr20", 5, "C", "T", "SNV")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "sample\tchrom\tpos\tref\tclass\n",
            'somatic.tsv, line 1, column "alt": the header lacks it; it has sample, chrom, pos, '
            "ref, class",
            id="column missing",
        ),
        pytest.param(
            "sample\tchrom\tpos\tref\talt\tclass\nM1\t20\tfive\tC\tT\tSNV\n",
            'somatic.tsv, line 2, column "pos": "five" is not a position: expected a whole number',
            id="no number",
        ),
    ],
)
def test_faults_of_a_truth_are_named(tmp_path, text, message):
    path = tmp_path / "somatic.tsv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_truth(path)
    assert str(error.value) == f"{tmp_path}/{message}"
