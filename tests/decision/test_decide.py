"""Each rule of the decision, by what it does to one candidate."""

import json

import polars as pl
import pytest

from onconcord.decision.decide import CANDIDATE_SCHEMA, CLONE_RULE, MODEL_RULE, RULES, decide

LIMITS = {
    "min_tumour_depth": 10,
    "min_normal_depth": 8,
    "min_tumour_vaf": 0.02,
    "max_population_af": 0.0005,
    "fdr": 0.05,
    "threshold": 0.5,
    "confident": 0.8,
}
NO_NORMAL = {"normal_depth": None}
GERMLINE = {"p_somatic": 0.1, "p_germline": 0.8, "p_artefact": 0.1}
ARTEFACT = {"p_somatic": 0.1, "p_germline": 0.1, "p_artefact": 0.8}


def candidate(**changes):
    """A clear somatic variant of a matched pair, with some of its facts changed."""
    facts = {
        "tumor_depth": 100,
        "tumor_alt_count": 30,
        "normal_depth": 60,
        "gnomad_af_max": None,
        "has_population": True,
        "in_target": True,
        "is_callable": True,
        "is_hotspot": False,
        "normal_clone": False,
        "drives_blood": False,
        "p_somatic": 0.98,
        "p_germline": 0.01,
        "p_artefact": 0.01,
        "hypothesis": "somatic",
        "told": '{"shares":{}}',
    }
    return {**facts, **changes}


def decided(**changes):
    """The decision on one candidate, and the outcome of each rule of its trail."""
    table = pl.DataFrame([candidate(**changes)], schema=CANDIDATE_SCHEMA)
    decision, trail = decide(table, LIMITS)
    return decision.row(0, named=True), dict(trail.select("rule_id", "outcome").iter_rows())


def test_a_clear_somatic_variant_passes_every_rule():
    decision, trail = decided()
    assert (decision["is_pass"], decision["filters"]) == (True, [])
    assert (decision["origin"], decision["origin_method"]) == ("somatic", "matched_normal")
    assert (decision["high_confidence"], decision["tumor_vaf"]) == (True, 0.3)
    assert set(trail.values()) == {"keep"}


@pytest.mark.parametrize(
    ("changes", "rule", "origin"),
    [
        pytest.param(GERMLINE, "model", "germline_likely", id="germline"),
        pytest.param(ARTEFACT, "model", "artefact", id="artefact"),
        pytest.param(
            {"p_somatic": 0.4, "p_germline": 0.3, "p_artefact": 0.3},
            "model",
            "unresolved",
            id="neither is likely",
        ),
        pytest.param({"tumor_depth": 9}, "tumour_depth", "unresolved", id="thin"),
        pytest.param({"tumor_alt_count": 1}, "tumour_vaf", "unresolved", id="1 %"),
        pytest.param(
            {"gnomad_af_max": 0.1, **NO_NORMAL}, "population", "germline_likely", id="common"
        ),
    ],
)
def test_a_rule_drops_what_it_is_about(changes, rule, origin):
    decision, _ = decided(**changes)
    assert (decision["is_pass"], decision["high_confidence"]) == (False, False)
    assert decision["filters"] == [f"onconcord.{rule}"]
    assert decision["origin"] == origin


def test_populations_are_no_rule_against_a_variant_whose_normal_is_known():
    assert decided(gnomad_af_max=0.1)[0]["is_pass"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"in_target": False}, "outside_target", id="off target"),
        pytest.param({"is_callable": False}, "outside_callable", id="not callable"),
    ],
)
def test_a_mark_does_not_fail_a_variant(changes, rule):
    decision, trail = decided(**changes)
    assert (decision["is_pass"], decision["filters"]) == (True, [f"onconcord.{rule}"])
    assert trail[f"onconcord.{rule}"] == "flag"


def test_what_passes_without_confidence_says_so():
    assert decided(p_somatic=0.6)[0]["high_confidence"] is False


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        pytest.param({}, "unresolved", id="as good as any, and perhaps inherited"),
        pytest.param({"is_hotspot": True}, "somatic", id="a driver at 30 %"),
        pytest.param(
            {"is_hotspot": True, "tumor_alt_count": 50}, "unresolved", id="a driver at a half"
        ),
    ],
)
def test_without_a_normal_only_a_driver_off_the_germline_is_somatic(changes, origin):
    decision, _ = decided(**NO_NORMAL, **changes)
    assert (decision["is_pass"], decision["origin"]) == (True, origin)
    assert decision["origin_method"] == "tumor_only_model"


def test_the_trail_has_what_the_model_looked_at_and_every_drop():
    table = pl.DataFrame([candidate(**GERMLINE, tumor_depth=5)], schema=CANDIDATE_SCHEMA)
    _, trail = decide(table, LIMITS)
    assert trail.select("ordinal", "rule_id", "outcome").rows() == [
        (1, MODEL_RULE, "drop"),
        (2, "onconcord.tumour_depth", "drop"),
    ]
    assert json.loads(trail["detail_json"][0]) == {"shares": {}}
    assert json.loads(trail["detail_json"][1]) == {"limit": 10, "tumour_depth": 5}


def test_rules_have_ids_of_their_own():
    assert len({rule.rule_id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        pytest.param({"drives_blood": True}, "clonal_hematopoiesis", id="as good as somatic"),
        pytest.param({"drives_blood": True, **ARTEFACT}, "clonal_hematopoiesis", id="low in both"),
        pytest.param({}, "mosaic", id="in another gene"),
    ],
)
def test_what_a_clone_of_the_normal_has_does_not_pass(changes, origin):
    decision, trail = decided(normal_clone=True, **changes)
    assert (decision["is_pass"], decision["origin"]) == (False, origin)
    assert CLONE_RULE in decision["filters"]
    assert trail[CLONE_RULE] == "drop"


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        pytest.param({"normal_clone": True, **ARTEFACT}, "artefact", id="an artefact elsewhere"),
        pytest.param({"normal_clone": True, **GERMLINE}, "germline_likely", id="inherited"),
        pytest.param({"drives_blood": True}, "somatic", id="a driver of both, of the tumour alone"),
        pytest.param(
            {"normal_clone": None, "drives_blood": True, **NO_NORMAL}, "unresolved", id="no normal"
        ),
    ],
)
def test_the_rule_of_clones_says_nothing_of_what_else_explains(changes, origin):
    decision, trail = decided(**changes)
    assert decision["origin"] == origin
    assert CLONE_RULE not in trail
