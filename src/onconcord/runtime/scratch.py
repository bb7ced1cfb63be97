"""Temporary files of a run: in one folder, which the next run empties where this one was killed."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onconcord.errors import InputError

NAME = ".onconcord.tmp"


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """
    A place for what tools lay down for a while, patients' reads among it; it goes with the run.

    All that is started meanwhile has it as TMPDIR.

    Args:
        folder: working folder, held by this run: what is there already a killed run has left.
    Returns:
        A folder below TMPDIR where that is set, else in the working folder.
    Raises:
        InputError: the place is a link, or another user's.
    """
    given = os.environ.get("TMPDIR")
    key = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    place = Path(given) / f"onconcord-{key}" if given else folder.absolute() / NAME
    if place.is_symlink() or (place.exists() and place.stat().st_uid != os.getuid()):
        message = "is not a folder of this user: remove it, or set TMPDIR to another place."
        raise InputError.at(place, message)
    if place.exists():
        shutil.rmtree(place)
    place.mkdir(mode=0o700, parents=True)
    os.environ["TMPDIR"] = str(place)
    try:
        yield place
    finally:
        if given is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = given
        # A tool that is still ending may hold a file, which the next run removes.
        shutil.rmtree(place, ignore_errors=True)
