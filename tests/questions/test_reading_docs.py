"""The examples of docs/reading.md run as they are printed."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from builders import PairOf, release_of, write_pair
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


OF_VARIANTS = (
    *("small_variant", "small_variant_atom", "variant_call_evidence", "decision"),
    *("variant_consequence", "variant_annotation", "oncogenicity"),
)


def pair_with(folder, name, **change):
    """A pair with one passing variant of its only gene, all of which is callable."""
    pair = PairOf("ONE", f"TUM-{name}", f"PAT-{name}", f"NRM-{name}")
    tables = pair.tables() | {table: [] for table in OF_VARIANTS}
    row = pair.variant(1100, "A", "G")
    pair.add(tables, row | {"gene_id": "ENSG01", "impact": "MODERATE"} | change)
    tables["gene_callability"][0].update(callable_frac=1.0, status="callable")
    if not change.get("is_pass", True):
        for scope in tables["analysis_scope"]:
            if scope["analysis"] == "small_variant":
                scope["status"] = "done_none_found"
    return write_pair(folder, pair, tables)


def test_a_gene_with_a_withheld_variant_does_not_count_as_searched(tmp_path, monkeypatch):
    failed = {"is_pass": False, "origin": "artefact", "filters": [MODEL]}
    manifests = [
        pair_with(tmp_path, "MUTATED"),
        pair_with(tmp_path, "WITHHELD", normal_depth=9),
        pair_with(tmp_path, "CLEAN", **failed),
    ]
    release_of(tmp_path, manifests, "ONE", out=tmp_path / "release")
    monkeypatch.chdir(tmp_path)
    assert duckdb.sql(blocks("sql")[1]).fetchall() == [("GNAS", 1, 2)]
