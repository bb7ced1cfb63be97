"""The command that makes a centre's key."""

from pathlib import Path
from typing import Annotated

import typer

from onconcord.cli import app

keys = typer.Typer(
    no_args_is_help=True, help="The secret that a centre's pseudonyms are made with."
)
app.add_typer(keys, name="key")


@keys.callback()
def _keys() -> None:
    pass


@keys.command()
def new(
    path: Annotated[Path, typer.Argument(help="A new file, outside of version control.")],
) -> None:
    """Draw a key of 64 hex digits, readable by its owner alone."""
    from onconcord.release.key import new_key

    new_key(path)
    print(f"{path}: keep it as long as its releases; who has it can undo their pseudonyms")
