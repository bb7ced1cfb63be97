"""Quality control: callable states, callability of genes, identity, thresholds, verdicts."""

import gzip
import itertools
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from onconcord import checkout
from onconcord.errors import InputError, ToolError
from onconcord.qc import SampleFiles, callable_regions, gene_callability, write_pair_qc
from onconcord.qc.callability import min_vaf_detectable
from onconcord.qc.identity import compare_genotypes
from onconcord.qc.measures import contamination, infer_sex, sample_metrics
from onconcord.thresholds import METRICS, SiteRules, check_thresholds, read_thresholds

NAMES = {"1": "chr1", "2": "chr2", "10": "chr10", "X": "chrX"}
CLASSES = ("NO_COVERAGE", "LOW", "CALLABLE")
SHIPPED = sorted((checkout.root() / "config/qc").glob("*.yaml"))


def write_bed(path, rows):
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_table(path, header, *rows):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in (header, *rows)))
    return path


# ---------------------------------------------------------------------------------------------
# Callable states


def states_of(folder, targets, tumour, normal=None, tumour_any=None, normal_any=None):
    """Rows (chrom, start0, end0, state); without files of their own all reads map well."""
    files = [
        write_bed(folder / f"{number}.bed.gz", rows) if rows else None
        for number, rows in enumerate((tumour, normal, tumour_any or tumour, normal_any or normal))
    ]
    bed = write_bed(folder / "targets.bed", targets)
    return callable_regions(bed, *files, NAMES).rows()


WHOLE = [("1", 0, 1000, "CALLABLE")]


