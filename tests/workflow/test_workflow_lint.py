"""`snakemake --lint` says nothing about the workflow but what is accepted, with a reason."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from onconcord.runtime.doctor import CHECKOUT

ACCEPTED = yaml.safe_load((CHECKOUT / "tests/workflow/accepted_lints.yaml").read_text())
ABOUT = re.compile(r"^Lints for (?:snakefile )?(.+):$")
LINT = re.compile(r"^    \* (.+?):?$")


def lints_of(text: str) -> Iterator[str]:
    """The lints of Snakemake's text, each as `what it is about: what it says`."""
    about = None
    for line in text.splitlines():
        if found := ABOUT.match(line):
            about = found[1].replace(f"{CHECKOUT}/", "")
        elif found := LINT.match(line):
            yield f"{about}: {found[1]}"


@pytest.fixture(scope="module")
def lints() -> list[str]:
    """The demo's cohort is what the workflow is linted with; its reads need not be there."""
    command = [sys.executable, "-m", "snakemake", "--lint", "--snakefile", CHECKOUT / "Snakefile"]
    done = subprocess.run(
        [*command, "--directory", CHECKOUT / "demo"], capture_output=True, text=True, check=False
    )
    found = list(lints_of(done.stderr))
    assert done.returncode == bool(found), done.stderr
    return found


def test_no_lint_but_the_accepted(lints):
    accepted = re.compile("|".join(f"(?:{row['lint']})" for row in ACCEPTED))
    assert [lint for lint in lints if not accepted.search(lint)] == []


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row["lint"][:40])
def test_every_accepted_lint_is_still_said(lints, row):
    assert any(re.search(row["lint"], lint) for lint in lints)


def test_lints_are_read_with_what_they_are_about():
    text = (
        "Lints for rule align (line 54, a.smk):\n    * No log directive defined:\n      Without\n"
    )
    assert list(lints_of(text)) == ["rule align (line 54, a.smk): No log directive defined"]
