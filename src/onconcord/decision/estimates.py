"""What is estimated once for a pair, before any candidate is judged."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.special import logsumexp

from onconcord.decision.terms import PairEstimates, background_rates, counts_of

TUMOUR_IN_NORMAL = (0.0, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3)
"""Shares of tumour in the normal that are compared."""
_LEAST_VARIANTS = 8
_LEAST_GAIN = 4.0
"""Gain in log-likelihood without which there is taken to be no tumour in the normal."""

_RARE_ARTEFACT = 3.0
"""Logarithm of the odds, before its normal is looked at, that such a variant is no artefact."""


def estimate_pair(
    recount: pl.DataFrame,
    background: pl.DataFrame,
    contamination: float | None,
    settings: Mapping[str, Any],
) -> PairEstimates:
    """
    The estimates of a pair.

    Args:
        recount: rows of `6_evidence/{pair}.recount.parquet`.
        background: rows of `6_evidence/{pair}.background.parquet`.
        contamination: share of the tumour sample that is another person's; None = not measured.
        settings: `hypotheses` of the model.
    """
    errors = settings["errors"]
    rates = background_rates(background, errors["base"], errors["base_weight"])
    in_normal = _tumour_in_normal(recount, rates, settings) if "normal" in rates else 0.0
    return PairEstimates(rates, in_normal, contamination or 0.0)


def _tumour_in_normal(
    recount: pl.DataFrame, rates: Mapping[str, Any], settings: Mapping[str, Any]
) -> float:
    """
    Share of the normal that is tumour, from substitutions that are clearly no germline: frequent in
    the tumour, at most a third as frequent in the normal, in both orientations.

    The share of greatest likelihood, where each of them is somatic or an artefact of one rate in
    both samples; 0 with too few of them, or without much gain over none.
    """
    alt, both = pl.col("tumor_alt_count"), pl.col("tumor_alt_count") + pl.col("tumor_ref_count")
    both_n = pl.col("normal_alt_count") + pl.col("normal_ref_count")
    other = pl.col("tumor_alt_count") - pl.col("tumor_alt_f1r2")
    clear = recount.filter(
        pl.col("is_own"),
        pl.col("ref").str.len_bytes() == 1,
        pl.col("alt").str.len_bytes() == 1,
        alt >= 10,
        alt >= 0.1 * both,
        both_n >= 10,
        pl.col("normal_alt_count") * both <= 0.33 * alt * both_n,
        pl.min_horizontal(pl.col("tumor_alt_f1r2"), other) >= 0.2 * alt,
    ).with_columns(
        variant_class=pl.lit("SNV"),
        repeat_unit=pl.lit(None, dtype=pl.String),
        repeat_count=pl.lit(None, dtype=pl.Int64),
    )
    if clear.height < _LEAST_VARIANTS:
        return 0.0
    errors = settings["errors"]
    tumour = counts_of(clear, "tumor", rates["tumour"], errors)
    normal = counts_of(clear, "normal", rates["normal"], errors)
    alt_t, both_t = tumour.sums()
    fraction = ((alt_t + 0.5) / (both_t + 1))[:, None]
    grid = np.exp(np.linspace(np.log(0.003), np.log(0.3), 40))[None, :]
    shared = logsumexp(normal.at(grid, grid), axis=1) - np.log(grid.size) - _RARE_ARTEFACT
    scores = []
    for share in TUMOUR_IN_NORMAL:
        first, second = (rate[:, None] + share * fraction for rate in normal.rate)
        somatic = normal.at(first, second)[:, 0]
        scores.append(float(np.logaddexp(somatic, shared).sum()))
    best = int(np.argmax(scores))
    return TUMOUR_IN_NORMAL[best] if scores[best] - scores[0] >= _LEAST_GAIN else 0.0
