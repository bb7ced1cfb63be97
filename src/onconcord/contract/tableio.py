"""Tables in and out of files: rows become the contract's form, or are refused."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onconcord.contract.arrow import to_array
from onconcord.contract.checking import (
    as_one,
    column_faults,
    order_faults,
    row_key,
    schema_faults,
)
from onconcord.contract.digest import Digest, Digester
from onconcord.contract.model import CONTRACT_VERSION, Field, Table, load
from onconcord.contract.values import normal_form
from onconcord.errors import ContractError, Fault
from onconcord.files import whole_file

Rows: TypeAlias = Sequence[Mapping[str, Any]] | pa.Table | pl.DataFrame

NONE = type(None)
PYTHON_TYPES: dict[str, set[type]] = {
    "string": {NONE, str, np.str_},
    "int32": {NONE, int, np.int32, np.int64},
    "int64": {NONE, int, np.int32, np.int64},
    "float64": {NONE, float, int, np.float64},
    "bool": {NONE, bool, np.bool_},
    "timestamp_us_utc": {NONE, datetime.datetime},
    "list<string>": {NONE, list, tuple, set, frozenset},
}
"""Types of the values that mappings may hold; None is one everywhere."""

_EXACT = 2**53
"""Up to here every whole number is a float64."""

ROW_GROUP_ROWS = 131_072
"""Rows of a row group; part of the file's form, not of its content digest."""


def prepare(name: str, rows: Rows, tier: str = "local") -> pa.Table:
    """
    Rows in the contract's form: cast, missing nullable columns null, sorted by key, checked.

    Floats are rounded as the contract says and have no negative zero, strings are NFC, lists that
    are sets are sorted and made distinct.

    Args:
        name: name of the table in the contract.
        rows: mappings, an Arrow table or a polars frame; absent nullable columns are null.
        tier: tier of the release the rows are for; columns of a tighter one are refused.
    Raises:
        ContractError: unknown columns, values of another type, null in a column that may not be
            null, codes outside their vocabulary, empty strings, NaN, a key that occurs twice.
    """
    spec = load().tables[name]
    fields = spec.fields_of(tier)
    columns, faults, count = _columns(spec, rows, tier)
    arrays = []
    for field in fields:
        if field.name not in columns:
            if not field.nullable and count:
                faults.append(
                    Fault(name, "the column is missing: give it a value", column=field.name)
                )
            arrays.append(pa.nulls(count, field.arrow_type))
            continue
        try:
            arrays.append(normal_form(spec, field, _cast(columns[field.name], field)))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError) as why:
            message = f"{_culprit(columns[field.name], field, why)}; expected {field.type}"
            faults.append(Fault(name, message, column=field.name))
    if faults:
        raise ContractError(faults)
    table = pa.Table.from_arrays(arrays, schema=spec.schema(tier))
    for field in fields:
        faults.extend(column_faults(spec, table, field))
    if faults:
        raise ContractError(faults)
    if not list(order_faults(spec, table)):
        return table
    table = _sorted(spec, table)
    if faults := list(order_faults(spec, table)):
        raise ContractError(faults)
    return table


def _columns(
    spec: Table, rows: Rows, tier: str
) -> tuple[dict[str, pa.Array | list[Any]], list[Fault], int]:
    """Columns by name, the faults of their names, and how many rows there are."""
    columns: dict[str, pa.Array | list[Any]]
    if isinstance(rows, pl.DataFrame):
        rows = rows.to_arrow()
    if isinstance(rows, pa.Table):
        names, count = rows.column_names, rows.num_rows
        columns = {name: as_one(rows.column(i)) for i, name in enumerate(names)}
    else:
        names, count = sorted({name for row in rows for name in row}), len(rows)
        columns = {name: [row.get(name) for row in rows] for name in names}
    known = pa.schema([pa.field(name, _type_of(spec, name)) for name in names])
    wrong = [
        fault
        for fault in schema_faults(spec, known, tier)
        if fault.column in names  # a missing column is reported, or filled, by the caller
    ]
    return columns, wrong, count


