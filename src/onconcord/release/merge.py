"""
Merging pieces of one table by key, and writing them in files of a bounded size.

Memory is bounded too: DuckDB sorts what does not fit.
"""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from onconcord import contract
from onconcord.contract.checking import as_one, row_key
from onconcord.errors import Fault, InputError
from onconcord.release import layout
from onconcord.release.manifest import Part

BATCH_ROWS = 32_768
"""Rows of a piece."""
SORT_MEMORY = "640MB"
"""What DuckDB may take to sort what did not fit in memory; it sorts on disk beyond that."""
SPILL_BYTES = 512 * 1024**2
"""Bytes of pieces that the mergers of a release keep in memory together."""
PART_ROWS = 1_000_000
"""Rows of one file of a table; more go to the next file, so that no file needs more memory."""


def distinct(name: str, table: pa.Table) -> pa.Table:
    """
    Rows sorted by key, identical ones once.

    Raises:
        InputError: two rows have one key and differ; their key and columns are named.
    """
    key = contract.load().tables[name].key
    order = pc.sort_indices(table, sort_keys=[(column, "ascending") for column in key])
    return _once(name, table.take(order))


def _once(name: str, table: pa.Table) -> pa.Table:
    """Rows that are sorted by key, identical ones once; raises as `distinct` does."""
    spec = contract.load().tables[name]
    if table.num_rows < 2:
        return table
    table = table.combine_chunks()
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
        for row, first, second in zip(rows, before.to_pylist(), after.to_pylist(), strict=True):
            if first != second:
                message = (
                    f"row {row_key(spec, table, int(row))}: one pair says {first!r}, another "
                    f"{second!r}; expected the same: make the older of the two again"
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


def pieces_once(name: str, pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """
    Pieces of a table, identical rows once, also where they lie in two pieces.

    Args:
        pieces: in key order, as a whole.
    Raises:
        InputError: as `distinct`.
    """
    held: pa.Table | None = None
    for piece in pieces:
        table = _once(name, piece if held is None else pa.concat_tables([held, piece]))
        held = table.slice(table.num_rows - 1)
        if table.num_rows > 1:
            yield table.slice(0, table.num_rows - 1)
    if held is not None:
        yield held


def _sorted(name: str, files: list[Path]) -> Iterator[pa.Table]:
    """Rows of spilled files by key, repeats included, in SORT_MEMORY whatever their number."""
    key = ", ".join(contract.load().tables[name].key)
    with pa.OSFile(str(files[0])) as source:
        schema = pa.ipc.open_stream(source).schema
    with (
        tempfile.TemporaryDirectory(dir=files[0].parent) as spill,
        duckdb.connect(":memory:") as database,
    ):
        database.execute(f"SET memory_limit = '{SORT_MEMORY}'; SET temp_directory = '{spill}'")
        database.execute("SET threads = 1")
        database.register("rows", pa.RecordBatchReader.from_batches(schema, _batches(files)))
        for batch in database.sql(f"SELECT * FROM rows ORDER BY {key}").to_arrow_reader(BATCH_ROWS):
            if batch.num_rows:
                yield pa.Table.from_batches([batch]).cast(schema)


def _batches(files: list[Path]) -> Iterator[pa.RecordBatch]:
    for file in files:
        with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as batches:
            yield from batches


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
        """Have mergers write rows to disk until the others are within SPILL_BYTES."""
        while self._bytes > SPILL_BYTES:
            max(self._mergers, key=lambda merger: merger.bytes).spill()


class Merger:
    """
    Collects pieces of one table in any order and gives them back merged by key.

    Args:
        name: name of the table in the contract.
        folder: where rows are kept that do not fit in memory; emptied by `pieces`.
        memory: shared with the mergers of the other tables; None = it has its own.
    """

    def __init__(self, name: str, folder: Path, memory: Memory | None = None) -> None:
        self._name = name
        self._folder = folder
        self._memory = memory or Memory()
        self._memory.join(self)
        self._pending: list[pa.Table] = []
        self._spilled: list[Path] = []
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

    def _take(self) -> pa.Table:
        table = pa.concat_tables(self._pending)
        self._pending = []
        self._hold(0)
        return table

    def spill(self) -> None:
        """Write what is in memory to disk, in whatever order it came."""
        path = self._folder / f"{self._name}.{len(self._spilled):06d}.arrow"
        table = self._take()
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        self._spilled.append(path)

    def pieces(self) -> Iterator[pa.Table]:
        """Everything that was added, merged; the Merger is empty afterwards."""
        if not self._spilled:
            if self._pending:
                yield distinct(self._name, self._take())
            return
        if self._pending:
            self.spill()
        files, self._spilled = self._spilled, []
        yield from pieces_once(self._name, _sorted(self._name, files))
        for file in files:
            file.unlink()


class PartsWriter:
    """
    Writes a table from pieces in key order, in files of at most PART_ROWS rows, in bounded memory.

    `with PartsWriter(...) as writer`, then `writer.write(rows)` as often as wanted; afterwards
    `writer.parts` has the files. An empty table has a file too.

    Args:
        name: name of the table in the contract.
        centre: code of the centre whose rows they are.
        folder: the release.
        tier: tier of the release.
    """

    def __init__(self, name: str, centre: str, folder: Path, tier: str) -> None:
        self.parts: list[Part] = []
        self._name, self._centre, self._folder, self._tier = name, centre, folder, tier

    def __enter__(self) -> Self:
        self._open()
        return self

    def _open(self) -> None:
        self._path = layout.part(self._name, self._centre, len(self.parts))
        path = self._folder / self._path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._room = PART_ROWS
        self._writer = contract.TableWriter(self._name, path, self._tier)
        self._writer.__enter__()

    def _close(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._writer.__exit__(kind, error, trace)
        if error is None:
            digest = self._writer.digest
            self.parts.append(Part(self._name, self._centre, self._path, digest))

    def write(self, rows: pa.Table) -> None:
        """
        Take the next rows, sorted by key.

        Raises:
            ContractError: as for `contract.TableWriter.write`.
        """
        while rows.num_rows:
            if not self._room:
                self._close()
                self._open()
            piece, rows = rows.slice(0, self._room), rows.slice(self._room)
            self._writer.write(piece)
            self._room -= piece.num_rows

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close(kind, error, trace)
