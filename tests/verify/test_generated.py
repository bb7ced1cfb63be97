"""Every generated file of every tier is run, by a test and by verify."""

import json
from functools import cache

import duckdb
import pyarrow.parquet as pq
import pytest

from builders import pairs_of, release_of, seal, write_pairs
from onconcord import contract
from onconcord.contract import artefacts
from onconcord.release import read_release
from onconcord.verify import verify_release
from onconcord.verify.generated import generated_faults


@pytest.fixture(scope="module")
def release_in(tmp_path_factory):
    """Function: the release of a tier, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("tiers")

    @cache
    def release(tier):
        manifests = write_pairs(folder, pairs_of("ONE", 20 if tier == "open" else 2))
        return release_of(folder, manifests, "ONE", tier=tier)

    return release


@pytest.mark.slow
@pytest.mark.parametrize("tier", contract.TIERS)
def test_the_generated_files_of_a_tier_fit_its_tables(release_in, tier, monkeypatch):
    release = release_in(tier)
    monkeypatch.chdir(release)
    tables = {path.name for path in release.iterdir() if path.is_dir()} - {"workflow"}
    names = {
        table: pq.read_schema(release / table / "center=ONE/part-0000.parquet").names
        for table in tables
    }
    with duckdb.connect() as database:
        database.execute((release / "views.sql").read_text())
        for table in tables:
            found = [row[0] for row in database.execute(f"DESCRIBE {table}").fetchall()]
            assert found == [*names[table], "center"], table
    package = json.loads((release / "datapackage.json").read_text())
    assert {
        resource["name"]: [field["name"] for field in resource["schema"]["fields"]]
        for resource in package["resources"]
    } == names
    assert all((release / path).is_file() for one in package["resources"] for path in one["path"])
    keys = [
        key["reference"] for one in package["resources"] for key in one["schema"]["foreignKeys"]
    ]
    assert all(set(key["fields"]) <= set(names[key["resource"]]) for key in keys)
    spark = json.loads((release / "spark.json").read_text())
    assert {table: [f["name"] for f in one["fields"]] for table, one in spark.items()} == names
    for table in tables:
        assert f"  {table} = arrow::schema(" in (release / "schema.R").read_text()
    assert verify_release(release).of("generated") == []


def test_a_changed_file_is_named_and_not_run(release_in, tmp_path):
    release = release_in("consortium")
    sql = (release / "views.sql").read_text()
    planted = tmp_path / "planted"
    (release / "views.sql").write_text(f"COPY (SELECT 1) TO '{planted}';\n")
    (release / "spark.json").unlink()
    try:
        faults = [str(fault) for fault in generated_faults(release, read_release(release))]
    finally:
        (release / "views.sql").write_text(sql)
        seal(release)
    assert sorted(faults) == [
        "spark.json: is not what the contract generates for tier consortium",
        "views.sql: is not what the contract generates for tier consortium",
    ]
    assert not planted.exists()


def test_views_that_do_not_load_are_a_fault(release_in, monkeypatch):
    release = release_in("consortium")
    texts = artefacts.generated(release, "consortium")
    monkeypatch.setattr(
        artefacts, "generated", lambda *_: texts | {"views.sql": "SELECT , center FROM x;"}
    )
    (release / "views.sql").write_text("SELECT , center FROM x;")
    try:
        (fault,) = generated_faults(release, read_release(release))
    finally:
        (release / "views.sql").write_text(texts["views.sql"])
    assert str(fault).startswith("views.sql: does not load: Parser Error")
