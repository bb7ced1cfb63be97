"""A pair's folder is replaced as a whole: whatever happens, the old tables or the new are there."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from onconcord.harmonised import pair
from pair_specs import pair_spec


class Killed(BaseException):
    """Stands for the end of the process: nothing after it runs."""


@pytest.fixture
def harmonise(tmp_path, monkeypatch):
    """Harmonises a pair whose only table holds the given text."""
    spec = tmp_path / "TUM.json"
    spec.write_text(pair_spec().to_json())

    def run(text):
        def write(spec, files, work):
            (work / "sample.parquet").write_text(text)

        monkeypatch.setattr(pair, "_write_pair", write)
        pair.harmonise_pair(SimpleNamespace(spec=spec), tmp_path / "TUM")

    return run


def tables(tmp_path):
    return {path.name: path.read_text() for path in (tmp_path / "TUM").iterdir()}


def test_a_pair_is_replaced(harmonise, tmp_path):
    harmonise("old")
    (tmp_path / "TUM/gone.parquet").write_text("of a table that is no longer there")
    harmonise("new")
    assert tables(tmp_path) == {"sample.parquet": "new"}
    assert {path.name for path in tmp_path.iterdir()} == {"TUM", "TUM.json"}


def test_a_kill_while_the_new_tables_take_their_place_loses_neither(
    harmonise, tmp_path, monkeypatch
):
    harmonise("old")
    with monkeypatch.context() as broken:

        def die(*_):
            raise Killed

        broken.setattr(Path, "rename", die)
        with pytest.raises(Killed):
            harmonise("new")
    assert tables(tmp_path)["sample.parquet"] in ("old", "new")
    harmonise("newer")
    assert tables(tmp_path) == {"sample.parquet": "newer"}


def test_a_fault_while_the_tables_are_made_leaves_the_old_ones(harmonise, tmp_path, monkeypatch):
    harmonise("old")

    def fail(*_):
        raise Killed

    monkeypatch.setattr(pair, "_write_pair", fail)
    with pytest.raises(Killed):
        pair.harmonise_pair(SimpleNamespace(spec=tmp_path / "TUM.json"), tmp_path / "TUM")
    assert tables(tmp_path) == {"sample.parquet": "old"}
