"""A disk that is full is told in one sentence, whichever library met it."""

import errno
import os
import shutil
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


def full_disk(error: Exception) -> str | None:
    """
    Where a disk is full and what to do, as one sentence; None where the error is another.

    Args:
        error: of Python, or of a library that only repeats the words of the operating system.
    """
    number = getattr(error, "errno", None)
    reason = next((os.strerror(code) for code in FULL if os.strerror(code) in str(error)), None)
    if number not in FULL and reason is None:
        return None
    named = Path(getattr(error, "filename", None) or Path.cwd()).absolute()
    place = next(path for path in (named, *named.parents) if path.is_dir())
    free = shutil.disk_usage(place).free / 1e6
    return (
        f"{place}: {reason or os.strerror(number or FULL[0])} ({free:.1f} MB are free): free some "
        "space, or work elsewhere, and run again; what is finished is kept."
    )
