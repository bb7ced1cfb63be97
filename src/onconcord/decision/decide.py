"""
The decision on each candidate: rules in a fixed order, each of which leaves its trace.

A rule looks at every candidate of a pair at once and answers keep, flag, drop or rescue. A drop
fails the candidate but later rules still speak, so that the trace is complete; a rescue lifts every
drop before it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import bdtr

GERMLINE_SHARE = 0.2
"""Lowest share of the normal's reads that is taken for germline, not for noise."""
SIGNIFICANT = 0.05
"""Highest p at which tumour and normal are taken to differ."""

Limits = Mapping[str, Any]

CANDIDATE_SCHEMA: dict[str, Any] = {
    "tumor_depth": pl.Int64,
    "tumor_alt_count": pl.Int64,
    "normal_depth": pl.Int64,
    "normal_alt_count": pl.Int64,
    "callers_pass": pl.List(pl.String),
    "n_callers_capable": pl.Int64,
    "gnomad_af_max": pl.Float64,
    "has_population": pl.Boolean,
    "in_target": pl.Boolean,
    "is_callable": pl.Boolean,
    "is_hotspot": pl.Boolean,
}
"""What the rules look at. Counts are reads of the neutral recount, those of the normal null for a
tumour on its own. `gnomad_af_max` is the highest allele frequency of the population resource, null
where the variant is not in it, or there is none (`has_population`)."""


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
        detail: from the limits, the values it looked at, by name in sorted order.
    """

    rule_id: str
    description: str
    effect: str
    expression: str
    outcome: Callable[[Limits], pl.Expr]
    detail: Callable[[Limits], dict[str, pl.Expr]]


def _answer(condition: pl.Expr, if_met: str, otherwise: str = "keep") -> pl.Expr:
    return pl.when(condition).then(pl.lit(if_met)).otherwise(pl.lit(otherwise))


def _at_least(rule_id: str, column: str, limit: str, what: str, shown: str) -> Rule:
    return Rule(
        f"onconcord.{rule_id}",
        f"{what} below the limit",
        "fail",
        f"{column} < {limit}",
        lambda limits: _answer(pl.col(column).fill_null(0) < limits[limit], "drop"),
        lambda limits: {"limit": _constant(limits[limit]), shown: pl.col(column)},
    )


def _constant(value: Any) -> pl.Expr:
    return pl.lit(json.dumps(value))


_MATCHED = pl.col("normal_depth").is_not_null()
_NORMAL_SHARE = (
    pl.when(pl.col("normal_depth") > 0)
    .then(pl.col("normal_alt_count") / pl.col("normal_depth"))
    .otherwise(0.0)
)
_NEEDED = pl.min_horizontal(
    pl.col("min_callers_pass"), pl.max_horizontal(pl.col("n_callers_capable"), pl.lit(1))
)


def _normal_evidence(limits: Limits) -> pl.Expr:
    """
    Dropped where the normal carries the allele: two or more reads above the highest normal
    fraction. One read in the normal is not enough to kill a call.

    Where it does not, the normal must be able to tell: as deep as to have shown the allele at the
    tumour's fraction (binomial); and a call that only one of several capable callers passes must
    have significantly more of it than the normal (Fisher).
    """
    carried = (pl.col("normal_alt_count") >= 2) & (limits["max_normal_vaf"] < _NORMAL_SHARE)
    return pl.when(_MATCHED).then(_answer(carried | (pl.col("p") > SIGNIFICANT), "drop"))


def _rescue(limits: Limits) -> pl.Expr:
    """A known driver that the reads show is kept, whatever a caller's filter said of it."""
    clean = ~_MATCHED | (limits["max_normal_vaf"] >= _NORMAL_SHARE)
    return pl.when("is_hotspot").then(_answer(_enough(limits) & clean, "rescue"))


