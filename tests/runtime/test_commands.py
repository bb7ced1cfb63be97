"""Command templates are read from what is run: rules, shell scripts and the package's programs."""

import re
import shutil
from pathlib import Path

import pytest

from onconcord.calls.callers import read_caller
from onconcord.errors import ToolError
from onconcord.release.text import FORBIDDEN
from onconcord.runtime.commands import (
    _programs_of_package,
    commands_of_environment,
    commands_of_shell,
)
from onconcord.runtime.doctor import read_tools
from onconcord.runtime.programs import Program

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = {tool.name for tool in read_tools()}
ENVIRONMENTS = [*CHECKOUT.glob("envs/*.yaml"), *CHECKOUT.glob("workflow/callers/*/env.yaml")]
MAY_START_PROGRAMS = {"accuracy", "runtime", "demo", "cli", "questions", "report", "release"}
"""Packages that stand outside the stages: what they start makes no table of a pair."""


def commands(environment, checkout=CHECKOUT):
    return commands_of_environment(checkout / environment, checkout, TOOLS)


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        pytest.param("a --x 1 | b\n", ["a --x 1", "b"], id="pipe"),
        pytest.param("a \\\n  --x\n# a word\nb && c || d; e", ["a --x", *"bcde"], id="lines"),
        pytest.param("a 2>/dev/null < {x} > {y} 3>&1 >&2", ["a"], id="redirections"),
        pytest.param(
            "if [ -s x ]; then\n  a\nelse\n  b\nfi", ["'[' -s x ']'", "a", "b", "fi"], id="if"
        ),
        pytest.param('run a -t "$n" "${o[@]}" -', ["a -t {n} {o} -"], id="variables"),
        pytest.param(
            "f() { a --x \"$1\" '$2 > 3'; }",
            ["f", "a --x {arguments} '{arguments} > 3'", "}"],
            id="function",
        ),
        pytest.param(
            "a --o results/x/y.bed --e 'INFO/AF > 1'", ["a --o {path} --e 'INFO/AF > 1'"], id="path"
        ),
        pytest.param('a <(b x) <<<"$y"', ["a", "b x"], id="substitution"),
    ],
)
def test_commands_of_shell_text(shell, expected):
    assert list(commands_of_shell(shell)) == expected


def test_the_aligners_options_are_those_of_the_script():
    (mem,) = commands("envs/alignment.yaml")["alignments", "bwa"]
    assert mem == "bwa mem -v 1 -K 10000000 -Y -p -t {aligners} -R {group} {index} -"
    script = (CHECKOUT / "scripts/alignments_align.sh").read_text()
    assert all(word in script for word in re.findall(r"-\w+(?: \d+)?", mem))


def test_programs_of_the_package_stand_with_the_step_that_starts_them():
    found = commands("envs/evidence.yaml")
    assert found["evidence", "bcftools"] == (
        "bcftools query --allow-undef-tags --samples {samples} --format {format} {vcf}",
        "bcftools view --no-version --output-type z1 --output {out}",
    )
    assert ("harmonised", "bcftools") in found


def test_every_program_of_the_package_is_one_of_a_script():
    scripts = {path.name for path in (CHECKOUT / "scripts").glob("*.py")}
    assert {one.script for one in _programs_of_package()} <= scripts


def test_only_programs_that_the_tables_name_are_started_by_a_stage():
    package = CHECKOUT / "src/onconcord"
    starting = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^(import|from) subprocess", path.read_text(), re.M)
        if path.relative_to(package).parts[0] not in MAY_START_PROGRAMS
    }
    # Two programs joined by a pipe; their words are those of its templates. And a panel of normals,
    # which a command makes before any pair is run: its own panel.json says what it was made from.
    assert starting <= {"evidence/normals.py", "reference/resources.py"}


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.parent.name + path.stem)
def test_no_template_says_what_may_not_leave_a_centre(environment):
    for templates in commands(environment.relative_to(CHECKOUT)).values():
        for text in templates:
            assert not any(re.search(pattern, text) for _, pattern in FORBIDDEN), text


def test_every_caller_has_its_tools_command():
    for path in CHECKOUT.glob("workflow/callers/*/env.yaml"):
        assert ("calls", read_caller(path.parent).tool) in commands(path.relative_to(CHECKOUT))


def test_a_rule_that_changes_changes_the_template(tmp_path):
    for part in ("workflow", "scripts"):
        shutil.copytree(CHECKOUT / part, tmp_path / part)
    folder = tmp_path / "workflow/callers/freebayes"
    before = commands("workflow/callers/freebayes/env.yaml")["calls", "freebayes"]
    assert commands("workflow/callers/freebayes/env.yaml", tmp_path)["calls", "freebayes"] == before
    assert "--min-alternate-count 3 " in before[0]
    rules, declared = folder / "rules.smk", folder / "caller.yaml"
    rules.write_text(rules.read_text().replace("--pooled-continuous", "--ploidy 2"))
    declared.write_text(
        declared.read_text().replace("min_alternate_count: 3", "min_alternate_count: 4")
    )
    (after,) = commands("workflow/callers/freebayes/env.yaml", tmp_path)["calls", "freebayes"]
    assert after == before[0].replace("--pooled-continuous", "--ploidy 2").replace(
        "--min-alternate-count 3 ", "--min-alternate-count 4 "
    )


def test_a_program_is_started_as_its_template_says():
    program = Program("a.py", "printf %s-%s {first} {rest}")
    assert program.words(first="a b", rest=["c", "d"]) == ["printf", "%s-%s", "a b", "c", "d"]
    assert program.run(first="a b", rest="c") == b"a b-c"
    with pytest.raises(ToolError, match=r"^cat -- ended with 1: cat: .*No such file"):
        Program("a.py", "cat -- {file}").run(file="/none")
