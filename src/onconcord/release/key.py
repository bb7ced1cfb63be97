"""The centre's secret key: how it is made, where it may come from, and what is refused."""

import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from onconcord.errors import InputError
from onconcord.runtime import checkout

VARIABLE = "ONCONCORD_KEY"
PUBLIC = "onconcord-public-demo-key-0000000000000000"
"""The demo's key, which is public: pseudonyms made with it hide nothing."""
DEMO = re.compile(r"DEMO-[A-Z]")
"""Centres that may use the public key."""

_FORM = re.compile(r"[0-9a-f]{64}")
_LEAST_BYTES, _LEAST_STEPS = 20, 16
"""Distinct bytes, and distinct differences between neighbours, of a key that was drawn by chance:
one in a million has fewer."""

_MAKE = "make one with: onconcord key new ~/.config/onconcord.key"


@dataclass(frozen=True)
class Key:
    """A centre's secret; its bytes are in no text that is shown."""

    secret: bytes = field(repr=False)


def new_key(path: Path) -> None:
    """
    Draw a key, and write it where nothing is yet, readable by its owner alone.

    Raises:
        InputError: something is there, its folder is not, or it lies in version control.
    """
    if (folder := _versioned(path)) is not None:
        raise InputError.at(path, f"lies inside {folder}, {_OUTSIDE}")
    text = secrets.token_hex(32)
    while _weakness(text):
        text = secrets.token_hex(32)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as why:
        message = "is there already: name another file, and keep this one for its releases"
        raise InputError.at(path, message) from why
    except OSError as why:
        raise InputError.at(path, f"cannot be written ({why.strerror})") from why
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{text}\n")


def load_key(key_file: Path | None, centre: str) -> Key:
    """
    The centre's key, from a file or else from the variable ONCONCORD_KEY.

    Args:
        key_file: text; the first line that is neither empty nor begins with "#" is the key. None =
            the variable holds the key itself.
        centre: code of the centre that releases.
    Raises:
        InputError: no key, one of another form or that was not drawn by chance, a file that others
            may read or that lies in version control, or the public key for a centre that is no
            demo. No message holds any part of the key.
    """
    if key_file is None:
        source, text = VARIABLE, os.environ.get(VARIABLE, "").strip()
        if not text:
            message = (
                "no key: pseudonyms need the centre's secret. Name a file outside the checkout "
                f"with --key-file (release.key_file), or set {VARIABLE}; {_MAKE}"
            )
            raise InputError.at(source, message)
    else:
        source, text = str(key_file), _first_line(key_file)
    if text == PUBLIC:
        if not DEMO.fullmatch(centre):
            message = (
                f'this is the public key of the demo, and "{centre}" is not a demo centre (DEMO-A '
                f"to DEMO-Z): everyone could undo its pseudonyms; {_MAKE}"
            )
            raise InputError.at(source, message)
        return Key(text.encode())
    if weakness := _weakness(text):
        raise InputError.at(source, f"the key {weakness}; {_MAKE}")
    if key_file is not None:
        _check_place(key_file)
    return Key(text.encode())


_OUTSIDE = (
    "from where it can reach a repository: a key lies outside of every version-controlled folder, "
    "for instance at ~/.config/onconcord.key"
)


def _weakness(text: str) -> str | None:
    """Why a text is not a key that was drawn by chance; None where it may be."""
    if not _FORM.fullmatch(text):
        return f"has {len(text)} characters; expected 64 lower-case hex digits, without quotes"
    drawn = bytes.fromhex(text)
    steps = {(after - before) % 256 for before, after in pairwise(drawn)}
    if len(set(drawn)) < _LEAST_BYTES or len(steps) < _LEAST_STEPS:
        return "is too regular to have been drawn by chance: it can be guessed"
    return None


def _check_place(key_file: Path) -> None:
    if (folder := _versioned(key_file)) is not None:
        raise InputError.at(key_file, f"the key lies inside {folder}, {_OUTSIDE}: move it out")
    mode = key_file.stat().st_mode & 0o777
    if mode & 0o077:
        message = f"others may read the key (mode {mode:04o}): chmod 600 {key_file}"
        raise InputError.at(key_file, message)
    folder = key_file.resolve().parent
    rights = folder.stat().st_mode
    if rights & stat.S_IWOTH and not rights & stat.S_ISVTX:
        message = f"anybody may put another key in its place: chmod o-w {folder}"
        raise InputError.at(key_file, message)


def _first_line(key_file: Path) -> str:
    try:
        lines = key_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as why:
        reason = why.strerror if isinstance(why, OSError) else "it is not text"
        message = f"the key cannot be read ({reason}): expected a text file with one line; {_MAKE}"
        raise InputError.at(key_file, message) from why
    if lines and lines[0].startswith("\ufeff"):
        message = "begins with a byte order mark: save it as plain text, or make another"
        raise InputError.at(key_file, message)
    wanted = (line.strip() for line in lines)
    return next((line for line in wanted if line and not line.startswith("#")), "")


def _versioned(key_file: Path) -> Path | None:
    """The checkout or version-controlled folder that a file lies in; None where there is none."""
    own = checkout.root()
    for folder in key_file.resolve().parents:
        bare = all((folder / name).exists() for name in ("HEAD", "objects", "refs"))
        marked = any((folder / name).exists() for name in (".git", ".hg", ".svn", ".bzr", ".jj"))
        if folder == own or bare or marked:
            return folder
    return None
