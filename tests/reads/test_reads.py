"""Reads are counted to the end of every file, and none is lost on the way to the alignment."""

import gzip
import hashlib
import importlib.util
import json

import pysam
import pytest

import small_folder
from onconcord.errors import InputError, ToolError
from onconcord.reads.account import LaneFiles, account_reads, count_reads, read_inputs, write_inputs
from onconcord.reads.conserved import check_alignment
from onconcord.runtime import checkout

COPY_AGAIN = "Copy the file again from its source and compare its checksum."


def fastq(reads, mate=1, name="read"):
    return "".join(f"@{name}{i}/{mate}\nACGT{'A' * i}\n+\nIIII{'I' * i}\n" for i in range(reads))


def write_gzip(path, text):
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    return path


def write_bgzip(path, text):
    with pysam.BGZFile(str(path), "wb") as handle:
        handle.write(text.encode())
    return path


def write_bam(path, reads=3, flags=(4, 256, 2048)):
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "1", "LN": 1000}]})
    with pysam.AlignmentFile(str(path), "wb", header=header) as handle:
        for number in range(reads):
            for flag in flags:
                read = pysam.AlignedSegment(header)
                read.query_name, read.flag, read.query_sequence = f"r{number}", flag, "ACGT"
                handle.write(read)
    return path


def messages(*lanes, threads=1):
    with pytest.raises(InputError) as error:
        count_reads(lanes, threads=threads)
    return [str(fault) for fault in error.value.faults]


def test_every_file_has_its_size_checksum_and_reads(tmp_path):
    first = write_gzip(tmp_path / "1.fq.gz", fastq(5, 1))
    second = write_bgzip(tmp_path / "2.fq.gz", fastq(5, 2))
    bam = write_bam(tmp_path / "x.bam")
    lanes = [LaneFiles("L1", first, second), LaneFiles("L2", bam=bam)]
    found = count_reads(lanes, threads=3)
    assert [(f.file_role, f.ordinal, f.format, f.reads) for f in found] == [
        ("fastq_1", 1, "fastq.gz", 5),
        ("fastq_2", 1, "fastq.gz", 5),
        ("bam", 2, "bam", 3),
    ]
    for file, path in zip(found, (first, second, bam), strict=True):
        assert file.bytes == path.stat().st_size
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    write_inputs(found, tmp_path / "s.inputs.tsv")
    assert read_inputs(tmp_path / "s.inputs.tsv") == found == count_reads(lanes)
    assert str(tmp_path) not in (tmp_path / "s.inputs.tsv").read_text()


def test_all_faults_of_all_lanes_come_at_once(tmp_path):
    first = write_gzip(tmp_path / "1.fq.gz", fastq(5, 1))
    short = write_gzip(tmp_path / "2.fq.gz", fastq(4, 2))
    other = write_gzip(tmp_path / "3.fq.gz", fastq(5, 2, "else"))
    cut = write_bam(tmp_path / "x.bam")
    cut.write_bytes(cut.read_bytes()[:-28])
    lanes = [LaneFiles("L1", first, short), LaneFiles("L2", first, other), LaneFiles("L3", bam=cut)]
    found = messages(*lanes, threads=2)
    assert found[:2] == [
        f"{short}: R1 and R2 of lane L1 differ in length: 1.fq.gz has 5 reads, 2.fq.gz has 4. The "
        "two files must hold the mates of the same reads in the same order: copy the shorter one "
        "again.",
        f"{other}: R1 and R2 of lane L2 do not belong together: the first read of 1.fq.gz is "
        '"read0/1", of 3.fq.gz "else0/2". Give the two mate files of one lane.',
    ]
    assert found[2].startswith(f"{cut}: cannot be read to its end (")
    assert found[2].endswith(f"expected a whole BAM. {COPY_AGAIN}")


# ---------------------------------------------------------------------------------------------
# From the files to the alignment


@pytest.fixture
def sample(tmp_path):
    """A sample of two lanes with 10 and 20 reads, trimmed to 8 and 20, all aligned."""
    lanes = [
        LaneFiles(
            f"L{lane}",
            write_gzip(tmp_path / f"{lane}_1.fq.gz", fastq(reads, 1)),
            write_gzip(tmp_path / f"{lane}_2.fq.gz", fastq(reads, 2)),
        )
        for lane, reads in ((1, 5), (2, 10))
    ]
    write_inputs(count_reads(lanes), tmp_path / "inputs.tsv")
    write_fastp(tmp_path, 1, 10, 8)
    write_fastp(tmp_path, 2, 20, 20)
    write_flagstat(tmp_path, 28)
    return tmp_path


def write_fastp(folder, lane, before, after):
    report = {
        "before_filtering": {"total_reads": before},
        "after_filtering": {"total_reads": after},
    }
    (folder / f"{lane}.json").write_text(json.dumps({"summary": report}))


def write_flagstat(folder, primary):
    counts = (("passed", primary - 1), ("failed", 1))
    report = {
        f"QC-{kind} reads": dict.fromkeys(("total", "primary", "paired in sequencing"), count)
        for kind, count in counts
    }
    (folder / "flagstat.json").write_text(json.dumps(report))


def write_alignment(folder, reads):
    """A BAM with its index."""
    write_bam(folder / "s.bam", reads, flags=[4])
    pysam.index(str(folder / "s.bam"))


