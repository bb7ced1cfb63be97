"""Command `catalogue`: an Iceberg catalogue over a release."""

from pathlib import Path
from typing import Annotated

import typer

from onconcord.cli import app


@app.command()
def catalogue(
    release: Annotated[Path, typer.Argument(help="Release; its files stay as they are.")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--catalogue", help="SQLite file; default: RELEASE.sqlite beside the release."
        ),
    ] = None,
) -> None:
    """Register the tables of a release in an Iceberg catalogue, made or brought up to date."""
    from onconcord.questions.catalogue import SUFFIX, register

    whole = release.resolve()
    target = file or whole.with_name(whole.name + SUFFIX)
    namespace, tables = register(release, target)
    print(f"{target}: {tables} tables, namespace {namespace}")
