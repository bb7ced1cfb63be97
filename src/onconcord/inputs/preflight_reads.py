"""Reads files before a run: each is there, whole as far as its ends tell, and there once."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from onconcord.compressed import (
    COPY_AGAIN,
    beginning,
    is_bgzf,
    is_cut_off,
    is_gzip,
    read_chunks,
)
from onconcord.errors import Fault, InputError
from onconcord.files import ends_sha256, refused_path
from onconcord.inputs.cohort import Lane, Sample
from onconcord.reads.bam import GivenReference, alignment_faults, count_alignment, reference_aside
from onconcord.reads.fastq import read_lane

BEGINNING_BYTES = 4096
"""Names and bases of some ten reads, which two files have in common only where one is a copy."""
HOLLOW_BYTES = 1 << 10
"""More than gzip of nothing takes, with the name of the file and a comment."""
WHOLE_BYTES = 32 << 20
"""Plain gzip up to this size is read whole; beyond it only `--deep` can tell that it is cut off."""
WHOLE_BUDGET_BYTES = 1 << 30


@dataclass
class _Seen:
    """Reads files met so far, and how many bytes of plain gzip were read whole."""

    paths: dict[str, str] = field(default_factory=dict)
    inodes: dict[tuple[int, int], str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    read_bytes: int = 0


def reads_faults(
    sheet: str,
    samples: Iterable[Sample],
    genome: GivenReference | None,
    deep: bool = False,
    counted: Mapping[str, str] | None = None,
) -> list[Fault]:
    """
    Every fault of the reads files of some samples.

    Args:
        sheet: name of the sheet, which the faults point into.
        samples: in any order; the sheet's order decides which of two equal files is the second.
        genome: what a BAM that is taken as it is must be aligned to; None where unknown.
        deep: read every FASTQ and BAM to its end.
        counted: SHA-256 that results were made from, by path; with `deep`, other bytes are a fault.
    """
    rows = sorted(
        ((lane, sample) for sample in samples for lane in sample.lanes),
        key=lambda row: row[0].line,
    )
    seen = _Seen()
    faults: list[Fault] = []
    for lane, sample in rows:
        of_lane = list(_lane_faults(sheet, lane, sample, genome, seen))
        # A file that fails at its ends is not worth reading whole: it would say the same.
        if deep and not of_lane:
            of_lane = list(_content_faults(sheet, lane, genome, counted or {}, head_only=False))
        faults += of_lane
    return faults


def _lane_faults(
    sheet: str, lane: Lane, sample: Sample, genome: GivenReference | None, seen: _Seen
) -> Iterator[Fault]:
    usable = True
    for column in ("fastq_1", "fastq_2", "bam"):
        given = getattr(lane, column)
        if given is None:
            continue
        path = Path(given)
        where = f"line {lane.line}, {column}"
        messages = [_not_a_file(path) or _twice(given, where, seen)]
        if not messages[0]:
            if column == "bam":
                messages = list(alignment_faults(path, sample.sample_id, lane.realign, genome))
            else:
                messages = [_end_fault(path, seen)]
        for message in filter(None, messages):
            usable = False
            yield Fault(sheet, message, lane.line, column)
    if usable and lane.fastq_1:
        yield from _content_faults(sheet, lane, None, {}, head_only=True)


def _content_faults(
    sheet: str,
    lane: Lane,
    genome: GivenReference | None,
    counted: Mapping[str, str],
    head_only: bool,
) -> Iterator[Fault]:
    """Faults of what a lane's files hold, by the readers that the run has."""
    columns = {lane.fastq_1: "fastq_1", lane.fastq_2: "fastq_2", lane.bam: "bam"}
    paths = [path for path in (lane.fastq_1, lane.fastq_2, lane.bam) if path]
    if not paths:  # which is a fault of the sheet
        return
    try:
        if lane.bam:
            with reference_aside(genome) as fasta:
                counted_bam = count_alignment(Path(lane.bam), fasta, in_order=not lane.realign)
                digests = [counted_bam.sha256]
        else:
            read = read_lane(lane.read_group, list(map(Path, paths)), head_only=head_only)
            digests = [file.sha256 for file in read]
    except InputError as error:
        for fault in error.faults:
            where = f"{fault.source}, line {fault.line}" if fault.line else fault.source
            message = f"{where}: {fault.message}"
            yield Fault(sheet, message, lane.line, columns[fault.source])
        return
    for path, digest in zip(paths, digests, strict=True):
        if counted.get(path, digest) != digest:
            message = (
                f"{path} has other reads than those the results are made from, of the same size "
                "and time, so that a run would not make them again: touch the file."
            )
            yield Fault(sheet, message, lane.line, columns[path])


def _twice(path: str, where: str, seen: _Seen) -> str | None:
    """Whether a file was named before: by the same path, as a link, or as a copy."""
    real = os.path.realpath(path)
    if real in seen.paths:
        return f"{path} is named twice, here and on {seen.paths[real]}: each file has one row."
    seen.paths[real] = where
    status = os.stat(real)
    inode = (status.st_dev, status.st_ino)
    if inode in seen.inodes:
        return f"{path} is the same file as on {seen.inodes[inode]}: each file has one row."
    seen.inodes[inode] = where
    content = _content(Path(real), status.st_size)
    if content in seen.contents:
        return (
            f"{path} is a copy of the file on {seen.contents[content]}, or begins with the same "
            "reads: give its own reads."
        )
    if content:
        seen.contents[content] = where
    return None


def _content(path: Path, size: int) -> str | None:
    """
    What no two files have in common; None of a file of which that cannot be said.

    FASTQ is known by its first reads, however it is packed; BAM and CRAM, whose headers may be
    equal, by their size and the ends of the file.
    """
    try:
        if _is_hollow(path, size):
            return None
        first = beginning(path, BEGINNING_BYTES)
    except ValueError:
        return None
    if first.startswith(b"@"):
        return hashlib.sha256(first).hexdigest()
    return f"{size} {ends_sha256(path)}"


def _is_hollow(path: Path, size: int) -> bool:
    """Whether a file is gzip of nothing: those of two dead samples are equal, and no copies."""
    try:
        return size < HOLLOW_BYTES and not any(read_chunks(path))
    except ValueError:
        return False


def _not_a_file(path: Path) -> str | None:
    if why := refused_path(path):
        return why
    if not os.path.exists(path):  # no file has a name that is too long for one
        return f"there is no file {path}."
    if not path.is_file():
        return f"{path} is not a file."
    if not os.access(path, os.R_OK):
        return f"{path} may not be read by this user."
    if path.stat().st_size == 0:
        return f"{path} is empty. {COPY_AGAIN}"
    return None


def _end_fault(path: Path, seen: _Seen) -> str | None:
    """Whether compressed FASTQ is cut off at its end, as far as that tells."""
    if not is_gzip(path):
        return None
    cut_off = f"{path} ends without its gzip end: it is truncated. {COPY_AGAIN}"
    with path.open("rb") as handle:
        bgzf = is_bgzf(handle.read(18))
    if bgzf:
        return cut_off if is_cut_off(path) else None
    size = path.stat().st_size
    if size > WHOLE_BYTES or seen.read_bytes + size > WHOLE_BUDGET_BYTES:
        return None
    seen.read_bytes += size
    try:
        for _ in read_chunks(path):
            pass
    except ValueError as error:
        return f"{path}: {error}. {COPY_AGAIN}"
    return None