@pytest.mark.parametrize(
    ("tracks", "state"),
    [
        pytest.param({"tumour": "CALLABLE"}, "CALLABLE", id="tumour-only and deep"),
        pytest.param({"tumour": "CALLABLE", "normal": "CALLABLE"}, "CALLABLE", id="both deep"),
        pytest.param({"tumour": "LOW", "normal": "CALLABLE"}, "LOW_TUMOR", id="shallow tumour"),
        pytest.param({"tumour": "LOW", "normal": "LOW"}, "LOW_TUMOR", id="the tumour goes first"),
        pytest.param({"tumour": "CALLABLE", "normal": "LOW"}, "LOW_NORMAL", id="shallow normal"),
        pytest.param(
            {"tumour": "CALLABLE", "normal": "NO_COVERAGE"}, "LOW_NORMAL", id="no read of normal"
        ),
        pytest.param({"tumour": "NO_COVERAGE"}, "NO_COVERAGE", id="no read of the tumour"),
        pytest.param(
            {"tumour": "NO_COVERAGE", "tumour_any": "CALLABLE"}, "LOW_MAPQ", id="reads map badly"
        ),
        pytest.param(
            {"tumour": "NO_COVERAGE", "tumour_any": "LOW"},
            "LOW_TUMOR",
            id="few reads, and they map badly",
        ),
        pytest.param(
            {"tumour": "CALLABLE", "normal": "LOW", "normal_any": "CALLABLE"},
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
        ("1", 0, 15, "CALLABLE"),
        ("1", 15, 18, "LOW"),
        ("1", 18, 25, "CALLABLE"),
        ("1", 25, 1000, "CALLABLE"),
        ("10", 0, 5, "LOW"),
        ("10", 5, 90, "NO_COVERAGE"),
        ("2", 0, 50, "CALLABLE"),
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
    return st.tuples(cuts, st.lists(st.sampled_from(CLASSES), min_size=9, max_size=9)).map(
        lambda drawn: [
            ("1", start, end, label)
            for (start, end), label in zip(
                itertools.pairwise([0, *drawn[0], size]), drawn[1], strict=False
            )
        ]
    )


@settings(max_examples=60, deadline=None)
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
            other = label_of(normal, base) if normal else "CALLABLE"
            if own == other == "CALLABLE":
                expected[base] = "CALLABLE"
            elif of_any == "NO_COVERAGE":
                expected[base] = "NO_COVERAGE"
            elif of_any == other == "CALLABLE":
                expected[base] = "LOW_MAPQ"
            else:
                expected[base] = "LOW_TUMOR" if own != "CALLABLE" else "LOW_NORMAL"
    assert by_base == expected
    assert sum(end - start for _, start, end, _ in found) == len(expected)


@pytest.mark.parametrize(
    ("tumour", "message"),
    [
        pytest.param(
            [("1", 0, 15, "CALLABLE")],
            "0.bed.gz: does not cover all targets: mosdepth did not finish",
            id="ends early",
        ),
        pytest.param(
            [("1", 0, 1000, "0:1")],
            "0.bed.gz: has the states ['0:1'], not ['NO_COVERAGE', 'LOW', 'CALLABLE']",
            id="labels of mosdepth's own",
        ),
        pytest.param(
            [*WHOLE, ("chr1", 0, 5, "LOW")],
            "0.bed.gz: its contigs ['chr1'] are not in the reference: it was made with another one",
            id="another reference",
        ),
        pytest.param(
            [("1", 0, 15, "LOW"), ("1", 10, 1000, "LOW")],
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
    bed = write_bed(tmp_path / "cut.bed.gz", WHOLE)
    bed.write_bytes(bed.read_bytes()[:-6])
    targets = write_bed(tmp_path / "targets.bed", [("1", 0, 5)])
    with pytest.raises(ToolError, match=r"cut\.bed\.gz: not a whole gzip file"):
        callable_regions(targets, bed, None, bed, None, NAMES)


# ---------------------------------------------------------------------------------------------
# Genes


def test_genes_have_their_depth_share_and_power(tmp_path):
    genes = write_table(
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
    regions = write_bed(
        tmp_path / "r.bed.gz",
        [("1", 0, 30, "100.00"), ("1", 30, 40, "20.00"), ("2", 0, 10, "7.25"), ("2", 90, 95, "2")],
    )
    found = gene_callability(genes, states, regions, None, NAMES, min_alt_reads=3)
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
        ("G1", "ONE", "T1", 20, 80.0, None, 0.75, min_vaf_detectable(80, 3), "partial"),
        ("G2", "TWO", "T2", 20, 53.625, None, 1.0, min_vaf_detectable(53, 3), "callable"),
        ("G3", "THREE", "T3", 0, None, None, None, None, "not_targeted"),
        ("G4", "FOUR", "T4", 5, 2.0, None, 0.0, None, "not_callable"),
    ]
    with_normal = gene_callability(genes, states, regions, regions, NAMES, min_alt_reads=3)
    assert with_normal["normal_mean_depth"].to_list() == [80.0, 53.625, None, 2.0]


def test_no_gene_model_gives_no_gene(tmp_path):
    header = ("gene_id", "gene_symbol", "transcript_id", "chrom", "start0", "end0")
    genes = write_table(tmp_path / "genes.tsv", header)
    regions = write_bed(tmp_path / "r.bed.gz", [("1", 0, 30, "100.00")])
    states = pl.DataFrame(
        [("chr1", 0, 30, "CALLABLE")], schema=["chrom", "start0", "end0", "state"], orient="row"
    )
    assert gene_callability(genes, states, regions, None, NAMES, 3).height == 0


@pytest.mark.parametrize("depth", [3, 10, 30, 60.9, 500])
def test_the_smallest_fraction_has_just_95_percent_power(depth):
    fraction = min_vaf_detectable(depth, 3)
    assert binom.sf(2, int(depth), fraction) == pytest.approx(0.95, abs=1e-4)


def test_too_few_reads_detect_nothing():
    assert min_vaf_detectable(2.9, 3) is None


# ---------------------------------------------------------------------------------------------
# Identity

RULES = SiteRules(min_depth=10, min_informative=20, min_distance_bp=1000)
SITES = 400
PURITY = 0.7


class People:
    """Pileups of two people at common sites, and of a tumour of the first."""

    def __init__(self, seed, sites=SITES):
        self.random = np.random.default_rng(seed)
        self.frequency = self.random.uniform(0.05, 0.5, sites)
        self.position = np.arange(sites) * 3000 + 5
        self.first = self.random.binomial(2, self.frequency) / 2
        self.second = self.random.binomial(2, self.frequency) / 2
        # Two fifths of the heterozygous sites lose one allele or the other in the tumour.
        lost = (1 - PURITY) / (2 - PURITY)
        share = np.where(self.random.random(sites) < 0.5, lost, 1 - lost)
        altered = (self.random.random(sites) < 0.4) & (self.first == 0.5)
        self.tumour = np.where(altered, share, self.first)

    def pileup(self, share, depth):
        depths = self.random.poisson(depth, len(share))
        alt = self.random.binomial(depths, np.clip(share, 0.003, 0.997))
        return pl.DataFrame(
            {
                "contig": np.full(len(share), "20"),
                "position": self.position,
                "ref_count": depths - alt,
                "alt_count": alt,
                "other_alt_count": np.zeros(len(share), dtype=int),
                "allele_frequency": self.frequency,
            }
        )

    def compare(self, tumour, normal):
        return compare_genotypes(self.pileup(tumour, 150), self.pileup(normal, 80), RULES)


@pytest.fixture(params=[1, 2, 3])
def people(request):
    return People(request.param)


NO_IMBALANCE = "no allelic imbalance tells tumour and normal apart"
NOT_ONE_PERSON = "tumour and normal are not shown to be of one person"


def test_one_person_is_told_from_two(people):
    same = people.compare(people.first, people.first)
    assert same.lod.value > 100
    assert same.concordance_frac.value == 1
    other = people.compare(people.second, people.first)
    assert other.lod.value < -100
    assert other.concordance_frac.value < 0.1
    assert (other.reversal_lod.value, other.reversal_lod.text) == (None, NOT_ONE_PERSON)
    assert other.tumour_in_normal_frac.text == NOT_ONE_PERSON


def test_lost_alleles_do_not_make_another_person(people):
    found = people.compare(people.tumour, people.first)
    assert found.lod.value > 100
    assert found.concordance_frac.value == 1


def test_exchanged_tumour_and_normal_are_found(people):
    assert people.compare(people.tumour, people.first).reversal_lod.value < -20
    exchanged = people.compare(people.first, people.tumour)
    assert exchanged.lod.value > 100
    assert exchanged.reversal_lod.value > 20


def test_without_imbalance_an_exchange_cannot_be_told(people):
    found = people.compare(people.first, people.first)
    assert (found.reversal_lod.value, found.reversal_lod.text) == (None, NO_IMBALANCE)
    assert found.tumour_in_normal_frac.value is None
    assert found.tumour_in_normal_frac.text.endswith(
        "sites of allelic imbalance in the tumour, 20 needed"
    )


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.4])
def test_tumour_in_the_normal_is_measured(people, fraction):
    normal = (1 - fraction) * people.first + fraction * people.tumour
    found = people.compare(people.tumour, normal).tumour_in_normal_frac
    assert found.value == pytest.approx(fraction, abs=0.07)


def test_a_contaminated_tumour_is_still_of_its_person(people):
    found = people.compare(0.9 * people.first + 0.1 * people.second, people.first)
    assert found.lod.value > 100


def test_too_few_sites_say_nothing():
    few = People(1, sites=30)
    found = few.compare(few.first, few.first)
    assert found.informative_sites < 20
    assert found.lod.value is None
    assert found.lod.text == f"{found.informative_sites} informative common sites, 20 needed"


def test_no_population_resource_says_nothing(people):
    empty = people.pileup(people.first, 80).head(0)
    found = compare_genotypes(empty, empty, RULES)
    assert found.lod.text == "0 informative common sites, 20 needed"


@pytest.mark.parametrize(
    ("change", "usable"),
    [
        pytest.param(pl.lit("X").alias("contig"), False, id="sex chromosome"),
        pytest.param(pl.lit("chr20").alias("contig"), True, id="the other naming"),
        pytest.param(pl.lit(9).cast(pl.Int64).alias("ref_count"), True, id="not too shallow"),
        pytest.param(
            (pl.col("ref_count") + pl.col("alt_count")).alias("other_alt_count"),
            False,
            id="a third base",
        ),
        pytest.param((pl.col("position") // 1000).alias("position"), False, id="sites close by"),
    ],
)
def test_sites_are_chosen_by_the_rules(people, change, usable):
    pileup = people.pileup(people.first, 80).with_columns(change)
    found = compare_genotypes(pileup, pileup, RULES)
    assert (found.lod.value is not None) == usable


# ---------------------------------------------------------------------------------------------
# Measures


def write_sample(folder, name, depth=100.0, tumour=True, **numbers):
    """What samtools, mosdepth and GATK leave of one sample."""
    values = {
        "reads mapped": 980,
        "reads duplicated": 98,
        "average quality": 36.1,
        "total length": 98000,
        "mismatches": 490,
        "error rate": 0.005,
        **numbers,
    }
    prefix = folder / name
    lines = [f"SN\t{key}:\t{value}\n" for key, value in values.items()]
    lines += [
        f"IS\t{size}\t{pairs}\t{pairs}\t0\t0\n" for size, pairs in ((200, 3), (250, 6), (300, 2))
    ]
    Path(f"{prefix}.stats.txt").write_text("".join(lines))
    write_table(
        Path(f"{prefix}.mosdepth.summary.txt"),
        ("chrom", "length", "bases", "mean", "min", "max"),
        ("1_region", 100, 100, depth, 0, 200),
        ("total_region", 100, 100, depth, 0, 200),
    )
    write_bed(Path(f"{prefix}.regions.bed.gz"), [("1", 100, 200, depth)])
    split = 110 if tumour else 120
    write_bed(
        Path(f"{prefix}.quantized.bed.gz"),
        [("1", 0, split, "LOW"), ("1", split, 1000, "CALLABLE")],
    )
    write_table(
        Path(f"{prefix}.pileups.table"),
        ("contig", "position", "ref_count", "alt_count", "other_alt_count", "allele_frequency"),
    )
    inputs = write_table(
        folder / f"{name}.inputs.tsv",
        ("file_role", "ordinal", "format", "bytes", "sha256", "reads"),
        ("fastq_1", 1, "fastq.gz", 10, "ab", 500),
        ("fastq_2", 1, "fastq.gz", 10, "cd", 500),
    )
    flagstat = folder / f"{name}.flagstat.json"
    passed, failed = {"primary": 990, "primary mapped": 980}, {"primary": 10, "primary mapped": 0}
    flagstat.write_text(json.dumps({"QC-passed reads": passed, "QC-failed reads": failed}))
    return SampleFiles(prefix, inputs, flagstat)


def values_of(files):
    found = sample_metrics(files.prefix, files.inputs, files.flagstat)
    return {name: (answer.value, answer.text) for name, answer in found.items()}


def test_metrics_of_a_sample(tmp_path):
    assert values_of(write_sample(tmp_path, "T")) == {
        "reads_total": (1000.0, None),
        "mapped_frac": (0.98, None),
        "dup_frac": (0.1, None),
        "insert_median_bp": (250.0, None),
        "mean_base_quality": (36.1, None),
        "mismatch_frac": (0.005, None),
        "mean_target_coverage": (100.0, None),
        "target_min_depth_frac": (0.9, None),
    }


def test_what_was_not_measured_is_null_with_its_reason(tmp_path):
    numbers = {"reads mapped": 0, "reads duplicated": 0, "total length": 0, "mismatches": 0}
    files = write_sample(tmp_path, "T", depth=0.0, **numbers)
    Path(f"{files.prefix}.stats.txt").write_text(
        "".join(
            line
            for line in Path(f"{files.prefix}.stats.txt").read_text().splitlines(keepends=True)
            if line.startswith("SN")
        )
    )
    found = values_of(SampleFiles(files.prefix, files.inputs))
    assert found["mapped_frac"] == (None, "no flagstat of the whole alignment")
    assert found["dup_frac"] == (None, "no read on target")
    assert found["mean_base_quality"] == (None, "no read on target")
    assert found["insert_median_bp"] == (None, "no read pair on target")
    assert found["mismatch_frac"] == (
        None,
        "no mismatch seen: the alignments have no NM tags, or too few bases",
    )
    assert found["mean_target_coverage"] == (0.0, None)


@pytest.mark.parametrize(
    ("suffix", "text", "message"),
    [
        pytest.param(
            ".stats.txt",
            "SN\treads mapped:\t1\n",
            "not a whole report of samtools stats",
            id="stats",
        ),
        pytest.param(
            ".mosdepth.summary.txt",
            "chrom\tlength\tmean\n1\t5\t2.0\n",
            "has no line total_region",
            id="summary cut off",
        ),
        pytest.param(
            ".mosdepth.summary.txt",
            "nothing\n",
            "not a table with the columns chrom, length, mean",
            id="summary of another form",
        ),
        pytest.param(
            ".flagstat.json", "{}", "not a whole report of samtools flagstat", id="flagstat"
        ),
    ],
)
def test_a_report_that_is_cut_off_is_refused(tmp_path, suffix, text, message):
    files = write_sample(tmp_path, "T")
    Path(f"{files.prefix}{suffix}").write_text(text)
    with pytest.raises(ToolError, match=message):
        sample_metrics(files.prefix, files.inputs, files.flagstat)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], (None, "no population resource"), id="header alone"),
        pytest.param([("T", 0.0213, 0.004)], (0.0213, None), id="estimated"),
        pytest.param([("T", 0.0, 0.0001)], (0.0, None), id="measured as none"),
        pytest.param([("T", 0.0, 1.0)], (None, "too uncertain: standard error 1.00"), id="no site"),
        pytest.param([("T", "NaN", "NaN")], (None, "too uncertain: standard error nan"), id="NaN"),
    ],
)
def test_contamination_that_was_not_measured_is_null(tmp_path, rows, expected):
    table = write_table(tmp_path / "c.table", ("sample", "contamination", "error"), *rows)
    found = contamination(table, max_error=0.05)
    assert (found.value, found.text) == expected


@pytest.mark.parametrize(
    ("of_x", "of_y", "expected"),
    [
        pytest.param((10**6, 100.0), (10**5, 0.5), "XX", id="female"),
        pytest.param((10**6, 50.0), (10**5, 45.0), "XY", id="male"),
        pytest.param((10**6, 50.0), (0, 0.0), "XY", id="targets without Y"),
        pytest.param(
            (10**6, 98.0),
            (10**5, 45.0),
            "unclear: X 0.98 and Y 0.45 of the autosomes' depth",
            id="XXY",
        ),
        pytest.param(
            (10**6, 72.0),
            (10**5, 0.0),
            "unclear: X 0.72 and Y 0.00 of the autosomes' depth",
            id="between",
        ),
        pytest.param(
            (500, 50.0), (10**5, 45.0), "no sex chromosomes in the targets", id="too little of X"
        ),
    ],
)
def test_sex_by_depth(tmp_path, of_x, of_y, expected):
    summary = write_table(
        tmp_path / "summary.txt",
        ("chrom", "length", "mean"),
        ("1", 10**8, 3.0),
        ("1_region", 10**6, 120.0),
        ("2_region", 10**6, 80.0),
        ("X_region", *of_x),
        ("Y_region", *of_y),
    )
    found = infer_sex(summary)
    assert (found.value, found.text) == (None, expected)


# ---------------------------------------------------------------------------------------------
# Thresholds and verdicts


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_thresholds_are_whole(path):
    found = read_thresholds(path)
    gated = {metric for metric, _ in found.limits}
    assert {"mean_target_coverage", "contamination_frac", "identity_lod"} <= gated


def threshold(**changes):
    row = {
        "metric": "dup_frac",
        "applies_to": "tumour",
        "direction": "at_most",
        "warn": 0.4,
        "fail": 0.6,
    }
    return {**row, **changes}


def thresholds_with(*rows, **changes):
    sites = {"min_depth": 10, "min_informative": 20, "min_distance_bp": 10000}
    return {"sites": sites, "thresholds": list(rows), **changes}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(thresholds_with(threshold(), threshold(applies_to="normal")), [], id="good"),
        pytest.param(
            {"thresholds": []}, ["q.yaml: 'sites' is a required property."], id="no rules of sites"
        ),
        pytest.param(
            thresholds_with(extra=1),
            ["q.yaml: Additional properties are not allowed ('extra' was unexpected)."],
            id="unknown key",
        ),
        pytest.param(
            thresholds_with(threshold(applies_to="sample"), threshold(warn="high")),
            [
                "q.yaml, \"thresholds.0.applies_to\": 'sample' is not one of "
                "['tumour', 'normal', 'pair'].",
                "q.yaml, \"thresholds.1.warn\": 'high' is not of type 'number', 'null'.",
            ],
            id="all faults at once",
        ),
        pytest.param(
            thresholds_with(threshold(), threshold()),
            ['q.yaml, "thresholds.1": "dup_frac" of the tumour has two thresholds: give one.'],
            id="twice",
        ),
        pytest.param(
            thresholds_with(threshold(applies_to="pair")),
            [
                'q.yaml, "thresholds.0.applies_to": "dup_frac" applies to "tumour" or "normal", '
                'not to "pair".'
            ],
            id="metric of a sample",
        ),
        pytest.param(
            thresholds_with(threshold(metric="identity_lod")),
            [
                'q.yaml, "thresholds.0.applies_to": "identity_lod" applies to "pair", not to "tumour".'
            ],
            id="metric of a pair",
        ),
        pytest.param(
            thresholds_with(threshold(warn=0.6, fail=0.4)),
            ['q.yaml, "thresholds.0.fail": fail (0.4) is milder than warn (0.6): exchange them.'],
            id="limits exchanged",
        ),
    ],
)
def test_faults_of_thresholds(raw, expected):
    assert [str(fault) for fault in check_thresholds(raw, "q.yaml")] == expected


