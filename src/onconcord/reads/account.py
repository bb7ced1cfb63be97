"""
Reads are accounted for: what a centre gave is counted, and nothing is lost on the way to the BAM.

Trimmers and aligners stop quietly at the end of the shorter mate file, and at the broken end of a
truncated one (fastp 0.23 exits 0 in both cases), so the files are read here on their own.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from onconcord.errors import Fault, InputError, ToolError
from onconcord.files import write_tsv
from onconcord.reads.bam import count_alignment
from onconcord.reads.fastq import read_lane
from onconcord.runtime.conserved import conserve
from onconcord.sealed import seal, sealed

PAIRED = "paired in sequencing"
"""Key of samtools flagstat: primary reads that are one of a pair."""


@dataclass(frozen=True)
class LaneFiles:
    """
    The reads files of one lane.

    Args:
        read_group: id of the lane.
        fastq_1, fastq_2: FASTQ of the first and second mates, gzip or plain; fastq_2 is None for
            single reads. Both are None when the lane comes as an alignment.
        bam: BAM or CRAM of the lane, or None.
        as_is: whether that is taken as it is, and so has to be sorted.
    """

    read_group: str
    fastq_1: Path | None = None
    fastq_2: Path | None = None
    bam: Path | None = None
    as_is: bool = False


@dataclass(frozen=True)
class InputFile:
    """
    One reads file: what it is, its checksum and its number of reads.

    Args:
        file_role: fastq_1, fastq_2 or bam.
        ordinal: 1-based number of the lane, in the order of the sheet's keys.
        format: fastq.gz, fastq, bam or cram, by its content.
        bytes: size of the file.
        sha256: hex digest of the file's bytes.
        reads: records of the FASTQ; primary records, mapped or not, of a BAM or CRAM.
    """

    file_role: str
    ordinal: int
    format: str
    bytes: int
    sha256: str
    reads: int


def count_reads(
    lanes: Sequence[LaneFiles], reference: Path | None = None, threads: int = 1
) -> tuple[InputFile, ...]:
    """
    Read every reads file of a sample to its end: checksum, size and number of reads.

    Args:
        lanes: the sample's lanes in the order of their keys.
        reference: FASTA that a CRAM was written against; not needed for other formats.
        threads: files read side by side; the result does not depend on it.
    Returns:
        One row per file, in the order of the lanes, R1 before R2.
    Raises:
        InputError: all faults of all files: not gzip, truncated, damaged, an incomplete record,
            no read, R1 and R2 of different length or of other reads, an unreadable BAM or one that
            is taken as it is and not sorted.
    """

    def read(numbered: tuple[int, LaneFiles]) -> tuple[tuple[InputFile, ...], tuple[Fault, ...]]:
        try:
            return _read_lane(*numbered, reference), ()
        except InputError as error:
            return (), error.faults

    # The two files of a lane are read side by side already.
    with ThreadPoolExecutor(max(threads // 2, 1)) as pool:
        results = list(pool.map(read, enumerate(lanes, 1)))
    faults = [fault for _, of_file in results for fault in of_file]
    if faults:
        raise InputError(faults)
    return tuple(file for files, _ in results for file in files)


def _read_lane(ordinal: int, lane: LaneFiles, reference: Path | None) -> tuple[InputFile, ...]:
    if lane.bam is not None:
        counted = count_alignment(lane.bam, reference, lane.as_is)
        return (InputFile("bam", ordinal, *astuple(counted)),)
    paths = [path for path in (lane.fastq_1, lane.fastq_2) if path is not None]
    return tuple(
        InputFile(f"fastq_{mate}", ordinal, *astuple(file))
        for mate, file in enumerate(read_lane(lane.read_group, paths), 1)
    )


def write_inputs(files: Iterable[InputFile], out: Path) -> None:
    """Write `{sample}.inputs.tsv`: one line per reads file, without its path."""
    write_tsv(out, [field.name for field in fields(InputFile)], map(astuple, files))
    seal(out)


def read_inputs(path: Path) -> tuple[InputFile, ...]:
    """
    The rows of an `{sample}.inputs.tsv`.

    Raises:
        ToolError: the columns are not those of `InputFile`, or there is no row.
    """
    with sealed(path).open(newline="") as handle:
        rows = list(csv.DictReader(handle, dialect="excel-tab"))
    expected = [field.name for field in fields(InputFile)]
    if not rows or list(rows[0]) != expected:
        raise ToolError(f"{path}: expected the columns {expected} and at least one row")
    return tuple(
        InputFile(
            row["file_role"],
            int(row["ordinal"]),
            row["format"],
            int(row["bytes"]),
            row["sha256"],
            int(row["reads"]),
        )
        for row in rows
    )


def _from_json(path: Path, tool: str, *keys: str) -> int:
    """One count of a tool's JSON report, or an error that names the tool and the file."""
    try:
        value = json.loads(path.read_text())
        for key in keys:
            value = value[key]
        return int(value)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ToolError(f"{path}: not a whole report of {tool} ({error!r})") from error


