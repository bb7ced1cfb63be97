"""
Protein names by HGVS: what translating the changed transcript says.

A frame shift is written twice: short (p.Gly646fs), which two gene models agree on though their
3' untranslated ends differ, and in full, with the new residue and the distance to the new stop
(p.Gly646TrpfsTer12). Every other name is the same in both.
"""

import re
from dataclasses import dataclass

from onconcord.reference.codons import (
    SELENOCYSTEINE,
    STOP,
    THREE_LETTERS,
    is_start,
    spelt,
    translate,
    translate_to_stop,
)
from onconcord.reference.transcripts import CodingSequence


@dataclass(frozen=True, slots=True)
class ProteinNames:
    """A protein name, short and in full; None where there is none."""

    short: str | None
    full: str | None


NO_NAMES = ProteinNames(None, None)
_STATED = (
    (r"p\.Met1\?", "start_lost"),
    (r"p\.Met1=", "start_retained_variant"),
    (r"p\.Ter[0-9]+=", "stop_retained_variant"),
    (r".*=", "synonymous_variant"),
    (r".*(ext|fs).*", "stop_lost"),
    (r".*Ter", "stop_gained"),
    (r"p\.[A-Z].*", "missense_variant"),
)
_ENDS = (
    *("start_lost", "start_retained_variant"),
    *("stop_gained", "stop_lost", "stop_retained_variant"),
)
_RESIDUES = (
    *("missense_variant", "synonymous_variant", "rare_amino_acid_variant"),
    *("initiator_codon_variant", "non_canonical_start_codon"),
)
_INDELS = (
    *("frameshift_variant", "inframe_insertion", "inframe_deletion"),
    *("conservative_inframe_insertion", "conservative_inframe_deletion"),
    *("disruptive_inframe_insertion", "disruptive_inframe_deletion"),
)
PROTEIN_TERMS = (*_ENDS, *_RESIDUES, *_INDELS)
"""Terms that say what becomes of a protein, SnpEff's own among them."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A term that a protein name states, and those that it takes the place of."""

    term: str | None = None
    instead_of: tuple[str, ...] = ()


NO_TERM = Stated()


def stated_term(name: str | None, is_substitution: bool) -> Stated:
    """
    What a protein name states, as a term of the Sequence Ontology.

    A substitution has one such term. An insertion or deletion that is one at the protein too, or
    a frame shift, has those of the annotator.

    Args:
        name: short; None, or p.? which states nothing, for no term.
        is_substitution: whether there are as many bases as before.
    """
    term = next((term for form, term in _STATED if name and re.fullmatch(form, name)), None)
    if name is None or term is None:
        return NO_TERM
    if is_substitution:
        return Stated(term, (*_ENDS, *_RESIDUES))
    if name.endswith("="):
        return Stated(term, PROTEIN_TERMS)
    return Stated(term, _ENDS) if term in _ENDS and "fs" not in name else NO_TERM


