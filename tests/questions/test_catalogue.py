"""An Iceberg catalogue over a release: the same rows, the same files."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import onconcord
from builders import bytes_of, pairs_of, release_of, write_pairs
from onconcord import contract
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.questions import catalogue
from onconcord.questions.catalogue import NAME, register
from onconcord.release import pool_releases, read_release

PAGE = (Path(__file__).parents[2] / "docs/reading.md").read_text()
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A pooled release of two centres."""
    folder = tmp_path_factory.mktemp("pooled")
    manifests = write_pairs(folder, [*pairs_of("ONE", 2), *pairs_of("TWO", 1)])
    parts = [release_of(folder, manifests, centre) for centre in ("ONE", "TWO")]
    pool_releases(parts, folder / "release", lambda path: None)
    return folder / "release"


def opened(file):
    from pyiceberg.catalog.sql import SqlCatalog

    return SqlCatalog(NAME, uri=f"sqlite:///{file}")


def sorted_rows(table, rows):
    return pl.from_arrow(rows).sort(contract.load().tables[table].key, nulls_last=True)


def test_a_scan_gives_the_rows_of_read_and_no_file_is_changed(release, tmp_path):
    before = bytes_of(release)
    file = tmp_path / "c.sqlite"
    done = CliRunner().invoke(app, ["catalogue", str(release), "--catalogue", str(file)])
    assert done.exit_code == 0, done.output
    names = {part.table for part in read_release(release).parts}
    assert done.output == f"{file}: {len(names)} tables, namespace r2026_11\n"
    assert {name for _, name in opened(file).list_tables("r2026_11")} == names
    for name in sorted(names):
        found = opened(file).load_table(("r2026_11", name)).scan().to_arrow()
        wanted = onconcord.read(release, name, as_="arrow")
        assert sorted_rows(name, found).equals(sorted_rows(name, wanted)), name
    assert opened(file).load_table("r2026_11.small_variant").scan().to_arrow().num_rows == 9
    assert bytes_of(release) == before


def test_the_example_of_the_reading_page_and_duckdb_find_the_variants(release, tmp_path):
    shutil.copytree(release, tmp_path / "release")
    assert CliRunner().invoke(app, ["catalogue", str(tmp_path / "release")]).exit_code == 0
    (code,) = (
        block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "pyiceberg" in block
    )
    more = 'print(variants.scan().to_duckdb("v").sql("SELECT count(*) FROM v").fetchall())'
    words = [sys.executable, "-c", f"{code}\n{more}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("GNAS") == 9
    assert done.stdout.splitlines()[-1] == "[(9,)]"


def test_columns_have_the_ids_of_the_contract_and_their_meaning(release, tmp_path):
    register(release, tmp_path / "c.sqlite")
    schema = opened(tmp_path / "c.sqlite").load_table("r2026_11.sample").schema()
    spec = contract.load().tables["sample"]
    assert [(f.name, f.field_id, f.doc) for f in schema.fields] == [
        (f.name, f.field_id, f.description) for f in spec.fields
    ]


def test_a_filter_is_answered_from_the_files_of_one_centre(release, tmp_path):
    register(release, tmp_path / "c.sqlite")
    table = opened(tmp_path / "c.sqlite").load_table("r2026_11.pair")
    (file,) = table.scan(row_filter="center_id = 'TWO'").plan_files()
    assert file.file.file_path == f"file://{release}/pair/center=TWO/part-0000.parquet"


def test_registering_again_replaces_what_was_there(release, tmp_path):
    file = tmp_path / "c.sqlite"
    assert register(release, file) == register(release, file)
    assert opened(file).load_table("r2026_11.pair").scan().to_arrow().num_rows == 3


def test_another_release_of_the_name_is_refused(release, tmp_path):
    file = tmp_path / "c.sqlite"
    register(release, file)
    other = release.parent / "releases/consortium/ONE"
    with pytest.raises(InputError, match=f"r2026_11 is the release {release} there: pool the"):
        register(other, file)
    assert opened(file).load_table("r2026_11.pair").scan().to_arrow().num_rows == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("release/c.sqlite", "lies inside the release, which holds its own files only"),
        ("c.db", r'the name does not end in "\.sqlite"'),
    ],
)
def test_a_place_that_is_unfit_is_refused(release, name, message):
    with pytest.raises(InputError, match=message):
        register(release, release.parent / name)


def test_without_the_extra_one_sentence_says_what_to_install(release, tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        catalogue, "find_spec", lambda name: None if name == "pyiceberg" else real(name)
    )
    monkeypatch.setitem(sys.modules, "pyiceberg.catalog.sql", None)
    message = "^onconcord catalogue: pyiceberg is not installed: run uv sync --extra catalogue"
    with pytest.raises(InputError, match=message):
        register(release, tmp_path / "c.sqlite")
    assert not (tmp_path / "c.sqlite").exists()
