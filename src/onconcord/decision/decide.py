"""
The decision on each candidate: the model's answer, a few plain limits, and marks.

Rules stand in a fixed order, and each leaves its trace. A rule looks at every candidate of a pair
at once and answers keep, flag or drop. A drop fails the candidate but later rules still speak, so
that the trace is complete. No answer depends on what other candidates there are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

Limits = Mapping[str, Any]

MODEL_RULE = "onconcord.model"
HOTSPOT_RULE = "onconcord.hotspot"
CLONE_RULE = "onconcord.normal_clone"
JUDGED = {
    "p_somatic": pl.Float64,
    "p_germline": pl.Float64,
    "p_artefact": pl.Float64,
    "hypothesis": pl.String,
    "told": pl.String,
}
CANDIDATE_SCHEMA: dict[str, Any] = {
    "tumor_depth": pl.Int64,
    "tumor_alt_count": pl.Int64,
    "normal_depth": pl.Int64,
    "gnomad_af_max": pl.Float64,
    "has_population": pl.Boolean,
    "in_target": pl.Boolean,
    "is_callable": pl.Boolean,
    "is_hotspot": pl.Boolean,
    "normal_clone": pl.Boolean,
    "drives_blood": pl.Boolean,
    **JUDGED,
}
"""What the rules look at. Counts are fragments of the recount, those of the normal null for a
tumour on its own. `gnomad_af_max` is the highest allele frequency of the population resource, null
where the variant is not in it, or there is none (`has_population`). `normal_clone` and
`drives_blood` are of `normal_clone.py`. The rest is what `model.judge` says."""

HETEROZYGOUS = (0.35, 0.65)
"""Allele fractions at which a germline variant is to be expected in a tumour on its own."""


@dataclass(frozen=True)
class Rule:
    """
    One rule.

    Args:
        rule_id: its id in `decision` and, where it drops or flags, in `filters`.
        description: what it means to have met it, for `filter_definition`.
        effect: fail or flag.
        expression: the condition in words of the tables' columns and the limits.
        outcome: from the limits, the answer on each candidate; null where it has nothing to say.
        detail: from the limits, the values it looked at, as JSON.
    """

    rule_id: str
    description: str
    effect: str
    expression: str
    outcome: Callable[[Limits], pl.Expr]
    detail: Callable[[Limits], pl.Expr]


def _answer(condition: pl.Expr, if_met: str, otherwise: str = "keep") -> pl.Expr:
    return pl.when(condition).then(pl.lit(if_met)).otherwise(pl.lit(otherwise))


def _constant(value: Any) -> pl.Expr:
    return pl.lit(json.dumps(value))


def _json(**values: pl.Expr) -> pl.Expr:
    """Named values as compact JSON; null values are null."""
    if not values:
        return pl.lit("{}")
    pieces: list[pl.Expr] = []
    for name, value in sorted(values.items()):
        pieces += [pl.lit(f'"{name}":'), value.cast(pl.String).fill_null("null"), pl.lit(",")]
    return pl.concat_str(pl.lit("{"), *pieces[:-1], pl.lit("}"))


_MATCHED = pl.col("normal_depth").is_not_null()
_UNEXPLAINED = (pl.col("p_artefact") < 0.5) & (pl.col("p_germline") < 0.5)
_IN_CLONE = (_MATCHED & pl.col("normal_clone") & (pl.col("drives_blood") | _UNEXPLAINED)).fill_null(
    False
)
"""Low in both samples is mostly an artefact, but for what is known to drive clones of blood."""

RULES: tuple[Rule, ...] = (
    Rule(
        MODEL_RULE,
        "The fragments, their context and the callers do not make it likely to be somatic",
        "fail",
        "p_somatic < threshold of the model",
        lambda limits: _answer(pl.col("p_somatic") < limits["threshold"], "drop"),
        lambda limits: pl.col("told"),
    ),
    Rule(
        "onconcord.tumour_depth",
        "Fragments over the site in the tumour are fewer than the limit",
        "fail",
        "tumor_depth < min_tumour_depth",
        lambda limits: _answer(
            pl.col("tumor_depth").fill_null(0) < limits["min_tumour_depth"], "drop"
        ),
        lambda limits: _json(
            limit=_constant(limits["min_tumour_depth"]), tumour_depth=pl.col("tumor_depth")
        ),
    ),
    Rule(
        "onconcord.tumour_vaf",
        "Allele fraction in the tumour is below the limit",
        "fail",
        "tumor_vaf < min_tumour_vaf",
        lambda limits: _answer(pl.col("tumor_vaf").fill_null(0) < limits["min_tumour_vaf"], "drop"),
        lambda limits: _json(
            limit=_constant(limits["min_tumour_vaf"]), tumour_vaf=pl.col("tumor_vaf")
        ),
    ),
    Rule(
        "onconcord.population",
        "Commoner in the population resource than the limit, in a tumour without a normal",
        "fail",
        "the pair has no normal, and gnomad_af_max > max_population_af",
        lambda limits: pl.when(pl.col("has_population") & ~_MATCHED).then(
            _answer(pl.col("gnomad_af_max").fill_null(0.0) > limits["max_population_af"], "drop")
        ),
        lambda limits: _json(
            limit=_constant(limits["max_population_af"]), population_af=pl.col("gnomad_af_max")
        ),
    ),
    Rule(
        CLONE_RULE,
        "A part of the normal's own cells has it: clonal haematopoiesis, or a mosaic",
        "fail",
        "more of it in the normal than the tumour in it explains, less than if inherited; and it "
        "drives clonal haematopoiesis, or would pass",
        lambda limits: pl.when(_IN_CLONE).then(pl.lit("drop")),
        lambda limits: _json(
            drives_blood=pl.col("drives_blood"), normal_depth=pl.col("normal_depth")
        ),
    ),
    Rule(
        "onconcord.outside_target",
        "Not wholly within the targets of the assay",
        "flag",
        "not in_target",
        lambda limits: _answer(~pl.col("in_target"), "flag"),
        lambda limits: _json(),
    ),
    Rule(
        "onconcord.outside_callable",
        "Not wholly within the callable part of the targets",
        "flag",
        "in_target, and the state of its callable_region is not CALLABLE everywhere",
        lambda limits: pl.when("in_target").then(_answer(~pl.col("is_callable"), "flag")),
        lambda limits: _json(),
    ),
    Rule(
        HOTSPOT_RULE,
        "A known driver, which is expected more than other variants",
        "flag",
        "a known driver, or an event with one among its atoms",
        lambda limits: pl.when("is_hotspot").then(pl.lit("keep")),
        lambda limits: _json(),
    ),
)


def decide(candidates: pl.DataFrame, limits: Limits) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    Let every rule speak on every candidate, in order.

    Args:
        candidates: columns of CANDIDATE_SCHEMA, others are left alone.
        limits: the `decision` section of the configuration, with the model's `threshold` and, as
            `confident`, the lowest p_somatic of the set with the false discovery rate asked for.
    Returns:
        A row per candidate with tumor_vaf, is_pass, high_confidence, origin, origin_method and
        `filters`: ids of the rules that dropped or flagged it, sorted.
        The trail: row (place of the candidate, from 0), ordinal (from 1), rule_id, outcome,
        detail_json. Of a candidate that does not pass only the model and the hotspot list
        speak where they keep it.
    """
    depth = pl.col("tumor_depth")
    seen = candidates.with_columns(
        tumor_vaf=pl.when(depth > 0).then((pl.col("tumor_alt_count") / depth).round(6))
    )
    seen = seen.with_columns(rule.outcome(limits).alias(rule.rule_id) for rule in RULES)
    dropped = pl.any_horizontal(pl.col(rule.rule_id).eq_missing("drop") for rule in RULES)
    seen = seen.with_columns(is_pass=~dropped)
    confident = pl.col("is_pass") & (pl.col("p_somatic") >= limits["confident"])
    decided = seen.select(
        "tumor_vaf", "is_pass", _filters(seen), *_origin(), high_confidence=confident
    )
    return decided, _trail(seen, limits)


