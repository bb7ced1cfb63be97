"""What is generated from the contract: JSON, Frictionless, DuckDB, Spark, R and docs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import duckdb

from onconcord.contract.model import (
    ARROW_TYPES,
    CONTRACT_VERSION,
    TIERS,
    Contract,
    Field,
    Table,
    arguments,
    load,
)
from onconcord.files import write_text

DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp_us_utc": "TIMESTAMPTZ",
    "list<string>": "VARCHAR[]",
}
SPARK_TYPES: dict[str, Any] = {
    "string": "string",
    "int32": "integer",
    "int64": "long",
    "float64": "double",
    "bool": "boolean",
    "timestamp_us_utc": "timestamp",
    "list<string>": {"type": "array", "elementType": "string", "containsNull": True},
}
R_TYPES = {
    "string": "utf8()",
    "int32": "int32()",
    "int64": "int64()",
    "float64": "float64()",
    "bool": "bool()",
    "timestamp_us_utc": 'timestamp("us", timezone = "UTC")',
    "list<string>": "list_of(utf8())",
}
FRICTIONLESS_TYPES = {
    "string": "string",
    "int32": "integer",
    "int64": "integer",
    "float64": "number",
    "bool": "boolean",
    "timestamp_us_utc": "datetime",
    "list<string>": "array",
}

CALLER_COLUMNS = ("is_pass", "tumor_depth", "tumor_alt_count", "vaf_reported")
"""Columns of variant_call_evidence that the wide view has once per caller."""


def generated(release: Path, tier: str = "local") -> dict[str, str]:
    """
    Text by name of every file that a release or an empty folder gets from the contract.

    Args:
        release: the folder; the tables in it (`<table>/center=<centre>/*.parquet`) are listed in
            datapackage.json, and the callers of its evidence get their columns in the wide view.
        tier: tier of the release; columns and tables of a tighter one are left out.
    """
    return {
        "contract.json": _contract(),
        "datapackage.json": _datapackage(tier, tuple(_files(release))),
        "views.sql": _views(tier, _callers(release)),
        "spark.json": _spark_schemas(tier),
        "schema.R": _r_schemas(tier),
    }


@cache
def _contract() -> str:
    return _json(contract_mapping(load()))


@cache
def _spark_schemas(tier: str) -> str:
    return _json({table.name: _spark(table, tier) for table in load().tables_of(tier)})


def write_all(release: Path, tier: str = "local") -> list[Path]:
    """Put the files of `generated` into a release or an empty folder; returns their paths."""
    texts = generated(release, tier)
    for name, text in texts.items():
        write_text(release / name, text)
    return [release / name for name in texts]


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def contract_mapping(contract: Contract) -> dict[str, Any]:
    """The whole contract as JSON holds it: the form that `contract diff` compares."""
    return {
        "name": "onconcord",
        "version": contract.version,
        "types": list(ARROW_TYPES),
        "tiers": list(TIERS),
        "constants": {name: asdict(constant) for name, constant in contract.constants.items()},
        "tables": {name: _table_mapping(table) for name, table in contract.tables.items()},
        "vocabularies": {
            name: {code: _stated(asdict(row)) for code, row in codes.items()}
            for name, codes in contract.vocabularies.items()
        },
    }


def _stated(mapping: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if value is not None}


def _table_mapping(table: Table) -> dict[str, Any]:
    parts = [asdict(table), *(_stated(asdict(field)) for field in table.fields)]
    for part in parts:
        if not part["planned"]:
            del part["planned"]
    mapping, *fields = parts
    return {**mapping, "fields": fields}


def _description(table: Table) -> str:
    """What the rows of a table are; of a planned one, that there are none yet."""
    return f"{table.description} Planned: no rows yet." if table.planned else table.description


def _meaning(field: Field) -> str:
    """What a column holds; of a planned one, that it holds nothing yet."""
    if not field.planned:
        return field.description
    return f"{field.description} Planned: null in every row of contract {CONTRACT_VERSION}."


def _files(release: Path) -> Iterator[str]:
    for file in sorted(release.glob("*/center=*/*.parquet")):
        yield file.relative_to(release).as_posix()


@lru_cache(maxsize=8)
def _datapackage(tier: str, files: tuple[str, ...]) -> str:
    contract = load()
    resources = []
    for table in contract.tables_of(tier):
        paths = [file for file in files if file.startswith(f"{table.name}/")]
        resources.append(
            {
                "name": table.name,
                "description": _description(table),
                "path": paths or f"{table.name}/center=CENTRE/part-0000.parquet",
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "profile": "tabular-data-resource",
                "schema": _table_schema(contract, table, tier),
            }
        )
    package = {
        "profile": "data-package",
        "name": "onconcord-release",
        "description": f"Tables of onconcord contract {contract.version}, tier {tier}",
        "version": contract.version,
        "resources": resources,
    }
    return _json(package)


def _table_schema(contract: Contract, table: Table, tier: str) -> dict[str, Any]:
    present = {field.name for field in table.fields_of(tier)}
    there = {table.name for table in contract.tables_of(tier)}
    foreign_keys = [
        {
            "fields": list(key.columns),
            "reference": {"resource": key.table, "fields": list(key.to)},
        }
        for key in table.foreign_keys
        # Frictionless has no foreign key from the elements of a list
        if key.table in there
        and present.issuperset(key.columns)
        and not set(key.columns) & set(table.sets)
    ]
    return {
        "fields": [_frictionless(contract, field) for field in table.fields_of(tier)],
        "primaryKey": list(table.key) if present.issuperset(table.key) else [],
        "foreignKeys": foreign_keys,
    }


def _frictionless(contract: Contract, field: Field) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": not field.nullable}
    if field.vocabulary and field.type == "string":
        constraints["enum"] = list(contract.vocabularies[field.vocabulary])
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    constraints.update(_stated(bounds))
    stated = {
        "name": field.name,
        "type": FRICTIONLESS_TYPES[field.type],
        "description": _meaning(field),
        "unit": field.unit,
        "vocabulary": field.vocabulary,
        "tier": field.tier,
        "standard": field.standard,
        "since": field.since,
        "constraints": constraints,
    }
    return _stated(stated)


def _spark(table: Table, tier: str) -> dict[str, Any]:
    """StructType of the files; Spark makes every column of a file source nullable anyway."""
    fields = [
        {
            "name": field.name,
            "type": SPARK_TYPES[field.type],
            "nullable": True,
            "metadata": _stated({"comment": field.description, "unit": field.unit}),
        }
        for field in table.fields_of(tier)
    ]
    return {"type": "struct", "fields": fields}


def _callers(release: Path) -> tuple[str, ...]:
    files = [str(f) for f in sorted(release.glob("variant_call_evidence/center=*/*.parquet"))]
    if not files:
        return ()
    with duckdb.connect() as connection:
        query = "SELECT DISTINCT caller FROM read_parquet($files) ORDER BY caller"
        return tuple(str(row[0]) for row in connection.execute(query, {"files": files}).fetchall())


def quoted(name: str) -> str:
    """A name as SQL has it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL has it, whatever is in it."""
    return "'" + value.replace("'", "''") + "'"


def view_query(table: Table, tier: str, release: str) -> str:
    """
    Query over all files of one table: the contract's columns, and `center` of the path.

    Args:
        release: SQL expression of the release's folder, ending in a slash or empty.
    """
    columns = ",\n".join(
        f"    NULL::{DUCKDB_TYPES[field.type]} AS {quoted(field.name)}"
        for field in table.fields_of(tier)
    )
    names = ", ".join(quoted(field.name) for field in table.fields_of(tier))
    # The empty first part fixes names, order and types, also where a file is of an older minor.
    # The path keys of folders above the release (release=...) are left out by naming the columns.
    return (
        f"SELECT {names}, center FROM (SELECT * FROM (SELECT\n{columns}\n  WHERE false)\n"
        f"UNION ALL BY NAME\nSELECT * FROM read_parquet(\n"
        f"  {release} || '{table.name}/*/*.parquet',\n"
        "  union_by_name = true, hive_partitioning = true, hive_types_autocast = false))"
    )


@lru_cache(maxsize=64)
def _views(tier: str, callers: tuple[str, ...]) -> str:
    contract = load()
    parts = [
        f"-- DuckDB views of onconcord contract {contract.version}, tier {tier}.\n"
        "-- In the folder of the release: duckdb -init views.sql\n"
        "-- Elsewhere, first: SET VARIABLE release = 'path/to/the/release';\n"
        "SET VARIABLE release = rtrim(coalesce(getvariable('release'), '.'), '/');\n"
    ]
    for table in contract.tables_of(tier):
        query = view_query(table, tier, "getvariable('release') || '/'")
        parts.append(
            f"-- {_description(table)}\nCREATE OR REPLACE VIEW {table.name} AS\n{query};\n"
        )
    if contract.tables["variant_call_evidence"] in contract.tables_of(tier):
        parts.append(_wide_view(contract, tier, callers))
    return "\n".join(parts)


def _wide_view(contract: Contract, tier: str, callers: tuple[str, ...]) -> str:
    head = (
        "-- One row per variant: small_variant, with what each caller of the release said of it.\n"
        "CREATE OR REPLACE VIEW small_variant_wide AS\n"
    )
    if not callers:
        return f"{head}SELECT * FROM small_variant;\n"
    key = ", ".join(contract.tables["small_variant"].key)
    present = {field.name for field in contract.tables["variant_call_evidence"].fields_of(tier)}
    values = [name for name in CALLER_COLUMNS if name in present]
    names = ", ".join(map(text, callers))
    aggregates = ", ".join(f"any_value({name}) AS {name}" for name in values)
    return (
        f"{head}SELECT * FROM small_variant LEFT JOIN (\n"
        f"  SELECT * FROM (SELECT {key}, caller, {', '.join(values)} FROM variant_call_evidence)\n"
        f"  PIVOT ({aggregates} FOR caller IN ({names}) GROUP BY {key})\n"
        f") USING ({key});\n"
    )


@cache
def _r_schemas(tier: str) -> str:
    contract, tables = load(), []
    for table in contract.tables_of(tier):
        columns = ",\n".join(
            f"    {field.name} = arrow::{R_TYPES[field.type].replace('(utf8', '(arrow::utf8')}"
            for field in table.fields_of(tier)
        )
        tables.append(f"  {table.name} = arrow::schema(\n{columns}\n  )")
    schemas = ",\n".join(tables)
    return (
        f"# Arrow schemas of onconcord contract {contract.version}, tier {tier}.\n"
        f"onconcord_schemas <- list(\n{schemas}\n)\n\n"
        "# A dataset of one table of a release, in the contract's columns and types.\n"
        "onconcord_open <- function(release, table) {\n"
        "  files <- Sys.glob(file.path(release, table, '*', '*.parquet'))\n"
        "  arrow::open_dataset(files, schema = onconcord_schemas[[table]])\n"
        "}\n"
    )


def tables_page() -> str:
    """docs/tables.md: every table, column, vocabulary and constant of the contract."""
    contract = load()
    lines = [
        "# Tables",
        "",
        f"Contract {contract.version}. Generated by `onconcord contract docs` from",
        "`src/onconcord/contract/`; change it there. `?` marks a column that may be null: not",
        "measured, or not applicable, and nothing else. Columns of the key are bold; the key is",
        "also the order of the rows. Tiers, loosest first: " + ", ".join(TIERS) + ".",
        "`pos` is 1-based; `start0` and `end0` are 0-based and half-open.",
        "",
        "| table | rows |",
        "|---|---|",
    ]
    tables = contract.tables.values()
    lines += [f"| [{t.name}](#{t.name}) | {_cell(_description(t))} |" for t in tables]
    for table in tables:
        lines += _table_section(table)
    lines += ["", "## Why a column may leave", ""]
    lines += ["No germline allele, no identifier and no date is in it, because:", ""]
    lines += [f"- **{name}**: {why}" for name, why in arguments().items()]
    lines += ["", "## Vocabularies", ""]
    for name, codes in contract.vocabularies.items():
        lines += [f"### {name}", "", "| code | meaning | ontology |", "|---|---|---|"]
        lines += [f"| `{c.code}` | {_cell(c.label)} | {c.curie or ''} |" for c in codes.values()]
        lines.append("")
    lines += ["## Constants", "", "| constant | value | meaning |", "|---|---|---|"]
    lines += [
        f"| {n} | {c.value} | {_cell(c.description)} |" for n, c in contract.constants.items()
    ]
    return "\n".join(lines) + "\n"


def _table_section(table: Table) -> Iterable[str]:
    yield from ("", f"## {table.name}", "", table.description, "")
    notes = [f"Tier {table.tier}, since {table.since}."]
    if table.planned:
        notes.append("Planned: nothing writes rows of it yet, and releases have it without rows.")
    if not table.equivalence:
        notes.append("It differs from run to run, so it does not count in equivalence.")
    notes += [f"{row.rstrip('.')}." for row in table.rows]
    for key in table.foreign_keys:
        notes.append(f"({', '.join(key.columns)}) → {key.table} ({', '.join(key.to)}).")
    yield from (f"- {note}" for note in notes)
    yield from (
        "",
        "| column | type | unit or codes | tier | why it may leave | meaning |",
        "|---|---|---|---|---|---|",
    )
    for field in table.fields:
        name = f"**{field.name}**" if field.name in table.key else field.name
        codes = f"[{field.vocabulary}](#{field.vocabulary})" if field.vocabulary else field.unit
        meaning = _meaning(field) + (f" ({field.standard})" if field.standard else "")
        mark = "?" if field.nullable else ""
        why = f"[{field.argument}](#why-a-column-may-leave)" if field.argument else ""
        kind = f"{field.type}{mark} | {codes or ''}"
        yield f"| {name} | {kind} | {field.tier} | {why} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
