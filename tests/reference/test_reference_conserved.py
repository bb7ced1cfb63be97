"""Indexes of a genome: one that leaves out any of it is told by the name of its tool."""

import gzip

import pysam
import pytest

from onconcord.errors import ToolError
from onconcord.files import write_tsv
from onconcord.reference.bed import read_bed
from onconcord.reference.common_sites import write_common_sites
from onconcord.reference.conserved import check_bwa_index, check_fasta_index, check_genome
from onconcord.reference.prepare import describe_reference
from onconcord.runtime.programs import Program

CONTIGS = {"1": "ACGT" * 25 + "\n" + "AC", "2": "G" * 7, "3": "ACGTA" * 4}
DICTIONARY = Program("", "samtools dict {fasta}")
BWA = Program("", "bwa index -p {prefix} {fasta}")


@pytest.fixture
def genome(tmp_path):
    """A FASTA of three contigs with all of its indexes."""
    fasta = tmp_path / "genome.fa"
    fasta.write_text("".join(f">{name} text\n{bases}\n" for name, bases in CONTIGS.items()))
    pysam.faidx(str(fasta))
    (tmp_path / "genome.dict").write_bytes(DICTIONARY.run(fasta=str(fasta)))
    describe_reference(fasta, "custom", tmp_path / "contigs.tsv", tmp_path / "reference.json")
    return fasta


def check(genome, given=None):
    folder = genome.parent
    check_genome(given or genome, genome, folder / "genome.dict", folder / "contigs.tsv")


def fails(tool, check, *words):
    with pytest.raises(ToolError, match=f"of {tool}, which ended without an error"):
        check(*words)


def test_whole_indexes_are_taken(genome):
    check(genome)
    given = genome.with_name("given.fa.gz")
    given.write_bytes(gzip.compress(genome.read_bytes()))
    check(genome, given)


def test_a_fasta_that_was_not_unpacked_to_its_end_is_told(genome):
    given = genome.with_name("given.fa.gz")
    given.write_bytes(gzip.compress(genome.read_bytes() + b">4\nA\n"))
    fails("bgzip", check, genome, given)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda lines: lines[:2], id="the last is missing"),
        pytest.param(lambda lines: lines[1:], id="the first is missing"),
        pytest.param(lambda lines: [lines[0], lines[2]], id="one between is missing"),
        pytest.param(lambda lines: [], id="nothing"),
        pytest.param(lambda lines: [*lines[:2], "3\t20"], id="cut off"),
    ],
)
def test_a_fasta_index_that_is_not_whole_is_told(genome, damage):
    index = genome.with_name("genome.fa.fai")
    index.write_text("\n".join(damage(index.read_text().splitlines())))
    fails("samtools faidx", check_fasta_index, genome)


@pytest.mark.parametrize("keep", [0, 2, 3], ids=["nothing", "half", "all but one"])
def test_a_dictionary_that_is_not_whole_is_told(genome, keep):
    dictionary = genome.with_name("genome.dict")
    lines = dictionary.read_text().splitlines(keepends=True)
    dictionary.write_text("".join(lines[:keep]))
    fails("samtools dict", check, genome)


@pytest.mark.parametrize("suffix", ["amb", "ann", "bwt", "pac", "sa"])
def test_an_index_of_bwa_that_is_not_whole_is_told(genome, suffix):
    prefix, index = genome.with_name("bwa"), genome.with_name("genome.fa.fai")
    BWA.run(prefix=str(prefix), fasta=str(genome))
    check_bwa_index(prefix, index)
    path = genome.with_name(f"bwa.{suffix}")
    whole = path.read_bytes()
    for size in (len(whole) // 2, 0):
        path.write_bytes(whole[:size])
        fails("bwa index", check_bwa_index, prefix, index)


def test_an_index_of_bwa_of_part_of_the_genome_is_told(genome):
    part = genome.with_name("part.fa")
    part.write_text(f">1\n{CONTIGS['1']}\n")
    BWA.run(prefix=str(part), fasta=str(part))
    fails("bwa index", check_bwa_index, part, genome.with_name("genome.fa.fai"))


def test_common_sites_are_the_common_single_bases_of_the_calling_regions(tmp_path):
    path = tmp_path / "population.vcf"
    sites = [
        (9, "A", "C", "AF=0.5"),
        (10, "A", "C", "AF=0.01"),
        (11, "A", "C", "AF=0.0099"),
        (12, "A", "C", "."),
        (13, "AC", "A", "AF=0.5"),
        (14, "A", "AC", "AF=0.5"),
        (20, "A", "G", "AF=0.5"),
        (21, "A", "G", "AF=0.5"),
    ]
    path.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=1,length=100>\n##contig=<ID=2,length=100>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        + "".join(f"1\t{pos}\t.\t{ref}\t{alt}\t.\t.\t{info}\n" for pos, ref, alt, info in sites)
    )
    pysam.tabix_index(str(path), preset="vcf", force=True)
    write_tsv(tmp_path / "calling.bed", ("1", "9", "20"), [("2", 0, 50)])
    out = tmp_path / "sites.bed"
    write_common_sites(tmp_path / "calling.bed", tmp_path / "population.vcf.gz", out)
    assert read_bed(out).select("chrom", "start0", "end0").rows() == [("1", 9, 10), ("1", 19, 20)]
