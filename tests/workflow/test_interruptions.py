"""Runs that are killed at random moments, over and over: the plain command goes on from there."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from pipeline_runs import digests, environment

KILLS = int(os.environ.get("ONCONCORD_KILLS", "7"))
"""One of each way; `ONCONCORD_KILLS=30` takes ten minutes."""
MANAGER = "onconcord.runtime.manager"
STAGES = ("3_alignments", "4_qc", "5_calls", "6_evidence", "7_annotated", "8_harmonised")
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def start(folder, said):
    # A copy of a finished folder is another place, which alone would make Snakemake do all again.
    words = ("-m", "onconcord", "run", str(folder), "--cores", "2")
    with said.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, *words, "--", "--rerun-triggers", "mtime"],
            env=environment() | {"TMPDIR": str(said.parent / "tmp")},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def snakemake_of(run):
    """Snakemake, where it was started already."""
    children = psutil.Process(run.pid).children()
    return next((child for child in children if MANAGER in child.cmdline()), None)


def a_tool_of(run):
    """The newest process that a job started, where there is one."""
    manager = snakemake_of(run)
    tools = manager.children(recursive=True) if manager else []
    return max(tools, key=lambda tool: (tool.create_time(), tool.pid), default=None)


def kill(run, how):
    """End a run in one of the ways that runs end in."""
    try:
        if how == "session":
            os.killpg(run.pid, signal.SIGKILL)
        elif how in ("tool", "snakemake"):
            victim = a_tool_of(run) if how == "tool" else snakemake_of(run)
            if victim:
                victim.kill()
        else:
            run.send_signal(how)
    except (psutil.NoSuchProcess, ProcessLookupError):
        pass  # It ended by itself in this moment, which is as good a moment as any.


WAYS = (
    "session",
    "tool",
    "snakemake",
    signal.SIGKILL,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGINT,
)


def files(folder):
    """Every file of the results, by its path."""
    return {
        str(path.relative_to(folder)) for path in folder.glob("results/**/*") if not path.is_dir()
    }


def tracebacks(text):
    """
    Last lines of the tracebacks in a run's output, those apart that an interrupt ended.

    A signal that meets Python while it starts makes Python print one, as it does in a job's log.
    """
    # Python puts an empty line before the last one where an interrupt met code without a column.
    frames = r"Traceback .*\n(?:[ \t].*\n|\n)*+"
    chained = r"(?!\n\n(?:During handling of|The above exception was))"
    ends = re.findall(rf"^{frames}(.*+){chained}", text, re.M)
    return [end for end in ends if not end.startswith("KeyboardInterrupt")]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("  File a, line 1\n    a()\n    ^^^\nKeyboardInterrupt\nerror: ended\n", []),
        ("  File a, line 1\n    def a():\n\nKeyboardInterrupt\nerror: ended\n", []),
        ("  File a, line 1\n    a()\nOSError: full\nerror: ended\n", ["OSError: full"]),
        ("  File a, line 1\n    def a():\n\nOSError: full\nerror: ended\n", ["OSError: full"]),
    ],
)
def test_an_interrupt_is_told_from_a_fault(said, found):
    first = "Traceback (most recent call last):\n"
    assert tracebacks(f"ok\n{first}{said}") == found
    between = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    assert tracebacks(f"{first}  File b\nCancelledError{between}{first}{said}") == found


def test_a_run_that_is_killed_again_and_again_ends_in_the_same_tables(finished, tmp_path):
    folder = tmp_path / "w"
    shutil.copytree(finished, folder, symlinks=True)
    (tmp_path / "tmp").mkdir()
    wanted = files(folder)
    chance = random.Random(5)
    for stage in STAGES:
        shutil.rmtree(folder / "results" / stage)
    for number in range(KILLS):
        run = start(folder, tmp_path / f"{number}.said")
        time.sleep(chance.uniform(2, 14))
        kill(run, WAYS[number % len(WAYS)])
        run.wait(timeout=900)  # where a tool alone was killed, the run goes on to its end
        if (folder / "results/8_harmonised/TUM-B02").exists():
            for stage in chance.sample(STAGES, 3):
                shutil.rmtree(folder / "results" / stage, ignore_errors=True)
    last = start(folder, tmp_path / "last.said")
    code = last.wait(timeout=600)
    # Only now, and from a file of each: Snakemake outlives a run that was killed by some lines.
    texts = [path.read_text(errors="replace") for path in sorted(tmp_path.glob("*.said"))]
    text = "".join(texts)
    assert code == 0, text[-3000:]
    assert [end for text in texts for end in tracebacks(text)] == [], text
    assert "LockException" not in text, text
    assert digests(folder) == digests(finished)
    assert files(folder) == wanted
    assert list((tmp_path / "tmp").iterdir()) == []
