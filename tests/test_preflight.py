"""The check before a run: broken files are found, and nothing is written."""

import gzip
import os
import random
import shutil
from pathlib import Path

import pysam
import pytest
import yaml
from typer.testing import CliRunner

from onconcord import preflight, preflight_reads, running
from onconcord.cli import app

SEQUENCE = "".join(random.Random(20).choices("ACGT", k=3000))
REAL = Path(__file__).parents[2] / "shared/data"


def write_fastq(path, mate=1, reads=20, names="read", bgzf=True, quality="I" * 50):
    text = "".join(
        f"@{names}{number}/{mate}\n{SEQUENCE[number * mate :][:50]}\n+\n{quality}\n"
        for number in range(reads)
    ).encode()
    if bgzf:
        with pysam.BGZFile(str(path), "wb") as handle:
            handle.write(text)
    else:
        path.write_bytes(gzip.compress(text))


def write_bam(path, sample="T1", order="coordinate", contigs=(("chr20", 3000),), index=True):
    header = {"HD": {"VN": "1.6", "SO": order}, "SQ": [{"SN": n, "LN": m} for n, m in contigs]}
    if sample:
        header["RG"] = [{"ID": "L1", "SM": sample}]
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        read = pysam.AlignedSegment(bam.header)
        read.query_name, read.query_sequence = f"of_{path.stem}", "ACGT"
        read.reference_id, read.reference_start, read.cigarstring = 0, 5, "4M"
        bam.write(read)
    if index:
        pysam.index(str(path))


def write_vcf(path, records, info="AF"):
    lines = [
        "##fileformat=VCFv4.2",
        f'##INFO=<ID={info},Number=A,Type=Float,Description="x">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
        *(f"{chrom}\t{pos}\t.\t{ref}\tN\t.\t.\t{info}=0.1" for chrom, pos, ref in records),
    ]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def folder(tmp_path):
    """A working folder without a fault: one pair of FASTQ, and a genome of one contig."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n")
    for sample in ("t", "n"):
        for mate in (1, 2):
            write_fastq(work / f"{sample}_{mate}.gz", mate, names=f"{sample}_read")
    configure(work)
    write_sheet(work, "t_1.gz", "t_2.gz")
    return work


def configure(work, **sections):
    sites = "{min_depth: 10, min_informative: 20, min_distance_bp: 10000}"
    (work / "qc.yaml").write_text(f"sites: {sites}\nthresholds: []\n")
    config = {
        "centre": "A",
        "reference": {"fasta": "genome.fa", **sections.pop("reference", {})},
        "assays": {"x": {"qc": "qc.yaml", **sections.pop("assay", {})}},
        **sections,
    }
    (work / "config.yaml").write_text(yaml.safe_dump(config))


def write_sheet(work, fastq_1="", fastq_2="", bam="", realign=""):
    rows = [
        ["patient", "sample", "role", "read_group", "fastq_1", "fastq_2", "bam", "realign"],
        ["P1", "T1", "tumour", "L1", fastq_1, fastq_2, bam, realign],
        ["P1", "N1", "normal", "L1", "n_1.gz", "n_2.gz", "", ""],
    ]
    (work / "samples.tsv").write_text("\n".join("\t".join(row) for row in rows))


def faults_of(folder, deep=False):
    """Faults as a user sees them, with the temporary folder's name left out."""
    faults = preflight.preflight(folder, deep).faults
    return [str(fault).replace(f"{folder}/", "").replace(str(folder), "DIR") for fault in faults]


@pytest.mark.parametrize("deep", [False, True], ids=["quick", "deep"])
def test_good_input_has_no_fault_and_nothing_is_written(folder, deep):
    before = sorted(os.listdir(folder))
    assert faults_of(folder, deep) == []
    assert sorted(os.listdir(folder)) == before


AGAIN = "Copy it again from its source and compare its checksum."


def cut_bgzf(path):
    path.write_bytes(path.read_bytes()[:-28])


def cut_gzip(path):
    write_fastq(path, bgzf=False, names="t_read")
    path.write_bytes(path.read_bytes()[:-40])


def without_reads(path):
    write_fastq(path, reads=0)


