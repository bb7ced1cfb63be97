"""What a table must be, checked column by column: every fault, with table, row key and column."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onconcord import placeholders
from onconcord.contract import digest
from onconcord.contract.arrow import FALSE, to_array, to_numpy, to_scalar
from onconcord.contract.model import ARROW_TYPES, Field, Table, load
from onconcord.errors import Fault

EXAMPLES = 5
"""Rows that are named per column and rule; the rest is counted."""

PLACEHOLDERS = to_array(list(placeholders.PLACEHOLDERS), pa.string())
_NO_BYTES = to_scalar(0, pa.int32())
_LONGEST_PLACEHOLDER = pc.max(pc.binary_length(PLACEHOLDERS)).as_py()

EMPTY_STRING_COLUMN = "insert_seq"
"""The one column in which the empty string means something: no inserted bases."""


def validate(name: str, table: pa.Table, tier: str = "local") -> list[Fault]:
    """
    Every fault of a table that claims to be in the contract's form.

    Args:
        name: name of the table in the contract.
        table: columns in any Arrow representation of the contract's types.
        tier: tier of the release the table is of; columns of a tighter one must be absent.
    """
    spec = load().tables[name]
    faults = list(schema_faults(spec, table.schema, tier))
    if faults:
        return faults
    table = plain_types(spec, table)
    for field in spec.fields_of(tier):
        if field.name in table.schema.names:
            faults.extend(column_faults(spec, table, field))
    if not faults:
        faults.extend(order_faults(spec, table))
    return faults


def schema_faults(spec: Table, schema: pa.Schema, tier: str) -> Iterator[Fault]:
    """Columns that are unknown, missing, doubled, of too tight a tier or of another type."""
    allowed = {field.name: field for field in spec.fields_of(tier)}
    known = {field.name: field for field in spec.fields}
    for name in sorted({name for name in schema.names if schema.names.count(name) > 1}):
        yield Fault(spec.name, "the column occurs twice; keep one", column=name)
    for column in schema:
        if column.name in allowed:
            field = allowed[column.name]
            try:
                type_ = digest.kind(column.type)
            except TypeError:
                type_ = str(column.type)
            if type_ != field.type:
                message = f"the type is {type_}; expected {field.type}"
                yield Fault(spec.name, message, column=column.name)
        elif column.name in known:
            message = (
                f"the column is of tier {known[column.name].tier}; a table of tier {tier} must not "
                "have it: leave it out"
            )
            yield Fault(spec.name, message, column=column.name)
        else:
            yield Fault(
                spec.name, f"the contract has no such column; {_columns(spec)}", column=column.name
            )
    for field in allowed.values():
        if field.name not in schema.names and not field.nullable:
            yield Fault(
                spec.name, "the column is missing, and it may not be null", column=field.name
            )


def _columns(spec: Table) -> str:
    return "expected some of " + ", ".join(field.name for field in spec.fields)


def plain_types(spec: Table, table: pa.Table) -> pa.Table:
    """The same table in the contract's own Arrow types, each column in one chunk."""
    arrays = []
    for column, name in zip(table.columns, table.column_names, strict=True):
        wanted = ARROW_TYPES[spec.field(name).type]
        arrays.append(as_one(column if column.type.equals(wanted) else column.cast(wanted)))
    return pa.table(arrays, names=table.column_names)


def as_one(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)


def row_key(spec: Table, table: pa.Table, row: int) -> str:
    """The key of a row as text, as far as the table has its columns."""
    names = [name for name in spec.key if name in table.schema.names]
    return ", ".join(f"{name}={table.column(name)[row].as_py()}" for name in names)


def _faults(
    spec: Table, table: pa.Table, field: Field, mask: pa.Array, expected: str
) -> Iterator[Fault]:
    """One fault per row where `mask` is true, up to EXAMPLES, and one for how many more."""
    rows = np.flatnonzero(_true(mask))
    for row in rows[:EXAMPLES]:
        value = table.column(field.name)[int(row)].as_py()
        text = f'"{value}"' if isinstance(value, str) else str(value)
        if value is None:
            text = "null"
        message = f"row {row_key(spec, table, int(row))}: found {text}; expected {expected}"
        yield Fault(spec.name, message, column=field.name)
    if len(rows) > EXAMPLES:
        message = f"{len(rows) - EXAMPLES} more rows have this fault (expected {expected})"
        yield Fault(spec.name, message, column=field.name)


def _true(mask: pa.Array) -> np.ndarray[Any, Any]:
    """Whether each value of a mask is true; null is not."""
    return to_numpy(pc.fill_null(mask, FALSE))


def _any(mask: pa.Array) -> bool:
    return bool(pc.any(mask).as_py())


