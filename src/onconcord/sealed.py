"""
Files that one stage leaves for another, with their digest beside them, which every reader checks.

`FILE.sha256` is what `sha256sum FILE` prints, so `sha256sum --check` reads it too. A file without
one was put there by hand, or by a run of an earlier version; it is taken as it is.

A file that several commands of a rule add to has its digest as its own last line instead.
"""

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from onconcord.errors import InputError
from onconcord.files import file_sha256, write_text

AGAIN = "Delete the file; the next run makes it again."
_DAMAGED = f"its bytes are not those it was written with: it is damaged. {AGAIN}"


def seal(path: Path) -> None:
    """Write the digest of a file that is whole."""
    write_text(_digest_file(path), f"{file_sha256(path)}  {path.name}\n")


def sealed(path: Path) -> Path:
    """
    The file itself, once its bytes are those that it was sealed with.

    Raises:
        InputError: it is not there, or has other bytes.
    """
    try:
        seen = path.stat()
        stated = _digest_file(path).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError as error:
        if not path.is_file():
            raise InputError.at(path, f"no such file. {AGAIN}") from error
        return path
    sha256 = _sha256(path, seen.st_size, seen.st_mtime_ns, seen.st_ino)
    if stated != f"{sha256}  {path.name}\n":
        raise InputError.at(path, _DAMAGED)
    return path


def closed_lines(path: Path) -> list[str]:
    """
    The lines of a file that a rule closed at its end by `sha256sum < FILE >> FILE`.

    Raises:
        InputError: it is not there, was not closed, or has other bytes.
    """
    if not path.is_file():
        raise InputError.at(path, f"no such file. {AGAIN}")
    content = path.read_bytes()
    lines = content[: content.rfind(b"\n", 0, -1) + 1]
    if content[len(lines) :] != f"{hashlib.sha256(lines).hexdigest()}  -\n".encode():
        raise InputError.at(path, _DAMAGED)
    return lines.decode("utf-8").splitlines()


def read_sealed_json(path: Path) -> Any:
    """The content of a JSON file of ours; the errors are those of `sealed`."""
    text = sealed(path).read_text(encoding="utf-8", errors="replace")
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError.at(path, f"cannot be read as JSON ({error}). {AGAIN}") from error


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    """Digest of a file that is read in many pieces; the other values are those it was seen with."""
    return file_sha256(path)


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
