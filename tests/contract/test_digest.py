"""The content digest: nothing but the values, their types and their order moves it."""

import datetime
import hashlib
import json

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onconcord.contract import load
from onconcord.contract.digest import BLOCK_ROWS, Digester, table_digest
from random_cases import cases

UTC = datetime.UTC
TYPES = {
    "key": pa.int64(),
    "s": pa.string(),
    "i": pa.int32(),
    "f": pa.float64(),
    "b": pa.bool_(),
    "t": pa.timestamp("us", tz="UTC"),
    "l": pa.list_(pa.string()),
}
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "s": st.none() | text,
            "i": st.none() | st.integers(-(2**31), 2**31 - 1),
            "f": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "b": st.none() | st.booleans(),
            "t": st.none()
            | st.datetimes(
                datetime.datetime(1970, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.just(UTC)
            ),
            "l": st.none() | st.lists(text, max_size=3),
        }
    ),
    max_size=20,
)
SETTINGS = cases(30)


def table_of(values):
    schema = pa.schema(list(TYPES.items()))
    return pa.Table.from_pylist([{"key": i} | row for i, row in enumerate(values)], schema)


def by_polars(table, path):
    pl.from_arrow(table).write_parquet(path, row_group_size=3)
    return pl.read_parquet(path).to_arrow()


def by_duckdb(table, path):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("t", table)
        connection.execute(f"COPY (SELECT * FROM t ORDER BY key) TO '{path}' (FORMAT parquet)")
        return connection.sql(f"FROM '{path}'").to_arrow_table()


def by_pyarrow(table, path):
    pq.write_table(table, path, row_group_size=2, compression="none", use_dictionary=False)
    return pq.read_table(path)


def by_shuffled_shards(table, path):
    order = np.random.default_rng(0).permutation(table.num_rows)
    shuffled = table.take(pa.array(order))
    pieces = [shuffled.slice(i, 3) for i in range(0, shuffled.num_rows, 3)]
    return pa.concat_tables(pieces[::-1] or [table]).sort_by("key")


def by_other_representations(table, path):
    """Dictionary, large and view strings, in slices whose offsets are not zero."""
    padded = pa.concat_tables([table.slice(0, 1), table])
    sliced = padded.slice(min(1, table.num_rows))
    large = sliced.set_column(2, "i", sliced.column("i"))
    text_column = large.column("s")
    first, second = text_column.slice(0, 5), text_column.slice(5)
    for target in (pa.large_string(), pa.string_view()):
        column = pa.chunked_array([*first.cast(target).chunks, *second.cast(target).chunks], target)
        assert table_digest(large.set_column(1, "s", column)) == table_digest(table)
    lists = large.column("l").cast(pa.large_list(pa.large_string()))
    return large.set_column(1, "s", text_column.dictionary_encode()).set_column(6, "l", lists)


@pytest.mark.parametrize(
    "rewrite",
    [by_polars, by_duckdb, by_pyarrow, by_shuffled_shards, by_other_representations],
    ids=lambda function: function.__name__[3:],
)
@given(values=rows)
@SETTINGS
def test_a_rewritten_table_has_the_same_digest(tmp_path, rewrite, values):
    table = table_of(values)
    assert table_digest(rewrite(table, tmp_path / "t.parquet")) == table_digest(table)


@given(values=rows, sizes=st.lists(st.integers(0, 7), max_size=8))
@SETTINGS
def test_a_table_in_pieces_has_the_same_digest(values, sizes):
    table = table_of(values)
    digester, start = Digester(table.schema), 0
    for size in [*sizes, len(values)]:
        digester.update(table.slice(start, size))
        start += size
    assert digester.finish() == table_digest(table)


@pytest.mark.parametrize("rows", [BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS + 5])
def test_pieces_that_do_not_end_with_a_block(rows):
    numbers = np.arange(rows, dtype=np.int32)
    valid = numbers % 7 != 0
    strings = pa.array([f"v{n % 91}" for n in numbers], mask=~valid)
    table = pa.table({"n": numbers, "s": strings})
    digester = Digester(table.schema)
    for start in range(0, rows, 10_007):
        digester.update(table.slice(start, 10_007))
    assert digester.finish() == table_digest(table)


