"""BAM and CRAM: the one reader of them, which a check and the count of reads share."""

import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pysam
from pysam.utils import SamtoolsError

from onconcord.compressed import COPY_AGAIN, Inflater, is_bgzf
from onconcord.errors import InputError
from onconcord.files import file_sha256
from onconcord.reads.fastq import PHRED64_LOWEST, PHRED64_TOP

HEAD_BYTES = 1 << 16
HEAD_READS = 2000
PHRED_OFFSET = 33
FLAG_UNMAPPED = 0x4
FLAG_SECONDARY_OR_SUPPLEMENTARY = 0x900
# Without this htslib asks a server for a reference that it does not find.
os.environ.setdefault("REF_PATH", os.devnull)


@dataclass(frozen=True)
class GivenReference:
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


def alignment_format(path: Path) -> str | None:
    """What a file is by its content, bam or cram; None for anything else."""
    with path.open("rb") as handle:
        head = handle.read(18)
    if head.startswith(b"CRAM"):
        return "cram"
    if not is_bgzf(head):
        return None
    try:
        with path.open("rb") as handle:
            content = Inflater().feed(handle.read(HEAD_BYTES))
    except ValueError:
        return None
    return "bam" if content.startswith(b"BAM\1") else None


@dataclass(frozen=True)
class CountedAlignment:
    """A BAM or CRAM that was read to its end: format, size, SHA-256 and primary reads."""

    format: str
    bytes: int
    sha256: str
    reads: int


def count_alignment(path: Path, reference: Path | None, in_order: bool = False) -> CountedAlignment:
    """
    Read an alignment, or a BAM of unaligned reads, to its end.

    Args:
        path: BAM or CRAM, whatever its name.
        reference: FASTA for a CRAM.
        in_order: whether it has to be sorted by coordinate, as one that is taken as it is has.
    Raises:
        InputError: it is neither, cannot be read to its end, or is not in order.
    """
    kind = alignment_format(path)
    if kind is None:
        raise InputError.at(path, _NEITHER)
    options = ["--reference", str(reference)] if reference else []
    try:
        # -u: a BAM of unaligned reads may have no contig.
        pysam.quickcheck("-u", str(path))
        flag = str(FLAG_SECONDARY_OR_SUPPLEMENTARY)
        reads = int(str(pysam.view("-c", "-F", flag, *options, str(path))))
    except SamtoolsError as error:
        detail = " ".join(str(error.value).split())
        message = f"cannot be read to its end ({detail}): expected a whole {kind.upper()}."
        raise InputError.at(path, f"{message} {COPY_AGAIN}") from error
    if in_order and not _can_be_indexed(path):
        message = (
            "is not sorted by coordinate, though its header says so: sort it (samtools sort), or "
            f"{_REALIGN}."
        )
        raise InputError.at(path, message)
    return CountedAlignment(kind, path.stat().st_size, file_sha256(path), reads)


def _can_be_indexed(path: Path) -> bool:
    """Whether the reads of a whole file are in the order of their positions."""
    with tempfile.TemporaryDirectory() as scratch, _quiet():
        try:
            pysam.index("-o", f"{scratch}/index", str(path))
        except SamtoolsError:
            return False
    return True


_REALIGN = 'write "yes" under "realign" to align it again'
_NEITHER = (
    "is neither BAM nor CRAM by its content: give one of them (samtools view makes a BAM of SAM)."
)


