"""The jars that the set-up keeps of GATK are enough for every tool that can be asked for."""

import random
import subprocess
from pathlib import Path

import pysam
import pytest

pytestmark = pytest.mark.e2e

LENGTH, READ = 6000, 100
SITES = range(1000, 5000, 400)


def write_reads(path: Path, sample: str, sequence: str, changed: dict[int, tuple[str, float]]):
    """Single reads at 30x; the base at a 0-based position is changed in a share of them."""
    dice = random.Random(sample)
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": "chr1", "LN": LENGTH}],
        "RG": [{"ID": sample, "SM": sample, "LB": sample, "PL": "ILLUMINA"}],
    }
    starts = sorted(dice.randrange(LENGTH - READ) for _ in range(30 * LENGTH // READ))
    with pysam.AlignmentFile(path, "wb", header=header) as file:
        for number, start in enumerate(starts):
            bases = list(sequence[start : start + READ])
            for position, (base, share) in changed.items():
                if start <= position < start + READ and dice.random() < share:
                    bases[position - start] = base
            read = pysam.AlignedSegment(file.header)
            read.query_name = f"{sample}:{number}"
            read.query_sequence = "".join(bases)
            read.query_qualities = pysam.qualitystring_to_array("F" * READ)
            read.flag = 16 * dice.randrange(2)
            read.reference_id, read.reference_start = 0, start
            read.mapping_quality, read.cigarstring = 60, f"{READ}M"
            read.set_tag("RG", sample)
            file.write(read)
    pysam.index(str(path))


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A genome of 6 kb, ten germline sites, a tumour with one somatic variant, its normal."""
    folder = tmp_path_factory.mktemp("gatk")
    sequence = "".join(random.Random(1).choices("ACGT", k=LENGTH))
    (folder / "ref.fa").write_text(f">chr1\n{sequence}\n")
    pysam.faidx(str(folder / "ref.fa"))
    pysam.dict("-o", str(folder / "ref.dict"), str(folder / "ref.fa"))
    other = dict(zip("ACGT", "GTAC", strict=True))
    germline = {position: (other[sequence[position]], 0.5) for position in SITES}
    records = "".join(
        f"chr1\t{position + 1}\t.\t{sequence[position]}\t{base}\t.\t.\tAF=0.1\n"
        for position, (base, _) in germline.items()
    )
    (folder / "sites.vcf").write_text(
        "##fileformat=VCFv4.2\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n'
        f"##contig=<ID=chr1,length={LENGTH}>\n"
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{records}"
    )
    pysam.tabix_index(str(folder / "sites.vcf"), preset="vcf", force=True)
    write_reads(folder / "normal.bam", "normal", sequence, germline)
    somatic = {**germline, 3100: (other[sequence[3100]], 0.4)}
    write_reads(folder / "tumour.bam", "tumour", sequence, somatic)
    # The codecs that a CRAM of another centre may use. GATK 4.6 does not read CRAM 3.1.
    codecs = ("version=3.0", "use_lzma=1", "use_bzip2=1")
    options = [word for codec in codecs for word in ("--output-fmt-option", codec)]
    cram = ["-C", "-T", str(folder / "ref.fa"), *options, "-o", str(folder / "tumour.cram")]
    pysam.view(*cram, str(folder / "tumour.bam"), catch_stdout=False)
    pysam.index(str(folder / "tumour.cram"))
    return folder


def gatk(folder: Path, *words: str) -> None:
    done = subprocess.run(["gatk", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"gatk {' '.join(words)}\n{done.stderr[-2000:]}"


def test_duplicates_are_marked_with_records_spilled_to_disk(work):
    spill = ("--MAX_RECORDS_IN_RAM", "500", "--SORTING_COLLECTION_SIZE_RATIO", "0.000001")
    gatk(work, "MarkDuplicates", "-I", "tumour.bam", "-O", "marked.bam", "-M", "marked.txt", *spill)
    with pysam.AlignmentFile(work / "marked.bam") as file:
        assert sum(1 for _ in file) == 30 * LENGTH // READ


def test_base_qualities_are_recalibrated(work):
    reads = ("-I", "tumour.bam", "-R", "ref.fa")
    gatk(work, "BaseRecalibrator", *reads, "--known-sites", "sites.vcf.gz", "-O", "recal.table")
    gatk(work, "ApplyBQSR", *reads, "--bqsr-recal-file", "recal.table", "-O", "recal.bam")
    with pysam.AlignmentFile(work / "recal.bam") as file:
        assert sum(1 for _ in file) == 30 * LENGTH // READ


@pytest.mark.parametrize("reads", ["tumour.bam", "tumour.cram"])
def test_a_pair_is_called_with_orientation_and_contamination(work, reads):
    reference = ("-R", "ref.fa")
    gatk(
        *(work, "Mutect2", *reference, "-I", reads, "-I", "normal.bam", "-normal", "normal"),
        *("-L", "chr1", "--germline-resource", "sites.vcf.gz", "--f1r2-tar-gz", "f1r2.tar.gz"),
        *("-O", "raw.vcf.gz"),
    )
    gatk(work, "LearnReadOrientationModel", "-I", "f1r2.tar.gz", "-O", "orientation.tar.gz")
    gatk(work, "MergeMutectStats", "-stats", "raw.vcf.gz.stats", "-O", "raw.stats")
    sites = ("-V", "sites.vcf.gz", "-L", "sites.vcf.gz")
    for sample, file in (("tumour", reads), ("normal", "normal.bam")):
        gatk(work, "GetPileupSummaries", *reference, "-I", file, *sites, "-O", f"{sample}.table")
    gatk(
        *(work, "CalculateContamination", "-I", "tumour.table", "-matched", "normal.table"),
        *("-O", "contamination.table", "--tumor-segmentation", "segments.table"),
    )
    gatk(
        *(work, "FilterMutectCalls", *reference, "-V", "raw.vcf.gz", "--stats", "raw.stats"),
        *("--ob-priors", "orientation.tar.gz", "--contamination-table", "contamination.table"),
        *("--tumor-segmentation", "segments.table", "-O", "calls.vcf.gz"),
    )
    with pysam.VariantFile(work / "calls.vcf.gz") as calls:
        assert [call.pos for call in calls if "PASS" in call.filter] == [3101]


def test_a_panel_of_normals_is_made_of_calls_on_a_normal(work):
    gatk(
        *(work, "Mutect2", "-R", "ref.fa", "-I", "normal.bam", "-L", "chr1"),
        *("--max-mnp-distance", "0", "-O", "normal.vcf.gz"),
    )
    panel = ("-V", "normal.vcf.gz", "-O", "panel.vcf.gz", "--min-sample-count", "1")
    gatk(work, "CreateSomaticPanelOfNormals", "-R", "ref.fa", *panel)
    with pysam.VariantFile(work / "panel.vcf.gz") as sites:
        assert [site.start for site in sites] == list(SITES)


def test_java_options_are_passed_on_as_by_the_launcher_of_gatk(work):
    with pytest.raises(AssertionError, match="Invalid maximum heap size: -Xmx0q"):
        gatk(work, "--java-options", "-Xmx0q", "Mutect2", "--help")
