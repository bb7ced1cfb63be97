"""
A red team from reads: the demo's inherited alleles went through the pipeline, and none is released.

`benchmarks/red_team.py` does the same with thousands, in all guises. The open tier needs a cohort:
copies of one pair of the run are its patients, half of them without the pair's variants.
"""

import polars as pl
import pytest

from builders import PairOf, release_of, write_pair
from onconcord import contract
from onconcord.accuracy.leaks import in_bytes
from onconcord.evidence.normal_form import Allele
from onconcord.reference.sequence import Genome
from onconcord.release.aggregate import SMALLEST_COHORT
from onconcord.release.tiers import BY_VARIANT
from onconcord.verify import verify_release
from pipeline_runs import DEMO

pytestmark = pytest.mark.e2e
PAIR, CENTRE = "TUM-A01", "DEMO-A"
OF_VARIANTS = (
    *("small_variant", "small_variant_atom", "variant_call_evidence", "decision"),
    *("hotspot_status", *BY_VARIANT),
)


def alleles(name, **where):
    """Alleles of a list of the demo."""
    table = pl.read_csv(DEMO / name, separator="\t", schema_overrides={"chrom": pl.String})
    return {
        Allele(*one) for one in table.filter(**where).select("chrom", "pos", "ref", "alt").rows()
    }


INHERITED = alleles("germline.tsv") - alleles("somatic.tsv")


def rows(release, table):
    return pl.concat(map(pl.read_parquet, (release / table).rglob("*.parquet")))


def shown(release, folder):
    """Inherited alleles in any byte of a release, and its faults."""
    genome = Genome(folder / "results/1_reference/genome.fa")
    return [
        *in_bytes(release, folder, genome, INHERITED),
        *(str(fault) for _, fault in verify_release(release).faults),
    ]


def tables_of(folder, pair):
    """Rows of every table of a finished pair."""
    place = folder / "results/8_harmonised" / pair
    return {
        name: contract.read_file(name, place / f"{name}.parquet").to_pylist()
        for name in contract.load().tables
    }


def copied(out, tables, number):
    """The tables under other ids, as a pair of another patient; returns its manifest."""
    (pair,), (patient,) = tables["pair"], tables["subject"]
    local = (pair["pair_id"], patient["subject_id"], pair["normal_sample_id"])
    ids = {one: f"{one}-{number}" for one in local}
    other = PairOf(CENTRE, *ids.values())
    ids[pair["run_id"]] = other.run_id
    held = {
        name: [
            {
                column: ids.get(value, value) if isinstance(value, str) else value
                for column, value in row.items()
            }
            for row in rows
        ]
        for name, rows in tables.items()
    }
    return write_pair(out, other, held)


def without_variants(tables):
    scope = [
        row | {"status": "not_run", "reason_code": "no_caller", "callers": []}
        for row in tables["analysis_scope"]
    ]
    return tables | {name: [] for name in OF_VARIANTS} | {"analysis_scope": scope}


@pytest.mark.parametrize("centre", ["DEMO-A", "DEMO-B"])
def test_no_inherited_allele_is_in_a_consortium_release(finished, centre):
    assert shown(finished / "results/9_release" / centre, finished) == []


def test_no_inherited_allele_is_in_an_open_release(finished, tmp_path):
    tables = tables_of(finished, PAIR)
    own = {(one.pos, one.ref, one.alt) for one in alleles("germline.tsv", patient="PAT-A01")}
    seen = {(row["pos"], row["ref"], row["alt"]) for row in tables["small_variant"]} & own
    assert len(seen) >= 12
    half = SMALLEST_COHORT // 2
    cohort = [tables] * half + [without_variants(tables)] * half
    manifests = [copied(tmp_path, held, number) for number, held in enumerate(cohort)]
    release = release_of(tmp_path, manifests, CENTRE, tier="open")
    assert shown(release, finished) == []
    assert set(rows(release, "aggregate_variant")["n_mutated"]) == {half}
