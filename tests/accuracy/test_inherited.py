"""
A red team from reads: inherited alleles through the whole pipeline, and none of them in a release.

`benchmarks/red_team.py` does the same with thousands. The open tier needs a cohort: copies of one
pair of the run are its patients, half of them without the pair's variants.
"""

import polars as pl
import pytest

from builders import PairOf, release_of, write_pair
from onconcord import contract
from onconcord.accuracy.inherited import CENTRE, write_folder
from onconcord.accuracy.leaks import inside, leaks
from onconcord.accuracy.profiles import read_plan
from onconcord.reference.sequence import Genome
from onconcord.release.aggregate import SMALLEST_COHORT
from onconcord.release.key import load_key
from onconcord.release.pseudonyms import Pseudonymiser
from onconcord.release.tiers import BY_VARIANT
from onconcord.verify import verify_release
from pipeline_runs import CHECKOUT, snakemake

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own_reads")]
PATIENTS, PLACES = 2, 24
"""The first with a normal of 60 reads, the second without one: 46 inherited alleles."""
OF_VARIANTS = (
    *("small_variant", "small_variant_atom", "variant_call_evidence", "decision"),
    *("hotspot_status", *BY_VARIANT),
)


@pytest.fixture(scope="module")
def red(tmp_path_factory, chr20):
    """The folder, finished, and who is in it."""
    folder = tmp_path_factory.mktemp("red") / "w"
    plan = read_plan(CHECKOUT / "config/accuracy/profiles.yaml")
    profile = next(each for each in plan.profiles if each.name == "clean-100x-40x")
    people = write_folder(folder, Genome(chr20), profile, PATIENTS, PLACES, seed=3)
    snakemake(folder, "tables")
    return folder, people


def tables_of(folder, pair):
    """Rows of every table of a finished pair."""
    place = folder / "results/8_harmonised" / pair
    return {
        name: contract.read_file(name, place / f"{name}.parquet").to_pylist()
        for name in contract.load().tables
    }


def copied(out, tables, pair, number):
    """The tables under other ids, as a pair of another patient; returns its manifest."""
    ids = {local: f"{local}-{number}" for local in (pair, f"{pair}-normal", f"patient-{pair}")}
    other = PairOf(CENTRE, ids[pair], ids[f"patient-{pair}"], ids[f"{pair}-normal"])
    ids[tables["pair"][0]["run_id"]] = other.run_id
    rows = {
        name: [
            {
                column: ids.get(value, value) if isinstance(value, str) else value
                for column, value in row.items()
            }
            for row in held
        ]
        for name, held in tables.items()
    }
    return write_pair(out, other, rows)


def without_variants(tables):
    scope = [
        row | {"status": "not_run", "reason_code": "no_caller", "callers": []}
        for row in tables["analysis_scope"]
    ]
    return tables | {name: [] for name in OF_VARIANTS} | {"analysis_scope": scope}


def leaked(release, folder, people, key):
    names = Pseudonymiser(load_key(key, CENTRE), CENTRE)
    faults = [str(fault) for _, fault in verify_release(release).faults]
    return leaks(release, folder, people, lambda pair: names("sample", pair)) + faults


def test_no_inherited_allele_is_in_a_consortium_release(red, tmp_path):
    folder, people = red
    known = inside(folder, people)
    assert known.sites == known.candidates == 46
    assert {"cis", "trans", "kept", "lost", "covered", "same base"} <= known.guises.keys()
    manifests = [
        folder / f"results/8_harmonised/{patient.name}/MANIFEST.json" for patient in people
    ]
    release = release_of(tmp_path, manifests, CENTRE)
    assert leaked(release, folder, people, tmp_path / "centre.key") == []
    left = pl.concat(map(pl.read_parquet, (release / "small_variant").rglob("*.parquet")))
    assert left.height > 0


def test_no_inherited_allele_is_in_an_open_release(red, tmp_path):
    folder, people = red
    tables = tables_of(folder, people[0].name)
    half = SMALLEST_COHORT // 2
    cohort = [tables] * half + [without_variants(tables)] * half
    manifests = [
        copied(tmp_path, held, people[0].name, number) for number, held in enumerate(cohort)
    ]
    release = release_of(tmp_path, manifests, CENTRE, tier="open")
    assert leaked(release, folder, people, tmp_path / "centre.key") == []
    shown = pl.concat(map(pl.read_parquet, (release / "aggregate_variant").rglob("*.parquet")))
    assert set(shown["n_mutated"]) == {half}
