"""The last files of a release, in the order in which each can know the ones before it."""

from pathlib import Path

from onconcord.contract import artefacts
from onconcord.files import write_text
from onconcord.release import layout
from onconcord.release.crate import crate_text, write_workflow
from onconcord.release.manifest import Release, entries, manifest_text
from onconcord.release.signature import sign
from onconcord.release.statement import statement


def write_descriptions(folder: Path, release: Release, sign_key: Path | None) -> None:
    """
    Write what describes the tables of a release; the statement over all of it comes last.

    Args:
        folder: holds the Parquet files of the release, and nothing else.
        sign_key: Ed25519 key that signs the statement, None for no signature.
    """
    artefacts.write_all(folder, release.tier)
    write_workflow(folder)
    write_text(folder / layout.RELEASE, release.as_json())
    write_text(folder / layout.CRATE, crate_text(folder, release))
    lines = entries(folder, release.parts)
    write_text(folder / layout.MANIFEST, manifest_text(lines))
    text = statement(folder, release, lines)
    write_text(folder / layout.STATEMENT, text)
    if sign_key is not None:
        write_text(folder / layout.SIGNATURE, sign(text.encode(), sign_key))
