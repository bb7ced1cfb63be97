"""Commands from reads to tables: `init`, `check` and `run`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onconcord.cli import app
from onconcord.errors import InputError

if TYPE_CHECKING:
    from onconcord.inputs.cohort import Cohort
    from onconcord.inputs.preflight import Preflight

Folder = Annotated[Path, typer.Argument(help="Working folder with config.yaml and samples.tsv.")]
Deep = Annotated[bool, typer.Option("--deep", help="Read every file to its end.")]


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Working folder to make.")]) -> None:
    """Write a commented config.yaml and an empty samples.tsv to fill in."""
    from onconcord.inputs.folder import write_templates

    for path in write_templates(folder):
        print(f"wrote {path}")
    print(f"Fill both in, then: onconcord check {folder}")


@app.command()
def check(folder: Folder, deep: Deep = False) -> None:
    """Find every fault of sheet, configuration, reads and reference; nothing is written."""
    show(_checked(folder, deep))


@app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
def run_command(
    context: typer.Context,
    folder: Folder,
    cores: Annotated[int, typer.Option(min=1, help="Cores to use at once.")],
    deep: Deep = False,
    dry: Annotated[
        bool, typer.Option("--dry-run", "-n", help="List the jobs that would run, and run none.")
    ] = False,
) -> None:
    """Check, then process the cohort. Words after -- go to Snakemake: targets, then options."""
    run_checked(folder, cores, [*context.args, *(["--dry-run"] if dry else [])], deep)


def run_checked(folder: Path, cores: int, options: list[str], deep: bool = False) -> None:
    """Check a working folder and process it; exits where it is dry, or where a pair failed."""
    from onconcord.runtime.running import is_dry, run

    checked = _checked(folder, deep)
    show(checked)
    # Snakemake writes to the same terminal, and must come after what is printed here.
    sys.stdout.flush()
    outcome = run(checked.cohort, cores, options)
    if is_dry(options):
        raise typer.Exit(3 if outcome.commands_failed else 0)
    done = len(checked.cohort.pairs) - len(outcome.unfinished)
    if outcome.unfinished:
        print(f"{done} of {len(checked.cohort.pairs)} pairs are done.")
        print(f"without tables: {', '.join(outcome.unfinished)} (see {folder}/logs)")
    if outcome.commands_failed:
        say_what_is_missing(checked.cohort)
    if outcome.commands_failed or outcome.unfinished:
        raise typer.Exit(1 if done and outcome.unfinished else 3)


def say_what_is_missing(cohort: "Cohort") -> None:
    """Say that the disk is full, where it may be why jobs failed."""
    import shutil

    from onconcord.inputs.preflight import needed_bytes

    needed, free = needed_bytes(cohort), shutil.disk_usage(cohort.folder).free
    if needed > free:
        print(
            f"The disk of {cohort.folder} is full: {free / 1e9:.1f} GB are free, what is left to "
            f"do needs about {needed / 1e9:.1f} GB, so {(needed - free) / 1e9:.1f} GB are missing."
        )


def _checked(folder: Path, deep: bool) -> "Preflight":
    from onconcord.files import folder_aside
    from onconcord.inputs.preflight import preflight

    with folder_aside():
        checked = preflight(folder, deep)
    if checked.faults:
        raise InputError(checked.faults)
    return checked


def show(checked: "Preflight") -> None:
    """Print what was checked and what the run will need."""
    from onconcord.inputs.preflight import JOBS_PER_PAIR

    for line in checked.checked:
        print(f"ok  {line}")
    pairs = len(checked.cohort.pairs)
    print(f"{pairs} pairs, about {pairs * JOBS_PER_PAIR} jobs")
    print(
        f"about {checked.needed_bytes / 1e9:.1f} GB to be written, "
        f"{checked.free_bytes / 1e9:.1f} GB free"
    )
