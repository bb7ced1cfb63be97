"""The examples of docs/reading.md run as they are printed."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from cohort_tables import make_release, write_cohort
from real_ids import MODEL

PAGE = (Path(__file__).parents[2] / "docs/reading.md").read_text()
pytestmark = pytest.mark.slow


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("reading")
    make_release(write_cohort(made / "work"), made / "release")
    return made


@pytest.mark.parametrize(
    "code",
    # The one of the catalogue needs a whole release: test_catalogue.py runs it.
    [code for code in blocks("python") if "pyiceberg" not in code],
    ids=["onconcord", "pandas", "polars"],
)
def test_python_examples_find_the_variant(folder, code):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "GNAS" in done.stdout


def test_duckdb_examples_give_the_rows_of_the_tables(folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = [duckdb.sql(query).fetchall() for query in blocks("sql")]
    assert found[0] == [("TUM-A01", "GNAS", "p.Arg201Cys", 45, 150)]
    assert found[1] == [
        ("GNAS", 1, 2),
        ("ASXL1", 0, 2),
        ("AURKA", 0, 2),
        ("SRC", 0, 2),
        ("TOP1", 0, 2),
    ]
    assert found[2] == [(MODEL, 1)]
