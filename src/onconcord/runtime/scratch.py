"""Temporary files of a run: in one folder, which the next run empties where this one was killed."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onconcord.errors import InputError

NAME = ".onconcord.tmp"
PLAIN = re.compile(r"[A-Za-z0-9._/+-]+", re.ASCII)
"""Paths that GATK can have temporary files below: it takes others for URLs and finds nothing."""
LINKS = Path("/tmp")
"""Where a link of a plain path lies, if a folder has no such path itself."""


@contextmanager
def scratch_folder(folder: Path) -> Iterator[Path]:
    """
    A place for what tools lay down for a while, patients' reads among it; it goes with the run.

    All that is started meanwhile has it as TMPDIR, by a link where its path has blanks or the like.

    Args:
        folder: working folder, held by this run: what is there already a killed run has left.
    Returns:
        A folder below TMPDIR where that is set, else in the working folder.
    Raises:
        InputError: the place is a link, or another user's; or the link to it is.
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
    link = None if PLAIN.fullmatch(str(place)) else LINKS / f"onconcord-{key}.link"
    if link:
        _link(link, place)
    os.environ["TMPDIR"] = str(link or place)
    try:
        yield place
    finally:
        if given is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = given
        if link:
            link.unlink(missing_ok=True)
        # A tool that is still ending may hold a file, which the next run removes.
        shutil.rmtree(place, ignore_errors=True)


def _link(link: Path, place: Path) -> None:
    """Make a link, in place of what a killed run left there."""
    if link.is_symlink() and link.lstat().st_uid == os.getuid():
        link.unlink()
    try:
        link.symlink_to(place)
    except OSError as error:
        message = (
            f"cannot be made as a link to {place}, which GATK needs where a path has blanks or "
            f"special signs ({error.strerror}): work in a folder with a plain path."
        )
        raise InputError.at(link, message) from error
