"""Tools that fail, are killed or find the disk full: nothing is lost, and nothing is silent."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from pipeline_runs import (
    AS_IT_IS,
    command,
    copy_of,
    digests,
    environment,
    jobs,
    program,
    snakemake,
    table,
)

AFTER_CALLS = {"evidence": 2, "annotate_pair": 2, "harmonise": 2, "tables": 1}
# Counts that need the alignment go with it: where they are there, nothing asks for it.
ALIGNMENT = ("3_alignments/TUM-B02.*", "6_evidence/TUM-B02.*")
NO_SPACE = "No space left on device"
pytestmark = pytest.mark.e2e


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished slice, without its tables and releases."""
    folder = copy_of(finished, tmp_path / "w")
    for stage in ("8_harmonised", "9_release"):
        shutil.rmtree(folder / "results" / stage)
    return folder


def drop(folder, *patterns):
    """Remove results, and with them what Snakemake would make again."""
    for pattern in patterns:
        for path in folder.glob(f"results/{pattern}"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def summary_of(done):
    """What the run says at its end; it has to have failed."""
    assert done.returncode == 1, done.stdout[-3000:]
    return re.search(r"^error: (\d+ jobs? failed, .*)^Mend", done.stdout, re.M | re.S)[1]


def real(tool):
    return shutil.which(tool)


def test_a_caller_that_fails_fails_its_pair_and_no_other(copied, finished, tmp_path):
    drop(copied, "5_calls/freebayes/*", "6_evidence/*", "7_annotated/*")
    program(
        tmp_path / "tools/freebayes",
        f'case "$*" in *TUM-B02*) echo "out of memory" >&2; exit 3;; esac; '
        f'exec {real("freebayes")} "$@"',
    )
    done = snakemake(copied, "tables", *AS_IT_IS, check=False, tools=tmp_path / "tools")
    log = copied / "logs/5_calls/freebayes/TUM-B02.0.call.log"
    assert summary_of(done).splitlines() == [
        "1 job failed, and what depends on it was not made.",
        "pair TUM-B02, caller freebayes: rule freebayes_call failed.",
        f"  {log} ends with:",
        "    out of memory",
    ]
    assert digests(copied) == digests(finished, "TUM-A01")
    assert not (copied / "results/8_harmonised/TUM-B02").exists()
    asked = jobs(copied, "tables", *AS_IT_IS)
    assert asked == dict.fromkeys(
        ("freebayes_call", "freebayes_join", "evidence", "annotate_pair", "harmonise", "tables"),
        1,
    )


def test_a_run_does_not_go_on_with_another_version_of_a_tool(copied, finished, tmp_path):
    newer = tmp_path / "tools/freebayes"
    program(newer, f'[ "$1" != --version ] || exec echo "version: v9.9"; exec {real("freebayes")}')
    done = snakemake(copied, "tables", *AS_IT_IS, check=False, tools=newer.parent)
    made_with = {
        row["tool"]: row["version"] for row in table(finished, "TUM-A01", "tool").to_dicts()
    }
    assert done.returncode == 3
    assert done.stdout.splitlines()[-3:] == [
        "error: The results in this folder were made with other versions of tools than the PATH "
        "has now:",
        f"freebayes 9.9 in {newer}; expected {made_with['freebayes']}",
        "Put the expected versions back on the PATH, or remove results/ to make everything again "
        "with these: tables of two versions are not mixed.",
    ]
    assert not (copied / "results/8_harmonised").exists()
    snakemake(copied, "tables", *AS_IT_IS)
    assert digests(copied) == digests(finished)


def stop_bwa_in_the_middle(folder, then):
    """A bwa that lets some whole lines of TUM-B02 through, and then does something else."""
    program(
        folder / "bwa",
        f'case "$*" in *TUM-B02*) {real("bwa")} "$@" | {{ head -n 3000; {then}; }};; '
        f'*) exec {real("bwa")} "$@";; esac',
    )


def test_a_killed_aligner_leaves_no_alignment_and_is_made_good(copied, finished, tmp_path):
    drop(copied, *ALIGNMENT)
    stop_bwa_in_the_middle(tmp_path / "tools", "kill -KILL $$")
    done = snakemake(copied, "tables", *AS_IT_IS, check=False, tools=tmp_path / "tools")
    said = summary_of(done)
    assert said.splitlines()[1] == "sample TUM-B02, of pair TUM-B02: rule align failed."
    assert "error: bwa ended with code 137" in said
    assert list(copied.glob("results/3_alignments/TUM-B02*")) == []
    assert digests(copied) == digests(finished, "TUM-A01")
    snakemake(copied, "tables", *AS_IT_IS)
    assert digests(copied) == digests(finished)
    bam = "results/3_alignments/TUM-B02.bam"
    assert (copied / bam).read_bytes() == (finished / bam).read_bytes()


def test_a_killed_run_goes_on_where_it_was(copied, finished, tmp_path):
    drop(copied, *ALIGNMENT)
    marker = tmp_path / "in_the_middle"
    stop_bwa_in_the_middle(tmp_path / "tools", f"touch {marker}; sleep 600")
    # Its own session, so that the whole run goes at once, as on a machine that is switched off.
    said = tmp_path / "said"
    with said.open("wb") as file:
        run = subprocess.Popen(
            # Cores enough for the other pair's recount beside the aligner that hangs.
            command(copied, "tables", *AS_IT_IS, cores=4),
            env=environment(tmp_path / "tools"),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    ends = time.monotonic() + 300
    while not (marker.exists() and "(Rule: harmonise)" in said.read_text()):
        assert time.monotonic() < ends, said.read_text()
        time.sleep(0.2)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    done = snakemake(copied, "tables", *AS_IT_IS, check=False)
    assert done.returncode == 1
    assert "--unlock" in done.stdout
    snakemake(copied, "--unlock")
    asked = jobs(copied, "tables", *AS_IT_IS)
    assert asked["align"] == asked["harmonise"] == 1
    snakemake(copied, "tables", *AS_IT_IS)
    assert digests(copied) == digests(finished)
    left = {path.name for path in (copied / "results/3_alignments").iterdir()}
    assert left == {path.name for path in (finished / "results/3_alignments").iterdir()}


@pytest.mark.parametrize(
    ("tool", "does", "dropped", "rule"),
    [
        pytest.param("samblaster", "exit 0", "[36]_*/TUM-B02.*", "align", id="alignment"),
        pytest.param("mosdepth", "exit 0", "4_qc/samples/exome/TUM-B02.*", "sample_qc", id="depth"),
        pytest.param(
            "freebayes", "exit 0", "5_calls/freebayes/TUM-B02.*", "freebayes_call", id="caller"
        ),
        pytest.param(
            "vcfanno", "exit 0", "7_annotated/TUM-B02.*", "annotate_pair", id="annotation"
        ),
        pytest.param(
            "vcfanno",
            'head -n -1 "${@: -1}"',
            "7_annotated/*",
            "annotate_pair",
            id="annotation of all but one",
        ),
    ],
)
def test_a_tool_that_does_too_little_and_says_all_is_well_fails_the_run(
    copied, tmp_path, tool, does, dropped, rule
):
    drop(copied, dropped)
    program(tmp_path / "tools" / tool, does)
    done = snakemake(copied, "tables", *AS_IT_IS, check=False, tools=tmp_path / "tools")
    said = summary_of(done)
    assert f"rule {rule} failed." in said or f"in rule {rule} in file" in said
    assert not (copied / "results/8_harmonised/TUM-B02").exists()


@pytest.mark.parametrize(
    ("stage", "rule", "free_kib", "words"),
    [
        pytest.param("3_alignments", "align", 512, NO_SPACE, id="alignment"),
        pytest.param("4_qc/samples", "sample_qc", 8, "File write failed", id="depth"),
        pytest.param("4_qc/samples", "sample_qc", 64, "cat: .*" + NO_SPACE, id="read statistics"),
        pytest.param("5_calls/mutect2", "mutect2_call", 8, "Could not create tar.gz", id="mutect2"),
        pytest.param("5_calls/freebayes", "freebayes_call", 4, "Close failed", id="freebayes"),
        pytest.param("6_evidence", "evidence", 8, NO_SPACE, id="evidence"),
        pytest.param("7_annotated", "annotate_pair", 4, NO_SPACE, id="annotation"),
        pytest.param("8_harmonised", "harmonise", 64, NO_SPACE, id="tables"),
    ],
)
def test_a_full_disk_fails_the_run_and_leaves_nothing_that_looks_whole(
    copied, finished, mount, stage, rule, free_kib, words
):
    drop(copied, f"{stage}/*", *(ALIGNMENT if rule == "align" else ()))
    mount(copied / "results" / stage, f"size={free_kib}k")
    # Snakemake removes folders that are empty, which this one may not be.
    (copied / "results" / stage / "keep").touch()
    target = "results/8_harmonised/TUM-B02/MANIFEST.json"
    done = snakemake(copied, target, *AS_IT_IS, check=False)
    said = summary_of(done)
    assert f"rule {rule} failed." in said
    assert re.search(words, said)
    for path in (copied / "results" / stage).rglob("*"):
        if path.is_file() and path.name != "keep":
            assert path.read_bytes() == (finished / path.relative_to(copied)).read_bytes(), path
