"""
Reads are accounted for: what a centre gave is counted, and nothing is lost on the way to the BAM.

Trimmers and aligners stop quietly at the end of the shorter mate file, and at the broken end of a
truncated one (fastp 0.23 exits 0 in both cases), so the files are read here on their own.
"""

import csv
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import pysam
from pysam.utils import SamtoolsError

from onconcord.errors import Fault, InputError, ToolError
from onconcord.files import whole_file

CHUNK_BYTES = 1 << 20
FLAG_SECONDARY_OR_SUPPLEMENTARY = 0x900
# The empty last block of a BGZF file (SAM specification, section 4.1.2).
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
BAD_FASTQ_ADVICE = "Copy the file again from its source and compare its checksum."


@dataclass(frozen=True)
class Lane:
    """
    The reads files of one lane.

    Args:
        read_group: id of the lane.
        fastq_1, fastq_2: gzipped FASTQ of the first and second mates; fastq_2 is None for
            single reads. Both are None when the lane comes as an alignment.
        bam: BAM or CRAM of the lane, or None.
    """

    read_group: str
    fastq_1: Path | None = None
    fastq_2: Path | None = None
    bam: Path | None = None


@dataclass(frozen=True)
class InputFile:
    """
    One reads file: what it is, its checksum and its number of reads.

    Args:
        file_role: fastq_1, fastq_2 or bam.
        ordinal: 1-based number of the lane, in the order of the sheet's keys.
        format: fastq.gz, bam or cram.
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


@dataclass(frozen=True)
class _Fastq:
    """A FASTQ read to its end; `problem` is None when it is whole."""

    file: InputFile
    first_name: bytes
    problem: str | None


class _FastqReader:
    """Counts the lines of a gzip stream of one or more members, chunk by chunk."""

    def __init__(self) -> None:
        self.lines = 0
        self.head = b""
        self.problem: str | None = None
        self._last = b"\n"
        self._gzip = zlib.decompressobj(wbits=31)
        self._in_member = False
        self._is_bgzf = False
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        if not self._tail:
            self._is_bgzf = data[3:4] == b"\x04" and data[12:14] == b"BC"
        self._tail = (self._tail + data)[-len(BGZF_END) :]
        while data and self.problem is None:
            if self._gzip.eof:
                self._gzip = zlib.decompressobj(wbits=31)
            try:
                text = self._gzip.decompress(data)
            except zlib.error as error:
                self.problem = (
                    f"is damaged after {self.lines // 4} reads ({error}): "
                    f"expected whole gzip data. {BAD_FASTQ_ADVICE}"
                )
                return
            self._in_member = not self._gzip.eof
            self._take(text)
            data = self._gzip.unused_data

    def _take(self, text: bytes) -> None:
        if text:
            self.head = (self.head + text[:1000])[:1000]
            self.lines += text.count(b"\n")
            self._last = text[-1:]

    def close(self) -> None:
        """Judge the whole: the last gzip member has its end, every record has its four lines."""
        self.lines += self._last != b"\n"
        if self.problem is not None:
            return
        if self._in_member or (self._is_bgzf and self._tail != BGZF_END):
            self.problem = (
                f"stops in the middle of its gzip data after {self.lines // 4} whole reads: "
                f"the file is truncated. {BAD_FASTQ_ADVICE}"
            )
        elif self.lines == 0:
            self.problem = (
                "holds no read: expected at least one FASTQ record. "
                "Give the lane's reads, or remove the lane from the sheet."
            )
        elif not self.head.startswith(b"@"):
            start = self.head.splitlines()[0][:40].decode(errors="replace")
            self.problem = (
                f"starts with {start!r}: expected "
                'a FASTQ record, which starts with "@". Give the FASTQ of the lane.'
            )
        elif self.lines % 4:
            self.problem = (
                f"has {self.lines} lines: a FASTQ has four lines a read, so its last "
                f"read is incomplete. {BAD_FASTQ_ADVICE}"
            )


def _read_fastq(path: Path, role: str, ordinal: int) -> _Fastq:
    """Checksum, number of reads and fault of one FASTQ, in one pass over its bytes."""
    digest = hashlib.sha256()
    reader = _FastqReader()
    size = 0
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK_BYTES):
            size += len(chunk)
            digest.update(chunk)
            if size == len(chunk) and not chunk.startswith(b"\x1f\x8b"):
                reader.problem = (
                    "is not gzip: expected a gzipped FASTQ. Compress it (bgzip or gzip)."
                )
            reader.feed(chunk)
    reader.close()
    return _Fastq(
        InputFile(role, ordinal, "fastq.gz", size, digest.hexdigest(), reader.lines // 4),
        _read_name(reader.head),
        reader.problem,
    )


def _read_name(head: bytes) -> bytes:
    """Name of the first read, without comment and without the mate's /1 or /2."""
    words = head.split(b"\n", 1)[0].split()
    name = words[0] if words else b""
    return name[:-2] if name.endswith((b"/1", b"/2")) else name


def _read_alignment(
    path: Path, ordinal: int, reference: Path | None
) -> tuple[InputFile, str | None]:
    """Checksum, number of primary reads and fault of one BAM or CRAM."""
    file_format = path.suffix.removeprefix(".").lower()
    problem, reads = None, 0
    options = ["--reference", str(reference)] if reference else []
    try:
        pysam.quickcheck(str(path))
        flag = str(FLAG_SECONDARY_OR_SUPPLEMENTARY)
        reads = int(str(pysam.view("-c", "-F", flag, *options, str(path))))
    except SamtoolsError as error:
        detail = " ".join(str(error.value).split())
        problem = (
            f"cannot be read to its end ({detail}): expected a whole "
            f"{file_format.upper()}. Copy the file again from its source and compare its checksum."
        )
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    size = path.stat().st_size
    return InputFile("bam", ordinal, file_format, size, digest, reads), problem


