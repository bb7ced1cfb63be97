"""Pairs that a centre has withdrawn: the table it keeps of them beside its sheet."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from onconcord import contract
from onconcord.errors import Fault, InputError

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
        InputError: every fault of the table: it cannot be read, has other columns, an empty cell
            or an unknown reason, or leaves open which of several centres a pair is of.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", restval="")
            rows, columns = list(reader), tuple(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError) as why:
        raise InputError.at(path, f"cannot be read: {why}") from why
    if columns not in (COLUMNS, (*COLUMNS, CENTRE)):
        message = f"the columns are {', '.join(columns)}; expected {', '.join(COLUMNS)}"
        raise InputError.at(path, message, line=1)
    homes = _centres(manifests) if rows else {}
    several = len({*homes.values(), centre}) > 1
    faults, found = [], []
    for line, row in enumerate(rows, start=2):
        faults += [
            Fault(str(path), message, line, column) for column, message in _row_faults(row, columns)
        ]
        home = row.get(CENTRE) or homes.get(row["pair_id"])
        if home is None and several:
            message = (
                f'"{row["pair_id"]}" is no finished pair of this folder, which has pairs of '
                f"several centres: say whose it was in a column {CENTRE}"
            )
            faults.append(Fault(str(path), message, line, "pair_id"))
        if home in (None, centre):
            found.append(Retraction(*(row[column] for column in COLUMNS)))
    if faults:
        raise InputError(faults)
    return tuple(found)


def _row_faults(row: dict[str, str], columns: Iterable[str]) -> Iterator[tuple[str, str]]:
    reasons = contract.load().vocabularies["retraction_reason"]
    for column in columns:
        if column == "reason_code" and row[column] not in reasons:
            yield column, f'"{row[column]}" is no reason; expected {", ".join(reasons)}'
        elif not row[column]:
            yield column, "empty; expected a value"


def _centres(manifests: Iterable[Path]) -> dict[str, str]:
    """Centre of each finished pair, by pair; a manifest that cannot be read is named elsewhere."""
    found = {}
    for path in manifests:
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            found[manifest["pair"]] = manifest["centre"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found