def fasta_in_gzip(path):
    path.write_bytes(gzip.compress(b">read0\nACGT\n"))


@pytest.mark.parametrize(
    ("break_file", "expected"),
    [
        pytest.param(Path.unlink, "there is no file t_1.gz.", id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), f"t_1.gz is empty. {AGAIN}", id="empty"),
        pytest.param(
            lambda path: path.write_text("@read0/1\nACGT\n+\nIIII\n"),
            "t_1.gz is not gzip: compress it with bgzip or gzip.",
            id="not gzip",
        ),
        pytest.param(
            cut_bgzf,
            f"t_1.gz ends without its gzip end: it is truncated. {AGAIN}",
            id="bgzip without its last block",
        ),
        pytest.param(
            cut_gzip,
            f"t_1.gz ends without its gzip end: it is truncated. {AGAIN}",
            id="gzip without its end",
        ),
        pytest.param(
            without_reads,
            "t_1.gz holds no read: leave the lane out, or give its reads.",
            id="no read",
        ),
        pytest.param(
            fasta_in_gzip,
            't_1.gz begins with ">read0": a FASTQ record begins with @.',
            id="not FASTQ",
        ),
    ],
)
def test_a_broken_fastq_is_found_at_its_ends(folder, break_file, expected):
    break_file(folder / "t_1.gz")
    assert faults_of(folder) == [f'samples.tsv, line 2, column "fastq_1": {expected}']


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(
            None,
            "t_1.gz is named twice, here and on line 2, fastq_1: each file has one row.",
            id="the same path",
        ),
        pytest.param(
            lambda work: os.link(work / "t_1.gz", work / "other.gz"),
            "other.gz is the same file as on line 2, fastq_1: each file has one row.",
            id="a hard link",
        ),
        pytest.param(
            lambda work: shutil.copy(work / "t_1.gz", work / "other.gz"),
            "other.gz is a copy of the file on line 2, fastq_1: give its own reads.",
            id="a copy",
        ),
    ],
)
def test_the_same_reads_twice_are_found(folder, make, expected):
    if make:
        make(folder)
    write_sheet(folder, "t_1.gz", "other.gz" if make else "t_1.gz")
    assert faults_of(folder) == [f'samples.tsv, line 2, column "fastq_2": {expected}']


def test_mates_of_another_lane_are_found_by_their_first_read(folder):
    write_fastq(folder / "t_2.gz", 2, names="else")
    assert faults_of(folder) == [
        'samples.tsv, line 2, column "fastq_2": its first read is "@else0", but that of fastq_1 '
        'is "@t_read0": give the two mate files of one lane.'
    ]


def test_a_truncated_end_of_long_plain_gzip_is_left_to_deep(folder, monkeypatch):
    monkeypatch.setattr(preflight_reads, "WHOLE_BYTES", 0)
    cut_gzip(folder / "t_1.gz")
    assert faults_of(folder) == []
    (found,) = faults_of(folder, deep=True)
    assert 'line 2, column "fastq_1": t_1.gz stops in the middle of its gzip data after' in found


