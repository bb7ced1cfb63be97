"""
What a pair's coverage may tell below the tier controlled: where it was searched, not why not.

A homozygous deletion of the germline is a stretch without reads, and its breakpoints are the edges
of that stretch. So the states are two, their edges lie on a grid or at those of the targets, and a
variant that is withheld makes its surroundings unsearched: absence is claimed nowhere where a row
was withheld, and such a place looks like any other that was not searched.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from onconcord.release.germline import LINEAGE_CHROMOSOMES

GRID_BP = 100
"""A stretch that was not searched begins and ends at multiples of this, or with its target."""

Integers = npt.NDArray[np.int64]


def coarse_regions(regions: pl.DataFrame, withheld: pl.DataFrame) -> pl.DataFrame:
    """
    Rows of callable_region as the tier consortium has them, a partition of the same bases.

    Args:
        regions: rows of one pair.
        withheld: chrom, pos (1-based) and ref of its passing variants that the tier withholds.
    Returns:
        The same columns; state is CALLABLE, NOT_CALLABLE, or EXCLUDED where nobody was searched.
    """
    pieces = []
    for (chrom, reference), rows in regions.group_by("chrom", "reference_id", maintain_order=True):
        here = withheld.filter(chrom=chrom)
        starts, ends, states = (rows[name].to_numpy() for name in ("start0", "end0", "state"))
        excluded = np.isin(states, ["EXCLUDED"]) | (chrom in LINEAGE_CHROMOSOMES)
        bad = (states != "CALLABLE") & ~excluded
        first = here["pos"].to_numpy() - 1
        last = first + here["ref"].str.len_bytes().to_numpy()
        dark = _union(
            np.concatenate([starts[bad], first]) // GRID_BP * GRID_BP,
            -(-np.concatenate([ends[bad], last]) // GRID_BP) * GRID_BP,
        )
        searched = _union(starts[~excluded], ends[~excluded])
        parts = {
            "EXCLUDED": _union(starts[excluded], ends[excluded]),
            "NOT_CALLABLE": _meet(searched, dark),
            "CALLABLE": _meet(searched, _gaps(dark)),
        }
        pieces += [
            pl.DataFrame({"start0": ranges[0], "end0": ranges[1]}).with_columns(
                chrom=pl.lit(chrom), reference_id=pl.lit(reference), state=pl.lit(state)
            )
            for state, ranges in parts.items()
        ]
    if not pieces:
        return regions
    fixed = regions.select("center_id", "pair_id").unique()
    return (
        pl.concat(pieces)
        .join(fixed, how="cross")
        .select(regions.columns)
        .cast(regions.schema)
        .sort("reference_id", "chrom", "start0")
    )


def _union(starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Intervals as sorted ones that neither overlap nor touch."""
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order].astype(np.int64), ends[order].astype(np.int64)
    if not len(starts):
        return starts, ends
    reach = np.maximum.accumulate(ends)
    fresh = np.concatenate([[True], starts[1:] > reach[:-1]])
    return starts[fresh], reach[np.concatenate([fresh[1:], [True]])]


def _gaps(intervals: tuple[Integers, Integers]) -> tuple[Integers, Integers]:
    """Everything outside of sorted intervals."""
    starts, ends = intervals
    far = np.iinfo(np.int32).max
    return np.concatenate([[0], ends]), np.concatenate([starts, [far]])


def _meet(a: tuple[Integers, Integers], b: tuple[Integers, Integers]) -> tuple[Integers, Integers]:
    """What two sets of sorted intervals share."""
    first = np.searchsorted(b[1], a[0], side="right")
    after = np.searchsorted(b[0], a[1], side="left")
    many = np.maximum(after - first, 0)
    left = np.repeat(np.arange(len(a[0])), many)
    right = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(first, many)
    starts, ends = np.maximum(a[0][left], b[0][right]), np.minimum(a[1][left], b[1][right])
    return starts[ends > starts], ends[ends > starts]


