"""
Aggregates for the tier `open`: how many patients have a variant, where enough were tested.

What is shown must not be solvable: not from the margins of one release, not from two releases.

- A cell (a variant and a diagnosis, or all of them) is shown where at least SMALLEST patients have
  the variant and as many were tested and do not. Others are not there at all, so that "none" and
  "few" look the same.
- The total of a variant is shown where every diagnosis is, or where it leaves room for each of the
  hidden ones to have none: of their patients nobody has the variant, or at least SMALLEST have it,
  and no more than all hidden diagnoses but one, with fewer than SMALLEST each. At least SMALLEST do
  not have it, and in none of these diagnoses nearly all have it.
- Counts are rounded down to a multiple of ROUNDED_TO.
- A patient has one diagnosis, so that the diagnoses add up to the total.
- A centre shows nothing below SMALLEST_COHORT patients, nor a release whose patients differ by
  fewer than SMALLEST from those of an earlier one (`cohorts.py`).
"""

import polars as pl
import pyarrow as pa

from onconcord import contract
from onconcord.release.merge import Merger

SMALLEST = contract.whole_number("aggregate_min_count")
"""Smallest count of patients that an aggregate states, or lets one compute."""

ROUNDED_TO = contract.whole_number("aggregate_rounded_to")
"""Counts are multiples of this, rounded down."""

SMALLEST_COHORT = contract.whole_number("aggregate_min_cohort")
"""Fewest patients of a centre of which aggregates are made."""

ALL_DIAGNOSES = "ALL"
UNKNOWN = "UNKNOWN"

_VARIANT = ["reference_id", "variant_key"]


def aggregate_variants(counted: dict[str, Merger], centre: str) -> pa.Table:
    """
    Rows of aggregate_variant of one centre.

    A patient counts once, whatever the number of tumours. Tested are the patients with a callable
    base at the variant's position, in a pair with a normal.

    Args:
        counted: rows of the tier consortium: small_variant, callable_region, pair, sample.
        centre: the centre's code.
    """
    frames = {name: _frame(name, merger) for name, merger in counted.items()}
    pairs = _patients(frames["pair"], frames["sample"])
    mutated = frames["small_variant"].join(pairs, on="pair_id")
    sites = mutated.select("reference_id", "chrom", "pos", "variant_key").unique()
    callable_ = (
        frames["callable_region"].filter(pl.col("state") == "CALLABLE").join(pairs, on="pair_id")
    )
    tested = sites.join_where(
        callable_,
        pl.col("reference_id") == pl.col("reference_id_right"),
        pl.col("chrom") == pl.col("chrom_right"),
        pl.col("pos") > pl.col("start0"),
        pl.col("pos") <= pl.col("end0"),
    )
    # who is mutated was tested, even where the depth is below the threshold
    columns = [*_VARIANT, "diagnosis", "subject_id"]
    tested = pl.concat([tested.select(columns), mutated.select(columns)]).unique()
    by = [*_VARIANT, "diagnosis"]
    counts = (
        tested.group_by(by)
        .agg(n_tested=pl.len())
        .join(
            mutated.select(columns).unique().group_by(by).agg(n_mutated=pl.len()), on=by, how="left"
        )
    )
    rows = shown(counts.with_columns(pl.col("n_mutated").fill_null(0)))
    rows = rows.rename({"diagnosis": "disease_oncotree"}).with_columns(
        center_id=pl.lit(centre), suppressed=pl.lit(False), count_precision=pl.lit("rounded")
    )
    return contract.prepare("aggregate_variant", rows, "open")


def _patients(pair: pl.DataFrame, sample: pl.DataFrame) -> pl.DataFrame:
    """Pairs with a normal, each with its patient and the one diagnosis of that patient."""
    samples = sample.select(
        "sample_id", "subject_id", diagnosis=pl.col("diagnosis_oncotree").fill_null(UNKNOWN)
    )
    known = pl.col("diagnosis") != UNKNOWN
    return (
        pair.filter(pl.col("design") == "matched")
        .join(samples, left_on="tumor_sample_id", right_on="sample_id")
        .select("pair_id", "subject_id", "diagnosis")
        .with_columns(
            pl.coalesce(pl.col("diagnosis").filter(known).min(), pl.lit(UNKNOWN))
            .over("subject_id")
            .alias("diagnosis")
        )
    )


def _frame(name: str, merger: Merger) -> pl.DataFrame:
    schema = contract.load().tables[name].schema("consortium")
    pieces = [piece.cast(schema) for piece in merger.pieces()]
    frame = pl.from_arrow(pa.concat_tables([schema.empty_table(), *pieces]))
    assert isinstance(frame, pl.DataFrame)
    return frame


def shown(counts: pl.DataFrame) -> pl.DataFrame:
    """
    The cells that are shown, rounded, and the totals that may stand beside them.

    Args:
        counts: reference_id, variant_key, diagnosis, n_tested and n_mutated in patients, who have
            one diagnosis each.
    Returns:
        The same columns and freq, for diagnoses and ALL_DIAGNOSES, sorted by key.
    """
    enough = (pl.col("n_mutated") >= SMALLEST) & (
        pl.col("n_tested") - pl.col("n_mutated") >= SMALLEST
    )
    others = pl.col("n_tested") - pl.col("n_mutated")
    cells = counts.with_columns(
        shown=enough,
        few=pl.min_horizontal("n_tested", SMALLEST - 1),
        nearly_all=(pl.col("n_tested") >= 2 * SMALLEST) & (others < SMALLEST),
    )
    numbers = ["n_tested", "n_mutated"]
    hidden = ~pl.col("shown")
    few = pl.col("few").filter(hidden)
    totals = cells.group_by(_VARIANT).agg(
        *(pl.col(name).sum() for name in numbers),
        *(pl.col(name).filter(hidden).sum().alias(f"hidden_{name}") for name in numbers),
        room=few.sum() - few.max().fill_null(0),
        nearly_all=pl.col("nearly_all").filter(hidden).any(),
    )
    mutated = pl.col("hidden_n_mutated")
    safe = (pl.col("hidden_n_tested") == 0) | (
        ((mutated == 0) | mutated.is_between(SMALLEST, pl.col("room")))
        & (pl.col("hidden_n_tested") - mutated >= SMALLEST)
        & ~pl.col("nearly_all")
    )
    totals = totals.filter(enough & safe).with_columns(diagnosis=pl.lit(ALL_DIAGNOSES))
    columns = [*_VARIANT, "diagnosis", *numbers]
    rows = pl.concat([cells.filter("shown").select(columns), totals.select(columns)])
    return (
        rows.with_columns(
            (pl.col(name) // ROUNDED_TO * ROUNDED_TO).cast(pl.Int32).alias(name) for name in numbers
        )
        .with_columns(freq=(pl.col("n_mutated") / pl.col("n_tested")).round(6))
        .sort(*_VARIANT, "diagnosis")
    )