def alignment_faults(
    path: Path, sample: str, realign: bool, genome: GivenReference | None
) -> Iterator[str]:
    """
    What is wrong with a BAM or CRAM as far as its header and its end tell, a message each.

    Args:
        path: the file.
        sample: id that its read groups must have as SM, where it is taken as it is.
        realign: whether its reads are aligned again.
        genome: what it must be aligned to, where it is taken as it is; None where unknown.
    """
    kind = alignment_format(path)
    if kind is None:
        yield f"{path} {_NEITHER}"
        return
    try:
        header = _header(path)
    except (OSError, ValueError) as error:
        yield f"{path} cannot be read as {kind.upper()} ({error}). {COPY_AGAIN}"
        return
    try:
        pysam.quickcheck("-u", str(path))
    except SamtoolsError:
        yield f"{path} ends without its end block: it is truncated. {COPY_AGAIN}"
    groups = Counter(group.get("ID") for group in header.get("RG", []))
    if groups.pop(None, 0):
        yield f"{path} has a read group (@RG) without an ID: give it one with samtools reheader."
    yield from _quality_faults(path, kind, genome)
    names = sorted({group["SM"] for group in header.get("RG", []) if group.get("SM")})
    if len(names) > 1:
        yield f"{path} has reads of several samples ({', '.join(names)}): split it by sample."
    if realign:
        if kind == "cram" and genome and not _decodes(path, genome):
            yield (
                f"{path} was written against another reference than {genome.name}, and that is "
                "not to be found: make a BAM of it with its own reference (samtools view "
                "--reference)."
            )
        return
    for group in (group for group, count in groups.items() if count > 1):
        yield (
            f'{path} has {groups[group]} read groups with the ID "{group}": keep one '
            f"(samtools reheader), or {_REALIGN}."
        )
    if not names:
        yield f"{path} has no read group with a sample name (SM): {_REALIGN}."
    elif len(names) == 1 and names[0] != sample:
        yield (
            f'{path} is of sample "{names[0]}" (SM), but the row is of "{sample}": give the BAM of '
            f'"{sample}", change its SM with samtools reheader, or {_REALIGN}.'
        )
    order = header.get("HD", {}).get("SO", "unknown")
    if order != "coordinate":
        yield f"{path} is not sorted by coordinate (SO is {order}): sort it, or {_REALIGN}."
    if genome:
        yield from _genome_faults(path, header.get("SQ", []), genome)


def _header(path: Path) -> dict[str, Any]:
    # That the end is missing is found elsewhere, and must not hide what the header says.
    with (
        warnings.catch_warnings(action="ignore"),
        pysam.AlignmentFile(str(path), check_sq=False, ignore_truncation=True) as alignments,
    ):
        header: dict[str, Any] = alignments.header.to_dict()
        return header


def _quality_faults(path: Path, kind: str, genome: GivenReference | None) -> Iterator[str]:
    """What is wrong with the qualities of the first reads; nothing where they cannot be read."""
    if kind == "cram" and genome is None:
        return
    lowest, highest, bare = 255, 0, ""
    with _quiet(), reference_aside(genome) as fasta:
        try:
            with pysam.AlignmentFile(
                str(path), check_sq=False, reference_filename=str(fasta) if fasta else None
            ) as alignments:
                for read in islice(alignments, HEAD_READS):
                    qualities = read.query_qualities
                    if qualities:
                        lowest = min(lowest, *qualities)
                        highest = max(highest, *qualities)
                    elif read.query_length:
                        bare = read.query_name or "*"
        except (OSError, ValueError):
            return
    if bare and not highest:
        yield (
            f'{path} has reads without qualities, such as "{bare}", which callers pass over: give '
            "the reads as they were sequenced."
        )
    elif lowest >= PHRED64_LOWEST - PHRED_OFFSET and highest >= PHRED64_TOP - PHRED_OFFSET:
        yield (
            f"{path} has qualities from {lowest} to {highest}, which are those of the offset 64 of "
            "Illumina 1.3 to 1.7 read with the offset 33: take 31 from each (gatk "
            "FixMisencodedBaseQualityReads)."
        )


def _decodes(path: Path, genome: GivenReference) -> bool:
    """Whether the first mapped read of a CRAM can be read, by the FASTA or by what it names."""
    with _quiet(), reference_aside(genome) as fasta:
        for reference in (str(fasta), None):
            try:
                with pysam.AlignmentFile(
                    str(path), check_sq=False, reference_filename=reference
                ) as alignments:
                    next((read for read in alignments if not read.flag & FLAG_UNMAPPED), None)
            except (OSError, ValueError):
                continue
            return True
    return False


@contextmanager
def _quiet() -> Iterator[None]:
    before = pysam.set_verbosity(0)
    try:
        yield
    finally:
        pysam.set_verbosity(before)


@contextmanager
def reference_aside(genome: GivenReference | None) -> Iterator[Path | None]:
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


def _genome_faults(
    path: Path, contigs: list[dict[str, str]], genome: GivenReference
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
    wanted = [name for name in genome.lengths if name in lengths]
    if not missing and not absent and list(lengths) != wanted:
        yield (
            f"{path} has its contigs in another order than {genome.name} ({', '.join(wanted[:3])} "
            f"there, {', '.join([*lengths][:3])} here): bring it into that order (gatk "
            f"ReorderSam), or {_REALIGN}."
        )
    for names, problem in (
        (missing, f"contigs that {genome.name} has not"),
        (absent, f"not the contigs that {genome.name} has"),
        (other, f"contigs of another length than {genome.name}"),
        (changed, f"contigs of another sequence (M5) than {genome.name}"),
    ):
        if names:
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
            yield f"{path} is aligned to another reference: it has {problem} ({shown}): {_REALIGN}."
