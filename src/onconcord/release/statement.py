"""provenance.intoto.json: an in-toto statement over every file."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from onconcord.files import file_sha256
from onconcord.release import layout
from onconcord.release.manifest import Entry, Release, dumps

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:onconcord:release:v1"

_DEPENDENCIES = {
    "reference_digest": "reference",
    "config_sha256": "configuration",
    "lock_sha256": "lock file",
    "container_digest": "container",
}


def statement(folder: Path, release: Release, lines: Iterable[Entry]) -> str:
    """
    The text of the statement: who made which files of what, by digest; no time, no place.

    Args:
        folder: the release, with MANIFEST.tsv in place.
        lines: the manifest's lines.
    """
    subjects = [
        {
            "name": line.path,
            "digest": {"sha256": line.file_sha256}
            | ({"onconcordContent": line.content_sha256} if line.content_sha256 else {}),
        }
        for line in lines
    ]
    manifest = {
        "name": layout.MANIFEST,
        "digest": {"sha256": file_sha256(folder / layout.MANIFEST)},
    }
    return dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": sorted([*subjects, manifest], key=lambda subject: str(subject["name"])),
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {
                        "name": release.name,
                        "tier": release.tier,
                        "centres": sorted(centre.center_id for centre in release.centres),
                        "contract_version": release.contract_version,
                    },
                    "internalParameters": {},
                    "resolvedDependencies": _dependencies(folder, release),
                },
                "runDetails": {
                    "builder": {
                        "id": "urn:onconcord:pipeline",
                        "version": {"onconcord": release.pipeline_version},
                    }
                },
            },
        }
    )


def _dependencies(folder: Path, release: Release) -> list[dict[str, Any]]:
    """Everything that the runs of the release were made with, by digest, once each."""
    named = set()
    for part in release.parts:
        if part.table == "run":
            table = pq.ParquetFile(folder / part.path).read(list(_DEPENDENCIES))
            for column, name in _DEPENDENCIES.items():
                for value in table.column(column).unique().drop_null().to_pylist():
                    named.add((name, value.removeprefix("sha256:")))
    return [{"name": name, "digest": {"sha256": value}} for name, value in sorted(named)]


def read_statement(path: Path) -> dict[str, str]:
    """
    SHA-256 by file name, of the statement's subjects.

    Raises:
        ValueError: it is not an in-toto statement of a release.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["_type"] != STATEMENT_TYPE or raw["predicateType"] != PREDICATE_TYPE:
            raise ValueError("it is a statement of another kind")
        return {subject["name"]: subject["digest"]["sha256"] for subject in raw["subject"]}
    except (KeyError, TypeError) as why:
        raise ValueError(f"{why} is missing or wrong") from why