def _filters(seen: pl.DataFrame) -> pl.Series:
    """Ids of the rules that dropped or flagged each candidate, sorted."""
    # Few combinations occur: each is a number, one bit a rule, whose list is made once.
    bits = [
        pl.when(pl.col(rule.rule_id).is_in(["flag", "drop"])).then(1 << place).otherwise(0)
        for place, rule in enumerate(RULES)
    ]
    codes, place_of = np.unique(
        seen.select(pl.sum_horizontal(bits)).to_series().to_numpy(), return_inverse=True
    )
    lists = [
        sorted(rule.rule_id for place, rule in enumerate(RULES) if code >> place & 1)
        for code in codes.tolist()
    ]
    return pl.Series("filters", lists, dtype=pl.List(pl.String)).gather(place_of.reshape(-1))


def _origin() -> list[pl.Expr]:
    """
    Where a candidate comes from, and how that is known.

    Of a tumour without a normal only a known driver is somatic, and only off the allele fractions
    that a germline variant has: a rare germline variant looks like any other.
    """
    method = pl.when(_MATCHED).then(pl.lit("matched_normal")).otherwise(pl.lit("tumor_only_model"))
    sure = pl.col("is_hotspot") & ~pl.col("tumor_vaf").is_between(*HETEROZYGOUS)
    origin = (
        pl.when(pl.col("onconcord.population").eq_missing("drop"))
        .then(pl.lit("germline_likely"))
        .when(_IN_CLONE & pl.col("drives_blood"))
        .then(pl.lit("clonal_hematopoiesis"))
        .when(_IN_CLONE)
        .then(pl.lit("mosaic"))
        .when(pl.col("is_pass") & (_MATCHED | sure))
        .then(pl.lit("somatic"))
        .when(pl.col("is_pass"))
        .then(pl.lit("unresolved"))
        .when(pl.col("p_germline") >= 0.5)
        .then(pl.lit("germline_likely"))
        .when(pl.col("p_artefact") >= 0.5)
        .then(pl.lit("artefact"))
        .otherwise(pl.lit("unresolved"))
    )
    return [origin.alias("origin"), method.alias("origin_method")]


def _trail(seen: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    rows = seen.with_row_index("row")
    parts = []
    for place, rule in enumerate(RULES):
        answer = pl.col(rule.rule_id)
        always = pl.lit(rule.rule_id in (MODEL_RULE, HOTSPOT_RULE))
        wanted = pl.col("is_pass") | (answer != "keep") | always
        parts.append(
            rows.filter(answer.is_not_null() & wanted).select(
                "row",
                place=pl.lit(place, dtype=pl.Int32),
                rule_id=pl.lit(rule.rule_id),
                outcome=answer,
                detail_json=rule.detail(limits),
            )
        )
    trail = pl.concat(parts).sort("row", "place")
    rows_of = trail["row"].to_numpy()
    first = np.searchsorted(rows_of, rows_of)
    ordinal = np.arange(1, len(rows_of) + 1) - first
    return trail.select(
        "row", pl.Series("ordinal", ordinal, dtype=pl.Int32), "rule_id", "outcome", "detail_json"
    )
