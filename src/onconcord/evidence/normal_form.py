"""
The normal form of small variants: one local haplotype has one spelling.

A caller's record may be padded, right-shifted, or one of several records that describe one
haplotype together. Here every spelling is applied to the reference and read off again:

1. `normalise`: trimmed and left-aligned, as `bcftools norm` does.
2. `split`: edits of one record that lie far apart are independent variants.
3. `join`: edits of one haplotype that lie close together are one variant, the *event*.
4. `atoms`: the single-base and indel steps of an event, as `bcftools norm --atomize` has them.

Positions are 1-based VCF positions unless a name ends in 0; an allele keeps its anchor base.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onconcord import contract
from onconcord.reference.rolling import rolled_left, rolled_right
from onconcord.reference.sequence import Genome, Sequences

PHASED_GAP_BP = 2
"""Unchanged bases between two edits of one haplotype up to which they are one event: a codon's
first and third base have one between them; indels with a companion change are a little wider."""

FRAME_GAP_BP = 9
"""The same where one of the two is an insertion or deletion: up to three codons, since a shifted
frame changes what lies between."""

MAX_LENGTH_BP = contract.whole_number("small_variant_max_bp")
"""Longest change that is a small variant; a longer one is a structural variant."""

_MISMATCH, _GAP_OPEN, _GAP_EXTEND = 4, 6, 1
_LARGEST_ALIGNMENT = 250_000


@dataclass(frozen=True, order=True)
class Allele:
    """One alternate allele: native contig, 1-based position, reference and alternate bases."""

    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def start0(self) -> int:
        """0-based start of the REF bases, the anchor of an indel included."""
        return self.pos - 1

    @property
    def end0(self) -> int:
        """0-based end of the REF bases."""
        return self.pos - 1 + len(self.ref)


def variant_class(ref: str, alt: str) -> str:
    """SNV, MNV, INS, DEL or DELINS of an allele in normal form."""
    if len(ref) == len(alt):
        return "SNV" if len(ref) == 1 else "MNV"
    if len(ref) == 1 and alt.startswith(ref):
        return "INS"
    if len(alt) == 1 and ref.startswith(alt):
        return "DEL"
    return "DELINS"


def normalise(genome: Sequences, allele: Allele) -> Allele:
    """
    The allele trimmed and left-aligned: the key under which all its spellings meet.

    Source: Tan, Abecasis and Kang 2015, "Unified representation of genetic variants", which
    `bcftools norm` implements.
    """
    pos, ref, alt = _without_prefix(allele.pos, *_without_suffix(allele.ref, allele.alt))
    if not ref or not alt:
        pos, ref, alt = _shift_left(genome, allele.chrom, pos, ref, alt)
    return Allele(allele.chrom, pos, ref, alt)


def _without_suffix(ref: str, alt: str) -> tuple[str, str]:
    shorter = min(len(ref), len(alt))
    suffix = 0
    while suffix < shorter and ref[-1 - suffix] == alt[-1 - suffix]:
        suffix += 1
    return ref[: len(ref) - suffix], alt[: len(alt) - suffix]


def _without_prefix(pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    shorter = min(len(ref), len(alt))
    prefix = 0
    while prefix < shorter and ref[prefix] == alt[prefix]:
        prefix += 1
    return pos + prefix, ref[prefix:], alt[prefix:]


def _shift_left(
    genome: Sequences, chrom: str, pos: int, ref: str, alt: str
) -> tuple[int, str, str]:
    """A bare insertion or deletion before `pos`, rolled to the left, with its anchor base."""
    bases = ref or alt
    if not bases:
        anchor = genome.bases(chrom, pos - 1, pos)
        return pos, anchor, anchor
    rolled = rolled_left(genome, chrom, pos - 1, bases)
    start0 = pos - 1 - rolled
    turn = rolled % len(bases)
    bases = bases[len(bases) - turn :] + bases[: len(bases) - turn]
    if start0 == 0:
        # Nothing stands before the first base: VCF anchors such a change on the base after it.
        after = genome.bases(chrom, len(ref), len(ref) + 1)
        return 1, (bases if ref else "") + after, (bases if alt else "") + after
    anchor = genome.bases(chrom, start0 - 1, start0)
    return start0, anchor + (bases if ref else ""), anchor + (bases if alt else "")


def extent0(genome: Genome, allele: Allele) -> tuple[int, int]:
    """
    0-based half-open interval an allele in normal form may be shifted in ("fully justified").

    An insertion that cannot be shifted has an empty interval.
    """
    kind = variant_class(allele.ref, allele.alt)
    if kind not in ("INS", "DEL"):
        return allele.start0, allele.end0
    bases = allele.alt[1:] if kind == "INS" else allele.ref[1:]
    start0 = allele.pos
    end0 = start0 + len(allele.ref) - 1
    return start0, end0 + rolled_right(genome, allele.chrom, end0, bases)


def join(genome: Genome, alleles: Iterable[Allele]) -> Allele | None:
    """
    The alleles of one haplotype as one allele, or None where they cannot all stand in one.

    They are applied to the reference where the caller put them, before any left-alignment:
    an indel that is shifted on its own might roll past its neighbour.
    """
    parts = sorted(alleles)
    chrom = parts[0].chrom
    # The anchor goes first: without the suffix an insertion would move before it.
    trimmed = []
    for part in parts:
        pos, ref, alt = _without_prefix(part.pos, part.ref, part.alt)
        trimmed.append((pos, *_without_suffix(ref, alt)))
    trimmed.sort(key=lambda part: (part[0], len(part[1])))
    first = trimmed[0][0]
    haplotype: list[str] = []
    at = first
    reference = genome.bases(chrom, first - 1, max(pos - 1 + len(ref) for pos, ref, _ in trimmed))
    inserted_at = -1
    for pos, ref, alt in trimmed:
        if pos < at or (not ref and pos == inserted_at):
            return None
        haplotype += [reference[at - first : pos - first], alt]
        at = pos + len(ref)
        inserted_at = pos if not ref else -1
    ref = reference[: at - first]
    return normalise(genome, Allele(chrom, first, ref, "".join(haplotype)))


def split(genome: Genome, allele: Allele) -> tuple[Allele, ...]:
    """
    The independent events of one allele: edits with more than PHASED_GAP_BP between them.

    An allele that is already one event comes back alone, in normal form.
    """
    whole = normalise(genome, allele)
    kind = variant_class(whole.ref, whole.alt)
    if kind in ("SNV", "INS", "DEL"):
        return (whole,)
    edits = _edits(whole)
    if len(edits) == 1:
        return (whole,)
    groups: list[list[Allele]] = []
    end0 = 0
    for edit in edits:
        start0, edit_end0 = extent0(genome, normalise(genome, edit))
        if groups and start0 - end0 <= PHASED_GAP_BP:
            groups[-1].append(edit)
            end0 = max(end0, edit_end0)
        else:
            groups.append([edit])
            end0 = edit_end0
    if len(groups) == 1:
        return (whole,)
    joined = (join(genome, group) for group in groups)
    return tuple(event for event in joined if event is not None)


def atoms(allele: Allele) -> tuple[Allele, ...]:
    """
    The single-base and indel steps of an allele in normal form, by position.

    Source: bcftools norm --atomize: bases are compared from the left, the difference in length
    stands on the last base that both alleles have.
    """
    shared = min(len(allele.ref), len(allele.alt))
    # The last base that both alleles have takes the difference in length along.
    single = shared if len(allele.ref) == len(allele.alt) else shared - 1
    found = [
        Allele(allele.chrom, allele.pos + offset, allele.ref[offset], allele.alt[offset])
        for offset in range(single)
        if allele.ref[offset] != allele.alt[offset]
    ]
    if single < shared:
        rest = allele.pos + single
        found.append(Allele(allele.chrom, rest, allele.ref[single:], allele.alt[single:]))
    return tuple(found)


def steps(genome: Genome, allele: Allele) -> tuple[Allele, ...]:
    """
    Everything that an allele in normal form may be made of, itself left out where it is one step.

    Its atoms, and where it changes the length the edits of its cheapest alignments too, with gaps
    as far left and as far right as they go: compared from the left, bases behind a deletion look
    changed, and a real change there has another name.
    """
    found = dict.fromkeys(atoms(allele))
    if variant_class(allele.ref, allele.alt) == "DELINS":
        mirrored = Allele(allele.chrom, 1, allele.ref[::-1], allele.alt[::-1])
        end = allele.pos + len(allele.ref)
        rightmost = [
            Allele(allele.chrom, end - edit.end0, edit.ref[::-1], edit.alt[::-1])
            for edit in _edits(mirrored)
        ]
        found |= dict.fromkeys(normalise(genome, step) for step in (*_edits(allele), *rightmost))
    return tuple(step for step in found if step != allele)


def _edits(allele: Allele) -> list[Allele]:
    """Mismatches and bare indels of the cheapest alignment of the two alleles, by position."""
    ref, alt = allele.ref, allele.alt
    if len(ref) == len(alt):
        steps: Sequence[tuple[int, int, int, int]] = [
            (at, at + 1, at, at + 1) for at in range(len(ref)) if ref[at] != alt[at]
        ]
    elif len(ref) * len(alt) > _LARGEST_ALIGNMENT:
        steps = [(0, len(ref), 0, len(alt))]
    else:
        steps = _align(ref, alt)
    return [
        Allele(allele.chrom, allele.pos + from0, ref[from0:to0], alt[alt_from0:alt_to0])
        for from0, to0, alt_from0, alt_to0 in steps
    ]


def _align(ref: str, alt: str) -> list[tuple[int, int, int, int]]:
    """
    Differences of a global alignment with affine gaps: (ref start, ref end, alt start, alt end).

    Of equally cheap alignments the one with the leftmost gaps is taken.
    Source: Gotoh 1982; costs are those of bwa mem.
    """
    rows, columns = len(ref) + 1, len(alt) + 1
    far = 10**9
    # best[state][i][j]: state 0 aligned, 1 deletion, 2 insertion, of the suffixes from i and j,
    # so that walking forward from (0, 0) meets the leftmost choice first.
    best = [[[far] * columns for _ in range(rows)] for _ in range(3)]
    for state in range(3):
        best[state][rows - 1][columns - 1] = 0
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            if i == rows - 1 and j == columns - 1:
                continue
            pair = far
            if i < rows - 1 and j < columns - 1:
                pair = best[0][i + 1][j + 1] + (0 if ref[i] == alt[j] else _MISMATCH)
            delete = best[1][i + 1][j] + _GAP_EXTEND if i < rows - 1 else far
            insert = best[2][i][j + 1] + _GAP_EXTEND if j < columns - 1 else far
            best[0][i][j] = min(pair, delete + _GAP_OPEN, insert + _GAP_OPEN)
            best[1][i][j] = min(pair, delete, insert + _GAP_OPEN)
            best[2][i][j] = min(pair, delete + _GAP_OPEN, insert)
    steps: list[tuple[int, int, int, int]] = []
    i = j = state = 0
    while i < rows - 1 or j < columns - 1:
        here = best[state][i][j]
        opened = {1: 0 if state == 1 else _GAP_OPEN, 2: 0 if state == 2 else _GAP_OPEN}
        if i < rows - 1 and here == best[1][i + 1][j] + _GAP_EXTEND + opened[1]:
            step, state = (i, i + 1, j, j), 1
        elif j < columns - 1 and here == best[2][i][j + 1] + _GAP_EXTEND + opened[2]:
            step, state = (i, i, j, j + 1), 2
        else:
            step, state = (i, i + 1, j, j + 1), 0
        i, j = step[1], step[3]
        if state == 0 and ref[step[0]] == alt[step[2]]:
            continue
        if steps and state and steps[-1][1] == step[0] and steps[-1][3] == step[2]:
            steps[-1] = (steps[-1][0], step[1], steps[-1][2], step[3])
        else:
            steps.append(step)
    return steps
