"""Files and folders are whole or absent, and a value has one text and one digest."""

import errno
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from onconcord import files
from onconcord.canonical_json import canonical_json, json_sha256
from onconcord.errors import BusyError


def fail(path):
    path.write_text("half")
    raise KeyError


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "a.tsv"
    files.write_text(target, "old")
    with pytest.raises(KeyError), files.whole_file(target) as temporary:
        fail(temporary)
    assert [path.name for path in target.parent.iterdir()] == ["a.tsv"]
    assert target.read_text() == "old"
    with files.whole_file(target) as temporary:
        assert temporary.suffix == ".tsv"
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_a_file_that_a_tool_did_not_write_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), files.whole_file(tmp_path / "a"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_text(tmp_path):
    files.write_tsv(tmp_path / "a.tsv", ["name", "bytes"], [("café", 3), (None, 0)])
    assert (tmp_path / "a.tsv").read_text(encoding="utf-8") == "name\tbytes\ncafé\t3\n\t0\n"


def test_a_fault_in_a_new_folder_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), files.whole_folder(tmp_path / "release") as folder:
        fail(folder / "half")
    assert list(tmp_path.iterdir()) == []


def writer_elsewhere(target):
    """Another process in the middle of writing a folder, and how to let it end."""
    words = (
        "import sys; from pathlib import Path; from onconcord.files import whole_folder\n"
        "with whole_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'theirs').write_text('theirs'); print('ready', flush=True); input()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", words, target],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_of_two_writers_of_a_folder_one_is_refused(tmp_path):
    target = tmp_path / "release"
    other = writer_elsewhere(target)
    with pytest.raises(BusyError, match="writes it now"), files.whole_folder(target):
        pass
    other.communicate("\n")
    assert other.returncode == 0
    assert [path.name for path in target.iterdir()] == ["theirs"]
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    target = tmp_path / "release"
    other = writer_elsewhere(target)
    other.kill()
    other.wait()
    (left,) = files.leftovers(target)
    assert [path.name for path in left.iterdir()] == ["theirs"]
    with files.whole_folder(target) as folder:
        (folder / "ours").write_text("ours")
    assert [path.name for path in tmp_path.rglob("*")] == ["release", "ours"]


def test_without_locks_the_work_of_another_stays(tmp_path, monkeypatch):
    target = tmp_path / "release"
    other = writer_elsewhere(target)

    def no_locks(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(files.fcntl, "flock", no_locks)
    with files.whole_folder(target) as folder:
        (folder / "ours").write_text("ours")
    other.communicate("\n")
    assert other.returncode == 0
    assert [path.name for path in target.iterdir()] == ["theirs"]


def test_the_digest_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"reads")
    assert files.file_sha256(tmp_path / "a") == hashlib.sha256(b"reads").hexdigest()


def test_one_text_of_a_value():
    assert canonical_json({"b": [1, None], "a": "é"}) == '{"a":"é","b":[1,null]}'
    assert canonical_json({"a": "é", "b": (1, None)}) == canonical_json({"b": [1, None], "a": "é"})
    digest = hashlib.sha256('{"a":"é"}'.encode()).hexdigest()
    assert json_sha256({"a": "é"}) == digest
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([float("nan")])


@pytest.mark.parametrize("exchange", [True, False], ids=["one step", "two steps"])
@pytest.mark.parametrize("step", ["_synchronise", "_exchange", "rename"])
def test_a_fault_at_each_step_of_publishing_is_put_right(tmp_path, monkeypatch, step, exchange):
    target = tmp_path / "release"
    with files.whole_folder(target) as folder:
        (folder / "old").write_text("old")
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda one, two: False)

    class Killed(BaseException):
        """Stands for the end of the process: nothing after it runs."""

    def die(*_):
        raise Killed

    with monkeypatch.context() as broken:
        # what clean-up would do must not happen either
        broken.setattr(files.shutil, "rmtree", lambda path: None)
        if step == "rename":
            real, calls = Path.rename, []

            def rename(self, to):
                calls.append(to)
                return die() if len(calls) == 2 or exchange else real(self, to)

            broken.setattr(Path, "rename", rename)
        else:
            broken.setattr(files, step, die)
        with pytest.raises(Killed), files.whole_folder(target) as folder:
            (folder / "new").write_text("new")
    there = target if target.exists() else tmp_path / ".release.old"
    assert [path.name for path in there.iterdir()] in (["old"], ["new"])
    with files.whole_folder(target) as folder:
        (folder / "third").write_text("third")
    assert [path.name for path in target.iterdir()] == ["third"]
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


ASIDE = """
import tempfile
from onconcord.files import folder_aside
with folder_aside() as folder:
    tempfile.mkstemp()
    print(folder, flush=True)
    input()
"""


def test_what_is_laid_down_aside_goes_with_its_process_or_with_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    words = [sys.executable, "-c", ASIDE]
    killed, alive = (
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    )
    left, held = (Path(process.stdout.readline().strip()) for process in (killed, alive))
    killed.kill()
    killed.wait()
    assert len(list(left.iterdir())) == 1
    assert sorted(tmp_path.iterdir()) == sorted([left, held])
    with files.folder_aside() as own:
        assert sorted(tmp_path.iterdir()) == sorted([held, own])
    alive.communicate("\n")
    assert list(tmp_path.iterdir()) == []
