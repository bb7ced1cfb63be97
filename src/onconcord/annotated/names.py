"""
Names of an event by HGVS, from the event and the transcript's own sequence.

One event has one name: bases that lie between two changes of an event are part of a delins. An
inversion of two bases is a delins as well, since by chance one change of two bases in nine is one.
A place outside a coding transcript is counted on from its ends (TERT's promoter, c.-124C>T); a
transcript that codes for nothing has no such numbers. Protein names carry no brackets: each of
them is predicted from DNA, so that brackets would tell no two apart.

Source: HGVS nomenclature 21.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onconcord.annotated.events import Change, change_on
from onconcord.annotated.protein import (
    NO_NAMES,
    NO_TERM,
    PROTEIN_TERMS,
    ProteinNames,
    Stated,
    protein_names,
    stated_term,
)
from onconcord.reference.codons import reverse_complement
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import (
    CodingSequence,
    Location,
    Transcript,
    coding_sequence,
)

SPLICE_SITE_BP = 2
"""Bases of an intron next to an exon without which it is not spliced as before."""
SHORTEST_INVERSION_BP = 3
EXON_REGION_BP, INTRON_REGION_BP = 3, 8
"""Bases on both sides of a splice site that are of its region."""
DONOR, ACCEPTOR = "splice_donor_variant", "splice_acceptor_variant"
DONOR_5TH_BASE, DONOR_REGION = "splice_donor_5th_base_variant", "splice_donor_region_variant"
REGION, POLYPYRIMIDINE_TRACT = "splice_region_variant", "splice_polypyrimidine_tract_variant"
SPLICE_TERMS = (DONOR, ACCEPTOR, REGION)
"""Terms of introns' ends that SnpEff has too, for the place where a VCF has the event."""


@dataclass(frozen=True, slots=True)
class Names:
    """
    Names of an event on one transcript.

    Args:
        coding: c. or, on a transcript that codes for nothing, n.; None where it has no number.
        protein: p.; None where no protein is changed or none can be named.
        splice: what of an intron's ends it changes, see `splice_terms`.
        stated: what the protein name states, see `stated_term`.
    """

    coding: str | None
    protein: ProteinNames
    splice: tuple[str, ...] = ()
    stated: Stated = NO_TERM


class Namer:
    """Names events of one genome; sequences and shifted events are read once."""

    def __init__(self, genome: Genome) -> None:
        self._genome = genome
        self._sequences: dict[tuple[str, str], CodingSequence | None] = {}
        self._asked: tuple[str, int, str, str] | None = None
        self._changes: dict[int, Change] = {}

    def names(self, transcript: Transcript, pos: int, ref: str, alt: str) -> Names:
        """
        Names of an event, given as in a VCF, on a transcript.

        Args:
            pos: 1-based position of the first base of `ref`.
        """
        change = self._change(transcript, pos, ref, alt)
        protein = self._protein(transcript, change)
        stated = stated_term(protein.short, len(change.ref) == len(change.alt))
        return Names(
            coding_name(transcript, change),
            protein,
            splice_terms(transcript, change),
            stated if protein.short else _untranslated_term(transcript, change),
        )

    def genomic(self, contig: str, pos: int, ref: str, alt: str) -> str:
        """The g. name of an event, without the contig."""
        change = change_on(self._genome, contig, 1, pos, ref, alt)
        return "g." + _written(change, lambda place: str(place + 1))

    def coding_sequence(self, transcript: Transcript) -> CodingSequence | None:
        """The coding sequence of a transcript, see `transcripts.coding_sequence`."""
        key = (transcript.chrom, transcript.transcript_id)
        if key not in self._sequences:
            self._sequences[key] = coding_sequence(transcript, self._genome)
        return self._sequences[key]

    def _change(self, transcript: Transcript, pos: int, ref: str, alt: str) -> Change:
        # An event is asked for on one transcript after another.
        asked = (transcript.chrom, pos, ref, alt)
        if asked != self._asked:
            self._asked, self._changes = asked, {}
        change = self._changes.get(transcript.strand)
        if change is None:
            change = change_on(self._genome, transcript.chrom, transcript.strand, pos, ref, alt)
            self._changes[transcript.strand] = change
        return change

    def _protein(self, transcript: Transcript, change: Change) -> ProteinNames:
        span = transcript.coding_span
        if span is None:
            return NO_NAMES
        first, last = _ends(transcript, change)
        in_exon = first.exon == last.exon and not (first.intron or last.intron)
        if in_exon:
            # Where what is inserted lies at an edge, its base behind is the edge.
            start = last.base if not change.ref else first.base
            if not 0 <= first.base <= last.base < transcript.length:
                return NO_NAMES
            if _untranslated(start, start + len(change.ref), span):
                return NO_NAMES
            if change.is_duplication and _holds_a_splice_site(transcript, change, first):
                in_exon = False
        elif not _is_of_splicing(first, last, span, is_insertion=not change.ref):
            return NO_NAMES
        coding = self.coding_sequence(transcript)
        if coding is None or coding.status != "ok":
            return NO_NAMES
        if not in_exon:
            return ProteinNames("p.?", "p.?")
        return protein_names(coding, start, start + len(change.ref), change.alt)


