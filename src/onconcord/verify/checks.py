"""Verifying a release: every check is named, and one that cannot be made has its reason."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from onconcord import contract
from onconcord.contract.artefacts import quoted
from onconcord.errors import Fault, InputError
from onconcord.files import folder_aside, leftovers
from onconcord.release import layout
from onconcord.release.manifest import Release, read_release
from onconcord.release.tiers import released_tables
from onconcord.verify import posterior
from onconcord.verify.described import described_faults, other_makers
from onconcord.verify.files import (
    description_faults,
    manifest_faults,
    signature_faults,
    statement_faults,
)
from onconcord.verify.generated import generated_faults
from onconcord.verify.parts import (
    DAMAGED,
    PartFaults,
    described_digest_faults,
    order_faults,
    part_faults,
)
from onconcord.verify.report import Report
from onconcord.verify.row_rule import RowRule
from onconcord.verify.rules import RULES, foreign_keys
from onconcord.verify.slices import cut

SHOWN_ROWS = 5
"""Rows that are named per rule; the rest is counted."""
MEMORY = "2GB"
"""What DuckDB may use before it spills to disk."""


def verify_release(
    folder: Path, public_key: Path | None = None, models: Sequence[Path] = ()
) -> Report:
    """
    Check a release against its manifest, its contract and itself.

    Args:
        folder: the release.
        public_key: key that must have signed it; None accepts any signature, and none.
        models: model files beside those of `config/models`.
    Returns:
        Everything checked, everything that could not be, every fault. A damaged table does not
        keep the others from being checked.
    Raises:
        InputError: the folder is not a release, or the key or a model cannot be read.
    """
    release = read_release(folder)
    report = Report(release.name, release.tier)
    report.check("manifest", manifest_faults(folder, release))
    report.check("description", description_faults(folder, release))
    report.check("statement", statement_faults(folder))
    if release.contract_version == contract.CONTRACT_VERSION:
        report.check("generated", generated_faults(folder, release))
    else:
        report.not_checked["generated"] = f"made under contract {release.contract_version}"
    if (folder / layout.SIGNATURE).is_file():
        report.check("signature", signature_faults(folder, public_key))
        if public_key is None:
            report.not_checked["signer"] = "name the centre's public key with --public-key"
    elif public_key is not None:
        message = f"the release is not signed; expected a signature of {public_key.name}"
        report.check("signature", [Fault(layout.SIGNATURE, message)])
    else:
        report.not_checked["signature"] = "the release is not signed"
    unreadable = _check_parts(folder, release, report)
    _check_described(folder, release, report)
    columns = _columns(folder, release, unreadable)
    _check_rules(folder, release, unreadable, columns, report)
    _check_posterior(folder, release, columns, models, report)
    return report


def _check_described(folder: Path, release: Release, report: Report) -> None:
    """Look at what describes the whole, where its files are what the manifest says."""
    if any(check in ("manifest", "content") for check, _ in report.faults):
        report.not_checked["described"] = "its files are not what they were"
        return
    try:
        faults, why = list(described_faults(folder, release)), other_makers(folder, release)
    except (*DAMAGED, KeyError):
        report.not_checked["described"] = "its tables run and tool are not the contract's"
        return
    if faults and why is not None:
        names = ", ".join(fault.source for fault in faults)
        report.not_checked["described"] = f"{names}: {why}"
    else:
        report.check("described", faults)


def verify_releases(
    folder: Path, public_key: Path | None = None, models: Sequence[Path] = ()
) -> dict[Path, Report]:
    """
    Check a release, or every release of a folder, and these against each other.

    Returns:
        Report by folder of a release. A pair that an earlier release retracted, and that a later
        one (by its name) still has, is a fault of the later one.
    Raises:
        InputError: the folder is not a release and has none.
    """
    if (folder / layout.RELEASE).is_file():
        return {folder: verify_release(folder, public_key, models)}
    # A release that was killed leaves hidden folders, which are none.
    folders = sorted(path.parent for path in folder.glob(f"[!.]*/{layout.RELEASE}"))
    if not folders:
        message = (
            "neither a release (it has no release.json) nor a folder of releases: name what "
            "`onconcord release` or `onconcord pool` made"
        )
        raise InputError.at(folder, message)
    reports = {path: verify_release(path, public_key, models) for path in folders}
    for path, report in reports.items():
        if left := ", ".join(left_over.name for left_over in leftovers(path)):
            report.not_checked["leftovers"] = (
                f"{left}: left by a release that was killed; the next one removes it"
            )
    ordered = sorted(folders, key=lambda path: (read_release(path).name, path))
    retracted: dict[tuple[str, str], str] = {}
    for path in ordered:
        if any(check == "content" for check, _ in reports[path].faults):
            reports[path].not_checked["retracted_earlier"] = "its tables are not what they were"
            continue
        reports[path].check("retracted_earlier", _still_there(path, retracted))
        for row in _rows(path, "retraction"):
            retracted.setdefault(row, read_release(path).name)
    return reports


def _still_there(folder: Path, retracted: dict[tuple[str, str], str]) -> Iterator[Fault]:
    for center_id, pair_id in _rows(folder, "pair"):
        if (center_id, pair_id) in retracted:
            name = retracted[center_id, pair_id]
            message = f"row center_id={center_id}, pair_id={pair_id}: retracted in release {name}"
            yield Fault("pair", message, column="pair_id")


def _rows(folder: Path, table: str) -> list[tuple[str, str]]:
    """Centre and pair of the rows of a table, in order; none where there is no such table."""
    rows = []
    for part in read_release(folder).parts:
        if part.table == table:
            ids = pq.ParquetFile(folder / part.path).read(["center_id", "pair_id"])
            rows += [(row["center_id"], row["pair_id"]) for row in ids.to_pylist()]
    return rows


def _check_parts(folder: Path, release: Release, report: Report) -> set[str]:
    """Look at every file on its own; returns the tables that cannot be read as a whole."""
    of_parts, unreadable, described = [], set(), []
    known = []
    for part in sorted(release.parts, key=lambda part: part.path):
        if part.table not in contract.load().tables:
            report.not_checked[part.path] = f"this contract has no table {part.table}"
            continue
        faults = part_faults(folder, part, release.tier)
        described += list(described_digest_faults(part))
        of_parts.append(faults)
        known.append(part)
        if not faults.readable:
            unreadable.add(part.table)
    report.check("content", [*described, *_all(of_parts, "content")])
    order = order_faults(list(zip(known, of_parts, strict=True)))
    report.check("contract", [*_all(of_parts, "contract"), *order])
    report.check("centres", _all(of_parts, "centres"))
    if release.tier == "local":
        report.not_checked["pseudonyms"] = "a local release has local ids"
        report.not_checked["text"] = "a local release may hold free text"
    else:
        report.check("pseudonyms", _all(of_parts, "pseudonyms"))
        report.check("text", _all(of_parts, "text"))
    return unreadable


def _all(of_parts: list[PartFaults], name: str) -> Iterator[Fault]:
    for faults in of_parts:
        yield from getattr(faults, name)


def _check_rules(
    folder: Path,
    release: Release,
    unreadable: set[str],
    columns: dict[str, set[str]],
    report: Report,
) -> None:
    # a table that the tier does not have cannot break a rule
    there = released_tables(release.tier)
    broken: dict[int, _Broken] = {}
    rules = [
        rule
        for rule in (*foreign_keys(), *RULES)
        if release.tier in rule.tiers and rule.table in there
    ]
    for number, rule in enumerate(rules):
        if why := _obstacle(rule, columns, unreadable, release.tier):
            report.not_checked[f"{rule.name}: {rule.table}.{rule.column}"] = why
        else:
            broken[number] = _Broken(rule, columns[rule.table])
    parts = [part for part in release.parts if part.table in columns]
    with folder_aside() as spill, duckdb.connect(":memory:") as database:
        database.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{spill}'")
        database.execute("SET threads = 2; SET preserve_insertion_order = false")
        analyses = contract.load().vocabularies["analysis"]
        database.execute("CREATE TABLE analyses (analysis VARCHAR)")
        database.executemany("INSERT INTO analyses VALUES (?)", [[code] for code in analyses])
        for within in sorted({check.rule.within for check in broken.values()}):
            of_slice = [check for check in broken.values() if check.rule.within == within]
            needed = {table for check in of_slice for table in check.rule.needs}
            for piece in cut(folder, [part for part in parts if part.table in needed], within):
                for table in sorted(needed):
                    view = f"CREATE OR REPLACE VIEW {quoted(table)} AS {piece.query(table)}"
                    database.execute(view)
                for check in of_slice:
                    check.look(database)
    faults: dict[str, list[Fault]] = {}
    for check in broken.values():
        faults.setdefault(check.rule.name, []).extend(check.faults())
    for name, of_rule in faults.items():
        report.check(name, of_rule)


def _check_posterior(
    folder: Path,
    release: Release,
    columns: dict[str, set[str]],
    models: Sequence[Path],
    report: Report,
) -> None:
    """Work out the probabilities again, in the tiers that have the counts."""
    if "decision" not in released_tables(release.tier):
        return
    lacking = [table for table in posterior.NEEDS if table not in columns]
    why = None
    if lacking:
        why = f"tier {release.tier} has no readable {', '.join(lacking)}"
    elif release.contract_version != contract.CONTRACT_VERSION:
        why = f"made under contract {release.contract_version}"
    if why is not None:
        report.not_checked |= {"posterior": why, "posterior_model": why}
        return
    parts = [part for part in release.parts if part.table in posterior.NEEDS]
    judged = posterior.look_again(cut(folder, parts, "pair"), models)
    report.check("posterior", judged.of_shares.all())
    report.check("posterior_model", judged.of_model.all())
    if judged.every > 1:
        reason = f"one candidate of {judged.every} was judged again, since there are so many"
        report.not_checked["posterior_model: others"] = reason
    for sha256, reason in judged.unknown.items():
        report.not_checked[f"posterior_model: {sha256[:12]}"] = reason


def _columns(folder: Path, release: Release, unreadable: set[str]) -> dict[str, set[str]]:
    """The columns that every readable table has in all of its files."""
    columns: dict[str, set[str]] = {}
    for part in release.parts:
        if part.table in unreadable or part.table not in contract.load().tables:
            continue
        try:
            names = set(pq.read_schema(folder / part.path).names)
        except DAMAGED:
            unreadable.add(part.table)
            columns.pop(part.table, None)
            continue
        columns[part.table] = columns.get(part.table, names) & names
    return columns


def _obstacle(
    rule: RowRule, columns: dict[str, set[str]], unreadable: set[str], tier: str
) -> str | None:
    """Why a rule cannot be checked; None where it can."""
    needed: Iterable[tuple[str, tuple[str, ...]]] = (
        (table, (*names, *contract.load().tables[table].key)) for table, names in rule.needs.items()
    )
    for table, names in needed:
        if table in unreadable:
            return f"table {table} cannot be read"
        if table not in columns:
            return f"tier {tier} has no table {table}"
        if lacking := sorted(set(names) - columns[table]):
            return f"tier {tier} has no {', '.join(f'{table}.{name}' for name in lacking)}"
    return None


@dataclass
class _Broken:
    """The first rows that break a rule, how many there are, and why it could not be applied."""

    rule: RowRule
    columns: set[str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    error: str | None = None

    @property
    def key(self) -> list[str]:
        """The columns of the table's key that there are."""
        return [n for n in contract.load().tables[self.rule.table].key if n in self.columns]

    def look(self, database: duckdb.DuckDBPyConnection) -> None:
        """Add what breaks the rule in what the views show."""
        if self.error is not None:
            return
        try:
            self._count(database)
        except duckdb.Error as error:
            # the files are not what Parquet readers take them for, which is a fault of theirs
            self.error = f"the rule cannot be applied: {str(error).splitlines()[0]}"

    def _count(self, database: duckdb.DuckDBPyConnection) -> None:
        query = f"FROM ({self.rule.sql})"
        count = database.execute(f"SELECT count(*) {query}").fetchone()
        assert count is not None
        self.count += count[0]
        if not count[0] or len(self.rows) == SHOWN_ROWS:
            return
        column = self.rule.column
        shown = [*self.key, column] if column not in self.key else self.key
        names, order = (", ".join(map(quoted, listed)) for listed in (shown, self.key))
        limit = SHOWN_ROWS - len(self.rows)
        limited = f"SELECT {names} {query} ORDER BY {order} LIMIT {limit}"
        for row in database.execute(limited).fetchall():
            self.rows.append(dict(zip(shown, row, strict=True)))

    def faults(self) -> Iterator[Fault]:
        """A fault for each of the first rows, and one that counts the others."""
        rule, key = self.rule, self.key
        for row in self.rows:
            where = ", ".join(f"{name}={row[name]}" for name in key)
            value = "" if rule.column in key else f"found {row[rule.column]}; "
            yield Fault(rule.table, f"row {where}: {value}{rule.message}", column=rule.column)
        if self.count > len(self.rows):
            more = f"{self.count - len(self.rows)} more rows: {rule.message}"
            yield Fault(rule.table, more, column=rule.column)
        if self.error is not None:
            yield Fault(rule.table, self.error, column=rule.column)