def _type_of(spec: Table, name: str) -> pa.DataType:
    return next((f.arrow_type for f in spec.fields if f.name == name), pa.string())


def _family(type_: pa.DataType) -> str:
    if pa.types.is_dictionary(type_):
        return _family(type_.value_type)
    if pa.types.is_null(type_):
        return "null"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        return "number"
    if pa.types.is_boolean(type_):
        return "bool"
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return "list"
    if pa.types.is_timestamp(type_):
        return "timestamp" if type_.tz is not None else "timestamp without time zone"
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return "string"
    return "string" if pa.types.is_string_view(type_) else str(type_)


def _cast(values: pa.Array | list[Any], field: Field) -> pa.Array:
    """Values in the field's type; nothing is parsed, rounded or cut off to make them fit."""
    if isinstance(values, list):
        # Arrow would cut 5.5 to 5 and take a text for a list of its letters
        if not set(map(type, values)) <= PYTHON_TYPES[field.type]:
            raise TypeError(f"the values are not all {field.type}")
        if field.type == "float64" and any(type(v) is int and abs(v) > _EXACT for v in values):
            raise TypeError("a whole number is no float64")
        if field.type == "list<string>":
            values = [sorted(v) if isinstance(v, set | frozenset) else v for v in values]
        return to_array(values, field.arrow_type)
    family, wanted = _family(values.type), _family(field.arrow_type)
    if family not in (wanted, "null"):
        raise TypeError(f"the type is {values.type}")
    if values.type.equals(field.arrow_type):
        return values
    return values.cast(field.arrow_type)


def _culprit(values: pa.Array | list[Any], field: Field, why: Exception) -> str:
    """The first value that does not fit, with its row; for a whole column, what Arrow says."""
    if isinstance(values, list):
        for row, value in enumerate(values):
            try:
                _cast([value], field)
            except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
                return f"row {row} (from 0): found {value!r}"
    return str(why).splitlines()[0]


def _sorted(spec: Table, table: pa.Table) -> pa.Table:
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in spec.key])
    return table.take(order)


class TableWriter:
    """
    Writes one file of a table from pieces in key order, in bounded memory.

    The file has its name only when it is whole: `with TableWriter(...) as writer`, then
    `writer.write(rows)` as often as wanted; afterwards `writer.digest`.

    Args:
        name: name of the table in the contract.
        path: the Parquet file; its folder exists.
        tier: tier of the release; columns of a tighter one are not in the file.
    """

    digest: Digest

    def __init__(self, name: str, path: Path, tier: str = "local") -> None:
        self._spec = load().tables[name]
        self._tier = tier
        self._path = path
        self._schema = self._spec.schema(tier)
        self._digester = Digester(self._schema)
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._last: tuple[Any, ...] | None = None
        self._files = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        writer = pq.ParquetWriter(
            self._files.enter_context(whole_file(self._path)),
            self._schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=9,
            use_dictionary=_dictionary_columns(self._spec, self._tier),
            write_statistics=True,
            store_schema=True,
            sorting_columns=pq.SortingColumn.from_ordering(
                self._schema, [(name, "ascending") for name in self._spec.key]
            ),
        )
        self._writer = self._files.enter_context(writer)
        return self

    def write(self, rows: Rows) -> None:
        """
        Take the next rows, which may be in any order among themselves.

        Raises:
            ContractError: as for `prepare`, or a key that is not after those already written.
        """
        table = prepare(self._spec.name, rows, self._tier)
        if table.num_rows == 0:
            return
        first, last = (self._key(table, row) for row in (0, table.num_rows - 1))
        if self._last is not None and first <= self._last:
            message = (
                f"row {row_key(self._spec, table, 0)}: expected a key after those already "
                "written; merge the pieces in key order"
            )
            raise ContractError.at(self._spec.name, message)
        self._last = last
        self._digester.update(table)
        self._pending.append(table)
        self._pending_rows += table.num_rows
        if self._pending_rows >= ROW_GROUP_ROWS:
            self._flush(self._pending_rows - self._pending_rows % ROW_GROUP_ROWS)

    def _key(self, table: pa.Table, row: int) -> tuple[Any, ...]:
        # Python orders text by code point, which is the order of its UTF-8 bytes
        return tuple(table.column(name)[row].as_py() for name in self._spec.key)

    def _flush(self, rows: int) -> None:
        assert self._writer is not None, "write() outside of with"
        # In one piece, so that the file does not depend on how the rows came
        table = pa.concat_tables(self._pending).combine_chunks()
        self._pending_rows = table.num_rows - rows
        self._pending = [table.slice(rows)] if self._pending_rows else []
        self._writer.write_table(table.slice(0, rows), row_group_size=ROW_GROUP_ROWS)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._files.__exit__(kind, error, trace)
            return
        with self._files:
            if self._pending:
                self._flush(self._pending_rows)
        self.digest = self._digester.finish()


