"""Tables are written as the contract says or not at all; a change of it needs a new version."""

import math
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract_rows import decision, evidence, row_of
from onconcord import contract
from onconcord.contract.digest import table_digest
from onconcord.errors import ContractError

MAJOR = contract.CONTRACT_VERSION.split(".")[0]
KEY = "center_id=A, pair_id=P, reference_id=GRCh37, chrom=chr20, pos=5, ref=A, alt=C"


def faults_of(name, rows, path, **options):
    with pytest.raises(ContractError) as caught:
        contract.write(name, rows, path, **options)
    assert list(path.parent.iterdir()) == [], "nothing is left of a table that was refused"
    return str(caught.value).splitlines()


def has_key(table, tier):
    return {field.name for field in table.fields_of(tier)} >= set(table.key)


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        pytest.param(table.name, tier, marks=[] if tier == "local" else pytest.mark.slow)
        for table in contract.load().tables.values()
        for tier in contract.TIERS
        if has_key(table, tier)
    ],
)
def test_every_table_is_read_back_as_it_was_written(tmp_path, name, tier):
    path = tmp_path / "t.parquet"
    fields = contract.load().tables[name].fields_of(tier)
    row = {k: v for k, v in row_of(name).items() if k in {field.name for field in fields}}
    digest = contract.write(name, [row], path, tier=tier)
    table = contract.read_file(name, path, fill=False)
    assert table.to_pylist() == [
        row | {k: sorted(v) for k, v in row.items() if isinstance(v, list)}
    ]
    assert table_digest(table) == digest
    assert table.schema.equals(contract.load().tables[name].schema(tier), check_metadata=True)
    assert contract.validate(name, pq.read_table(path), tier) == []


@pytest.mark.parametrize("name", sorted(contract.load().tables))
def test_an_empty_table_has_its_whole_schema(tmp_path, name):
    path = tmp_path / "t.parquet"
    assert contract.write(name, [], path).rows == 0
    schema = contract.load().tables[name].schema()
    assert pq.read_schema(path).equals(schema, check_metadata=True)


