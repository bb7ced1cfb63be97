"""Where the checkout is: Snakefile, config and callers live beside the package."""

import hashlib
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

from onconcord.errors import InputError


def root() -> Path:
    """
    Folder of the checkout that this package was installed from.

    Raises:
        InputError: the package was copied out of its checkout, so that there is no Snakefile.
    """
    folder = Path(__file__).resolve().parents[3]
    if not (folder / "Snakefile").is_file():
        raise InputError.at(
            folder,
            "no Snakefile is here: onconcord runs from its checkout. Install it with "
            '"make tools" there (or "pip install --editable CHECKOUT") and call '
            "CHECKOUT/.venv/bin/onconcord.",
        )
    return folder


def callers(workflow: Path | None = None) -> tuple[str, ...]:
    """Names of the callers there are: the sorted folders of workflow/callers that have rules."""
    folder = (workflow or root() / "workflow") / "callers"
    return tuple(sorted(rules.parent.name for rules in folder.glob("*/rules.smk")))


def golden_cohort(name: str) -> Path:
    """A file of the golden cohort, which is the demo's: the folder golden, or somatic.tsv."""
    return root() / "resources/demo" / name


@cache
def commit() -> str | None:
    """
    The commit of the checkout, 40 hex digits, and what was changed since: `.` and 8 hex digits.

    None where it cannot be told: no repository, or no git.
    """
    git = ("git", "-c", "safe.directory=*", "-C", str(root()))
    try:
        answer = subprocess.run((*git, "rev-parse", "HEAD"), capture_output=True, check=True)
        # the files' bytes, whatever the user's settings make of a difference
        plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--binary", "--full-index")
        changed = subprocess.run((*git, "diff", *plain, "HEAD"), capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    head = answer.stdout.decode().strip()
    if not changed.stdout:
        return head
    return f"{head}.{hashlib.sha256(changed.stdout).hexdigest()[:8]}"


def version() -> str:
    """The pipeline's version, and the commit it is at, as PEP 440 has it: 0.1.0+g0123456789ab."""
    number, at = metadata.version("onconcord"), commit()
    if at is None:
        return number
    head, _, changed = at.partition(".")
    return f"{number}+g{head[:12]}{f'.d{changed}' if changed else ''}"