def _dictionary_columns(spec: Table, tier: str) -> list[str]:
    paths = {"string": "{}", "list<string>": "{}.list.element"}
    return [
        paths[field.type].format(field.name)
        for field in spec.fields_of(tier)
        if field.type in paths and field.name not in spec.plain
    ]


def write(name: str, rows: Rows, path: Path, tier: str = "local") -> Digest:
    """
    Write one table as one file, and return its content digest.

    Args and errors: as for `prepare`; `path` is the Parquet file, whose folder exists.
    """
    with TableWriter(name, Path(path), tier) as writer:
        writer.write(rows)
    return writer.digest


def read_file(
    name: str, path: Path, columns: Iterable[str] | None = None, fill: bool = True
) -> pa.Table:
    """
    Read one file of a table in the types of this installation's contract.

    Args:
        name: name of the table in the contract.
        path: a Parquet file of this or an older or newer minor version of the contract.
        columns: columns to read, None for all.
        fill: whether nullable columns that the file lacks are added as null; False leaves them
            out, which keeps the digest of a release of a looser tier.
    Raises:
        ContractError: not a Parquet file, another major version, unknown, missing or retyped
            columns. Columns that a newer minor version added are left out.
    """
    spec = load().tables[name]
    wanted = None if columns is None else list(columns)
    try:
        file = pq.ParquetFile(path, memory_map=True)
        present = file.schema_arrow
        table = file.read([n for n in present.names if wanted is None or n in wanted])
    except (pa.ArrowInvalid, OSError) as why:
        message = f"not a readable Parquet file ({str(why).splitlines()[0]}): make it again"
        raise ContractError.at(path, message) from why
    version = (present.metadata or {}).get(b"onconcord.contract_version", b"").decode()
    faults = list(_version_faults(str(path), version))
    known = {field.name for field in spec.fields}
    if version and _numbers(version) > _numbers(CONTRACT_VERSION):
        table = table.select([n for n in table.column_names if n in known])
    for fault in schema_faults(spec, table.schema, "local"):
        if wanted is None or fault.column in wanted:
            faults.append(Fault(str(path), fault.message, column=fault.column))
    if faults:
        raise ContractError(faults)
    there = set(table.column_names)
    fields = [
        field
        for field in spec.fields
        if (wanted is None or field.name in wanted) and (fill or field.name in there)
    ]
    whole = spec.schema()
    schema = pa.schema([whole.field(field.name) for field in fields], metadata=whole.metadata)
    arrays = [
        _of_type(table.column(field.name), field.arrow_type)
        if field.name in there
        else pa.nulls(table.num_rows, field.arrow_type)
        for field in fields
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _of_type(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    return column if column.type == type_ else column.cast(type_)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _version_faults(source: str, version: str) -> Iterable[Fault]:
    if version and _numbers(version)[0] != _numbers(CONTRACT_VERSION)[0]:
        message = (
            f"the file follows contract {version}, this installation {CONTRACT_VERSION}: use a "
            "version of onconcord for that contract"
        )
        yield Fault(source, message)
