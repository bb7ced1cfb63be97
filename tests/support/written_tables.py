"""Tables of made-up pairs as files; most tables of a pair are those of the next: made once."""

from pathlib import Path

from onconcord import contract
from onconcord.contract.digest import Digest

_MADE: dict[tuple[str, str], tuple[bytes, Digest]] = {}


def write_table(name: str, rows: list[dict], path: Path) -> Digest:
    """What `contract.write` does; rows that were written before come from memory."""
    key = (name, repr(rows))
    if key in _MADE:
        path.write_bytes(_MADE[key][0])
    else:
        digest = contract.write(name, rows, path)
        _MADE[key] = path.read_bytes(), digest
    return _MADE[key][1]
