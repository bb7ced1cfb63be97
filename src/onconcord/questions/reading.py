"""Tables of a release in the reader's own data frames."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

import duckdb
import polars as pl
import pyarrow as pa

from onconcord.contract.artefacts import quoted, text, view_query
from onconcord.contract.model import Table, load
from onconcord.errors import Fault, InputError

Kind = Literal["pandas", "polars", "arrow", "duckdb"]


def read(
    release: Path | str,
    table: str,
    columns: Iterable[str] | None = None,
    where: str | None = None,
    as_: Kind = "pandas",
) -> Any:
    """
    One table of a release, all centres together, in the contract's columns and types.

    Files of older minor versions of the contract, or of a looser tier, have null where a column is
    missing.

    Args:
        release: folder with `<table>/center=<centre>/*.parquet`.
        table: name of the table.
        columns: columns in the wanted order, None for all of the contract.
        where: condition on the rows, as SQL has it: `"gene_symbol = 'GNAS' AND tumor_vaf > 0.1"`.
        as_: pandas (with Arrow types, so that integers stay integers beside nulls), polars, arrow
            (pyarrow.Table) or duckdb (a relation, read only when it is used).
    Raises:
        InputError: no such table, column or kind of frame, no file of it in the release, a
            condition that DuckDB does not understand.
    """
    folder = Path(release)
    if as_ not in get_args(Kind):
        kinds = ", ".join(get_args(Kind))
        raise InputError.at(folder, f'no data frames "{as_}"; expected one of {kinds}')
    spec = load().tables.get(table)
    if spec is None:
        known = ", ".join(load().tables)
        raise InputError.at(folder, f'no table "{table}"; expected one of {known}')
    names = [field.name for field in spec.fields] if columns is None else list(columns)
    known_names = {field.name for field in spec.fields}
    faults = [
        Fault(
            table, f"no such column; expected some of {', '.join(sorted(known_names))}", column=name
        )
        for name in names
        if name not in known_names
    ]
    if not any(folder.glob(f"{table}/*/*.parquet")):
        message = f"no file {table}/center=<centre>/*.parquet; expected the folder of a release"
        faults.append(Fault(str(folder), message))
    if faults:
        raise InputError(faults)
    try:
        relation = _relation(folder, spec, names, where)
        if as_ == "duckdb":
            return relation
        result = relation.to_arrow_table()
    except duckdb.Error as why:
        message = f"DuckDB cannot read it with the condition {where!r}: {why}"
        raise InputError.at(f"{folder}/{table}", message) from why
    fields = [spec.field(name) for name in names]
    schema = pa.schema([field.arrow_field() for field in fields])
    arrays = [result.column(field.name).cast(field.arrow_type) for field in fields]
    arrow = pa.Table.from_arrays(arrays, schema=schema)
    if as_ == "polars":
        return pl.from_arrow(arrow)
    if as_ == "arrow":
        return arrow
    # Imported here: it takes longer than all else, and only its frames need it.
    import pandas as pd

    return arrow.to_pandas(types_mapper=pd.ArrowDtype)


def _relation(
    folder: Path, spec: Table, names: list[str], where: str | None
) -> duckdb.DuckDBPyRelation:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    release = text(f"{folder.as_posix()}/")
    columns = ", ".join(quoted(name) for name in names)
    condition = f"\nWHERE ({where}\n)" if where is not None else ""
    query = f"SELECT {columns} FROM (\n{view_query(spec, 'local', release)}\n){condition}"
    return connection.sql(query)
