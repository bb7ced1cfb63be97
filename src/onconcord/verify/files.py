"""Checks of the files of a release against each other: manifest, description, statement."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from onconcord import contract
from onconcord.errors import Fault, InputError
from onconcord.files import file_sha256
from onconcord.release import layout
from onconcord.release.manifest import Release, read_manifest
from onconcord.release.signature import fingerprint, signed_by
from onconcord.release.statement import read_statement
from onconcord.release.tiers import released_tables


def manifest_faults(folder: Path, release: Release) -> Iterator[Fault]:
    """Files that are missing, unexpected or other than MANIFEST.tsv or release.json says."""
    try:
        lines = {line.path: line for line in read_manifest(folder)}
    except InputError as error:
        yield from error.faults
        return
    there = set(layout.files(folder)) - layout.UNLISTED
    for path in sorted(lines.keys() - there):
        yield Fault(path, f"the file is in {layout.MANIFEST} and missing here")
    for path in sorted(there - lines.keys()):
        yield Fault(path, f"the file is not in {layout.MANIFEST}: it is not part of this")
    parts = {part.path: part.digest for part in release.parts}
    for path in sorted((there & lines.keys()) - parts.keys() - set(layout.DESCRIPTIONS)):
        yield Fault(path, "no release has such a file: it is not part of this")
    for path in layout.strange(folder):
        yield Fault(path, "neither a file nor a folder with files: it is not part of this")
    for path in sorted(there & lines.keys()):
        sha256 = file_sha256(folder / path)
        if sha256 != lines[path].file_sha256:
            message = f"SHA-256 {sha256}, {layout.MANIFEST} says {lines[path].file_sha256}"
            yield Fault(path, message)
    for path, line in sorted(lines.items()):
        digest = parts.get(path)
        stated = (digest.rows, digest.sha256) if digest else (None, None)
        if (line.rows, line.content_sha256) != stated:
            message = f"rows or content digest of {path} are not those of {layout.RELEASE}"
            yield Fault(layout.MANIFEST, message)
    for path in sorted(parts.keys() - lines.keys()):
        yield Fault(layout.RELEASE, f"{path} is not in {layout.MANIFEST}")


def description_faults(folder: Path, release: Release) -> Iterator[Fault]:
    """What release.json and contract.json say that cannot be."""
    described = {centre.center_id for centre in release.centres}
    wanted = released_tables(release.tier)
    there = {(part.table, part.centre) for part in release.parts}
    for centre in sorted(described):
        for table in wanted:
            if (table, centre) not in there:
                message = (
                    f"table {table} of centre {centre} is missing: an empty one has a file too"
                )
                yield Fault(layout.RELEASE, message, column=table)
    for part in release.parts:
        if part.centre not in described:
            message = f"{part.path} is of centre {part.centre}, which is not among the centres"
            yield Fault(layout.RELEASE, message, column="centres")
        if not part.path.startswith(f"{part.table}/center={part.centre}/part-"):
            message = f"{part.path} is not a place of that table"
            yield Fault(layout.RELEASE, message, column=part.table)
    yield from _release_faults(folder, release)
    yield from _contract_faults(folder, release)


def _release_faults(folder: Path, release: Release) -> Iterator[Fault]:
    """Words and numbers of release.json that do not follow from the tables."""
    text = (folder / layout.RELEASE).read_text(encoding="utf-8")
    stated = json.loads(text)["content_sha256"]
    if stated != release.digest:
        message = f"content digest {stated}; that of the tables is {release.digest}"
        yield Fault(layout.RELEASE, message, column="content_sha256")
    elif text != release.as_json() and release.contract_version == contract.CONTRACT_VERSION:
        yield Fault(layout.RELEASE, "has something that onconcord does not write there")
    try:
        layout.check_name(release.name, layout.RELEASE)
        for centre in release.centres:
            layout.check_centre(centre.center_id, layout.RELEASE)
    except InputError as error:
        yield from error.faults
    if not _VERSION.fullmatch(release.pipeline_version):
        yield Fault(layout.RELEASE, "is no version of onconcord", column="pipeline_version")
    for centre in release.centres:
        pairs = sum(
            part.digest.rows
            for part in release.parts
            if (part.table, part.centre) == ("pair", centre.center_id)
        )
        expected = None if release.tier == "open" else pairs
        if centre.pairs != expected:
            message = f"{centre.pairs} pairs of {centre.center_id}; the tables have {expected}"
            yield Fault(layout.RELEASE, message, column="centres")


def _contract_faults(folder: Path, release: Release) -> Iterator[Fault]:
    path = folder / layout.CONTRACT
    try:
        version = json.loads(path.read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError) as why:
        yield Fault(layout.CONTRACT, f"cannot be read ({type(why).__name__})")
        return
    if version != release.contract_version:
        message = f"contract {version}, {layout.RELEASE} says {release.contract_version}"
        yield Fault(layout.CONTRACT, message, column="version")
    if release.contract_version.split(".")[0] != contract.CONTRACT_VERSION.split(".")[0]:
        message = f"contract {release.contract_version}; this is {contract.CONTRACT_VERSION}"
        yield Fault(layout.RELEASE, message, column="contract_version")


_VERSION = re.compile(r"[0-9]+(\.[0-9A-Za-z]+)*(\+[0-9A-Za-z.]+)?")
"""A version as PEP 440 has it."""


def statement_faults(folder: Path) -> Iterator[Fault]:
    """Files that are other than the in-toto statement says, or that it does not name."""
    try:
        stated = read_statement(folder / layout.STATEMENT)
    except (OSError, ValueError) as why:
        yield Fault(layout.STATEMENT, f"no statement over the release: {why}")
        return
    for path in sorted(set(layout.files(folder)) - {layout.STATEMENT, layout.SIGNATURE}):
        if path not in stated:
            yield Fault(layout.STATEMENT, f"{path} is not among its subjects", column="subject")
        elif (sha256 := file_sha256(folder / path)) != stated[path]:
            message = f"SHA-256 {sha256}, the statement says {stated[path]}"
            yield Fault(path, message)


def signature_faults(folder: Path, public_key: Path | None) -> Iterator[Fault]:
    """A signature that is not of the statement, or not of the key that was asked for."""
    try:
        signer = signed_by((folder / layout.STATEMENT).read_bytes(), folder / layout.SIGNATURE)
    except (OSError, ValueError) as why:
        yield Fault(layout.SIGNATURE, f"the signature does not hold: {why}")
        return
    if public_key is not None:
        wanted = fingerprint(public_key)
        if wanted != signer:
            message = f"signed by {signer}; expected {wanted} ({public_key.name})"
            yield Fault(layout.SIGNATURE, message)
