"""What a change of the contract means for its readers, and which version number it needs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onconcord.errors import InputError

BUMPS = ("none", "patch", "minor", "major")
"""Sizes of a change, smallest first."""

MINOR, PATCH, MAJOR = "minor", "patch", "major"

PATCH_PROPERTIES = frozenset(
    {"description", "standard", "since", "rows", "plain", "planned", "argument", "label", "curie"}
)
"""Properties that say something about a table, column or code without changing what it holds."""


CONTRACT_KEYS = frozenset({"version", "types", "tiers", "constants", "tables", "vocabularies"})


@dataclass(frozen=True)
class Change:
    """One change: its size, the table, column or code it is in, and what it is."""

    bump: str
    where: str
    what: str


def read_contract(path: Path) -> dict[str, Any]:
    """
    The contract of a contract.json, or of the release folder that has one.

    Raises:
        InputError: no such file, or not a contract.
    """
    file = path / "contract.json" if path.is_dir() else path
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as why:
        raise InputError.at(file, f"not a readable contract.json ({why})") from why
    if not isinstance(raw, dict) or not raw.keys() >= CONTRACT_KEYS:
        message = f"not a contract: expected the keys {', '.join(sorted(CONTRACT_KEYS))}"
        raise InputError.at(file, message)
    return raw


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Every difference of two contracts in the form of contract.json, largest first."""
    listed = [
        *_tables(old["tables"], new["tables"]),
        *_vocabularies(old["vocabularies"], new["vocabularies"]),
        *_values("constant", old["constants"], new["constants"]),
        *_lists("type", old["types"], new["types"]),
    ]
    if old["tiers"] != new["tiers"]:
        listed.append(Change(MAJOR, "tiers", f"{old['tiers']} became {new['tiers']}"))
    return sorted(listed, key=lambda c: (-BUMPS.index(c.bump), c.where, c.what))


def needed(listed: list[Change]) -> str:
    """The smallest bump of the version that the changes allow."""
    return max((change.bump for change in listed), key=BUMPS.index, default="none")


def made(old: str, new: str) -> str:
    """The bump from one version to another; none also where the number goes down."""
    before, after = ([int(part) for part in text.split(".")] for text in (old, new))
    if after <= before:
        return "none"
    return next(
        bump
        for bump, was, now in zip((MAJOR, MINOR, PATCH), before, after, strict=True)
        if was != now
    )


def _tables(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() - new.keys()):
        yield Change(MAJOR, name, "table removed")
    for name in sorted(new.keys() - old.keys()):
        yield Change(MINOR, name, "table added")
    for name in sorted(old.keys() & new.keys()):
        yield from _properties(name, old[name], new[name])
        yield from _fields(name, old[name]["fields"], new[name]["fields"])


def _properties(where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in sorted((old.keys() | new.keys()) - {"fields"}):
        before, after = old.get(name), new.get(name)
        if before != after:
            bump = PATCH if name in PATCH_PROPERTIES else MAJOR
            if name == "deprecated" and after:
                bump = MINOR
            yield Change(bump, where, f"{name}: {before} became {after}")


def _fields(table: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    before, after = ({field["name"]: field for field in fields} for fields in (old, new))
    for name in before.keys() - after.keys():
        yield Change(MAJOR, f"{table}.{name}", "column removed or renamed")
    for name in before.keys() & after.keys():
        yield from _properties(f"{table}.{name}", before[name], after[name])
    kept = [field["name"] for field in new if field["name"] in before]
    if kept != [field["name"] for field in old if field["name"] in after]:
        yield Change(MAJOR, table, "columns are in another order")
    last = max(field["field_id"] for field in old)
    for place, field in enumerate(new):
        where = f"{table}.{field['name']}"
        if field["name"] in before:
            continue
        if not field["nullable"]:
            yield Change(MAJOR, where, "column added that may not be null")
        elif place < len(kept) or field["field_id"] <= last:
            yield Change(MAJOR, where, "column added, not after all others with a new field_id")
        else:
            yield Change(MINOR, where, "nullable column appended")


def _vocabularies(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() - new.keys()):
        yield Change(MAJOR, name, "vocabulary removed")
    for name in sorted(new.keys() - old.keys()):
        yield Change(MINOR, name, "vocabulary added")
    for name in sorted(old.keys() & new.keys()):
        yield from _values(f"vocabulary {name}, code", old[name], new[name])


def _values(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    yield from _lists(kind, list(old), list(new))
    for name in sorted(old.keys() & new.keys()):
        yield from _properties(f"{kind} {name}", old[name], new[name])


def _lists(kind: str, old: list[str], new: list[str]) -> Iterator[Change]:
    for name in sorted(set(old) - set(new)):
        yield Change(MAJOR, f"{kind} {name}", "removed")
    for name in sorted(set(new) - set(old)):
        yield Change(MINOR, f"{kind} {name}", "added")
