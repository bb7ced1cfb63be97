"""The check before a run finds reads files that are broken, doubled or of another sample."""

import gzip
import os
import random
import shutil
from pathlib import Path

import pysam
import pytest

from onconcord.inputs import preflight_reads
from onconcord.reads import fastq
from small_folder import (
    SEQUENCE,
    faults_of,
    write_bam,
    write_fastq,
    write_sheet,
)

AGAIN = "Copy the file again from its source and compare its checksum."


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
            lambda path: path.write_text("PK"),
            't_1.gz, line 1: begins with "PK", expected "@": a record of FASTQ has four lines, '
            "@name, bases, + and qualities. Give the FASTQ of the lane.",
            id="neither gzip nor FASTQ",
        ),
        pytest.param(
            cut_bgzf,
            f"t_1.gz ends without its gzip end: it is truncated. {AGAIN}",
            id="bgzip without its last block",
        ),
        pytest.param(
            cut_gzip,
            f"t_1.gz: it stops in the middle of its gzip data. {AGAIN}",
            id="gzip without its end",
        ),
        pytest.param(
            fasta_in_gzip,
            't_1.gz, line 1: begins with ">read0", expected "@": a record of FASTQ has four '
            "lines, @name, bases, + and qualities. Give the FASTQ of the lane.",
            id="not FASTQ",
        ),
    ],
)
def test_a_broken_fastq_is_found_at_its_ends(folder, break_file, expected):
    break_file(folder / "t_1.gz")
    assert faults_of(folder) == [f'samples.tsv, line 2, column "fastq_1": {expected}']


def test_a_dead_sample_is_taken_and_half_of_one_is_not(folder):
    without_reads(folder / "t_1.gz")
    (fault,) = faults_of(folder)
    assert "differ in length: t_1.gz has 0 reads, t_2.gz has 20." in fault
    without_reads(folder / "t_2.gz")
    assert faults_of(folder) == []


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
            "other.gz is a copy of the file on line 2, fastq_1, or begins with the same reads: "
            "give its own reads.",
            id="a copy",
        ),
        pytest.param(
            lambda work: (work / "other.gz").write_bytes(
                gzip.compress(gzip.decompress((work / "t_1.gz").read_bytes()))
            ),
            "other.gz is a copy of the file on line 2, fastq_1, or begins with the same reads: "
            "give its own reads.",
            id="a copy that is packed otherwise",
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
        'samples.tsv, line 2, column "fastq_2": t_2.gz: R1 and R2 of lane L1 do not belong '
        'together: the first read of t_1.gz is "t_read0/1", of t_2.gz "else0/2". Give the two mate '
        "files of one lane."
    ]


def test_a_truncated_end_of_long_plain_gzip_is_left_to_deep(folder, monkeypatch):
    monkeypatch.setattr(preflight_reads, "WHOLE_BYTES", 0)
    monkeypatch.setattr(fastq, "HEAD_BYTES", 100)
    cut_gzip(folder / "t_1.gz")
    assert faults_of(folder) == []
    (found,) = faults_of(folder, deep=True)
    assert 'column "fastq_1": t_1.gz: it stops in the middle of its gzip data, after' in found


def damage_inside(work):
    for mate in (1, 2):
        # Longer than what is read of a file's beginning, since qualities at random do not shrink.
        with pysam.BGZFile(str(work / f"t_{mate}.gz"), "wb") as handle:
            for number in range(4000):
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
        pytest.param(
            fewer_mates,
            "t_2.gz: R1 and R2 of lane L1 differ in length: t_1.gz has 20 reads, t_2.gz has 12. ",
            id="R2 is shorter",
        ),
        pytest.param(
            one_name_differs,
            "t_2.gz, line 29: R1 and R2 of lane L1 are out of step: read 8 of t_1.gz is "
            '"t_read7/1", of t_2.gz "t_readX/2". Copy both again from their source, or pair them '
            "by name (seqkit pair).",
            id="names differ in the middle",
        ),
        pytest.param(
            short_qualities,
            "t_2.gz, line 4: 50 bases, but 49 qualities. ",
            id="a quality is missing",
        ),
    ],
)
def test_a_lane_that_is_wrong_inside_is_found_where_it_is(folder, break_lane, expected):
    break_lane(folder)
    (found,) = faults_of(folder)
    assert found.startswith(f'samples.tsv, line 2, column "fastq_2": {expected}')
    assert faults_of(folder, deep=True) == [found]