def dark_genes(dark: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """
    The genes of places that were not searched, as far as the release says.

    Args:
        dark: chrom, pos (1-based) and gene_id, null where no gene is known of the place.
        targets: rows of assay_region.
    Returns:
        gene_id, once for each cell of the grid and gene that has the place or is named of it.
    """
    cell = (pl.col("pos") - 1) // GRID_BP
    of_targets = dark.select("chrom", "pos").join_where(
        targets.select("start0", "end0", "gene_id", on=pl.col("chrom")),
        pl.col("chrom") == pl.col("on"),
        pl.col("pos") > pl.col("start0"),
        pl.col("pos") <= pl.col("end0"),
    )
    columns = ("gene_id", "chrom", cell.alias("cell"))
    both = pl.concat([dark.select(columns), of_targets.select(columns)])
    return both.unique().select("gene_id")


def coarse_genes(
    genes: pl.DataFrame, dark: pl.DataFrame, of_descent: Sequence[str]
) -> pl.DataFrame:
    """
    Rows of gene_callability as the tier consortium has them.

    A gene is callable where all of it is. A place that is not told of costs it a cell of the grid,
    and fractions are rounded down to tenths, so that a withheld variant looks like a few bases
    without reads. Depths have two digits.

    Args:
        genes: rows of one pair.
        dark: what `dark_genes` returns.
        of_descent: genes of LINEAGE_CHROMOSOMES, where nobody was searched.
    """
    cells = dark.group_by("gene_id").agg(pl.len().alias("cells"))
    lost = (pl.col("cells").fill_null(0) * GRID_BP / pl.col("target_bp")).fill_nan(0.0)
    unsearched = pl.col("gene_id").is_in(of_descent) & (pl.col("target_bp") > 0)
    left = (pl.col("callable_frac") - lost.clip(0.0, 1.0)).clip(0.0, 1.0)
    coarse = genes.join(cells, on="gene_id", how="left", maintain_order="left").with_columns(
        tumor_mean_depth=pl.when(~unsearched).then(pl.col("tumor_mean_depth").round_sig_figs(2)),
        min_vaf_detectable=pl.when(~unsearched).then(pl.col("min_vaf_detectable").round(2)),
        callable_frac=pl.when(unsearched).then(0.0).otherwise((left * 10 + 1e-9).floor() / 10),
        status=pl.when(unsearched)
        .then(pl.lit("not_callable"))
        .when((pl.col("status") == "callable") & (left < 1.0))
        .then(pl.lit("partial"))
        .otherwise("status"),
    )
    return coarse.select(genes.columns)


_OF_HOTSPOT = ("tumor_depth", "tumor_alt_count", "upper95_vaf")
_PLACE = ("pair_id", "reference_id", "chrom", "pos", "ref", "alt")
_CELL = ("pair_id", "reference_id", "chrom", (pl.col("pos") - 1) // GRID_BP)


def coarse_hotspots(
    hotspots: pl.DataFrame, released: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """
    Rows of hotspot_status as the tier consortium has them, and the places it does not tell of.

    Which of the alleles of one place is not wild type would name it. So a cell of the grid, with
    all of its hotspots, is wild type or it is not stated.

    Args:
        hotspots: rows of one pair.
        released: small variants of the pair that the tier has.
    Returns:
        `mutated` where its variant is among them; `wildtype`, without the count of alternate reads,
        where all hotspots of the cell are by power; everything else is `indeterminate` without a
        number, whether it is shallow, germline or withheld.
        chrom and pos (1-based) of the hotspots that are neither.
    """
    shown = released.select(_PLACE).with_columns(shown=pl.lit(True))
    mutated = (pl.col("status") == "mutated") & pl.col("shown").fill_null(False)
    clean = pl.col("status") == "wildtype"
    judged = (
        hotspots.filter(~pl.col("chrom").is_in(LINEAGE_CHROMOSOMES))
        .join(shown, on=_PLACE, how="left", maintain_order="left")
        .with_columns(mutated=mutated, wild=clean.all().over(_CELL), unstated=~(mutated | clean))
    )
    mutated, clean = pl.col("mutated"), pl.col("wild")
    rows = judged.with_columns(
        pl.when(mutated)
        .then(pl.lit("mutated"))
        .when(clean)
        .then(pl.lit("wildtype"))
        .otherwise(pl.lit("indeterminate"))
        .alias("status"),
        *(pl.when(mutated | clean).then(name).alias(name) for name in _OF_HOTSPOT[::2]),
        pl.when(mutated).then("tumor_alt_count").alias("tumor_alt_count"),
    ).select(hotspots.columns)
    return rows, judged.filter("unstated").select("chrom", "pos")


READ_FILTERS = {
    "base_qual": "Low base quality of the alternate reads",
    "clustered_events": "Several events close by",
    "contamination": "As likely from another person's DNA in the tube",
    "duplicate": "Alternate reads look like copies of one",
    "fragment": "Alternate reads have other fragment lengths",
    "low_allele_frac": "Low fraction of alternate reads",
    "low_fraction": "Low fraction of alternate reads",
    "low_mapping_quality": "Low mapping quality of the alternate reads",
    "low_quality": "Low quality of the call",
    "low_support": "Few alternate reads",
    "map_qual": "Low mapping quality of the alternate reads",
    "n_ratio": "Many bases without a letter",
    "orientation": "Alternate reads of one orientation",
    "position": "Alternate bases near the ends of reads",
    "slippage": "Length of a repeat as polymerases slip",
    "strand": "Alternate reads of one strand",
    "strand_bias": "Alternate reads of one strand",
    "strict_strand": "Not seen on both strands",
    "weak_evidence": "Low odds of the call",
}
"""Filters of callers that speak of the tumour's reads alone, whatever the caller, with what they
mean. All others may tell of the normal, a panel, a population or another allele close by."""

WITHHELD_FILTER = "onconcord.withheld_filter"
"""Stands for every filter of a caller that is not among READ_FILTERS."""


def coarse_filters(evidence: pl.DataFrame) -> pl.DataFrame:
    """Rows of variant_call_evidence with filters of READ_FILTERS, and one word for all others."""
    name = pl.element().str.split(".").list.last()
    known = pl.when(name.is_in(list(READ_FILTERS))).then(pl.element())
    return evidence.with_columns(
        pl.col("filters")
        .list.eval(known.otherwise(pl.lit(WITHHELD_FILTER)))
        .list.unique()
        .list.sort()
    )


def coarse_definitions(definitions: pl.DataFrame) -> pl.DataFrame:
    """
    Rows of filter_definition of one pair without a caller's own words.

    Names and descriptions in a VCF's header are text that nobody has read, so those of READ_FILTERS
    leave, with our description.
    """
    name = pl.col("filter_id").str.split(".").list.last()
    own = name.replace_strict(READ_FILTERS, default=None, return_dtype=pl.String)
    by_caller = pl.col("scope") == "caller"
    known = definitions.filter(~by_caller | own.is_not_null()).with_columns(
        description=pl.when(by_caller).then(own).otherwise("description")
    )
    withheld = definitions.head(1).select(
        "center_id",
        filter_id=pl.lit(WITHHELD_FILTER),
        scope=pl.lit("export"),
        description=pl.lit("A filter of a caller that the tier does not name"),
        effect=pl.lit("flag"),
    )
    every = pl.concat([known, withheld], how="diagonal")
    return every.unique(["center_id", "filter_id"], keep="first").sort("center_id", "filter_id")


def coarse_phases(released: pl.DataFrame) -> pl.DataFrame:
    """
    Released variants of one pair with phase sets as numbers, from 1 in the order of the rows.

    A caller names a haplotype by its first allele, which may be germline. One that a single
    released variant has says nothing of two, and is null.
    """
    named = released["phase_set"].drop_nulls()
    shared = named.unique(maintain_order=True).to_list()
    counts = dict(named.value_counts().iter_rows())
    numbers = {
        phase: str(at) for at, phase in enumerate((n for n in shared if counts[n] > 1), start=1)
    }
    return released.with_columns(
        phase_set=pl.col("phase_set").replace_strict(numbers, default=None, return_dtype=pl.String)
    )
