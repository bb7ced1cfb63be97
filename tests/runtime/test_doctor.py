"""`onconcord doctor`: what it finds, what it says, and when it refuses."""

import json
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onconcord.cli import app
from onconcord.runtime import doctor
from onconcord.runtime.doctor import BROKEN, MISSING, OK, OTHER_VERSION, Conda, Tool

BWA = Tool(
    name="bwa",
    purpose="aligns reads",
    needed_for="run",
    command=("bwa",),
    pattern=r"Version: (\d+\.\d+\.\d+)",
    package=None,
    accepts=("0.7.17",),
    apt="bwa",
    conda=Conda("bwa", "0.7.17"),
)


@pytest.fixture
def program(tmp_path):
    """Write a program that prints words and ends with a code; returns the PATH that finds it."""

    def write(name: str, words: str, code: int = 0) -> str:
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{words}\nEND\nexit {code}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return os.pathsep.join((str(tmp_path), "/usr/bin", "/bin"))

    return write


@pytest.mark.parametrize(
    ("words", "code", "status", "version"),
    [
        pytest.param("Version: 0.7.17-r1188", 1, OK, "0.7.17", id="usage with exit code 1"),
        pytest.param("Version: 0.7.18", 0, OTHER_VERSION, "0.7.18", id="another version"),
        pytest.param("could not load: libhts.so", 1, BROKEN, None, id="cannot start"),
        pytest.param("", 0, BROKEN, None, id="says nothing"),
    ],
)
def test_a_program_is_judged_by_what_it_says(program, words, code, status, version):
    path = program("bwa", words, code)
    (found,) = doctor.examine([BWA], path)
    assert (found.status, found.version) == (status, version)
    assert found.path == path.split(os.pathsep)[0] + "/bwa"


def test_a_broken_program_is_quoted_with_the_way_to_get_it(program):
    (found,) = doctor.examine([BWA], program("bwa", "could not load: libhts.so"))
    assert found.remedy == (
        'it says "could not load: libhts.so" instead of a version. '
        "make tools: apt-get install bwa | conda bwa=0.7.17"
    )


def test_a_missing_program_says_how_to_get_it(tmp_path):
    (found,) = doctor.examine([BWA], str(tmp_path))
    assert (found.status, found.version, found.path) == (MISSING, None, None)
    assert found.remedy == "make tools: apt-get install bwa | conda bwa=0.7.17"


def test_any_version_will_do_where_none_is_named(program):
    (found,) = doctor.examine([replace(BWA, accepts=())], program("bwa", "Version: 9.9.9"))
    assert found.status == OK


def test_a_python_package_is_known_by_its_metadata(program):
    tool = replace(BWA, name="snakemake", package="snakemake", accepts=("0.0.1",))
    (found,) = doctor.examine([tool], program("snakemake", ""))
    assert found.status == OTHER_VERSION
    absent = replace(tool, package="no-such-package")
    (found,) = doctor.examine([absent], program("snakemake", ""))
    assert (found.status, found.version) == (OTHER_VERSION, None)


@pytest.mark.parametrize(
    ("purpose", "names"),
    [
        pytest.param("run", ["bwa"], id="a run needs no simulator"),
        pytest.param("demo", ["bwa", "art"], id="the demo runs the pipeline on simulated reads"),
        pytest.param("test", ["bwa", "art", "chromium"], id="the tests need all but Maven"),
    ],
)
def test_only_what_a_purpose_needs_stands_in_its_way(tmp_path, purpose, names):
    tools = [
        BWA,
        replace(BWA, name="art", needed_for="demo"),
        replace(BWA, name="chromium", needed_for="test"),
        replace(BWA, name="mvn", needed_for="setup"),
    ]
    faults = doctor.faults_of(doctor.examine(tools, str(tmp_path)), purpose)
    assert [found.tool.name for found in faults] == names


def test_environments_are_found_by_the_package_they_pin(tmp_path):
    for name, pin in (("envs/b.yaml", "bwa=0.7.17"), ("envs/a.yaml", "bwa-mem2=2.2.1")):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"dependencies:\n  - {pin}\n")
    assert doctor.environments("bwa", tmp_path) == ("envs/b.yaml",)


def doctor_with(monkeypatch, tools: list[Tool], path: str, *arguments: str):
    monkeypatch.setattr(doctor, "read_tools", lambda: tuple(tools))
    monkeypatch.setattr(doctor, "search_path", lambda: path)
    return CliRunner().invoke(app, ["doctor", *arguments])


def test_the_command_refuses_with_code_2_and_names_what_is_missing(monkeypatch, program):
    tools = [BWA, replace(BWA, name="no-such-tool", apt="absent", conda=None)]
    result = doctor_with(monkeypatch, tools, program("bwa", "Version: 0.7.12"))
    assert result.exit_code == 2
    assert result.stderr == (
        "error: 2 tools stand in the way of a run: bwa (other version), no-such-tool (missing).\n"
    )
    header, first, second = result.stdout.splitlines()
    assert re.split(r" {2,}", header.strip()) == [
        "tool",
        "status",
        "wanted",
        "found",
        "for",
        "what it does",
        "from",
        "how to get it",
    ]
    assert first.split()[:6] == ["bwa", "other", "version", "0.7.17", "0.7.12", "run"]
    assert second.split()[:5] == ["no-such-tool", "missing", "0.7.17", "-", "run"]
    assert second.rstrip().endswith("make tools: apt-get install absent")


def test_the_command_is_content_when_every_tool_is_there(monkeypatch, program):
    result = doctor_with(monkeypatch, [BWA], program("bwa", "Version: 0.7.17"), "--json")
    assert result.exit_code == 0
    (row,) = json.loads(result.stdout)
    assert (row["tool"], row["status"], row["wanted"], row["found"]) == (
        "bwa",
        "ok",
        ["0.7.17"],
        "0.7.17",
    )
    assert "envs/alignment.yaml" in row["environments"]
    assert row["stands_in_the_way"] is False


def test_tools_of_the_checkout_come_first(monkeypatch):
    monkeypatch.setenv("PATH", "/somewhere")
    first, second, last = doctor.search_path().split(os.pathsep)
    assert Path(first).parts[-2:] == (".tools", "bin")
    assert (Path(second) / "python").exists()
    assert last == "/somewhere"
