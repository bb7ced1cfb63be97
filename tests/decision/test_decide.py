"""Each rule of the decision, by what it does to one candidate."""

import json

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, fisher_exact

from onconcord.decision.decide import CANDIDATE_SCHEMA, RULES, decide, fisher_greater

LIMITS = {
    "min_tumour_depth": 10,
    "min_normal_depth": 8,
    "min_tumour_alt_reads": 3,
    "min_tumour_vaf": 0.02,
    "max_normal_vaf": 0.02,
    "max_population_af": 0.0005,
    "min_callers_pass": 1,
}
NO_NORMAL = {"normal_depth": None, "normal_alt_count": None}


def candidate(**changes):
    """A clear somatic variant of a matched pair, with some of its facts changed."""
    facts = {
        "tumor_depth": 100,
        "tumor_alt_count": 30,
        "normal_depth": 60,
        "normal_alt_count": 0,
        "callers_pass": ["one", "two"],
        "n_callers_capable": 2,
        "gnomad_af_max": None,
        "has_population": True,
        "in_target": True,
        "is_callable": True,
        "is_hotspot": False,
    }
    return {**facts, **changes}


def decided(**changes):
    """The decision on one candidate, and the outcome of each rule of its trail."""
    frame = pl.DataFrame([candidate(**changes)], schema=CANDIDATE_SCHEMA)
    decision, trail = decide(frame, LIMITS)
    return decision.row(0, named=True), dict(trail.select("rule_id", "outcome").iter_rows())


def test_a_clear_somatic_variant_passes_every_rule():
    decision, trail = decided()
    assert (decision["is_pass"], decision["filters"]) == (True, [])
    assert (decision["origin"], decision["origin_method"]) == ("somatic", "matched_normal")
    assert (decision["n_callers_pass"], decision["tumor_vaf"]) == (2, 0.3)
    assert set(trail.values()) == {"keep"}


@pytest.mark.parametrize(
    ("changes", "rule", "origin"),
    [
        pytest.param({"callers_pass": []}, "caller_pass", "artefact", id="no caller passes it"),
        pytest.param(
            {"tumor_depth": 9, "tumor_alt_count": 5}, "tumour_depth", "artefact", id="thin"
        ),
        pytest.param({"tumor_alt_count": 2}, "tumour_alt_reads", "artefact", id="two reads"),
        pytest.param({"normal_depth": 7}, "normal_depth", "unresolved", id="normal too thin"),
        pytest.param({"normal_alt_count": 28}, "normal_evidence", "germline_likely", id="germline"),
        pytest.param({"normal_alt_count": 3}, "normal_evidence", "artefact", id="noise in normal"),
        pytest.param({"gnomad_af_max": 0.1}, "population", "germline_likely", id="common"),
    ],
)
def test_a_rule_drops_what_it_is_about(changes, rule, origin):
    decision, _ = decided(**changes)
    assert not decision["is_pass"]
    assert f"onconcord.{rule}" in decision["filters"]
    assert decision["origin"] == origin


def test_one_read_in_the_normal_does_not_kill_a_call():
    assert decided(normal_alt_count=1)[0]["is_pass"]


def test_a_low_fraction_that_two_callers_pass_is_kept():
    assert decided(tumor_depth=125, tumor_alt_count=6, normal_depth=75)[0]["is_pass"]


def test_one_caller_alone_needs_a_significant_difference():
    weak = {"tumor_depth": 24, "tumor_alt_count": 7, "normal_depth": 10}
    assert decided(**weak)[0]["is_pass"]
    assert decided(**weak, callers_pass=["one"])[0]["filters"] == ["onconcord.normal_evidence"]


def test_p_is_the_binomial_chance_of_so_few_reads_in_the_normal():
    frame = pl.DataFrame([candidate(normal_alt_count=4)], schema=CANDIDATE_SCHEMA)
    _, trail = decide(frame, LIMITS)
    told = trail.filter(pl.col("rule_id") == "onconcord.normal_evidence")["detail_json"].item()
    p = round(float(binom.cdf(4, 60, 0.3)), 6)
    assert json.loads(told) == {
        "limit": 0.02,
        "normal_alt": 4,
        "normal_depth": 60,
        "p": p,
        "test": "binomial",
    }


