"""What is published of the golden cohort: a folder of small files that a reviewer can read."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

import polars as pl
import pyarrow as pa

from onconcord import contract
from onconcord.canonical_json import json_sha256
from onconcord.contract import digest
from onconcord.errors import InputError
from onconcord.files import whole_file
from onconcord.questions.accuracy import Accuracy, accuracy, read_truth
from onconcord.questions.sources import TableSource

WITHOUT = ("center_id", "run_id")
"""Columns that do not count: a centre's own code, and the commit that a run was made with."""

ROW_HEX = 10
"""Hex digits of a row's digest: enough to tell the rows of one table apart."""

ABOUT, ACCURACY, DIGESTS, VARIANTS = "about.json", "accuracy.tsv", "digests.tsv", "variants.tsv"
COLUMN_DIGESTS, ROW_DIGESTS = "columns.tsv.gz", "rows.tsv.gz"
"""The digests that only say which column and row of a table moved."""

VARIANT_COLUMNS = (
    *("pair_id", "chrom", "pos", "ref", "alt", "variant_class", "tumor_depth", "tumor_alt_count"),
    *("normal_depth", "n_callers_pass", "filters", "gene_symbol", "hgvsp"),
)
"""What is shown of a passing variant."""


@dataclass(frozen=True)
class TableDigests:
    """
    One table of one pair.

    Args:
        sha256: content digest, without the columns WITHOUT.
        columns: content digest of each column.
        row_digests: first ROW_HEX hex digits of each row's digest, in key order.
    """

    rows: int
    sha256: str
    columns: dict[str, str]
    row_digests: tuple[str, ...]


@dataclass(frozen=True)
class Golden:
    """
    What is published of a finished run of the golden cohort.

    Args:
        tools: version by program.
        accuracy: passing variants against the truth.
        tables: by pair, then by table.
        variants: the passing variants, each with VARIANT_COLUMNS as text; "" = null.
    """

    contract_version: str
    tools: dict[str, str]
    accuracy: tuple[Accuracy, ...]
    tables: dict[str, dict[str, TableDigests]]
    variants: tuple[tuple[str, ...], ...]

    def sha256(self) -> str:
        """Digest of the digests, whatever form they are kept in."""
        return json_sha256(asdict(self))

    def variant_keys(self) -> frozenset[str]:
        """The passing variants as `PAIR chrom:pos:ref:alt`."""
        return frozenset(f"{row[0]} {':'.join(row[1:5])}" for row in self.variants)


def golden_of(source: TableSource, truth: Path) -> Golden:
    """
    What a finished run of the golden cohort looks like.

    Args:
        source: the working folder of the run.
        truth: known somatic variants, as `accuracy.read_truth` reads them.
    Raises:
        InputError: a table, or the truth, cannot be read.
    """
    variants = source.read("small_variant")
    shown = variants.filter("is_pass").select(VARIANT_COLUMNS).sort(VARIANT_COLUMNS[:5])
    as_text = shown.with_columns(pl.col("filters").list.join(",")).cast(pl.String).fill_null("")
    tables: dict[str, dict[str, TableDigests]] = {}
    for pair in source.pair_ids():
        tables[pair] = {}
        for name in compared_tables():
            rows = pair_table(source, pair, name)
            if rows is not None:
                tables[pair][name] = table_digests(rows)
    return Golden(
        contract_version=contract.load().version,
        tools=_tools(source),
        accuracy=tuple(accuracy(variants, source.read("pair"), read_truth(truth))),
        tables=tables,
        variants=tuple(as_text.iter_rows()),
    )


def compared_tables() -> list[str]:
    """Names of the tables that are equal wherever the same reads are processed, and have rows."""
    tables = contract.load().tables.values()
    return [table.name for table in tables if table.equivalence and not table.planned]


def pair_table(source: TableSource, pair: str, table: str) -> pa.Table | None:
    """The rows of a table of one pair without the columns WITHOUT; None where it is missing."""
    path = source.root / f"results/8_harmonised/{pair}/{table}.parquet"
    if not path.is_file():
        return None
    rows = contract.read_file(table, path)
    return rows.drop_columns([name for name in WITHOUT if name in rows.column_names])


