"""Where a pair could have shown a variant: a partition of the targets, and what it means per gene."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import binom

Positions = npt.NDArray[np.int64]
POWER = 0.95
"""Chance of reaching the wanted number of alternate reads that `min_vaf_detectable` asks for."""
CALLABLE_FRAC = 0.95
"""Least callable share of a gene that is called callable."""


def _read_bed(path: Path) -> pl.DataFrame:
    """chrom, start0, end0 and the fourth column as `label`, which is null in a plain BED."""
    table = pl.read_csv(
        path, separator="\t", has_header=False, infer_schema=False, comment_prefix="#"
    )
    names = ["chrom", "start0", "end0", "label"]
    table = table.select(table.columns[:4])
    table.columns = names[: table.width]
    if table.width < 4:
        table = table.with_columns(pl.lit(None, dtype=pl.String).alias("label"))
    return table.with_columns(pl.col("start0", "end0").cast(pl.Int64))


def _labels_at(table: pl.DataFrame, at: Positions) -> npt.NDArray[np.str_]:
    """Label of the interval each position lies in, "NO_COVERAGE" where it lies in none."""
    if not table.height:
        return np.full(len(at), "NO_COVERAGE", dtype="U16")
    table = table.sort("start0")
    starts, ends = table["start0"].to_numpy(), table["end0"].to_numpy()
    place = np.searchsorted(starts, at, side="right") - 1
    inside = (place >= 0) & (at < ends[np.maximum(place, 0)])
    labels = table["label"].to_numpy().astype("U16")[np.maximum(place, 0)]
    return np.where(inside, labels, "NO_COVERAGE")


def callable_regions(
    targets: Path,
    tumour_quantized: Path,
    normal_quantized: Path | None,
    tumour_anymapq: Path,
    normal_anymapq: Path | None,
    table_of: Mapping[str, str],
) -> pl.DataFrame:
    """
    The targets, each base with one state.

    Args:
        targets: sorted and merged BED.
        tumour_quantized, normal_quantized: mosdepth's quantized BED with the labels NO_COVERAGE,
            LOW and CALLABLE, of reads mapped well enough; None for no normal.
        tumour_anymapq, normal_anymapq: the same of all reads.
        table_of: native contig name -> name in the tables.
    Returns:
        chrom (table name), start0, end0 (0-based half-open), state: sorted intervals that touch
        or lie apart, never overlap, and add up to the targets.
    """
    files = {
        "tumour": _read_bed(tumour_quantized),
        "tumour_any": _read_bed(tumour_anymapq),
        **({"normal": _read_bed(normal_quantized)} if normal_quantized else {}),
        **({"normal_any": _read_bed(normal_anymapq)} if normal_anymapq else {}),
    }
    wanted = _read_bed(targets)
    rows: list[pl.DataFrame] = []
    for (chrom,), part in wanted.partition_by("chrom", as_dict=True, maintain_order=True).items():
        of_chrom = {role: table.filter(pl.col("chrom") == chrom) for role, table in files.items()}
        rows.append(_states(str(chrom), part, of_chrom, table_of))
    table = pl.concat(rows).sort("chrom", "start0")
    size = (wanted["end0"] - wanted["start0"]).sum()
    assert (table["end0"] - table["start0"]).sum() == size
    return table


def _states(
    chrom: str, targets: pl.DataFrame, of_chrom: dict[str, pl.DataFrame], table_of: Mapping[str, str]
) -> pl.DataFrame:
    first, last = targets["start0"].to_numpy(), targets["end0"].to_numpy()
    borders = [first, last]
    borders += [table[name].to_numpy() for table in of_chrom.values() for name in ("start0", "end0")]
    cuts = np.unique(np.concatenate(borders))
    place = np.searchsorted(first, cuts, side="right") - 1
    inside = (place >= 0) & (cuts < last[np.maximum(place, 0)])
    starts = cuts[inside]
    ends = np.append(cuts[1:], cuts[-1])[inside]
    target = place[inside]
    labels = {role: _labels_at(table, starts) for role, table in of_chrom.items()}
    tumour_ok = labels["tumour"] == "CALLABLE"
    normal_ok = labels["normal"] == "CALLABLE" if "normal" in labels else np.ones_like(tumour_ok)
    deep = labels["tumour_any"] == "CALLABLE"
    if "normal_any" in labels:
        deep &= labels["normal_any"] == "CALLABLE"
    state = np.select(
        [
            tumour_ok & normal_ok,
            labels["tumour_any"] == "NO_COVERAGE",
            deep,
            ~tumour_ok,
        ],
        ["CALLABLE", "NO_COVERAGE", "LOW_MAPQ", "LOW_TUMOR"],
        default="LOW_NORMAL",
    )
    # Neighbours of one state in one target are one interval.
    new = np.ones(len(starts), dtype=bool)
    new[1:] = (state[1:] != state[:-1]) | (target[1:] != target[:-1])
    group = np.cumsum(new)
    return (
        pl.DataFrame({"group": group, "start0": starts, "end0": ends, "state": state})
        .group_by("group", maintain_order=True)
        .agg(pl.col("start0").first(), pl.col("end0").last(), pl.col("state").first())
        .select(pl.lit(table_of[chrom]).alias("chrom"), "start0", "end0", "state")
    )


def _overlaps(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Every overlap of two interval tables of one naming, with `overlap_bp`."""
    joined = left.join(right, on="chrom", suffix="_right").filter(
        (pl.col("start0") < pl.col("end0_right")) & (pl.col("start0_right") < pl.col("end0"))
    )
    return joined.with_columns(
        (
            pl.min_horizontal("end0", "end0_right") - pl.max_horizontal("start0", "start0_right")
        ).alias("overlap_bp")
    )


