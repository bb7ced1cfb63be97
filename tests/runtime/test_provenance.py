"""Which commit made a table, on what and when."""

import re
import subprocess
from datetime import UTC, datetime

import pytest

from onconcord.harmonised import provenance
from onconcord.runtime import checkout, machine


@pytest.fixture
def repository(tmp_path, monkeypatch):
    def git(*words):
        who = ("-c", "user.name=x", "-c", "user.email=x@x.example")
        subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "Snakefile").write_text("# one\n")
    git("add", ".")
    git("commit", "-m", "one")
    monkeypatch.setattr(checkout, "root", lambda: tmp_path)
    checkout.commit.cache_clear()
    yield tmp_path
    checkout.commit.cache_clear()


def told():
    checkout.commit.cache_clear()
    return checkout.commit(), checkout.version()


def test_two_commits_and_what_was_changed_since_are_told_apart(repository):
    clean, version = told()
    assert re.fullmatch(r"[0-9a-f]{40}", clean)
    assert version.endswith(f"+g{clean[:12]}")
    (repository / "notes.txt").write_text("not part of it")
    assert told() == (clean, version)
    (repository / "Snakefile").write_text("# two\n")
    changed, other = told()
    assert re.fullmatch(clean + r"\.[0-9a-f]{8}", changed)
    assert other == f"{version}.d{changed[-8:]}"
    (repository / "Snakefile").write_text("# three\n")
    assert told()[0] not in (clean, changed)


def test_without_a_repository_there_is_the_number_alone(repository, tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setattr(checkout, "root", lambda: outside)
    commit, version = told()
    assert commit is None
    assert "+" not in version


@pytest.mark.parametrize(
    ("flags", "level"),
    [("fpu sse4_2", "-v2"), ("sse4_2 avx2", "-v3"), ("avx2 avx512f", "-v4"), ("fpu", "")],
)
def test_the_processor_is_told_by_what_it_can_compute(tmp_path, monkeypatch, flags, level):
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    (tmp_path / "cpuinfo").write_text(f"model name : Some CPU\nflags : {flags}\n")
    assert machine.cpu_family(tmp_path / "cpuinfo") == f"x86_64{level}"
    assert machine.cpu_family(tmp_path / "none") == "x86_64"


def test_a_job_of_a_scheduler_says_so(tmp_path, monkeypatch):
    for name in (*machine.EXECUTORS, *machine.IMAGES):
        monkeypatch.delenv(name, raising=False)
    assert machine.machine()["executor"] == "local"
    assert machine.machine()["container_digest"] is None
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    (tmp_path / "image.sif").write_bytes(b"image")
    monkeypatch.setenv("APPTAINER_CONTAINER", str(tmp_path / "image.sif"))
    found = machine.machine()
    assert found["executor"] == "slurm"
    assert found["container_digest"].startswith("sha256:6105d6cc76af400325e94d588ce511be5bfdbb73")


def test_a_run_begins_with_its_pair_spec(tmp_path):
    spec = tmp_path / "TUM.json"
    spec.write_text("{}")
    found = provenance.where_and_when(spec)
    assert found["started_at"] <= found["ended_at"] <= datetime.now(UTC)
    assert found["host"]
