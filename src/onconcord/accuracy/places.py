"""Alleles at random places of the real sequence, in normal form, none of them near another."""

import re
from collections.abc import Sequence

import numpy as np

from onconcord.evidence.normal_form import Allele, extent0, normalise, variant_class
from onconcord.reference.sequence import Genome

CHROM = "20"
REPEATS = re.compile(r"([ACGT]{1,4}?)\1{3,}")
REPEAT_BP = 6
INDEL_SIZES = ((1, 0.34), (2, 0.14), (3, 0.14), (4, 0.08), (6, 0.08), (9, 0.07), (15, 0.06))
LONG_INDEL_BP = (16, 50)
AT_A_REPEAT = 0.3
"""Of somatic indels: one unit of a repeat more or less, where most real ones are."""
COPIED = 0.5
"""Of insertions: a copy of the bases beside them."""
FRAMESHIFTS = 0.2
"""Of events that delete and insert; the others keep the reading frame, as drivers do."""
_ATTEMPTS = 60
_PARTNER = {"A": "G", "G": "A", "C": "T", "T": "C"}


class Places:
    """
    Draws alleles; what was drawn keeps later ones away.

    Args:
        genome: the reference.
        draw: random numbers.
        taken: 0-based half-open intervals that nothing may touch.
    """

    def __init__(
        self, genome: Genome, draw: np.random.Generator, taken: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.draw = draw
        self._genome = genome
        self._taken: set[int] = set()
        for start0, end0 in taken:
            self._taken.update(range(start0, end0))

    def take(self, allele: Allele, margin: int) -> None:
        """Keep later alleles `margin` bases away from this one, wherever it may be shifted to."""
        start0, end0 = extent0(self._genome, allele)
        self._taken.update(range(start0 - margin, end0 + margin))

    def allele(self, kind: str, start0: int, end0: int, margin: int) -> Allele | None:
        """
        An allele of a class within [start0, end0), or None where a few attempts find no place.

        It is taken, with `margin` free bases on either side.
        """
        for _ in range(_ATTEMPTS):
            drawn = self._drawn(kind, start0, end0)
            if drawn is None or "N" in drawn.ref + drawn.alt:
                continue
            found = normalise(self._genome, drawn)
            first, last = extent0(self._genome, found)
            if not start0 < first <= last < end0 or class_of(found) != kind:
                continue
            if self._taken.isdisjoint(range(first - margin, last + margin)):
                self.take(found, margin)
                return found
        return None

    def _drawn(self, kind: str, start0: int, end0: int) -> Allele | None:
        if kind == "indel" and self.draw.random() < AT_A_REPEAT:
            return self._unit_of_repeat(start0, end0)
        at0 = int(self.draw.integers(start0, end0))
        bases = self._genome.bases(CHROM, at0, at0 + 60)
        if len(bases) < 60:
            return None
        if kind == "SNV":
            return Allele(CHROM, at0 + 1, bases[0], self.other(bases[0]))
        if kind == "MNV":
            size = 2 if self.draw.random() < 0.7 else 3
            middle = bases[1] if self.draw.random() < 0.5 else self.other(bases[1])
            alt = self.other(bases[0]) + middle * (size == 3) + self.other(bases[size - 1])
            return Allele(CHROM, at0 + 1, bases[:size], alt)
        if kind == "delins":
            return self._delins(at0, bases)
        size = self._indel_size()
        if self.draw.random() < 0.5:
            return Allele(CHROM, at0 + 1, bases[: size + 1], bases[0])
        added = bases[1 : size + 1] if self.draw.random() < COPIED else self._random(size)
        return Allele(CHROM, at0 + 1, bases[0], bases[0] + added)

    def _delins(self, at0: int, bases: str) -> Allele:
        lost, added = int(self.draw.integers(3, 22)), int(self.draw.integers(1, 7))
        if self.draw.random() >= FRAMESHIFTS:
            lost += (added - lost) % 3
        if lost == added:
            lost += 3
        return Allele(CHROM, at0 + 1, bases[:lost], self._random(added))

    def _unit_of_repeat(self, start0: int, end0: int) -> Allele | None:
        bases = self._genome.bases(CHROM, start0, end0)
        found = [hit for hit in REPEATS.finditer(bases) if len(hit[0]) >= REPEAT_BP and hit.start()]
        if not found:
            return None
        hit = found[int(self.draw.integers(len(found)))]
        unit, anchor = hit[1], bases[hit.start() - 1]
        pos = start0 + hit.start()
        if self.draw.random() < 0.6:
            return Allele(CHROM, pos, anchor + unit, anchor)
        return Allele(CHROM, pos, anchor, anchor + unit)

    def _indel_size(self) -> int:
        chance = self.draw.random()
        for size, share in INDEL_SIZES:
            chance -= share
            if chance < 0:
                return size if size < 4 else size + int(self.draw.integers(2))
        return int(self.draw.integers(LONG_INDEL_BP[0], LONG_INDEL_BP[1] + 1))

    def _random(self, size: int) -> str:
        return "".join("ACGT"[number] for number in self.draw.integers(0, 4, size))

    def other(self, base: str) -> str:
        """A base for another; transitions are twice as likely as each transversion."""
        others = [other for other in "ACGT" if other != base]
        if base in _PARTNER:
            others.append(_PARTNER[base])
        return others[int(self.draw.integers(len(others)))]


def class_of(allele: Allele) -> str:
    """SNV, indel, MNV or delins of an allele in normal form."""
    kind = variant_class(allele.ref, allele.alt)
    return {"INS": "indel", "DEL": "indel", "DELINS": "delins"}.get(kind, kind)
