"""A run ends with all that it started, and holds its folder as long as any of it lives."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onconcord.errors import BusyError
from onconcord.runtime.lock import folder_lock

HEAD = """
import sys
from pathlib import Path
from onconcord.errors import OnconcordError
from onconcord.runtime.lock import folder_lock
from onconcord.runtime.supervise import run_supervised
try:
    with folder_lock(Path(sys.argv[1])) as lock:
        sys.exit(run_supervised(["bash", "-c", sys.argv[2]], lock))
except OnconcordError as error:
    print(error)
    sys.exit(error.exit_code)
"""
# As the shells of jobs do: one child waits, another runs in the background, deaf to SIGINT.
JOBS = "sleep 1001 & echo $! > background; sleep 1002 & echo $$ > group; wait"


def start_words(folder, script):
    return [sys.executable, "-c", HEAD, str(folder), f"cd {folder}; {script}"]


def start(folder, script=JOBS):
    return subprocess.Popen(
        start_words(folder, script),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition):
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.05)


def number_in(path: Path) -> int:
    wait_for(lambda: path.is_file() and path.read_text().strip())
    return int(path.read_text())


def is_there(number, kill=os.kill):
    try:
        kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_with_all_its_jobs(tmp_path, number):
    head = start(tmp_path)
    group = number_in(tmp_path / "group")
    head.send_signal(number)
    said = head.communicate(timeout=20)[0]
    assert head.returncode == 128 + number
    assert said == (f"ended by {number.name}. What is finished is kept: run again to go on.\n")
    assert not is_there(group, os.killpg)
    assert not is_there(number_in(tmp_path / "background"))


@pytest.mark.slow
def test_a_hangup_that_nohup_has_it_ignore_does_not_end_the_run(tmp_path):
    words = (
        "nohup",
        *start_words(tmp_path, "echo $$ > group; until [ -e go ]; do sleep 0.1; done"),
    )
    head = subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE)
    number_in(tmp_path / "group")
    head.send_signal(signal.SIGHUP)
    (tmp_path / "go").touch()
    assert head.wait(timeout=20) == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_says_so_and_leaves_nothing(tmp_path, number):
    code = (
        "import sys, time, onconcord.cli as cli\n"
        "from onconcord.files import folder_aside\n"
        "def app():\n"
        "    with folder_aside():\n"
        "        open(sys.argv[1], 'w').close()\n"
        "        time.sleep(30)\n"
        "cli.app = app\n"
        "cli.main()\n"
    )
    aside = tmp_path / "tmp"
    aside.mkdir()
    command = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "begun")],
        env={**os.environ, "TMPDIR": str(aside)},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for((tmp_path / "begun").exists)
    command.send_signal(number)
    assert command.communicate(timeout=20)[1] == f"error: ended by {number.name}.\n"
    assert command.returncode == 128 + number
    assert list(aside.iterdir()) == []


@pytest.mark.slow
def test_snakemake_that_is_interrupted_prints_no_traceback(tmp_path):
    (tmp_path / "Snakefile").write_text('open("reading", "w").close()\nimport time\ntime.sleep(30)')
    manager = subprocess.Popen(
        [sys.executable, "-m", "onconcord.runtime.manager", "--cores", "1"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for((tmp_path / "reading").exists)
    manager.send_signal(signal.SIGINT)
    said = manager.communicate(timeout=20)[1]
    assert manager.returncode == 128 + signal.SIGINT
    assert "Traceback" not in said, said


@pytest.mark.slow
def test_jobs_end_with_a_head_that_is_killed_and_the_folder_is_free_after_them(tmp_path):
    head = start(tmp_path)
    group = number_in(tmp_path / "group")
    os.killpg(head.pid, signal.SIGKILL)
    head.wait()
    with folder_lock(tmp_path):
        wait_for(lambda: not is_there(group, os.killpg))


@pytest.mark.slow
def test_what_a_killed_command_leaves_behind_is_ended(tmp_path):
    head = start(tmp_path, "sleep 1003 & echo $! > background; kill -KILL $$")
    assert head.wait(timeout=20) != 0
    assert not is_there(number_in(tmp_path / "background"))


def test_the_exit_code_is_that_of_the_command(tmp_path):
    assert start(tmp_path, "exit 7").wait(timeout=20) == 7


@pytest.mark.slow
def test_a_second_run_in_a_folder_is_refused_while_the_first_is_alive(tmp_path):
    head = start(tmp_path)
    number_in(tmp_path / "group")
    with pytest.raises(BusyError, match=rf"another run works in this folder .process {head.pid} "):
        folder_lock(tmp_path).__enter__()
    head.send_signal(signal.SIGTERM)
    head.wait(timeout=20)
    with folder_lock(tmp_path):
        pass