ROWS = [
    decision(pos=9, detail_json=None),
    decision(ordinal=2, outcome="drop", detail_json=None),
    decision(detail_json='{"a":1}'),
]
FORMS = {
    "mappings": lambda: ROWS,
    "arrow": lambda: pa.Table.from_pylist(ROWS).set_column(
        4, "pos", pa.array([9, 5, 5], pa.int64())
    ),
    "arrow in chunks": lambda: pa.concat_tables(
        [pa.Table.from_pylist(ROWS[i : i + 1], pa.Table.from_pylist(ROWS).schema) for i in range(3)]
    ),
    "polars": lambda: pl.DataFrame(ROWS, infer_schema_length=None),
    "dictionary": lambda: pa.Table.from_pylist(ROWS).set_column(
        9, "outcome", pa.array(["keep", "drop", "keep"]).dictionary_encode()
    ),
    "another order": lambda: ROWS[::-1],
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_any_form_and_order_give_the_same_bytes(tmp_path, form):
    one, two = tmp_path / "1.parquet", tmp_path / "2.parquet"
    first = contract.write("decision", ROWS, one)
    assert contract.write("decision", FORMS[form](), two) == first
    assert one.read_bytes() == two.read_bytes()
    assert [(r["pos"], r["ordinal"]) for r in contract.read_file("decision", two).to_pylist()] == [
        (5, 1),
        (5, 2),
        (9, 1),
    ]


def test_a_table_in_pieces_has_the_same_bytes_as_in_one(tmp_path):
    count = 2 * contract.ROW_GROUP_ROWS + 17
    table = pa.table(
        {name: pa.repeat(value, count) for name, value in decision().items()}
    ).set_column(4, "pos", pa.array(range(1, count + 1), pa.int32()))
    whole = contract.write("decision", table, tmp_path / "whole.parquet")
    with contract.TableWriter("decision", tmp_path / "pieces.parquet") as writer:
        for start in range(0, count, 50_000):
            writer.write(table.slice(start, 50_000))
    assert writer.digest == whole
    assert (tmp_path / "pieces.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    meta = pq.read_metadata(tmp_path / "whole.parquet")
    groups = [meta.row_group(i) for i in range(meta.num_row_groups)]
    assert [g.num_rows for g in groups] == [contract.ROW_GROUP_ROWS] * 2 + [17]
    assert [c.column_index for c in groups[0].sorting_columns] == list(range(8))
    column = groups[0].column(4)
    assert (column.compression, column.statistics.min) == ("ZSTD", 1)
    assert meta.format_version == "2.6"
    assert b"pandas" not in meta.metadata


def test_a_piece_that_comes_too_late_is_refused(tmp_path):
    path = tmp_path / "t.parquet"

    def write():
        with contract.TableWriter("decision", path) as writer:
            writer.write([decision()])
            writer.write([decision(pos=4)])

    with pytest.raises(ContractError, match=r"pos=4.*expected a key after those already written"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "t.parquet"
    contract.write("decision", [decision()], path)
    before = path.read_bytes()

    def write():
        with contract.TableWriter("decision", path) as writer:
            writer.write([decision(pos=7)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [decision(outcome="maybe")],
            f'decision, "outcome": row {KEY}, ordinal=1: found "maybe"; expected a code of '
            "vocabulary decision_outcome: keep, flag, drop, rescue",
            id="vocabulary",
        ),
        pytest.param(
            [decision(), decision()],
            f"decision: row {KEY}, ordinal=1: expected a key of its own: two rows have this one",
            id="key twice",
        ),
        pytest.param(
            [decision(rule_id=None)],
            f'decision, "rule_id": row {KEY}, ordinal=1: found null; expected a value: it may '
            "not be null",
            id="null",
        ),
        pytest.param(
            [{k: v for k, v in decision().items() if k != "rule_id"}],
            'decision, "rule_id": the column is missing: give it a value',
            id="column missing",
        ),
        pytest.param(
            [decision(rule_id="")],
            f'decision, "rule_id": row {KEY}, ordinal=1: found ""; expected null where there is '
            "no value, never an empty string",
            id="empty string",
        ),
        pytest.param(
            [decision(detail_json="NA")],
            f'decision, "detail_json": row {KEY}, ordinal=1: found "NA"; expected null where '
            "there is no value",
            id="placeholder",
        ),
        pytest.param(
            [decision(ref=".")],
            f'decision, "ref": row {KEY.replace("ref=A", "ref=.")}, ordinal=1: found "."; '
            "expected null where there is no value",
            id="dot in a column that may not be null",
        ),
        pytest.param(
            [decision(), decision(pos="6")],
            "decision, \"pos\": row 1 (from 0): found '6'; expected int32",
            id="text for a number",
        ),
        pytest.param(
            [decision(pos=5.5)],
            'decision, "pos": row 0 (from 0): found 5.5; expected int32',
            id="fraction for an integer",
        ),
        pytest.param(
            [evidence(filters="abc")],
            "variant_call_evidence, \"filters\": row 0 (from 0): found 'abc'; expected "
            "list<string>",
            id="text for a list",
        ),
        pytest.param(
            [decision(pos=2**31)],
            'decision, "pos": row 0 (from 0): found 2147483648; expected int32',
            id="integer too large",
        ),
        pytest.param(
            [decision(rule_id=7)],
            'decision, "rule_id": row 0 (from 0): found 7; expected string',
            id="number for text",
        ),
        pytest.param(
            pa.Table.from_pylist([decision()]).set_column(4, "pos", pa.array(["5"])),
            'decision, "pos": the type is string; expected int32',
            id="column of another type",
        ),
        pytest.param(
            [decision(pos=-1)],
            f'decision, "pos": row {KEY.replace("pos=5", "pos=-1")}, ordinal=1: found -1; '
            "expected at least 1, or null where unknown",
            id="below its minimum",
        ),
    ],
)
def test_a_table_that_breaks_the_contract_is_refused(tmp_path, rows, expected):
    name = expected.split(",")[0].split(":")[0]
    assert faults_of(name, rows, tmp_path / "t.parquet") == [expected]


def test_an_unknown_column_is_named(tmp_path):
    (fault,) = faults_of("retraction", [row_of("retraction") | {"note": 1}], tmp_path / "t.parquet")
    assert fault == (
        'retraction, "note": the contract has no such column; expected some of center_id, '
        "pair_id, from_release, reason_code"
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_float_that_is_no_number_is_refused(tmp_path, value):
    (fault,) = faults_of("variant_call_evidence", [evidence(qual=value)], tmp_path / "t.parquet")
    assert fault == (
        f'variant_call_evidence, "qual": row {KEY}, caller=one: found {value}; expected a finite '
        "number, or null where it was not measured"
    )


def test_every_fault_comes_at_once_and_many_rows_are_counted(tmp_path):
    rows = [evidence(pos=p, match="?", tumor_depth=-1) for p in range(1, 10)]
    faults = faults_of("variant_call_evidence", rows, tmp_path / "t.parquet")
    assert len(faults) == 12
    assert (
        'variant_call_evidence, "tumor_depth": 4 more rows have this fault (expected at least 0, '
        "or null where unknown)" in faults
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(-0.0, "0.0", id="no negative zero"),
        pytest.param(1 / 3, "0.333333", id="rounded as stated"),
        pytest.param(1, "1.0", id="an integer is a float"),
        pytest.param(None, "None", id="null stays null"),
    ],
)
def test_floats_in_normal_form(tmp_path, value, expected):
    path = tmp_path / "t.parquet"
    contract.write("variant_call_evidence", [evidence(vaf_reported=value)], path)
    found = contract.read_file("variant_call_evidence", path).column("vaf_reported")[0].as_py()
    assert repr(found) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(["b", "a", "b"], ["a", "b"], id="sorted and distinct"),
        pytest.param({"b", "a"}, ["a", "b"], id="a Python set"),
        pytest.param([], [], id="empty is not null"),
        pytest.param(None, None, id="null is not empty"),
    ],
)
def test_lists_are_sets(tmp_path, value, expected):
    path = tmp_path / "t.parquet"
    rows = [
        evidence(filters=["z", "y"], pos=1),
        evidence(filters=value),
        evidence(filters=["x"], pos=9),
    ]
    contract.write("variant_call_evidence", rows, path)
    found = contract.read_file("variant_call_evidence", path).column("filters").to_pylist()
    assert found == [["y", "z"], expected, ["x"]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(["a", None], "no null in a list", id="null"),
        pytest.param(
            [""], "null where there is no value, never an empty string", id="empty string"
        ),
    ],
)
def test_a_list_with_a_bad_element_is_refused(tmp_path, value, expected):
    (fault,) = faults_of("variant_call_evidence", [evidence(filters=value)], tmp_path / "t.parquet")
    assert fault == (
        f'variant_call_evidence, "filters": row {KEY}, caller=one: found {value}; '
        f"expected {expected}"
    )


