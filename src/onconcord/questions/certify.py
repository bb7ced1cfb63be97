"""Proof that an installation is equivalent to the others: the golden cohort's digests, compared."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pyarrow as pa

from onconcord import contract
from onconcord.canonical_json import json_sha256
from onconcord.files import write_text
from onconcord.questions.accuracy import Accuracy
from onconcord.questions.golden import (
    WITHOUT,
    Golden,
    TableDigests,
    golden_of,
    pair_table,
    read_ours,
)
from onconcord.questions.sources import TableSource

MAX_NAMED = 20
"""Rows of one table that a certificate names."""

KIND = "onconcord certificate"
"""What a certificate says it is."""


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
        new_variants: `PAIR chrom:pos:ref:alt` of the variants that pass here and not there.
        lost_variants: those that pass in what is published and not here.
        accuracy: passing variants against the truth of the golden cohort, here.
        other_accuracy: the published rows that differ from those here.
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
    new_variants: tuple[str, ...]
    lost_variants: tuple[str, ...]
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


def certify(source: TableSource, golden: Path, truth: Path) -> Certificate:
    """
    Compare a finished run of the golden cohort with what is published of it.

    Args:
        source: the working folder of the run.
        golden: the folder of published digests, as `golden.write_golden` writes it.
        truth: known somatic variants of the golden cohort.
    Raises:
        InputError: published digests or truth are unreadable, or of another major contract version.
    """
    published = read_ours(golden)
    here = golden_of(source, truth)
    runs = source.read("run")
    faults = tuple(_faults(source, here, published))
    programs = sorted(here.tools.keys() | published.tools.keys())
    return Certificate(
        equivalent=not faults,
        contract_version=here.contract_version,
        pipeline_versions=tuple(sorted(set(runs["pipeline_version"].to_list()))),
        tables=sum(len(tables) for pair, tables in published.tables.items() if pair in here.tables),
        faults=faults,
        new_variants=tuple(sorted(here.variant_keys() - published.variant_keys())),
        lost_variants=tuple(sorted(published.variant_keys() - here.variant_keys())),
        accuracy=here.accuracy,
        other_accuracy=tuple(row for row in published.accuracy if row not in here.accuracy),
        tools=here.tools,
        other_tools={
            name: [published.tools.get(name), here.tools.get(name)]
            for name in programs
            if published.tools.get(name) != here.tools.get(name)
        },
        cpu_families=tuple(sorted(set(runs["cpu_family"].drop_nulls().to_list()))),
        golden_sha256=published.sha256(),
    )


def _faults(source: TableSource, here: Golden, published: Golden) -> Iterator[TableFault]:
    """Pairs and tables that are on one side only, and tables that differ."""
    for pair, tables in published.tables.items():
        if pair not in here.tables:
            yield TableFault(pair, "", "the run has no such pair")
            continue
        for name, wanted in tables.items():
            digests = here.tables[pair].get(name)
            if digests is None:
                yield TableFault(pair, name, "the run has no such table")
            elif digests.sha256 != wanted.sha256:
                yield _difference(source, pair, name, digests, wanted)
    for pair in sorted(here.tables.keys() - published.tables.keys()):
        yield TableFault(pair, "", "the golden cohort has no such pair")


def _difference(
    source: TableSource, pair: str, name: str, here: TableDigests, wanted: TableDigests
) -> TableFault:
    columns = tuple(
        column
        for column in sorted(here.columns.keys() | wanted.columns.keys())
        if here.columns.get(column) != wanted.columns.get(column)
    )
    steps = SequenceMatcher(
        None, wanted.row_digests, here.row_digests, autojunk=False
    ).get_opcodes()
    added = [row for kind, _, _, a, b in steps if kind != "equal" for row in range(a, b)]
    lost = [row + 1 for kind, a, b, _, _ in steps if kind != "equal" for row in range(a, b)]
    key = [column for column in contract.load().tables[name].key if column not in WITHOUT]
    rows = pair_table(source, pair, name)
    assert rows is not None
    named = rows.select(key).take(pa.array(added[:MAX_NAMED], pa.int64())).to_pylist()
    return TableFault(
        pair,
        name,
        f"{here.rows} rows here, {wanted.rows} published; {len(added)} here are not published, "
        f"{len(lost)} published are not here",
        columns,
        tuple(", ".join(f"{column}={row[column]}" for column in key) for row in named),
        tuple(lost[:MAX_NAMED]),
    )


def write_certificate(certificate: Certificate, out: Path) -> None:
    """Write a certificate as JSON."""
    text = json.dumps(certificate.as_dict(), indent=2, sort_keys=True) + "\n"
    write_text(out, text)
