"""The pipeline on reads: a slice of the demo."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
DEMO = CHECKOUT / "resources/demo"
REFERENCE = CHECKOUT / ".tools/demo/reference"
GENES = ("ASXL1", "GNAS")
SAMPLES = {
    "TUM-A01": ("PAT-A01", "tumour", ("L1", "L2")),
    "NOR-A01": ("PAT-A01", "normal", ("L1",)),
    "TUM-B02": ("PAT-B02", "tumour", ("L1",)),
}
pytestmark = pytest.mark.e2e


def snakemake(folder, *words, cores=2, check=True):
    """Run the pipeline in a folder; returns what it printed."""
    environment = {
        **os.environ,
        "PATH": f"{CHECKOUT}/.tools/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")),
            *("--directory", str(folder), "--cores", str(cores), *words),
        ],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done


def jobs(folder, *words):
    """Number of jobs of each rule that a dry run would start."""
    done = snakemake(folder, "--dry-run", *words)
    table = (done.stdout + done.stderr).split("Job stats:")
    counts = {}
    if len(table) > 1:
        for line in table[1].splitlines()[3:]:
            cells = line.split()
            if len(cells) != 2 or not cells[1].isdigit():
                break
            counts[cells[0]] = int(cells[1])
    counts.pop("total", None)
    return counts


@pytest.fixture(scope="session")
def reads(tmp_path_factory):
    """Simulated reads of two patients and two genes, and the reference with its index."""
    script = CHECKOUT / "scripts/demo_reference.sh"
    subprocess.run([script, REFERENCE, "index"], check=True, stdin=subprocess.DEVNULL)
    out = tmp_path_factory.mktemp("reads")
    subprocess.run(
        [
            *(sys.executable, CHECKOUT / "scripts/simulate_reads.py"),
            *("--reference", REFERENCE / "chr20.fa", "--demo", DEMO, "--out", out),
            *("--samples", *SAMPLES, "--genes", *GENES),
        ],
        check=True,
    )
    return out


def working_folder(folder, reads, samples=tuple(SAMPLES)):
    """A working folder of some samples of the slice."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = [
        line
        for line in (DEMO / "targets.bed").read_text().splitlines()
        if line.split("\t")[3] in GENES
    ]
    (folder / "targets.bed").write_text("\n".join(targets) + "\n")
    (folder / "config.yaml").write_text(
        f"""
centre: DEMO-A
reference:
  fasta: {REFERENCE}/chr20.fa
  build: GRCh37
  genes: {DEMO}/genes.gtf
  bwa_index: {REFERENCE}/bwa/chr20
assays:
  slice: {{strategy: WES, targets: targets.bed, padding: 100, tumour_only: true, qc: window}}
resources:
  population: {DEMO}/population.vcf
  hotspots: {DEMO}/hotspots.tsv
release: {{name: r2026-11, tier: consortium, key_file: {DEMO}/demo.key}}
"""
    )
    lines = ["patient\tsample\trole\tread_group\tfastq_1\tfastq_2"]
    for sample in samples:
        patient, role, lanes = SAMPLES[sample]
        for lane in lanes:
            files = [f"{reads}/{sample}_{lane}_{mate}.fq.gz" for mate in (1, 2)]
            lines.append("\t".join([patient, sample, role, lane, *files]))
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory, reads):
    """The slice, run on two cores."""
    folder = working_folder(tmp_path_factory.mktemp("slice") / "w", reads)
    snakemake(folder)
    return folder


def digests(folder):
    """Content digest of every table that counts for equivalence, by pair."""
    outside = {"run", "tool", "input_file"}
    return {
        (path.parent.name, table): entry["content_sha256"]
        for path in folder.glob("results/8_harmonised/*/MANIFEST.json")
        for table, entry in json.loads(path.read_text())["tables"].items()
        if table not in outside
    }


def table(folder, pair, name):
    return pl.read_parquet(folder / f"results/8_harmonised/{pair}/{name}.parquet")


def test_an_exome_pair_is_thirteen_jobs(tmp_path, reads):
    counts = jobs(working_folder(tmp_path / "w", reads, ("TUM-A01", "NOR-A01")), "tables")
    once = {"reference", "bwa_index", "targets", "population", "snpeff_database", "tool_versions"}
    of_pair = {rule: number for rule, number in counts.items() if rule not in {*once, "tables"}}
    assert of_pair == {
        "pair_inputs": 1,
        "align": 2,
        "sample_qc": 2,
        "pair_qc": 1,
        "mutect2_call": 1,
        "mutect2_filter": 1,
        "freebayes_call": 1,
        "freebayes_filter": 1,
        "evidence": 1,
        "annotate_pair": 1,
        "harmonise": 1,
    }