def gene_callability(
    gene_regions: Path,
    states: pl.DataFrame,
    tumour_regions: Path,
    normal_regions: Path | None,
    table_of: Mapping[str, str],
    min_alt_reads: int,
) -> pl.DataFrame:
    """
    What could have been seen of each gene's coding exons on target.

    Args:
        gene_regions: `1_reference/gene_regions.tsv`.
        states: what `callable_regions` returns.
        tumour_regions, normal_regions: mosdepth's mean depth per target; None for no normal.
        table_of: native contig name -> name in the tables.
        min_alt_reads: alternate reads that a variant needs.
    Returns:
        gene_id, gene_symbol, transcript_id, target_bp, tumor_mean_depth, normal_mean_depth,
        callable_frac, min_vaf_detectable, status. Null: no target base, or no normal.
    """
    exons = pl.read_csv(gene_regions, separator="\t", infer_schema=False).with_columns(
        pl.col("start0", "end0").cast(pl.Int64), pl.col("chrom").replace(table_of)
    )
    genes = exons.group_by("gene_id", maintain_order=True).agg(
        pl.col("gene_symbol", "transcript_id").first(),
        (pl.col("end0") - pl.col("start0")).sum().alias("target_bp"),
    )
    seen = (
        _overlaps(exons, states.filter(pl.col("state") == "CALLABLE"))
        .group_by("gene_id")
        .agg(pl.col("overlap_bp").sum().alias("callable_bp"))
    )
    table = genes.join(seen, on="gene_id", how="left").join(
        _mean_depth(exons, tumour_regions, table_of, "tumor_mean_depth"), on="gene_id", how="left"
    )
    if normal_regions:
        normal = _mean_depth(exons, normal_regions, table_of, "normal_mean_depth")
        table = table.join(normal, on="gene_id", how="left")
    else:
        table = table.with_columns(pl.lit(None, dtype=pl.Float64).alias("normal_mean_depth"))
    fraction = pl.col("callable_bp").fill_null(0) / pl.col("target_bp")
    table = table.with_columns(
        pl.when(pl.col("target_bp") > 0).then(fraction.round(6)).alias("callable_frac")
    )
    status = (
        pl.when(pl.col("target_bp") == 0)
        .then(pl.lit("not_targeted"))
        .when(pl.col("callable_frac") >= CALLABLE_FRAC)
        .then(pl.lit("callable"))
        .when(pl.col("callable_frac") > 0)
        .then(pl.lit("partial"))
        .otherwise(pl.lit("not_callable"))
    )
    detectable = [
        min_vaf_detectable(depth, min_alt_reads) if depth is not None else None
        for depth in table["tumor_mean_depth"]
    ]
    return table.with_columns(
        status.alias("status"), pl.Series("min_vaf_detectable", detectable, dtype=pl.Float64)
    ).drop("callable_bp")


def _mean_depth(
    exons: pl.DataFrame, regions: Path, table_of: Mapping[str, str], name: str
) -> pl.DataFrame:
    depths = _read_bed(regions)
    depths = depths.with_columns(
        pl.col("chrom").replace(table_of), pl.col("label").cast(pl.Float64).alias("depth")
    )
    weighted = (pl.col("depth") * pl.col("overlap_bp")).sum() / pl.col("overlap_bp").sum()
    return (
        _overlaps(exons.select("gene_id", "chrom", "start0", "end0"), depths)
        .group_by("gene_id")
        .agg(weighted.round(6).alias(name))
    )


def min_vaf_detectable(depth: float, min_alt_reads: int) -> float | None:
    """
    Lowest allele fraction, in steps of 0.001, that gives `min_alt_reads` with 95 % power.

    Returns:
        In (0, 1], or None where even a fraction of 1 does not.
    """
    fractions = np.arange(1, 1001) / 1000
    power = binom.sf(min_alt_reads - 1, int(depth), fractions)
    reached = np.flatnonzero(power >= POWER)
    return float(fractions[reached[0]]) if len(reached) else None
