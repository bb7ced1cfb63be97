"""The truth of one pair: what the patient inherited, what the tumour acquired."""

from dataclasses import dataclass

import numpy as np

from onconcord.accuracy.places import Places, class_of
from onconcord.accuracy.profiles import Plan, Profile
from onconcord.accuracy.world import Inherited, World, person
from onconcord.evidence.normal_form import Allele, extent0
from onconcord.reference.sequence import Genome

CLONAL = 0.6
"""Of the events of a tumour of known purity; the others are in a part of its cells."""
LOST = 0.08
"""Of the regions: the tumour has lost the second haplotype there."""
IN_CIS = 0.1
"""Of the events: near a heterozygous variant, on its haplotype."""
CIS_BP = (4, 30)
APART_BP = 18
INNER_BP = 4


@dataclass(frozen=True)
class Acquired:
    """A somatic event: its germline haplotype (1 or 2), its allele fraction in the tumour."""

    allele: Allele
    haplotype: int
    fraction: float
    kind: str


@dataclass(frozen=True)
class Truth:
    """One pair; `lost` are indexes of regions without a second haplotype in the tumour's cells."""

    inherited: tuple[Inherited, ...]
    acquired: tuple[Acquired, ...]
    foreign: tuple[Inherited, ...]
    lost: frozenset[int]
    purity: float


def make_truth(
    plan: Plan, purpose: str, profile: Profile, genome: Genome, world: World, seed: int
) -> Truth:
    """Everything that one pair of a profile carries."""
    inherited = person(genome, world, profile.draw(seed, "patient"))
    foreign = person(genome, world, profile.draw(seed, "foreign"))
    draw = profile.draw(seed, "tumour")
    purity = profile.purity or float(draw.uniform(0.5, 0.9))
    lost = frozenset(np.flatnonzero(draw.random(len(world.regions)) < LOST).tolist())
    kinds = _kinds(plan, plan.event_every_bp[purpose], world.target_bp, draw)
    acquired = _acquired(kinds, profile, genome, world, inherited, draw)
    return Truth(inherited, tuple(acquired), foreign, lost, purity)


def _acquired(
    kinds: list[str],
    profile: Profile,
    genome: Genome,
    world: World,
    inherited: tuple[Inherited, ...],
    draw: np.random.Generator,
) -> list[Acquired]:
    taken = []
    for variant in inherited:
        start0, end0 = extent0(genome, variant.allele)
        taken.append((start0 - CIS_BP[0] + 1, end0 + CIS_BP[0] - 1))
    places = Places(genome, draw, taken)
    sizes = np.array([end0 - start0 for start0, end0 in world.targets])
    hets = [
        variant
        for variant in inherited
        if len(variant.haplotypes) == 1
        and any(start0 <= variant.allele.start0 < end0 for start0, end0 in world.targets)
    ]
    found = []
    for kind in kinds:
        fraction = _fraction(profile, draw)
        which = int(draw.integers(1, 3))
        if hets and draw.random() < IN_CIS:
            beside = hets[int(draw.integers(len(hets)))]
            which = int(beside.haplotypes)
            near = beside.allele.start0
            target = next(
                interval for interval in world.targets if interval[0] <= near < interval[1]
            )
            first = max(target[0] + INNER_BP, near - CIS_BP[1])
            last = min(target[1] - INNER_BP, near + CIS_BP[1])
        else:
            # The longer ones of the targets have more events, the ends of none have any.
            first, last = world.targets[int(draw.choice(len(sizes), p=sizes / sizes.sum()))]
            first, last = first + INNER_BP, last - INNER_BP
        if last - first < 2 * INNER_BP:
            continue
        allele = places.allele(kind, first, last, APART_BP)
        if allele is not None:
            found.append(Acquired(allele, which, fraction, class_of(allele)))
    return sorted(found, key=lambda event: event.allele)


def _kinds(plan: Plan, every_bp: int, target_bp: int, draw: np.random.Generator) -> list[str]:
    """Classes of all events in random order, as many of each as its share says."""
    events = target_bp / every_bp
    kinds = [kind for kind, share in plan.classes.items() for _ in range(round(share * events))]
    return [kinds[place] for place in draw.permutation(len(kinds))]


def _fraction(profile: Profile, draw: np.random.Generator) -> float:
    if profile.purity is not None:
        clonal = profile.purity / 2
        part = 1.0 if draw.random() < CLONAL else float(draw.uniform(0.2, 0.8))
        return round(clonal * part, 4)
    shares = np.array([share for share, _, _ in profile.fractions])
    _, low, high = profile.fractions[int(draw.choice(len(shares), p=shares / shares.sum()))]
    return round(float(draw.uniform(low, high)), 4)
