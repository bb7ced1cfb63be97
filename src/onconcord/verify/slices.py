"""
Looking at a large release a piece at a time.

A rule that compares rows of one pair, or of one centre, need not have the whole release in memory:
it is checked for a range of pairs, or a centre, after the other, and only files that have rows of
these are opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

from onconcord import contract
from onconcord.contract.artefacts import text
from onconcord.release.manifest import Part

Within = Literal["release", "centre", "pair"]

SLICE_ROWS = 2_000_000
"""Rows of a table in one range of pairs, of which DuckDB needs less than a gibibyte."""

Files = Mapping[str, Sequence[Path]]


@dataclass(frozen=True)
class Slice:
    """
    Some rows of every table of a release.

    Args:
        whole: all files by table, one at least.
        files: those of them that are looked at, by table; none where no row is of the slice.
        start, end: pairs from `start` on and before `end`; None = from the first, to the last.
    """

    whole: Files
    files: Files
    start: str | None = None
    end: str | None = None

    def query(self, table: str) -> str:
        """The rows of one table as SQL; of a table that is not by pair, all rows of its files."""
        files = self.files[table] or self.whole[table][:1]
        conditions = [
            f"pair_id {sign} {text(bound)}"
            for sign, bound in ((">=", self.start), ("<", self.end))
            if bound is not None and _by_pair(table)
        ]
        if not self.files[table]:
            conditions = ["false"]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        listed = ", ".join(text(str(path)) for path in files)
        options = "union_by_name = true, hive_partitioning = false"
        return f"SELECT * FROM read_parquet([{listed}], {options}){where}"


def _by_pair(table: str) -> bool:
    return "pair_id" in contract.load().tables[table].key


def cut(folder: Path, parts: Sequence[Part], within: Within) -> list[Slice]:
    """
    A release as slices; together they have every row of the tables that are by what they keep.

    Args:
        folder: the release.
        parts: its readable files.
        within: what no slice may part: the release, a centre's rows or a pair's.
    """
    whole: dict[str, list[Path]] = {}
    of_centre: dict[str, dict[str, list[Path]]] = {part.centre: {} for part in parts}
    for part in parts:
        whole.setdefault(part.table, []).append(folder / part.path)
        of_centre[part.centre].setdefault(part.table, []).append(folder / part.path)
    if within == "release":
        return [Slice(whole, whole)]
    if within == "centre":
        return [
            Slice(whole, {table: files.get(table, []) for table in whole})
            for files in of_centre.values()
        ]
    return _by_pairs(whole)


@dataclass(frozen=True)
class _Group:
    """First and last pair of a row group, as its statistics have them, and its rows."""

    first: str
    last: str
    rows: int


def _by_pairs(whole: Files) -> list[Slice]:
    groups = {
        table: {path: _groups(path) for path in files}
        for table, files in whole.items()
        if _by_pair(table)
    }
    edges = [None, *_ends(groups.values()), None]
    slices = []
    for start, end in pairwise(edges):
        files = {
            table: [
                path
                for path in paths
                if table not in groups or _meets(groups[table][path], start, end)
            ]
            for table, paths in whole.items()
        }
        slices.append(Slice(whole, files, start, end))
    return slices


def _groups(path: Path) -> list[_Group] | None:
    """The row groups of a file; None where one has no statistics."""
    groups = []
    with pq.ParquetFile(path) as file:
        leaves = [file.schema.column(at).path for at in range(len(file.schema))]
        column = leaves.index("pair_id")
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            statistics = group.column(column).statistics
            if statistics is None or not statistics.has_min_max:
                return None
            groups.append(_Group(statistics.min, statistics.max, group.num_rows))
    return groups


def _meets(groups: list[_Group] | None, start: str | None, end: str | None) -> bool:
    return groups is None or any(
        (end is None or group.first < end) and (start is None or group.last >= start)
        for group in groups
    )


def _ends(tables: Iterable[Mapping[Path, list[_Group] | None]]) -> list[str]:
    """Where to cut so that the largest table has SLICE_ROWS rows between two cuts."""
    largest: list[_Group] = max(
        ([group for groups in files.values() for group in groups or ()] for files in tables),
        key=lambda groups: sum(group.rows for group in groups),
        default=[],
    )
    ends, rows = [], 0
    for group in sorted(largest, key=lambda group: group.last):
        rows += group.rows
        if rows >= SLICE_ROWS:
            ends.append(group.last)
            rows = 0
    return sorted(set(ends))
