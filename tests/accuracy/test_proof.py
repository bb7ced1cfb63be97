"""Scores of known outcomes, and the rules that end `make accuracy`."""

import dataclasses
import json

import polars as pl
import pytest

from onconcord.accuracy.outcomes import (
    Candidate,
    Known,
    Outcome,
    Targets,
    candidates,
    context,
    distinct,
    judge,
    methods,
    read_truth,
)
from onconcord.accuracy.profiles import read_plan
from onconcord.accuracy.proof import (
    Scored,
    baseline_of,
    broken_rules,
    size_bin,
    strata,
    table_text,
    write_all,
)
from onconcord.accuracy.scores import Score, calibration_error, fraction_bin, tenths, wilson
from onconcord.contract import tableio
from onconcord.errors import InputError
from onconcord.evidence.normal_form import Allele
from onconcord.reference.sequence import Genome
from onconcord.report.accuracy_page import write_page
from onconcord.runtime.checkout import root

BASES = "GATCGATCCAGTTGCATGCCTAAAAAAGCTAGCTGGATCCGTACGATCAGTCACACACACAGTTGACCTGA" * 2


@pytest.fixture(scope="module")
def plan():
    return read_plan(root() / "config/accuracy/profiles.yaml")


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    size = len(BASES)
    path.write_text(f">20\n{BASES}\n")
    path.with_name("genome.fa.fai").write_text(f"20\t{size}\t4\t{size}\t{size + 1}\n")
    return Genome(path)


def snv(pos):
    ref = BASES[pos - 1]
    return Allele("20", pos, ref, "A" if ref != "A" else "C")


def outcome(method, what, profile="oxog", kind="SNV", fraction=0.2, pos=9):
    wrong = what == "fp"
    fraction = None if wrong else fraction
    return Outcome(profile, f"{profile}-1", method, kind, what, fraction, "none", snv(pos), False)


def outcomes(method, tp, fp, fn, **values):
    return (
        [outcome(method, "tp", **values)] * tp
        + [outcome(method, "fp", **values)] * fp
        + [outcome(method, "fn", **values)] * fn
    )


def scored(plan, decision, mutect2, rated=(), **values):
    found = outcomes("decision", *decision, **values) + outcomes("mutect2", *mutect2, **values)
    return Scored(plan, tuple(found), tuple(rated))


def rated(p, true, false, profile="oxog"):
    return [Candidate(profile, "SNV", p, True)] * true + [
        Candidate(profile, "SNV", p, False)
    ] * false


@pytest.mark.parametrize(
    ("score", "precision", "recall", "f1"),
    [
        pytest.param(Score(8, 2, 8), 0.8, 0.5, 16 / 26, id="some of each"),
        pytest.param(Score(0, 0, 3), None, 0.0, 0.0, id="nothing called"),
        pytest.param(Score(0, 3, 0), 0.0, None, 0.0, id="nothing true"),
        pytest.param(Score(0, 0, 0), None, None, None, id="nothing at all"),
    ],
)
def test_ratios(score, precision, recall, f1):
    assert (score.precision, score.recall, score.f1) == (precision, recall, f1)


def test_intervals_are_wilsons():
    assert wilson(8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-5)
    assert wilson(0, 0) is None
    low, high = Score(8, 1, 1).f1_interval
    assert low < Score(8, 1, 1).f1 < high


def test_true_events_below_the_limit_are_neither_missed_nor_wrong(genome):
    known = [
        Known(snv(9), "SNV", 0.3, True),
        Known(snv(40), "SNV", 0.02, True),
        Known(snv(60), "SNV", 0.5, False),
    ]
    found = list(judge(genome, known, [snv(40), snv(60), snv(20)]))
    assert [(one[1], one[3].pos, one[4]) for one in found] == [
        ("fn", 9, False),
        ("fp", 60, True),
        ("fp", 20, False),
    ]


def test_two_spellings_of_one_call_count_once(genome):
    at = BASES.index("AAAAAA")
    left = Allele("20", at, BASES[at - 1 : at + 1], BASES[at - 1])
    right = Allele("20", at + 5, "AA", "A")
    assert distinct(genome, [right, left]) == [right]


def test_calls_off_target_are_left_out(tmp_path):
    bed = tmp_path / "targets.bed"
    bed.write_text("20\t10\t20\n20\t30\t40\n")
    targets = Targets(bed)
    inside = [pos for pos in (10, 11, 20, 21, 31, 41) if Allele("20", pos, "A", "C") in targets]
    assert inside == [11, 20, 31]
    assert Allele("20", 10, "A", "AT") in targets