WITHOUT_PANDAS = """
import sys
import polars as pl
from onconcord import contract
rows = {rows!r}
contract.write("variant_call_evidence", rows, {first!r})
contract.write("variant_call_evidence", pl.DataFrame(rows, infer_schema_length=None), {second!r})
assert "pandas.core" not in sys.modules
"""


@pytest.mark.slow
def test_tables_are_written_without_the_second_that_pandas_takes_to_start(tmp_path):
    rows = [
        evidence(pos=pos, filters=filters, qual=0.5, normal_depth=1)
        for pos, filters in ((7, ["b", "a"]), (6, []), (5, None))
    ]
    paths = [str(tmp_path / f"{name}.parquet") for name in ("first", "second")]
    script = WITHOUT_PANDAS.format(rows=rows, first=paths[0], second=paths[1])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    assert Path(paths[0]).read_bytes() == Path(paths[1]).read_bytes()


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "type_"),
    [
        pytest.param("decision", decision, "pos", 2**31, "int32", id="more than 32 bits"),
        pytest.param(
            "variant_call_evidence", evidence, "qual", 2**60 + 1, "float64", id="no such float"
        ),
    ],
)
def test_a_whole_number_that_its_column_cannot_hold_is_refused(
    tmp_path, table, row, column, value, type_
):
    (fault,) = faults_of(table, [row(**{column: value})], tmp_path / "t.parquet")
    assert fault == f'{table}, "{column}": row 0 (from 0): found {value}; expected {type_}'


def test_text_is_composed(tmp_path):
    path = tmp_path / "t.parquet"
    contract.write("decision", [decision(rule_id="e\u0301")], path)
    assert contract.read_file("decision", path).column("rule_id").to_pylist() == ["\u00e9"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(["e\u0301"], ["\u00e9"], id="the only element"),
        pytest.param(["z", "e\u0301"], ["z", "\u00e9"], id="sorted as composed"),
        pytest.param(["b", "a", "b"], ["a", "b"], id="unsorted and doubled"),
    ],
)
def test_a_list_that_is_a_set_is_composed_sorted_and_distinct(tmp_path, filters, expected):
    path = tmp_path / "t.parquet"
    contract.write("variant_call_evidence", [evidence(filters=filters)], path)
    (found,) = contract.read_file("variant_call_evidence", path).column("filters").to_pylist()
    assert found == expected


def test_the_one_empty_string_of_the_contract(tmp_path):
    row = row_of("structural_variant", insert_seq="")
    contract.write("structural_variant", [row], tmp_path / "t.parquet")
    (found,) = contract.read_file("structural_variant", tmp_path / "t.parquet").to_pylist()
    assert found["insert_seq"] == ""