def test_a_name_that_no_file_has_room_for_is_the_name_of_none(folder):
    write_sheet(folder, "t" * 300, "t_2.gz")
    assert faults_of(folder) == [
        f'samples.tsv, line 2, column "fastq_1": there is no file {"t" * 300}.'
    ]


def test_a_row_without_a_file_is_a_fault_of_the_sheet_and_no_more(folder):
    write_sheet(folder)
    assert faults_of(folder, deep=True) == faults_of(folder)
    assert len(faults_of(folder)) == 2


def test_deep_finds_what_the_ends_do_not_show(folder):
    damage_inside(folder)
    assert faults_of(folder) == []
    (found,) = faults_of(folder, deep=True)
    assert 'samples.tsv, line 2, column "fastq_1": t_1.gz' in found


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
        pytest.param({"index": False}, [], id="without index, which the run makes"),
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
        pytest.param(
            {"groups": [{"SM": "T1"}]},
            ["t.bam has a read group (@RG) without an ID: give it one with samtools reheader."],
            id="a read group without id",
        ),
        pytest.param(
            {"groups": [{"ID": "L1", "SM": "T1"}] * 2},
            [
                't.bam has 2 read groups with the ID "L1": keep one (samtools reheader), or '
                f"{OR_REALIGN}"
            ],
            id="a read group twice",
        ),
        pytest.param(
            {"quality": "*"},
            [
                't.bam has reads without qualities, such as "of_t", which callers pass over: give '
                "the reads as they were sequenced."
            ],
            id="no qualities",
        ),
        pytest.param(
            {"quality": "Bhhh"},
            [
                "t.bam has qualities from 33 to 71, which are those of the offset 64 of Illumina "
                "1.3 to 1.7 read with the offset 33: take 31 from each (gatk "
                "FixMisencodedBaseQualityReads)."
            ],
            id="qualities of another scale",
        ),
    ],
)
def test_a_bam_that_cannot_be_taken_as_it_is(folder, bam, expected):
    write_bam(folder / "t.bam", **bam)
    write_sheet(folder, bam="t.bam")
    assert faults_of(folder) == [f'samples.tsv, line 2, column "bam": {text}' for text in expected]


def test_a_bam_whose_contigs_are_in_another_order_is_refused(folder):
    (folder / "genome.fa").write_text(f">chr19\n{SEQUENCE}\n>chr20\n{SEQUENCE}\n")
    for names, expected in (
        (("chr19", "chr20"), []),
        (
            ("chr20", "chr19"),
            [
                'samples.tsv, line 2, column "bam": t.bam has its contigs in another order than '
                "genome.fa (chr19, chr20 there, chr20, chr19 here): bring it into that order (gatk "
                f"ReorderSam), or {OR_REALIGN}"
            ],
        ),
    ):
        write_bam(folder / "t.bam", contigs=[(name, 3000) for name in names])
        write_sheet(folder, bam="t.bam")
        assert faults_of(folder) == expected


def test_a_bam_that_is_not_in_the_order_it_states_is_found_by_deep(folder):
    write_bam(folder / "t.bam", starts=(50, 5), index=False)
    write_sheet(folder, bam="t.bam", realign="yes")
    assert faults_of(folder, deep=True) == []
    write_sheet(folder, bam="t.bam")
    assert faults_of(folder) == []
    assert faults_of(folder, deep=True) == [
        'samples.tsv, line 2, column "bam": t.bam: is not sorted by coordinate, though its header '
        f"says so: sort it (samtools sort), or {OR_REALIGN}"
    ]


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
