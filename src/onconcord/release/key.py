"""The centre's secret key: where it may come from, and what is refused."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from onconcord.errors import InputError
from onconcord.runtime import checkout

VARIABLE = "ONCONCORD_KEY"
PUBLIC = "onconcord-public-demo-key"
"""A key that begins with this is public: pseudonyms made with it hide nothing."""
DEMO = "DEMO"
"""Centres whose code begins with this may use a public key."""
MINIMUM_BYTES = 32

_MAKE = "make one with: umask 077; openssl rand -hex 32 > ~/.config/onconcord.key"


@dataclass(frozen=True)
class Key:
    """A centre's secret; its bytes are in no text that is shown."""

    secret: bytes = field(repr=False)


def load_key(key_file: Path | None, centre: str) -> Key:
    """
    The centre's key, from a file or else from the variable ONCONCORD_KEY.

    Args:
        key_file: text; the first line that is neither empty nor begins with "#" is the key. None =
            the variable holds the key itself.
        centre: code of the centre that releases.
    Raises:
        InputError: no key, one that is too short, a secret inside a checkout, or a public key for
            a centre that is no demo. No message holds any part of the key.
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
    if len(text.encode()) < MINIMUM_BYTES:
        message = (
            f"the key has {len(text.encode())} bytes; expected one line of at least "
            f"{MINIMUM_BYTES}: {_MAKE}"
        )
        raise InputError.at(source, message)
    public = text.startswith(PUBLIC)
    if public and not centre.startswith(DEMO):
        message = (
            f'this is the public key of the demo, and "{centre}" is no demo centre (their codes '
            f"begin with {DEMO}): everyone could undo its pseudonyms; {_MAKE}"
        )
        raise InputError.at(source, message)
    if not public and key_file is not None and (folder := _work_tree(key_file)) is not None:
        message = (
            f"the key lies inside the work tree {folder}, from where it can reach a repository: "
            "move it out, for instance to ~/.config/onconcord.key, and name it there"
        )
        raise InputError.at(source, message)
    return Key(text.encode())


def _first_line(key_file: Path) -> str:
    try:
        lines = key_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as why:
        reason = why.strerror if isinstance(why, OSError) else "it is not text"
        message = f"the key cannot be read ({reason}): expected a text file with one line; {_MAKE}"
        raise InputError.at(key_file, message) from why
    wanted = (line.strip() for line in lines)
    return next((line for line in wanted if line and not line.startswith("#")), "")


def _work_tree(key_file: Path) -> Path | None:
    """The checkout or version-controlled folder that a file lies in; None where there is none."""
    own = checkout.root()
    for folder in key_file.resolve().parents:
        if folder == own or (folder / ".git").exists():
            return folder
    return None