def table_digests(rows: pa.Table) -> TableDigests:
    """The digests of a table, its columns and its rows."""
    of_table = digest.table_digest(rows)
    of_rows = (
        hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()[:ROW_HEX]
        for row in rows.to_pylist()
    )
    return TableDigests(of_table.rows, of_table.sha256, dict(of_table.columns), tuple(of_rows))


def _tools(source: TableSource) -> dict[str, str]:
    rows = source.read("tool").select("tool", "version").unique().sort("tool", "version")
    versions: dict[str, list[str]] = {}
    for tool, version in rows.iter_rows():
        versions.setdefault(tool, []).append(version)
    return {tool: ", ".join(numbers) for tool, numbers in versions.items()}


def write_golden(golden: Golden, folder: Path) -> None:
    """Write what is published; the same run gives the same bytes."""
    about = {"contract_version": golden.contract_version, "tools": golden.tools}
    tables = [
        (pair, name, table)
        for pair, digests in golden.tables.items()
        for name, table in digests.items()
    ]
    of_columns = [
        (pair, name, column, sha256)
        for pair, name, table in tables
        for column, sha256 in table.columns.items()
    ]
    of_rows = [(pair, name, row) for pair, name, table in tables for row in table.row_digests]
    texts = {
        ABOUT: json.dumps(about, indent=1, sort_keys=True) + "\n",
        ACCURACY: _tsv([field.name for field in fields(Accuracy)], map(astuple, golden.accuracy)),
        DIGESTS: _tsv(
            ("pair", "table", "rows", "sha256"),
            ((pair, name, table.rows, table.sha256) for pair, name, table in tables),
        ),
        VARIANTS: _tsv(VARIANT_COLUMNS, golden.variants),
        COLUMN_DIGESTS: _tsv(("pair", "table", "column", "sha256"), of_columns),
        ROW_DIGESTS: _tsv(("pair", "table", "row"), of_rows),
    }
    for name, text in texts.items():
        data = text.encode()
        with whole_file(folder / name) as temporary:
            # no time goes into the compressed file, so that it is the same on every day
            temporary.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def _tsv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = (header, *rows)
    return "".join("\t".join(map(str, line)) + "\n" for line in lines)


def read_ours(folder: Path) -> Golden:
    """
    What is published for this installation.

    Raises:
        InputError: as `read_golden`, or published under another major version of the contract.
    """
    golden = read_golden(folder)
    ours = contract.load().version
    if golden.contract_version.split(".")[0] != ours.split(".")[0]:
        message = (
            f"published under contract {golden.contract_version}, and this installation has "
            f"{ours}: take the digests that were published with it"
        )
        raise InputError.at(folder, message)
    return golden


def read_golden(folder: Path) -> Golden:
    """
    What is published, under whatever contract.

    Raises:
        InputError: a file is not there, or of another form.
    """
    try:
        about = json.loads(_text(folder / ABOUT))
        version, tools = str(about["contract_version"]), dict(about["tools"])
        measured = tuple(
            Accuracy(row[0], row[1], *map(int, row[2:])) for row in _rows(folder / ACCURACY)
        )
        variants = tuple(_rows(folder / VARIANTS))
        columns: dict[tuple[str, str], dict[str, str]] = {}
        for pair, name, column, sha256 in _rows(folder / COLUMN_DIGESTS):
            columns.setdefault((pair, name), {})[column] = sha256
        of_rows: dict[tuple[str, str], list[str]] = {}
        for pair, name, row in _rows(folder / ROW_DIGESTS):
            of_rows.setdefault((pair, name), []).append(row)
        tables: dict[str, dict[str, TableDigests]] = {}
        for pair, name, count, sha256 in _rows(folder / DIGESTS):
            tables.setdefault(pair, {})[name] = TableDigests(
                int(count), sha256, columns[pair, name], tuple(of_rows.get((pair, name), ()))
            )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as why:
        message = (
            f"not a folder of published digests ({type(why).__name__}: {why}): "
            "scripts/demo_golden.py writes one"
        )
        raise InputError.at(folder, message) from why
    return Golden(version, tools, measured, tables, variants)


def _text(path: Path) -> str:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    if not text.endswith("\n"):
        raise ValueError(f"{path.name} is cut off")
    return text


def _rows(path: Path) -> Iterator[tuple[str, ...]]:
    for line in _text(path).splitlines()[1:]:
        yield tuple(line.split("\t"))
