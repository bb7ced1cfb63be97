"""How the workflow is written: quoted values, and callers that do not get in each other's way."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from pipeline_runs import CHECKOUT
from workflow_text import as_shell, names_at_top, shell_blocks, unquoted

FILES = [
    CHECKOUT / "Snakefile",
    *sorted(CHECKOUT.glob("workflow/rules/*.smk")),
    *sorted(CHECKOUT.glob("workflow/callers/*/*.smk")),
]
CALLERS = [path for path in FILES if path.parent.parent.name == "callers"]


def name_of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def unquoted_values(path: Path) -> list[str]:
    return [
        f"rule {rule}: {{{one}}}"
        for rule, text in shell_blocks(path).items()
        for one in unquoted(text)
    ]


NOT_OF_A_BLOCK = "SC2154,SC2066,SC2094"
"""Variables that are set elsewhere; a list quoted as one word; files with one name: all of these
are what stands in here for Snakemake's values."""


def shellcheck_faults(path: Path) -> list[str]:
    """What shellcheck says of each rule's block, with variables for Snakemake's values."""
    faults = []
    for rule, text in shell_blocks(path).items():
        done = subprocess.run(
            ["shellcheck", "--shell", "bash", "--format", "gcc", "--exclude", NOT_OF_A_BLOCK, "-"],
            input=as_shell(text),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        faults += [f"rule {rule}: {line[2:]}" for line in done.stdout.splitlines()]
    return faults


def foreign_names(path: Path) -> list[str]:
    """Names a caller's file adds that another caller's file could add as well."""
    prefix = f"{path.parent.name}_"
    return [name for name in names_at_top(path) if not name.lower().startswith(prefix)]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_value_in_a_shell_block_is_quoted(path):
    assert unquoted_values(path) == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_shellcheck_finds_no_fault_in_a_shell_block(path):
    assert shellcheck_faults(path) == []


def test_a_fault_of_a_shell_block_is_found(tmp_path):
    path = tmp_path / "a.smk"
    path.write_text('rule one:\n    shell:\n        "x={input.x:q}; [ -s $x ] || cat {params.y}"\n')
    assert shellcheck_faults(path) == [
        "rule one: 1:20: note: Double quote to prevent globbing and word splitting. [SC2086]",
        "rule one: 1:32: note: Double quote to prevent globbing and word splitting. [SC2086]",
    ]


def test_an_unquoted_value_is_found(tmp_path):
    path = tmp_path / "a.smk"
    path.write_text(
        'rule one:\n    shell:\n        r"""\n        tool "{input.x}" {params.y:q} {threads} \\\n'
        '            {wildcards.z}.bed "${{options[@]}}" > {output.vcf:q}\n        """\n\n\n'
        'rule two:\n    shell: "printf \'%s\' " "{params.w}"\n'
    )
    assert unquoted_values(path) == [
        "rule one: {input.x}",
        "rule one: {wildcards.z}",
        "rule two: {params.w}",
    ]


def test_a_rule_that_counts_closes_its_counts_at_its_end():
    counting = {
        rule: (found[1], text.split("\n")[-2].strip())
        for path in FILES
        for rule, text in shell_blocks(path).items()
        if (found := re.search(r"^ *export ONCONCORD_COUNTS=(.+)$", text, re.M))
    }
    assert len(counting) >= 9
    for rule, (counts, last) in counting.items():
        assert last == f"sha256sum < {counts} >> {counts}", rule


def test_snakemake_is_at_least_the_version_that_is_installed_with_the_package():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    (wanted,) = [one for one in project["dependencies"] if one.startswith("snakemake>")]
    (asked,) = re.findall(r'^min_version\("(.+)"\)', (CHECKOUT / "Snakefile").read_text(), re.M)
    assert wanted.split(",")[0] == f"snakemake>={asked}"


def test_every_rule_with_a_shell_block_is_read():
    rules = {rule for path in FILES for rule in shell_blocks(path)}
    assert len(rules) == sum(path.read_text().count("\n    shell:") for path in FILES)


def test_no_two_files_have_one_name():
    names = [name for path in FILES[1:] for name in names_at_top(path)]
    assert len(names) > 50
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", CALLERS, ids=name_of)
def test_a_callers_names_begin_with_its_own(path):
    assert foreign_names(path) == []


def test_a_callers_name_that_is_not_its_own_is_found(tmp_path):
    path = tmp_path / "own/rules.smk"
    path.parent.mkdir()
    path.write_text(
        '"""own: a caller."""\n\nimport os\n\nDEPTH = 3\nOWN_DEPTH = 4\n\n\n'
        "def has_normal(wildcards):\n    inside = 1\n    return inside\n\n\n"
        'rule own_call:\n    input:\n        "a",\n\n\nrule call:\n    input:\n        "a",\n'
    )
    assert foreign_names(path) == ["import os", "DEPTH", "has_normal", "call"]
