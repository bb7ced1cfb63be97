"""What a run says of its tools comes from the tools themselves."""

import csv
from pathlib import Path

import pytest

from onconcord import doctor, tools
from onconcord.errors import ToolError

CALLERS = Path(__file__).resolve().parents[1] / "workflow/callers"


def test_every_tool_of_a_run_is_one_the_set_up_knows():
    assert set(tools.COMMANDS) <= {tool.name for tool in doctor.read_tools()}


def test_every_callers_tool_has_a_command():
    found = [folder.name for folder in CALLERS.iterdir()]
    of_callers = {one.tool for one in tools.read_callers(CALLERS, found).values()}
    assert of_callers <= {name for name, (step, _) in tools.COMMANDS.items() if step == tools.CALLS}


def test_versions_are_what_the_tools_say(tmp_path, monkeypatch):
    def examined(wanted, path):
        return tuple(doctor.Finding(one, doctor.OK, "9.9", "/x", "") for one in wanted)

    monkeypatch.setattr(tools, "examine", examined)
    out = tmp_path / "tools.tsv"
    tools.write_tool_versions(CALLERS, ["freebayes"], out)
    rows = {row["tool"]: row for row in csv.DictReader(out.open(), delimiter="\t")}
    assert (rows["bwa"]["version"], rows["bwa"]["version_source"]) == ("9.9", "cli")
    assert rows["gbcms"]["version_source"] == "lockfile"
    assert "freebayes" in rows
    assert "gatk" not in rows


def test_every_missing_tool_is_named_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "search_path", lambda: str(tmp_path))
    with pytest.raises(ToolError) as caught:
        tools.write_tool_versions(CALLERS, ["freebayes"], tmp_path / "tools.tsv")
    assert "bwa is missing" in str(caught.value)
    assert "vcfanno is missing" in str(caught.value)
    assert not (tmp_path / "tools.tsv").exists()
