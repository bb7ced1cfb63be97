"""An event as a transcript sees it: in its direction, as short as it goes, shifted to its end."""

from dataclasses import dataclass

from onconcord.reference.codons import reverse_complement
from onconcord.reference.sequence import Genome


@dataclass(frozen=True, slots=True)
class Change:
    """
    Bases replaced by others, in places of one strand (`transcripts`).

    Args:
        start, end: places that are replaced, half-open; equal for an insertion.
        ref, alt: bases before and after, in the strand's direction; no base is common to both
            ends, and an insertion or deletion lies as far along the strand as it can.
        is_duplication: an insertion that repeats the bases right before it.
    """

    start: int
    end: int
    ref: str
    alt: str
    is_duplication: bool


def change_on(genome: Genome, contig: str, strand: int, pos: int, ref: str, alt: str) -> Change:
    """
    An event of a VCF as one strand sees it.

    Args:
        contig: native name.
        strand: 1 or -1.
        pos: 1-based position of the first base of `ref`.
        ref, alt: alleles that differ.
    Source: HGVS nomenclature 21: the most 3' position; duplication before insertion.
    """
    tail = 0
    while tail < min(len(ref), len(alt)) and ref[-1 - tail] == alt[-1 - tail]:
        tail += 1
    ref, alt = ref[: len(ref) - tail], alt[: len(alt) - tail]
    head = 0
    while head < min(len(ref), len(alt)) and ref[head] == alt[head]:
        head += 1
    ref, alt, start = ref[head:], alt[head:], pos - 1 + head
    end = start + len(ref)
    if strand < 0:
        start, end = -end, -start
        ref, alt = reverse_complement(ref), reverse_complement(alt)
    if not (ref and alt):
        moved = ref or alt
        steps = _steps_along(genome, contig, strand, end, moved)
        turned = steps % len(moved)
        moved = moved[turned:] + moved[:turned]
        start, end = start + steps, end + steps
        ref, alt = (moved, "") if ref else ("", moved)
    repeated = not ref and bases_of(genome, contig, strand, start - len(alt), start) == alt
    return Change(start, end, ref, alt, repeated)


def _steps_along(genome: Genome, contig: str, strand: int, end: int, moved: str) -> int:
    """How many bases an insertion or deletion of `moved` that ends at a place can shift."""
    steps, length, window = 0, len(moved), max(32, 2 * len(moved))
    # What is shifted over repeats what is moved, base by base.
    while True:
        ahead = bases_of(genome, contig, strand, end + steps, end + steps + window)
        for base in ahead:
            if base != moved[steps % length] or base == "N":
                return steps
            steps += 1
        if len(ahead) < window:
            return steps


def bases_of(genome: Genome, contig: str, strand: int, start: int, end: int) -> str:
    """Bases of places [start, end) in the strand's direction, cut to the contig."""
    if strand > 0:
        return genome.bases(contig, start, end)
    return reverse_complement(genome.bases(contig, -end, -start))