def damage_inside(work):
    for mate in (1, 2):
        # Longer than what is read of a file's beginning, since qualities at random do not shrink.
        with pysam.BGZFile(str(work / f"t_{mate}.gz"), "wb") as handle:
            for number in range(2000):
                quality = "".join(random.Random(number + mate).choices("ABCDEFGHIJ", k=100))
                handle.write(f"@read{number}\n{'A' * 100}\n+\n{quality}\n".encode())
    data = bytearray((work / "t_1.gz").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (work / "t_1.gz").write_bytes(data)


def one_name_differs(work):
    with pysam.BGZFile(str(work / "t_2.gz"), "rb") as handle:
        text = handle.read().replace(b"@t_read7/2", b"@t_readX/2")
    with pysam.BGZFile(str(work / "t_2.gz"), "wb") as handle:
        handle.write(text)


def fewer_mates(work):
    write_fastq(work / "t_2.gz", 2, reads=12, names="t_read")


def short_qualities(work):
    write_fastq(work / "t_2.gz", 2, names="t_read", quality="I" * 49)


@pytest.mark.parametrize(
    ("break_lane", "expected"),
    [
        pytest.param(damage_inside, "t_1.gz is damaged after", id="damaged inside"),
        pytest.param(fewer_mates, "R1 and R2 of lane L1 differ in length", id="R2 is shorter"),
        pytest.param(
            one_name_differs,
            "read 8 is 't_readX', but that of fastq_1 is 't_read7': the mates are not in the same "
            "order.",
            id="names differ in the middle",
        ),
        pytest.param(short_qualities, "has not one quality per base.", id="a quality is missing"),
    ],
)
def test_deep_finds_what_the_ends_do_not_show(folder, break_lane, expected):
    break_lane(folder)
    assert faults_of(folder) == []
    (found,) = faults_of(folder, deep=True)
    assert found.startswith("samples.tsv, line 2, column")
    assert expected in found


OR_REALIGN = 'write "yes" under "realign" to align it again.'


@pytest.mark.parametrize(
    ("bam", "expected"),
    [
        pytest.param({}, [], id="good"),
        pytest.param(
            {"sample": "X"},
            [
                't.bam is of sample "X" (SM), but the row is of "T1": give the BAM of "T1", change '
                f"its SM with samtools reheader, or {OR_REALIGN}"
            ],
            id="the wrong SM tag",
        ),
        pytest.param(
            {"sample": None},
            [f"t.bam has no read group with a sample name (SM): {OR_REALIGN}"],
            id="no SM tag",
        ),
        pytest.param(
            {"order": "unsorted"},
            [f"t.bam is not sorted by coordinate (SO is unsorted): sort it, or {OR_REALIGN}"],
            id="unsorted",
        ),
        pytest.param(
            {"index": False},
            [f"t.bam has no index beside it: make one with samtools index, or {OR_REALIGN}"],
            id="without index",
        ),
        pytest.param(
            {"contigs": (("chr20", 2999),)},
            [
                "t.bam is aligned to another reference: it has contigs of another length than "
                f"genome.fa (chr20): {OR_REALIGN}"
            ],
            id="another length of a contig",
        ),
        pytest.param(
            {"contigs": (("20", 3000),)},
            [
                "t.bam is aligned to another reference: it has contigs that genome.fa has not "
                f"(20): {OR_REALIGN}",
                "t.bam is aligned to another reference: it has not the contigs that genome.fa has "
                f"(chr20): {OR_REALIGN}",
            ],
            id="other names of contigs",
        ),
    ],
)
def test_a_bam_that_cannot_be_taken_as_it_is(folder, bam, expected):
    write_bam(folder / "t.bam", **bam)
    write_sheet(folder, bam="t.bam")
    assert faults_of(folder) == [f'samples.tsv, line 2, column "bam": {text}' for text in expected]


def test_a_bam_of_another_sequence_is_found_by_its_checksums(folder):
    contigs = [{"SN": "chr20", "LN": 3000, "M5": "0" * 32}]
    header = {"HD": {"SO": "coordinate"}, "SQ": contigs, "RG": [{"ID": "L1", "SM": "T1"}]}
    with pysam.AlignmentFile(str(folder / "t.bam"), "wb", header=header):
        pass
    pysam.index(str(folder / "t.bam"))
    write_sheet(folder, bam="t.bam")
    assert faults_of(folder) == [
        'samples.tsv, line 2, column "bam": t.bam is aligned to another reference: it has contigs '
        f"of another sequence (M5) than genome.fa (chr20): {OR_REALIGN}"
    ]


def test_a_bam_to_align_again_may_be_of_another_reference(folder):
    write_bam(folder / "t.bam", "X", "unsorted", (("1", 5000),), index=False)
    write_sheet(folder, bam="t.bam", realign="yes")
    assert faults_of(folder) == []


def test_a_truncated_bam_is_found(folder):
    write_bam(folder / "t.bam")
    (folder / "t.bam").write_bytes((folder / "t.bam").read_bytes()[:-28])
    write_sheet(folder, bam="t.bam")
    assert faults_of(folder) == [
        f'samples.tsv, line 2, column "bam": t.bam ends without its end block: it is truncated. '
        f"{AGAIN}"
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "20\t10\t20",
            'contig "20" is not in the FASTA, which calls it "chr20": rename it, so that all files '
            "have the FASTA's names.",
            id="another name of the contig",
        ),
        pytest.param(
            "chr7\t10\t20",
            'contig "chr7" is not in the FASTA, which has chr20: is this another build?',
            id="another contig",
        ),
        pytest.param(
            "chr20\t10\t3001",
            'end 3001 is outside contig "chr20", which has 3000 bases: are these the targets of '
            "another build?",
            id="outside the contig",
        ),
        pytest.param(
            "chr20\t20\t20",
            "start 20 is not before end 20: BED is 0-based and half-open.",
            id="no base",
        ),
        pytest.param(
            "chr20 10",
            '"chr20 10" is not contig, start and end, with tabs between them.',
            id="two columns",
        ),
    ],
)
def test_targets_that_do_not_fit_the_fasta(folder, line, expected):
    (folder / "targets.bed").write_text(f"chr20\t1\t2\n{line}\n")
    configure(folder, assay={"targets": "targets.bed"})
    assert faults_of(folder) == [f"targets.bed, line 2: {expected}"]