def _untranslated(start: int, end: int, span: tuple[int, int]) -> str | None:
    """The end of a transcript that bases [start, end) of it lie in; None for the coding part."""
    if end <= span[0]:
        return "5_prime_UTR_variant"
    return "3_prime_UTR_variant" if start >= span[1] else None


def _untranslated_term(transcript: Transcript, change: Change) -> Stated:
    """An event within one exon that changes no coding base has no term that says so."""
    span = transcript.coding_span
    first, last = _ends(transcript, change)
    in_exon = first.exon == last.exon and not (first.intron or last.intron)
    if span is None or not in_exon or not 0 <= first.base <= last.base < transcript.length:
        return NO_TERM
    start = first.base if change.ref else last.base
    term = _untranslated(start, start + len(change.ref), span)
    return Stated(term, PROTEIN_TERMS) if term else NO_TERM


def _holds_a_splice_site(transcript: Transcript, change: Change, before: Location) -> bool:
    """Whether what is doubled begins in another exon or in an intron; `before` is its end."""
    begin = transcript.locate(change.start - len(change.alt))
    return begin.exon != before.exon or begin.intron != 0


def _ends(transcript: Transcript, change: Change) -> tuple[Location, Location]:
    """First and last base that is replaced; of an insertion the bases on both sides of it."""
    if change.ref:
        return transcript.locate(change.start), transcript.locate(change.end - 1)
    return transcript.locate(change.start - 1), transcript.locate(change.start)


def _is_of_splicing(
    first: Location, last: Location, span: tuple[int, int], *, is_insertion: bool
) -> bool:
    """
    Whether an event that is not within one exon changes what is spliced of the coding part.

    Args:
        first, last: the ends of the event, of an insertion the bases on both sides of it.
        span: the coding part, bases of the transcript.
    """
    if first.intron and last.intron and first.exon == last.exon:
        # One intron. The base before it may be named from either side.
        before = first.base if first.intron > 0 else first.base - 1
        site = SPLICE_SITE_BP - is_insertion
        near = 0 < first.intron <= site or -site <= last.intron < 0
        return near and span[0] <= before < span[1] - 1
    return first.base < span[1] and last.base >= span[0]


