"""Reads files before a run: each is there, whole as far as its ends tell, and there once."""

import hashlib
import os
import tempfile
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pysam
from pysam.utils import SamtoolsError

from onconcord.errors import Fault, InputError
from onconcord.inputs.cohort import Lane, Sample
from onconcord.reads.account import Lane as ReadsLane
from onconcord.reads.account import count_reads

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every whole BGZF file. Source: SAM specification, section 4.1.2."""
HEAD_BYTES = 1 << 16
WHOLE_BYTES = 32 << 20
"""Plain gzip up to this size is read whole; beyond it only `--deep` can tell that it is cut off."""
WHOLE_BUDGET_BYTES = 1 << 30
COPY_AGAIN = "Copy it again from its source and compare its checksum."


@dataclass(frozen=True)
class Genome:
    """
    What a BAM is compared with.

    Args:
        fasta: the FASTA it is read from.
        lengths: bases by native contig name.
        md5s: MD5 by native contig name; empty where they are not known yet.
    """

    fasta: Path
    lengths: Mapping[str, int]
    md5s: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the FASTA, for messages."""
        return self.fasta.name


@dataclass
class _Seen:
    """Reads files met so far, and how many bytes of plain gzip were read whole."""

    paths: dict[str, str] = field(default_factory=dict)
    inodes: dict[tuple[int, int], str] = field(default_factory=dict)
    contents: dict[tuple[int, str], str] = field(default_factory=dict)
    read_bytes: int = 0


def reads_faults(
    sheet: str, samples: Iterable[Sample], genome: Genome | None, deep: bool = False
) -> list[Fault]:
    """
    Every fault of the reads files of some samples.

    Args:
        sheet: name of the sheet, which the faults point into.
        samples: in any order; the sheet's order decides which of two equal files is the second.
        genome: what a BAM that is taken as it is must be aligned to; None where unknown.
        deep: read every FASTQ and BAM to its end.
    """
    rows = sorted(
        ((lane, sample) for sample in samples for lane in sample.lanes),
        key=lambda row: row[0].line,
    )
    seen = _Seen()
    faults: list[Fault] = []
    for lane, sample in rows:
        found = list(_lane_faults(sheet, lane, sample, genome, seen))
        # A file that fails at its ends is not worth reading whole: it would say the same.
        if deep and not found:
            found = _deep_faults(sheet, lane, genome)
        faults += found
    return faults


def _lane_faults(
    sheet: str, lane: Lane, sample: Sample, genome: Genome | None, seen: _Seen
) -> Iterator[Fault]:
    names: list[bytes] = []
    for column in ("fastq_1", "fastq_2", "bam"):
        path = getattr(lane, column)
        if path is None:
            continue
        where = f"line {lane.line}, {column}"
        message = _twice(path, where, seen) or _not_a_file(Path(path))
        if message:
            yield Fault(sheet, message, lane.line, column)
        elif column == "bam":
            for message in _bam_faults(Path(path), sample, lane.realign, genome):
                yield Fault(sheet, message, lane.line, column)
        else:
            message, name = _fastq_fault(Path(path), seen)
            names.append(name)
            if message:
                yield Fault(sheet, message, lane.line, column)
    if len(names) == 2 and all(names) and names[0] != names[1]:
        message = (
            f"its first read is {_text(names[1])}, but that of fastq_1 is {_text(names[0])}: give "
            "the two mate files of one lane."
        )
        yield Fault(sheet, message, lane.line, "fastq_2")


def _twice(path: str, where: str, seen: _Seen) -> str | None:
    """Whether a file was named before: by the same path, as a link, or as a copy."""
    real = os.path.realpath(path)
    if real in seen.paths:
        return f"{path} is named twice, here and on {seen.paths[real]}: each file has one row."
    seen.paths[real] = where
    if not os.path.isfile(real):
        return None
    status = os.stat(real)
    inode = (status.st_dev, status.st_ino)
    if inode in seen.inodes:
        return f"{path} is the same file as on {seen.inodes[inode]}: each file has one row."
    seen.inodes[inode] = where
    if status.st_size and os.access(real, os.R_OK):
        content = (status.st_size, _fingerprint(Path(real), status.st_size))
        if content in seen.contents:
            return f"{path} is a copy of the file on {seen.contents[content]}: give its own reads."
        seen.contents[content] = where
    return None


