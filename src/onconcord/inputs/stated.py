"""
What a centre states of patients, samples and assays: optional cells of the sheet, and of an assay.

Each goes to one column of the tables as it is, so that it is held here, with its line, to what the
contract says of that column and to what a release takes.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from onconcord.errors import Fault
from onconcord.inputs.schema_faults import listed, nearest
from onconcord.inputs.tabular import Row

Value = str | int | float

NUMBERS: dict[str, tuple[str, Callable[[str], int | float], str]] = {
    "int32": (r"[+-]?[0-9]{1,9}", int, "whole number"),
    "float64": (r"[0-9]{1,9}|[0-9]*\.[0-9]{1,9}", float, "number"),
}
"""How each type of number is written in a sheet, and what it is called."""


@dataclass(frozen=True)
class Stated:
    """
    An optional column of the sheet.

    Args:
        table: subject or sample, the table it goes to.
        field: column of that table.
        example: a value that is taken, for messages.
    """

    table: str
    field: str
    example: str


STATED = {
    "age": Stated("subject", "age_years_at_index", "63"),
    "vital_status": Stated("subject", "vital_status", "alive"),
    "sample_type": Stated("sample", "sample_type", "primary"),
    "preservation": Stated("sample", "preservation", "ffpe"),
    "tissue": Stated("sample", "tissue_uberon", "UBERON:0000310"),
    "diagnosis_ncit": Stated("sample", "diagnosis_ncit", "C4194"),
    "diagnosis_icdo3": Stated("sample", "diagnosis_icdo3", "8500/3"),
    "days_from_index": Stated("sample", "days_from_index", "-14"),
    "cellularity": Stated("sample", "tumor_cellularity_frac", "0.6"),
    "ega": Stated("sample", "ega_accession", "EGAN00001234567"),
}
"""Optional columns of the sheet by name."""

OF_PATIENT = tuple(column for column, stated in STATED.items() if stated.table == "subject")
"""Those of a patient: its samples say the same, or nothing."""

OF_ASSAY = {
    "version": "assay_version",
    "capture_kit": "capture_kit",
    "platform": "platform",
    "instrument_model": "instrument_model",
    "read_length_bp": "read_length_bp",
    "umi": "umi",
}
"""Keys of an assay in the configuration that say how it is done, and their columns in `assay`."""


class _WrongError(Exception):
    """A cell that holds no value; the message says why."""


def stated_faults(name: str, row: Row) -> Iterator[Fault]:
    """Faults of the cells of STATED in one row of the sheet called `name`."""
    for column, stated in STATED.items():
        if not row.cells[column]:
            continue
        if column == "cellularity" and row.cells["role"] == "normal":
            yield Fault(name, "a normal has none: leave it empty.", row.line, column)
            continue
        try:
            _value(stated, row.cells[column])
        except _WrongError as why:
            yield Fault(name, str(why), row.line, column)


def stated_of(table: str, cells: Mapping[str, str]) -> dict[str, Value]:
    """Columns of `subject` or `sample` that a row of the sheet fills; faulty cells are left out."""
    values: dict[str, Value] = {}
    for column, stated in STATED.items():
        if stated.table == table and cells[column]:
            with contextlib.suppress(_WrongError):
                values[stated.field] = _value(stated, cells[column])
    return values


def _value(stated: Stated, text: str) -> Value:
    # Brings the contract with it, which only a sheet with such values should wait for.
    from onconcord import contract
    from onconcord.release.text import FORMS

    loaded = contract.load()
    field = next(
        field for field in loaded.tables[stated.table].fields if field.name == stated.field
    )
    if field.vocabulary:
        codes = tuple(loaded.vocabularies[field.vocabulary])
        if text not in codes:
            near = nearest(text.lower(), codes)
            raise _WrongError(f'"{text}" is not one of {listed(codes)}.{near}')
        return text
    if field.type == "string":
        if not re.fullmatch(FORMS[stated.field], text):
            raise _WrongError(
                f'"{text}" is not such a code: expected one such as {stated.example}.'
            )
        return text
    form, number, kind = NUMBERS[field.type]
    low, high = field.minimum, field.maximum
    assert low is not None
    assert high is not None
    if not re.fullmatch(form, text, re.ASCII) or not low <= number(text) <= high:
        message = (
            f'"{text}" is no {kind} from {low} to {high}: expected one such as {stated.example}.'
        )
        raise _WrongError(message)
    return number(text)


def forbidden_in(value: object) -> str | None:
    """What there is in a text that no release takes, such as a date; None: nothing, or no text."""
    if not isinstance(value, str):
        return None
    from onconcord.release.text import FORBIDDEN

    return next((kind for kind, pattern in FORBIDDEN if re.search(pattern, value)), None)


def not_released(code: str) -> str | None:
    """Why no release takes a code that a centre made up, as the rest of a sentence, or None."""
    from onconcord.release.text import TOKEN

    if code and not re.fullmatch(TOKEN, code):
        return (
            'is not a code: a release allows ASCII without spaces and none of /, \\, @ and ", and '
            "at most 120 characters."
        )
    kind = forbidden_in(code)
    return f"has {kind} in it, which does not leave a centre." if kind else None
