"""
The DNA fragments of one sample, with the damage and slippage that a library has.

A fragment is sampled on the reference, gets the alleles of the molecule it comes from, then what
the laboratory does to it. Both reads of a fragment see the same damage; errors of sequencing come
later (`reads.py`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onconcord.accuracy.places import CHROM
from onconcord.accuracy.profiles import Profile
from onconcord.accuracy.tumour import Truth
from onconcord.accuracy.world import RECURRENT_EVERY_BP, Inherited, Recurrent, Region, World
from onconcord.evidence.normal_form import Allele
from onconcord.reference.sequence import Genome

DUPLICATES = 0.08
SHORTEST_BP = 20
"""A fragment is at least this much longer than a read: ART needs it, slippage shortens."""
BAITED_BP = 60
"""Bases of a fragment that lie on the target, or capture misses it."""
UNEVEN = 0.25
"""Standard deviation of a target's log depth."""
PRIMER_EVERY_BP = 45
SITE_SHAPE = 0.45
"""Shape of the gamma distribution of damage over sites: few sites have most of it."""
AGAINST = 0.06
"""Of oxidised fragments: those of the orientation that should not show it."""
AT_END_BP = 18
POOR_QUALITY = (12, 27)
TRACT = re.compile(
    r"A{5,}|C{5,}|G{5,}|T{5,}|(?:AC){4,}|(?:CA){4,}|(?:GT){4,}|(?:TG){4,}|(?:AG){4,}"
)
SLIP_SHORTER = 0.68
FLANK_ROOM_BP = 240
"""Half of the longest fragment."""

Codes = npt.NDArray[np.uint8]
A, C, G, T = (ord(base) for base in "ACGT")


@dataclass
class Fragment:
    """
    One fragment as it goes into the sequencer.

    Args:
        bases: on the forward strand.
        forward: read 1 is on the forward strand (F1R2), else F2R1.
        poor: 0-based bases of poor quality, with that quality (Phred).
    """

    bases: bytes
    forward: bool
    poor: list[tuple[int, int]]


@dataclass(frozen=True)
class Edit:
    """An allele of some molecules: of haplotype 0 to 3, with the share of them that has it."""

    allele: Allele
    haplotype: int
    share: float


def fragments(
    profile: Profile, role: str, genome: Genome, world: World, truth: Truth, seed: int
) -> list[Fragment]:
    """
    All fragments of a sample in random order, PCR duplicates among them.

    Args:
        role: tumour or normal.
    """
    draw = profile.draw(seed, f"fragments of {role}")
    # Capture is uneven in the same way in both samples of a pair.
    uneven = profile.draw(seed, "capture").lognormal(0, UNEVEN, len(world.targets))
    found: list[Fragment] = []
    at = 0
    for number, region in enumerate(world.regions):
        targets, depths = [], []
        while at < len(world.targets) and world.targets[at][1] <= region[1]:
            targets.append(world.targets[at])
            depths.append(uneven[at])
            at += 1
        weights, edits = _molecules(profile, role, truth, region, number in truth.lost)
        made = _Region(profile, role, genome, world, region, seed, draw)
        found += made.fragments(targets, depths, weights, edits)
    copied = np.flatnonzero(draw.random(len(found)) < DUPLICATES)
    found += [found[place] for place in copied]
    return [found[place] for place in draw.permutation(len(found))]


def _molecules(
    profile: Profile, role: str, truth: Truth, region: Region, lost: bool
) -> tuple[npt.NDArray[np.float64], list[Edit]]:
    """Share of each haplotype (two of the patient, two of a stranger) and the edits on them."""
    tumour = role == "tumour"
    # What one sample has of the tumour: all of it, or the cells that strayed into the normal.
    part = 1.0 if tumour else profile.tumour_in_normal
    kept = 1 - truth.purity * part if lost else 1.0
    weights = np.array([1.0, kept, 0.0, 0.0]) / (1 + kept)
    foreign = profile.contamination if tumour else 0.0
    weights = weights * (1 - foreign) + np.array([0, 0, foreign / 2, foreign / 2])
    edits = list(_inherited(truth.inherited, region, 0))
    if foreign:
        edits += _inherited(truth.foreign, region, 2)
    for event in truth.acquired:
        if region[0] <= event.allele.start0 < region[1]:
            which = event.haplotype - 1
            full = 1 / (2 - truth.purity) if lost else 0.5
            if event.fraction > (1 - full if lost and which else full):
                which = 0
            share = min(event.fraction * part / weights[which], 1.0)
            if share > 0:
                edits.append(Edit(event.allele, which, share))
    return weights, edits


