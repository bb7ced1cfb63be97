"""What a run says of its tools comes from the tools themselves, each in its own environment."""

from pathlib import Path

import pytest
import yaml

from onconcord.errors import ToolError
from onconcord.runtime import doctor, tools
from onconcord.runtime.commands import commands_of_environment

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = [*CHECKOUT.glob("envs/*.yaml"), *CHECKOUT.glob("workflow/callers/*/env.yaml")]


def fake_tool(folder, name, says):
    """A program that prints `says`, whatever it is asked."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)


def test_the_environment_a_tool_is_asked_in_has_it():
    known = {tool.name: tool for tool in doctor.read_tools()}
    for path in ENVIRONMENTS:
        pins = {pin.split("=")[0] for pin in yaml.safe_load(path.read_text())["dependencies"]}
        asked = {tool for _, tool in commands_of_environment(path, CHECKOUT, known)}
        wanted = {known[name].conda.package for name in asked if known[name].conda}
        assert wanted <= pins, path


def test_versions_are_what_the_tools_on_the_path_say(tmp_path, monkeypatch):
    fake_tool(tmp_path / "bin", "freebayes", "version:  v9.9")
    fake_tool(tmp_path / "bin", "bcftools", "bcftools 8.8")
    fake_tool(tmp_path / "bin", "bgzip", "bgzip (htslib) 7.7")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    out = tmp_path / "freebayes.tsv"
    tools.write_tool_versions("freebayes", out, unused=["calls:bgzip"])
    rows = {row["tool"]: row for row in tools.read_tool_versions([out])}
    assert {tool: row["version"] for tool, row in rows.items()} == {
        "freebayes": "9.9",
        "bcftools": "8.8",
    }
    row = rows["freebayes"]
    assert (row["step"], row["version_source"]) == ("calls", "cli")
    assert row["command_template"].startswith("freebayes --fasta-reference {fasta} --targets")


def test_every_missing_tool_is_named_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as caught:
        tools.write_tool_versions("annotation", tmp_path / "tools.tsv")
    assert "snpEff is missing" in str(caught.value)
    assert "vcfanno is missing" in str(caught.value)
    assert not (tmp_path / "tools.tsv").exists()


def write_rows(path, *rows):
    path.write_text("\n".join("\t".join(row) for row in (tools.COLUMNS, *rows)) + "\n")


def test_environments_are_joined_in_one_order(tmp_path):
    one, two = ("calls", "gatk", "4", "cli", "gatk"), ("alignment", "bwa", "1", "cli", "bwa")
    write_rows(tmp_path / "a.tsv", one)
    write_rows(tmp_path / "b.tsv", two, one)
    found = tools.read_tool_versions([tmp_path / "b.tsv", tmp_path / "a.tsv"])
    assert [tuple(row.values()) for row in found] == [two, one]


def test_commands_that_several_environments_start_in_one_step_are_one_row(tmp_path):
    write_rows(tmp_path / "a.tsv", ("calls", "gatk", "4", "cli", "gatk A; gatk B"))
    write_rows(tmp_path / "b.tsv", ("calls", "gatk", "4", "cli", "gatk B; gatk C"))
    (row,) = tools.read_tool_versions([tmp_path / "b.tsv", tmp_path / "a.tsv"])
    assert row["command_template"] == "gatk A; gatk B; gatk C"


def test_one_tool_of_two_versions_is_refused(tmp_path):
    write_rows(tmp_path / "a.tsv", ("calls", "gatk", "4", "cli", "gatk"))
    write_rows(tmp_path / "b.tsv", ("calls", "gatk", "5", "cli", "gatk"))
    with pytest.raises(ToolError) as caught:
        tools.read_tool_versions([tmp_path / "a.tsv", tmp_path / "b.tsv"])
    assert str(caught.value) == (
        "gatk is 4 in one environment of step calls and 5 in another "
        f"({tmp_path}/b.tsv): pin one version."
    )


def test_a_run_that_goes_on_is_held_to_the_versions_it_began_with(tmp_path):
    write_rows(
        tmp_path / "a.tsv",
        ("calls", "freebayes", "9.8", "cli", "freebayes"),
        ("alignment", "bwa", "1", "cli", "bwa"),
    )
    fake_tool(tmp_path / "bin", "freebayes", "version:  v9.8")
    tools.refuse_other_versions(tmp_path, f"{tmp_path}/bin")
    fake_tool(tmp_path / "bin", "freebayes", "version:  v9.9")
    with pytest.raises(ToolError) as caught:
        tools.refuse_other_versions(tmp_path, f"{tmp_path}/bin")
    assert f"\nfreebayes 9.9 in {tmp_path}/bin/freebayes; expected 9.8\n" in str(caught.value)
    assert "bwa" not in str(caught.value)


def test_a_run_that_begins_may_have_any_version(tmp_path):
    fake_tool(tmp_path / "bin", "freebayes", "version:  v9.9")
    tools.refuse_other_versions(tmp_path / "nothing", f"{tmp_path}/bin")