def protein_names(coding: CodingSequence, start: int, end: int, alt: str) -> ProteinNames:
    """
    Name what an event within one exon does to the protein.

    Args:
        coding: a sound coding sequence.
        start, end: bases of the transcript that are replaced, 0-based half-open; they reach into
            the CDS.
        alt: the bases that take their place.
    """
    shift = len(alt) - (end - start)
    changed = coding.bases[:start] + alt + coding.bases[end:]
    if start < coding.start + 3:
        after = changed[coding.start + shift : coding.end + shift]
        starts = after[:3] == coding.cds[:3] or is_start(after[:3], coding.code)
        kept = starts and after[3:] == coding.cds[3:]
        return _both("p.Met1=" if kept else "p.Met1?")
    first = (start - coding.start) // 3
    tail = changed[coding.start + 3 * first :]
    before = coding.protein[first:]
    if shift % 3 == 0 and end <= coding.end - 3:
        codons = -(-(end - coding.start) // 3) - first
        before = before[:codons]
        after = translate(tail[: 3 * codons + shift], coding.code)
        after = after[: after.index(STOP) + 1] if STOP in after else after
        if SELENOCYSTEINE in before and not shift:
            after = _with_selenocysteine(coding, first, tail, before)
        return _both(_in_frame(coding.protein, first, before, after))
    after = translate_to_stop(tail, coding.code)
    same = _common(before, after)
    at = first + same
    if at == len(coding.protein):
        return _both(f"p.{_residue(coding.protein, at - 1)}=")
    old, ends = _residue(coding.protein, at), after.endswith(STOP)
    if same == len(after):
        return _both("p.?")
    new = THREE_LETTERS[after[same]]
    if coding.protein[at] == STOP:
        return _both(f"p.{old}{new}extTer{len(after) - same - 1 if ends else '?'}")
    if after[same] == STOP:
        return _both(f"p.{old}Ter")
    if shift % 3 == 0 and ends and len(after) == len(before) + shift // 3:
        # Its stop is where that of the CDS was.
        return _both(_in_frame(coding.protein, first, before, after))
    # What takes the stop and residues before it is a frame shift by name, whatever its length.
    return ProteinNames(f"p.{old}fs", f"p.{old}{new}fsTer{len(after) - same if ends else '?'}")


def _common(first: str, second: str) -> int:
    """How many residues two begin with alike."""
    pairs = zip(first, second, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _both(name: str) -> ProteinNames:
    return ProteinNames(name, name)


def _with_selenocysteine(coding: CodingSequence, first: int, tail: str, before: str) -> str:
    """Residues of a substitution that reaches over a selenocysteine, whose codon is a stop's."""
    translated = ""
    for number, old in enumerate(before):
        at = coding.start + 3 * (first + number)
        codon = tail[3 * number : 3 * number + 3]
        same = codon == coding.bases[at : at + 3]
        translated += old if same else coding.code[codon]
        if translated[-1] == STOP:
            break
    return translated


def _residue(protein: str, at: int) -> str:
    return f"{THREE_LETTERS[protein[at]]}{at + 1}"


def _range(protein: str, start: int, end: int) -> str:
    """Residues [start, end) as HGVS names them."""
    first = _residue(protein, start)
    return first if end - start == 1 else f"{first}_{_residue(protein, end - 1)}"


def _in_frame(protein: str, first: int, before: str, after: str) -> str:
    """
    Name the replacement of whole residues.

    Args:
        protein: all residues, stop included.
        first: 0-based number of the first residue of `before`.
        before, after: residues that are replaced, and by what; `after` ends at its stop.
    """
    if before == after:
        return f"p.{_range(protein, first, first + len(before))}="
    # Nothing is read behind a new stop, so that it is compared with all that would be.
    rest = protein[first:] if after.endswith(STOP) else before
    if rest == after:
        return f"p.{_residue(protein, len(protein) - 1)}="
    head = _common(rest, after)
    first, before, after = first + head, before[head:], after[head:]
    if after[:1] == STOP:
        return f"p.{_residue(protein, first)}Ter"
    # Nothing behind a new stop is left to be common.
    if not after.endswith(STOP) or before.endswith(STOP):
        tail = _common(before[::-1], after[::-1])
        before, after = before[: len(before) - tail], after[: len(after) - tail]
    if before and after:
        if len(before) == len(after) == 1:
            return f"p.{_residue(protein, first)}{THREE_LETTERS[after]}"
        return f"p.{_range(protein, first, first + len(before))}delins{spelt(after)}"
    # As far towards the end of the protein as it can stand.
    moved, behind = before or after, first + len(before)
    while STOP not in moved and protein[behind] == moved[0]:
        moved = moved[1:] + moved[0]
        first, behind = first + 1, behind + 1
    if before:
        if protein[behind] == STOP:
            # What is missing at the end is a stop that comes early.
            return f"p.{_residue(protein, first)}Ter"
        return f"p.{_range(protein, first, behind)}del"
    if protein[behind] == STOP:
        more = moved.removesuffix(STOP)
        return f"p.{_residue(protein, behind)}{THREE_LETTERS[more[0]]}extTer{len(more)}"
    if protein[first - len(moved) : first] == moved and first >= len(moved):
        return f"p.{_range(protein, first - len(moved), first)}dup"
    return f"p.{_range(protein, first - 1, first + 1)}ins{spelt(moved)}"
