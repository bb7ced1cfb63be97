"""Tables of a working folder or of a release, under the newest contract, for people's commands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onconcord import contract
from onconcord.errors import ContractError, Fault, InputError

VARIANT_KEY = ("chrom", "pos", "ref", "alt")
"""Columns that name a small variant within a reference; `pos` is 1-based with the anchor base."""


@dataclass(frozen=True)
class TableSource:
    """
    Where tables are read from.

    Args:
        root: the folder as the user named it.
        kind: "working" = one file per pair and table below results/8_harmonised; "release" = one
            folder per table with a file per centre.
    """

    root: Path
    kind: Literal["working", "release"]

    def files(self, table: str) -> list[Path]:
        """Parquet files of a table, sorted; empty where the source does not carry it."""
        if self.kind == "working":
            return sorted(self.root.glob(f"results/8_harmonised/[!.]*/{table}.parquet"))
        return sorted(self.root.glob(f"{table}/**/*.parquet"))

    def carries(self, table: str) -> bool:
        """Whether the table is there at all: a looser tier leaves some out."""
        return bool(self.files(table))

    def columns(self, table: str) -> frozenset[str]:
        """Columns that some file of the table has: a looser tier leaves some out."""
        return frozenset(name for file in self.files(table) for name in pq.read_schema(file).names)

    def read(self, table: str, pair: str | None = None) -> pl.DataFrame:
        """
        All rows of a table, or those of one pair, distinct, sorted by the contract's key.

        Args:
            pair: keep the rows whose pair_id is this.
        Returns:
            One column per field of the contract; a column the source lacks (an older contract, a
            looser tier) is null, as is a table it lacks (no rows). Files of several pairs repeat
            rows that belong to no pair (filter_definition, assay): each is returned once.
        Raises:
            ContractError: a file is not Parquet, or not of this contract.
        """
        spec = contract.load().tables[table]
        parts = [spec.schema().empty_table()]
        faults: list[Fault] = []
        for file in self.files(table):
            try:
                part = contract.read_file(table, file)
            except ContractError as error:
                faults.extend(error.faults)
                continue
            if pair is not None:
                part = part.filter(pc.field("pair_id") == pair)
            parts.append(part)
        if faults:
            raise ContractError(faults)
        rows = pl.from_arrow(pa.concat_tables(parts))
        assert isinstance(rows, pl.DataFrame)
        return rows.unique(subset=list(spec.key), keep="first", maintain_order=True).sort(spec.key)

    def pair_ids(self) -> list[str]:
        """Ids of the pairs that have tables, sorted."""
        return sorted(set(self.read("pair")["pair_id"].to_list()))

    def unfinished(self) -> list[str]:
        """Pairs of a working folder that are in the sheet and have no tables yet, sorted."""
        if self.kind == "release":
            return []
        wanted = {spec.stem for spec in self.root.glob("results/0_inputs/*.json")}
        return sorted(wanted - set(self.pair_ids()))


def open_source(path: Path) -> TableSource:
    """
    The tables below a folder.

    Raises:
        InputError: the folder is missing, or is neither a working folder with harmonised tables
            nor a release.
    """
    if not path.is_dir():
        raise InputError.at(path, "no such folder: name a working folder or a release")
    if (path / "contract.json").is_file():
        return TableSource(path, "release")
    if any(path.glob("results/8_harmonised/[!.]*/pair.parquet")):
        return TableSource(path, "working")
    inside = sorted(release.parent.name for release in path.glob("*/contract.json"))
    hint = (
        f"it holds the releases {', '.join(inside)}: name one of them"
        if inside
        else "expected a release (contract.json at its top) or a working folder with finished "
        "pairs (results/8_harmonised/PAIR/pair.parquet): run the pipeline there first"
    )
    raise InputError.at(path, hint)


def cohort_source(path: Path) -> TableSource:
    """
    As open_source, but only a working folder will do.

    Raises:
        InputError: the folder is a release, or has no harmonised tables.
    """
    source = open_source(path)
    if source.kind == "release":
        message = "this is a release: expected the working folder that it was made from"
        raise InputError.at(path, message)
    return source