def _enough(limits: Limits) -> pl.Expr:
    deep = pl.col("tumor_depth") >= limits["min_tumour_depth"]
    seen = pl.col("tumor_alt_count") >= limits["min_tumour_alt_reads"]
    common = pl.col("tumor_vaf").fill_null(0.0) >= limits["min_tumour_vaf"]
    return pl.all_horizontal(deep, seen, common)


RULES: tuple[Rule, ...] = (
    Rule(
        "onconcord.caller_pass",
        "Fewer callers pass the variant than asked for",
        "fail",
        "n_callers_pass < min(min_callers_pass, max(n_callers_capable, 1))",
        lambda limits: _answer(pl.col("n_callers_pass") < pl.col("needed"), "drop"),
        lambda limits: {"callers_pass": _list("callers_pass"), "needed": pl.col("needed")},
    ),
    _at_least(
        "tumour_depth",
        "tumor_depth",
        "min_tumour_depth",
        "Tumour depth of the recount is",
        "tumour_depth",
    ),
    _at_least(
        "tumour_alt_reads",
        "tumor_alt_count",
        "min_tumour_alt_reads",
        "Number of alternate reads in the tumour is",
        "tumour_alt",
    ),
    _at_least(
        "tumour_vaf",
        "tumor_vaf",
        "min_tumour_vaf",
        "Allele fraction in the tumour is",
        "tumour_vaf",
    ),
    Rule(
        "onconcord.normal_depth",
        "Normal depth of the recount is below the limit",
        "fail",
        "normal_depth < min_normal_depth",
        lambda limits: pl.when(_MATCHED).then(
            _answer(pl.col("normal_depth") < limits["min_normal_depth"], "drop")
        ),
        lambda limits: {
            "limit": _constant(limits["min_normal_depth"]),
            "normal_depth": pl.col("normal_depth"),
        },
    ),
    Rule(
        "onconcord.normal_evidence",
        "The normal carries the allele, or the tumour does not have significantly more of it",
        "fail",
        "(normal_alt_count >= 2 and normal_alt_count / normal_depth > max_normal_vaf) or p > 0.05,"
        " p binomial, or Fisher's where only one of several callers passes it",
        _normal_evidence,
        lambda limits: {
            "limit": _constant(limits["max_normal_vaf"]),
            "normal_alt": pl.col("normal_alt_count"),
            "normal_depth": pl.col("normal_depth"),
            "p": pl.col("p").round(6),
            "test": pl.format('"{}"', "test"),
        },
    ),
    Rule(
        "onconcord.population",
        "Commoner in the population resource than the limit",
        "fail",
        "gnomad_af_max > max_population_af",
        lambda limits: pl.when("has_population").then(
            _answer(pl.col("gnomad_af_max").fill_null(0.0) > limits["max_population_af"], "drop")
        ),
        lambda limits: {
            "limit": _constant(limits["max_population_af"]),
            "population_af": pl.col("gnomad_af_max"),
        },
    ),
    Rule(
        "onconcord.outside_target",
        "Outside the targets of the assay",
        "flag",
        "not in_target",
        lambda limits: _answer(~pl.col("in_target"), "flag"),
        lambda limits: {},
    ),
    Rule(
        "onconcord.outside_callable",
        "Outside the callable part of the targets",
        "flag",
        "in_target and the state of its callable_region is not CALLABLE",
        lambda limits: pl.when("in_target").then(_answer(~pl.col("is_callable"), "flag")),
        lambda limits: {},
    ),
    Rule(
        "onconcord.hotspot",
        "A known driver that the reads show is kept",
        "flag",
        "a known driver with min_tumour_depth, min_tumour_alt_reads and min_tumour_vaf, and at"
        " most max_normal_vaf of the normal",
        _rescue,
        lambda limits: {"enough_reads": _enough(limits)},
    ),
)


def _list(column: str) -> pl.Expr:
    quoted = pl.col(column).list.eval(pl.format('"{}"', pl.element()))
    return pl.format("[{}]", quoted.list.join(","))


