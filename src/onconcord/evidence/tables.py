"""The tables between stages 6 and 8: their columns are declared, and checked on reading."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.errors import Fault, InputError
from onconcord.evidence.events import EVENT_COLUMNS
from onconcord.evidence.records import RECORD_SCHEMA
from onconcord.sealed import AGAIN, sealed

EVIDENCE_SCHEMA: dict[str, Any] = {
    **{name: type_ for name, type_ in RECORD_SCHEMA.items() if name != "line"},
    **EVENT_COLUMNS,
}
"""Columns of `6_evidence/{pair}.evidence.parquet`, the rows of `events.bring_together`."""


def check_columns(path: Path, schema: Mapping[str, Any]) -> None:
    """
    Hold the columns of a Parquet file to those that are declared.

    Args:
        path: the file; the order of its columns does not count.
        schema: type by column.
    Raises:
        InputError: not a Parquet file, or every column that is missing, unknown or of another type.
    """
    try:
        found = pl.read_parquet_schema(sealed(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        why = str(error).splitlines()[0]
        raise InputError.at(path, f"cannot be read as Parquet ({why}). {AGAIN}") from error
    faults = []
    for name in sorted(found.keys() | schema.keys()):
        if name not in found:
            faults.append(Fault(str(path), f"the column is missing. {AGAIN}", column=name))
        elif name not in schema:
            faults.append(Fault(str(path), f"unknown column. {AGAIN}", column=name))
        elif found[name] != schema[name]:
            message = f"the type is {found[name]}, expected {schema[name]}. {AGAIN}"
            faults.append(Fault(str(path), message, column=name))
    if faults:
        raise InputError(faults)


def read_checked(path: Path, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of a file that `check_columns` has no fault of."""
    check_columns(path, schema)
    return pl.read_parquet(path)
