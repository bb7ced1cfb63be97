"""Where the checkout is: Snakefile, config and callers live beside the package."""

from pathlib import Path

from onconcord.errors import InputError


def root() -> Path:
    """
    Folder of the checkout that this package was installed from.

    Raises:
        InputError: the package was copied out of its checkout, so that there is no Snakefile.
    """
    folder = Path(__file__).resolve().parents[3]
    if not (folder / "Snakefile").is_file() and not (folder / "config/defaults.yaml").is_file():
        raise InputError.at(
            folder,
            "no Snakefile is here: onconcord runs from its checkout. Install it with "
            '"make setup" there (or "pip install --editable CHECKOUT") and call '
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
