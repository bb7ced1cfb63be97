"""Where a pair could have shown a variant: a partition of the targets, and what that means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from onconcord.decision.power import Power
from onconcord.errors import ToolError
from onconcord.reference.intervals import CONTIG_SPAN, GenomeLine, Integers, Track
from onconcord.sealed import sealed

CALLABLE_FRAC = 0.95
"""Least callable share of a gene that is called callable."""
LEVELS = (1, 10, 15, 20, 30, 40, 50, 60, 70, 80, 100, 130, 170, 220, 300, 500, 1000)
"""Depths at which mosdepth's quantized BED is cut; a base counts as where its level begins."""
_LABEL = re.compile(r"([0-9]+):(?:[0-9]+|inf)")
Depths = npt.NDArray[np.int64]


def depth_levels(least_depth: int) -> str:
    """What mosdepth is told to quantize to: LEVELS, and the least depth of a call."""
    return ":".join(map(str, [0, *sorted({*LEVELS, least_depth})])) + ":"


def depths_at(track: Track, at: Integers, path: Path) -> Depths:
    """
    Depth of each position, that at which its level begins, from a quantized BED.

    Raises:
        ToolError: a position is in no interval, or a label is none of mosdepth's, such as 10:15.
    """
    place = track.index_at(at)
    if (place < 0).any():
        raise ToolError(f"{path}: does not cover all targets: mosdepth did not finish")
    labels = track.labels.unique(maintain_order=True)
    matches = {label: _LABEL.fullmatch(label) for label in labels}
    if strangers := sorted(label for label, match in matches.items() if match is None):
        raise ToolError(f"{path}: has the levels {strangers}, expected such as 10:15 and 15:inf")
    depth_of = {label: int(match[1]) for label, match in matches.items() if match}
    depths: Depths = track.labels.replace_strict(depth_of, return_dtype=pl.Int64).to_numpy()
    return depths[place]


@dataclass(frozen=True)
class Searched:
    """
    What a base must be deep enough for.

    Args:
        power: of the decision in the pair.
        fraction: allele fraction of a substitution that must pass in 95 % of cases.
        least: least depth by role, tumour and normal.
    """

    power: Power
    fraction: float
    least: Mapping[str, int]

    def found(self, tumour: Depths, normal: Depths) -> npt.NDArray[np.bool_]:
        """Whether it would be found, by the depth in tumour and normal, shape (n,) each."""
        codes, place_of = np.unique(np.stack([tumour, normal]), axis=1, return_inverse=True)
        deep = (codes[0] >= self.least["tumour"]) & (codes[1] >= self.least["normal"])
        passes = np.zeros(codes.shape[1], bool)
        pairs = [(int(in_tumour), int(in_normal)) for in_tumour, in_normal in codes[:, deep].T]
        passes[deep] = self.power.finds(pairs, self.fraction)
        return passes[place_of.reshape(-1)]


def callable_regions(
    targets: Path,
    tumour_quantized: Path,
    normal_quantized: Path | None,
    tumour_anymapq: Path,
    normal_anymapq: Path | None,
    table_of: Mapping[str, str],
    searched: Searched,
) -> pl.DataFrame:
    """
    The targets, each base with one state.

    CALLABLE: the decision would find what is searched at the base's depth in the tumour and, where
    there is one, in the normal, counting reads mapped well enough. NO_COVERAGE: no read of the
    tumour. LOW_MAPQ: it would with the reads that map badly. LOW_TUMOR: it would not, however deep
    the normal. LOW_NORMAL: else.

    Args:
        targets: sorted and merged BED.
        tumour_quantized, normal_quantized: mosdepth's quantized BED at `depth_levels`, of reads
            mapped well enough; None for no normal.
        tumour_anymapq, normal_anymapq: the same of all reads.
        table_of: native contig name -> name in the tables.
        searched: what a base must be deep enough for.
    Returns:
        chrom (table name), start0, end0 (0-based half-open), state: sorted intervals that touch
        or lie apart, never overlap, and add up to the targets.
    Raises:
        ToolError: a file is cut off, does not cover the targets, or is of another reference.
    """
    line = GenomeLine.of(table_of)
    wanted = line.track(targets)
    paths = {
        "tumour": tumour_quantized,
        "normal": normal_quantized,
        "tumour_any": tumour_anymapq,
        "normal_any": normal_anymapq,
    }
    tracks = {role: (line.track(path), path) for role, path in paths.items() if path}
    borders = [wanted.starts, wanted.ends]
    borders += [border for track, _ in tracks.values() for border in (track.starts, track.ends)]
    cuts = np.unique(np.concatenate(borders))
    target = wanted.index_at(cuts)
    starts, ends = cuts[target >= 0], np.append(cuts[1:], 0)[target >= 0]
    target = target[target >= 0]
    state = _states(
        {role: depths_at(track, starts, path) for role, (track, path) in tracks.items()}, searched
    )
    # Neighbours of one state in one target are one interval.
    first = np.ones(len(starts), dtype=bool)
    first[1:] = (state[1:] != state[:-1]) | (target[1:] != target[:-1])
    last = np.append(first[1:], True)
    table = line.table(starts[first], ends[last], table_of).with_columns(
        pl.Series("state", state[first], dtype=pl.String)
    )
    assert (table["end0"] - table["start0"]).sum() == wanted.size
    return table


