"""Proof that an installation is equivalent to the others: the golden cohort's digests, compared."""

import hashlib
import json
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pyarrow as pa

from onconcord import contract
from onconcord.contract import digest
from onconcord.errors import InputError
from onconcord.files import whole_file
from onconcord.questions.accuracy import Accuracy, accuracy, read_truth
from onconcord.questions.sources import TableSource

WITHOUT = ("center_id",)
"""Columns that do not count: a centre's own code."""

MAX_NAMED = 20
"""Rows of one table that a certificate names."""

KIND = "onconcord certificate"
"""What a certificate says it is."""

ROW_HEX = 10
"""Hex digits of a row's digest in the golden file: enough to tell the rows of one table apart."""


@dataclass(frozen=True)
class TableFault:
    """
    One table of one pair that is not the published one.

    Args:
        columns: those whose digest differs; empty where the table is missing.
        rows: key of each row that the published table does not have, at most MAX_NAMED.
        missing: rows of the published table that are not here, by their place in it, from 1.
    """

    pair: str
    table: str
    message: str
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    missing: tuple[int, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """
    Outcome of a certification.

    Args:
        equivalent: whether every table has the published digest.
        tables: number of tables compared.
        faults: tables that differ.
        accuracy: passing variants against the truth of the golden cohort, here.
        other_accuracy: the published rows that are others than those here.
        tools: program -> version here.
        other_tools: program -> [published, here], where they differ.
        cpu_families: what the calling jobs ran on.
        golden_sha256: digest of the published digests that were used.
    """

    equivalent: bool
    contract_version: str
    pipeline_versions: tuple[str, ...]
    tables: int
    faults: tuple[TableFault, ...]
    accuracy: tuple[Accuracy, ...]
    other_accuracy: tuple[Accuracy, ...]
    tools: dict[str, str]
    other_tools: dict[str, list[str | None]]
    cpu_families: tuple[str, ...]
    golden_sha256: str

    def as_dict(self) -> dict[str, Any]:
        """The certificate with its own digest, which `onconcord.verify` checks."""
        whole = {"kind": KIND, **asdict(self)}
        return whole | {"certificate_sha256": json_sha256(whole)}


def json_sha256(whole: Any) -> str:
    """SHA-256 of a value as compact JSON with sorted keys."""
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def golden_digests(source: TableSource, truth: Path) -> dict[str, Any]:
    """
    What is published of a finished run of the golden cohort.

    Args:
        source: the working folder of the run.
        truth: known somatic variants, as `accuracy.read_truth` reads them.
    Returns:
        contract version, accuracy, tool versions, and per pair and table the content digests of
        table and columns and the short digest of every row, in key order.
    Raises:
        InputError: a table, or the truth, cannot be read.
    """
    pairs: dict[str, Any] = {}
    for pair in source.pair_ids():
        tables = {}
        for name in _equivalence_tables():
            rows = _shard(source, pair, name)
            if rows is not None:
                found = digest.table_digest(rows)
                tables[name] = asdict(found) | {"row_digests": _row_digests(rows)}
        pairs[pair] = tables
    return {
        "contract_version": contract.load().version,
        "accuracy": [asdict(row) for row in _accuracy(source, truth)],
        "tools": _tools(source),
        "pairs": pairs,
    }


def _accuracy(source: TableSource, truth: Path) -> list[Accuracy]:
    return accuracy(source.read("small_variant"), source.read("pair"), read_truth(truth))


def _equivalence_tables() -> list[str]:
    return [spec.name for spec in contract.load().tables.values() if spec.equivalence]


def _shard(source: TableSource, pair: str, table: str) -> pa.Table | None:
    path = source.root / f"results/8_harmonised/{pair}/{table}.parquet"
    if not path.is_file():
        return None
    rows = contract.read_file(table, path)
    return rows.drop_columns([name for name in WITHOUT if name in rows.column_names])


def _row_digests(rows: pa.Table) -> list[str]:
    return [
        hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()[:ROW_HEX]
        for row in rows.to_pylist()
    ]


def _tools(source: TableSource) -> dict[str, str]:
    rows = source.read("tool").select("tool", "version").unique().sort("tool", "version")
    versions: dict[str, list[str]] = {}
    for tool, version in rows.iter_rows():
        versions.setdefault(tool, []).append(version)
    return {tool: ", ".join(found) for tool, found in versions.items()}


def certify(source: TableSource, golden: Path, truth: Path) -> Certificate:
    """
    Compare a finished run of the golden cohort with what is published of it.

    Args:
        source: the working folder of the run.
        golden: the published digests, as `golden_digests` gives them, as JSON.
        truth: known somatic variants of the golden cohort.
    Raises:
        InputError: golden file or truth is unreadable, or is of another major contract version.
    """
    published = read_golden(golden)
    faults: list[TableFault] = []
    compared = 0
    here = set(source.pair_ids())
    for pair, tables in published["pairs"].items():
        if pair not in here:
            faults.append(TableFault(pair, "", "the run has no such pair"))
            continue
        for name, wanted in tables.items():
            compared += 1
            rows = _shard(source, pair, name)
            if rows is None:
                faults.append(TableFault(pair, name, "the run has no such table"))
            elif fault := _fault(pair, name, rows, wanted):
                faults.append(fault)
    faults += [
        TableFault(pair, "", "the golden cohort has no such pair")
        for pair in sorted(here - set(published["pairs"]))
    ]
    tools = _tools(source)
    measured = _accuracy(source, truth)
    runs = source.read("run")
    names = sorted(tools.keys() | published["tools"].keys())
    return Certificate(
        equivalent=not faults,
        contract_version=contract.load().version,
        pipeline_versions=tuple(sorted(set(runs["pipeline_version"].to_list()))),
        tables=compared,
        faults=tuple(faults),
        accuracy=tuple(measured),
        other_accuracy=tuple(
            row
            for row in (Accuracy(**fields) for fields in published["accuracy"])
            if row not in measured
        ),
        tools=tools,
        other_tools={
            name: [published["tools"].get(name), tools.get(name)]
            for name in names
            if published["tools"].get(name) != tools.get(name)
        },
        cpu_families=tuple(sorted(set(runs["cpu_family"].drop_nulls().to_list()))),
        golden_sha256=json_sha256(published),
    )


def read_golden(path: Path) -> dict[str, Any]:
    """
    The published digests.

    Raises:
        InputError: not there, not JSON, without the keys, or of another major contract version.
    """
    try:
        published = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as why:
        message = f"not readable as published digests: {why}"
        raise InputError.at(path, message) from why
    missing = {"contract_version", "accuracy", "tools", "pairs"} - set(published)
    if missing:
        message = f"not a file of published digests: it lacks {', '.join(sorted(missing))}"
        raise InputError.at(path, message)
    ours = contract.load().version
    if published["contract_version"].split(".")[0] != ours.split(".")[0]:
        message = (
            f"published under contract {published['contract_version']}, and this installation has "
            f"{ours}: take the digests that were published with it"
        )
        raise InputError.at(path, message)
    return dict(published)


def _fault(pair: str, name: str, rows: pa.Table, wanted: dict[str, Any]) -> TableFault | None:
    found = digest.table_digest(rows)
    if found.sha256 == wanted["sha256"]:
        return None
    columns = tuple(
        column
        for column in sorted(found.columns.keys() | wanted["columns"].keys())
        if found.columns.get(column) != wanted["columns"].get(column)
    )
    here = _row_digests(rows)
    steps = SequenceMatcher(None, wanted["row_digests"], here, autojunk=False).get_opcodes()
    added = [row for kind, _, _, a, b in steps if kind != "equal" for row in range(a, b)]
    lost = [row + 1 for kind, a, b, _, _ in steps if kind != "equal" for row in range(a, b)]
    key = [column for column in contract.load().tables[name].key if column not in WITHOUT]
    named = rows.select(key).take(added[:MAX_NAMED]).to_pylist()
    return TableFault(
        pair,
        name,
        f"{found.rows} rows here, {wanted['rows']} published; {len(added)} here are not published, "
        f"{len(lost)} published are not here",
        columns,
        tuple(", ".join(f"{column}={row[column]}" for column in key) for row in named),
        tuple(lost[:MAX_NAMED]),
    )


def write_certificate(certificate: Certificate, out: Path) -> None:
    """Write a certificate as JSON."""
    text = json.dumps(certificate.as_dict(), indent=2, sort_keys=True) + "\n"
    with whole_file(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
