"""
Which allele each fragment shows: reads compared with the two local haplotypes of a candidate.

A read is laid against the reference haplotype and against the alternate one, from an aligned base
beside the event and without gaps, so that where in a repeat the aligner put an indel, or whether it
clipped the read there, makes no difference. Mates that overlap are one fragment and vote once;
mates that disagree support neither allele. A fragment is F1R2 where its first read lies forward.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pysam

from onconcord.evidence.normal_form import FRAME_GAP_BP, Allele, extent0, variant_class
from onconcord.reference.sequence import Genome

MEASURES = (
    *("depth", "ref_count", "alt_count", "ref_f1r2", "alt_f1r2", "discordant"),
    *("alt_pairs", "alt_base_quality", "alt_mapping_quality", "ref_mapping_quality"),
    *("alt_end_distance", "alt_near_end", "alt_mismatches", "ref_mismatches", "low_mapq_alt"),
)
"""
What is counted of each candidate, all of fragments (`depth` those that show either allele or
neither): those of F1R2; `discordant`, whose mates disagree; `alt_pairs`, of which both mates show
the alternate; sums over alternate (or reference) fragments of base quality and mapping quality
(Phred), distance of the event from the nearer end of the aligned read (bp), and other mismatches;
`alt_near_end`, closer to it than NEAR_END_BP; `low_mapq_alt`, alternate fragments that map too
badly to be counted elsewhere.
"""

NEAR_END_BP = 8
FLANK_BP = 20
"""Bases beyond the event up to which a read is compared."""
ANCHOR_BP = 10
"""Bases before the event in which a read must have an aligned base."""
_OUTWARD_BP = 5
"""Bases beside an anchor, away from the event, that must agree with the reference."""
_UNUSED = 0xF04  # unmapped, secondary, failed, duplicate, supplementary
_TELLING = 12
"""Difference of the summed qualities of mismatches that tells two haplotypes apart."""
_FOREIGN = 60
"""Summed quality of mismatches from which a read shows neither haplotype."""
_HIGHEST = 30
"""Quality above which a mismatch counts no more."""
_REF, _ALT, _NEITHER = 0, 1, 2
IN_CIS = 0.8
"""Share of the fragments of its commonest part that an event's own must reach to be one event; and
share of a part's fragments within the event from which the part is not a variant of its own."""
_GAP_BP = 1000
_LARGEST_REACH_BP = 100_000

Block = tuple[int, int, int]
"""An aligned stretch of a read: offset in the read, 0-based reference position, length."""


@dataclass(frozen=True)
class Limits:
    """Lowest mapping quality of a read and lowest quality of a base that count (Phred)."""

    mapping_quality: int
    base_quality: int


@dataclass
class _Site:
    """
    A candidate while it is counted.

    Args:
        start0, end0: the interval the event may be shifted in, 0-based half-open.
        first0: reference position of the haplotypes' first base.
        ref, alt: the haplotypes, with ANCHOR_BP before and FLANK_BP after the event.
        bases: reference and alternate bases of a substitution, None of an indel.
        differs: place of the first difference of the haplotypes, from the left and from the right.
        changed: bases of the event in the reference and in the alternate haplotype, first and last
            place (half-open).
        edits: mismatches and gaps that an aligner counts for the event.
        votes: by fragment [allele, F1R2, base quality, mapping quality, distance from the end,
            other mismatches, mates].
    """

    start0: int
    end0: int
    first0: int
    ref: str
    alt: str
    bases: tuple[str, str] | None
    differs: tuple[int, int]
    changed: tuple[tuple[int, int], tuple[int, int]]
    edits: int
    votes: dict[str, list[int]]
    low_mapq: set[str]


def _site(genome: Genome, allele: Allele) -> _Site:
    start0, end0 = extent0(genome, allele)
    first0 = max(start0 - ANCHOR_BP, 0)
    long = max(len(allele.alt) - len(allele.ref), 0)
    last0 = end0 + FLANK_BP + long
    ref = genome.bases(allele.chrom, first0, last0)
    at = allele.start0 - first0
    if at < 0:
        first0, at = allele.start0, 0
        ref = genome.bases(allele.chrom, first0, last0)
    alt = ref[:at] + allele.alt + ref[at + len(allele.ref) :]
    short = min(len(ref), len(alt))
    ahead = next((i for i in range(short) if ref[i] != alt[i]), short - 1)
    behind = next((i for i in range(short) if ref[-1 - i] != alt[-1 - i]), short - 1)
    kind = variant_class(allele.ref, allele.alt)
    others = sum(a != b for a, b in zip(allele.ref, allele.alt, strict=False))
    return _Site(
        start0,
        end0,
        first0,
        ref,
        alt,
        bases=(allele.ref, allele.alt) if kind in ("SNV", "MNV") else None,
        differs=(ahead, behind),
        changed=((at, at + len(allele.ref)), (at, at + len(allele.alt))),
        edits=others + abs(len(allele.ref) - len(allele.alt)),
        votes={},
        low_mapq=set(),
    )


