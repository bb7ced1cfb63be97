"""
What the pairs of one working folder share: targets, population, recurrent artefacts.

Fitting and scoring stand on different intervals of the exome, with different populations.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onconcord.accuracy.places import CHROM, Places
from onconcord.evidence.normal_form import Allele
from onconcord.reference.bed import read_bed
from onconcord.reference.sequence import Genome

FLANK_BP = 330
"""Sequence simulated beyond a target."""
VARIED_BP = 180
"""Beyond a target, where people vary too: callers look there."""
SITE_EVERY_BP = 240
INDELS = 0.14
COMMON = 0.6
LISTED, RARE_LISTED, RARE = 0.995, 0.85, 0.01
"""Of the variable sites: those that the population resource knows, and of those below RARE."""
PRIVATE_EVERY_BP = 9000
RECURRENT_EVERY_BP = 600
IN_PANEL = 0.75
"""Of the recurrent artefacts: those that the panel of normals has."""
ODD_IN_PANEL_EVERY_BP = 4000

Region = tuple[int, int]


@dataclass(frozen=True)
class Site:
    """A place where people differ: its allele, its frequency, whether the resource knows it."""

    allele: Allele
    frequency: float
    listed: bool


@dataclass(frozen=True)
class Recurrent:
    """
    A place where the assay errs in every sample.

    Args:
        allele: what is seen there.
        rate: its usual fraction of fragments.
        at_ends: seen near the ends of fragments only.
        poor: seen with poor base qualities.
    """

    allele: Allele
    rate: float
    at_ends: bool
    poor: bool


@dataclass(frozen=True)
class Inherited:
    """A germline variant of a person; `haplotypes` are 1, 2 or both of a diploid person."""

    allele: Allele
    haplotypes: str
    frequency: float | None


@dataclass(frozen=True)
class World:
    """Targets and regions are 0-based half-open and ascending; no two regions touch."""

    targets: tuple[Region, ...]
    regions: tuple[Region, ...]
    sites: tuple[Site, ...]
    recurrent: tuple[Recurrent, ...]
    panel: tuple[Allele, ...]

    @property
    def target_bp(self) -> int:
        return sum(end0 - start0 for start0, end0 in self.targets)


def make_world(genome: Genome, exome: Path, target_bp: int, seed: int, scoring: bool) -> World:
    """
    Targets of about `target_bp` bases and all that belongs to them.

    Args:
        genome: chromosome 20 of GRCh37.
        exome: BED of real exome intervals; every other one is for scoring.
        target_bp: how much of it.
        seed: of the working folder.
        scoring: whether these pairs are scored, or fitted on.
    """
    draw = np.random.default_rng([seed, 0])
    half = list(read_bed(exome).select("start0", "end0").iter_rows())[scoring::2]
    chosen: list[Region] = []
    for place in draw.permutation(len(half)):
        if sum(end0 - start0 for start0, end0 in chosen) >= target_bp:
            break
        chosen.append(half[place])
    targets = tuple(sorted(chosen))
    places = Places(genome, draw)
    sites = tuple(_sites(places, targets))
    recurrent = tuple(_recurrent(places, targets))
    panel = [artefact.allele for artefact in recurrent if draw.random() < IN_PANEL]
    for start0, end0 in targets:
        if draw.random() < (end0 - start0) / ODD_IN_PANEL_EVERY_BP:
            odd = places.allele("SNV", start0, end0, 0)
            panel += [odd] if odd else []
    return World(targets, _regions(targets), sites, recurrent, tuple(sorted(panel)))


def _regions(targets: tuple[Region, ...]) -> tuple[Region, ...]:
    merged: list[Region] = []
    for start0, end0 in targets:
        first, last = start0 - FLANK_BP, end0 + FLANK_BP
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _sites(places: Places, targets: tuple[Region, ...]) -> list[Site]:
    sites = []
    for start0, end0 in targets:
        first, last = start0 - VARIED_BP, end0 + VARIED_BP
        for _ in range(places.draw.poisson((last - first) / SITE_EVERY_BP)):
            kind = "indel" if places.draw.random() < INDELS else "SNV"
            allele = places.allele(kind, first, last, 4)
            if allele is None:
                continue
            if places.draw.random() < COMMON:
                frequency = float(places.draw.uniform(0.05, 0.6))
            else:
                frequency = float(10 ** places.draw.uniform(-4.5, -1.3))
            listed = RARE_LISTED if frequency < RARE else LISTED
            sites.append(Site(allele, frequency, bool(places.draw.random() < listed)))
    return sorted(sites, key=lambda site: site.allele)


def _recurrent(places: Places, targets: tuple[Region, ...]) -> list[Recurrent]:
    """One site for every 600 target bases; a profile takes as many of them as it says."""
    found = []
    for start0, end0 in targets:
        for _ in range(places.draw.poisson((end0 - start0) / RECURRENT_EVERY_BP)):
            kind = "indel" if places.draw.random() < 0.25 else "SNV"
            allele = places.allele(kind, start0, end0, 3)
            if allele is not None:
                rate = float(np.clip(places.draw.lognormal(np.log(0.05), 0.7), 0.01, 0.35))
                ends, poor = places.draw.random(2) < (0.3, 0.5)
                found.append(Recurrent(allele, rate, bool(ends and kind == "SNV"), bool(poor)))
    return found


def person(genome: Genome, world: World, draw: np.random.Generator) -> tuple[Inherited, ...]:
    """Germline variants of one person: sites by their frequency, and private ones."""
    own = []
    for site in world.sites:
        carried = "".join(which for which in "12" if draw.random() < site.frequency)
        if carried:
            own.append(Inherited(site.allele, carried, site.frequency if site.listed else None))
    near = [(variant.allele.start0 - 8, variant.allele.end0 + 8) for variant in own]
    places = Places(genome, draw, near)
    for start0, end0 in world.targets:
        if draw.random() < (end0 - start0) / PRIVATE_EVERY_BP:
            kind = "indel" if draw.random() < INDELS else "SNV"
            allele = places.allele(kind, start0, end0, 4)
            if allele is not None:
                own.append(Inherited(allele, str(draw.integers(1, 3)), None))
    return tuple(sorted(own, key=lambda variant: variant.allele))


def population_vcf(world: World, length_bp: int, draw: np.random.Generator) -> str:
    """The population resource: frequencies as a sample of 2,000 people would show them."""
    lines = _header(length_bp)
    lines.insert(2, '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">')
    for site in world.sites:
        seen = draw.binomial(4000, site.frequency)
        if site.listed and seen:
            allele = site.allele
            lines.append(
                f"{CHROM}\t{allele.pos}\t.\t{allele.ref}\t{allele.alt}\t.\t.\tAF={seen / 4000:g}"
            )
    return "\n".join(lines) + "\n"


def panel_vcf(world: World, length_bp: int) -> str:
    """The panel of normals: sites only."""
    rows = [
        f"{CHROM}\t{allele.pos}\t.\t{allele.ref}\t{allele.alt}\t.\t.\t." for allele in world.panel
    ]
    return "\n".join([*_header(length_bp), *rows]) + "\n"


def _header(length_bp: int) -> list[str]:
    return [
        "##fileformat=VCFv4.2",
        f"##contig=<ID={CHROM},length={length_bp}>",
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
