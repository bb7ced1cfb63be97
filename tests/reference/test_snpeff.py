"""SnpEff's database of a genome with a mitochondrion."""

import subprocess

import pysam
import pytest

from onconcord.reference.prepare import describe_reference, prepare_genes
from onconcord.reference.snpeff import write_snpeff_config

# ATA TGA GCC TAA: M W A and a stop, in the code of mitochondria alone.
MITOCHONDRION = "CC" + "ATATGAGCCTAA" + "ACGTTGCA" * 10
PART = '{contig}\tx\t{kind}\t3\t14\t.\t+\t.\tgene_id "G{contig}"; transcript_id "T{contig}";\n'
VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID={contig}>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    "{contig}\t8\t.\tA\tG\t.\t.\t.\n"
)


@pytest.fixture
def reference(tmp_path):
    """The files that SnpEff's database is made of, one gene on each of 20 and MT."""
    fasta = tmp_path / "genome.fa"
    fasta.write_text("".join(f">{name}\n{MITOCHONDRION}\n" for name in ("20", "MT")))
    pysam.faidx(str(fasta))
    describe_reference(fasta, "custom", tmp_path / "contigs.tsv", tmp_path / "reference.json")
    lines = [
        PART.format(contig=contig, kind=kind) for contig in ("20", "MT") for kind in ("exon", "CDS")
    ]
    (tmp_path / "model.gtf").write_text("".join(lines))
    data = tmp_path / "data/genome"
    data.mkdir(parents=True)
    (data / "sequences.fa").symlink_to(fasta)
    others = [tmp_path / name for name in ("transcripts.parquet", "transcript_set.tsv")]
    prepare_genes(
        fasta, tmp_path / "contigs.tsv", tmp_path / "model.gtf", None, data / "genes.gtf", *others
    )
    write_snpeff_config(tmp_path / "contigs.tsv", tmp_path / "snpEff.config")
    return tmp_path


def snpeff(folder, *words):
    quiet = ("-noLog", "-nodownload", "-c", "snpEff.config")
    done = subprocess.run(
        ["snpEff", "-Xmx1g", words[0], *quiet, *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_mitochondrion_has_its_own_codons_in_snpeffs_database(reference):
    snpeff(reference, "build", "-gtf22", "-noCheckCds", "-noCheckProtein", "genome")
    found = {}
    for contig in ("20", "MT"):
        (reference / "in.vcf").write_text(VCF.format(contig=contig))
        told = snpeff(reference, "ann", "-noStats", "-noLof", "genome", "in.vcf")
        found[contig] = told.splitlines()[-1].split("ANN=")[1].split("|")[1]
    assert found == {"20": "stop_lost", "MT": "synonymous_variant"}