def count_fragments(
    reads: pysam.AlignmentFile, genome: Genome, alleles: Sequence[Allele], limits: Limits
) -> Iterator[tuple[tuple[int, ...], bool]]:
    """
    Of each allele, in their order: its MEASURES in one sample, and whether it is a variant of its
    own there.

    Neighbours in cis are one event where nearly all fragments of the commonest of them show all of
    them; they are then no variants of their own. An event that is not so is none: its parts are.

    Args:
        reads: indexed BAM or CRAM, open.
        alleles: in normal form, sorted by contig and position.
        limits: which reads and bases count; duplicates never do.
    """
    for first, last in _neighbours(alleles):
        sites = [_site(genome, allele) for allele in alleles[first:last]]
        chrom = alleles[first].chrom
        begin, end = min(site.start0 for site in sites), max(site.end0 for site in sites)
        # What starts within a read may reach back: sorted again by where the event may lie.
        order = sorted(sites, key=lambda site: site.start0)
        starts = [site.start0 for site in order]
        reach = max(site.end0 - site.start0 for site in sites)
        for read in reads.fetch(chrom, max(begin - 1, 0), end + 1):
            if is_used(read):
                _vote(read, order, starts, reach, limits)
        own = _own(sites)
        yield from zip(map(_measured, sites), own, strict=True)


def _own(sites: Sequence[_Site]) -> list[bool]:
    """
    Whether each of some sites is a variant of its own; those of few edits may be parts.

    Of two of as many edits in one place, the one that more fragments show is what the others have.
    """
    near: list[list[int]] = [[] for _ in sites]
    for at, site in enumerate(sites):
        for other in range(at + 1, len(sites)):
            if sites[other].start0 - site.end0 > FRAME_GAP_BP + ANCHOR_BP:
                break
            if sites[other].start0 - site.end0 <= FRAME_GAP_BP:
                near[at].append(other)
                near[other].append(at)
    own = [True] * len(sites)
    shows = {
        at: {name for name, vote in sites[at].votes.items() if vote[0] == _ALT}
        for at, others in enumerate(near)
        if others
    }
    for at in sorted(shows, key=lambda place: (-sites[place].edits, -len(shows[place]), place)):
        mine = shows[at]
        smaller = [other for other in near[at] if sites[other].edits < sites[at].edits]
        parts = [
            other for other in smaller if len(shows[other] & mine) >= max(IN_CIS * len(mine), 1)
        ]
        larger = (
            other
            for other in near[at]
            if own[other]
            and (
                sites[other].edits > sites[at].edits
                or (_exclude(sites[other], sites[at]) and len(shows[other]) > len(mine))
            )
        )
        inside = any(mine and len(shows[other] & mine) >= IN_CIS * len(mine) for other in larger)
        most = max((len(shows[other]) for other in parts), default=0)
        own[at] = not inside and len(mine) >= max(IN_CIS * most, 1)
    return own


def _exclude(first: _Site, second: _Site) -> bool:
    """Whether two sites of as many edits change the same bases, so that no haplotype has both."""
    return first.edits == second.edits and first.start0 < second.end0 and second.start0 < first.end0


def _neighbours(alleles: Sequence[Allele]) -> Iterator[tuple[int, int]]:
    """Runs of alleles near each other, as first and last place (half-open)."""
    first = 0
    for at in range(1, len(alleles) + 1):
        if at == len(alleles) or (
            alleles[at].chrom != alleles[at - 1].chrom
            or alleles[at].pos - alleles[at - 1].pos > _GAP_BP
            or alleles[at].pos - alleles[first].pos > _LARGEST_REACH_BP
        ):
            yield first, at
            first = at


def is_used(read: Any) -> bool:
    """Whether a read may count: mapped, primary, no duplicate, with its bases."""
    return not read.flag & _UNUSED and bool(read.query_sequence)


