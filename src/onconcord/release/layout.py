"""Names and places of the files of a release."""

import re
from pathlib import Path

from onconcord.errors import InputError

MANIFEST = "MANIFEST.tsv"
RELEASE = "release.json"
CRATE = "ro-crate-metadata.json"
STATEMENT = "provenance.intoto.json"
SIGNATURE = "provenance.intoto.json.sig"
CONTRACT = "contract.json"
WORKFLOW = "workflow/Snakefile"
"""The workflow's entry point, as the crate names it."""

UNLISTED = frozenset({MANIFEST, STATEMENT, SIGNATURE})
"""Files the manifest cannot list: itself, the statement over it, and its signature."""

DESCRIPTIONS = (
    *(RELEASE, CRATE, CONTRACT, WORKFLOW),
    *("datapackage.json", "views.sql", "spark.json", "schema.R"),
)
"""Files that a release has beside its tables and those that are UNLISTED."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_CENTRE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def part(table: str, centre: str, number: int = 0) -> str:
    """Path of one file of a table, relative to the release."""
    return f"{table}/center={centre}/part-{number:04d}.parquet"


def check_name(name: str, source: str = "--name") -> str:
    """
    The release's name, once it is known to be one.

    Raises:
        InputError: it does not begin with a letter (engines read "1.10" as the number 1.1), or has
            characters that a folder's name should not have.
    """
    if not _NAME.fullmatch(name):
        message = (
            f'"{name}" cannot name a release: expected a letter and then letters, digits, ".", '
            '"_" or "-", such as r2026-11 (never a number)'
        )
        raise InputError.at(source, message)
    return name


def check_centre(centre: str, source: str = "--centre") -> str:
    """
    The centre's code, once it is known to fit a path and a pseudonym.

    Raises:
        InputError: it has characters other than letters, digits, "_" and "-".
    """
    if not _CENTRE.fullmatch(centre):
        message = f'"{centre}" cannot name a centre: expected letters, digits, "_" or "-"'
        raise InputError.at(source, message)
    return centre


def files(folder: Path) -> list[str]:
    """Every file below a folder, relative, sorted, with "/" between the parts."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    )


def strange(folder: Path) -> list[str]:
    """What is neither a file nor a folder with something in it, below a folder; as `files`."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not (path.is_file() or path.is_symlink()) and not (path.is_dir() and any(path.iterdir()))
    )