@pytest.mark.parametrize(
    ("allele", "expected"),
    [
        pytest.param(snv(9), "none", id="plain"),
        pytest.param(snv(24), "run of 5 to 7", id="in a run"),
        pytest.param(snv(55), "other repeat", id="in CACACA"),
    ],
)
def test_the_repeat_that_a_variant_touches(genome, allele, expected):
    assert context(genome, allele) == expected


def test_a_decision_that_loses_in_one_class_breaks_a_rule(plan):
    better = scored(plan, (9, 0, 1), (8, 0, 2))
    assert broken_rules(better, {}, whole=True) == []
    worse = scored(plan, (8, 1, 2), (8, 0, 2))
    assert broken_rules(worse, {}, whole=True) == [
        "oxog, SNV: the decision's F1 is 0.8421, mutect2 alone has 0.8889."
    ]


def test_a_slice_is_looked_at_by_profile(plan):
    indels = outcomes("decision", 0, 0, 1, kind="indel") + outcomes(
        "mutect2", 1, 0, 0, kind="indel"
    )
    one = scored(plan, (9, 0, 1), (6, 0, 4))
    both = dataclasses.replace(one, outcomes=(*one.outcomes, *indels))
    assert len(broken_rules(both, {}, whole=True)) == 1
    assert broken_rules(both, {}, whole=False) == []


def test_a_slice_may_lose_no_profile(plan):
    lost = scored(plan, (8, 0, 2), (9, 0, 1))
    won = tuple(
        dataclasses.replace(one, profile="ffpe")
        for one in scored(plan, (9, 0, 1), (5, 0, 5)).outcomes
    )
    together = dataclasses.replace(lost, outcomes=(*lost.outcomes, *won))
    assert broken_rules(together, {}, whole=False) == [
        "oxog, ALL: the decision's F1 is 0.8889, mutect2 alone has 0.9474."
    ]


def test_probabilities_that_do_not_hold_break_a_rule(plan):
    fine = scored(plan, (9, 0, 1), (8, 0, 2), rated(0.98, 98, 2))
    assert broken_rules(fine, {}, whole=True) == []
    sure = scored(plan, (9, 0, 1), (8, 0, 2), rated(0.98, 80, 20))
    assert broken_rules(sure, {}, whole=True) == [
        "oxog: the calibration error is 0.1800, at most 0.05 is allowed.",
        "of the 100 candidates with a probability in 0.9-1 (mean 0.980) 0.800 are true.",
    ]
    assert broken_rules(sure, {}, whole=False) == [
        "ALL: the calibration error is 0.1800, at most 0.05 is allowed."
    ]


@pytest.mark.parametrize(("true", "said"), [(13, 0), (20, 1)], ids=["by chance", "too often"])
def test_a_tenth_is_off_where_chance_does_not_explain_it(plan, true, said):
    few = scored(plan, (9, 0, 1), (8, 0, 2), rated(0.14, true, 64 - true))
    assert sum(line.startswith("of the 64") for line in broken_rules(few, {}, whole=True)) == said


def test_a_fall_against_the_baseline_breaks_a_rule(plan):
    before = baseline_of(scored(plan, (9, 0, 1), (8, 0, 2)))
    assert before == {"oxog": 0.947368, "all SNV": 0.947368, "all ALL": 0.947368}
    after = scored(plan, (9, 1, 1), (8, 0, 2))
    assert broken_rules(after, before | {"ffpe": 0.9}, whole=True) == [
        "oxog: F1 fell from 0.9474 in the baseline to 0.9000.",
        "all SNV: F1 fell from 0.9474 in the baseline to 0.9000.",
        "all ALL: F1 fell from 0.9474 in the baseline to 0.9000.",
        "ffpe is in the baseline and was not scored.",
    ]


def test_the_error_of_calibration_weighs_each_tenth_by_its_candidates():
    mixed = rated(0.9, 90, 10) + rated(0.1, 30, 70)
    assert calibration_error(mixed) == pytest.approx(0.1)
    assert [(one.low, one.n, one.true_frac) for one in tenths(mixed)] == [
        (0.1, 100, 0.3),
        (0.9, 100, 0.9),
    ]
    assert calibration_error([]) is None


@pytest.mark.parametrize(
    ("fraction", "name"),
    [(0.05, "0.05-0.1"), (0.0999, "0.05-0.1"), (0.1, "0.1-0.2"), (0.9, "0.3-1"), (1.0, "0.3-1")],
)
def test_bins_of_the_fraction(fraction, name):
    assert fraction_bin(fraction) == name


