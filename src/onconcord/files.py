"""Files that are either whole or absent."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """
    A temporary path beside `target` that takes its name when the block ends without an error.

    Args:
        target: where the file goes; its folder is made when missing.
    Returns:
        The path to write to. It keeps the target's suffixes, since tools go by them.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