def test_thresholds_that_are_not_yaml_are_refused(tmp_path):
    path = tmp_path / "q.yaml"
    path.write_text("sites: [\n")
    with pytest.raises(InputError, match=r"^q\.yaml: is not YAML"):
        read_thresholds(path)


def judge(folder, *rows, sex=None, spec=None, samples=None):
    """Verdict of a pair of which nothing is wrong but what the thresholds say."""
    samples = samples or {
        "tumour": write_sample(folder, "T"),
        "normal": write_sample(folder, "N", tumour=False),
    }
    sheet = {"tumour": {"sample": "T", "sex": sex}, "normal": {"sample": "N", "sex": sex}}
    path = folder / "q.yaml"
    path.write_text(yaml.safe_dump(thresholds_with(*rows)))
    table = write_table(
        folder / "c.table", ("sample", "contamination", "error"), ("T", 0.03, 0.001)
    )
    out = folder / "qc.json"
    write_pair_qc({"pair": "T", **sheet, **(spec or {})}, path, samples, table, out)
    return json.loads(out.read_text())


@pytest.mark.parametrize(
    ("row", "status", "reasons"),
    [
        pytest.param(threshold(warn=0.1, fail=0.2), "PASS", [], id="at its limit"),
        pytest.param(
            threshold(warn=0.05, fail=0.2),
            "WARN",
            [
                "WARN dup_frac of the tumour: 0.1 is above 0.05 (mapped reads on target that are "
                "duplicates): the library holds too few molecules: sequence a new one."
            ],
            id="beyond warn",
        ),
        pytest.param(
            threshold(
                metric="callable_frac", applies_to="pair", direction="at_least", warn=0.95, fail=0.9
            ),
            "FAIL",
            [
                "FAIL callable_frac of the pair: 0.8 is below 0.9 (target bases deep enough in "
                "every sample of the pair): variants elsewhere cannot be excluded: sequence the "
                "poorer sample deeper."
            ],
            id="beyond fail",
        ),
        pytest.param(
            threshold(
                metric="identity_lod", applies_to="pair", direction="at_least", warn=3, fail=-3
            ),
            "PASS",
            [],
            id="not measured changes no verdict",
        ),
        pytest.param(threshold(warn=None, fail=None), "PASS", [], id="no limit"),
    ],
)
def test_verdict_of_a_pair(tmp_path, row, status, reasons):
    found = judge(tmp_path, row)
    assert (found["pair"], found["status"], found["reasons"]) == ("T", status, reasons)


