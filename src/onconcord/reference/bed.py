"""BED files: those of a centre line by line, those of the pipeline as columns."""

import gzip
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from onconcord.errors import ToolError
from onconcord.files import write_text

SCHEMA = {"chrom": pl.String, "start0": pl.Int64, "end0": pl.Int64, "label": pl.String}


def bed_lines(bed: Path) -> Iterator[tuple[int, str, list[str]]]:
    """
    Number (from 1), text and cells of every line of a centre's BED that should be an interval.

    Cells are set apart by tabs, or by spaces where there is no tab. Empty lines, comments, track
    and browser lines are left out.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    for number, line in enumerate(bed.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if line.strip() and not line.startswith(("#", "track", "browser")):
            yield number, line, line.split("\t") if "\t" in line else line.split()


def read_bed(path: Path) -> pl.DataFrame:
    """
    chrom, start0, end0, label ("" without a fourth column) of a BED of ours, plain or gzipped.

    Raises:
        ToolError: not gzip to its end, or not of that form.
    """
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (EOFError, gzip.BadGzipFile) as error:
            raise ToolError(f"{path}: not a whole gzip file ({error})") from error
    if not data:
        return pl.DataFrame(schema=SCHEMA)
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
        table.columns = list(SCHEMA)[: table.width]
        table = table.with_columns(pl.col("start0", "end0").cast(pl.Int64))
    except pl.exceptions.PolarsError as error:
        raise ToolError(f"{path}: not a BED of chrom, start and end ({error})") from error
    if table.width < 4:
        return table.with_columns(pl.lit("").alias("label"))
    return table


def write_bed(intervals: Iterable[tuple[str, int, int]], out: Path) -> None:
    """Write a BED of three columns."""
    write_text(out, "".join(f"{contig}\t{start}\t{end}\n" for contig, start, end in intervals))
