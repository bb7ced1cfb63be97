"""A release takes the place of the one before: whole, at once, and only where it changed."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builders import bytes_of, pairs_of, release_of, write_pair, write_pairs
from onconcord.release.retractions import Retraction

SHARED = {"assay", "assay_region", "filter_definition", "reference_contig", "vocabulary"}
"""Tables with rows that every pair of the cohort has."""


@pytest.mark.slow
def test_adding_replacing_or_retracting_a_pair_leaves_the_files_it_does_not_touch(tmp_path):
    first, second = pairs_of("ONE", 2)
    manifests = write_pairs(tmp_path, [first, second])
    withdrawn = (Retraction(second.pair, "r2026-10", "consent_withdrawn"),)
    out = release_of(tmp_path, manifests[:1], "ONE", out=tmp_path / "out")

    def inodes():
        return {
            path.relative_to(out).as_posix(): path.stat().st_ino
            for path in out.rglob("*")
            if path.is_file()
        }

    for name, more in (("added", {}), ("replaced", {}), ("retracted", {"retractions": withdrawn})):
        if name == "replaced":
            write_pair(tmp_path, replace(second, qc="FAIL"))
        before, bytes_before = inodes(), bytes_of(out)
        release_of(tmp_path, manifests, "ONE", out=out, **more)
        fresh = release_of(tmp_path, manifests, "ONE", out=tmp_path / name, **more)
        assert bytes_of(out) == bytes_of(fresh), name
        same = {path for path, content in bytes_of(out).items() if bytes_before[path] == content}
        kept = {path for path, inode in inodes().items() if before[path] == inode}
        assert kept == same, name
        assert {path.split("/")[0] for path in kept} >= SHARED, name
        assert not any(path.startswith("pair/") for path in kept), name


KILLER = """
import json, os, shutil, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from builders import bytes_of, release_of
from onconcord.verify import verify_release
folder = Path({folder!r})
out, old, new = folder / "out", bytes_of(folder / "out"), bytes_of(folder / "new")
manifests = sorted(folder.glob("results/8_harmonised/*/MANIFEST.json"))
at, seen = 0, 0
def hook(event, args):
    global seen
    writing = event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir")
    if event == "open" and isinstance(args[2], int):
        writing = bool(args[2] & (os.O_WRONLY | os.O_RDWR))
    if (writing and str(folder) in repr(args)) or event == "ctypes.call_function":
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
def release():
    release_of(folder, manifests, "ONE", name="r2026-12", out=out)
def child(number):
    global at
    pid = os.fork()
    if pid == 0:
        at = number
        sys.addaudithook(hook)
        release()
        (folder / "seen").write_text(str(seen))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
def reset():
    shutil.rmtree(out)
    shutil.copytree(folder / "first", out)
shutil.copytree(out, folder / "first")
assert child(10**9) == 0 and bytes_of(out) == new
last = int((folder / "seen").read_text())
reset()
points = [*range(1, last - 15, {step}), *range(last - 15, last + 1)]
states = []
for number in points:
    assert child(number) == -signal.SIGKILL, number
    there = bytes_of(out) if out.exists() else None
    states.append("old" if there == old else "new" if there == new else "broken")
    if states[-1] != "old":
        reset()
print(json.dumps([last, dict(zip(points, states))]))
"""


@pytest.mark.e2e
def test_a_kill_at_any_write_leaves_the_old_or_the_new_release_whole(tmp_path):
    first, second = write_pairs(tmp_path, pairs_of("ONE", 2))
    release_of(tmp_path, [first], "ONE", out=tmp_path / "out")
    release_of(tmp_path, [first, second], "ONE", name="r2026-12", out=tmp_path / "new")
    script = KILLER.format(
        tests=str(Path(__file__).parents[1] / "support"), folder=str(tmp_path), step=9
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    last, states = json.loads(done.stdout)
    assert set(states.values()) == {"old", "new"}, states
    # the new one is there from one point on: the exchange of the two folders
    kept = [states[point] for point in sorted(states, key=int)]
    assert kept == sorted(kept, reverse=True)
    assert last > 100