def test_the_digest_is_what_the_contract_writes_down():
    """Every byte of the definition, by hand, for one small table."""
    table = pa.table(
        {
            "n": pa.array([5, None, -1], pa.int32()),
            "s": pa.array(["a", None, "é"]),
            "f": pa.array([-0.0, 1.5, None]),
            "l": pa.array([["x", "yz"], None, []]),
        }
    )

    def words(*numbers):
        return np.array(numbers, "<i8").tobytes()

    expected = {
        "n": b"int32\n" + bytes([0b101]) + words(5, 0, -1),
        "s": b"string\n" + bytes([0b101]) + words(1, 0, 2) + "aé".encode(),
        "f": b"float64\n" + bytes([0b011]) + np.array([0.0, 1.5, 0.0], "<f8").tobytes(),
        "l": b"list<string>\n"
        + bytes([0b101])
        + words(2, 0, 0)
        + bytes([0b11])
        + words(1, 2)
        + b"xyz",
    }
    digest = table_digest(table)
    columns = {name: hashlib.sha256(data).hexdigest() for name, data in expected.items()}
    assert digest.columns == columns
    compact = json.dumps({"columns": columns, "rows": 3}, sort_keys=True, separators=(",", ":"))
    assert digest.sha256 == hashlib.sha256(compact.encode()).hexdigest()


BASE = [
    {"s": "a", "i": 1, "f": 0.5, "b": True, "t": datetime.datetime(2026, 1, 1), "l": ["p", "q"]},
    {"s": "b", "i": 0, "f": 0.0, "b": False, "t": datetime.datetime(1970, 1, 1), "l": []},
    {"s": "c", "i": None, "f": None, "b": None, "t": None, "l": None},
]


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        pytest.param(0, "s", "A", id="another string"),
        pytest.param(0, "s", None, id="a string becomes null"),
        pytest.param(0, "s", "", id="a string becomes empty"),
        pytest.param(0, "i", 2, id="another integer"),
        pytest.param(1, "i", None, id="0 becomes null"),
        pytest.param(2, "i", 0, id="null becomes 0"),
        pytest.param(0, "f", 0.5000000000000001, id="the last bit of a float"),
        pytest.param(1, "f", None, id="0.0 becomes null"),
        pytest.param(2, "b", False, id="null becomes false"),
        pytest.param(0, "b", False, id="another boolean"),
        pytest.param(1, "t", None, id="the epoch becomes null"),
        pytest.param(0, "t", datetime.datetime(2026, 1, 1, 0, 0, 0, 1), id="one microsecond"),
        pytest.param(0, "l", ["q", "p"], id="order inside a list"),
        pytest.param(0, "l", ["pq"], id="two elements become one"),
        pytest.param(1, "l", None, id="an empty list becomes null"),
        pytest.param(2, "l", [], id="null becomes an empty list"),
    ],
)
def test_a_changed_value_moves_its_column_and_no_other(row, column, value):
    changed = [dict(line) for line in BASE]
    changed[row][column] = value
    before, after = table_digest(table_of(BASE)), table_digest(table_of(changed))
    assert after.sha256 != before.sha256
    assert {name for name in TYPES if before.columns[name] != after.columns[name]} == {column}


@given(values=rows, seed=st.integers(0, 2**16))
@SETTINGS
def test_another_order_of_rows_moves_the_digest(values, seed):
    table = table_of(values)
    order = np.random.default_rng(seed).permutation(len(values))
    moved = table.take(pa.array(order))
    same = moved.drop_columns("key").equals(table.drop_columns("key"))
    assert (table_digest(moved, ["key"]) == table_digest(table, ["key"])) == same