def test_fisher_is_that_of_scipy():
    draw = np.random.default_rng(1)
    depths = draw.integers(0, 400, (500, 2))
    alternates = (depths * draw.random((500, 2)) ** 3).astype(np.int64)
    table = np.stack([alternates[:, 0], depths[:, 0], alternates[:, 1], depths[:, 1]], axis=1)
    wanted = [
        fisher_exact([[a, b - a], [c, d - c]], alternative="greater").pvalue
        for a, b, c, d in table.tolist()
    ]
    assert fisher_greater(table) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_more_callers_can_be_asked_for_but_not_more_than_are_capable():
    frame = pl.DataFrame(
        [
            candidate(callers_pass=["one"]),
            candidate(callers_pass=["one"], n_callers_capable=1),
        ],
        schema=CANDIDATE_SCHEMA,
    )
    decision, _ = decide(frame, {**LIMITS, "min_callers_pass": 2})
    assert decision["is_pass"].to_list() == [False, True]


def test_a_tumour_alone_is_unresolved_and_passes():
    decision, trail = decided(**NO_NORMAL)
    assert (decision["is_pass"], decision["origin"]) == (True, "unresolved")
    assert decision["origin_method"] == "tumor_only_model"
    assert not any("normal" in rule for rule in trail)


def test_a_driver_is_rescued_and_says_from_what():
    decision, trail = decided(is_hotspot=True, callers_pass=[])
    assert decision["is_pass"]
    assert decision["filters"] == ["onconcord.hotspot"]
    assert (decision["origin"], decision["origin_method"]) == ("somatic", "forced")
    assert trail["onconcord.caller_pass"] == "drop"
    assert trail["onconcord.hotspot"] == "rescue"


def test_a_driver_of_a_tumour_alone_is_rescued():
    decision, _ = decided(is_hotspot=True, callers_pass=[], **NO_NORMAL)
    assert (decision["is_pass"], decision["origin"]) == (True, "somatic")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tumor_alt_count": 2}, id="too few reads"),
        pytest.param({"normal_alt_count": 20}, id="the normal has it"),
    ],
)
def test_a_driver_that_the_reads_do_not_show_is_not_rescued(changes):
    assert not decided(is_hotspot=True, callers_pass=[], **changes)[0]["is_pass"]


@pytest.mark.parametrize("place", [{"in_target": False}, {"is_callable": False}])
def test_a_place_is_flagged_and_drops_nothing(place):
    decision, _ = decided(**place)
    assert decision["is_pass"]
    assert len(decision["filters"]) == 1


def test_a_candidate_that_no_caller_believes_in_lists_what_failed_it():
    decision, trail = decided(callers_pass=[], normal_alt_count=30, gnomad_af_max=0.3)
    assert set(trail.values()) == {"drop"}
    assert sorted(trail) == decision["filters"]


def test_steps_are_numbered_from_one_in_the_order_of_the_rules():
    frame = pl.DataFrame([candidate(), candidate(callers_pass=[])], schema=CANDIDATE_SCHEMA)
    _, trail = decide(frame, LIMITS)
    ids = [rule.rule_id for rule in RULES if rule.rule_id != "onconcord.hotspot"]
    first = trail.filter(pl.col("row") == 0)
    assert first["rule_id"].to_list() == ids
    assert first["ordinal"].to_list() == list(range(1, len(ids) + 1))
    assert trail.filter(pl.col("row") == 1)["ordinal"].to_list() == [1]


def test_no_reads_at_all_fail_without_a_fraction():
    decision, _ = decided(tumor_depth=0, tumor_alt_count=0)
    assert (decision["is_pass"], decision["tumor_vaf"]) == (False, None)
    assert "onconcord.tumour_vaf" in decision["filters"]


def test_details_are_json_with_sorted_keys():
    frame = pl.DataFrame([candidate(is_hotspot=True)], schema=CANDIDATE_SCHEMA)
    _, trail = decide(frame, LIMITS)
    for text in trail["detail_json"]:
        told = json.loads(text)
        assert text == json.dumps(told, sort_keys=True, separators=(",", ":"))


def test_every_rule_that_can_drop_or_flag_is_defined_once():
    ids = [rule.rule_id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.effect in ("fail", "flag") for rule in RULES)
