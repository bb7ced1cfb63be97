"""BED files, whoever wrote them: one reader for those of a centre, of tools and of the pipeline."""

import io
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from onconcord.errors import InputError, ToolError
from onconcord.files import write_text
from onconcord.inputs.tabular import UNSEEN, read_text

_COLUMNS = ("chrom", "start0", "end0", "label")
SCHEMA = {"chrom": pl.String, "start0": pl.Int64, "end0": pl.Int64, "label": pl.String}


def bed_rows(path: Path) -> pl.DataFrame:
    """
    Every line of a BED that should be an interval, plain or gzipped.

    Cells are set apart by tabs, or by spaces where there is no tab. Empty lines, comments, track
    and browser lines are left out. The text is read as that of any table that people write.

    Returns:
        line (from 1), text, chrom, start0, end0, label ("" without a fourth column); start0 is null
        where the line does not begin with a contig, a start and an end.
    Raises:
        InputError: the file cannot be read.
    """
    text, faults = read_text(path)
    if faults:
        raise InputError(faults)
    lines = pl.read_csv(
        # A line break more, since polars takes no empty file.
        io.BytesIO(f"{text}\n".encode()),
        separator="\0",
        has_header=False,
        new_columns=["text"],
        infer_schema=False,
        quote_char=None,
        row_index_name="line",
        row_index_offset=1,
    )
    shown = pl.col("text").str.strip_chars(UNSEEN)
    is_left_out = (shown == "") | shown.str.starts_with("#")
    for word in ("track", "browser"):
        is_left_out |= pl.col("text").str.starts_with(word)
    cells = (
        pl.when(pl.col("text").str.contains("\t", literal=True))
        .then("text")
        .otherwise(shown.str.replace_all(r"\s+", "\t"))
        .str.split_exact("\t", 4)
        .struct.rename_fields([*_COLUMNS, "more"])
    )
    rows = lines.filter(~is_left_out)
    rows = rows.with_columns(cells.alias("cells")).unnest("cells").drop("more")
    quoted = pl.col("text").str.contains('"', literal=True)
    rows = rows.with_columns(pl.col(name).str.strip_chars(UNSEEN) for name in _COLUMNS)
    rows = rows.with_columns(
        pl.when(quoted).then(pl.col(name).str.replace('^"([^"]*)"$', "${1}")).otherwise(name)
        for name in _COLUMNS
    )
    is_interval = (pl.col("chrom") != "") & pl.all_horizontal(
        pl.col("start0", "end0").str.contains("^[0-9]{1,18}$")
    )
    return rows.with_columns(
        *(pl.when(is_interval).then(name).cast(pl.Int64) for name in ("start0", "end0")),
        pl.col("label").fill_null(""),
    )


def read_bed(path: Path) -> pl.DataFrame:
    """
    The intervals of a BED of ours or of a tool: SCHEMA.

    Raises:
        ToolError: it cannot be read, or a line is not an interval.
    """
    try:
        rows = bed_rows(path)
    except InputError as error:
        raise ToolError(f"{path}: {error.faults[0].message}") from error
    wrong = rows.filter(pl.col("start0").is_null())
    if wrong.height:
        line, text = wrong.select("line", "text").row(0)
        raise ToolError(f'{path}, line {line}: "{text[:60]}" is not contig, start and end')
    return rows.select(list(SCHEMA))


def write_bed(intervals: Iterable[tuple[str, int, int]], out: Path) -> None:
    """Write a BED of three columns."""
    write_text(out, "".join(f"{contig}\t{start}\t{end}\n" for contig, start, end in intervals))