def _fingerprint(path: Path, size: int) -> str:
    """Digest of a file's beginning and end: equal sizes and equal ends make a copy."""
    with path.open("rb") as handle:
        digest = hashlib.sha256(handle.read(HEAD_BYTES))
        handle.seek(max(0, size - HEAD_BYTES))
        digest.update(handle.read())
    return digest.hexdigest()


def _not_a_file(path: Path) -> str | None:
    if not path.exists():
        return f"there is no file {path}."
    if not path.is_file():
        return f"{path} is not a file."
    if not os.access(path, os.R_OK):
        return f"{path} may not be read by this user."
    if path.stat().st_size == 0:
        return f"{path} is empty. {COPY_AGAIN}"
    return None


def _fastq_fault(path: Path, seen: _Seen) -> tuple[str | None, bytes]:
    """What is wrong with a FASTQ as far as its ends tell, and the name of its first read."""
    size = path.stat().st_size
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
        handle.seek(max(0, size - len(BGZF_END)))
        tail = handle.read()
    if not head.startswith(b"\x1f\x8b"):
        return f"{path} is not gzip: compress it with bgzip or gzip.", b""
    try:
        text = zlib.decompressobj(wbits=31).decompress(head)
    except zlib.error as error:
        return f"{path} is damaged at its beginning ({error}). {COPY_AGAIN}", b""
    name = text.split(b"\n", 1)[0].split()[0] if text.strip() else b""
    cut_off = f"{path} ends without its gzip end: it is truncated. {COPY_AGAIN}"
    if _is_bgzf(head):
        if tail != BGZF_END:
            return cut_off, b""
    elif size <= WHOLE_BYTES and seen.read_bytes + size <= WHOLE_BUDGET_BYTES:
        seen.read_bytes += size
        if not _has_gzip_end(path):
            return cut_off, b""
    if not name:
        return f"{path} holds no read: leave the lane out, or give its reads.", b""
    if not name.startswith(b"@"):
        return f"{path} begins with {_text(name[:40])}: a FASTQ record begins with @.", b""
    return None, name.removesuffix(b"/1").removesuffix(b"/2")


def _is_bgzf(head: bytes) -> bool:
    """Whether the first gzip member has the extra field BC. Source: SAM specification, 4.1."""
    return len(head) > 18 and head[3] & 4 == 4 and head[12:14] == b"BC"


def _has_gzip_end(path: Path) -> bool:
    """Whether plain gzip, of one or more members, is whole; damage inside is left to `--deep`."""
    member = zlib.decompressobj(wbits=31)
    with path.open("rb") as handle:
        while data := handle.read(1 << 20):
            while data:
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                try:
                    member.decompress(data)
                except zlib.error:
                    return False
                data = member.unused_data
    return member.eof


def _bam_faults(path: Path, sample: Sample, realign: bool, genome: Genome | None) -> Iterator[str]:
    try:
        # That the end is missing is found below, and must not hide what the header says.
        with warnings.catch_warnings(action="ignore"):
            alignments = pysam.AlignmentFile(str(path), check_sq=False, ignore_truncation=True)
        with alignments:
            header = alignments.header.to_dict()
    except (OSError, ValueError) as error:
        yield f"{path} cannot be read as BAM or CRAM ({error}). {COPY_AGAIN}"
        return
    try:
        # -u: a BAM of unaligned reads may have no contig.
        pysam.quickcheck("-u", str(path))
    except SamtoolsError:
        yield f"{path} ends without its end block: it is truncated. {COPY_AGAIN}"
    names = sorted({group.get("SM", "") for group in header.get("RG", [])})
    if len(names) > 1:
        yield f"{path} has reads of several samples ({', '.join(names)}): split it by sample."
    if realign:
        return
    advice = 'write "yes" under "realign" to align it again'
    if not names or names == [""]:
        yield f"{path} has no read group with a sample name (SM): {advice}."
    elif len(names) == 1 and names[0] != sample.sample_id:
        yield (
            f'{path} is of sample "{names[0]}" (SM), but the row is of "{sample.sample_id}": give '
            f'the BAM of "{sample.sample_id}", change its SM with samtools reheader, or {advice}.'
        )
    order = header.get("HD", {}).get("SO", "unknown")
    if order != "coordinate":
        yield f"{path} is not sorted by coordinate (SO is {order}): sort it, or {advice}."
    if not _index_of(path):
        yield f"{path} has no index beside it: make one with samtools index, or {advice}."
    if genome:
        yield from _genome_faults(path, header.get("SQ", []), genome, advice)


