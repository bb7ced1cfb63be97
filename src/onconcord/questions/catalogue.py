"""An Iceberg catalogue over a release: its tables by name, its files as they are."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from onconcord import contract
from onconcord.contract.model import Table
from onconcord.errors import InputError
from onconcord.release.manifest import Part, Release, read_release

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog

SUFFIX = ".sqlite"
NAME = "onconcord"
"""Name of the catalogue, which readers have to give as well: a SQLite file can hold several."""

SOURCE = "onconcord.release"
"""Property of a namespace: the release that its tables are of."""


def register(folder: Path, catalogue: Path) -> tuple[str, int]:
    """
    Register every table of a release; what the catalogue said of it before is replaced.

    Args:
        folder: the release; none of its files is written or moved.
        catalogue: SQLite file, made where it is missing; the metadata goes to the folder
            `<name>.iceberg` beside it.
    Returns:
        The namespace (the release's name, with "_" for every other sign than letters and digits),
        and the number of tables in it.
    Raises:
        InputError: no release, a catalogue that is inside it or that has another release of this
            name, or pyiceberg is not installed.
    """
    release, folder, catalogue = read_release(folder), folder.resolve(), catalogue.resolve()
    _check(folder, catalogue)
    from pyiceberg.catalog.sql import SqlCatalog

    warehouse = catalogue.with_suffix(".iceberg")
    warehouse.mkdir(parents=True, exist_ok=True)
    opened = SqlCatalog(NAME, uri=f"sqlite:///{catalogue}", warehouse=f"file://{warehouse}")
    try:
        namespace = re.sub(r"\W", "_", release.name)
        _empty(opened, namespace, folder, catalogue)
        shutil.rmtree(warehouse / namespace, ignore_errors=True)
        opened.create_namespace(namespace, {SOURCE: str(folder)})
        names = sorted({part.table for part in release.parts})
        for name in names:
            _add(opened, namespace, folder, contract.load().tables[name], _files(release, name))
    finally:
        opened.close()
    return namespace, len(names)


def _check(folder: Path, catalogue: Path) -> None:
    if find_spec("pyiceberg") is None or find_spec("sqlalchemy") is None:
        message = "pyiceberg is not installed: run uv sync --extra catalogue in the checkout"
        raise InputError.at("onconcord catalogue", message)
    if catalogue.suffix != SUFFIX:
        message = f'the name does not end in "{SUFFIX}": name a SQLite file that does'
        raise InputError.at(catalogue, message, column="--catalogue")
    if catalogue.is_relative_to(folder):
        message = "lies inside the release, which holds its own files only: name another place"
        raise InputError.at(catalogue, message, column="--catalogue")


def _empty(opened: "SqlCatalog", namespace: str, folder: Path, catalogue: Path) -> None:
    """Take the tables of a release out, so that they can be registered anew."""
    if not opened.namespace_exists(namespace):
        return
    source = opened.load_namespace_properties(namespace).get(SOURCE)
    if source != str(folder):
        message = (
            f"{namespace} is the release {source} there: pool the releases, or name another "
            "catalogue"
        )
        raise InputError.at(catalogue, message, column="--catalogue")
    for table in opened.list_tables(namespace):
        opened.drop_table(table)
    opened.drop_namespace(namespace)


def _files(release: Release, name: str) -> list[Part]:
    """Files with rows: one without adds nothing to a table, and has no bounds to plan by."""
    return [part for part in release.parts if part.table == name and part.digest.rows]


def _add(
    opened: "SqlCatalog", namespace: str, folder: Path, spec: Table, parts: list[Part]
) -> None:
    """
    Register one table.

    It has every column of the contract, so that one that the tier leaves out is null. Readers find
    columns by id: those of the files are the contract's, so the table's have to be the same.
    """
    schema = pa.schema(
        pa.field(field.name, field.arrow_type, metadata={"doc": field.description})
        for field in spec.fields
    )
    table = opened.create_table((namespace, spec.name), schema)
    given = {field.name: field.field_id for field in table.schema().fields}
    assert given == {field.name: field.field_id for field in spec.fields}, spec.name
    if parts:
        table.add_files([f"file://{folder / part.path}" for part in parts])
