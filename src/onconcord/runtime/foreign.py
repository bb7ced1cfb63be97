"""Modules that are not of this installation: a PYTHONPATH of somebody else hides ours."""

import os
import sys
import sysconfig
from pathlib import Path

OWN = Path(__file__).parents[2]
"""Where this package lies."""


def leave_foreign_modules() -> None:
    """Take what PYTHONPATH names and is not ours out of this process and of all that it starts."""
    ours = {OWN, *(Path(path).resolve() for path in sysconfig.get_paths().values())}
    named = [path for path in os.environ.pop("PYTHONPATH", "").split(os.pathsep) if path]
    kept = [path for path in named if Path(path).resolve() in ours]
    foreign = {Path(path).resolve() for path in named} - ours
    sys.path[:] = [path for path in sys.path if not path or Path(path).resolve() not in foreign]
    if kept:
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)