def _index_of(path: Path) -> Path | None:
    names = (f"{path}.bai", f"{path}.csi", f"{path}.crai", path.with_suffix(".bai"))
    return next((Path(name) for name in names if Path(name).is_file()), None)


def _genome_faults(
    path: Path, contigs: list[dict[str, str]], genome: Genome, advice: str
) -> Iterator[str]:
    """One message for each way in which a BAM's header differs from the genome."""
    lengths = {contig["SN"]: int(contig["LN"]) for contig in contigs}
    missing = [name for name in lengths if name not in genome.lengths]
    absent = [name for name in genome.lengths if name not in lengths]
    other = [name for name in lengths if genome.lengths.get(name, lengths[name]) != lengths[name]]
    changed = [
        contig["SN"]
        for contig in contigs
        if contig["SN"] not in other
        and contig.get("M5", genome.md5s.get(contig["SN"])) != genome.md5s.get(contig["SN"])
        and contig["SN"] in genome.md5s
    ]
    for names, problem in (
        (missing, f"contigs that {genome.name} has not"),
        (absent, f"not the contigs that {genome.name} has"),
        (other, f"contigs of another length than {genome.name}"),
        (changed, f"contigs of another sequence (M5) than {genome.name}"),
    ):
        if names:
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
            yield f"{path} is aligned to another reference: it has {problem} ({shown}): {advice}."


def _deep_faults(sheet: str, lane: Lane, genome: Genome | None) -> list[Fault]:
    """Faults that only reading a lane's files to their ends can find."""
    column = "bam" if lane.bam else "fastq_1"
    paths = [Path(path) if path else None for path in (lane.fastq_1, lane.fastq_2, lane.bam)]
    try:
        with _reference_aside(genome) as fasta:
            count_reads([ReadsLane(lane.read_group, *paths)], fasta)
    except InputError as error:
        return [
            Fault(
                sheet,
                fault.message,
                lane.line,
                "fastq_2" if fault.source == lane.fastq_2 else column,
            )
            for fault in error.faults
        ]
    if lane.fastq_1 is None or lane.fastq_2 is None:
        return []
    message = _record_fault(lane.fastq_1, lane.fastq_2)
    return [Fault(sheet, message, lane.line, "fastq_2")] if message else []


@contextmanager
def _reference_aside(genome: Genome | None) -> Iterator[Path | None]:
    """
    The FASTA under a path where its index may be written.

    htslib writes a missing index beside the FASTA it is given, and a check writes nothing there.
    """
    if genome is None or Path(f"{genome.fasta}.fai").is_file():
        yield genome.fasta if genome else None
        return
    with tempfile.TemporaryDirectory() as scratch:
        link = Path(scratch, genome.name)
        link.symlink_to(genome.fasta)
        yield link


def _record_fault(first: str, second: str) -> str | None:
    """The first pair of records whose names differ, or that has not one quality per base."""
    number = 0
    with pysam.FastxFile(first) as ones, pysam.FastxFile(second) as twos:
        try:
            for number, (one, two) in enumerate(zip(ones, twos, strict=True), start=1):
                names = [
                    str(record.name).removesuffix(end) for record, end in ((one, "/1"), (two, "/2"))
                ]
                if names[0] != names[1]:
                    return (
                        f"read {number} is {names[1]!r}, but that of fastq_1 is {names[0]!r}: the "
                        "mates are not in the same order."
                    )
                for record, path in ((one, first), (two, second)):
                    if len(record.quality or "") != len(record.sequence or ""):
                        return (
                            f"read {number} ({record.name}) of {Path(path).name} has not one "
                            f"quality per base. {COPY_AGAIN}"
                        )
        except (OSError, ValueError):
            return (
                f"read {number + 1} of {Path(first).name} or {Path(second).name} has not one "
                f"quality per base. {COPY_AGAIN}"
            )
    return None


def _text(raw: bytes) -> str:
    return f'"{raw.decode(errors="replace")}"'
