"""A release takes the place of a release, and nothing is followed out of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders import pairs_of, release_of, write_pairs
from onconcord.errors import InputError
from onconcord.release import pool_releases
from onconcord.verify import verify_release, verify_releases


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    manifests = write_pairs(folder, pairs_of("ONE", 1))
    return folder, manifests, release_of(folder, manifests, "ONE")


@pytest.mark.parametrize("inside", ["thesis.doc", "run/notes.txt", "contract.json", "pair/mine"])
def test_a_folder_that_is_no_release_stays(made, tmp_path, inside):
    target = tmp_path / "mine"
    (target / inside).parent.mkdir(parents=True)
    (target / inside).write_text("keep")
    with pytest.raises(InputError, match="holds something else than a release"):
        release_of(made[0], made[1], "ONE", out=target)
    with pytest.raises(InputError, match="holds something else than a release"):
        pool_releases([made[2]], target, lambda _: None)
    assert (target / inside).read_text() == "keep"


def test_what_somebody_laid_into_a_release_stays(made, tmp_path):
    target = shutil.copytree(made[2], tmp_path / "release")
    (target / "run/notes.txt").write_text("keep")
    with pytest.raises(InputError, match=r"holds 1 files that are not part .*, such as run/notes"):
        release_of(made[0], made[1], "ONE", out=target)
    assert (target / "run/notes.txt").read_text() == "keep"


@pytest.mark.parametrize("name", ["release", ".release.building.host.7", ".release.old"])
def test_links_are_not_followed(made, tmp_path, name):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "thesis.doc").write_text("keep")
    (tmp_path / name).symlink_to(victim)
    with pytest.raises(InputError, match="is a link"):
        release_of(made[0], made[1], "ONE", out=tmp_path / "release")
    assert (victim / "thesis.doc").read_text() == "keep"


@pytest.mark.parametrize("what", ["pair/center=ONE/part-0000.parquet", "pair/center=ONE", "pair"])
def test_a_part_that_is_a_link_is_refused(made, tmp_path, what):
    release = shutil.copytree(made[2], tmp_path / "release")
    shutil.move(release / what, tmp_path / "elsewhere")
    (release / what).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link: a release holds its own files"):
        verify_release(release)


@pytest.fixture(scope="module")
def with_neighbour(made, tmp_path_factory):
    """A release that holds a pipe and an empty folder, beside a broken one; and its reports."""
    folder = tmp_path_factory.mktemp("all")
    release = shutil.copytree(made[2], folder / "release")
    os.mkfifo(release / "run/pipe")
    (release / "PAT-ONE-1").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken/release.json").write_text("{")
    return release, verify_releases(release)


@pytest.mark.parametrize("where", ["run/pipe", "PAT-ONE-1"])
def test_what_is_no_file_is_no_part_of_a_release(with_neighbour, where):
    (report,) = with_neighbour[1].values()
    message = "neither a file nor a folder with files: it is not part of this"
    assert len(report.faults) == 2
    assert f"{where}: {message}" in [str(fault) for _, fault in report.faults]


def test_a_part_that_is_a_pipe_is_refused(made, tmp_path):
    release = shutil.copytree(made[2], tmp_path / "release")
    part = release / "pair/center=ONE/part-0000.parquet"
    part.unlink()
    os.mkfifo(part)
    with pytest.raises(InputError, match="is no plain file"):
        verify_release(release)


def test_the_root_is_no_place_for_a_release(made):
    with pytest.raises(InputError, match="no place for a release"):
        release_of(made[0], made[1], "ONE", out=Path("/"))


@pytest.mark.parametrize(
    "path",
    [
        "../neighbour/pair/center=ONE/part-0000.parquet",
        "/etc/passwd",
        "run/center=ONE/part-0000.parquet",
    ],
)
def test_verify_reads_no_file_outside_of_its_release(made, tmp_path, path):
    release = shutil.copytree(made[2], tmp_path / "release")
    shutil.copytree(made[2], tmp_path / "neighbour")
    stated = json.loads((release / "release.json").read_text())
    stated["tables"]["pair"][0]["path"] = path
    (release / "release.json").write_text(json.dumps(stated))
    with pytest.raises(InputError, match=f'"{path}" is not a place of pair of centre ONE'):
        verify_release(release)


def test_verify_of_one_release_does_not_look_at_its_neighbours(with_neighbour):
    release, reports = with_neighbour
    assert list(reports) == [release]


RELEASE = """
import sys
from pathlib import Path
from builders import release_of
sys.stdin.readline()
release_of(Path(sys.argv[1]), [Path(one) for one in sys.argv[3:]], "ONE", out=Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_of_two_releases_at_once_none_is_broken(made, tmp_path):
    target = tmp_path / "release"
    words = [sys.executable, "-c", RELEASE, made[0], target, *made[1]]
    support = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(2):
        two = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=support)
            for _ in range(2)
        ]
        for one in two:
            one.stdin.write(b"go\n")
            one.stdin.flush()
        ends = {one.communicate()[1].decode().strip().rpartition("\n")[2] for one in two}
        assert "" in ends
        assert all("another process writes it now" in said for said in ends if said)
        assert verify_release(target).faults == []
        assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_verify_of_a_folder_counts_what_a_killed_release_left(made, tmp_path):
    release = shutil.copytree(made[2], tmp_path / "ONE")
    shutil.copytree(made[2], tmp_path / ".ONE.building.host.7")
    ((checked, report),) = verify_releases(tmp_path).items()
    assert checked == release
    assert report.not_checked["leftovers"] == (
        ".ONE.building.host.7: left by a release that was killed; the next one removes it"
    )
