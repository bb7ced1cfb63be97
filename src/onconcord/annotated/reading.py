"""An HGVS name back to the event it says, on a transcript or a contig; the reverse of `names`."""

import re
from collections.abc import Callable

from onconcord.annotated.events import bases_of
from onconcord.reference.codons import reverse_complement
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import Transcript

_POINT = r"(?P<{0}>[-*]?[0-9]+)(?P<{0}_intron>[+-][0-9]+)?"
_NAME = re.compile(
    rf"{_POINT.format('first')}(?:_{_POINT.format('last')})?"
    r"(?:(?P<old>[ACGTN]+)>(?P<new>[ACGTN]+)|(?P<what>delins|del|dup|inv|ins)(?P<bases>[ACGTN]*))"
)
_STATED = re.compile(r"(?:del|dup|inv)(?P<stated>[ACGTN]+|[0-9]+)(?=ins|$)")
"""Bases that are deleted, doubled or turned, or their number, as some write behind the word."""
_REPEATED = (
    (re.compile(r"del(?:[ACGTN]+|[0-9]+)ins"), "delins"),
    (re.compile(r"(del|dup|inv)(?:[ACGTN]+|[0-9]+)$"), r"\1"),
)

Event = tuple[int, str, str]
"""pos, ref and alt as in a VCF, with an anchor base where one is empty; not in normal form."""


def is_read(change: str) -> bool:
    """Whether a c., n., g. or m. change is in a form that is read, its bases in capitals."""
    return _NAME.fullmatch(plain_change(change)[2:]) is not None


def plain_change(change: str) -> str:
    """A c., n. or g. change without brackets, and without the bases that it deletes or doubles."""
    change = change.replace("(", "").replace(")", "")
    for pattern, short in _REPEATED:
        change = pattern.sub(short, change)
    return change


def event_of_coding(transcript: Transcript, genome: Genome, change: str) -> Event | None:
    """
    The event that a c. or n. change is on a transcript; None where it is none of its bases.

    The bases of a coding transcript have n. numbers too, though its names have none.
    """
    span = None if change.startswith("n.") else transcript.coding_span
    if span is None and change.startswith("c."):
        return None

    def place(number: str, intron: str | None) -> int | None:
        if int(number.lstrip("-*")) == 0:
            return None
        if span is None:
            base = int(number) - 1 if number.isdecimal() else None
        elif number.startswith("*"):
            base = span[1] + int(number[1:]) - 1
        else:
            base = span[0] + int(number) - (not number.startswith("-"))
        return None if base is None else transcript.place(base, int(intron or 0))

    return _event(genome, transcript.chrom, transcript.strand, change[2:], place)


def event_of_genomic(genome: Genome, contig: str, change: str) -> Event | None:
    """The event that a g. or m. change is on a contig; None where it is none of its bases."""

    def place(number: str, intron: str | None) -> int | None:
        return int(number) - 1 if number.isdecimal() and intron is None else None

    return _event(genome, contig, 1, change[2:], place)


def _event(
    genome: Genome,
    contig: str,
    strand: int,
    change: str,
    place: Callable[[str, str | None], int | None],
) -> Event | None:
    change = change.replace("(", "").replace(")", "")
    parts = _NAME.fullmatch(plain_change(change))
    if parts is None:
        return None
    start = place(parts["first"], parts["first_intron"])
    last = place(parts["last"], parts["last_intron"]) if parts["last"] else start
    if start is None or last is None or last < start:
        return None
    held = bases_of(genome, contig, strand, start, last + 1)
    end, new = last + 1, parts["new"] or parts["bases"]
    if len(held) != last + 1 - start or parts["old"] not in (None, held):
        return None
    said = _STATED.search(change)
    if said and said["stated"] not in (held, str(len(held))):
        return None
    if parts["what"] == "ins":
        if last != start + 1 or not new:
            return None
        start, end, held = last, last, ""
    elif parts["what"] == "dup":
        start, held, new = end, "", held
    elif parts["what"] == "inv":
        new = reverse_complement(held)
    if strand < 0:
        start, end = -end, -start
        held, new = reverse_complement(held), reverse_complement(new)
    if held and new:
        return None if held == new else (start + 1, held, new)
    if start == 0:
        # No base is before it; a VCF has the one behind it.
        anchor = genome.bases(contig, end, end + 1)
        return 1, held + anchor, new + anchor
    anchor = genome.bases(contig, start - 1, start)
    return start, anchor + held, anchor + new