def test_candidates_of_any_fraction_are_true_and_those_without_a_number_left_out(genome, tmp_path):
    bed = tmp_path / "targets.bed"
    bed.write_text("20\t0\t100\n")
    known = [Known(snv(9), "SNV", 0.02, True)]
    rows = [(one.pos, one.ref, one.alt) for one in (snv(9), snv(20), snv(40))]
    variants = pl.DataFrame(rows, schema=["pos", "ref", "alt"], orient="row")
    assert candidates(genome, "oxog", known, variants, Targets(bed)) == []
    with_p = variants.with_columns(p_somatic=pl.Series([0.7, 0.2, None]))
    assert candidates(genome, "oxog", known, with_p, Targets(bed)) == [
        Candidate("oxog", "SNV", 0.7, True),
        Candidate("oxog", "SNV", 0.2, False),
    ]


def test_every_bad_row_of_a_truth_is_named(tmp_path):
    path = tmp_path / "truth.tsv"
    path.write_text(
        "chrom\tpos\tref\talt\tclass\tvaf\torigin\thaplotype\n"
        "20\tx\tA\tC\tSNV\t0.1\tsomatic\t1\n20\t5\tA\tC\tSNV\thigh\tsomatic\t2\n"
    )
    with pytest.raises(InputError) as caught:
        read_truth(path)
    assert [fault.line for fault in caught.value.faults] == [2, 3]


def test_the_files_hold_what_was_scored(plan, tmp_path):
    found = scored(plan, (9, 0, 1), (8, 1, 2), rated(0.9, 9, 1))
    write_all(found, ["a rule"], tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["rows"] == [
        {
            "profile": "oxog",
            "variant_class": "SNV",
            "n_truth": 10,
            "best_caller": "mutect2",
            "best_f1": 0.842105,
            "decision_f1": 0.947368,
            "precision": 1.0,
            "recall": 0.9,
            "calibration_error": 0.0,
        }
    ]
    assert summary["broken_rules"] == ["a rule"]
    table = pl.from_arrow(tableio.read_file("concordance", tmp_path / "concordance.parquet"))
    one = table.filter(pipeline_id="mutect2", variant_class="ALL", size_bin="1").row(0, named=True)
    assert (one["benchmark_id"], one["tp"], one["fp"], one["fn"]) == ("oxog", 8, 1, 2)
    assert (one["recall"], one["f1"]) == (0.8, pytest.approx(16 / 19, abs=1e-6))
    lines = (tmp_path / "outcomes.tsv").read_text().splitlines()
    assert len(lines) == 1 + len(found.outcomes)
    lines = table_text(found).splitlines()
    assert lines[0].split() == ["profile", "class", "n", "decision", "mutect2"]
    assert lines[1].split() == ["oxog", "SNV", "10", "0.947", "0.842"]


def test_a_source_of_candidates_that_passes_nothing_is_no_method(plan):
    found = scored(plan, (9, 0, 1), (8, 0, 2))
    silent = dataclasses.replace(
        found, outcomes=(*found.outcomes, *outcomes("freebayes", 0, 0, 10))
    )
    assert methods(silent.outcomes) == ["decision", "mutect2"]
    assert broken_rules(silent, {}, whole=True) == []


def test_by_fraction_there_is_recall_alone(plan):
    rows = [row for row in strata(scored(plan, (9, 0, 1), (8, 1, 2))) if row[0] == "fraction"]
    assert {row[1] for row in rows} == {"0.2-0.3"}
    assert {row[6] for row in rows} == {"0"}
    assert all(cell == "" for row in rows for cell in row[11:])


@pytest.mark.parametrize(
    ("ref", "alt", "name"),
    [
        ("A", "C", "1"),
        ("AC", "GT", "2-5"),
        ("A", "ACCCCCC", "6-15"),
        ("A" * 60, "A", "51 and more"),
    ],
)
def test_sizes_are_bases_gained_lost_or_changed(ref, alt, name):
    one = dataclasses.replace(outcome("decision", "tp"), allele=Allele("20", 5, ref, alt))
    assert size_bin(one) == name


def test_the_page_names_what_is_wrong_and_loads_nothing(plan, tmp_path):
    found = scored(plan, (9, 1, 1), (8, 1, 2), rated(0.9, 9, 1))
    write_page(found, ["oxog fell."], tmp_path / "accuracy.html")
    page = (tmp_path / "accuracy.html").read_text()
    assert "1 rules are broken" not in page
    assert "oxog fell." in page
    assert page.count("<svg") >= 8
    assert "http" not in page.replace("http-equiv", "")
