"""Merging by key: every type comes back as it was, repeats once, differences refused."""

import datetime
import random

import pyarrow as pa
import pytest

from contract_rows import row_of
from onconcord import contract
from onconcord.errors import InputError
from onconcord.release.merge import Merger, pieces_once

TABLES = sorted(contract.load().tables)


def rows_of(name, count=40):
    """Rows that differ in the last column of their key, some with nulls, in no order."""
    spec = contract.load().tables[name]
    last = spec.field(spec.key[-1])
    rows = []
    for number in range(count):
        key = {"string": f"é{number:03d}", "int32": number + 1}.get(last.type, number)
        row = row_of(name) | ({last.name: key} if last.type in ("string", "int32") else {})
        if number % 3 == 0:
            row |= {field.name: None for field in spec.fields if field.nullable}
        rows.append(row)
    if last.vocabulary:
        codes = list(contract.load().vocabularies[last.vocabulary])
        rows = [row | {last.name: code} for row, code in zip(rows, codes, strict=False)]
    return rows


def key_types(name):
    spec = contract.load().tables[name]
    return tuple(spec.field(column).type for column in spec.key)


FIRST = {key_types(name): name for name in reversed(TABLES)}.values()
"""The first table that has a key of these types."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in FIRST else pytest.mark.slow) for name in TABLES],
)
def test_what_went_over_the_disk_is_what_was_never_there(tmp_path, monkeypatch, name):
    whole = contract.prepare(name, rows_of(name))
    places = list(range(whole.num_rows)) * 2
    random.Random(name).shuffle(places)

    def merged() -> pa.Table:
        merger = Merger(name, tmp_path)
        for place in places:
            merger.add(whole.slice(place, 1))
        return pa.concat_tables(merger.pieces())

    in_memory = merged()
    assert in_memory.equals(whole, check_metadata=True)
    monkeypatch.setattr("onconcord.release.merge.SPILL_BYTES", 400)
    assert merged().equals(whole, check_metadata=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spill", [10**9, 1], ids=["in memory", "on disk"])
def test_two_rows_of_one_key_that_differ_are_refused(tmp_path, monkeypatch, spill):
    monkeypatch.setattr("onconcord.release.merge.SPILL_BYTES", spill)
    merger = Merger("subject", tmp_path)
    for age in (60, 61):
        merger.add(contract.prepare("subject", [row_of("subject", age_years_at_index=age)]))
    with pytest.raises(InputError, match=r"one pair says 6[01], another 6[01]"):
        list(merger.pieces())


def test_repeats_at_the_edges_of_pieces_are_dropped():
    whole = contract.prepare("subject", rows_of("subject", 6))
    spans = [(0, 2), (1, 1), (1, 1), (1, 3), (3, 3), (5, 1), (5, 1)]
    pieces = [whole.slice(start, count) for start, count in spans]
    assert pa.concat_tables(pieces_once("subject", pieces)).equals(whole)
    other = row_of("subject") | rows_of("subject", 6)[5] | {"sex_karyotypic": "XX"}
    pieces.append(contract.prepare("subject", [other | {"age_years_at_index": 17}]))
    with pytest.raises(InputError, match="expected the same"):
        list(pieces_once("subject", pieces))


def test_times_keep_their_zone(tmp_path, monkeypatch):
    monkeypatch.setattr("onconcord.release.merge.SPILL_BYTES", 1)
    at = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
    table = contract.prepare("run", [row_of("run", started_at=at)])
    merger = Merger("run", tmp_path)
    merger.add(table)
    (piece,) = merger.pieces()
    assert piece.equals(table)
    assert piece.column("started_at").to_pylist() == [at]
