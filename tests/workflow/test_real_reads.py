"""The pipeline on real reads, where they are at hand: nothing somatic is there to be found."""

import csv
import gzip
import os
import secrets
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from onconcord.runtime import running
from onconcord.verify import verify_release

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ONCONCORD_TEST_DATA", CHECKOUT.parent / "shared/data"))
HEADER = "patient\tsample\trole\tread_group\tfastq_1\tfastq_2"
PRO72ARG = 7473
"""Position of TP53 p.Pro72Arg in the short contig: a common inherited variant."""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("own_reads"),
    pytest.mark.skipif(not DATA.is_dir(), reason="no real reads beside the checkout"),
]


def run(folder, config, rows, *targets):
    """Writes a working folder and runs it on two cores."""
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(config)
    (folder / "samples.tsv").write_text("\n".join([HEADER, *map("\t".join, rows)]) + "\n")
    path = f"{CHECKOUT}/.tools/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*running.command(folder, 2), *targets],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]


def table(folder, name):
    """Rows of all pairs."""
    return pl.concat(
        pl.read_parquet(path) for path in folder.glob(f"results/8_harmonised/*/{name}.parquet")
    )


def test_a_matched_pair_of_a_cell_line_has_no_somatic_call(tmp_path):
    source = DATA / "hcc1143"
    genome = gzip.decompress((source / "tiny_grch38_chr11.fa.gz").read_bytes())
    (tmp_path / "genome.fa").write_bytes(genome)
    # Left of 531000 lie reads that belong outside the 7 kb of sequence.
    (tmp_path / "targets.bed").write_text("chr11\t531000\t537000\n")
    config = """
centre: CELLLINE
reference: {fasta: genome.fa, build: custom}
assays:
  window: {strategy: WGS, targets: targets.bed, padding: 0, qc: window}
"""
    rows = [
        [
            "HCC-1143",
            sample,
            role,
            "L1",
            *(f"{source}/{sample}_R{mate}.fastq.gz" for mate in (1, 2)),
        ]
        for sample, role in (("HCC1143", "tumour"), ("HCC1143_BL", "normal"))
    ]
    run(tmp_path, config, rows, "tables")
    small = table(tmp_path, "small_variant")
    assert small.filter(pl.col("is_pass")).height == 0
    homozygous = {531214, 531224, 531324, 531504, 531514, 531652, 533037, 534242, 535098, 536052}
    seen = small.filter(pl.col("pos").is_in(list(homozygous)))
    assert set(seen["origin"]) <= {"germline_likely"}
    assert seen.height >= 5


def test_healthy_people_run_as_tumours_alone_reach_no_consortium_release(tmp_path):
    source = DATA / "tp53_1000g"
    folder = tmp_path / "w"
    key = tmp_path / "centre.key"
    key.write_text(secrets.token_hex(32) + "\n")
    key.chmod(0o600)
    # The only site of the population resource lies outside the targets: contamination is unknown.
    config = f"""
centre: HEALTHY
reference: {{fasta: {source}/tp53_hg19.fa, build: custom, genes: {source}/TP53.local.gff3}}
assays:
  exome:
    targets: {source}/TP53_exons.local.bed
    padding: 20
    tumour_only: true
    qc: window
resources:
  population: {source}/exac_common.local.vcf.gz
  panel_of_normals: {source}/1000g_pon.local.vcf.gz
release: {{name: r2026-11, tier: consortium, key_file: {key}}}
"""
    with (source / "samples.tsv").open() as sheet:
        people = {row["centre"]: row for row in csv.DictReader(sheet, delimiter="\t")}
    rows = [
        [f"P-{one['sample']}", one["sample"], "tumour", "L1"]
        + [str(source / one[mate]) for mate in ("fastq_1", "fastq_2")]
        for one in people.values()
    ]
    run(folder, config, rows)
    assert len(people) == 4
    small = table(folder, "small_variant")
    assert small.filter("is_pass").height == 0
    inherited = small.filter(pl.col("pos") == PRO72ARG)
    assert inherited["pair_id"].n_unique() == 4
    assert set(inherited["origin"]) == {"germline_likely"}
    contamination = table(folder, "qc_metric").filter(pl.col("metric_id") == "contamination_frac")
    assert set(contamination["value_text"]) == {"no common site in the calling regions"}
    release = folder / "results/9_release/HEALTHY"
    assert verify_release(release).faults == []
    (released,) = (release / "small_variant").rglob("*.parquet")
    assert pl.read_parquet(released).height == 0
    assert table(folder, "pair").height == 4
