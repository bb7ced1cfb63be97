"""Writing one table of a centre's release, in files of a bounded size."""

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from onconcord import contract
from onconcord.release import layout
from onconcord.release.manifest import Part

PART_ROWS = 1_000_000
"""Rows of one file of a table; more go to the next file, so that no file needs more memory."""


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