def test_every_metric_is_a_row_of_the_contract(tmp_path):
    found = judge(tmp_path, threshold(warn=0.05, fail=0.2))
    rows = {
        (row["entity_id"], row["subject_kind"], row["metric_id"]): row for row in found["metrics"]
    }
    assert len(rows) == len(found["metrics"])
    of_sample = {name for name, one in METRICS.items() if not one.of_pair}
    assert set(rows) == {
        *(("T", "sample", name) for name in of_sample),
        *(("N", "sample", name) for name in of_sample),
        *(("T", "pair", name) for name in METRICS if name not in of_sample),
    }
    assert rows["T", "sample", "dup_frac"] == {
        "subject_kind": "sample",
        "entity_id": "T",
        "metric_id": "dup_frac",
        "value": 0.1,
        "value_text": None,
        "unit": "1",
        "status": "WARN",
        "threshold_warn": 0.05,
        "threshold_fail": 0.2,
        "tool": "samtools",
    }
    assert rows["N", "sample", "dup_frac"]["status"] == "NA"
    lod = rows["T", "pair", "identity_lod"]
    assert (lod["value"], lod["value_text"], lod["status"]) == (
        None,
        "0 informative common sites, 20 needed",
        "NA",
    )


def test_a_tumour_without_a_normal_is_judged_on_its_own(tmp_path):
    found = judge(tmp_path, spec={"normal": None}, samples={"tumour": write_sample(tmp_path, "T")})
    of_pair = {row["metric_id"]: row for row in found["metrics"] if row["subject_kind"] == "pair"}
    assert of_pair["callable_frac"]["value"] == 0.9
    for name in ("identity_sites", "identity_lod", "reversal_lod", "tumor_in_normal_frac"):
        assert (of_pair[name]["value"], of_pair[name]["value_text"]) == (
            None,
            "tumour without a normal",
        )


