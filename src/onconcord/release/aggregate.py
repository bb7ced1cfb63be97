"""Aggregates for the tier `open`: how many patients have a variant, where enough were tested."""

import polars as pl
import pyarrow as pa

from onconcord import contract
from onconcord.release.merge import Merger

SMALLEST = contract.whole_number("aggregate_min_count")
"""Smallest count of patients that an aggregate states, or lets one compute."""

ALL_DIAGNOSES = "ALL"
UNKNOWN = "UNKNOWN"


def aggregate_variants(counted: dict[str, Merger], centre: str) -> pa.Table:
    """
    Rows of aggregate_variant of one centre, small cells suppressed.

    A patient counts once, whatever the number of tumours. Tested are the patients with a callable
    base at the variant's position. Per variant there is a row per diagnosis and one for ALL.

    Args:
        counted: rows of the tier consortium: small_variant, callable_region, pair, sample.
        centre: the centre's code.
    """
    frames = {name: _frame(name, merger) for name, merger in counted.items()}
    sample = frames["sample"].select(
        "sample_id", "subject_id", pl.col("diagnosis_oncotree").fill_null(UNKNOWN)
    )
    pairs = (
        frames["pair"]
        .join(sample, left_on="tumor_sample_id", right_on="sample_id")
        .select("pair_id", "subject_id", "diagnosis_oncotree")
    )
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
    columns = ["reference_id", "variant_key", "diagnosis_oncotree", "subject_id"]
    tested = pl.concat([tested.select(columns), mutated.select(columns)]).unique()
    counts = _count(tested, "n_tested").join(
        _count(mutated.select(columns).unique(), "n_mutated"),
        on=["reference_id", "variant_key", "diagnosis_oncotree"],
        how="left",
    )
    rows = suppressed(counts.with_columns(pl.col("n_mutated").fill_null(0)))
    rows = rows.rename({"diagnosis_oncotree": "disease_oncotree"})
    rows = rows.with_columns(pl.lit(centre).alias("center_id"))
    return contract.prepare("aggregate_variant", rows, "open")


def _frame(name: str, merger: Merger) -> pl.DataFrame:
    schema = contract.load().tables[name].schema("consortium")
    pieces = [piece.cast(schema) for piece in merger.pieces()]
    frame = pl.from_arrow(pa.concat_tables([schema.empty_table(), *pieces]))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _count(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    by = ["reference_id", "variant_key", "diagnosis_oncotree"]
    every = rows.with_columns(pl.lit(ALL_DIAGNOSES).alias("diagnosis_oncotree"))
    counts = pl.concat([rows, every]).group_by(by).agg(pl.col("subject_id").n_unique())
    return counts.rename({"subject_id": name})


def suppressed(counts: pl.DataFrame) -> pl.DataFrame:
    """
    Counts with every cell left out from which fewer than SMALLEST patients could be told.

    A cell goes where its mutated, or its tested but not mutated, patients are 1 to SMALLEST - 1,
    or fewer than SMALLEST were tested. Where exactly one diagnosis of a variant went and its total
    stays, the total minus the rest would tell it, so the smallest other diagnosis goes with it, or
    the total where there is none.

    Args:
        counts: reference_id, variant_key, diagnosis_oncotree (a diagnosis or ALL), n_tested and
            n_mutated in patients.
    Returns:
        The same rows with n_mutated, n_tested and freq null where suppressed, and the columns
        suppressed and count_precision.
    """
    by = ["reference_id", "variant_key"]
    total = pl.col("diagnosis_oncotree") == ALL_DIAGNOSES
    small = (
        pl.col("n_mutated").is_between(1, SMALLEST - 1)
        | (pl.col("n_tested") - pl.col("n_mutated")).is_between(1, SMALLEST - 1)
        | (pl.col("n_tested") < SMALLEST)
    )
    marked = counts.with_columns(small.alias("suppressed")).with_columns(
        (pl.col("suppressed") & ~total).sum().over(by).alias("alone"),
        (total & ~pl.col("suppressed")).any().over(by).alias("total_shown"),
    )
    exposed = (pl.col("alone") == 1) & pl.col("total_shown")
    candidates = (
        marked.filter(exposed & ~pl.col("suppressed"))
        .sort([*by, total, "n_tested", "n_mutated", "diagnosis_oncotree"])
        .group_by(by, maintain_order=True)
        .first()
        .select(*by, "diagnosis_oncotree", pl.lit(True).alias("second"))
    )
    keys = [*by, "diagnosis_oncotree"]
    marked = marked.join(candidates, on=keys, how="left").with_columns(
        pl.col("suppressed") | pl.col("second").fill_null(False)
    )
    shown = ~pl.col("suppressed")
    frequency = (pl.col("n_mutated") / pl.col("n_tested")).round(6)
    return marked.select(
        *keys,
        pl.when(shown).then(pl.col("n_mutated")).cast(pl.Int32).alias("n_mutated"),
        pl.when(shown).then(pl.col("n_tested")).cast(pl.Int32).alias("n_tested"),
        pl.when(shown).then(frequency).alias("freq"),
        "suppressed",
        pl.when(shown)
        .then(pl.lit("exact"))
        .otherwise(pl.lit("suppressed"))
        .alias("count_precision"),
    ).sort(keys)