def _lane_faults(lane: Lane, mates: Sequence[tuple[Path, _Fastq]]) -> Iterator[Fault]:
    """Faults of each mate file, then of the two together."""
    for path, fastq in mates:
        if fastq.problem is not None:
            yield Fault(str(path), f"{path.name} {fastq.problem}")
    if len(mates) < 2 or any(fastq.problem for _, fastq in mates):
        return
    (first_path, first), (second_path, second) = mates
    if first.file.reads != second.file.reads:
        yield Fault(
            str(second_path),
            f"R1 and R2 of lane {lane.read_group} differ in length: {first_path.name} has "
            f"{first.file.reads} reads, {second_path.name} has {second.file.reads}. The two files "
            "must hold the mates of the same reads in the same order: copy the shorter one again.",
        )
    elif first.first_name != second.first_name:
        yield Fault(
            str(second_path),
            f"R1 and R2 of lane {lane.read_group} do not belong together: the first read of "
            f"{first_path.name} is {first.first_name.decode(errors='replace')!r}, of "
            f"{second_path.name} {second.first_name.decode(errors='replace')!r}. "
            "Give the two mate files of one lane.",
        )


def count_reads(
    lanes: Sequence[Lane], reference: Path | None = None, threads: int = 1
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
            no read, R1 and R2 of different length or of other reads, an unreadable BAM.
    """
    jobs: list[tuple[Path, str, int]] = []
    for ordinal, lane in enumerate(lanes, 1):
        for role, path in (("fastq_1", lane.fastq_1), ("fastq_2", lane.fastq_2), ("bam", lane.bam)):
            if path is not None:
                jobs.append((path, role, ordinal))

    def read(job: tuple[Path, str, int]) -> _Fastq:
        path, role, ordinal = job
        if role == "bam":
            file, problem = _read_alignment(path, ordinal, reference)
            return _Fastq(file, b"", problem)
        return _read_fastq(path, role, ordinal)

    # zlib and hashlib let go of the interpreter lock, so threads do run side by side.
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        results = list(zip(jobs, pool.map(read, jobs), strict=True))
    faults: list[Fault] = []
    for ordinal, lane in enumerate(lanes, 1):
        mates = [(job[0], result) for job, result in results if job[2] == ordinal]
        faults.extend(_lane_faults(lane, mates))
    if faults:
        raise InputError(faults)
    return tuple(result.file for _, result in results)


def write_inputs(files: Iterable[InputFile], out: Path) -> None:
    """Write `{sample}.inputs.tsv`: one line per reads file, without its path."""
    with whole_file(out) as temporary, temporary.open("w", newline="") as handle:
        writer = csv.writer(handle, dialect="excel-tab", lineterminator="\n")
        writer.writerow(field.name for field in fields(InputFile))
        writer.writerows(astuple(file) for file in files)


def read_inputs(path: Path) -> tuple[InputFile, ...]:
    """
    The rows of an `{sample}.inputs.tsv`.

    Raises:
        ToolError: the columns are not those of `InputFile`, or there is no row.
    """
    with path.open(newline="") as handle:
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


def primary_reads(flagstat: Path) -> int:
    """Primary reads, mapped or not, of a whole alignment, from the JSON of samtools flagstat."""
    tool = "samtools flagstat --output-fmt json"
    return sum(
        _from_json(flagstat, tool, kind, "primary")
        for kind in ("QC-passed reads", "QC-failed reads")
    )


def account_reads(sample: str, inputs: Path, fastp_reports: Sequence[Path], flagstat: Path) -> int:
    """
    Assert that every read that went in came out of each step: files, trimming, alignment.

    Args:
        sample: id of the sample, for messages.
        inputs: `{sample}.inputs.tsv` of `count_reads`.
        fastp_reports: fastp's JSON per lane, in the order of the lanes; empty without trimming.
        flagstat: `samtools flagstat --output-fmt json` of the whole, final BAM or CRAM.
    Returns:
        Primary reads in the alignment.
    Raises:
        ToolError: a count differs, or a report is missing or cut off; all differences at once.
    """
    files = read_inputs(inputs)
    lanes = sorted({file.ordinal for file in files})
    if fastp_reports and len(fastp_reports) != len(lanes):
        raise ToolError(
            f"sample {sample}: {len(fastp_reports)} fastp reports for {len(lanes)} lanes"
        )
    problems: list[str] = []
    expected = 0
    for lane, report in zip(lanes, fastp_reports, strict=False):
        given = sum(file.reads for file in files if file.ordinal == lane)
        before, after = (
            _from_json(report, "fastp", "summary", key, "total_reads")
            for key in ("before_filtering", "after_filtering")
        )
        expected += after
        if before != given:
            problems.append(
                f"trimming (fastp) of lane {lane} read {before} of the {given} reads in its files"
            )
    if not fastp_reports:
        expected = sum(file.reads for file in files)
    aligned = primary_reads(flagstat)
    if aligned != expected:
        stage = "trimming" if fastp_reports else "the input files"
        problems.append(
            f"alignment: {expected} reads came from {stage}, {aligned} primary reads are in the "
            "alignment file"
        )
    if problems:
        raise ToolError(
            f"sample {sample}: reads were lost or doubled. {'. '.join(problems)}. The alignment "
            "is not to be used: see the step's log, mend the cause and run again."
        )
    return aligned