def _states(depth: Mapping[str, Depths], searched: Searched) -> npt.NDArray[np.str_]:
    """State of each piece from its depth by role: tumour, tumour_any and the normal's."""
    # Without a normal nothing is asked of it.
    deepest = np.full_like(depth["tumour"], max(*LEVELS, searched.least["normal"]))
    normal = depth.get("normal", deepest)
    return np.select(
        [
            searched.found(depth["tumour"], normal),
            depth["tumour_any"] == 0,
            searched.found(depth["tumour_any"], depth.get("normal_any", deepest)),
            ~searched.found(depth["tumour"], deepest),
        ],
        ["CALLABLE", "NO_COVERAGE", "LOW_MAPQ", "LOW_TUMOR"],
        default="LOW_NORMAL",
    )


def gene_callability(
    gene_regions: Path,
    states: pl.DataFrame,
    tumour_regions: Path,
    normal_regions: Path | None,
    table_of: Mapping[str, str],
    power: Power,
) -> pl.DataFrame:
    """
    What could have been seen of each gene's coding exons on target.

    Args:
        gene_regions: `1_reference/gene_regions.tsv`.
        states: what `callable_regions` returns.
        tumour_regions, normal_regions: mosdepth's mean depth per interval; None for no normal.
            A gene's mean is that of the intervals it lies in, weighted by the bases it shares
            with each: exact where no interval reaches beyond the exon.
        table_of: native contig name -> name in the tables.
        power: what the decision could have found in the pair.
    Returns:
        gene_id, gene_symbol, transcript_id, target_bp, tumor_mean_depth, normal_mean_depth,
        callable_frac, min_vaf_detectable, status; sorted by gene_id. Null: no target base, no
        normal, or, for min_vaf_detectable, no fraction that would be found.
    Raises:
        ToolError: a file is cut off or of another reference.
    """
    line = GenomeLine.of(table_of)
    exons = pl.read_csv(sealed(gene_regions), separator="\t", infer_schema=False, quote_char=None)
    exons = exons.with_columns(
        pl.col("start0", "end0").cast(pl.Int64),
        pl.col("chrom").replace_strict(line.places, return_dtype=pl.Int64).alias("place"),
    )
    offset = exons["place"].to_numpy() * CONTIG_SPAN
    starts, ends = offset + exons["start0"].to_numpy(), offset + exons["end0"].to_numpy()

    native_of = {table: native for native, table in table_of.items()}
    callable_states = states.filter(pl.col("state") == "CALLABLE").select(
        pl.col("chrom").replace_strict(native_of, return_dtype=pl.String),
        "start0",
        "end0",
        pl.col("state").alias("label"),
    )
    seen = line.track_of(callable_states, gene_regions)
    columns = {
        "bases": ends - starts,
        "callable_bp": seen.overlap(starts, ends, np.ones_like(seen.starts)),
        "tumor": _hundredths_of_depth(line, tumour_regions, starts, ends),
    }
    if normal_regions:
        columns["normal"] = _hundredths_of_depth(line, normal_regions, starts, ends)
    genes = (
        exons.with_columns(pl.Series(name, values) for name, values in columns.items())
        .group_by("gene_id")
        .agg(pl.col("gene_symbol", "transcript_id").first(), pl.col(*columns).sum())
        .sort("gene_id")
        .rename({"bases": "target_bp"})
    )
    on_target = pl.when(pl.col("target_bp") > 0)
    depths = {
        f"{role}_mean_depth": on_target.then((pl.col(role) / pl.col("target_bp") / 100).round(6))
        if role in columns
        else pl.lit(None, dtype=pl.Float64)
        for role in ("tumor", "normal")
    }
    share = (pl.col("callable_bp") / pl.col("target_bp")).round(6)
    genes = genes.with_columns(**depths, callable_frac=on_target.then(share)).with_columns(
        status=pl.when(pl.col("target_bp") == 0)
        .then(pl.lit("not_targeted"))
        .when(pl.col("callable_frac") >= CALLABLE_FRAC)
        .then(pl.lit("callable"))
        .when(pl.col("callable_frac") > 0)
        .then(pl.lit("partial"))
        .otherwise(pl.lit("not_callable")),
    )
    lowest = power.lowest_fractions(genes.select("tumor_mean_depth", "normal_mean_depth").rows())
    genes = genes.with_columns(min_vaf_detectable=pl.Series(lowest, dtype=pl.Float64))
    return genes.select(
        "gene_id",
        "gene_symbol",
        "transcript_id",
        "target_bp",
        "tumor_mean_depth",
        "normal_mean_depth",
        "callable_frac",
        "min_vaf_detectable",
        "status",
    )


def _hundredths_of_depth(
    line: GenomeLine, regions: Path, starts: Integers, ends: Integers
) -> Integers:
    """Depth of each interval summed over its bases, in the hundredths that mosdepth writes."""
    track = line.track(regions)
    depths = np.rint(track.labels.cast(pl.Float64).to_numpy() * 100).astype(np.int64)
    return track.overlap(starts, ends, depths)