@pytest.mark.parametrize(
    ("one", "two"),
    [
        pytest.param(pa.array([1], pa.int32()), pa.array([1], pa.int64()), id="int32, int64"),
        pytest.param(pa.array([0], pa.int64()), pa.array([0.0]), id="int64, float64"),
        pytest.param(pa.array([""]), pa.array([[]], pa.list_(pa.string())), id="string, list"),
        pytest.param(pa.array([True]), pa.array([1], pa.int32()), id="bool, int32"),
        pytest.param(pa.array(["ab", "c"]), pa.array(["a", "bc"]), id="where strings end"),
        pytest.param(pa.array([["a"], ["b"]]), pa.array([["a", "b"], []]), id="where lists end"),
    ],
)
def test_another_type_or_border_moves_the_digest(one, two):
    assert table_digest(pa.table({"x": one})) != table_digest(pa.table({"x": two}))


def test_names_count_and_the_order_of_columns_does_not():
    table = pa.table({"a": [1], "b": [2]})
    assert table_digest(table.select(["b", "a"])) == table_digest(table)
    assert table_digest(table.rename_columns(["a", "c"])) != table_digest(table)


def test_bytes_under_nulls_and_the_sign_of_zero_do_not_count():
    mask = pa.py_buffer(bytes([0b01]))
    dirty_int = pa.Array.from_buffers(pa.int32(), 2, [mask, pa.py_buffer(np.array([1, 9], "<i4"))])
    offsets = pa.py_buffer(np.array([0, 1, 3], "<i4"))
    dirty_text = pa.Array.from_buffers(pa.string(), 2, [mask, offsets, pa.py_buffer(b"abc")])
    words = pa.array(["a", "b", "c"])
    dirty_list = pa.Array.from_buffers(pa.list_(pa.string()), 2, [mask, offsets], children=[words])
    dirty = pa.table({"i": dirty_int, "s": dirty_text, "l": dirty_list, "f": pa.array([-0.0, 1])})
    clean = pa.table(
        {
            "i": pa.array([1, None], pa.int32()),
            "s": pa.array(["a", None]),
            "l": pa.array([["a"], None]),
            "f": pa.array([0.0, 1]),
        }
    )
    assert table_digest(dirty) == table_digest(clean)


@pytest.mark.parametrize("start", [0, 1, 2, 5, 9, 12])
@pytest.mark.parametrize("nulls", [False, True])
def test_a_slice_has_the_digest_of_its_rows(start, nulls):
    """Slices share the buffers of the whole, so that their offsets are not zero."""
    values = [None if nulls and i % 4 == 1 else "x" * i for i in range(12)]
    lists = [None if nulls and i % 4 == 2 else ["y" * i] * (i % 3) for i in range(12)]
    numbers = [None if nulls and i % 4 == 3 else i for i in range(12)]
    columns = {
        "s": values,
        "l": lists,
        "n": numbers,
        "b": [None if n is None else n > 3 for n in numbers],
    }
    types = [pa.string(), pa.list_(pa.string()), pa.int32(), pa.bool_()]
    schema = pa.schema(list(zip(columns, types, strict=True)))
    whole = pa.table(columns, schema)
    alone = pa.table({name: column[start:] for name, column in columns.items()}, schema)
    assert table_digest(whole.slice(start)) == table_digest(alone)


def test_excluded_columns_do_not_count():
    one, two = (pa.table({"center_id": [centre], "x": [1]}) for centre in ("A", "B"))
    assert table_digest(one, exclude=["center_id"]) == table_digest(two, exclude=["center_id"])
    assert table_digest(one) != table_digest(two)
    assert list(table_digest(one, exclude=["center_id"]).columns) == ["x"]


@pytest.mark.parametrize(
    "type_", [pa.float32(), pa.int16(), pa.date32(), pa.timestamp("us"), pa.null()], ids=str
)
def test_a_type_outside_the_closed_list_is_refused(type_):
    table = pa.table({"x": pa.array([None], type_)})
    with pytest.raises(
        TypeError, match=rf"type {type_}.* is not one of the contract's types".replace("[", r"\[")
    ):
        table_digest(table)


def test_the_block_is_the_constant_of_the_contract():
    assert load().constants["digest_block_rows"].value == BLOCK_ROWS