def splice_terms(transcript: Transcript, change: Change) -> tuple[str, ...]:
    """
    The ends of introns that a change has a part in, where it is named: terms of the Sequence
    Ontology. Those of a donor's bases 3 to 6 stand for the wider splice region.

    Source: SO:0001575 and SO:0001574, two bases at an intron's ends; SO:0001787, base 5 behind an
    exon; SO:0002170, bases 3 to 6; SO:0002169, bases 17 to 3 before one; SO:0001630, bases 3 to 8
    of an intron, and 3 of an exon next to it.
    """
    first, last = _ends(transcript, change)
    if first.base <= 0 and last.base >= transcript.length - 1:
        return ()
    places = range(change.start, change.end) or (change.start - 1, change.start)
    steps = [_from_splice_sites(transcript, place) for place in places]
    # What is inserted lies in a region where the bases on both sides of it do; at the edge of a
    # splice site it is near one.
    has_part = any if change.ref else all
    is_at_edge = not change.ref and len({_is_splice_site(step) for step in steps}) > 1
    terms = []
    if has_part(1 <= donor <= SPLICE_SITE_BP for donor, _ in steps):
        terms.append(DONOR)
    if has_part(1 <= acceptor <= SPLICE_SITE_BP for _, acceptor in steps):
        terms.append(ACCEPTOR)
    if change.ref and any(donor == 5 for donor, _ in steps):
        terms.append(DONOR_5TH_BASE)
    elif has_part(3 <= donor <= 6 for donor, _ in steps):
        terms.append(DONOR_REGION)
    elif is_at_edge or has_part(any(map(_is_of_region, step)) for step in steps):
        terms.append(REGION)
    if has_part(3 <= acceptor <= 17 for _, acceptor in steps):
        terms.append(POLYPYRIMIDINE_TRACT)
    return tuple(terms)


def _is_splice_site(step: tuple[int, int]) -> bool:
    return any(1 <= from_site <= SPLICE_SITE_BP for from_site in step)


def _is_of_region(from_site: int) -> bool:
    return SPLICE_SITE_BP < from_site <= INTRON_REGION_BP or -EXON_REGION_BP <= from_site < 0


def _from_splice_sites(transcript: Transcript, place: int) -> tuple[int, int]:
    """
    Bases from the donor and from the acceptor: of an intron's base positive and 1-based, of an
    exon's negative; 0 where there is none.
    """
    where = transcript.locate(place)
    last = len(transcript.exons) - 1
    if not 0 <= where.exon <= last:
        return 0, 0
    at = where.exon if transcript.strand > 0 else last - where.exon
    start, end = transcript.exons[at]
    if not where.intron:
        base = place if transcript.strand > 0 else -place - 1
        before, behind = (start - base - 1, base - end)[:: transcript.strand]
        return (behind if where.exon < last else 0), (before if where.exon else 0)
    other = transcript.exons[at + transcript.strand]
    length = max(start, other[0]) - min(end, other[1])
    donor = where.intron if where.intron > 0 else length + 1 + where.intron
    return donor, length + 1 - donor


def coding_name(transcript: Transcript, change: Change) -> str | None:
    """The c. or n. name of a change; None where a place has no number on the transcript."""
    span = transcript.coding_span
    if span is None:
        first, last = _ends(transcript, change)
        if not (first.base >= 0 and last.base < transcript.length):
            return None
    prefix = "n." if span is None else "c."
    return prefix + _written(change, lambda place: _number(transcript.locate(place), span))


def _written(change: Change, number: Callable[[int], str]) -> str:
    """A change in HGVS, its places numbered as the function says."""
    start, end, ref, alt = change.start, change.end, change.ref, change.alt

    def span(first: int, after: int) -> str:
        if after - first == 1:
            return number(first)
        return f"{number(first)}_{number(after - 1)}"

    if change.is_duplication:
        return f"{span(start - len(alt), start)}dup"
    if not ref:
        return f"{span(start - 1, start + 1)}ins{alt}"
    if not alt:
        return f"{span(start, end)}del"
    if len(ref) == len(alt) == 1:
        return f"{number(start)}{ref}>{alt}"
    if len(ref) >= SHORTEST_INVERSION_BP and alt == reverse_complement(ref):
        return f"{span(start, end)}inv"
    return f"{span(start, end)}delins{alt}"


def _number(where: Location, span: tuple[int, int] | None) -> str:
    """The number of a place: of the base, and of the bases into an intron."""
    if span is None:
        number = str(where.base + 1)
    elif where.base < span[0]:
        number = str(where.base - span[0])
    elif where.base < span[1]:
        number = str(where.base - span[0] + 1)
    else:
        number = f"*{where.base - span[1] + 1}"
    return f"{number}{where.intron:+d}" if where.intron else number
