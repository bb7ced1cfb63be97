"""What the decision could have found: where, and down to which allele fraction."""

from collections.abc import Iterable
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
import polars as pl
from scipy.special import bdtr

from onconcord.canonical_json import canonical_json
from onconcord.decision.hypotheses import Floats
from onconcord.decision.model import Model, posterior
from onconcord.decision.terms import CANDIDATE_COLUMNS, PairEstimates, of_candidates
from onconcord.evidence.recount import COUNTS

POWER = 0.97
"""Chance to pass that a fraction must have. What is lost before the decision takes some of it, so
that variants of the fraction are found in 95 % of cases."""
FRACTIONS: Floats = np.geomspace(0.005, 1.0, 400)
"""Allele fractions among which the lowest is looked for."""
SHALLOWER = 0.85
"""Depth of a base against the mean over its gene, of which a share of bases lies below."""
_EACH = 10
_ABOVE = (12, 15, 20, 30, 45, 60)
_MOST = _ABOVE[-1]
"""Alternate fragments that are asked for: each number up to the first of these, in every split
between the orientations, and some above it in even splits."""
_SHOWN = [
    *(
        (alt, first, comb(alt, first) / 2**alt)
        for alt in range(1, _EACH + 1)
        for first in range(alt + 1)
    ),
    *((alt, alt // 2, 1.0) for alt in _ABOVE),
]
"""Alternate fragments, those of F1R2 among them, and how often they are split so."""
_CHANGES = (("A", "C"), ("C", "A"), ("C", "T"))
"""Substitutions of which each must be found: the plain kind, and those that damage makes too."""
_DEPTHS = np.unique(np.geomspace(1, 20_000, 90).astype(int))
"""Depths at which the model is asked; one between two of them is taken for the shallower."""


class Power:
    """
    The power of the decision in one pair.

    Args:
        model: the model.
        estimates: those of the pair.
        least_depth: fewest fragments in the tumour with which a variant may pass.
        lowest_vaf: lowest allele fraction that may pass.
    """

    def __init__(
        self, model: Model, estimates: PairEstimates, least_depth: int, lowest_vaf: float
    ) -> None:
        self._model = model
        self._estimates = estimates
        self._least_depth = least_depth
        self._lowest_vaf = lowest_vaf
        # How often each of _CHANGES passes by its alternate fragments, shape (3, 1 + _MOST).
        self._passes: dict[tuple[int, int], Floats] = {}

    @cached_property
    def _matched(self) -> bool:
        return "normal" in self._estimates.rates

    def lowest_fractions(
        self, depths: Iterable[tuple[float | None, float | None]]
    ) -> list[float | None]:
        """
        Lowest allele fraction of a substitution that passes in 95 % of cases.

        Args:
            depths: mean fragments over the place in the tumour and in the normal, whose bases show
                the reference alone; null without one.
        Returns:
            One of FRACTIONS each, or None where no fraction would do.
        """
        places = [
            (_rounded(int((tumour or 0) * SHALLOWER)), _rounded(int((normal or 0) * SHALLOWER)))
            for tumour, normal in depths
        ]
        lowest: dict[tuple[int, int], float | None] = {}
        chances = self._chances(places, FRACTIONS)
        for place, found in chances.items():
            enough = np.flatnonzero(found >= POWER)
            lowest[place] = round(float(FRACTIONS[enough[0]]), 6) if len(enough) else None
        return [lowest[place] for place in places]

    def finds(self, depths: Iterable[tuple[int, int]], fraction: float) -> list[bool]:
        """
        Whether a substitution of an allele fraction passes in 95 % of cases.

        Args:
            depths: fragments over the place in the tumour and in the normal (0 without one).
            fraction: its allele fraction.
        """
        places = list(depths)
        chances = self._chances(places, np.array([fraction]))
        return [bool(chances[place][0] >= POWER) for place in places]

    def _chances(
        self, places: Iterable[tuple[int, int]], fractions: Floats
    ) -> dict[tuple[int, int], Floats]:
        """Chance to pass by depth in tumour and normal, shape (fractions,)."""
        asked = {place: (place[0], place[1] if self._matched else 0) for place in places}
        self._ask({place for place in asked.values() if place[0] >= self._least_depth})
        counts = np.arange(_MOST + 1)
        found = {}
        for place, (tumour, normal) in asked.items():
            if tumour < self._least_depth:
                found[place] = np.zeros(len(fractions))
                continue
            passes = self._passes[tumour, normal] * (counts >= self._lowest_vaf * tumour)
            # The last count stands for all above it.
            up_to = bdtr(np.minimum(counts, tumour)[:-1], tumour, fractions[:, None])
            up_to = np.concatenate([up_to, np.ones((len(fractions), 1))], axis=1)
            shown = np.diff(up_to, prepend=0.0, axis=1)
            found[place] = np.einsum("fc,kc->fk", shown, passes).min(axis=1)
        return found

    def _ask(self, depths: set[tuple[int, int]]) -> None:
        """Find how often a substitution passes by its alternate fragments."""
        wanted = sorted(depths - self._passes.keys())
        rows = [
            (tumour, normal, alt, first, share, at, *change)
            for tumour, normal in wanted
            for alt, first, share in _SHOWN
            if alt <= tumour
            for at, change in enumerate(_CHANGES)
        ]
        if not rows:
            return
        schema: dict[str, Any] = dict.fromkeys(("depth", "normal", "count", "first"), pl.Int64)
        schema |= {"share": pl.Float64, "at": pl.Int64, "ref": pl.String, "alt": pl.String}
        table = pl.DataFrame(rows, schema=schema, orient="row")
        own = self._model.of(self._matched)
        typical = self._candidates(table)
        judged, _ = posterior(
            typical, of_candidates(typical, self._estimates, own["hypotheses"]), own
        )
        passing = (
            table.with_columns(
                share=pl.col("share") * (judged["p_somatic"] >= self._model.threshold)
            )
            .group_by("depth", "normal", "count", "at", maintain_order=True)
            .agg(pl.col("share").sum())
        )
        for place in wanted:
            self._passes[place] = np.zeros((len(_CHANGES), _MOST + 1))
        for tumour, normal, count, at, share in passing.iter_rows():
            # A count that was not asked for passes as the next lower one does.
            self._passes[tumour, normal][at, count:] = share

    def _candidates(self, table: pl.DataFrame) -> pl.DataFrame:
        """Substitutions as they are where nothing is wrong with them."""
        typical = self._model.typical
        count, ref = pl.col("count"), pl.col("depth") - pl.col("count")

        def share(name: str, of: pl.Expr) -> pl.Expr:
            return (of * float(typical[name])).round().cast(pl.Int64)

        measures = {
            "depth": pl.col("depth"),
            "ref_count": ref,
            "alt_count": count,
            "ref_f1r2": ref // 2,
            "alt_f1r2": pl.col("first"),
            "alt_pairs": share("in_both_mates", count),
            "alt_base_quality": share("base_quality", count),
            "alt_mapping_quality": share("mapping_quality", count),
            "ref_mapping_quality": share("mapping_quality", ref),
            "alt_end_distance": share("end_distance", count),
            "alt_near_end": share("near_end", count),
            "alt_mismatches": share("other_mismatches", count),
            "ref_mismatches": share("other_mismatches", ref),
        }
        nothing = pl.lit(0, dtype=pl.Int64)
        of_tumour = {name: nothing for name in COUNTS if name.startswith("tumor_")}
        of_tumour |= {f"tumor_{name}": value for name, value in measures.items()}
        of_normal = {name: nothing for name in COUNTS if name.startswith("normal_")}
        if self._matched:
            of_normal["normal_depth"] = of_normal["normal_ref_count"] = pl.col("normal")
            of_normal["normal_ref_f1r2"] = pl.col("normal") // 2
        infos = {name: canonical_json(info) for name, info in typical["info"].items()}
        counts = table["count"].unique().sort()
        callers = pl.DataFrame(
            {
                "count": counts,
                "callers": [
                    [
                        {"caller": name, "score": score * count, "info": infos[name]}
                        for name, score in sorted(typical["scores"].items())
                        if count >= 3
                    ]
                    for count in counts.to_list()
                ],
            },
            schema={"count": pl.Int64, "callers": CANDIDATE_COLUMNS["callers"]},
        )
        said = table.join(callers, on="count", how="left", maintain_order="left")
        return said.with_columns(**of_tumour, **of_normal).with_columns(
            variant_class=pl.lit("SNV"),
            repeat_unit=pl.lit(None, dtype=pl.String),
            repeat_count=pl.lit(None, dtype=pl.Int64),
            gnomad_af_max=pl.lit(None, dtype=pl.Float64),
            pon_count=pl.lit(None, dtype=pl.Int64),
            is_hotspot=pl.lit(False),
        )


def _rounded(depth: int) -> int:
    """The deepest of _DEPTHS that is no deeper; 0 where there is no fragment."""
    return int(_DEPTHS[int(np.searchsorted(_DEPTHS, depth, side="right")) - 1]) if depth else 0
