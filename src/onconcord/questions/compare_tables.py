"""One table in two states, row by row: what only one has, and which values differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

MAX_ROWS = 20
"""Rows that a difference names; its counts are of all."""


@dataclass(frozen=True)
class TableDifference:
    """
    One table by key: rows on each side, rows only there, rows and columns with other values.

    Args:
        rows: at most MAX_ROWS of the rows that differ, each with its key and how it differs.
    """

    table: str
    rows_a: int
    rows_b: int
    only_a: int
    only_b: int
    different: int
    columns: tuple[str, ...]
    rows: tuple[str, ...] = ()

    @property
    def identical(self) -> bool:
        return not (self.only_a or self.only_b or self.different)


def table_difference(
    name: str, a: pl.DataFrame, b: pl.DataFrame, key: Sequence[str], values: Sequence[str]
) -> TableDifference:
    """
    Compare two states of a table.

    Args:
        a, b: rows of the table, with the columns of `key` and `values`.
        key: columns that name a row; null equals null. Of rows with one key the first counts.
        values: columns to compare.
    """
    columns = [*key, *values]
    a, b = (rows.select(columns).unique(key, keep="first", maintain_order=True) for rows in (a, b))
    only_a, only_b = (
        rows.join(other, on=key, how="anti", nulls_equal=True) for rows, other in ((a, b), (b, a))
    )
    both = a.join(b, on=key, how="inner", suffix="_b", nulls_equal=True)
    changed = {value: both[value].ne_missing(both[f"{value}_b"]) for value in values}
    any_changed = pl.Series([False] * both.height, dtype=pl.Boolean)
    for mask in changed.values():
        any_changed = any_changed | mask
    different = both.filter(any_changed)
    named = [f"{_named(row, key)}: only in A" for row in only_a.head(MAX_ROWS).to_dicts()]
    named += [f"{_named(row, key)}: only in B" for row in only_b.head(MAX_ROWS).to_dicts()]
    named += [
        f"{_named(row, key)}: {_moved(row, values)}" for row in different.head(MAX_ROWS).to_dicts()
    ]
    return TableDifference(
        table=name,
        rows_a=a.height,
        rows_b=b.height,
        only_a=only_a.height,
        only_b=only_b.height,
        different=different.height,
        columns=tuple(value for value, mask in changed.items() if mask.any()),
        rows=tuple(named[:MAX_ROWS]),
    )


def _named(row: dict[str, Any], key: Sequence[str]) -> str:
    return ", ".join(f"{column}={row[column]}" for column in key)


def _moved(row: dict[str, Any], values: Sequence[str]) -> str:
    return ", ".join(
        f"{value} {row[value]} in A, {row[f'{value}_b']} in B"
        for value in values
        if row[value] != row[f"{value}_b"]
    )
