"""provenance.intoto.json: an in-toto statement over every file, and its optional signature."""

import base64
import hashlib
import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from onconcord.errors import InputError
from onconcord.files import file_sha256
from onconcord.release import layout
from onconcord.release.manifest import Entry, Release, dumps

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:onconcord:release:v1"

NAMESPACE = b"onconcord"
"""What a signature is for, in the sense of ssh-keygen -Y; one made for e-mail is none for this."""

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
    found = set()
    for part in release.parts:
        if part.table == "run":
            table = pq.ParquetFile(folder / part.path).read(list(_DEPENDENCIES))
            for column, name in _DEPENDENCIES.items():
                for value in table.column(column).unique().drop_null().to_pylist():
                    found.add((name, value.removeprefix("sha256:")))
    return [{"name": name, "digest": {"sha256": value}} for name, value in sorted(found)]


def sign(text: bytes, key_file: Path) -> str:
    """
    A detached signature in OpenSSH's form, which ssh-keygen -Y verify -n onconcord accepts.

    Args:
        text: what is signed.
        key_file: an unencrypted Ed25519 key as ssh-keygen writes it.
    Raises:
        InputError: the key cannot be read, is encrypted, or is of another kind.
    """
    wanted = 'expected one that `ssh-keygen -t ed25519 -N ""` wrote'
    try:
        key = load_ssh_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as why:
        message = f"the signing key cannot be read ({type(why).__name__}); {wanted}"
        raise InputError.at(key_file, message) from why
    if not isinstance(key, Ed25519PrivateKey):
        message = f"the signing key is no Ed25519 key; {wanted}"
        raise InputError.at(key_file, message)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    blob = b"SSHSIG" + struct.pack(">I", 1)
    blob += _string(_string(b"ssh-ed25519") + _string(public))
    blob += _string(NAMESPACE) + _string(b"") + _string(b"sha512")
    blob += _string(_string(b"ssh-ed25519") + _string(key.sign(_signed(text))))
    body = base64.b64encode(blob).decode()
    lines = [body[start : start + 70] for start in range(0, len(body), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _signed(text: bytes) -> bytes:
    """What an OpenSSH signature signs; source: PROTOCOL.sshsig of OpenSSH."""
    hashed = hashlib.sha512(text).digest()
    return b"SSHSIG" + b"".join(_string(part) for part in (NAMESPACE, b"", b"sha512", hashed))


def check_signature(text: bytes, signature: str) -> Ed25519PublicKey:
    """
    The public key that made a signature of a text.

    Raises:
        ValueError: it is no OpenSSH signature for onconcord, or not of this text.
    """
    lines = signature.split("\n")
    if lines[0] != "-----BEGIN SSH SIGNATURE-----":
        raise ValueError("it is not an OpenSSH signature")
    try:
        fields = _fields(base64.b64decode("".join(lines[1:-2]), validate=True)[10:])
        public, namespace, _, algorithm, made = fields
        raw, signed = _fields(public)[1], _fields(made)[1]
        key = Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, IndexError, struct.error) as why:
        raise ValueError("it is not a whole Ed25519 signature") from why
    if namespace != NAMESPACE or algorithm != b"sha512":
        raise ValueError("it was made for another purpose")
    try:
        key.verify(signed, _signed(text))
    except InvalidSignature as why:
        raise ValueError("it is not of this text") from why
    return key


def _fields(data: bytes) -> list[bytes]:
    fields = []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        fields.append(data[4 : 4 + length])
        data = data[4 + length :]
    return fields


def fingerprint(key: Ed25519PublicKey) -> str:
    """The key's fingerprint as ssh-keygen -l writes it."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    digest = hashlib.sha256(_string(b"ssh-ed25519") + _string(raw)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def read_public_key(path: Path) -> Ed25519PublicKey:
    """
    An Ed25519 public key as ssh-keygen writes it.

    Raises:
        InputError: it cannot be read, or is of another kind.
    """
    try:
        key = load_ssh_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as why:
        message = f"not a public key ({type(why).__name__}); expected the .pub file of ssh-keygen"
        raise InputError.at(path, message) from why
    if not isinstance(key, Ed25519PublicKey):
        raise InputError.at(path, "not an Ed25519 key")
    return key


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