def is_f1r2(read: Any) -> bool:
    """Whether the first read of the fragment lies forward; a read without a mate is the first."""
    first = read.is_read1 or not read.is_paired
    return bool(first != read.is_reverse)


def _vote(
    read: Any, sites: Sequence[_Site], starts: Sequence[int], reach: int, limits: Limits
) -> None:
    """Enter what one read shows of the sites it covers."""
    blocks, clipped = _blocks(read.reference_start, read.cigartuples)
    if not blocks:
        return
    first0 = read.reference_start - clipped[0]
    last0 = read.reference_end + clipped[1]
    sequence: str = read.query_sequence
    qualities = read.query_qualities
    if qualities is None:
        qualities = [limits.base_quality] * len(sequence)
    begin, end = clipped[0], len(sequence) - clipped[1]
    well_mapped = read.mapping_quality >= limits.mapping_quality
    f1r2 = int(is_f1r2(read))
    distance = read.get_tag("NM") if read.has_tag("NM") else 0
    at = bisect_left(starts, first0 - reach)
    while at < len(sites) and starts[at] <= last0:
        site = sites[at]
        at += 1
        if site.end0 < first0:
            continue
        found = _seen(site, sequence, qualities, blocks)
        if found is None:
            continue
        allele, quality, offset = found
        if quality < limits.base_quality:
            continue
        if not well_mapped:
            if allele == _ALT:
                site.low_mapq.add(read.query_name)
            continue
        from_end = max(min(offset - begin, end - 1 - offset), 0)
        others = max(distance - (site.edits if allele == _ALT else 0), 0)
        mine = [allele, f1r2, quality, read.mapping_quality, from_end, others, 1]
        mate = site.votes.setdefault(read.query_name, mine)
        if mate is not mine:
            _join(mate, mine)


def _join(mate: list[int], mine: list[int]) -> None:
    """One vote of two mates: the allele they agree on, the better of what else they have."""
    if mate[0] != mine[0]:
        mate[0], mate[6] = _NEITHER, -1
        return
    mate[2:5] = (max(pair) for pair in zip(mate[2:5], mine[2:5], strict=True))
    mate[5] = min(mate[5], mine[5])
    mate[6] += 1


def _blocks(start0: int, cigar: Sequence[tuple[int, int]]) -> tuple[list[Block], tuple[int, int]]:
    """Aligned stretches of a read, and the bases clipped at its start and end."""
    blocks: list[Block] = []
    offset, position0 = 0, start0
    clipped = [0, 0]
    for operation, length in cigar or ():
        if operation in (0, 7, 8):
            blocks.append((offset, position0, length))
            offset += length
            position0 += length
        elif operation in (1, 4):
            if operation == 4:
                clipped[1 if blocks else 0] = length
            offset += length
        elif operation in (2, 3):
            position0 += length
    return blocks, (clipped[0], clipped[1])


def _seen(
    site: _Site, sequence: str, qualities: Sequence[int], blocks: Sequence[Block]
) -> tuple[int, int, int] | None:
    """Allele, base quality and offset in the read of what it shows of a site, None of nothing."""
    if site.bases:
        for offset, position0, length in blocks:
            if position0 <= site.start0 and site.end0 <= position0 + length:
                at = offset + site.start0 - position0
                shown = sequence[at : at + len(site.bases[0])]
                quality = min(qualities[at : at + len(shown)])
                if shown == site.bases[1]:
                    return _ALT, quality, at
                return (_REF if shown == site.bases[0] else _NEITHER), quality, at
        if len(site.bases[0]) == 1:
            return None
    best = _from_left(site, sequence, qualities, blocks)
    if best is None or best[0]:
        other = _from_right(site, sequence, qualities, blocks)
        if other is not None and (best is None or other[0] < best[0]):
            best = other
    if best is None:
        return None
    cost, difference, at = best
    if cost >= _FOREIGN:
        return _NEITHER, qualities[at], at
    if abs(difference) < _TELLING:
        return None
    return (_ALT if difference > 0 else _REF), qualities[at], at


_Compared = tuple[int, int, int]
"""Mismatch of the better haplotype, how much worse the reference one is, offset of the event."""


