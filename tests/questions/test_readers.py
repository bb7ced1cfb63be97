"""A release of two centres with different minor versions of the contract, in every reader."""

import json
import subprocess
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import onconcord
from onconcord import contract
from onconcord.contract import artefacts
from onconcord.errors import InputError

NAME = "variant_call_evidence"
NEWEST = "info_json"
"""The last column of the table: the older centre's files do not have it."""


def evidence(centre, pos, **changes):
    row = {"center_id": centre, "pair_id": f"{centre}-P1", "reference_id": "GRCh37"}
    row |= {"chrom": "chr20", "pos": pos, "ref": "A", "alt": "C", "caller": "one"}
    row |= {"match": "exact", "raw_record_key": f"20:{pos}:A:C", "is_pass": True}
    return row | changes


NEW = [
    evidence("NEW", 5, tumor_depth=30, filters=[], vaf_reported=0.1, info_json='{"a":1}'),
    evidence("NEW", 2**24 + 1, filters=["one.b", "one.a"], is_pass=False),
]
OLD = [evidence("OLD", 7, qual=1.5, tumor_depth=2**24 + 1), evidence("OLD", 9, filters=["one.a"])]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Every table of both centres; those of centre OLD lack the newest column."""
    folder = tmp_path_factory.mktemp("readers") / "release=r2026-11"
    for name in contract.load().tables:
        for centre, rows in (("NEW", NEW), ("OLD", OLD)):
            path = folder / name / f"center={centre}" / "part-0000.parquet"
            path.parent.mkdir(parents=True)
            contract.write(name, rows if name == NAME else [], path)
    old = folder / NAME / "center=OLD" / "part-0000.parquet"
    pq.write_table(pq.ParquetFile(old).read().drop_columns(NEWEST), old)
    artefacts.write_all(folder)
    return folder


@pytest.fixture(scope="module")
def expected():
    """The rows of both centres with every column, null where it has no value."""
    return [
        {field.name: row.get(field.name) for field in contract.load().tables[NAME].fields}
        | {"filters": sorted(row["filters"]) if "filters" in row else None}
        for row in [*NEW, *OLD]
    ]


def test_pyarrow_with_the_schema_of_the_contract(release, expected):
    schema = contract.load().tables[NAME].schema()
    table = ds.dataset(release / NAME, schema=schema, partitioning="hive").to_table()
    assert table.sort_by([("center_id", "ascending"), ("pos", "ascending")]).to_pylist() == expected


def test_pandas_keeps_integers_beside_nulls(release, expected):
    schema = contract.load().tables[NAME].schema()
    import pandas as pd

    frame = pd.read_parquet(
        release / NAME, schema=schema, partitioning=None, dtype_backend="pyarrow"
    ).sort_values(["center_id", "pos"])
    assert pa.Table.from_pandas(frame, schema, preserve_index=False).to_pylist() == expected
    assert str(frame["tumor_depth"].dtype) == "int32[pyarrow]"


def test_polars_with_the_schema_of_the_contract(release, expected):
    schema = pl.from_arrow(contract.load().tables[NAME].schema().empty_table()).schema
    frame = pl.scan_parquet(
        release / NAME / "*" / "*.parquet",
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
        hive_partitioning=False,
    )
    assert frame.sort("center_id", "pos").collect().to_dicts() == expected


def test_duckdb_with_the_shipped_views(release, expected):
    with duckdb.connect() as connection:
        connection.execute(f"SET VARIABLE release = '{release}'")
        connection.execute((release / "views.sql").read_text())
        found = connection.sql(f"FROM {NAME} ORDER BY center, pos").to_arrow_table()
        assert found.column("center").to_pylist() == ["NEW", "NEW", "OLD", "OLD"]
        assert found.drop_columns("center").to_pylist() == expected


def test_duckdb_views_from_the_folder_of_the_release(release):
    program = (
        "import duckdb; c = duckdb.connect(); c.execute(open('views.sql').read()); "
        f"print(c.sql('SELECT count(*) FROM {NAME}').fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=release, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[(4,)]\n"


@pytest.mark.e2e
def test_spark_with_the_shipped_schema(release, expected):
    sql = pytest.importorskip("pyspark.sql")
    struct = json.loads((release / "spark.json").read_text())[NAME]
    schema = sql.types.StructType.fromJson(struct)
    builder = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    try:
        frame = spark.read.schema(schema).parquet(str(release / NAME))
        rows = frame.select(schema.names).orderBy("center_id", "pos").collect()
        assert [row.asDict() for row in rows] == expected
        assert [
            row.center for row in frame.select("center").distinct().orderBy("center").collect()
        ] == [
            "NEW",
            "OLD",
        ]
    finally:
        spark.stop()


def library_of(frame):
    return type(frame).__module__.lstrip("_").partition(".")[0]


def as_rows(frame):
    if library_of(frame) == "pandas":
        # ArrowDtype columns go back to the values they came from
        return pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    if isinstance(frame, pl.DataFrame):
        return frame.to_dicts()
    return (frame if isinstance(frame, pa.Table) else frame.to_arrow_table()).to_pylist()


@pytest.mark.parametrize(
    ("kind", "library", "type_"),
    [
        ("pandas", "pandas", "DataFrame"),
        ("polars", "polars", "DataFrame"),
        ("arrow", "pyarrow", "Table"),
        ("duckdb", "duckdb", "DuckDBPyRelation"),
    ],
)
def test_read_gives_each_kind_of_frame(release, expected, kind, library, type_):
    frame = onconcord.read(release, NAME, as_=kind)
    assert (library_of(frame), type(frame).__name__) == (library, type_)
    assert as_rows(frame) == expected


def test_frames_of_an_unknown_kind_are_refused(release):
    with pytest.raises(InputError, match='no data frames "df"; expected one of pandas, polars, '):
        onconcord.read(release, NAME, as_="df")


def test_read_has_the_types_and_metadata_of_the_contract(release):
    table = onconcord.read(str(release), NAME, as_="arrow")
    spec = contract.load().tables[NAME]
    assert [(f.name, f.type) for f in table.schema] == [(f.name, f.arrow_type) for f in spec.fields]
    assert table.schema.field("qual").metadata[b"description"].startswith(b"The caller's QUAL")
    frame = onconcord.read(release, NAME)
    assert str(frame["tumor_depth"].dtype) == "int32[pyarrow]"
    assert onconcord.read(release, "run", as_="arrow").schema.field("started_at").type == (
        pa.timestamp("us", tz="UTC")
    )


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param("pos = 9", [("OLD", 9)], id="one row"),
        pytest.param(
            "list_contains(filters, 'one.a')", [("NEW", 2**24 + 1), ("OLD", 9)], id="list"
        ),
        pytest.param("info_json IS NOT NULL", [("NEW", 5)], id="a column that one centre lacks"),
        pytest.param("pos = 9 -- a comment", [("OLD", 9)], id="comment"),
        pytest.param("pos = 9 OR pos = 7", [("OLD", 7), ("OLD", 9)], id="or"),
        pytest.param("false", [], id="no row"),
    ],
)
def test_read_with_a_condition(release, where, expected):
    frame = onconcord.read(release, NAME, ["center_id", "pos"], where, "arrow")
    assert [tuple(row.values()) for row in frame.to_pylist()] == expected


def test_read_keeps_the_wanted_order_of_columns(release):
    assert list(onconcord.read(release, NAME, ["pos", "center_id"]).columns) == ["pos", "center_id"]


@pytest.mark.parametrize(
    ("table", "options", "expected"),
    [
        pytest.param(
            "nothing", {}, r'no table "nothing"; expected one of actionability', id="table"
        ),
        pytest.param(
            NAME, {"columns": ["pos", "no"]}, r'"no": no such column; expected some of', id="column"
        ),
        pytest.param(
            NAME,
            {"where": "no = 1"},
            r"DuckDB cannot read it with the condition 'no = 1'",
            id="where",
        ),
        pytest.param(
            NAME,
            {"where": "pos ="},
            r"DuckDB cannot read it with the condition 'pos ='",
            id="syntax",
        ),
    ],
)
def test_read_says_what_is_wrong(release, table, options, expected):
    with pytest.raises(InputError, match=expected):
        onconcord.read(release, table, **options)


def test_a_folder_that_is_no_release_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"no file run/center=<centre>/\*.parquet; expected the fol"
    ):
        onconcord.read(tmp_path, "run")
