"""One run at a time in a working folder: a lock that ends with the processes that hold it."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from onconcord.errors import BusyError
from onconcord.files import is_alive, try_lock

LOCK = ".onconcord.lock"
HELD = "ONCONCORD_HOLDS"
"""Environment variable that tells Snakemake which folder the run that started it holds."""


@contextmanager
def folder_lock(folder: Path) -> Iterator[int]:
    """
    Hold a working folder for one run.

    The operating system gives the lock back when its last holder ends, however it ends. Where the
    run itself is dead and what it started is still being ended, this waits.

    Args:
        folder: the working folder.
    Returns:
        The open file that holds the lock: a process that inherits it holds the folder too.
    Raises:
        BusyError: another run is alive.
    """
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        _take(folder, file)
        os.environ[HELD] = str(folder.resolve())
        try:
            yield file.fileno()
        finally:
            del os.environ[HELD]


def hold_folder(folder: Path) -> None:
    """Hold a folder until this process ends, unless the run that started it does already."""
    if os.environ.get(HELD) != str(folder.resolve()):
        file = (folder / LOCK).open("a+", encoding="utf-8")
        _take(folder, file)
        _HELD_FILES.append(file)


_HELD_FILES: list[TextIO] = []


def is_locked_by_snakemake(folder: Path) -> bool:
    """Whether Snakemake's own lock is there, which a killed run leaves behind."""
    locks = folder / ".snakemake/locks"
    return locks.is_dir() and any(locks.iterdir())


def _take(folder: Path, file: TextIO) -> None:
    waits = False
    # Where there are no locks Snakemake's own still holds.
    while try_lock(file.fileno()) is False:
        file.seek(0)
        number, _, host = file.read().strip().partition(" ")
        if host != socket.gethostname() or is_alive(int(number)):
            raise BusyError(
                f"{folder}: another run works in this folder (process {number} on {host}). "
                "Wait until it ends, or stop it, and start again."
            )
        if not waits:
            print("The last run in this folder was killed, and its jobs are still being ended.")
            sys.stdout.flush()
            waits = True
        time.sleep(0.5)
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()} {socket.gethostname()}\n")
    file.flush()