def test_the_drivers_are_found_under_their_names(finished):
    matched = table(finished, "TUM-A01", "small_variant").filter(pl.col("is_pass"))
    alone = table(finished, "TUM-B02", "small_variant").filter(pl.col("is_pass"))
    assert "p.Arg201Cys" in matched["hgvsp"].to_list()
    driver = alone.filter(pl.col("pos") == 31022441)
    assert driver.select("gene_symbol", "hgvsp", "origin").rows() == [
        ("ASXL1", "p.Gly646fs", "somatic")
    ]


def test_no_wrong_variant_passes_in_the_matched_pair(finished):
    truth = pl.read_csv(DEMO / "somatic.tsv", separator="\t", schema_overrides={"chrom": pl.String})
    known = set(truth.filter(pl.col("sample") == "TUM-A01").select("pos", "ref", "alt").rows())
    passing = table(finished, "TUM-A01", "small_variant").filter(pl.col("is_pass"))
    assert set(passing.select("pos", "ref", "alt").rows()) - known == set()


def test_a_finished_cohort_has_nothing_to_do(finished):
    assert jobs(finished) == {}


def test_tables_are_the_same_on_one_core(finished, reads, tmp_path):
    folder = working_folder(tmp_path / "w", reads)
    snakemake(folder, "tables", cores=1)
    assert digests(folder) == digests(finished)


def test_a_pair_that_is_added_runs_alone(finished, reads, tmp_path):
    folder = tmp_path / "w"
    shutil.copytree(finished, folder, symlinks=True)
    working_folder(folder, reads, ("TUM-A01", "NOR-A01"))
    snakemake(folder, "--touch", "tables")
    working_folder(folder, reads)
    for name in ("8_harmonised/TUM-B02", "5_calls/mutect2/TUM-B02.vcf.gz"):
        path = folder / "results" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    counts = jobs(folder, "tables")
    assert counts["harmonise"] == 1
    assert "align" not in counts or counts["align"] <= 1


def test_the_release_holds_no_local_id_and_no_unresolved_variant(finished):
    release = finished / "results/9_release/DEMO-A"
    small = pl.read_parquet(next((release / "small_variant").rglob("*.parquet")))
    assert set(small["origin"]) == {"somatic"}
    for path in release.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(name.encode() in content for name in (*SAMPLES, "PAT-A01", "PAT-B02"))


def test_a_stage_that_ends_without_its_output_fails_the_run(finished, tmp_path):
    folder = tmp_path / "w"
    shutil.copytree(finished, folder, symlinks=True)
    broken = tmp_path / "bin"
    broken.mkdir()
    # A counter that exits 0 and writes nothing is what a full disk or a killed child looks like.
    (broken / "gbcms").write_text("#!/bin/sh\nexit 0\n")
    (broken / "gbcms").chmod(0o755)
    (folder / "results/6_evidence/TUM-A01.recount.parquet").unlink()
    code = (
        "import os, sys; from onconcord import recount; "
        f"os.environ['PATH'] = '{broken}:' + os.environ['PATH']; sys.argv[0] = 'recount'; "
        f"sys.path.insert(0, '{CHECKOUT}/scripts'); import recount as script; "
        "sys.exit(script.main(sys.argv[1:]))"
    )
    spec = folder / "results/0_inputs/TUM-A01.json"
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, "--pair-spec", spec),
            *("--candidates", folder / "results/6_evidence/TUM-A01.candidates.vcf.gz"),
            *("--reference-fasta", folder / "results/1_reference/genome.fa"),
            *("--tumour-bam", folder / "results/3_alignments/TUM-A01.bam"),
            *("--min-mapping-quality", "20", "--min-base-quality", "15"),
            *("--out", folder / "results/6_evidence/TUM-A01.recount.parquet"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert not (folder / "results/6_evidence/TUM-A01.recount.parquet").exists()


def test_reads_that_are_cut_off_fail_the_pair_by_name(reads, tmp_path):
    folder = working_folder(tmp_path / "w", reads, ("TUM-A01", "NOR-A01"))
    cut = tmp_path / "cut_1.fq.gz"
    whole = gzip.decompress((reads / "NOR-A01_L1_1.fq.gz").read_bytes())
    cut.write_bytes(gzip.compress(whole[: len(whole) // 2]))
    sheet = folder / "samples.tsv"
    sheet.write_text(sheet.read_text().replace(f"{reads}/NOR-A01_L1_1.fq.gz", str(cut)))
    done = snakemake(folder, "results/3_alignments/NOR-A01.bam", check=False)
    assert done.returncode != 0
    assert "cut_1.fq.gz" in done.stdout + done.stderr
    assert not (folder / "results/3_alignments/NOR-A01.bam").exists()