@pytest.mark.parametrize("key", ["population", "panel_of_normals", "clinical"])
def test_a_vcf_whose_positions_are_shifted_by_one_is_refused(folder, key):
    good = [("chr20", pos, SEQUENCE[pos - 1]) for pos in range(10, 200, 7)]
    write_vcf(folder / "good.vcf", good)
    write_vcf(folder / "shifted.vcf", [(chrom, pos - 1, ref) for chrom, pos, ref in good])
    configure(folder, resources={key: "good.vcf"})
    assert faults_of(folder) == []
    configure(folder, resources={key: "shifted.vcf"})
    (found,) = faults_of(folder)
    wrong = [pos for _, pos, ref in good if SEQUENCE[pos - 2] != ref]
    assert found.startswith(
        f'config.yaml, "resources.{key}": shifted.vcf: {len(wrong)} of {len(good)} records have '
        f"another REF than the FASTA (chr20:{wrong[0] - 1} has {SEQUENCE[wrong[0] - 1]}, the FASTA "
        f"{SEQUENCE[wrong[0] - 2]};"
    )


def test_a_vcf_of_other_contigs_is_refused(folder):
    write_vcf(folder / "other.vcf", [("20", 10, SEQUENCE[9]), ("7", 1, "A")])
    configure(folder, resources={"clinical": "other.vcf"})
    assert faults_of(folder) == [
        'config.yaml, "resources.clinical": other.vcf: contig "20" is not in the FASTA, which '
        'calls it "chr20": rename it, so that all files have the FASTA\'s names. So are 1 others.'
    ]


def test_a_population_resource_needs_allele_frequencies(folder):
    write_vcf(folder / "p.vcf", [("chr20", 10, SEQUENCE[9])], info="DP")
    configure(folder, resources={"population": "p.vcf"})
    assert faults_of(folder) == [
        'config.yaml, "resources.population": p.vcf has no INFO/AF, the allele frequency that '
        "filters need."
    ]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param(
            {"fasta": "none.fa"},
            'config.yaml, "reference.fasta": there is no file none.fa.',
            id="no FASTA",
        ),
        pytest.param(
            {"genes": "none.gtf"},
            'config.yaml, "reference.genes": there is no file none.gtf.',
            id="no gene model",
        ),
        pytest.param(
            {"fasta": "qc.yaml"},
            'config.yaml, "reference.fasta": qc.yaml cannot be read as FASTA (it does not begin '
            "with >): plain text, or compressed with bgzip.",
            id="not FASTA",
        ),
        pytest.param(
            {"build": "GRCh38"},
            'genome.fa: contig "chr20" has 3000 bases, but GRCh38 has 64444167: give the FASTA of '
            'GRCh38, or write "build: custom" under reference.',
            id="another build than named",
        ),
    ],
)
def test_a_reference_that_is_not_what_it_should_be(folder, reference, expected):
    configure(folder, reference=reference)
    assert faults_of(folder) == [expected]