@dataclass(frozen=True)
class AlignedReads:
    """Primary reads of an alignment, mapped or not, and how many of them are one of a pair."""

    primary: int
    paired: int


def aligned_reads(flagstat: Path) -> AlignedReads:
    """Counts of a whole alignment from the JSON of samtools flagstat."""
    return AlignedReads(*(flagstat_count(flagstat, key) for key in ("primary", PAIRED)))


def flagstat_count(flagstat: Path, key: str) -> int:
    """One count of samtools flagstat's JSON, of reads that passed the vendor's QC or not."""
    tool = "samtools flagstat --output-fmt json"
    return sum(
        _from_json(flagstat, tool, kind, key) for kind in ("QC-passed reads", "QC-failed reads")
    )


def account_reads(sample: str, inputs: Path, fastp_reports: Sequence[Path], flagstat: Path) -> int:
    """
    Assert that every read, and every pair, that went in came out of each step, and count them.

    Args:
        sample: id of the sample, for messages.
        inputs: `{sample}.inputs.tsv` of `count_reads`.
        fastp_reports: fastp's JSON of each lane of FASTQ, in the order of the lanes; empty without
            trimming. Lanes that come as a BAM are not trimmed.
        flagstat: `samtools flagstat --output-fmt json` of the whole, final BAM or CRAM.
    Returns:
        Primary reads in the alignment.
    Raises:
        ToolError: a count differs, or a report is missing or cut off; all differences at once.
    """
    files = read_inputs(inputs)
    given: dict[int, int] = defaultdict(int)
    for file in files:
        if file.file_role != "bam":
            given[file.ordinal] += file.reads
    of_bams = sum(file.reads for file in files if file.file_role == "bam")
    if fastp_reports and len(fastp_reports) != len(given):
        raise ToolError(
            f"sample {sample}: {len(fastp_reports)} fastp reports for {len(given)} lanes of FASTQ"
        )
    problems: list[str] = []
    trimmed: list[tuple[Path, int, int]] = []
    of_pairs = 0 if fastp_reports else sum(given.values())
    for lane, report in zip(given, fastp_reports, strict=False):
        before, after = (
            _from_json(report, "fastp", "summary", key, "total_reads")
            for key in ("before_filtering", "after_filtering")
        )
        of_pairs += after
        trimmed.append((report, given[lane], before))
        if before != given[lane]:
            problems.append(
                f"trimming (fastp) of lane {lane} read {before} of the {given[lane]} reads in its "
                "files"
            )
    aligned = aligned_reads(flagstat)
    expected = of_pairs + of_bams
    if aligned.primary != expected:
        stage = "trimming" if fastp_reports else "the input files"
        problems.append(
            f"alignment: {expected} reads came from {stage}, {aligned.primary} primary reads are "
            "in the alignment file"
        )
    # A BAM may hold reads without their mates; the mates of FASTQ come in pairs and stay so.
    elif aligned.paired < of_pairs or (aligned.paired > of_pairs and not of_bams):
        problems.append(
            f"alignment: {of_pairs // 2} pairs came in, {aligned.paired // 2} were aligned as pairs"
        )
    if problems:
        raise ToolError(
            f"sample {sample}: reads were lost or doubled. {'. '.join(problems)}. The alignment "
            "(fastp, bwa mem, samblaster, samtools sort; counted by samtools flagstat) is not to "
            "be used: see the step's log, mend the cause and run again."
        )
    for report, entered, read in trimmed:
        conserve("fastp", report, "given reads", entered, read)
    conserve("samtools flagstat", flagstat, "primary reads", expected, aligned.primary)
    return aligned.primary