def _json(values: Mapping[str, pl.Expr]) -> pl.Expr:
    """Named values as compact JSON; null values are null."""
    if not values:
        return pl.lit("{}")
    pieces: list[pl.Expr] = []
    for name, value in sorted(values.items()):
        pieces += [pl.lit(f'"{name}":'), value.cast(pl.String).fill_null("null"), pl.lit(",")]
    return pl.concat_str(pl.lit("{"), *pieces[:-1], pl.lit("}"))


def decide(candidates: pl.DataFrame, limits: Limits) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    Let every rule speak on every candidate, in order.

    Args:
        candidates: columns of CANDIDATE_SCHEMA, others are left alone.
        limits: the `decision` section of the configuration.
    Returns:
        A row per candidate with n_callers_pass, tumor_vaf, is_pass, origin, origin_method and
        `filters`: ids of the rules that dropped or flagged it, sorted; of a rescued one the id of
        the rescue stands there instead of those that dropped it.
        The trail: row (place of the candidate, from 0), ordinal (from 1), rule_id, outcome,
        detail_json. A candidate that some caller passes, or that passes in the end, has its whole
        trail; of one that no caller believed in the rules that did not keep it are listed.
    """
    seen = _prepared(candidates, limits).with_columns(
        rule.outcome(limits).alias(rule.rule_id) for rule in RULES
    )
    told = [pl.col(rule.rule_id) for rule in RULES]
    dropped = pl.any_horizontal(answer.eq_missing("drop") for answer in told)
    rescued = pl.any_horizontal(answer.eq_missing("rescue") for answer in told)
    seen = seen.with_columns(dropped=dropped, rescued=rescued).with_columns(
        is_pass=pl.col("rescued") | ~pl.col("dropped")
    )
    decided = seen.select("n_callers_pass", "tumor_vaf", "is_pass", _filters(seen), *_origin())
    return decided, _trail(seen, limits)


def _prepared(candidates: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The candidates with what several rules look at."""
    depth = pl.col("tumor_depth")
    seen = candidates.with_columns(
        n_callers_pass=pl.col("callers_pass").list.len().cast(pl.Int64),
        min_callers_pass=pl.lit(limits["min_callers_pass"], dtype=pl.Int64),
        tumor_vaf=pl.when(depth > 0).then((pl.col("tumor_alt_count") / depth).round(6)),
    ).with_columns(
        needed=_NEEDED,
        alone=(pl.col("n_callers_pass") == 1) & (pl.col("n_callers_capable") > 1),
    )
    return seen.with_columns(
        p=_differs(seen),
        test=pl.when("alone").then(pl.lit("fisher")).otherwise(pl.lit("binomial")),
    )


def _differs(seen: pl.DataFrame) -> pl.Series:
    """p of each candidate that the normal's reads are as those of the tumour; null without one."""
    columns = ("tumor_alt_count", "tumor_depth", "normal_alt_count", "normal_depth")
    table = seen.select(pl.col(name).fill_null(0) for name in columns).to_numpy()
    tumour_alt, tumour_depth, normal_alt, normal_depth = table.T
    share = np.minimum(tumour_alt / np.maximum(tumour_depth, 1), 1.0)
    p = bdtr(normal_alt.astype(np.float64), normal_depth, share)
    alone = seen["alone"].to_numpy() & seen["normal_depth"].is_not_null().to_numpy()
    if alone.any():
        distinct, place = np.unique(table[alone], axis=0, return_inverse=True)
        p[alone] = fisher_greater(distinct)[place.reshape(-1)]
    found = pl.Series("p", p, dtype=pl.Float64)
    return pl.select(pl.when(seen["normal_depth"].is_not_null()).then(found).alias("p"))["p"]


