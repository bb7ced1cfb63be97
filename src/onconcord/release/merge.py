"""Merging sorted pieces of one table by key, in bounded memory."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onconcord import contract
from onconcord.contract.checking import as_one, row_key
from onconcord.errors import Fault, InputError

BATCH_ROWS = 32_768
"""Rows of one run that are in memory while runs are merged."""
FAN_IN = 64
"""Runs merged at a time; more are merged in rounds."""
SPILL_BYTES = 512 * 1024**2
"""Bytes of pieces that the mergers of a release keep in memory together."""


def distinct(name: str, table: pa.Table) -> pa.Table:
    """
    Rows sorted by key, identical ones once.

    Raises:
        InputError: two rows have one key and differ; their key and columns are named.
    """
    spec = contract.load().tables[name]
    if table.num_rows < 2:
        return table
    order = pc.sort_indices(table, sort_keys=[(column, "ascending") for column in spec.key])
    table = table.take(order).combine_chunks()
    same = _repeats(table, spec.key)
    if not pc.any(same).as_py():
        return table
    rows = pc.indices_nonzero(same).to_numpy() + 1
    faults = []
    for column in table.column_names:
        if column in spec.key:
            continue
        array = as_one(table.column(column))
        before, after = array.take(pa.array(rows - 1)), array.take(pa.array(rows))
        for row, one, two in zip(rows, before.to_pylist(), after.to_pylist(), strict=True):
            if one != two:
                message = (
                    f"row {row_key(spec, table, int(row))}: one pair says {one!r}, another "
                    f"{two!r}; expected the same: make the older of the two again"
                )
                faults.append(Fault(name, message, column=column))
    if faults:
        raise InputError(faults)
    return table.filter(pc.invert(pa.concat_arrays([pa.array([False]), same])))


def _repeats(table: pa.Table, key: tuple[str, ...]) -> pa.Array:
    """Whether each row but the first has the key of the row before it; shape (rows - 1,)."""
    last = table.num_rows - 1
    same = pa.array([True] * last)
    for column in key:
        array = as_one(table.column(column))
        same = pc.and_(same, pc.equal(array.slice(0, last), array.slice(1)))
    return same


@dataclass
class _Head:
    """One run and the rows of it that are in memory."""

    name: str
    pieces: Iterator[pa.Table]
    rows: pa.Table | None = field(init=False)

    def __post_init__(self) -> None:
        self.rows = next(self.pieces, None)

    def key(self, row: int) -> tuple[Any, ...]:
        assert self.rows is not None
        columns = contract.load().tables[self.name].key
        return tuple(self.rows.column(column)[row].as_py() for column in columns)

    def take(self, frontier: tuple[Any, ...]) -> pa.Table:
        """The rows up to and with the frontier; the run moves on behind them."""
        assert self.rows is not None
        count = bisect.bisect_right(range(self.rows.num_rows), frontier, key=self.key)
        taken = self.rows.slice(0, count)
        self.rows = self.rows.slice(count)
        if self.rows.num_rows == 0:
            self.rows = next(self.pieces, None)
        return taken


def merge_runs(name: str, runs: list[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """
    Sorted runs as one: pieces in key order without repeats.

    Args:
        runs: each gives non-empty pieces of one table, in key order.
    Raises:
        InputError: two rows have one key and differ.
    """
    heads = [head for run in runs if (head := _Head(name, run)).rows is not None]
    while heads:
        # what is not after the first last key in memory cannot be preceded by anything unread
        frontier = min(head.key(-1 + _length(head)) for head in heads)
        pieces = [head.take(frontier) for head in heads]
        yield distinct(name, pa.concat_tables(piece for piece in pieces if piece.num_rows))
        heads = [head for head in heads if head.rows is not None]


def _length(head: _Head) -> int:
    assert head.rows is not None
    return int(head.rows.num_rows)


class Memory:
    """What mergers keep in memory together; when it is too much, the one with most spills."""

    def __init__(self) -> None:
        self._mergers: list[Merger] = []
        self._bytes = 0

    def join(self, merger: "Merger") -> None:
        """Take a merger into the count."""
        self._mergers.append(merger)

    def count(self, change: int) -> None:
        """Note that a merger has some bytes more, or fewer."""
        self._bytes += change

    def relieve(self) -> None:
        """Have mergers write runs to disk until the others are within SPILL_BYTES."""
        while self._bytes > SPILL_BYTES:
            max(self._mergers, key=lambda merger: merger.bytes).spill()


class Merger:
    """
    Collects pieces of one table in any order and gives them back merged by key.

    Args:
        name: name of the table in the contract.
        folder: where runs are kept that do not fit in memory; emptied by `pieces`.
        memory: shared with the mergers of the other tables; None = it has its own.
    """

    def __init__(self, name: str, folder: Path, memory: Memory | None = None) -> None:
        self._name = name
        self._folder = folder
        self._memory = memory or Memory()
        self._memory.join(self)
        self._pending: list[pa.Table] = []
        self._runs: list[Path] = []
        self._made = 0
        self.bytes = 0

    def add(self, table: pa.Table) -> None:
        """Take some rows, in any order."""
        if table.num_rows == 0:
            return
        self._pending.append(table)
        self._hold(self.bytes + table.nbytes)
        self._memory.relieve()

    def _hold(self, size: int) -> None:
        self._memory.count(size - self.bytes)
        self.bytes = size

    def spill(self) -> None:
        """Write what is in memory to disk, as a run."""
        self._spill(iter([self._sorted()]))
        if len(self._runs) >= FAN_IN:
            self._spill(merge_runs(self._name, [_pieces(run) for run in self._take_runs()]))

    def _sorted(self) -> pa.Table:
        table = distinct(self._name, pa.concat_tables(self._pending))
        self._pending = []
        self._hold(0)
        return table

    def _take_runs(self) -> list[Path]:
        runs, self._runs = self._runs, []
        return runs

    def _spill(self, pieces: Iterator[pa.Table]) -> None:
        path = self._folder / f"{self._name}.{self._made:06d}.run.parquet"
        self._made += 1
        first = next(pieces)
        with pq.ParquetWriter(path, first.schema, compression="lz4") as writer:
            writer.write_table(first)
            for piece in pieces:
                writer.write_table(piece)
        self._runs.append(path)

    def pieces(self) -> Iterator[pa.Table]:
        """Everything that was added, merged; the Merger is empty afterwards."""
        memory = [iter([self._sorted()])] if self._pending else []
        runs = self._take_runs()
        yield from merge_runs(self._name, [*(_pieces(run) for run in runs), *memory])
        for run in self._folder.glob(f"{self._name}.*.run.parquet"):
            run.unlink()


def _pieces(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            if batch.num_rows:
                yield pa.Table.from_batches([batch])
