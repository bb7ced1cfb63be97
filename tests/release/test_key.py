"""A centre's key: drawn by chance, readable by its owner alone, outside of version control."""

import stat

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from builders import KEY_TEXT, pairs_of, release_of, write_key, write_pairs
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.release.key import load_key
from onconcord.release.pseudonyms import is_pseudonym
from onconcord.runtime import checkout
from onconcord.verify import verify_release


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "short", "the key has 5 characters; expected 64 lower-case hex digits", id="short"
        ),
        pytest.param("# only a comment", "the key has 0 characters", id="empty"),
        pytest.param(f'"{KEY_TEXT}"', "the key has 66 characters", id="quotes"),
        pytest.param(KEY_TEXT.upper(), "64 lower-case hex digits", id="capitals"),
        pytest.param(f"\ufeff{KEY_TEXT}", "the key has 65 characters", id="a mark inside"),
        pytest.param("a" * 32, "the key has 32 characters", id="thirty-two times a"),
        pytest.param("a" * 64, "too regular", id="one letter"),
        pytest.param("5eedf00d" * 8, "too regular", id="a word again and again"),
        pytest.param(bytes(range(32)).hex(), "too regular", id="counted"),
        pytest.param(bytes(range(0, 256, 8)).hex(), "too regular", id="counted by eights"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_shown(tmp_path, text, message):
    with pytest.raises(InputError) as error:
        load_key(write_key(tmp_path, text), "ONE")
    assert message in str(error.value)
    assert "onconcord key new" in str(error.value)
    assert KEY_TEXT[:16] not in str(error.value).lower()


def test_a_byte_order_mark_is_named(tmp_path):
    path = write_key(tmp_path)
    path.write_text(f"\ufeff{KEY_TEXT}\n", encoding="utf-8")
    with pytest.raises(InputError, match="begins with a byte order mark"):
        load_key(path, "ONE")


@pytest.mark.parametrize("centre", ["ONE", "DEMO", "DEMO-AB", "DEMOCRACY", "DEMO-1", "demo-a"])
def test_the_public_key_is_for_the_demo_alone(centre):
    demo = checkout.root() / "resources/demo/demo.key"
    assert load_key(demo, "DEMO-A").secret.startswith(b"onconcord-public-demo-key")
    with pytest.raises(InputError, match="the public key of the demo"):
        load_key(demo, centre)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = write_key(tmp_path)
    path.chmod(mode)
    with pytest.raises(InputError, match=rf"others may read the key \(mode 0{mode:o}\): chmod 600"):
        load_key(path, "ONE")


def test_a_key_in_a_folder_in_which_anybody_may_write_is_refused(tmp_path):
    path = write_key(tmp_path)
    tmp_path.chmod(0o777)
    with pytest.raises(InputError, match="anybody may put another key in its place: chmod o-w"):
        load_key(path, "ONE")
    tmp_path.chmod(0o1777)
    load_key(path, "ONE")


@pytest.mark.parametrize("marks", [[".git"], [".hg"], [".svn"], ["HEAD", "objects", "refs"]])
def test_a_key_in_version_control_is_refused_and_not_made(tmp_path, marks):
    for mark in marks:
        (tmp_path / mark).mkdir()
    deep = tmp_path / "deep"
    deep.mkdir()
    with pytest.raises(InputError, match=f"the key lies inside {tmp_path}"):
        load_key(write_key(deep), "ONE")
    done = CliRunner().invoke(app, ["key", "new", str(deep / "new.key")])
    assert f"lies inside {tmp_path}" in str(done.exception)
    assert not (deep / "new.key").exists()


def test_a_new_key_is_its_owners_alone_and_never_written_over(tmp_path):
    path = tmp_path / "centre.key"
    done = CliRunner().invoke(app, ["key", "new", str(path)])
    assert done.exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = path.read_text()
    assert made.strip() not in done.output
    assert load_key(path, "ONE").secret == made.strip().encode()
    again = CliRunner().invoke(app, ["key", "new", str(path)])
    assert "is there already" in str(again.exception)
    assert path.read_text() == made
    link = tmp_path / "link.key"
    link.symlink_to(tmp_path / "elsewhere")
    assert "is there already" in str(CliRunner().invoke(app, ["key", "new", str(link)]).exception)


@pytest.mark.slow
def test_another_key_links_nothing_to_the_releases_before_it(tmp_path):
    """What docs/privacy.md says of rotation."""
    manifests = write_pairs(tmp_path, pairs_of("ONE", 2))
    old = release_of(tmp_path, manifests, "ONE")
    path = tmp_path / "rotated" / "centre.key"
    path.parent.mkdir()
    CliRunner().invoke(app, ["key", "new", str(path)])
    new = release_of(tmp_path, manifests, "ONE", key_file=path, out=tmp_path / "new")
    assert verify_release(new).faults == []
    before, after = (
        {
            text
            for path in release.rglob("*.parquet")
            for column in pq.read_table(path).columns
            for text in column.to_pylist()
            if isinstance(text, str) and is_pseudonym(text, "ONE")
        }
        for release in (old, new)
    )
    assert len(before) == len(after) == 6
    assert not before & after
    stated = (old / "release.json").read_text()
    assert "fingerprint" not in stated