def account(folder, *lanes):
    reports = [folder / f"{lane}.json" for lane in lanes]
    return account_reads("T1", folder / "inputs.tsv", reports, folder / "flagstat.json")


def test_reads_that_are_all_there_are_counted(sample, monkeypatch):
    counts = sample / "s.counts.tsv"
    monkeypatch.setenv("ONCONCORD_COUNTS", str(counts))
    assert account(sample, 1, 2) == 28
    assert counts.read_text() == (
        "fastp\tgiven reads\t10\nfastp\tgiven reads\t20\nsamtools flagstat\tprimary reads\t28\n"
    )
    write_flagstat(sample, 30)
    assert account(sample) == 30


LOST = "sample T1: reads were lost or doubled. "
NOT_TO_BE_USED = (
    ". The alignment (fastp, bwa mem, samblaster, samtools sort; counted by samtools flagstat) is "
    "not to be used: see the step's log, mend the cause and run again."
)


def test_reads_that_trimming_did_not_read_are_missed(sample):
    write_fastp(sample, 2, 12, 12)
    write_flagstat(sample, 20)
    with pytest.raises(ToolError) as error:
        account(sample, 1, 2)
    assert str(error.value) == (
        f"{LOST}trimming (fastp) of lane 2 read 12 of the 20 reads in its files{NOT_TO_BE_USED}"
    )
    assert error.value.exit_code == 3


@pytest.mark.parametrize(
    ("lanes", "aligned", "expected"),
    [
        pytest.param((1, 2), 27, "28 reads came from trimming, 27", id="one was lost"),
        pytest.param((1, 2), 56, "28 reads came from trimming, 56", id="a lane was doubled"),
        pytest.param((), 28, "30 reads came from the input files, 28", id="without trimming"),
    ],
)
def test_reads_that_are_not_in_the_alignment_are_missed(sample, lanes, aligned, expected):
    write_flagstat(sample, aligned)
    with pytest.raises(ToolError) as error:
        account(sample, *lanes)
    assert str(error.value) == (
        f"{LOST}alignment: {expected} primary reads are in the alignment file{NOT_TO_BE_USED}"
    )


@pytest.mark.parametrize("name", ["1.json", "flagstat.json"])
def test_a_report_that_is_cut_off_is_refused(sample, name):
    (sample / name).write_text('{"summary": ')
    with pytest.raises(
        ToolError, match=rf"{name}: not a whole report of (fastp|samtools flagstat)"
    ):
        account(sample, 1, 2)


def test_a_report_per_lane_is_needed(sample):
    with pytest.raises(ToolError, match=r"^sample T1: 1 fastp reports for 2 lanes of FASTQ$"):
        account(sample, 1)


def script(name):
    spec = importlib.util.spec_from_file_location(name, checkout.root() / f"scripts/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_scripts_say_what_is_wrong_by_their_exit_code(sample, capsys):
    lanes = [f"--lane L{i} {sample}/{i}_1.fq.gz {sample}/{i}_2.fq.gz".split() for i in (1, 2)]
    out = str(sample / "again.tsv")
    assert script("reads_count")([*lanes[0], *lanes[1], "--out", out]) == 0
    assert read_inputs(sample / "again.tsv") == read_inputs(sample / "inputs.tsv")
    write_alignment(sample, 28)
    words = f"--sample T1 --inputs {out} --flagstat {sample}/flagstat.json".split()
    words += f"--reads {sample}/s.bam --index {sample}/s.bam.bai --fastp".split()
    assert script("alignments_account")([*words, f"{sample}/1.json", f"{sample}/2.json"]) == 0
    said = capsys.readouterr().out
    assert (
        "samtools index or flagstat: 28 reads went in and came out\n"
        "fastp: 10 given reads went in and came out\nfastp: 20 given reads went in and came out\n"
        "samtools flagstat: 28 primary reads went in and came out\nT1: all 28 reads are account"
        in said
    )
    assert script("alignments_account")(words) == 3
    assert LOST in capsys.readouterr().err
    (sample / "2_2.fq.gz").write_bytes(b"\n")
    assert script("reads_count")([*lanes[0], *lanes[1], "--out", f"{sample}/none.tsv"]) == 2
    assert "2_2.fq.gz: holds no read" in capsys.readouterr().err
    assert not (sample / "none.tsv").exists()


def test_a_bam_that_is_taken_as_it_is_has_to_be_in_order(tmp_path, capsys):
    small_folder.write_bam(tmp_path / "t.bam", starts=(50, 5), index=False)
    words = f"--lane L1 {tmp_path}/t.bam --out {tmp_path}/inputs.tsv".split()
    assert script("reads_count")(words) == 0
    assert script("reads_count")([*words, "--as-is", "yes"]) == 2
    assert "t.bam: is not sorted by coordinate, though its header says" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("indexed", "kept", "tool"),
    [
        pytest.param(28, -28, "samtools sort", id="without the end block"),
        pytest.param(14, None, "samtools index or flagstat", id="index of half of the reads"),
    ],
)
def test_an_alignment_without_its_end_or_a_whole_index_is_refused(tmp_path, indexed, kept, tool):
    write_flagstat(tmp_path, 28)
    write_alignment(tmp_path, indexed)
    bam = tmp_path / "s.bam"
    bam.write_bytes(bam.read_bytes()[:kept])
    with pytest.raises(ToolError, match=f"of {tool}, which ended without an error"):
        check_alignment(bam, tmp_path / "s.bam.bai", tmp_path / "flagstat.json")
