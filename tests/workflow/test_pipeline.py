"""The pipeline on reads: a slice of the demo."""

import gzip

import polars as pl
import pytest

from onconcord import contract
from onconcord.inputs.preflight import JOBS_PER_PAIR
from pipeline_runs import DEMO, digests, jobs, snakemake, table, working_folder

LOCAL_IDS = ("TUM-A01", "NOR-A01", "TUM-B02", "PAT-A01", "PAT-B02")
OF_ONE_PAIR = {
    "pair_inputs": 1,
    "count_reads": 2,
    "align": 2,
    "sample_qc": 2,
    "pair_qc": 1,
    "mutect2_call": 1,
    "mutect2_filter": 1,
    "freebayes_call": 1,
    "freebayes_join": 1,
    "pileup_call": 1,
    "pileup_join": 1,
    "evidence": 1,
    "annotate_pair": 1,
    "harmonise": 1,
}
pytestmark = pytest.mark.e2e


def test_the_jobs_of_an_exome_pair(tmp_path, a_slice):
    counts = jobs(working_folder(tmp_path / "w", a_slice, ["TUM-A01"]), "tables")
    once = {
        "reference",
        "bwa_index",
        "genes",
        "targets",
        "resources",
        "resource_vcf",
        "common_sites",
        "snpeff_database",
        "tool_versions",
    }
    of_pair = {rule: number for rule, number in counts.items() if rule not in {*once, "tables"}}
    assert of_pair == OF_ONE_PAIR
    assert sum(of_pair.values()) == JOBS_PER_PAIR == 17


def test_the_drivers_are_found_under_their_names(finished):
    matched = table(finished, "TUM-A01", "small_variant").filter(pl.col("is_pass"))
    alone = table(finished, "TUM-B02", "small_variant").filter(pl.col("is_pass"))
    assert "p.Arg201Cys" in matched["hgvsp"].to_list()
    driver = alone.filter(pl.col("pos") == 31022441)
    assert driver.select("gene_symbol", "hgvsp", "origin").rows() == [
        ("ASXL1", "p.Gly646fs", "somatic")
    ]


def test_nothing_fills_a_planned_column(finished):
    for name, spec in contract.load().tables.items():
        for pair in ("TUM-A01", "TUM-B02"):
            rows = table(finished, pair, name)
            filled = {one for one in rows.columns if rows[one].null_count() < rows.height}
            assert not filled & {field.name for field in spec.fields if field.planned}, name


def test_no_wrong_variant_passes_in_the_matched_pair(finished):
    truth = pl.read_csv(DEMO / "somatic.tsv", separator="\t", schema_overrides={"chrom": pl.String})
    known = set(truth.filter(pl.col("sample") == "TUM-A01").select("pos", "ref", "alt").rows())
    passing = table(finished, "TUM-A01", "small_variant").filter(pl.col("is_pass"))
    assert set(passing.select("pos", "ref", "alt").rows()) - known == set()


def test_a_finished_cohort_has_nothing_to_do(finished):
    assert jobs(finished) == {}


def test_tables_are_the_same_on_one_core(finished, a_slice, tmp_path):
    folder = working_folder(tmp_path / "w", a_slice)
    snakemake(folder, "tables", cores=1)
    assert digests(folder) == digests(finished)


def test_a_pair_that_is_added_runs_alone(grown):
    _, asked = grown
    of_its_sample = dict.fromkeys(("count_reads", "align", "sample_qc"), 1)
    assert asked == {**OF_ONE_PAIR, **of_its_sample, "tables": 1}


@pytest.mark.parametrize("centre", ["DEMO-A", "DEMO-B"])
def test_the_release_holds_no_local_id_and_no_unresolved_variant(finished, centre):
    release = finished / "results/9_release" / centre
    small = pl.read_parquet(next((release / "small_variant").rglob("*.parquet")))
    # Without a normal nothing is sure enough to leave.
    assert set(small["origin"]) == ({"somatic"} if centre == "DEMO-A" else set())
    for path in release.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(name.encode() in content for name in LOCAL_IDS)


def test_a_withdrawn_pair_is_in_no_release_of_the_pipeline(finished):
    releases, withdrawn = finished / "results/9_release", finished / "retractions.tsv"
    line = "TUM-A01\tr2026-11\tconsent_withdrawn\n"
    withdrawn.write_text(f"pair_id\tfrom_release\treason_code\n{line}")
    try:
        snakemake(finished, "release")
        assert rows(releases / "DEMO-A", "pair") == 0
        assert rows(releases / "DEMO-A", "retraction") == 1
        assert rows(releases / "DEMO-B", "retraction") == 0
    finally:
        # As it was, for the tests that come after.
        withdrawn.unlink()
        assert jobs(finished, "release") == {"release": 1, "release_centre": 2}
        snakemake(finished, "release")
    assert rows(releases / "DEMO-A", "pair") == 1


def rows(release, table):
    return sum(pl.read_parquet(path).height for path in (release / table).rglob("*.parquet"))


def test_reads_that_are_cut_off_fail_the_pair_by_name(a_slice, tmp_path):
    folder = working_folder(tmp_path / "w", a_slice, ["TUM-A01"])
    cut = tmp_path / "cut_1.fq.gz"
    whole = gzip.decompress((a_slice / "reads/NOR-A01_L1_1.fq.gz").read_bytes())
    cut.write_bytes(gzip.compress(whole[: len(whole) // 2]))
    sheet = folder / "samples.tsv"
    sheet.write_text(sheet.read_text().replace("reads/NOR-A01_L1_1.fq.gz", str(cut)))
    done = snakemake(folder, "results/3_alignments/NOR-A01.bam", check=False)
    assert done.returncode == 1
    said = done.stdout.split("error: 1 job failed")[1]
    assert "sample NOR-A01, of pair TUM-A01: rule count_reads failed." in said
    assert "cut_1.fq.gz, line 13973: the last read has 2 of its four lines." in said
    assert not (folder / "results/3_alignments/NOR-A01.bam").exists()
