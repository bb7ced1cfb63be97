"""Files and folders that are either whole or absent, and the one digest of each."""

import csv
import ctypes
import errno
import fcntl
import filecmp
import glob
import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onconcord.errors import BusyError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_CANNOT_LOCK = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """
    A temporary path beside `target` that takes its name when the block ends without an error.

    The file is on disk before it has its name, so that a crash leaves the old one or the new.

    Args:
        target: where the file goes; its folder is made when missing.
    Returns:
        The path to write to. It keeps the target's suffixes, since tools go by them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield temporary
        _synchronise_file(temporary)
        temporary.replace(target)
        _synchronise_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write a whole file of UTF-8 text."""
    with whole_file(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_tsv(target: Path, header: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a whole tab-separated file with its header; a null is an empty cell."""
    with whole_file(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """
    An empty folder beside `target` that takes its place when the block ends without an error.

    Until then, and when it ends with one, `target` is as it was. What a run that was killed left
    behind is put right first. A file that has the same bytes in both stays the file it was, with
    its inode and time, so that copying and backing up take only what changed.

    Raises:
        BusyError: another process writes it now.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(target) as certain:
        yield from _whole_folder(target, certain)


def _whole_folder(target: Path, alone: bool) -> Iterator[Path]:
    staging = beside(target, f"building.{socket.gethostname()}.{os.getpid()}")
    old = beside(target, "old")
    if old.exists() and not target.exists():
        old.rename(target)
    # Where a file system cannot lock, somebody may be at work in them.
    for leftover in leftovers(target) if alone else ():
        shutil.rmtree(leftover)
    staging.mkdir()
    try:
        yield staging
        _keep_same(staging, target)
        _synchronise(staging)
        if not target.exists():
            staging.rename(target)
        elif _exchange(staging, target):
            staging.rename(old)
        else:
            target.rename(old)
            staging.rename(target)
        _synchronise_folder(target.parent)
    finally:
        # the old folder is all there is where the new one could not take its name
        for leftover in (staging, old) if target.exists() else (staging,):
            if leftover.exists():
                shutil.rmtree(leftover)


def _keep_same(staging: Path, target: Path) -> None:
    """Put the old file in the place of each new one that has its bytes, as a hard link."""
    for path in sorted(staging.rglob("*")):
        old = target / path.relative_to(staging)
        if path.is_symlink() or path.is_dir() or not old.is_file() or old.is_symlink():
            continue
        if filecmp.cmp(old, path, shallow=False):
            link = path.with_name(f".{path.name}.kept")
            try:
                link.hardlink_to(old)
            except OSError:
                # a file system without hard links: the new file is as good
                continue
            link.replace(path)


def beside(target: Path, purpose: str) -> Path:
    """A hidden place of `whole_folder` beside its target."""
    return target.with_name(f".{target.name}.{purpose}")


def leftovers(target: Path) -> list[Path]:
    """What a writer that was killed left beside a folder: one half built, or the one before it."""
    building = target.parent.glob(f"{glob.escape(beside(target, 'building').name)}*")
    return sorted(path for path in (*building, beside(target, "old")) if os.path.lexists(path))


@contextmanager
def only_writer(target: Path) -> Iterator[bool]:
    """
    Be the only process that writes a file or folder; the lock ends with it, however it ends.

    Args:
        target: in a folder that is there.
    Returns:
        Whether that is certain: some cluster file systems have no locks.
    Raises:
        BusyError: another process writes it now.
    """
    path = beside(target, "lock")
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        got = try_lock(lock)
        if got is False:
            os.close(lock)
            raise BusyError(f"{target}: another process writes it now: wait until it has ended.")
        # Who held it may have removed the file in between, and another made a new one.
        if path.exists() and os.path.samestat(path.stat(), os.fstat(lock)):
            break
        os.close(lock)
    try:
        yield bool(got)
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


def try_lock(file: int) -> bool | None:
    """Whether this process got the lock of an open file; None where there are no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as why:
        if why.errno in _CANNOT_LOCK:
            return None
        raise
    return True


@contextmanager
def folder_aside() -> Iterator[Path]:
    """
    An empty folder below TMPDIR that goes when the block ends.

    Libraries have their temporary files in it meanwhile. Where a process was killed, the next one
    removes what it left.
    """
    kind = f"onconcord-aside-{socket.gethostname()}-"
    for left in Path(tempfile.gettempdir()).glob(f"{glob.escape(kind)}*"):
        number = left.name.removeprefix(kind).partition("-")[0]
        if number.isdecimal() and not is_alive(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{kind}{os.getpid()}-") as name:
        before, tempfile.tempdir = tempfile.tempdir, name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = before


def is_alive(number: int) -> bool:
    """Whether there is a process of this number on this machine, whoever's it is."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step; False where the file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    result = libc.renameat2(
        _AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE
    )
    if result == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(second))


def _synchronise(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            _synchronise_folder(path)
        else:
            _synchronise_file(path)
    _synchronise_folder(folder)


def _synchronise_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _synchronise_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as why:
        # some network file systems cannot synchronise a folder; its files are safe by then
        if why.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(handle)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


END_BYTES = 1 << 16


def refused_path(path: Path) -> str | None:
    """Why a file may not have this path; None where it may."""
    if not {"{", "}"} & set(str(path)):
        return None
    return (
        f"{path} has a brace in its path, which Snakemake takes for a wildcard: rename it, or name "
        "a link to it."
    )


def ends_sha256(path: Path) -> str:
    """SHA-256 of a file's beginning and end: other reads of the same size have others."""
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(END_BYTES))
        file.seek(max(0, size - END_BYTES))
        digest.update(file.read())
    return digest.hexdigest()
