"""Callable states of the targets and callability of genes."""

import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onconcord.errors import ToolError
from onconcord.qc import Searched, callable_regions, gene_callability
from random_cases import cases
from text_rows import write_rows

NAMES = {"1": "chr1", "2": "chr2", "10": "chr10", "X": "chrX"}
NONE, LOW, DEEP = "0:1", "1:10", "10:inf"


class Half:
    """A decision that finds half of the fragments, at depths of 10 and more."""

    def lowest_fractions(self, depths):
        return [0.5 if tumour and tumour >= 10 else None for tumour, _ in depths]

    def finds(self, depths, fraction):
        return [tumour >= 10 and fraction >= 0.5 for tumour, _ in depths]


HALF = Half()
SEARCHED = Searched(HALF, 0.5, {"tumour": 1, "normal": 10})


# ---------------------------------------------------------------------------------------------
# Callable states


def states_of(folder, targets, tumour, normal=None, tumour_any=None, normal_any=None):
    """Rows (chrom, start0, end0, state); without files of their own all reads map well."""
    files = [
        write_rows(folder / f"{number}.bed.gz", *rows) if rows else None
        for number, rows in enumerate((tumour, normal, tumour_any or tumour, normal_any or normal))
    ]
    bed = write_rows(folder / "targets.bed", *targets)
    return callable_regions(bed, *files, NAMES, SEARCHED).rows()


WHOLE = [("1", 0, 1000, DEEP)]


@pytest.mark.parametrize(
    ("tracks", "state"),
    [
        pytest.param({"tumour": DEEP}, "CALLABLE", id="tumour-only and deep"),
        pytest.param({"tumour": DEEP, "normal": DEEP}, "CALLABLE", id="both deep"),
        pytest.param({"tumour": LOW, "normal": DEEP}, "LOW_TUMOR", id="shallow tumour"),
        pytest.param({"tumour": LOW, "normal": LOW}, "LOW_TUMOR", id="the tumour goes first"),
        pytest.param({"tumour": DEEP, "normal": LOW}, "LOW_NORMAL", id="shallow normal"),
        pytest.param({"tumour": DEEP, "normal": NONE}, "LOW_NORMAL", id="no read of normal"),
        pytest.param({"tumour": NONE}, "NO_COVERAGE", id="no read of the tumour"),
        pytest.param({"tumour": NONE, "tumour_any": DEEP}, "LOW_MAPQ", id="reads map badly"),
        pytest.param(
            {"tumour": NONE, "tumour_any": LOW},
            "LOW_TUMOR",
            id="few reads, and they map badly",
        ),
        pytest.param(
            {"tumour": DEEP, "normal": LOW, "normal_any": DEEP},
            "LOW_MAPQ",
            id="the normal's reads map badly",
        ),
    ],
)
def test_the_state_of_a_base(tmp_path, tracks, state):
    files = {role: [("1", 0, 1000, label)] for role, label in tracks.items()}
    assert states_of(tmp_path, [("1", 10, 20)], **files) == [("chr1", 10, 20, state)]


def test_states_are_cut_to_the_targets_and_joined_within_one(tmp_path):
    tumour = [
        ("1", 0, 15, DEEP),
        ("1", 15, 18, LOW),
        ("1", 18, 25, DEEP),
        ("1", 25, 1000, DEEP),
        ("10", 0, 5, LOW),
        ("10", 5, 90, NONE),
        ("2", 0, 50, DEEP),
    ]
    targets = [("1", 10, 30), ("1", 30, 40), ("2", 3, 5), ("10", 0, 8)]
    assert states_of(tmp_path, targets, tumour) == [
        ("chr1", 10, 15, "CALLABLE"),
        ("chr1", 15, 18, "LOW_TUMOR"),
        ("chr1", 18, 30, "CALLABLE"),
        ("chr1", 30, 40, "CALLABLE"),
        ("chr10", 0, 5, "LOW_TUMOR"),
        ("chr10", 5, 8, "NO_COVERAGE"),
        ("chr2", 3, 5, "CALLABLE"),
    ]


def tiling(size):
    """Intervals with a label that tile 0..size."""
    cuts = st.lists(st.integers(1, size - 1), unique=True, max_size=8).map(sorted)
    return st.tuples(
        cuts, st.lists(st.sampled_from([NONE, LOW, DEEP]), min_size=9, max_size=9)
    ).map(
        lambda drawn: [
            ("1", start, end, label)
            for (start, end), label in zip(
                itertools.pairwise([0, *drawn[0], size]), drawn[1], strict=False
            )
        ]
    )


