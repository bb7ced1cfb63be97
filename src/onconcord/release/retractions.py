"""Pairs that a centre has withdrawn: the table it keeps of them beside its sheet."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from onconcord import contract
from onconcord.errors import Fault, InputError
from onconcord.inputs.stated import not_released
from onconcord.inputs.tabular import Row, read_table

COLUMNS = ("pair_id", "from_release", "reason_code")
CENTRE = "center_id"
"""A further column, needed only where a working folder has pairs of several centres."""


@dataclass(frozen=True)
class Retraction:
    """
    One withdrawn pair.

    Args:
        pair_id: the pair's local id.
        from_release: name of the first release without it.
        reason_code: why, of the vocabulary `retraction_reason`.
    """

    pair_id: str
    from_release: str
    reason_code: str


def read_retractions(path: Path, centre: str, manifests: Iterable[Path]) -> tuple[Retraction, ...]:
    """
    The pairs that one centre has withdrawn.

    Args:
        path: TSV with the columns COLUMNS, and CENTRE where it is needed.
        centre: code of the centre that releases; rows of other centres are left out.
        manifests: MANIFEST.json of every finished pair of the working folder. They say which
            centre a pair is of where the table does not.
    Raises:
        InputError: every fault of the table: it cannot be read, has other columns, an empty cell,
            an unknown reason or a pair twice, or leaves open which of several centres a pair is of.
    """
    rows, faults = retraction_rows(path)
    homes = _centres(manifests) if rows else {}
    several = len({*homes.values(), centre}) > 1
    retractions = []
    for row in rows:
        cells = row.cells
        home = cells[CENTRE] or homes.get(cells["pair_id"])
        if home is None and several and cells["pair_id"]:
            message = (
                f'"{cells["pair_id"]}" is not a finished pair of this folder, which has pairs of '
                f"several centres: say whose it was in a column {CENTRE}."
            )
            faults.append(Fault(path.name, message, row.line, "pair_id"))
        if home in (None, centre):
            retractions.append(Retraction(*(cells[column] for column in COLUMNS)))
    if faults:
        raise InputError(faults)
    return tuple(retractions)


def retraction_rows(path: Path) -> tuple[tuple[Row, ...], list[Fault]]:
    """Rows of a table of withdrawn pairs, and what is wrong with each on its own."""
    table = read_table(path, (*COLUMNS, CENTRE), COLUMNS)
    faults = list(table.faults)
    reasons = contract.load().vocabularies["retraction_reason"]
    seen: dict[tuple[str, str], int] = {}
    for row in table.rows:
        faults += [
            Fault(path.name, "is empty, and required.", row.line, column)
            for column in (*COLUMNS, CENTRE)
            if row.lacks(column)
        ]
        reason = row.cells["reason_code"]
        if reason and reason not in reasons:
            message = f'"{reason}" is not a reason: expected {", ".join(reasons)}.'
            faults.append(Fault(path.name, message, row.line, "reason_code"))
        name = row.cells["from_release"]
        if why := not_released(name):
            faults.append(Fault(path.name, f'"{name}" {why}', row.line, "from_release"))
        key = (row.cells["pair_id"], row.cells[CENTRE])
        if key[0] and key in seen:
            message = f'pair "{key[0]}" is there already, on line {seen[key]}: remove one.'
            faults.append(Fault(path.name, message, row.line, "pair_id"))
        seen.setdefault(key, row.line)
    return table.rows, faults


def _centres(manifests: Iterable[Path]) -> dict[str, str]:
    """Centre of each finished pair, by pair; a manifest that cannot be read is named elsewhere."""
    centre_of = {}
    for path in manifests:
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            centre_of[manifest["pair"]] = manifest["centre"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return centre_of