def fisher_greater(table: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """
    One-sided p of Fisher's exact test, row by row.

    Args:
        table: alternate reads and depth of the tumour, of the normal; shape (n, 4). A depth below
            the alternate reads counts as those.
    Returns:
        Shape (n,): the chance of as many alternate reads in the tumour or more, given the margins.
    Source: the upper tail of the hypergeometric distribution, as scipy.stats.fisher_exact has it.
    """
    # Imported here: it takes a second, and only a call that one caller alone passes needs it.
    from scipy.stats import hypergeom

    tumour_alt, tumour_depth, normal_alt, normal_depth = np.maximum(table, 0).T
    tumour_depth = np.maximum(tumour_depth, tumour_alt)
    normal_depth = np.maximum(normal_depth, normal_alt)
    found: npt.NDArray[np.float64] = hypergeom.sf(
        tumour_alt - 1, tumour_depth + normal_depth, tumour_alt + normal_alt, tumour_depth
    )
    return found


def _filters(seen: pl.DataFrame) -> pl.Series:
    """
    Ids of the rules that dropped or flagged each candidate, sorted.

    What would have dropped a rescued driver stands in its trail alone.
    """
    # Few combinations occur: each is a number, one bit a rule, whose list is made once.
    bits = []
    for place, rule in enumerate(RULES):
        answer = pl.col(rule.rule_id)
        met = (answer == "flag") | ((answer == "drop") & ~pl.col("rescued"))
        met |= (answer == "rescue") & pl.col("dropped")
        bits.append(pl.when(met).then(1 << place).otherwise(0))
    codes, place_of = np.unique(
        seen.select(pl.sum_horizontal(bits)).to_series().to_numpy(), return_inverse=True
    )
    lists = [
        sorted(rule.rule_id for place, rule in enumerate(RULES) if code >> place & 1)
        for code in codes.tolist()
    ]
    return pl.Series("filters", lists, dtype=pl.List(pl.String)).gather(place_of.reshape(-1))


def _origin() -> list[pl.Expr]:
    """Where a candidate comes from, and how that is known."""
    method = pl.when(_MATCHED).then(pl.lit("matched_normal")).otherwise(pl.lit("tumor_only_model"))
    forced = pl.col("rescued") & pl.col("dropped")
    # Without a normal, a variant that no resource knows is somatic or a rare germline one.
    origin = (
        pl.when("rescued")
        .then(pl.lit("somatic"))
        .when(pl.col("onconcord.population").eq_missing("drop"))
        .then(pl.lit("germline_likely"))
        .when(~_MATCHED)
        .then(pl.lit("unresolved"))
        .when(_NORMAL_SHARE >= GERMLINE_SHARE)
        .then(pl.lit("germline_likely"))
        .when(pl.col("onconcord.normal_depth").eq_missing("drop"))
        .then(pl.lit("unresolved"))
        .when("dropped")
        .then(pl.lit("artefact"))
        .otherwise(pl.lit("somatic"))
    )
    return [
        origin.alias("origin"),
        pl.when(forced).then(pl.lit("forced")).otherwise(method).alias("origin_method"),
    ]


def _trail(seen: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    believed = pl.col("is_pass") | (pl.col("n_callers_pass") > 0) | pl.col("is_hotspot")
    rows = seen.with_row_index("row").with_columns(believed=believed)
    parts = []
    for place, rule in enumerate(RULES):
        answer = pl.col(rule.rule_id)
        parts.append(
            rows.filter(answer.is_not_null() & (pl.col("believed") | (answer != "keep"))).select(
                "row",
                place=pl.lit(place, dtype=pl.Int32),
                rule_id=pl.lit(rule.rule_id),
                outcome=answer,
                detail_json=_json(rule.detail(limits)),
            )
        )
    trail = pl.concat(parts).sort("row", "place")
    rows_of = trail["row"].to_numpy()
    first = np.searchsorted(rows_of, rows_of)
    ordinal = np.arange(1, len(rows_of) + 1) - first
    return trail.select(
        "row", pl.Series("ordinal", ordinal, dtype=pl.Int32), "rule_id", "outcome", "detail_json"
    )
