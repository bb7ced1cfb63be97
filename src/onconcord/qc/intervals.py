"""Interval tables as arrays on one number line for the whole genome, swept at once."""

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from onconcord.errors import ToolError

Integers = npt.NDArray[np.int64]

CONTIG_SPAN = np.int64(1 << 33)
"""Width of a contig on the number line: wider than any contig, and exact as a float."""


@dataclass(frozen=True)
class Track:
    """
    Sorted intervals that do not overlap, on the number line of a `Line`.

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
class Line:
    """Number line of a genome: native contig name -> place, in the order of the names given."""

    places: Mapping[str, int]

    @classmethod
    def of(cls, names: Mapping[str, str]) -> "Line":
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


def read_bed(path: Path) -> pl.DataFrame:
    """
    chrom, start0, end0, label ("" without a fourth column) of a BED, plain or gzipped.

    Raises:
        ToolError: not gzip to its end, or not of that form.
    """
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (EOFError, gzip.BadGzipFile) as error:
            raise ToolError(f"{path}: not a whole gzip file ({error})") from error
    names = ["chrom", "start0", "end0", "label"]
    if not data:
        return pl.DataFrame(
            schema={"chrom": pl.String, "start0": pl.Int64, "end0": pl.Int64, "label": pl.String}
        )
    try:
        table = pl.read_csv(
            io.BytesIO(data),
            separator="\t",
            has_header=False,
            infer_schema=False,
            comment_prefix="#",
            quote_char=None,
        )
        table = table.select(table.columns[:4])
        table.columns = names[: table.width]
        table = table.with_columns(pl.col("start0", "end0").cast(pl.Int64))
    except pl.exceptions.PolarsError as error:
        raise ToolError(f"{path}: not a BED of chrom, start and end ({error})") from error
    if table.width < 4:
        return table.with_columns(pl.lit("").alias("label"))
    return table
