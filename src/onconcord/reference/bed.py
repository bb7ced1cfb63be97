"""BED files: those of a centre line by line, those of the pipeline as columns."""

import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl

from onconcord.errors import InputError, ToolError
from onconcord.files import write_text
from onconcord.inputs.tabular import cells_of, is_filled, text_lines

SCHEMA = {"chrom": pl.String, "start0": pl.Int64, "end0": pl.Int64, "label": pl.String}


def bed_lines(bed: Path) -> Iterator[tuple[int, str, list[str]]]:
    """
    Number (from 1), text and cells of every line of a centre's BED that should be an interval.

    Cells are set apart by tabs, or by spaces where there is no tab. Empty lines, comments, track
    and browser lines are left out. The text is read as that of any table that people write.

    Raises:
        InputError: the file cannot be read.
    """
    lines, faults = text_lines(bed)
    if faults:
        raise InputError(faults)
    for number, line in enumerate(lines, start=1):
        if is_filled(line) and not line.startswith(("track", "browser")):
            yield number, line, cells_of(line if "\t" in line else "\t".join(line.split()))


def is_interval(cells: Sequence[str]) -> bool:
    """Whether the cells of a line begin with a contig, a start and an end."""
    return len(cells) >= 3 and bool(cells[0]) and cells[1].isdecimal() and cells[2].isdecimal()


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
