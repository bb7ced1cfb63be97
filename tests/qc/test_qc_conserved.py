"""Regions, bases and sites of a sample: a tool that leaves some out is told by its name."""

import gzip

import pysam
import pytest

from onconcord.errors import ToolError
from onconcord.qc.conserved import check_sample

LENGTHS = {"1": 3000, "2": 2000}
REGIONS = [("1", 500, 600, 4.0), ("1", 600, 650, 2.0), ("2", 100, 200, 0.0)]
SITES = [("1", 520), ("1", 640), ("2", 150)]
PILEUPS = ["1\t521\t10\t0\t0\t0.2\n", "1\t641\t10\t0\t0\t0.2\n"]
STATS = [
    "# This file was produced by samtools stats\n",
    *(
        f"SN\t{name}:\t{value}\n"
        for name, value in {
            "sequences": 10,
            "reads mapped": 10,
            "reads duplicated": 0,
            "average quality": 36.0,
            "total length": 1000,
            "bases mapped (cigar)": 500,
            "mismatches": 0,
            "error rate": 0,
        }.items()
    ),
    "RL\t100\t10\n",
    "# GC-depth. Use `grep ^GCD | cut -f 2-` to extract this part.\n",
]


def write_gz(path, rows):
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()))


@pytest.fixture
def sample(tmp_path):
    """What mosdepth, samtools and GATK leave of ten reads; site 2:151 has none."""
    fasta = tmp_path / "genome.fa"
    fasta.write_text("".join(f">{name}\n{'A' * size}\n" for name, size in LENGTHS.items()))
    pysam.faidx(str(fasta))
    header = {"SQ": [{"SN": name, "LN": size} for name, size in LENGTHS.items()]}
    with pysam.AlignmentFile(str(tmp_path / "s.bam"), "wb", header=header) as file:
        for number in range(10):
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.query_sequence = f"r{number}", "A" * 100
            read.query_qualities = pysam.qualitystring_to_array("I" * 100)
            read.reference_id, read.reference_start, read.cigarstring = 0, 550, "100M"
            read.mapping_quality = 60
            file.write(read)
    pysam.index(str(tmp_path / "s.bam"))
    lines = [f"{name}\t{at + 1}\t.\tA\tC\t.\t.\tAF=0.2\n" for name, at in SITES]
    (tmp_path / "population.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=1>\n##contig=<ID=2>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines)
    )
    pysam.tabix_index(str(tmp_path / "population.vcf"), preset="vcf", force=True)
    (tmp_path / "sites.bed").write_text("".join(f"{name}\t{at}\t{at + 1}\n" for name, at in SITES))
    (tmp_path / "depth.bed").write_text("".join(f"{n}\t{a}\t{b}\n" for n, a, b, _ in REGIONS))
    write_gz(tmp_path / "s.regions.bed.gz", REGIONS)
    write_quantized(tmp_path)
    write_summary(tmp_path)
    (tmp_path / "s.stats.txt").write_text("".join(STATS))
    write_pileups(tmp_path, PILEUPS)
    return tmp_path


def write_quantized(
    folder, rows=(("1", 0, 500, "0:1"), ("1", 500, 3000, "1:8"), ("2", 0, 2000, "0:1"))
):
    for kind in ("quantized", "anymapq.quantized"):
        write_gz(folder / f"s.{kind}.bed.gz", rows)


def write_summary(folder, rows=(("1_region", 150, 3.33), ("total_region", 150, 3.33))):
    lines = [f"{name}\t{size}\t0\t{mean}\t0\t9\n" for name, size, mean in rows]
    text = "chrom\tlength\tbases\tmean\tmin\tmax\n" + "".join(lines)
    (folder / "s.mosdepth.summary.txt").write_text(text)


def write_pileups(folder, lines):
    header = "contig\tposition\tref_count\talt_count\tother_alt_count\tallele_frequency\n"
    (folder / "s.pileups.table").write_text("#<METADATA>SAMPLE=s\n" + header + "".join(lines))


def check(folder):
    check_sample(
        folder / "s",
        folder / "s.bam",
        folder / "genome.fa",
        folder / "depth.bed",
        folder / "sites.bed",
        folder / "population.vcf.gz",
    )


def test_a_site_without_reads_and_a_contig_without_reads_may_lack_an_answer(sample):
    check(sample)
    # GATK counts no read at the first site either: nobody reaches it
    write_pileups(sample, PILEUPS[1:])
    check(sample)


@pytest.mark.parametrize(
    ("tool", "damage"),
    [
        pytest.param(
            "mosdepth",
            lambda folder: write_gz(folder / "s.regions.bed.gz", REGIONS[:1]),
            id="regions of half",
        ),
        pytest.param(
            "mosdepth",
            lambda folder: write_gz(folder / "s.regions.bed.gz", [REGIONS[0], *REGIONS[:2]]),
            id="other regions",
        ),
        pytest.param(
            "mosdepth",
            lambda folder: (folder / "s.regions.bed.gz").write_bytes(b"\x1f\x8b\x08"),
            id="regions cut off",
        ),
        pytest.param(
            "mosdepth",
            lambda folder: write_summary(folder, [("total_region", 150, 3.33)]),
            id="summary without a contig",
        ),
        pytest.param(
            "mosdepth",
            lambda folder: write_summary(folder, [("1_region", 150, 1.67), ("total_region", 1, 1)]),
            id="summary of half of the depth",
        ),
        pytest.param(
            "mosdepth",
            lambda folder: write_summary(folder, [("1_region", 150, 3.33)]),
            id="summary cut off",
        ),
        pytest.param(
            "mosdepth",
            lambda folder: write_quantized(folder, [("1", 0, 500, "0:1"), ("1", 500, 3000, "1:8")]),
            id="depths without the last contig",
        ),
        pytest.param(
            "mosdepth",
            lambda folder: write_quantized(
                folder, [("1", 0, 500, "0:1"), ("1", 900, 3000, "1:8"), ("2", 0, 2000, "0:1")]
            ),
            id="depths with a gap",
        ),
        pytest.param(
            "samtools stats",
            lambda folder: (folder / "s.stats.txt").write_text("".join(STATS[:-1])),
            id="statistics without their last part",
        ),
        pytest.param(
            "samtools stats",
            lambda folder: (folder / "s.stats.txt").write_text(
                "".join(STATS).replace("RL\t100\t10", "RL\t100\t5")
            ),
            id="statistics that lost lines",
        ),
        pytest.param(
            "samtools stats",
            lambda folder: (folder / "s.stats.txt").write_text(
                "".join(STATS).replace("(cigar):\t500", "(cigar):\t250")
            ),
            id="statistics of half of the reads",
        ),
        pytest.param(
            "gatk GetPileupSummaries",
            lambda folder: write_pileups(folder, PILEUPS[:1]),
            id="half of the sites",
        ),
        pytest.param(
            "gatk GetPileupSummaries",
            lambda folder: write_pileups(folder, []),
            id="no site",
        ),
        pytest.param(
            "gatk GetPileupSummaries",
            lambda folder: write_pileups(folder, [*PILEUPS[:1], PILEUPS[1][:9]]),
            id="sites cut off",
        ),
    ],
)
def test_what_was_left_out_is_told(sample, tool, damage):
    damage(sample)
    with pytest.raises(ToolError, match=f"of {tool}, which ended without an error"):
        check(sample)
