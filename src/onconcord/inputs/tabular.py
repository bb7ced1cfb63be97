"""Tables that people write by hand: one reader, which knows what spreadsheets do to them."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onconcord.compressed import read_chunks
from onconcord.errors import Fault
from onconcord.inputs.schema_faults import listed, nearest

_SPOILT = re.compile(
    r"[0-9]{1,2}-[A-Za-z]{3}|[A-Za-z]{3}-[0-9]{1,2}|[0-9]{4}-[0-9]{2}-[0-9]{2}.*"
    r"|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}|[0-9]+[.,]?[0-9]*E\+[0-9]+"
)
"""What spreadsheets make of some names of genes: dates, and numbers with an exponent."""
LINE_ENDS = re.compile(r"\r\n|\r|\n")
UNSEEN = "\ufeff\u200b\u00a0 \t\v\f"
"""Signs at the ends of a cell that nobody sees, and nobody means."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How the "Unicode text" of spreadsheets begins."""


@dataclass(frozen=True)
class Row:
    """
    One row of a table.

    Args:
        line: 1-based line of the file.
        cells: text by column, "" where the cell is empty; every known column is there.
        absent: known columns that the file has not, which no row is to blame for.
    """

    line: int
    cells: dict[str, str]
    absent: frozenset[str]

    def lacks(self, column: str) -> bool:
        """Whether the row leaves a cell empty that it could have filled."""
        return not self.cells[column] and column not in self.absent


@dataclass(frozen=True)
class Table:
    """
    A table, and what is wrong with its form.

    Args:
        header_line: 1-based line of the header, 1 where there is none.
        absent: known columns that the file has not.
        rows: in the order of the file, empty lines and comments left out.
        faults: of encoding, header and number of cells.
    """

    header_line: int
    absent: frozenset[str]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def read_table(
    path: Path, known: Sequence[str], required: Sequence[str], others: bool = False
) -> Table:
    """
    Read tab-separated text with a header, as spreadsheets save it.

    Lines may end as on any system and may be empty; lines that begin with # are comments. A mark
    of UTF-8 at the beginning, spaces around a cell, quotes around a whole cell, empty columns at
    the end and the case of the header make no difference.

    Args:
        path: the file.
        known: columns that have a meaning. A misspelled one is taken for the one it
            resembles, so that the rows are checked as well; it is a fault all the same.
        required: columns that must be there.
        others: whether columns without a meaning may be there.
    """
    name = path.name
    lines, faults = text_lines(path)
    if faults:
        return Table(1, frozenset(known), (), tuple(faults))
    filled = (
        (number, cells_of(line)) for number, line in enumerate(lines, start=1) if is_filled(line)
    )
    header_line, header = next(filled, (1, []))
    while header and not header[-1]:
        header.pop()
    columns, faults = _columns(name, header_line, header, known, required, others)
    absent = frozenset(known) - set(columns)
    rows = []
    for number, cells in filled:
        beyond = [cell for cell in cells[len(header) :] if cell]
        if beyond:
            message = f"{len(cells)} cells, but the header has {len(header)}: {listed(beyond)}."
            faults.append(Fault(name, message, number))
        by_column = dict.fromkeys(known, "")
        by_column.update(pair for pair in zip(columns, cells, strict=False) if pair[0] in by_column)
        if any(by_column.values()):
            rows.append(Row(number, by_column, absent))
    return Table(header_line, absent, tuple(rows), tuple(faults))


def text_lines(path: Path) -> tuple[list[str], list[Fault]]:
    """Lines of a text file without their ends, or why it cannot be read as one; see `read_text`."""
    text, faults = read_text(path)
    return ([], faults) if faults else (text.split("\n"), [])


def read_text(path: Path) -> tuple[str, list[Fault]]:
    """A text file, plain or gzip, its lines ended by \\n; or why it cannot be read as one."""
    name = path.name
    try:
        raw = b"".join(read_chunks(path))
    except FileNotFoundError:
        return "", [Fault(name, f"there is no such file in {path.parent}.")]
    except (ValueError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return "", [Fault(name, f"cannot be read: {why}.")]
    encoding = "utf-16" if raw.startswith(UTF_16) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(LINE_ENDS.split(raw[: error.start].decode(encoding, errors="replace")))
        message = f"byte {error.start + 1} is not UTF-8: save it as tab-separated UTF-8."
        return "", [Fault(name, message, line)]
    text = LINE_ENDS.sub("\n", text) if "\r" in text else text
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return "", [Fault(name, "has a NUL byte, which no text has: save it as UTF-8.", line)]
    return text, []


def spoilt_gene(name: str) -> str | None:
    """Why a name of a gene is one no more, as the rest of a sentence; None where it may be one."""
    if not _SPOILT.fullmatch(name):
        return None
    return (
        "is what a spreadsheet makes of names such as SEPT2 and MARCH1: write the gene's name, and "
        "keep the column as text."
    )


def is_filled(line: str) -> bool:
    """Whether a line says something: it is neither empty nor a comment."""
    return bool(line.strip(UNSEEN)) and not line.lstrip(UNSEEN).startswith("#")


def cells_of(line: str) -> list[str]:
    """Cells of a line, without what nobody sees and without quotes around the whole."""
    return [_cell(cell) for cell in line.split("\t")]


def _cell(text: str) -> str:
    text = text.strip(UNSEEN)
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        return text[1:-1].strip(UNSEEN)
    return text


def _columns(
    name: str,
    line: int,
    header: list[str],
    known: Sequence[str],
    required: Sequence[str],
    others: bool,
) -> tuple[list[str], list[Fault]]:
    """Names of the columns, "" for one without a meaning, and the faults of the header."""
    if not header:
        return [], [Fault(name, f"is empty: expected the columns {', '.join(required)}.")]
    if len(header) == 1 and re.search("[,;]", header[0]):
        return [], [Fault(name, "the header has no tab: save it as tab-separated text.", line)]
    given = [column if column in known else column.lower() for column in header]
    faults = []
    columns: list[str] = []
    missing = [column for column in required if column not in given]
    for column, written in zip(given, header, strict=True):
        if column in known and column in columns:
            faults.append(Fault(name, "this column is there twice: keep one.", line, written))
            columns.append("")
        elif column in known:
            columns.append(column)
        else:
            wanted = missing if others else [column for column in known if column not in given]
            near = nearest(column, wanted)
            if not others:
                message = f"unknown column.{near} Known: {', '.join(known)}."
                faults.append(Fault(name, message, line, written))
            meant = near.split('"')[1] if near and not others else ""
            columns.append(meant)
            missing = [column for column in missing if column != meant]
    faults += [
        Fault(name, "this column is missing, and required.", line, column) for column in missing
    ]
    return columns, faults