def test_a_column_of_a_tighter_tier_is_refused_in_a_looser_release(tmp_path):
    row = evidence(normal_alt_count=1)
    del row["raw_record_key"]
    (fault,) = faults_of("variant_call_evidence", [row], tmp_path / "t.parquet", tier="consortium")
    assert fault == (
        'variant_call_evidence, "normal_alt_count": the column is of tier controlled; a table of '
        "tier consortium must not have it: leave it out"
    )


def test_a_release_of_a_tier_lacks_the_columns_of_tighter_ones(tmp_path):
    path = tmp_path / "t.parquet"
    row = {name: value for name, value in evidence().items() if name != "raw_record_key"}
    contract.write("variant_call_evidence", [row], path, tier="consortium")
    names = pq.read_schema(path).names
    assert "tumor_depth" in names
    assert not {"normal_alt_count", "info_json", "raw_record_key"} & set(names)
    filled = contract.read_file("variant_call_evidence", path)
    assert filled.column("info_json").to_pylist() == [None]


@pytest.mark.parametrize(
    ("change", "column", "expected"),
    [
        pytest.param(
            lambda t: t.take([1, 0]), "", "expected a key after that of the row before", id="order"
        ),
        pytest.param(
            lambda t: pa.concat_tables([t.slice(0, 1), t]), "", "a key of its own", id="key twice"
        ),
        pytest.param(
            lambda t: t.drop_columns("rule_id"), "rule_id", "the column is missing", id="missing"
        ),
        pytest.param(
            lambda t: t.append_column("x", [["a", "b"]]), "x", "no such column", id="unknown"
        ),
        pytest.param(
            lambda t: t.set_column(4, "pos", t["pos"].cast(pa.int64())),
            "pos",
            "the type is int64; expected int32",
            id="type",
        ),
        pytest.param(
            lambda t: t.append_column("pos", t["pos"]), "pos", "the column occurs twice", id="twice"
        ),
        pytest.param(
            lambda t: t.set_column(9, "outcome", pa.array(["keep", "x"])),
            "outcome",
            'found "x"; expected a code of vocabulary decision_outcome',
            id="vocabulary",
        ),
    ],
)
def test_validate_finds_what_another_writer_broke(tmp_path, change, column, expected):
    path = tmp_path / "t.parquet"
    contract.write("decision", [decision(), decision(pos=9)], path)
    table = contract.read_file("decision", path).replace_schema_metadata()
    assert contract.validate("decision", table) == []
    (fault,) = contract.validate("decision", change(table))
    assert (fault.source, fault.column) == ("decision", column)
    assert expected in fault.message


def test_validate_finds_a_list_that_is_no_set():
    table = contract.prepare("variant_call_evidence", [evidence(filters=["a", "b"])])
    index = table.schema.get_field_index("filters")
    column = pa.array([["b", "a"]], pa.list_(pa.string()))
    broken = table.set_column(index, table.schema.field(index), column)
    (fault,) = contract.validate("variant_call_evidence", broken)
    assert fault.message == (
        f"row {KEY}, caller=one: found ['b', 'a']; expected sorted and distinct elements"
    )


def write_raw(path, table, version):
    metadata = {"onconcord.contract_version": version}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def test_an_older_minor_reads_with_null_and_a_newer_one_without_its_column(tmp_path):
    path = tmp_path / "t.parquet"
    table = contract.prepare("decision", [decision(detail_json="{}")])
    write_raw(path, table.drop_columns("detail_json"), f"{MAJOR}.0.0")
    assert contract.read_file("decision", path).column("detail_json").to_pylist() == [None]
    write_raw(path, table.append_column("new", [["x"]]), f"{MAJOR}.999.0")
    assert contract.read_file("decision", path).equals(table)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (f"{MAJOR}.0.0", r'"new": the contract has no such column'),
        ("999.0.0", f"the file follows contract 999.0.0, this installation {MAJOR}."),
    ],
)
def test_a_file_of_another_contract_is_refused(tmp_path, version, expected):
    path = tmp_path / "t.parquet"
    table = contract.prepare("decision", [decision()])
    write_raw(path, table.append_column("new", [["x"]]), version)
    with pytest.raises(ContractError, match=expected):
        contract.read_file("decision", path)


@pytest.mark.parametrize("content", [b"", b"PAR1 not parquet", None], ids=["empty", "text", "none"])
def test_a_file_that_is_not_parquet_is_named(tmp_path, content):
    path = tmp_path / "t.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ContractError, match=r"t\.parquet: not a readable Parquet file"):
        contract.read_file("decision", path)


def test_vocabulary_rows_are_a_table(tmp_path):
    digest = contract.write(
        "vocabulary", contract.vocabulary_rows("A"), tmp_path / "vocabulary.parquet"
    )
    assert digest.rows == sum(len(codes) for codes in contract.load().vocabularies.values())
