"""Temporary files of a run lie in one folder, and none stays."""

import os

import pytest
from test_running import big_cohort

from onconcord.errors import InputError
from onconcord.runtime import scratch
from onconcord.runtime.running import run
from onconcord.runtime.scratch import NAME, scratch_folder


@pytest.mark.parametrize("given", [None, "fast"], ids=["no TMPDIR", "TMPDIR"])
def test_what_a_run_starts_lays_its_files_into_one_folder_that_goes(folder, monkeypatch, given):
    monkeypatch.delenv("TMPDIR", raising=False)
    if given:
        (folder / given).mkdir()
        monkeypatch.setenv("TMPDIR", str(folder / given))
    cohort = big_cohort(folder, 2)
    seen = []

    def start(words):
        place = os.environ["TMPDIR"]
        seen.append((place, sorted(os.listdir(place)), os.stat(place).st_mode & 0o777))
        return 0

    before = os.environ.get("TMPDIR")
    run(cohort, 1, start=start)
    ((place, there, mode),) = seen
    assert place.startswith(str(folder / given) if given else str(folder / NAME))
    assert (there, mode) == ([], 0o700)
    assert not os.path.exists(place)
    assert os.environ.get("TMPDIR") == before


def test_what_a_killed_run_left_is_removed_by_the_next(folder, monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    (folder / NAME / "sort").mkdir(parents=True)
    (folder / NAME / "sort/reads.bam").write_text("reads")
    with scratch_folder(folder) as place:
        assert list(place.iterdir()) == []


def test_a_folder_whose_path_has_blanks_is_reached_by_a_plain_path(folder, monkeypatch, tmp_path):
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch, "LINKS", tmp_path)
    odd = folder / "Zürich 1"
    odd.mkdir()
    for _ in range(2):
        with scratch_folder(odd):
            place = os.environ["TMPDIR"]
            assert scratch.PLAIN.fullmatch(place)
            assert os.path.samefile(place, odd / NAME)
        assert not os.path.lexists(place)
        os.symlink("left by a killed run", place)
    os.unlink(place)
    (tmp_path / os.path.basename(place)).mkdir()
    with pytest.raises(InputError, match="work in a folder with a plain path"), scratch_folder(odd):
        pass


def test_a_link_is_not_followed(folder, monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    (folder / "mine").mkdir()
    (folder / NAME).symlink_to(folder / "mine")
    with pytest.raises(InputError, match="is not a folder of this user"), scratch_folder(folder):
        pass
