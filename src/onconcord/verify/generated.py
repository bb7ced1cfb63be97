"""Checks of the files that a release has from the contract: that they are these, and work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from onconcord.contract import artefacts
from onconcord.errors import Fault
from onconcord.release.manifest import Release
from onconcord.verify.parts import DAMAGED


def generated_faults(folder: Path, release: Release) -> Iterator[Fault]:
    """
    Files that are not what this contract generates, or that do not fit the tables of the release.

    What is not the generated text is not run: it may be anybody's SQL.
    """
    try:
        texts = artefacts.generated(folder, release.tier)
    except duckdb.Error as why:
        yield Fault("views.sql", f"its callers cannot be read: {str(why).splitlines()[0]}")
        return
    same = set()
    for name, text in texts.items():
        try:
            if (folder / name).read_text(encoding="utf-8") == text:
                same.add(name)
                continue
        except (OSError, UnicodeDecodeError):
            pass
        yield Fault(name, f"is not what the contract generates for tier {release.tier}")
    columns = _columns(folder, release)
    if "views.sql" in same:
        yield from _view_faults(folder, texts["views.sql"], columns)
    for name, described in (
        ("datapackage.json", _of_package(json.loads(texts["datapackage.json"]))),
        ("spark.json", _of_spark(json.loads(texts["spark.json"]))),
    ):
        for table in sorted(columns.keys() | described.keys()) if name in same else ():
            if columns.get(table) != described.get(table):
                message = f"its columns of {table} are not those of the files"
                yield Fault(name, message, column=table)


def _columns(folder: Path, release: Release) -> dict[str, list[str]]:
    """Columns by table, of the first readable file of each."""
    columns: dict[str, list[str]] = {}
    for part in release.parts:
        try:
            columns.setdefault(part.table, pq.read_schema(folder / part.path).names)
        except DAMAGED:
            continue
    return columns


def _of_package(package: dict[str, Any]) -> dict[str, list[str]]:
    return {
        resource["name"]: [field["name"] for field in resource["schema"]["fields"]]
        for resource in package["resources"]
    }


def _of_spark(schemas: dict[str, Any]) -> dict[str, list[str]]:
    return {
        table: [field["name"] for field in schema["fields"]] for table, schema in schemas.items()
    }


def _view_faults(folder: Path, sql: str, columns: dict[str, list[str]]) -> Iterator[Fault]:
    with duckdb.connect(":memory:") as database:
        database.execute("SET VARIABLE release = $release", {"release": str(folder)})
        try:
            database.execute(sql)
            views = [str(row[0]) for row in database.execute("SHOW TABLES").fetchall()]
            for view in views:
                database.execute(f"SELECT * FROM {artefacts.quoted(view)} LIMIT 0")
        except duckdb.Error as why:
            yield Fault("views.sql", f"does not load: {str(why).splitlines()[0]}")
            return
    for table in sorted(columns.keys() - set(views)):
        yield Fault("views.sql", f"has no view of {table}", column=table)
