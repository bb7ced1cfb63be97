"""What the decision could have found: the fewest fragments, and the lowest allele fraction."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import polars as pl
from scipy.special import betaincinv

from onconcord.canonical_json import canonical_json
from onconcord.decision.model import Model, judge
from onconcord.decision.terms import CANDIDATE_COLUMNS, PairEstimates
from onconcord.evidence.recount import COUNTS

POWER = 0.97
"""Chance of reaching the fewest fragments that a fraction must have. What is lost before the
decision takes some of it, so that variants of the fraction are found in 95 % of cases."""
SHALLOWER = 0.85
"""Depth of a base against the mean over its gene, of which a share of bases lies below."""
_MOST = 60
_CHANGES = (("A", "C"), ("C", "A"), ("C", "T"))
"""Substitutions of which each must be found: the plain kind, and those that damage makes too."""
_DEPTHS = np.unique(np.geomspace(1, 20_000, 90).astype(int))
"""Depths at which the model is asked; a depth between two of them is taken for the deeper one."""


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
        self._fewest: dict[tuple[int, int], int | None] = {}

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
            In (0, 1] each, or None where no fraction would do.
        Source: P(X >= k) of a binomial is the regularised incomplete beta function
            I_p(k, n - k + 1).
        """
        places = [
            (int((tumour or 0) * SHALLOWER), int((normal or 0) * SHALLOWER) if self._matched else 0)
            for tumour, normal in depths
        ]
        self._ask({(_rounded(tumour), _rounded(normal)) for tumour, normal in places})
        return [self._lowest(tumour, normal) for tumour, normal in places]

    def _lowest(self, tumour: int, normal: int) -> float | None:
        fewest = self._fewest[_rounded(tumour), _rounded(normal)]
        if tumour < self._least_depth or fewest is None or tumour < fewest:
            return None
        fewest = max(fewest, int(np.ceil(self._lowest_vaf * tumour)))
        return round(float(betaincinv(fewest, tumour - fewest + 1, POWER)), 6)

    def _ask(self, depths: set[tuple[int, int]]) -> None:
        """Find the fewest alternate fragments from which on a substitution passes."""
        wanted = sorted(depths - self._fewest.keys())
        rows = [
            (tumour, normal, alt, *change)
            for tumour, normal in wanted
            for alt in range(1, min(tumour, _MOST) + 1)
            for change in _CHANGES
        ]
        schema = {"depth": pl.Int64, "normal": pl.Int64, "count": pl.Int64}
        table = pl.DataFrame(
            rows, schema={**schema, "ref": pl.String, "alt": pl.String}, orient="row"
        )
        passes = np.zeros(0, bool)
        if table.height:
            typical = self._candidates(table)
            found = judge(typical, self._estimates, self._model)["p_somatic"].to_numpy()
            passes = found >= self._model.threshold
        table = table.with_columns(passes=pl.Series(passes, dtype=pl.Boolean))
        lost = (
            table.filter(~pl.col("passes")).group_by("depth", "normal").agg(pl.col("count").max())
        )
        last = {(tumour, normal): count for tumour, normal, count in lost.iter_rows()}
        for tumour, normal in wanted:
            fewest = last.get((tumour, normal), 0) + 1
            self._fewest[tumour, normal] = fewest if fewest <= min(tumour, _MOST) else None

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
            "alt_f1r2": count // 2,
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
        said = CANDIDATE_COLUMNS["callers"]
        infos = {name: canonical_json(info) for name, info in typical["info"].items()}
        callers = [
            [
                {"caller": name, "score": score * count, "info": infos[name]}
                for name, score in sorted(typical["scores"].items())
                if count >= 3
            ]
            for count in table["count"].to_list()
        ]
        return table.with_columns(**of_tumour, **of_normal).with_columns(
            variant_class=pl.lit("SNV"),
            repeat_unit=pl.lit(None, dtype=pl.String),
            repeat_count=pl.lit(None, dtype=pl.Int64),
            gnomad_af_max=pl.lit(None, dtype=pl.Float64),
            pon_count=pl.lit(None, dtype=pl.Int64),
            is_hotspot=pl.lit(False),
            callers=pl.Series(callers, dtype=said),
        )


def _rounded(depth: int) -> int:
    """The next of _DEPTHS."""
    return int(_DEPTHS[min(int(np.searchsorted(_DEPTHS, depth)), len(_DEPTHS) - 1)]) if depth else 0
