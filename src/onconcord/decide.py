"""
The decision on each candidate: rules in a fixed order, each of which leaves its trace.

A rule looks at one candidate and answers keep, flag, drop or rescue. A drop fails the candidate
but later rules still speak, so that the trace is complete; a rescue lifts every drop before it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scipy.stats import binom, fisher_exact

GERMLINE_SHARE = 0.2
"""Lowest share of the normal's reads that is taken for germline, not for noise."""
SIGNIFICANT = 0.05
"""Highest p at which tumour and normal are taken to differ."""


@dataclass(frozen=True)
class Candidate:
    """
    What the rules look at. Counts are reads of the neutral recount.

    Args:
        normal_depth, normal_alt: None for a tumour on its own.
        population_af: highest allele frequency of the population resource; None where the variant
            is not in it, or there is none.
        has_population: whether there is a population resource.
    """

    tumour_depth: int
    tumour_alt: int
    normal_depth: int | None
    normal_alt: int | None
    callers_pass: tuple[str, ...]
    n_callers_capable: int
    population_af: float | None
    has_population: bool
    in_target: bool
    callable: bool
    is_hotspot: bool

    @property
    def tumour_vaf(self) -> float:
        return self.tumour_alt / self.tumour_depth if self.tumour_depth else 0.0


@dataclass(frozen=True)
class Step:
    """One rule's answer: outcome is keep, flag, drop or rescue."""

    rule_id: str
    outcome: str
    detail: dict[str, Any]


@dataclass
class Decision:
    """The whole trail of a candidate, and what follows from it."""

    steps: list[Step] = field(default_factory=list)
    origin: str = "somatic"
    origin_method: str = "matched_normal"
    is_pass: bool = True
    filters: list[str] = field(default_factory=list)


Rule = Callable[[Candidate, dict[str, Any]], tuple[str, dict[str, Any]] | None]