def _inherited(own: Sequence[Inherited], region: Region, first: int) -> Iterator[Edit]:
    for variant in own:
        if region[0] <= variant.allele.start0 < region[1]:
            for which in variant.haplotypes:
                yield Edit(variant.allele, first + int(which) - 1, 1.0)


class _Region:
    """Fragments of one region of one sample."""

    def __init__(
        self,
        profile: Profile,
        role: str,
        genome: Genome,
        world: World,
        region: Region,
        seed: int,
        draw: np.random.Generator,
    ) -> None:
        self.profile, self.draw = profile, draw
        self.tumour = role == "tumour"
        self.start0, self.end0 = region
        self.text = genome.bases(CHROM, *region)
        self.bases = np.frombuffer(self.text.encode(), dtype=np.uint8)
        # A site errs alike in every sample of a laboratory, so its rates go by the place.
        site = np.random.default_rng([seed, self.start0])
        size = len(self.bases)
        self.oxidised, self.deaminated, self.slipping, jitter = (
            site.gamma(SITE_SHAPE, 1 / SITE_SHAPE, size),
            site.gamma(SITE_SHAPE, 1 / SITE_SHAPE, size),
            site.lognormal(0, 0.5, size),
            site.lognormal(0, 0.25, (2, len(world.recurrent))),
        )
        wanted = profile.recurrent_per_kb * RECURRENT_EVERY_BP / 1000
        self.recurrent = [
            (artefact, artefact.rate * jitter[int(self.tumour), place])
            for place, artefact in enumerate(world.recurrent)
            if self.start0 < artefact.allele.start0 < self.end0 and place % 100 < 100 * wanted
        ]

    def fragments(
        self,
        targets: Sequence[Region],
        depths: Sequence[float],
        weights: npt.NDArray[np.float64],
        edits: Sequence[Edit],
    ) -> list[Fragment]:
        """Fragments over the targets; depths are relative to the profile's."""
        starts, lengths, forward = self._placed(targets, depths)
        count = len(starts)
        haplotypes = self.draw.choice(4, count, p=weights)
        carried = np.zeros((count, len(edits)), dtype=bool)
        for place, edit in enumerate(edits):
            carried[:, place] = haplotypes == edit.haplotype
            if edit.share < 1:
                carried[:, place] &= self.draw.random(count) < edit.share
            # What lies beyond the fragment makes no other molecule.
            carried[:, place] &= starts + lengths + 60 > edit.allele.start0
            carried[:, place] &= starts - 60 < edit.allele.end0
        found: list[Fragment] = []
        kinds, of_kind = np.unique(carried, axis=0, return_inverse=True)
        for number, kind in enumerate(kinds):
            own = np.flatnonzero(of_kind.ravel() == number)
            alleles = [edit.allele for edit, has in zip(edits, kind, strict=True) if has]
            found += self._made(alleles, starts[own], lengths[own], forward[own])
        return found

    def _placed(
        self, targets: Sequence[Region], depths: Sequence[float]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        profile, draw = self.profile, self.draw
        depth = profile.tumour_depth if self.tumour else profile.normal_depth or 0
        shortest = profile.read_bp + SHORTEST_BP
        parts = []
        for (start0, end0), relative in zip(targets, depths, strict=True):
            mean = max(profile.insert_mean_bp, shortest)
            room = end0 - start0 + mean - 2 * BAITED_BP
            of_one = min(2 * profile.read_bp, mean)
            count = draw.poisson(depth * relative * max(room, 60) / of_one)
            drawn = draw.normal(profile.insert_mean_bp, profile.insert_sd_bp, count)
            lengths = np.clip(drawn, shortest, 2 * FLANK_ROOM_BP).astype(np.int64)
            starts = start0 + BAITED_BP - lengths + (draw.random(count) * room).astype(np.int64)
            forward = draw.random(count) < 0.5
            if profile.layout == "primer":
                starts, lengths = self._primed(starts, lengths, forward)
            parts.append((starts, lengths, forward))
        starts, lengths, forward = (np.concatenate(column) for column in zip(*parts, strict=True))
        starts = np.clip(starts, self.start0 + 2, self.end0 - 2 * FLANK_ROOM_BP)
        return starts, np.minimum(lengths, self.end0 - 2 - starts), forward

    @staticmethod
    def _primed(
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        forward: npt.NDArray[np.bool_],
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Read 1 begins at a primer of the panel, read 2 where the other end was cut."""
        ends = starts + lengths
        left = starts // PRIMER_EVERY_BP * PRIMER_EVERY_BP
        right = ends // PRIMER_EVERY_BP * PRIMER_EVERY_BP
        first = np.where(forward, left, starts)
        last = np.where(forward, ends, np.maximum(right, starts + lengths - PRIMER_EVERY_BP))
        return first, last - first

    def _made(
        self,
        alleles: list[Allele],
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        forward: npt.NDArray[np.bool_],
    ) -> list[Fragment]:
        """Fragments of one kind of molecule."""
        bases, places = self._molecule(alleles)
        # Where the molecule has the base that the reference has at a fragment's start.
        first = np.searchsorted(np.maximum.accumulate(places), starts - self.start0)
        lengths = np.minimum(lengths, len(bases) - first)
        longest = int(lengths.max())
        column = np.arange(longest)
        index = np.minimum(first[:, None] + column[None], len(bases) - 1)
        rows, at = bases[index], places[index]
        poor: list[list[tuple[int, int]]] = [[] for _ in starts]
        # Beyond a fragment's end the array holds what no read shows.
        at[column[None] >= lengths[:, None]] = -1
        self._damage(rows, at, forward, poor)
        spliced: list[list[tuple[int, int, bytes]]] = [[] for _ in starts]
        self._recur(rows, at, lengths, poor, spliced)
        self._slip(bases, places, first, lengths, spliced)
        found = []
        shortest = self.profile.read_bp + 2
        for place, length in enumerate(lengths):
            text = rows[place, :length].tobytes()
            for begin, lost, added in sorted(spliced[place], reverse=True):
                text = text[:begin] + added + text[begin + lost :]
            if len(text) >= shortest and b"N" not in text:
                found.append(Fragment(text, bool(forward[place]), poor[place]))
        return found

    def _molecule(self, alleles: list[Allele]) -> tuple[Codes, npt.NDArray[np.int64]]:
        """Bases of the region with the alleles, and the place of each in the region; -1: added."""
        parts: list[Codes] = []
        places: list[npt.NDArray[np.int64]] = []
        at = 0
        for allele in sorted(alleles):
            begin = allele.start0 - self.start0
            if begin < at:
                continue
            size = len(allele.alt)
            parts += [self.bases[at:begin], np.frombuffer(allele.alt.encode(), dtype=np.uint8)]
            own = np.full(size, -1)
            same = min(size, len(allele.ref))
            own[:same] = np.arange(begin, begin + same)
            places += [np.arange(at, begin), own]
            at = begin + len(allele.ref)
        parts.append(self.bases[at:])
        places.append(np.arange(at, len(self.bases)))
        return np.concatenate(parts), np.concatenate(places)

    def _damage(
        self,
        rows: Codes,
        at: npt.NDArray[np.int64],
        forward: npt.NDArray[np.bool_],
        poor: list[list[tuple[int, int]]],
    ) -> None:
        """Oxidation of G, seen in one orientation; deamination of C, in both, tumour only."""
        profile, draw = self.profile, self.draw
        if profile.oxog:
            # GGC and CGG contexts oxidise more often.
            before = np.roll(self.bases, 1)
            context = np.where((before == C) | (before == G), 1.4, 0.7)
            rate = (profile.oxog * context * self.oxidised)[at]
            usual = np.where(forward[:, None], G, C)
            odd = np.where(forward[:, None], C, G)
            chance = np.where(rows == usual, 1.0, np.where(rows == odd, AGAINST, 0.0)) * rate
            hit = draw.random(rows.shape) < np.minimum(chance, 0.5)
            hit &= at >= 0
            new = np.where(rows == G, T, A).astype(np.uint8)
            rows[hit] = new[hit]
            for place, column in zip(*np.nonzero(hit), strict=True):
                if draw.random() < 0.5:
                    poor[place].append((int(column), int(draw.integers(*POOR_QUALITY))))
        if profile.ffpe and self.tumour:
            after, before = np.roll(self.bases, -1), np.roll(self.bases, 1)
            cpg = ((self.bases == C) & (after == G)) | ((self.bases == G) & (before == C))
            rate = (profile.ffpe * np.where(cpg, 2.2, 0.85) * self.deaminated)[at]
            chance = np.where((rows == C) | (rows == G), rate, 0.0)
            hit = (draw.random(rows.shape) < np.minimum(chance, 0.5)) & (at >= 0)
            new = np.where(rows == C, T, A).astype(np.uint8)
            rows[hit] = new[hit]

    def _recur(
        self,
        rows: Codes,
        at: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        poor: list[list[tuple[int, int]]],
        spliced: list[list[tuple[int, int, bytes]]],
    ) -> None:
        """Artefacts that every sample of the assay has."""
        for artefact, rate in self.recurrent:
            seen, columns = np.nonzero(at == artefact.allele.start0 - self.start0)
            inside = columns + len(artefact.allele.ref) < lengths[seen] - 1
            seen, columns = seen[inside], columns[inside]
            chance = np.full(len(seen), rate)
            if artefact.at_ends:
                edge = np.minimum(columns, lengths[seen] - 1 - columns) < AT_END_BP
                chance = np.where(edge, min(4 * rate, 0.8), 0.1 * rate)
            hit = self.draw.random(len(seen)) < chance
            for place, column in zip(seen[hit], columns[hit], strict=True):
                self._place(artefact, rows, int(place), int(column), poor, spliced)

    def _place(
        self,
        artefact: Recurrent,
        rows: Codes,
        place: int,
        column: int,
        poor: list[list[tuple[int, int]]],
        spliced: list[list[tuple[int, int, bytes]]],
    ) -> None:
        if len(artefact.allele.ref) == len(artefact.allele.alt):
            if rows[place, column] != ord(artefact.allele.ref):
                return
            rows[place, column] = ord(artefact.allele.alt)
        else:
            spliced[place].append((column, len(artefact.allele.ref), artefact.allele.alt.encode()))
        if artefact.poor:
            poor[place].append((column, int(self.draw.integers(*POOR_QUALITY))))

    def _slip(
        self,
        bases: Codes,
        places: npt.NDArray[np.int64],
        first: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        spliced: list[list[tuple[int, int, bytes]]],
    ) -> None:
        """One unit of a repeat more or less, the more often the longer the repeat is."""
        text = bases.tobytes().decode()
        for tract in TRACT.finditer(text):
            begin, size = tract.start(), len(tract[0])
            unit = 1 if tract[0][0] == tract[0][1] else 2
            rate = slippage(size // unit, unit) * self.profile.stutter
            rate = min(rate * self.slipping[max(int(places[begin]), 0)], 0.35)
            inside = (first < begin) & (first + lengths > begin + size)
            hit = np.flatnonzero(inside & (self.draw.random(len(first)) < rate))
            for place in hit:
                column = begin - int(first[place])
                if self.draw.random() < SLIP_SHORTER:
                    spliced[place].append((column, unit, b""))
                else:
                    spliced[place].append((column, 0, tract[0][:unit].encode()))


def slippage(units: int, unit_bp: int) -> float:
    """Usual share of fragments in which a repeat of so many units is one unit off."""
    if unit_bp == 1:
        return float(10 ** (-4.0 + 0.33 * (units - 5)))
    return float(10 ** (-3.6 + 0.22 * (units - 4)))
