"""Command `reproduce`: a released pair, made once more from its reads."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onconcord.cli import app
from onconcord.cli.report import table_of_differences, terminal
from onconcord.errors import ToolError

if TYPE_CHECKING:
    from onconcord.questions.reproduce import Reproduction


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
def reproduce(
    context: typer.Context,
    release: Annotated[Path, typer.Argument(help="Release that has the pair.")],
    pair: Annotated[str, typer.Option(help="Its id in the release, or the centre's own.")],
    folder: Annotated[Path, typer.Option("--in", help="Working folder with sheet and reads.")],
    cores: Annotated[int, typer.Option(min=1, help="Cores to use at once.")],
    key_file: Annotated[
        Path | None, typer.Option(help="The centre's key; default: the configuration's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to run in and keep; default: one that is removed.")
    ] = None,
) -> None:
    """
    Run a released pair again, with the parameters of the release, and compare.

    Words after -- go to Snakemake. Exit code 1: it came out otherwise; 2: reads, tools, resources
    or reference are not those of the release, and nothing was called.
    """
    from onconcord.questions.reproduce import Request
    from onconcord.questions.reproduce import reproduce as reproduce_pair

    with _workplace(out) as place:
        reproduction = reproduce_pair(
            Request(release, pair, folder, place, cores, tuple(context.args), key_file)
        )
    _show(reproduction, terminal())
    if not reproduction.identical:
        raise typer.Exit(1)


@contextmanager
def _workplace(out: Path | None) -> Iterator[Path]:
    """The folder to run in; a temporary one stays only where the pipeline failed, for its logs."""
    place = out or Path(tempfile.mkdtemp(prefix="onconcord-reproduce-"))
    keep = out is not None
    try:
        yield place
    except ToolError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(place)


def _show(reproduction: "Reproduction", console: Console) -> None:
    other = [table for table in reproduction.tables if not table.identical]
    if other:
        console.print(table_of_differences("What differs", "released", "reproduced", other))
        console.print("A = the release, B = what was made anew")
        for table in other:
            for row in table.rows:
                console.print(f"{table.table}: {row}", markup=False, soft_wrap=True)
    word = "reproduced" if not other else "not reproduced"
    rows = sum(table.rows_b for table in reproduction.tables)
    console.print(
        f"{word}: pair {reproduction.pair}, {len(reproduction.tables)} tables, {rows} rows compared"
    )
