"""docs/architecture.md names rules and files that there are."""

import json
import re
import subprocess
from fnmatch import fnmatch

import pytest

from onconcord.inputs.pair_spec import PairSpec
from onconcord.runtime.checkout import root

PAGE = (root() / "docs/architecture.md").read_text(encoding="utf-8")
RULES = {
    rule: path.stem.partition("_")[0]
    for path in root().glob("workflow/rules/*.smk")
    for rule in re.findall(r"^rule (\w+):", path.read_text(), re.M)
}


def rows(heading):
    """Cells of the rows of the table below a heading."""
    text = re.search(rf"^## {heading}.*?\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_file_is_written_by_a_rule_of_its_stage():
    for file, rule, _ in rows("Files"):
        stage = file.strip("`").partition("_")[0]
        if stage == "5":
            assert rule == "the caller's"
        elif rule == "`Snakefile`":
            assert "keep_settings(" in (root() / "Snakefile").read_text()
        else:
            assert RULES[rule.strip("`")] == stage, file


def test_every_output_of_a_rule_is_on_the_page():
    page = " ".join(file for file, _, _ in rows("Files")).replace("`", " ").replace(",", " ")
    # A name, an ending that follows one (.tbi), or a folder, which stands for what is in it
    ends = [f"*{word[:-1]}*" if word.endswith("/") else f"*{word}" for word in page.split()]
    for path in root().glob("workflow/rules/[0-8]*.smk"):
        for block in re.findall(r"^    output:\n((?: {8}.*\n)+)", path.read_text(), re.M):
            for output in re.findall(r'(?<!temp\()"results/([^"]+)"', block):
                name = output.replace("{{sample}}.{READS", "{sample}.bam{")
                plain = re.sub(r"\.bam\{.*\}", ".bam", name)
                assert any(fnmatch(plain, end) for end in ends), output


def test_the_pair_spec_of_the_page_is_one():
    block = re.search(r"^## The pair spec.*?^```json\n(.*?)^```$", PAGE, re.M | re.S)[1]
    shown = json.loads(block)
    shown["normal"] = None
    spec = PairSpec.from_json(json.dumps(shown))
    assert json.loads(spec.to_json()) == shown


def test_the_trace_of_a_record_names_functions_where_they_are():
    trace = rows("One record")
    assert f"{len(trace)} of them" in PAGE
    for _, file, what in trace:
        name = file.strip("`")
        outside = name.startswith(("workflow/", "scripts/"))
        text = (root() / ("" if outside else "src/onconcord") / name).read_text()
        first = re.match(r"`([\w.]+)`", what)
        if first:
            assert re.search(rf"(def|class|rule) {first[1].split('.')[0]}\b", text), (file, what)


def test_the_stages_of_the_trace_are_in_their_order():
    lines = PAGE.partition("## Files")[0].splitlines()
    order = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    named = [stage for stage, _, _ in rows("One record") if stage]
    assert named == [stage for stage in order if stage in named]


@pytest.mark.parametrize("patch", re.findall(r"^```diff\n(.*?)^```$", PAGE, re.M | re.S))
def test_every_change_that_the_page_shows_can_be_made(patch):
    """That it does what it should is shown by tests/workflow/test_extending.py."""
    done = subprocess.run(
        ["git", "apply", "--check", "-"],
        input=patch,
        cwd=root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_folders_and_modules_that_the_page_names_are_there():
    for name in re.findall(
        r"`((?:workflow|scripts|src|config|docs|resources|tests)/[a-z0-9_/.]+)`", PAGE
    ):
        assert (root() / name).exists(), name
