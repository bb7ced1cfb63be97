"""
What the open tier still shows: the share of variants and of counts, by how many patients there are.

    .venv/bin/python benchmarks/open_tier.py                    # 10^3, 10^4 and 10^5 patients

Patients of seven centres and twelve diagnoses are made up (benchmarks/made_up/: one variant in 500
is one of 300 that come back, the others lie anywhere in an exome); each centre's aggregates are
those of `onconcord.release.aggregate`. A count is a patient who has a variant. Everybody is tested
everywhere.

Exit code 1: with more patients less is shown.
"""

import argparse
import json
import sys
from itertools import pairwise

import numpy as np
import polars as pl
from made_up.exome import Exome
from made_up.release import CENTRES

from onconcord.release.aggregate import ALL_DIAGNOSES, SMALLEST, shown

DIAGNOSES = {
    **{"BRCA": 0.18, "LUAD": 0.14, "COADREAD": 0.13, "PRAD": 0.11, "SKCM": 0.09, "PAAD": 0.08},
    **{"GBM": 0.07, "OV": 0.06, "BLCA": 0.05, "CCRCC": 0.04, "CHOL": 0.03, "UNKNOWN": 0.02},
}
"""Share of patients by diagnosis."""


def counts_of_centre(
    exome: Exome, patients: int, draw: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What `shown` takes, of one centre, and how many patients have each variant."""
    codes = list(DIAGNOSES)
    diagnosis = draw.choice(len(codes), patients, p=list(DIAGNOSES.values()))
    each = np.clip(draw.lognormal(np.log(191), 0.9, patients), 5, 20_000).astype(np.int64)
    who = np.repeat(np.arange(patients), each)
    have = pl.DataFrame({"variant": exome.draw(draw, len(who)), "who": who}).unique()
    mutated = (
        have.with_columns(at=pl.Series(diagnosis).gather(have["who"]))
        .group_by("variant", "at")
        .agg(n_mutated=pl.len().cast(pl.Int64))
    )
    tested = pl.DataFrame(
        {"at": np.arange(len(codes)), "n_tested": np.bincount(diagnosis, minlength=len(codes))}
    ).filter(pl.col("n_tested") > 0)
    # Variants that fewer have are shown by no rule; without them the rest is quick.
    recurrent = mutated.group_by("variant").agg(pl.col("n_mutated").sum())
    kept = recurrent.filter(pl.col("n_mutated") >= SMALLEST).select("variant")
    cells = kept.join(tested, how="cross").join(mutated, on=["variant", "at"], how="left")
    taken = cells.select(
        reference_id=pl.lit("GRCh38"),
        variant_key=pl.col("variant").cast(pl.String),
        diagnosis=pl.Series(codes).gather(cells["at"]),
        n_tested="n_tested",
        n_mutated=pl.col("n_mutated").fill_null(0),
    )
    return taken, recurrent


def measure(patients: int) -> dict[str, float]:
    """Shares that are shown of all that `patients` patients have, centres counted apart."""
    exome, draw = Exome.make(), np.random.default_rng(patients)
    sums = dict.fromkeys(("variants", "recurrent", "counts", "of_recurrent", "seen", "told"), 0)
    sums |= dict.fromkeys(("totals", "cells"), 0)
    for at in range(len(CENTRES)):
        own = patients // len(CENTRES) + (at < patients % len(CENTRES))
        cells, recurrent = counts_of_centre(exome, own, draw)
        rows = shown(cells)
        totals = rows.filter(pl.col("diagnosis") == ALL_DIAGNOSES)
        apart = rows.filter(pl.col("diagnosis") != ALL_DIAGNOSES)
        rest = apart.join(totals, on="variant_key", how="anti")
        often = recurrent.filter(pl.col("n_mutated") >= SMALLEST)
        sums["variants"] += recurrent.height
        sums["recurrent"] += often.height
        sums["counts"] += int(recurrent["n_mutated"].sum())
        sums["of_recurrent"] += int(often["n_mutated"].sum())
        sums["seen"] += rows["variant_key"].n_unique()
        sums["told"] += int(totals["n_mutated"].sum()) + int(rest["n_mutated"].sum())
        sums["totals"] += totals.height
        sums["cells"] += apart.height
    return {
        **sums,
        "share_of_variants": sums["seen"] / sums["variants"],
        "share_of_counts": sums["told"] / sums["counts"],
        "share_of_recurrent_variants": sums["seen"] / max(sums["recurrent"], 1),
        "share_of_recurrent_counts": sums["told"] / max(sums["of_recurrent"], 1),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", nargs="+", type=float, default=[1e3, 1e4, 1e5])
    args = parser.parse_args(argv)
    found = {f"{int(patients):,}": measure(int(patients)) for patients in args.patients}
    print(json.dumps(found, indent=1))
    shares = [one["share_of_counts"] for one in found.values()]
    return int(any(later < before for before, later in pairwise(shares)))


if __name__ == "__main__":
    sys.exit(main())
