"""MANIFEST.tsv and release.json: what a release has, and the digests of all of it."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onconcord import __version__, contract
from onconcord.contract.digest import Digest
from onconcord.errors import Fault, InputError
from onconcord.files import file_sha256
from onconcord.release import layout

COLUMNS = ("path", "rows", "file_sha256", "content_sha256")


@dataclass(frozen=True)
class Entry:
    """One line of MANIFEST.tsv; rows and content digest are None where the file is not a table."""

    path: str
    rows: int | None
    file_sha256: str
    content_sha256: str | None


@dataclass(frozen=True)
class Part:
    """One file of a table of a release."""

    table: str
    centre: str
    path: str
    digest: Digest


@dataclass(frozen=True)
class Centre:
    """One centre of a release: its code, and its pairs, None in the tier open."""

    center_id: str
    pairs: int | None


@dataclass(frozen=True)
class Release:
    """What release.json says."""

    name: str
    tier: str
    centres: tuple[Centre, ...]
    parts: tuple[Part, ...]
    contract_version: str = contract.CONTRACT_VERSION
    pipeline_version: str = __version__

    @property
    def digest(self) -> str:
        """SHA-256 over the content digests of all parts, as hex."""
        lines = sorted(f"{part.path}\t{part.digest.sha256}\n" for part in self.parts)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def as_json(self) -> str:
        """The text of release.json: sorted keys, no time, no place."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for part in sorted(self.parts, key=lambda part: part.path):
            tables.setdefault(part.table, []).append(
                {
                    "center_id": part.centre,
                    "path": part.path,
                    "rows": part.digest.rows,
                    "content_sha256": part.digest.sha256,
                    "columns": part.digest.columns,
                }
            )
        return dumps(
            {
                "name": self.name,
                "tier": self.tier,
                "contract_version": self.contract_version,
                "pipeline_version": self.pipeline_version,
                "content_sha256": self.digest,
                "centres": [
                    {"center_id": centre.center_id, "pairs": centre.pairs}
                    for centre in sorted(self.centres, key=lambda centre: centre.center_id)
                ],
                "tables": tables,
            }
        )


def dumps(value: Any) -> str:
    """JSON as every file of a release has it: sorted keys, an indent of two, one final line end."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def read_release(folder: Path) -> Release:
    """
    What release.json of a release says.

    Raises:
        InputError: the folder is missing, is not a release, or its release.json cannot be read.
    """
    path = folder / layout.RELEASE
    if not path.is_file():
        message = (
            "not a release: it has no release.json. Name a folder that `onconcord release` or "
            "`onconcord pool` made"
        )
        raise InputError.at(folder, message)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        parts = tuple(
            Part(
                table,
                part["center_id"],
                part["path"],
                Digest(int(part["rows"]), dict(part["columns"]), part["content_sha256"]),
            )
            for table, parts in raw["tables"].items()
            for part in parts
        )
        centres = tuple(Centre(**centre) for centre in raw["centres"])
        versions = (str(raw["contract_version"]), str(raw["pipeline_version"]))
        release = Release(str(raw["name"]), str(raw["tier"]), centres, parts, *versions)
    except (ValueError, KeyError, TypeError, AttributeError) as why:
        message = f"not the description of a release ({type(why).__name__}: {why})"
        raise InputError.at(path, message) from why
    for part in parts:
        if part.path != layout.part(part.table, part.centre, _number(part.path)):
            message = f'"{part.path}" is not a place of {part.table} of centre {part.centre}'
            raise InputError.at(path, message, column=part.table)
        inside = [folder / part.path, *(folder / part.path).parents][:3]
        if linked := next((place for place in inside if place.is_symlink()), None):
            message = "is a link: a release holds its own files. Copy what it points to"
            raise InputError.at(linked, message)
        if inside[0].exists() and not inside[0].is_file():
            raise InputError.at(inside[0], "is no plain file: a release holds files alone")
    if release.tier not in contract.TIERS:
        message = f'tier "{release.tier}"; expected one of {", ".join(contract.TIERS)}'
        raise InputError.at(path, message, column="tier")
    return release


def _number(path: str) -> int:
    match = re.search(r"part-([0-9]{4,6})\.parquet$", path)
    return int(match.group(1)) if match else 0


def entries(folder: Path, parts: Iterable[Part]) -> list[Entry]:
    """A line for every file of the folder but those that cannot be listed, sorted by path."""
    tables = {part.path: part.digest for part in parts}
    lines = []
    for path in layout.files(folder):
        if path not in layout.UNLISTED:
            table = tables.get(path)
            rows, content = (table.rows, table.sha256) if table else (None, None)
            lines.append(Entry(path, rows, file_sha256(folder / path), content))
    return lines


def manifest_text(lines: Iterable[Entry]) -> str:
    """The text of MANIFEST.tsv."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow((line.path, line.rows, line.file_sha256, line.content_sha256))
    return text.getvalue()


def read_manifest(folder: Path) -> list[Entry]:
    """
    The lines of MANIFEST.tsv.

    Raises:
        InputError: it is missing, or a line of it is not a line of a manifest; every such line.
    """
    path = folder / layout.MANIFEST
    if not path.is_file():
        raise InputError.at(path, "no such file: the release is not whole")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    if not rows or tuple(rows[0]) != COLUMNS:
        message = f"the header is not {', '.join(COLUMNS)}"
        raise InputError.at(path, message, 1)
    lines, faults = [], []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(COLUMNS) or not (row[1] == "" or row[1].isdigit()):
            message = "expected a path, a number of rows or nothing, and two digests"
            faults.append(Fault(str(path), message, number))
            continue
        rows_ = int(row[1]) if row[1] else None
        lines.append(Entry(row[0], rows_, row[2], row[3] or None))
    if faults:
        raise InputError(faults)
    return lines
