"""Ids as the pipeline writes them, so that no test is about a word that it never writes."""

from onconcord.decision.decide import RULES
from onconcord.qc.thresholds import METRICS

_RULES = {rule.rule_id: rule for rule in RULES}


def rule_id(name: str) -> str:
    """The id of a rule of the decision; a KeyError where there is no such rule."""
    return _RULES[f"onconcord.{name}"].rule_id


def metric_id(name: str) -> str:
    """The id of a metric of quality control; a KeyError where there is no such metric."""
    assert METRICS[name]
    return name


def rule_definitions() -> list[dict[str, object]]:
    """Rows of `filter_definition`, without center_id, of every rule of the decision."""
    return [
        {
            "filter_id": rule.rule_id,
            "scope": "pipeline",
            "description": rule.description,
            "effect": rule.effect,
            "expression": rule.expression,
        }
        for rule in RULES
    ]


MODEL = rule_id("model")
POPULATION = rule_id("population")
OUTSIDE_CALLABLE = rule_id("outside_callable")
TUMOUR_DEPTH = rule_id("tumour_depth")