@pytest.mark.parametrize(
    ("stated", "status"),
    [("female", "WARN"), ("male", "PASS"), ("other", "NA"), (None, "NA")],
)
def test_sex_is_held_against_the_sheet(tmp_path, stated, status):
    samples = {"tumour": write_sample(tmp_path, "T"), "normal": write_sample(tmp_path, "N")}
    with Path(tmp_path / "N.mosdepth.summary.txt").open("a") as handle:
        handle.write("X_region\t1000000\t1\t50.0\t0\t1\nY_region\t100000\t1\t45.0\t0\t1\n")
    found = judge(tmp_path, sex=stated, samples=samples)
    (row,) = [row for row in found["metrics"] if row["metric_id"] == "sex_inferred"]
    assert (row["value_text"], row["status"]) == ("XY", status)
    assert found["status"] == ("WARN" if status == "WARN" else "PASS")
    assert len(found["reasons"]) == (status == "WARN")


def test_a_reason_names_one_metric_and_no_sample(tmp_path):
    rows = [
        threshold(warn=0.01, fail=None),
        threshold(metric="contamination_frac", applies_to="pair", warn=0.01, fail=0.02),
    ]
    found = judge(tmp_path, *rows)
    named = [[name for name in METRICS if name in reason] for reason in found["reasons"]]
    assert named == [["contamination_frac"], ["dup_frac"]]


def test_every_metric_is_documented():
    page = (checkout.root() / "docs/qc.md").read_text()
    rows = {
        line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")
    }
    assert list(rows) == list(METRICS)
    for name, definition in METRICS.items():
        assert definition.meaning in rows[name]
