"""
Intervals of a genome, 0-based and half-open.

A few are tuples. Many are a `Track`: arrays on one number line for the whole genome, swept at once.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from onconcord.errors import ToolError
from onconcord.reference.bed import read_bed

Interval = tuple[str, int, int]
"""Native contig name, start and end."""
Integers = npt.NDArray[np.int64]

CONTIG_SPAN = np.int64(1 << 33)
"""Width of a contig on the number line: wider than any contig, and exact as a float."""


def merged(intervals: Iterable[Interval], order: Iterable[str]) -> tuple[Interval, ...]:
    """Intervals sorted in the given order of contigs, those that overlap or touch made one."""
    rank = {name: place for place, name in enumerate(order)}
    runs: list[Interval] = []
    for contig, start, end in sorted(
        intervals, key=lambda interval: (rank[interval[0]], interval[1], interval[2])
    ):
        if runs and runs[-1][0] == contig and start <= runs[-1][2]:
            runs[-1] = (contig, runs[-1][1], max(end, runs[-1][2]))
        else:
            runs.append((contig, start, end))
    return tuple(runs)


def shared(
    intervals: Iterable[Interval], others: Iterable[Interval], order: Iterable[str]
) -> tuple[Interval, ...]:
    """What intervals have in common with others, as `merged` has it."""
    both = IntervalSet(others)
    return merged((part for interval in intervals for part in both.cut(interval)), order)


def padded(
    intervals: Iterable[Interval], padding: int, lengths: Mapping[str, int]
) -> tuple[Interval, ...]:
    """Intervals grown by `padding` bases at each end, cut to their contigs and merged."""
    grown = (
        (contig, max(0, start - padding), min(lengths[contig], end + padding))
        for contig, start, end in intervals
    )
    return merged(grown, lengths)


def split(intervals: Iterable[Interval], others: Iterable[Interval]) -> tuple[Interval, ...]:
    """
    Intervals cut wherever another one starts or ends, in their order.

    The pieces add up to the intervals, and each lies wholly in or wholly out of any other one.
    """
    borders: dict[str, set[int]] = defaultdict(set)
    for contig, start, end in others:
        borders[contig] |= {start, end}
    ordered = {contig: sorted(places) for contig, places in borders.items()}
    pieces: list[Interval] = []
    for contig, start, end in intervals:
        places = ordered.get(contig, [])
        inside = places[bisect_right(places, start) : bisect_left(places, end)]
        cuts = [start, *inside, end]
        pieces += [(contig, first, last) for first, last in pairwise(cuts)]
    return tuple(pieces)


class IntervalSet:
    """
    Intervals that others are cut to.

    Args:
        intervals: merged, so that no base is there twice.
    """

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self._starts: dict[str, list[int]] = defaultdict(list)
        self._ends: dict[str, list[int]] = defaultdict(list)
        for contig, start, end in intervals:
            self._starts[contig].append(start)
            self._ends[contig].append(end)

    def cut(self, interval: Interval) -> tuple[Interval, ...]:
        """The parts of an interval that lie in the set, by start."""
        contig, start, end = interval
        if contig not in self._starts:
            return ()
        starts, ends = self._starts[contig], self._ends[contig]
        first, last = bisect_right(ends, start), bisect_left(starts, end)
        return tuple(
            (contig, max(start, starts[place]), min(end, ends[place]))
            for place in range(first, last)
        )


def covered(
    regions: pl.DataFrame, chrom: pl.Series, start0: pl.Series, end0: pl.Series
) -> pl.Series:
    """
    Whether each interval lies wholly in one of the regions.

    Args:
        regions: chrom, start0, end0; they do not overlap.
        chrom, start0, end0: names as in `regions`; shape (n,).
    Returns:
        Shape (n,), never null.
    """
    at = pl.DataFrame({"chrom": chrom, "start0": start0, "to0": end0}).with_row_index("place")
    bounds = regions.select("chrom", pl.col("start0").cast(pl.Int64), pl.col("end0").cast(pl.Int64))
    return (
        at.sort("chrom", "start0")
        .join_asof(
            bounds.sort("chrom", "start0"),
            on="start0",
            by="chrom",
            strategy="backward",
            check_sortedness=False,
        )
        .sort("place")
        .select((pl.col("end0") >= pl.col("to0")).fill_null(False).alias("covered"))
        .to_series()
    )


def first_met(intervals: pl.DataFrame, others: pl.DataFrame) -> pl.Series:
    """
    Which of the others each interval overlaps first, by start and then by their order.

    Args:
        intervals, others: chrom, start0, end0; both may overlap among themselves.
    Returns:
        Row of `others`, shape (n,); null where an interval meets none.
    """
    met = np.full(intervals.height, -1, dtype=np.int64)
    asked = intervals.with_row_index("row").partition_by("chrom", as_dict=True)
    known = others.with_row_index("row").sort("start0", "row").partition_by("chrom", as_dict=True)
    for chrom in asked.keys() & known.keys():
        row, start, end = (asked[chrom][name].to_numpy() for name in ("row", "start0", "end0"))
        there, begins, ends = (known[chrom][name].to_numpy() for name in ("row", "start0", "end0"))
        # The first that ends behind a start is the one with which the furthest end gets there.
        first = np.searchsorted(np.maximum.accumulate(ends), start, side="right")
        last = len(ends) - 1
        meets = (first <= last) & (begins[np.minimum(first, last)] < end)
        met[row[meets]] = there[first[meets]]
    return pl.Series(met, dtype=pl.Int64).replace(-1, None)


@dataclass(frozen=True)
class Track:
    """
    Sorted intervals that do not overlap, on the number line of a `GenomeLine`.

    Args:
        starts, ends: shape (n,), 0-based half-open, `contig index * CONTIG_SPAN + position`.
        labels: shape (n,), the BED's fourth column; empty strings where there is none.
    """

    starts: Integers
    ends: Integers
    labels: pl.Series

    @property
    def size(self) -> int:
        """Bases in the intervals."""
        return int((self.ends - self.starts).sum())

    def index_at(self, at: Integers) -> Integers:
        """Number of the interval that each position lies in, -1 where it lies in none."""
        place: Integers = np.searchsorted(self.starts, at, side="right") - 1
        if not len(self.starts):
            return place
        place[(place >= 0) & (at >= self.ends[np.maximum(place, 0)])] = -1
        return place

    def overlap(self, starts: Integers, ends: Integers, weights: Integers) -> Integers:
        """
        Sum of `weight * bases` that each given interval shares with this track.

        Args:
            starts, ends: shape (m,), intervals in any order; they may overlap one another.
            weights: shape (n,), per base of each interval of this track. Integers, so that the
                sums are exact and so the same on every machine.
        Returns:
            Shape (m,).
        """
        if not len(self.starts):
            return np.zeros(len(starts), dtype=np.int64)
        # The running sum is piecewise linear: flat between intervals, rising inside them.
        sums = np.cumsum(weights * (self.ends - self.starts))
        corners = np.stack([self.starts, self.ends], axis=1).ravel().astype(float)
        heights = np.stack([np.append(0, sums[:-1]), sums], axis=1).ravel().astype(float)
        shared = np.interp(ends, corners, heights) - np.interp(starts, corners, heights)
        sums_shared: Integers = np.rint(shared).astype(np.int64)
        return sums_shared


@dataclass(frozen=True)
class GenomeLine:
    """Number line of a genome: native contig name -> place, in the order of the names given."""

    places: Mapping[str, int]

    @classmethod
    def of(cls, names: Mapping[str, str]) -> "GenomeLine":
        """Contigs in the order of their names in the tables, so that tables come out sorted."""
        ordered = sorted(names, key=lambda native: (names[native], native))
        return cls({native: place for place, native in enumerate(ordered)})

    def table(self, starts: Integers, ends: Integers, names: Mapping[str, str]) -> pl.DataFrame:
        """chrom (name in the tables), start0 and end0 of intervals on this line."""
        chroms = np.array([names[native] for native in self.places], dtype=object)
        offset = starts // CONTIG_SPAN
        return pl.DataFrame(
            {
                "chrom": pl.Series(chroms[offset], dtype=pl.String),
                "start0": starts - offset * CONTIG_SPAN,
                "end0": ends - offset * CONTIG_SPAN,
            }
        )

    def track(self, path: Path) -> Track:
        """
        A BED, plain or gzipped, of three columns or four.

        Raises:
            ToolError: cut off, of another form, of a contig that the genome has not, or with
                intervals that overlap.
        """
        return self.track_of(read_bed(path), path)

    def track_of(self, table: pl.DataFrame, path: Path) -> Track:
        """The same of a table of chrom, start0, end0, label; `path` is for messages."""
        strangers = set(table["chrom"].unique()) - set(self.places)
        if strangers:
            raise ToolError(
                f"{path}: its contigs {sorted(strangers)[:5]} are not in the reference: it was "
                "made with another one"
            )
        table = table.with_columns(
            pl.col("chrom").replace_strict(self.places, return_dtype=pl.Int64).alias("place")
        ).sort("place", "start0")
        offset = table["place"].to_numpy() * CONTIG_SPAN
        starts = offset + table["start0"].to_numpy()
        ends = offset + table["end0"].to_numpy()
        if (ends <= starts).any() or (starts[1:] < ends[:-1]).any():
            raise ToolError(f"{path}: has empty intervals, or some that overlap")
        return Track(starts, ends, table["label"])