@cases(60)
@given(
    tumour=tiling(60),
    normal=st.none() | tiling(60),
    tumour_any=tiling(60),
    cuts=st.lists(st.integers(0, 60), unique=True, min_size=2, max_size=8).map(sorted),
)
def test_states_are_those_of_every_single_base(tmp_path_factory, tumour, normal, tumour_any, cuts):
    folder = tmp_path_factory.mktemp("states")
    targets = [("1", a, b) for a, b in itertools.pairwise(cuts)][::2]
    found = states_of(folder, targets, tumour, normal, tumour_any)

    def label_of(rows, base):
        return next(label for _, start, end, label in rows if start <= base < end)

    by_base = {base: state for _, start, end, state in found for base in range(start, end)}
    expected = {}
    for _, start, end in targets:
        for base in range(start, end):
            own, of_any = label_of(tumour, base), label_of(tumour_any, base)
            other = label_of(normal, base) if normal else DEEP
            if own == other == DEEP:
                expected[base] = "CALLABLE"
            elif of_any == NONE:
                expected[base] = "NO_COVERAGE"
            elif of_any == other == DEEP:
                expected[base] = "LOW_MAPQ"
            else:
                expected[base] = "LOW_TUMOR" if own != DEEP else "LOW_NORMAL"
    assert by_base == expected
    assert sum(end - start for _, start, end, _ in found) == len(expected)


@pytest.mark.parametrize(
    ("tumour", "message"),
    [
        pytest.param(
            [("1", 0, 15, DEEP)],
            "0.bed.gz: does not cover all targets: mosdepth did not finish",
            id="ends early",
        ),
        pytest.param(
            [("1", 0, 1000, "CALLABLE")],
            "0.bed.gz: has the levels ['CALLABLE'], expected such as 10:15 and 15:inf",
            id="labels of before",
        ),
        pytest.param(
            [*WHOLE, ("chr1", 0, 5, LOW)],
            "0.bed.gz: its contigs ['chr1'] are not in the reference: it was made with another one",
            id="another reference",
        ),
        pytest.param(
            [("1", 0, 15, LOW), ("1", 10, 1000, LOW)],
            "0.bed.gz: has empty intervals, or some that overlap",
            id="overlap",
        ),
    ],
)
def test_a_faulty_coverage_file_is_refused(tmp_path, tumour, message):
    with pytest.raises(ToolError) as error:
        states_of(tmp_path, [("1", 10, 20)], tumour)
    assert str(error.value) == f"{tmp_path}/{message}"


def test_a_truncated_coverage_file_is_refused(tmp_path):
    bed = write_rows(tmp_path / "cut.bed.gz", *WHOLE)
    bed.write_bytes(bed.read_bytes()[:-6])
    targets = write_rows(tmp_path / "targets.bed", ("1", 0, 5))
    with pytest.raises(ToolError, match=r"cut\.bed\.gz: cannot be read: it stops in the middle"):
        callable_regions(targets, bed, None, bed, None, NAMES, SEARCHED)


# ---------------------------------------------------------------------------------------------
# Genes


def test_genes_have_their_depth_share_and_power(tmp_path):
    genes = write_rows(
        tmp_path / "genes.tsv",
        ("gene_id", "gene_symbol", "transcript_id", "chrom", "start0", "end0"),
        ("G2", "TWO", "T2", "1", 10, 20),
        ("G2", "TWO", "T2", "2", 0, 10),
        ("G1", "ONE", "T1", "1", 15, 35),
        ("G3", "THREE", "T3", "2", 0, 0),
        ("G4", "FOUR", "T4", "2", 90, 95),
    )
    states = pl.DataFrame(
        [
            ("chr1", 0, 30, "CALLABLE"),
            ("chr1", 30, 40, "LOW_TUMOR"),
            ("chr2", 0, 10, "CALLABLE"),
            ("chr2", 90, 95, "LOW_NORMAL"),
        ],
        schema=["chrom", "start0", "end0", "state"],
        orient="row",
    )
    regions = write_rows(
        tmp_path / "r.bed.gz",
        ("1", 0, 30, "100.00"),
        ("1", 30, 40, "20.00"),
        ("2", 0, 10, "7.25"),
        ("2", 90, 95, "2"),
    )
    found = gene_callability(genes, states, regions, None, NAMES, power=HALF)
    assert found.columns == [
        "gene_id",
        "gene_symbol",
        "transcript_id",
        "target_bp",
        "tumor_mean_depth",
        "normal_mean_depth",
        "callable_frac",
        "min_vaf_detectable",
        "status",
    ]
    assert found.rows() == [
        ("G1", "ONE", "T1", 20, 80.0, None, 0.75, 0.5, "partial"),
        ("G2", "TWO", "T2", 20, 53.625, None, 1.0, 0.5, "callable"),
        ("G3", "THREE", "T3", 0, None, None, None, None, "not_targeted"),
        ("G4", "FOUR", "T4", 5, 2.0, None, 0.0, None, "not_callable"),
    ]
    with_normal = gene_callability(genes, states, regions, regions, NAMES, power=HALF)
    assert with_normal["normal_mean_depth"].to_list() == [80.0, 53.625, None, 2.0]


def test_no_gene_model_gives_no_gene(tmp_path):
    header = ("gene_id", "gene_symbol", "transcript_id", "chrom", "start0", "end0")
    genes = write_rows(tmp_path / "genes.tsv", header)
    regions = write_rows(tmp_path / "r.bed.gz", ("1", 0, 30, "100.00"))
    states = pl.DataFrame(
        [("chr1", 0, 30, "CALLABLE")], schema=["chrom", "start0", "end0", "state"], orient="row"
    )
    assert gene_callability(genes, states, regions, None, NAMES, HALF).height == 0
