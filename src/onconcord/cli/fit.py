"""Command `fit`: a model of the decision of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from onconcord.cli import app
from onconcord.runtime.checkout import root


@app.command()
def fit(
    folders: Annotated[
        list[Path],
        typer.Argument(help="Finished working folders with truth/PAIR.tsv of each pair."),
    ],
    model_id: Annotated[str, typer.Option("--id", help="What the model calls itself.")],
    out: Annotated[Path, typer.Option(help="Model file (YAML).")],
    settings: Annotated[
        Path | None,
        typer.Option(help="What is set and not fitted; default: config/accuracy/fit.yaml."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(help="Seeds that are kept apart; default: config/accuracy/profiles.yaml."),
    ] = None,
) -> None:
    """Fit a model of the decision on finished pairs whose truth is known, and write its file."""
    from onconcord.accuracy.profiles import read_plan
    from onconcord.decision.fit import write_model

    config = root() / "config/accuracy"
    seeds = read_plan(plan or config / "profiles.yaml")
    write_model(folders, seeds, settings or config / "fit.yaml", model_id, out)