def test_too_little_disk_is_a_fault(folder, monkeypatch):
    usage = shutil.disk_usage(folder)._replace(free=40_000_000)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage)
    assert faults_of(folder) == [
        "DIR: 0.0 GB are free, but the run needs about 0.1 GB: free some space, or work in another "
        "folder."
    ]


def test_a_folder_that_may_not_be_written_to_is_a_fault(folder, monkeypatch):
    (folder / "results").mkdir()
    real = os.access
    closed = str(folder / "results")
    monkeypatch.setattr(
        preflight.os,
        "access",
        lambda path, mode: not (str(path) == closed and mode & os.W_OK) and real(path, mode),
    )
    assert faults_of(folder) == [
        "results: this user may not write here: change its permissions, or work elsewhere."
    ]


def test_check_shows_every_fault_of_a_fresh_folder_and_writes_nothing(tmp_path):
    work = tmp_path / "new"
    assert CliRunner().invoke(app, ["init", str(work)]).exit_code == 0
    (work / "samples.tsv").write_text(
        "patient\tsample\trole\tread_group\tfastq_1\tfastq_2\n"
        "PAT-001\tTUM-001\ttumour\tL1\t/nope_1.fq.gz\t/nope_2.fq.gz\n"
        "PAT-001\tTUM-001\ttumour\tL1\t/nope_1.fq.gz\t/nope_2.fq.gz\n"
        "PAT-002\tNOR-002\tnormall\tL1\t/x_1.fq.gz\t/x_1.fq.gz\n"
    )
    error = CliRunner().invoke(app, ["check", str(work)]).exception
    assert error.exit_code == 2
    where = [(fault.source, fault.line, fault.column) for fault in error.faults]
    assert where == [
        ("config.yaml", 0, "centre"),
        ("config.yaml", 0, "reference.fasta"),
        ("samples.tsv", 2, "fastq_1"),
        ("samples.tsv", 2, "fastq_2"),
        ("samples.tsv", 2, "role"),
        ("samples.tsv", 3, "fastq_1"),
        ("samples.tsv", 3, "fastq_2"),
        ("samples.tsv", 3, "read_group"),
        ("samples.tsv", 4, "fastq_1"),
        ("samples.tsv", 4, "fastq_2"),
        ("samples.tsv", 4, "role"),
    ]
    assert sorted(os.listdir(work)) == ["config.yaml", "samples.tsv"]


def big_cohort(folder, patients):
    rows = ["patient\tsample\trole\tread_group\tfastq_1\tfastq_2"]
    for number in range(patients):
        for role in ("tumour", "normal"):
            cells = [f"P{number:03}", f"{role}{number:03}", role, "L1", f"{role}{number}_1", "x"]
            rows.append("\t".join(cells))
    (folder / "samples.tsv").write_text("\n".join(rows))
    return preflight.cohorts.check(folder)[0]


def test_a_large_cohort_is_run_in_chunks_of_patients_and_then_as_a_whole(folder):
    started = []
    cohort = big_cohort(folder, 60)
    running.run(cohort, 2, ["--keep-going"], start=lambda words: started.append(words) or 0)
    targets = [words[9:-1] for words in started]
    assert [len(found) for found in targets] == [25, 25, 10, 1]
    assert targets[0][0] == "results/8_harmonised/tumour000/MANIFEST.json"
    assert targets[3] == ["all"]
    assert {words[-1] for words in started} == {"--keep-going"}
    assert len({target for found in targets[:3] for target in found}) == 60


def test_a_small_cohort_is_one_run(folder):
    started = []
    running.run(big_cohort(folder, 3), 2, start=lambda words: started.append(words) or 0)
    assert [words[-3:] for words in started] == [["--cores", "2", "all"]]


def test_a_chunk_that_fails_leaves_the_others_and_ends_before_the_release(folder):
    codes = iter([0, 1, 0])
    outcome = running.run(big_cohort(folder, 60), 2, start=lambda words: next(codes))
    assert outcome.commands_failed == 1
    assert len(outcome.unfinished) == 60


def test_targets_given_are_made_in_one_run(folder):
    started = []
    words = ["annotate", "--dry-run"]
    running.run(big_cohort(folder, 60), 2, words, start=lambda words: started.append(words) or 0)
    assert [words[-2:] for words in started] == [["annotate", "--dry-run"]]


