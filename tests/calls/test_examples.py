"""Every caller folder's example: a small VCF of the caller, and the evidence that comes of it."""

import io
import subprocess
from pathlib import Path

import polars as pl
import pysam
import pytest

from onconcord.calls.callers import read_caller
from onconcord.errors import InputError
from onconcord.evidence.collect import collect_evidence
from onconcord.runtime.checkout import root

FOLDERS = sorted(path.parent for path in root().glob("workflow/callers/*/caller.yaml"))
COLUMNS = (
    *("chrom", "pos", "ref", "alt", "caller", "raw_record_key", "raw_gt", "filter", "is_pass"),
    *("qual", "score", "tumor_depth", "tumor_alt_count", "normal_depth", "normal_alt_count"),
    *("phase_set", "info_json", "match", "n_source_records"),
)
"""Columns of an example's evidence.tsv; an empty cell is null."""


def evidence_of(folder: Path, work: Path, calls: Path | None = None) -> str:
    """Evidence of a folder's example as TSV with COLUMNS."""
    example, fasta = folder / "example", work / "genome.fa"
    fasta.write_bytes((example / "genome.fa").read_bytes())
    pysam.faidx(str(fasta))
    with pysam.FastaFile(str(fasta)) as genome:
        contigs = [
            f"{n}\t{n}\t{genome.get_reference_length(n)}\tx\tSQ.x\t1\t0" for n in genome.references
        ]
    header = "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp"
    (work / "contigs.tsv").write_text("\n".join((header, *contigs)) + "\n")
    vcf = work / "calls.vcf.gz"
    compress = ["bcftools", "view", "--output-type", "z", "--output", vcf]
    subprocess.run([*compress, calls or example / "calls.vcf"], check=True)
    caller = read_caller(folder)
    collect_evidence(
        {caller.name: vcf},
        {caller.name: caller},
        "tumour",
        "normal",
        fasta,
        work / "contigs.tsv",
        work / "evidence.parquet",
        work / "rejected.parquet",
        work / "candidates.vcf.gz",
    )
    assert pl.read_parquet(work / "rejected.parquet").height == 0
    text = io.StringIO()
    table = pl.read_parquet(work / "evidence.parquet", columns=list(COLUMNS)).select(COLUMNS)
    # Quotes stand in info_json, and nothing in it needs them around it.
    table.write_csv(text, separator="\t", quote_style="never")
    return text.getvalue()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_gives_the_evidence_that_it_says(folder, tmp_path):
    found = evidence_of(folder, tmp_path)
    expected = folder / "example/evidence.tsv"
    assert expected.is_file(), f"read this, and if it is right, keep it as {expected}:\n{found}"
    assert found == expected.read_text()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_threshold_that_is_declared_is_one_that_the_rules_use(folder):
    rules = (folder / "rules.smk").read_text()
    for name in read_caller(folder).thresholds:
        assert f"{{params.{name}:q}}" in rules


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_vcf_without_the_fields_that_caller_yaml_names_is_refused(folder, tmp_path):
    caller = read_caller(folder)
    text = (folder / "example/calls.vcf").read_text()
    other = tmp_path / "other.vcf"
    other.write_text(
        text.replace(f"ID={caller.depth},", "ID=XX,").replace(f":{caller.depth}", ":XX")
    )
    with pytest.raises(InputError) as caught:
        evidence_of(folder, tmp_path, other)
    assert str(caught.value) == (
        f"calls.vcf.gz: the header defines no FORMAT/{caller.depth}, where caller.yaml of "
        f"{caller.name} says that the numbers of its records stand: mend counts or score there."
    )


def test_counts_may_leave_the_reference_out(tmp_path):
    """FreeBayes writes its reads both ways: AD with the reference first, AO without it."""
    folder = root() / "workflow/callers/freebayes"
    other = tmp_path / "freebayes"
    other.mkdir()
    text = (folder / "caller.yaml").read_text()
    assert "alleles: AD" in text
    (other / "caller.yaml").write_text(text.replace("alleles: AD", "alternates: AO"))
    (other / "example").symlink_to(folder / "example")
    assert evidence_of(other, tmp_path) == (folder / "example/evidence.tsv").read_text()
