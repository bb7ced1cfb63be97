"""Tables between the stages are held to the columns they declare."""

import polars as pl
import pytest

from onconcord.errors import InputError
from onconcord.evidence.recount import SCHEMA
from onconcord.evidence.tables import EVIDENCE_SCHEMA, check_columns, read_checked
from onconcord.sealed import AGAIN


@pytest.mark.parametrize("schema", [EVIDENCE_SCHEMA, SCHEMA], ids=["evidence", "recount"])
def test_a_table_with_its_columns_is_read(tmp_path, schema):
    path = tmp_path / "TUM.parquet"
    columns = dict(reversed(schema.items()))
    pl.DataFrame(schema=columns).write_parquet(path)
    assert read_checked(path, schema).columns == list(columns)


def test_every_column_that_is_not_as_declared_is_named(tmp_path):
    path = tmp_path / "TUM.evidence.parquet"
    columns = {**EVIDENCE_SCHEMA, "pos": pl.Int32, "tumour_depth": pl.Int32}
    del columns["tumor_depth"]
    pl.DataFrame(schema=columns).write_parquet(path)
    with pytest.raises(InputError) as error:
        check_columns(path, EVIDENCE_SCHEMA)
    assert str(error.value).splitlines() == [
        f'{path}, "pos": the type is Int32, expected Int64. {AGAIN}',
        f'{path}, "tumor_depth": the column is missing. {AGAIN}',
        f'{path}, "tumour_depth": unknown column. {AGAIN}',
    ]


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "TUM.recount.parquet"
    pl.DataFrame(schema=SCHEMA).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match=r"TUM\.recount\.parquet: cannot be read as Parquet"):
        check_columns(path, SCHEMA)