@pytest.mark.parametrize(
    ("code", "done", "expected"),
    [
        pytest.param(0, ["T1", "T2"], 0, id="all done"),
        pytest.param(1, ["T1"], 1, id="a pair failed"),
        pytest.param(1, [], 3, id="nothing is done"),
        pytest.param(1, ["T1", "T2"], 3, id="what comes after the pairs failed"),
    ],
)
def test_the_exit_code_of_a_run(folder, monkeypatch, code, done, expected):
    with (folder / "samples.tsv").open("a") as sheet:
        sheet.write("\nP1\tT2\ttumour\tL1\tx_1.gz\tx_2.gz\n")
    for mate in (1, 2):
        write_fastq(folder / f"x_{mate}.gz", mate, names="x")

    def start(words):
        for pair in done:
            (folder / "results/8_harmonised" / pair).mkdir(parents=True)
            (folder / "results/8_harmonised" / pair / "MANIFEST.json").touch()
        return code

    monkeypatch.setattr(running, "_start", start)
    result = CliRunner().invoke(app, ["run", str(folder), "--cores", "1"])
    assert result.exit_code == expected
    assert ("without tables: T2" in result.output) == (done == ["T1"])


def test_a_run_with_a_fault_starts_nothing(folder, monkeypatch):
    (folder / "t_1.gz").unlink()
    monkeypatch.setattr(running, "_start", lambda words: pytest.fail("started"))
    result = CliRunner().invoke(app, ["run", str(folder), "--cores", "1"])
    assert result.exception.exit_code == 2


def test_a_cram_is_read_to_its_end_with_the_reference_of_the_run(folder):
    write_bam(folder / "a.bam")
    fasta = str(folder / "genome.fa")
    cram = str(folder / "t.cram")
    pysam.view("-C", "-T", fasta, "-o", cram, str(folder / "a.bam"), catch_stdout=False)
    pysam.index(str(folder / "t.cram"))
    (folder / "genome.fa.fai").unlink()
    write_sheet(folder, bam="t.cram")
    before = sorted(os.listdir(folder))
    assert faults_of(folder, deep=True) == []
    assert sorted(os.listdir(folder)) == before


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data is not beside the checkout")
def test_published_resources_that_are_shifted_by_one_are_refused(folder):
    data = REAL / "tp53_1000g"
    shifted = next((data / "upstream_off_by_one").glob("dbsnp*.vcf.gz"))
    fasta = str(data / "tp53_hg19.fa")
    configure(folder, reference={"fasta": fasta}, resources={"clinical": str(shifted)})
    (found,) = faults_of(folder)
    assert "498 of 644 records have another REF than the FASTA" in found
    configure(
        folder,
        reference={"fasta": fasta},
        resources={"clinical": str(data / "dbsnp138.local.vcf.gz")},
    )
    assert faults_of(folder) == []


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data is not beside the checkout")
def test_the_specimen_slip_of_a_real_pair_is_noticed(folder):
    data = REAL / "hcc1143"
    rows = [["patient", "sample", "role", "read_group", "fastq_1", "fastq_2", "specimen"]]
    for role, name in (("tumour", "HCC1143"), ("normal", "HCC1143_BL")):
        experiment = (data / f"experiment.{name}.tsv").read_text().splitlines()
        stated = dict(zip(*(line.split("\t") for line in experiment), strict=True))
        reads = [str(data / f"{name}_R{mate}.fastq.gz") for mate in (1, 2)]
        donor, sample = stated["submitter_donor_id"], stated["submitter_sample_id"]
        rows.append([donor, sample, role, "L1", *reads, stated["submitter_specimen_id"]])
    (folder / "samples.tsv").write_text("\n".join("\t".join(row) for row in rows))
    configure(folder, reference={"fasta": str(data / "tiny_grch38_chr11.fa.gz")})
    assert faults_of(folder) == [
        'samples.tsv, line 3, column "specimen": specimen "HCC1143_BL" is of role "normal" here '
        'and of role "tumour" on line 2 (sample "HCC1143-mini-T"): a specimen has one role, so one '
        "of the two rows is wrong."
    ]
