"""A run: Snakemake on a working folder, in chunks of patients so that it stays linear."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from onconcord.inputs.cohort import Cohort
from onconcord.runtime import checkout
from onconcord.runtime.lock import folder_lock, is_locked_by_snakemake
from onconcord.runtime.scratch import scratch_folder
from onconcord.runtime.supervise import run_supervised

PATIENTS_PER_CHUNK = 25
"""Each round of Snakemake's scheduler looks at the inputs of every ready job, so that the time to
run n pairs at once grows with n squared; chunks make it grow with n."""


@dataclass(frozen=True)
class Outcome:
    """
    How a run ended.

    Args:
        unfinished: ids of the pairs that were asked for and have no tables.
        commands_failed: Snakemake runs that ended with a fault.
    """

    unfinished: tuple[str, ...]
    commands_failed: int


def run(
    cohort: Cohort,
    cores: int,
    options: Sequence[str] = (),
    start: Callable[[Sequence[str]], int] | None = None,
) -> Outcome:
    """
    Process a cohort that has no faults.

    Args:
        cohort: what to process.
        cores: cores Snakemake may use at once.
        options: further words for Snakemake. Words before the first option are targets, which
            are then made in one run instead of the whole cohort in chunks.
        start: starts one command and returns its exit code.
    Raises:
        BusyError: another run works in the folder.
        InterruptedRun: a signal ended the run.
    """
    _find_a_cache(cohort.folder)
    if is_dry(options):
        return _run(cohort, cores, options, start or run_supervised)
    with folder_lock(cohort.folder) as lock, scratch_folder(cohort.folder):
        start = start or partial(run_supervised, lock=lock)
        if is_locked_by_snakemake(cohort.folder):
            # Whoever left it is dead, or it would hold the folder.
            print("The last run in this folder was killed. This one goes on from what it finished.")
            sys.stdout.flush()
            start([*command(cohort.folder, cores), "--unlock"])
        return _run(cohort, cores, options, start)


def _run(
    cohort: Cohort, cores: int, options: Sequence[str], start: Callable[[Sequence[str]], int]
) -> Outcome:
    targets = _leading_targets(options)
    further = list(options[len(targets) :])
    failed = 0
    # A dry run has no scheduler to spare, and chunks would list what spans the cohort twice.
    chunks = [] if is_dry(options) else _chunks(cohort)
    for chunk in [targets] if targets else chunks:
        failed += start([*command(cohort.folder, cores), *chunk, *further]) != 0
    if not targets and not failed:
        # Everything that spans the cohort; its pairs are done, so this only adds what is missing.
        failed += start([*command(cohort.folder, cores), "all", *further]) != 0
    done = cohort.folder / "results/8_harmonised"
    unfinished = (
        ()
        if targets
        else tuple(pair for pair in cohort.pairs if not (done / pair / "MANIFEST.json").exists())
    )
    return Outcome(unfinished, failed)


def _find_a_cache(folder: Path) -> None:
    """Where HOME cannot be written, Snakemake has its cache in the working folder."""
    given = os.environ.get("XDG_CACHE_HOME")
    try:
        cache = Path(given) if given else Path.home() / ".cache"
        (cache / "snakemake").mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        os.environ["XDG_CACHE_HOME"] = str(folder / ".snakemake/cache")


def command(folder: Path, cores: int) -> list[str]:
    """Words that start Snakemake on a working folder; targets and options come after them."""
    return [
        sys.executable,
        "-m",
        "onconcord.runtime.manager",
        "--snakefile",
        str(checkout.root() / "Snakefile"),
        "--directory",
        str(folder),
        "--cores",
        str(cores),
    ]


def _leading_targets(options: Sequence[str]) -> list[str]:
    first = next((at for at, word in enumerate(options) if word.startswith("-")), len(options))
    return list(options[:first])


def _chunks(cohort: Cohort) -> Iterator[list[str]]:
    """Targets of each chunk but the last step; a cohort of one chunk is left to the last step."""
    patients: dict[tuple[str, str], list[str]] = {}
    for pair in cohort.pairs.values():
        patients.setdefault((pair.centre, pair.patient), []).append(
            f"results/8_harmonised/{pair.pair_id}/MANIFEST.json"
        )
    if len(patients) <= PATIENTS_PER_CHUNK:
        return
    groups = list(patients.values())
    for at in range(0, len(groups), PATIENTS_PER_CHUNK):
        yield [target for group in groups[at : at + PATIENTS_PER_CHUNK] for target in group]


def is_dry(options: Sequence[str]) -> bool:
    """Whether Snakemake is only asked what it would do."""
    return any(word in ("-n", "--dry-run", "--dryrun") for word in options)
