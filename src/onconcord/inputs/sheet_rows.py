"""The rows of the sample sheet, each on its own: its cells, and every fault that they have."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from onconcord.errors import Fault
from onconcord.inputs.schema_faults import listed, nearest
from onconcord.inputs.stated import STATED, stated_faults
from onconcord.inputs.tabular import Row, read_table
from onconcord.placeholders import PLACEHOLDERS

REQUIRED = ("patient", "sample", "role", "read_group")
READS = ("fastq_1", "fastq_2", "bam")
OF_SAMPLE = (
    *("patient", "role", "centre", "assay", "specimen", "sex", "diagnosis", "consent"),
    *STATED,
)
COLUMNS = (*REQUIRED, *READS, "realign", "library", *OF_SAMPLE[2:])
ROLES = ("tumour", "normal")
SEXES = ("female", "male", "other")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
LONGEST_ID = 80
"""Two ids and what they are the files of make a name of at most 255 bytes."""
NEVER_EMPTY = ("patient", "read_group", "centre", "assay")
"""Columns that no table has without a value, so that NA is a value of them like any other."""
RELEASED = {
    "diagnosis": "diagnosis_oncotree",
    "consent": "consent_code",
    "library": "library_id",
    "assay": "assay_id",
    "centre": "center_id",
}
"""Columns of the sheet that leave a centre as they are, and their columns in the tables."""
CODES = {
    "diagnosis_oncotree": (
        "is not an OncoTree code: expected one such as BRCA or COAD (capital letters, digits and "
        "_). Other diagnoses and free text do not leave a centre."
    ),
    "consent_code": (
        "is not a data use code: expected one with its source before it, such as DUO:0000042 or "
        "DUO_GRU. Free text does not leave a centre."
    ),
}
ID_COLUMNS = ("patient", "sample", "read_group", "library", "specimen", "centre", "assay")


def read_sheet(sheet: Path) -> tuple[tuple[Row, ...], list[Fault]]:
    """Rows of the sheet and the faults of its form: encoding, header, number of cells."""
    table = read_table(sheet, COLUMNS, REQUIRED)
    faults = list(table.faults)
    rows = []
    for row in table.rows:
        marked = {
            column: text
            for column, text in row.cells.items()
            if text in PLACEHOLDERS and column not in NEVER_EMPTY
        }
        faults += [
            Fault(sheet.name, _no_value(column, text), row.line, column)
            for column, text in marked.items()
        ]
        optional = {column: "" for column in marked if column not in REQUIRED}
        rows.append(replace(row, cells={**row.cells, **optional}))
    if table.rows and "bam" in table.absent:
        faults += [
            Fault(sheet.name, "this column is missing, and required.", table.header_line, column)
            for column in ("fastq_1", "fastq_2")
            if column in table.absent
        ]
    if not table.rows:
        message = "has no sample: write one line per lane under the header, see docs/samples.md."
        faults.append(Fault(sheet.name, message))
    return tuple(rows), faults


def _no_value(column: str, text: str) -> str:
    what = "give another id" if column in REQUIRED else "leave it empty"
    return f'"{text}" means in a table that there is no value: {what}.'


def cell_faults(name: str, row: Row) -> Iterator[Fault]:
    """Faults that one row has on its own."""
    cells = row.cells
    for column in ("patient", "sample", "role"):
        if row.lacks(column):
            yield Fault(name, "is empty, and required.", row.line, column)
    if cells["fastq_1"] and row.lacks("read_group"):
        message = "is empty: name the lane, such as L1; it becomes the id of the read group."
        yield Fault(name, message, row.line, "read_group")
    for column in ID_COLUMNS:
        if cells[column] and not ID.fullmatch(cells[column]):
            yield Fault(name, _not_an_id(cells[column]), row.line, column)
        elif len(cells[column]) > LONGEST_ID:
            message = (
                f'"{cells[column][:40]}..." has {len(cells[column])} signs: ids become parts of '
                f"file names, so they have at most {LONGEST_ID}."
            )
            yield Fault(name, message, row.line, column)
    yield from _choice(name, row, "role", ROLES, 'is neither "tumour" nor "normal".')
    yield from _choice(name, row, "sex", SEXES, f"is not one of {listed(SEXES)}.")
    yield from _choice(name, row, "realign", ("yes", "no"), 'is neither "yes" nor "no".')
    yield from _released_faults(name, row)
    yield from stated_faults(name, row)
    if cells["bam"] and (cells["fastq_1"] or cells["fastq_2"]):
        message = "a row has FASTQ or a BAM, not both: leave one of them empty."
        yield Fault(name, message, row.line, "bam")
    elif not cells["bam"]:
        for column in ("fastq_1", "fastq_2"):
            if not cells[column]:
                message = "is empty: a row needs fastq_1 and fastq_2 (paired reads), or bam."
                yield Fault(name, message, row.line, column)
        if cells["realign"]:
            message = "only a row with a BAM can say whether to realign: leave it empty."
            yield Fault(name, message, row.line, "realign")


def _released_faults(name: str, row: Row) -> Iterator[Fault]:
    """Values that a release will refuse, since only codes leave a centre."""
    given = {sheet: row.cells[sheet] for sheet in RELEASED if row.cells[sheet]}
    if not given:
        return
    # Brings the contract with it, which only a sheet with such values should wait for.
    from onconcord.release.text import FORBIDDEN, FORMS

    for column, value in given.items():
        expected = CODES.get(RELEASED[column])
        if expected and not re.fullmatch(FORMS[RELEASED[column]], value):
            yield Fault(name, f'"{value}" {expected}', row.line, column)
            continue
        for kind, pattern in FORBIDDEN:
            if re.search(pattern, value):
                message = f'"{value}" has {kind} in it, which does not leave a centre: rename it.'
                yield Fault(name, message, row.line, column)


def _not_an_id(text: str) -> str:
    odd = sorted({letter for letter in text if not letter.isascii()})
    if odd:
        return f'"{text}" has {listed(odd)}: ids are plain ASCII, since they become file names.'
    return f'"{text}" is not an id: use letters, digits, ".", "_" and "-", a letter or digit first.'


def _choice(
    name: str, row: Row, column: str, choices: tuple[str, ...], message: str
) -> Iterator[Fault]:
    value = row.cells[column]
    if value and value not in choices:
        near = nearest(value.lower(), choices)
        yield Fault(name, f'"{value}" {message}{near}', row.line, column)