def _from_left(
    site: _Site, sequence: str, qualities: Sequence[int], blocks: Sequence[Block]
) -> _Compared | None:
    for offset, position0, length in reversed(blocks):
        anchor = min(site.start0, position0 + length) - 1
        if anchor < position0:
            continue
        if anchor < site.first0:
            return None
        at, skipped = offset + anchor - position0, anchor - site.first0
        before = min(skipped, anchor - position0, _OUTWARD_BP)
        if not _agree(sequence[at - before : at + 1], site.ref[skipped - before : skipped + 1]):
            return None
        size = len(sequence) - at
        ref, alt = site.ref[skipped : skipped + size], site.alt[skipped : skipped + size]
        place = site.differs[0] - skipped
        if place >= size:
            return None
        changed = tuple((a - skipped, b - skipped) for a, b in site.changed)
        return _compared(sequence[at:], qualities[at:], (ref, alt), changed, at + place)
    return None


def _from_right(
    site: _Site, sequence: str, qualities: Sequence[int], blocks: Sequence[Block]
) -> _Compared | None:
    last0 = site.first0 + len(site.ref)
    for offset, position0, length in blocks:
        anchor = max(site.end0, position0)
        if anchor >= position0 + length:
            continue
        if anchor >= min(site.end0 + ANCHOR_BP, last0):
            return None
        at, skipped = offset + anchor - position0, last0 - 1 - anchor
        behind = min(skipped, position0 + length - 1 - anchor, _OUTWARD_BP) + 1
        shown = site.ref[anchor - site.first0 :][:behind]
        if not _agree(sequence[at : at + behind], shown):
            return None
        size = at + 1
        # Read backwards from the anchor, which stands first.
        ref = site.ref[::-1][skipped : skipped + size]
        alt = site.alt[::-1][skipped : skipped + size]
        place = site.differs[1] - skipped
        if place >= size:
            return None
        changed = tuple(
            (len(haplotype) - b - skipped, len(haplotype) - a - skipped)
            for haplotype, (a, b) in zip((site.ref, site.alt), site.changed, strict=True)
        )
        return _compared(sequence[at::-1], qualities[at::-1], (ref, alt), changed, at - place)
    return None


def _agree(shown: str, reference: str) -> bool:
    """Whether a read lies rightly where it is to be anchored: one base may be wrong, not more."""
    if shown == reference:
        return True
    wrong = sum(base != expected for base, expected in zip(shown, reference, strict=False))
    return wrong <= (len(shown) > _OUTWARD_BP)


def _compared(
    shown: str,
    qualities: Sequence[int],
    haplotypes: tuple[str, str],
    changed: tuple[tuple[int, int], ...],
    at: int,
) -> _Compared:
    # Beyond the shorter haplotype there is nothing to tell them apart by.
    size = min(len(shown), *map(len, haplotypes))
    of_ref, of_alt = (
        _cost(shown[:size], qualities, haplotype[:size], own)
        for haplotype, own in zip(haplotypes, changed, strict=True)
    )
    return min(of_ref, of_alt), of_ref - of_alt, at


def _cost(shown: str, qualities: Sequence[int], haplotype: str, own: tuple[int, int]) -> int:
    """
    Summed quality of the mismatches of a read with a haplotype; those in the event's own bases
    weigh twice, since they make it another event.
    """
    if shown == haplotype:
        return 0
    return sum(
        min(qualities[at], _HIGHEST) * (2 if own[0] <= at < own[1] else 1)
        for at, (base, expected) in enumerate(zip(shown, haplotype, strict=True))
        if base != expected
    )


def _measured(site: _Site) -> tuple[int, ...]:
    counts = dict.fromkeys(MEASURES, 0)
    counts["low_mapq_alt"] = len(site.low_mapq - site.votes.keys())
    for allele, f1r2, quality, mapping, from_end, others, mates in site.votes.values():
        counts["depth"] += 1
        if allele == _NEITHER:
            counts["discordant"] += mates < 0
        elif allele == _REF:
            counts["ref_count"] += 1
            counts["ref_f1r2"] += f1r2
            counts["ref_mapping_quality"] += mapping
            counts["ref_mismatches"] += others
        else:
            counts["alt_count"] += 1
            counts["alt_f1r2"] += f1r2
            counts["alt_pairs"] += mates > 1
            counts["alt_base_quality"] += quality
            counts["alt_mapping_quality"] += mapping
            counts["alt_end_distance"] += from_end
            counts["alt_near_end"] += from_end < NEAR_END_BP
            counts["alt_mismatches"] += others
    return tuple(counts.values())
