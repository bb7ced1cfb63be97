"""Each rule of the decision, by what it does to one candidate."""

import pytest

from onconcord.decide import RULES, Candidate, decide

LIMITS = {
    "min_tumour_depth": 10,
    "min_normal_depth": 8,
    "min_tumour_alt_reads": 3,
    "min_tumour_vaf": 0.02,
    "max_normal_vaf": 0.02,
    "max_population_af": 0.0005,
    "min_callers_pass": 1,
}


def candidate(**changes):
    """A clear somatic variant of a matched pair, with some of its facts changed."""
    facts = {
        "tumour_depth": 100,
        "tumour_alt": 30,
        "normal_depth": 60,
        "normal_alt": 0,
        "callers_pass": ("one", "two"),
        "n_callers_capable": 2,
        "population_af": None,
        "has_population": True,
        "in_target": True,
        "callable": True,
        "is_hotspot": False,
    }
    return Candidate(**{**facts, **changes})


def test_a_clear_somatic_variant_passes_every_rule():
    decision = decide(candidate(), LIMITS)
    assert (decision.is_pass, decision.filters) == (True, [])
    assert (decision.origin, decision.origin_method) == ("somatic", "matched_normal")
    assert {step.outcome for step in decision.steps} == {"keep"}


@pytest.mark.parametrize(
    ("changes", "rule", "origin"),
    [
        pytest.param({"callers_pass": ()}, "caller_pass", "artefact", id="no caller passes it"),
        pytest.param({"tumour_depth": 9, "tumour_alt": 5}, "tumour_depth", "artefact", id="thin"),
        pytest.param({"tumour_alt": 2}, "tumour_alt_reads", "artefact", id="two reads"),
        pytest.param({"normal_depth": 7}, "normal_depth", "unresolved", id="normal too thin"),
        pytest.param({"normal_alt": 28}, "normal_evidence", "germline_likely", id="germline"),
        pytest.param({"normal_alt": 3}, "normal_evidence", "artefact", id="noise in the normal"),
        pytest.param({"population_af": 0.1}, "population", "germline_likely", id="common"),
    ],
)
def test_a_rule_drops_what_it_is_about(changes, rule, origin):
    decision = decide(candidate(**changes), LIMITS)
    assert not decision.is_pass
    assert f"onconcord.{rule}" in decision.filters
    assert decision.origin == origin


def test_one_read_in_the_normal_does_not_kill_a_call():
    assert decide(candidate(normal_alt=1), LIMITS).is_pass


def test_a_low_fraction_that_two_callers_pass_is_kept():
    assert decide(candidate(tumour_depth=125, tumour_alt=6, normal_depth=75), LIMITS).is_pass


def test_one_caller_alone_needs_a_significant_difference():
    weak = {"tumour_depth": 24, "tumour_alt": 7, "normal_depth": 10}
    assert decide(candidate(**weak), LIMITS).is_pass
    decision = decide(candidate(**weak, callers_pass=("one",)), LIMITS)
    assert decision.filters == ["onconcord.normal_evidence"]


def test_a_tumour_alone_is_unresolved_and_passes():
    decision = decide(candidate(normal_depth=None, normal_alt=None), LIMITS)
    assert (decision.is_pass, decision.origin) == (True, "unresolved")
    assert decision.origin_method == "tumor_only_model"
    assert not any("normal" in step.rule_id for step in decision.steps)


def test_a_driver_is_rescued_and_says_from_what():
    decision = decide(candidate(is_hotspot=True, callers_pass=()), LIMITS)
    assert decision.is_pass
    assert decision.filters == ["onconcord.hotspot"]
    assert (decision.origin, decision.origin_method) == ("somatic", "forced")
    outcomes = {step.rule_id: step.outcome for step in decision.steps}
    assert outcomes["onconcord.caller_pass"] == "drop"
    assert outcomes["onconcord.hotspot"] == "rescue"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tumour_alt": 2}, id="too few reads"),
        pytest.param({"normal_alt": 20}, id="the normal has it"),
    ],
)
def test_a_driver_that_the_reads_do_not_show_is_not_rescued(changes):
    assert not decide(candidate(is_hotspot=True, callers_pass=(), **changes), LIMITS).is_pass


@pytest.mark.parametrize("place", [{"in_target": False}, {"callable": False}])
def test_a_place_is_flagged_and_drops_nothing(place):
    decision = decide(candidate(**place), LIMITS)
    assert decision.is_pass
    assert len(decision.filters) == 1


def test_every_rule_that_can_drop_or_flag_is_defined_once():
    ids = [rule.rule_id for rule in RULES]
    assert len(ids) == len(set(ids))
    assert all(rule.effect in ("fail", "flag") for rule in RULES)