def _consensus(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    needed = min(limits["min_callers_pass"], max(one.n_callers_capable, 1))
    detail = {"callers_pass": list(one.callers_pass), "needed": needed}
    return ("keep" if len(one.callers_pass) >= needed else "drop"), detail


def _at_least(name: str, limit: str) -> Rule:
    def rule(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        found = getattr(one, name)
        detail = {name: round(found, 6), "limit": limits[limit]}
        return ("keep" if found >= limits[limit] else "drop"), detail

    return rule


def _normal_depth(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    if one.normal_depth is None:
        return None
    limit = limits["min_normal_depth"]
    detail = {"limit": limit}
    return ("keep" if one.normal_depth >= limit else "drop"), detail


def _normal_evidence(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """
    Dropped where the normal carries the allele: two or more reads above the highest normal
    fraction. One read in the normal is not enough to kill a call.

    Where it does not, the normal must be able to tell: as deep as to have shown the allele at the
    tumour's fraction (binomial); and a call that only one of several capable callers passes must
    have significantly more of it than the normal (Fisher).
    """
    if one.normal_depth is None or one.normal_alt is None:
        return None
    share = one.normal_alt / one.normal_depth if one.normal_depth else 0.0
    carried = one.normal_alt >= 2 and share > limits["max_normal_vaf"]
    if len(one.callers_pass) > 1 or one.n_callers_capable < 2:
        test = "binomial"
        p = float(binom.cdf(one.normal_alt, one.normal_depth, one.tumour_vaf))
    else:
        test = "fisher"
        table = [
            [one.tumour_alt, max(one.tumour_depth - one.tumour_alt, 0)],
            [one.normal_alt, max(one.normal_depth - one.normal_alt, 0)],
        ]
        p = float(fisher_exact(table, alternative="greater").pvalue)
    detail = {"test": test, "p": round(p, 6), "limit": limits["max_normal_vaf"]}
    return ("drop" if carried or p > SIGNIFICANT else "keep"), detail


def _population(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    if not one.has_population:
        return None
    common = (one.population_af or 0.0) > limits["max_population_af"]
    detail = {"population_af": one.population_af, "limit": limits["max_population_af"]}
    return ("drop" if common else "keep"), detail


def _in_target(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return ("keep" if one.in_target else "flag"), {}


def _callable(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    return None if not one.in_target else (("keep" if one.callable else "flag"), {})


def _hotspot(one: Candidate, limits: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """A known driver that the reads show is kept, whatever a caller's filter said of it."""
    if not one.is_hotspot:
        return None
    enough = (
        one.tumour_depth >= limits["min_tumour_depth"]
        and one.tumour_alt >= limits["min_tumour_alt_reads"]
        and one.tumour_vaf >= limits["min_tumour_vaf"]
    )
    normal_clean = (
        not one.normal_alt
        or not one.normal_depth
        or one.normal_alt / one.normal_depth <= limits["max_normal_vaf"]
    )
    return ("rescue" if enough and normal_clean else "keep"), {"enough_reads": enough}


@dataclass(frozen=True)
class RuleDefinition:
    """A rule with its words for `filter_definition`; effect is fail or flag."""

    rule_id: str
    description: str
    effect: str
    rule: Rule


RULES: tuple[RuleDefinition, ...] = (
    RuleDefinition(
        "onconcord.caller_pass", "Fewer callers pass the variant than asked for", "fail", _consensus
    ),
    RuleDefinition(
        "onconcord.tumour_depth",
        "Tumour depth of the recount is below the limit",
        "fail",
        _at_least("tumour_depth", "min_tumour_depth"),
    ),
    RuleDefinition(
        "onconcord.tumour_alt_reads",
        "Fewer alternate reads in the tumour than asked for",
        "fail",
        _at_least("tumour_alt", "min_tumour_alt_reads"),
    ),
    RuleDefinition(
        "onconcord.tumour_vaf",
        "Allele fraction in the tumour is below the limit",
        "fail",
        _at_least("tumour_vaf", "min_tumour_vaf"),
    ),
    RuleDefinition(
        "onconcord.normal_depth",
        "Normal depth of the recount is below the limit",
        "fail",
        _normal_depth,
    ),
    RuleDefinition(
        "onconcord.normal_evidence",
        "The normal carries the allele, or the tumour does not have significantly more of it",
        "fail",
        _normal_evidence,
    ),
    RuleDefinition(
        "onconcord.population",
        "Commoner in the population resource than the limit",
        "fail",
        _population,
    ),
    RuleDefinition(
        "onconcord.outside_target", "Outside the targets of the assay", "flag", _in_target
    ),
    RuleDefinition(
        "onconcord.outside_callable", "Outside the callable part of the targets", "flag", _callable
    ),
    RuleDefinition(
        "onconcord.hotspot", "A known driver that the reads show is kept", "flag", _hotspot
    ),
)


def decide(one: Candidate, limits: dict[str, Any]) -> Decision:
    """
    Let every rule speak on a candidate, in order.

    Args:
        one: the candidate.
        limits: the `decision` section of the configuration.
    Returns:
        The trail; filters are the ids of the rules that dropped or flagged it, sorted, and of a
        rescued candidate the id of the rescue instead of those that dropped it.
    """
    decision = Decision()
    dropped: list[str] = []
    flagged: list[str] = []
    rescued = False
    for definition in RULES:
        answer = definition.rule(one, limits)
        if answer is None:
            continue
        outcome, detail = answer
        decision.steps.append(Step(definition.rule_id, outcome, detail))
        if outcome == "drop":
            dropped.append(definition.rule_id)
        elif outcome == "flag":
            flagged.append(definition.rule_id)
        rescued = rescued or outcome == "rescue"
    decision.is_pass = rescued or not dropped
    # A rescued driver passes: what would have dropped it stays in its trail alone.
    failed = ["onconcord.hotspot"] if rescued and dropped else dropped
    decision.filters = sorted([*failed, *flagged])
    decision.origin, decision.origin_method = _origin(one, dropped, rescued)
    return decision


def _origin(one: Candidate, dropped: list[str], rescued: bool) -> tuple[str, str]:
    method = "matched_normal" if one.normal_depth is not None else "tumor_only_model"
    if rescued:
        return "somatic", "forced" if dropped else method
    if "onconcord.population" in dropped:
        return "germline_likely", method
    if one.normal_depth is None:
        # Without a normal, a variant that no resource knows is somatic or a rare germline one.
        return "unresolved", method
    share = (one.normal_alt or 0) / one.normal_depth if one.normal_depth else 0.0
    if share >= GERMLINE_SHARE:
        return "germline_likely", method
    if "onconcord.normal_depth" in dropped:
        return "unresolved", method
    return ("artefact" if dropped else "somatic"), method