def column_faults(spec: Table, table: pa.Table, field: Field) -> Iterator[Fault]:
    """Faults of the values of one column that is of the contract's type."""
    array = as_one(table.column(field.name))
    if not field.nullable and array.null_count:
        yield from _faults(spec, table, field, array.is_null(), "a value: it may not be null")
    if field.type == "float64":
        finite = pc.is_finite(array)
        if not pc.all(finite).as_py():
            expected = "a finite number, or null where it was not measured"
            yield from _faults(spec, table, field, pc.invert(finite), expected)
    for bound, compare, word in (
        (field.minimum, pc.less, "at least"),
        (field.maximum, pc.greater, "at most"),
    ):
        if bound is not None and _any(mask := compare(array, to_scalar(bound, field.arrow_type))):
            yield from _faults(spec, table, field, mask, f"{word} {bound}, or null where unknown")
    if field.type == "string":
        yield from _string_faults(spec, table, field, array)
    elif field.type == "list<string>":
        yield from _list_faults(spec, table, field, array)


def _bad_strings(field: Field, values: pa.Array) -> Iterator[tuple[pa.Array, str]]:
    """Masks over strings, each with what was expected instead."""
    if field.vocabulary:
        codes = _codes(field.vocabulary)
        unknown = pc.invert(pc.is_in(values, value_set=codes))
        mask = pc.and_(unknown, values.is_valid())
        if _any(mask):
            known = ", ".join(codes.to_pylist())
            yield mask, f"a code of vocabulary {field.vocabulary}: {known}"
        return
    lengths = pc.binary_length(values)
    shortest = pc.min(lengths).as_py()
    if shortest is None or shortest > _LONGEST_PLACEHOLDER:
        return
    placeholder = pc.is_in(values, value_set=PLACEHOLDERS.slice(0, None if field.nullable else 1))
    if _any(placeholder):
        yield placeholder, "null where there is no value"
    if field.name != EMPTY_STRING_COLUMN and _any(empty := pc.equal(lengths, _NO_BYTES)):
        yield empty, "null where there is no value, never an empty string"


@cache
def _codes(vocabulary: str) -> pa.Array:
    return to_array(list(load().vocabularies[vocabulary]), pa.string())


def _string_faults(spec: Table, table: pa.Table, field: Field, array: pa.Array) -> Iterator[Fault]:
    for mask, expected in _bad_strings(field, array):
        yield from _faults(spec, table, field, mask, expected)


def _list_faults(spec: Table, table: pa.Table, field: Field, array: pa.Array) -> Iterator[Fault]:
    values, parents = array.flatten(), to_numpy(pc.list_parent_indices(array))
    if len(values) == 0:
        return

    def rows(mask: pa.Array) -> pa.Array:
        hit = np.zeros(len(array), np.bool_)
        hit[parents[_true(mask)]] = True
        return to_array(hit, pa.bool_())

    if values.null_count:
        yield from _faults(spec, table, field, rows(values.is_null()), "no null in a list")
    for mask, expected in _bad_strings(field, values):
        yield from _faults(spec, table, field, rows(mask), expected)
    if field.name in spec.sets and len(values) > 1 and not values.null_count:
        together = to_array(parents[1:] == parents[:-1], pa.bool_())
        rising = pc.less(values.slice(0, len(values) - 1), values.slice(1))
        broken = pc.and_(together, pc.invert(rising))
        if _any(broken):
            mask = pa.concat_arrays([to_array([False], pa.bool_()), broken])
            yield from _faults(spec, table, field, rows(mask), "sorted and distinct elements")


def adjacent(spec: Table, table: pa.Table) -> tuple[pa.Array, pa.Array]:
    """
    How each row but the first relates to the row before it by the key.

    Returns:
        Two arrays of booleans, shape (rows - 1,): the key falls; the key is the same.
    """
    last = table.num_rows - 1
    falls = to_array(np.zeros(last, np.bool_), pa.bool_())
    same = to_array(np.ones(last, np.bool_), pa.bool_())
    for name in spec.key:
        column = as_one(table.column(name))
        before, after = column.slice(0, last), column.slice(1)
        falls = pc.or_(falls, pc.and_(same, pc.greater(before, after)))
        same = pc.and_(same, pc.equal(before, after))
    return falls, same


def order_faults(spec: Table, table: pa.Table) -> Iterator[Fault]:
    """Rows that are not in key order, or whose key is that of the row before."""
    if table.num_rows < 2:
        return
    falls, same = adjacent(spec, table)
    for mask, expected in (
        (falls, "a key after that of the row before: sort by the key"),
        (same, "a key of its own: two rows have this one"),
    ):
        for row in np.flatnonzero(_true(mask))[:EXAMPLES]:
            key = row_key(spec, table, int(row) + 1)
            yield Fault(spec.name, f"row {key}: expected {expected}")
