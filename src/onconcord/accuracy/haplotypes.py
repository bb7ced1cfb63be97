"""
Calls against the truth by local haplotypes: what counts is the sequence, not how it is written.

Truth and calls that lie near each other form a window. In it, some truth and some calls are the
same where they give the same sequence when both are applied to the reference. Variants that the
patient inherited may be added on either side: a caller may write a somatic variant together with
its germline neighbour. The pairing that finds most of the truth with most of the calls counts.

Calls carry no genotype, so that any of them may lie on any haplotype.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from onconcord.evidence.normal_form import Allele, extent0, join, normalise
from onconcord.reference.sequence import Genome

WINDOW_BP = 15
"""Unchanged bases between two alleles up to which they are looked at together."""

MOST_TOGETHER = 4
"""Alleles of one side that may make up one haplotype."""

CROWD = 9
"""Alleles of one side in a window beyond which only pairs of them are put together."""


@dataclass(frozen=True)
class Matched:
    """
    Indexes into the lists given to `match`.

    Args:
        truth: truth that some calls spell.
        calls: calls that spell truth, with the truth they spell.
        inherited: calls that spell nothing but inherited variants.
    """

    truth: frozenset[int]
    calls: dict[int, frozenset[int]]
    inherited: frozenset[int]


@dataclass(frozen=True)
class _Item:
    start0: int
    end0: int
    side: str
    index: int


@dataclass(frozen=True)
class _Same:
    """Truth and calls that are the same haplotype; without truth: an inherited one."""

    truth: frozenset[int]
    calls: frozenset[int]


def match(
    genome: Genome,
    truth: Sequence[Allele],
    inherited: Sequence[Allele],
    calls: Sequence[Allele],
) -> Matched:
    """
    Which of the truth is called, and which calls are true.

    Args:
        genome: the reference.
        truth: alleles to be found, all different.
        inherited: alleles that are neither asked for nor, alone, true.
        calls: alleles as callers write them, all different.
    """
    found: set[int] = set()
    true: dict[int, frozenset[int]] = {}
    germline: set[int] = set()
    for window in _windows(genome, truth, inherited, calls):
        same = _same(genome, window, truth, inherited, calls)
        for pairing in _best([pairing for pairing in same if pairing.truth]):
            found |= pairing.truth
            true.update(dict.fromkeys(pairing.calls, pairing.truth))
        for pairing in same:
            if not pairing.truth:
                germline |= pairing.calls
    return Matched(frozenset(found), true, frozenset(germline - true.keys()))


def _windows(
    genome: Genome,
    truth: Sequence[Allele],
    inherited: Sequence[Allele],
    calls: Sequence[Allele],
) -> Iterator[dict[str, list[int]]]:
    """Indexes by side of what lies near each other; windows without a call are left out."""
    items = []
    for side, alleles in (("truth", truth), ("inherited", inherited), ("calls", calls)):
        for index, allele in enumerate(alleles):
            start0, end0 = extent0(genome, normalise(genome, allele))
            first, last = min(start0, allele.start0), max(end0, allele.end0)
            items.append(_Item(first, last, side, index))
    items.sort(key=lambda item: (item.start0, item.end0, item.side, item.index))
    window: dict[str, list[int]] = defaultdict(list)
    end0 = -WINDOW_BP
    for item in items:
        if item.start0 - end0 > WINDOW_BP:
            if window["calls"]:
                yield window
            window = defaultdict(list)
        window[item.side].append(item.index)
        end0 = max(end0, item.end0)
    if window["calls"]:
        yield window


def _same(
    genome: Genome,
    window: dict[str, list[int]],
    truth: Sequence[Allele],
    inherited: Sequence[Allele],
    calls: Sequence[Allele],
) -> list[_Same]:
    """All pairs of truth and calls of one window with the same sequence, the smallest first."""
    backgrounds = list(_subsets(window["inherited"], 2, least=0))
    wanted: dict[Allele, set[frozenset[int]]] = defaultdict(set)
    for own in _subsets(window["truth"], MOST_TOGETHER, least=0):
        for behind in backgrounds:
            if not own and not behind:
                continue
            alleles = [*(truth[index] for index in own), *(inherited[index] for index in behind)]
            spelt = join(genome, alleles)
            if spelt is not None:
                wanted[spelt].add(frozenset(own))
    found: set[tuple[frozenset[int], frozenset[int]]] = set()
    for called in _subsets(window["calls"], MOST_TOGETHER, least=1):
        for behind in backgrounds:
            alleles = [*(calls[index] for index in called), *(inherited[index] for index in behind)]
            spelt = join(genome, alleles)
            if spelt is not None:
                found |= {(own, frozenset(called)) for own in wanted.get(spelt, ())}
    ordered = sorted(
        found, key=lambda pair: (len(pair[0]) + len(pair[1]), sorted(pair[0]), sorted(pair[1]))
    )
    kept: list[_Same] = []
    for truths, spelling in ordered:
        # What falls into two parts that are the same each is no news.
        parts = (part for part in kept if truths >= part.truth and spelling >= part.calls)
        if not any((truths - part.truth, spelling - part.calls) in found for part in parts):
            kept.append(_Same(truths, spelling))
    return kept


def _subsets(indexes: Sequence[int], most: int, least: int) -> Iterator[tuple[int, ...]]:
    most = min(most, 2) if len(indexes) > CROWD else most
    for size in range(least, min(most, len(indexes)) + 1):
        yield from combinations(indexes, size)


def _best(same: Sequence[_Same]) -> list[_Same]:
    """Pairs without a common truth or call that find most truth, then use most calls."""
    free: list[_Same] = []
    rivals: list[_Same] = []
    for first in same:
        contested = any(first is not second and _clash(first, second) for second in same)
        (rivals if contested else free).append(first)
    best: list[_Same] = []
    score = (0, 0)

    def grow(place: int, chosen: list[_Same], truth: int, calls: int) -> None:
        nonlocal best, score
        if (truth, calls) > score:
            best, score = list(chosen), (truth, calls)
        for later in range(place, len(rivals)):
            rival = rivals[later]
            if not any(_clash(rival, other) for other in chosen):
                chosen.append(rival)
                grow(later + 1, chosen, truth + len(rival.truth), calls + len(rival.calls))
                chosen.pop()

    grow(0, [], 0, 0)
    return free + best


def _clash(first: _Same, second: _Same) -> bool:
    return not (first.truth.isdisjoint(second.truth) and first.calls.isdisjoint(second.calls))
