"""The text of a FASTA: what an index does not show, and tools read each in a way of its own."""

import re
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

from onconcord.compressed import read_chunks
from onconcord.errors import Fault

_NAME = re.compile(rb"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")
"""A name of a contig that SAM can have. Source: SAM specification, section 1.2.1."""
_LETTERS = b"ACGTNRYSWKMBDHVacgtnryswkmbdhv\n"


def text_faults(fasta: Path) -> list[Fault]:
    """
    Names that no tool can have or that are there twice, contigs without a base, and the first
    letter of each contig that is no base; with their lines.

    An index leaves out the second contig of a name and one without a base; an aligner does not.

    Args:
        fasta: plain or compressed.
    Raises:
        ValueError: it is compressed, and damaged or cut off.
    """
    faults: list[Fault] = []
    begun: dict[bytes, int] = {}
    odd: set[bytes] = set()
    name, has_bases = b"", True
    for line, header, bases in _pieces(fasta):
        if header is not None:
            if not has_bases:
                faults.append(_no_base(fasta, name, begun[name]))
            name, has_bases = header.split(maxsplit=1)[0] if header.strip() else b"", False
            if not _NAME.fullmatch(name):
                message = (
                    f'"{_shown(name)}" is not a name of a contig: expected letters, digits and '
                    "signs such as _ . : * | and -, without commas, brackets and quotes."
                )
                faults.append(Fault(fasta.name, message, line))
            elif name in begun:
                message = (
                    f'the contig "{_shown(name)}" is there already, on line {begun[name]}: keep '
                    "one of them."
                )
                faults.append(Fault(fasta.name, message, line))
            begun.setdefault(name, line)
        has_bases = has_bases or bool(bases.strip())
        strange = bases.translate(None, _LETTERS)[:1]
        if strange and name not in odd:
            odd.add(name)
            before = bases.count(b"\n", 0, bases.index(strange))
            message = (
                "ends as lines of Windows do, and callers take that for a base: convert the file "
                "(dos2unix)."
                if strange == b"\r"
                else f'"{_shown(strange)}" is no base: expected A, C, G, T, N and the codes of '
                "ambiguity. Give the genome as nucleotides."
            )
            faults.append(Fault(fasta.name, message, line + (header is not None) + before))
    if not has_bases:
        faults.append(_no_base(fasta, name, begun[name]))
    return faults


def uneven_line(fasta: Path) -> int | None:
    """
    1-based number of the first line that an index cannot have: one of a contig's lines before the
    last is shorter than its first, or one is longer; None where there is none.
    """
    width, ended = 0, False
    for first, header, bases in _pieces(fasta):
        if header is not None:
            width, ended = 0, False
        for number, line in enumerate(bases.split(b"\n")[:-1], first + (header is not None)):
            if line and (ended or (width and len(line) > width)):
                return number
            width = width or len(line)
            ended = len(line) < width or not line
    return None


def _pieces(fasta: Path) -> Iterator[tuple[int, bytes | None, bytes]]:
    """
    A FASTA in pieces of whole lines of one contig: the 1-based number of the first line, the text
    of the header where the piece begins with one, and lines of bases.
    """
    line, rest = 1, b""
    for chunk in chain(read_chunks(fasta), (b"\n",)):
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        text = whole + newline
        ends = [match.start() + 1 for match in re.finditer(rb"\n>", text)]
        for begin, end in pairwise((0, *ends, len(text))):
            piece = text[begin:end]
            if piece.startswith(b">"):
                header, _, bases = piece[1:].partition(b"\n")
                yield line, header, bases
            else:
                yield line, None, piece
            line += piece.count(b"\n")


def _no_base(fasta: Path, name: bytes, line: int) -> Fault:
    message = f'the contig "{_shown(name)}" has no base: give its sequence, or remove it.'
    return Fault(fasta.name, message, line)


def _shown(text: bytes) -> str:
    return text.decode("ascii", errors="backslashreplace")
