"""
The content digest of a table: the same for the same values, whatever program wrote them.

Per column, SHA-256 over the name of the type, then per block of `digest_block_rows` rows over
- the validity bits of the rows, least significant bit first, padded to whole bytes;
- integers and timestamps as little-endian int64, floats as little-endian float64 (-0.0 as 0.0, one
  NaN), booleans packed as the validity is; 0 where the value is null;
- strings as little-endian int64 lengths in bytes (0 where null) and then their UTF-8 in one piece;
- lists as little-endian int64 lengths (0 where null) and then, as above, all their elements.

The digest of the table is SHA-256 over the compact JSON {"columns": {name: hex}, "rows": n} with
sorted keys. Row order counts, column order does not. Chunks, offsets, dictionaries, the width of
string offsets, bytes under nulls and row groups do not count.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onconcord.canonical_json import json_sha256
from onconcord.contract.arrow import FALSE, to_numpy, to_scalar
from onconcord.contract.model import whole_number

_ZERO = to_scalar(0, pa.int64())
_NO_TEXT = to_scalar("", pa.string())

BLOCK_ROWS = whole_number("digest_block_rows")
"""Rows per block of the digest; part of its definition."""

Update = Callable[[Any], object]


@dataclass(frozen=True)
class Digest:
    """Rows, SHA-256 of every column by name, and SHA-256 of the table, all as hex."""

    rows: int
    columns: dict[str, str]
    sha256: str

    @classmethod
    def of(cls, rows: int, columns: dict[str, str]) -> Self:
        """The digest of a table that has this many rows and these digests of columns."""
        return cls(rows, columns, json_sha256({"rows": rows, "columns": columns}))


@cache
def kind(type_: pa.DataType) -> str:
    """
    Name of the contract's type that holds the values of an Arrow type.

    Raises:
        TypeError: the type is not one of the contract's closed list.
    """
    if pa.types.is_dictionary(type_):
        return kind(type_.value_type)
    if _is_string(type_):
        return "string"
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        if kind(type_.value_type) == "string":
            return "list<string>"
    elif pa.types.is_timestamp(type_):
        if type_.unit == "us" and type_.tz is not None:
            return "timestamp_us_utc"
    elif pa.types.is_int32(type_) or pa.types.is_int64(type_) or pa.types.is_boolean(type_):
        return str(type_)
    elif pa.types.is_float64(type_):
        return "float64"
    raise TypeError(f"type {type_} is not one of the contract's types")


def _is_string(type_: pa.DataType) -> bool:
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(check(type_) for check in checks)


def _validity(array: pa.Array) -> np.ndarray[Any, Any] | None:
    """One boolean per row, None where every row is valid."""
    if array.null_count == 0:
        return None
    return to_numpy(array.is_valid())


def _put_validity(update: Update, rows: int, valid: np.ndarray[Any, Any] | None) -> None:
    bits = np.ones(rows, np.bool_) if valid is None else valid
    update(np.packbits(bits, bitorder="little"))


def _put_values(update: Update, array: pa.Array, name: str) -> None:
    if name == "bool":
        update(np.packbits(to_numpy(pc.fill_null(array, FALSE)), bitorder="little"))
        return
    if name == "timestamp_us_utc":
        array = array.cast(pa.int64())
    values = to_numpy(pc.fill_null(array, _ZERO.cast(array.type)))
    if name == "float64":
        values = values + 0.0  # -0.0 + 0.0 is 0.0
        values[np.isnan(values)] = np.nan
        update(np.ascontiguousarray(values, "<f8"))
    else:
        update(np.ascontiguousarray(values, "<i8"))


def _offsets(array: pa.Array) -> np.ndarray[Any, Any]:
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_list(array.type)
    buffer = array.buffers()[1]
    if buffer is None or len(array) == 0:
        return np.zeros(1, np.int64)
    offsets = np.frombuffer(buffer, "<i8" if wide else "<i4")
    return offsets[array.offset : array.offset + len(array) + 1].astype(np.int64)


def _put_strings(update: Update, array: pa.Array, valid: np.ndarray[Any, Any] | None) -> None:
    offsets = _offsets(array)
    lengths = np.diff(offsets)
    if valid is not None and lengths[~valid].any():
        _put_strings(update, pc.fill_null(array, _NO_TEXT.cast(array.type)), None)
        return
    update(np.ascontiguousarray(lengths, "<i8"))
    data = array.buffers()[2]
    if data is not None and offsets[-1] > offsets[0]:
        update(memoryview(data)[offsets[0] : offsets[-1]])


def _put_block(update: Update, array: pa.Array, name: str) -> None:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    valid = _validity(array)
    _put_validity(update, len(array), valid)
    if name == "string":
        _put_strings(update, array, valid)
    elif name == "list<string>":
        lengths = np.diff(_offsets(array))
        if valid is not None:
            lengths[~valid] = 0
        update(np.ascontiguousarray(lengths, "<i8"))
        # flatten() leaves out what lies under nulls and outside a slice
        _put_block(update, array.flatten(), "string")
    else:
        _put_values(update, array, name)


def _contiguous(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.nulls(0, column.type)
    chunks = column.chunks
    if pa.types.is_dictionary(column.type):
        chunks = [chunk.dictionary_decode() for chunk in chunks]
    return pa.concat_arrays(chunks)


class Digester:
    """
    Content digest of a table that comes in pieces of any size.

    Args:
        schema: names and types of the columns; every piece has them.
        exclude: columns that do not count (center_id, where two centres are compared).
    Raises:
        TypeError: a column's type is not one of the contract's types.
    """

    def __init__(self, schema: pa.Schema, exclude: Iterable[str] = ()) -> None:
        left_out = set(exclude)
        self._kinds = {
            field.name: kind(field.type) for field in schema if field.name not in left_out
        }
        if len(self._kinds) + len(left_out & set(schema.names)) != len(schema.names):
            raise TypeError(f"a column occurs twice in {schema.names}")
        self._hashes = {
            name: hashlib.sha256(type_.encode() + b"\n") for name, type_ in self._kinds.items()
        }
        self._rows = 0
        self._pending: pa.Table | None = None

    def update(self, piece: pa.Table) -> None:
        """Take the next rows."""
        piece = piece.select(list(self._kinds))
        self._rows += piece.num_rows
        if self._pending is not None:
            piece = pa.concat_tables([self._pending, piece])
        whole = piece.num_rows - piece.num_rows % BLOCK_ROWS
        self._put(piece.slice(0, whole))
        self._pending = piece.slice(whole) if whole < piece.num_rows else None

    def _put(self, table: pa.Table) -> None:
        for name, type_ in self._kinds.items():
            update, column = self._hashes[name].update, table.column(name)
            for start in range(0, table.num_rows, BLOCK_ROWS):
                _put_block(update, _contiguous(column.slice(start, BLOCK_ROWS)), type_)

    def finish(self) -> Digest:
        """Digest of everything taken so far; nothing can be taken after it."""
        if self._pending is not None:
            self._put(self._pending)
            self._pending = None
        columns = {name: hash_.hexdigest() for name, hash_ in self._hashes.items()}
        return Digest.of(self._rows, columns)


def table_digest(table: pa.Table, exclude: Iterable[str] = ()) -> Digest:
    """
    Content digest of a table whose rows are in the contract's order.

    Args:
        table: columns of the contract's types, in any Arrow representation of them.
        exclude: columns that do not count.
    Raises:
        TypeError: a column's type is not one of the contract's types.
    """
    digester = Digester(table.schema, exclude)
    digester.update(table)
    return digester.finish()
