"""Checks of the files that describe a release as a whole: onconcord writes all of each."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from onconcord import __version__
from onconcord.errors import Fault
from onconcord.release import layout
from onconcord.release.crate import crate_text, workflow_text
from onconcord.release.manifest import Release, read_manifest
from onconcord.release.statement import statement
from onconcord.runtime import checkout


def described_faults(folder: Path, release: Release) -> Iterator[Fault]:
    """
    Crate, workflow and statement that are not what onconcord writes of these tables.

    Args:
        folder: the release, whose files are what MANIFEST.tsv says.
        release: what release.json says.
    """
    ours = {
        layout.WORKFLOW: workflow_text(),
        layout.CRATE: crate_text(folder, release),
        layout.STATEMENT: statement(folder, release, read_manifest(folder)),
    }
    for name, text in ours.items():
        try:
            there = (folder / name).read_text(encoding="utf-8")
            same = _parts(name, there) == _parts(name, text)
        except (OSError, ValueError, AttributeError):
            same = False
        if not same:
            yield Fault(name, "is not what onconcord writes of these tables")


def _parts(name: str, text: str) -> Any:
    """What of a file is compared: of the statement all but its subjects, which are of no order."""
    if name != layout.STATEMENT:
        return text
    return {**json.loads(text), "subject": None}


def other_makers(folder: Path, release: Release) -> str | None:
    """Why these files may be others here: another version or commit made them; None if none did."""
    if release.pipeline_version != __version__:
        return f"made by onconcord {release.pipeline_version}"
    commits = set()
    for part in release.parts:
        if part.table == "run":
            column = pq.ParquetFile(folder / part.path).read(["git_commit"])["git_commit"]
            commits |= set(column.unique().drop_null().to_pylist())
    if commits - {checkout.commit()}:
        return "made at another commit"
    return None
