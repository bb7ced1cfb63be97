"""
Rolling: how far an insertion or deletion can be moved along a repeat, the haplotype unchanged.

Moving by one base rotates the inserted or deleted bases by one, and needs the base that is passed
to be the one that comes in at the other end.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from onconcord.reference.sequence import Bases, Genome, Sequences

WINDOW_BP = 64
"""Bases that are looked at first; each further look is wider."""

Integers = npt.NDArray[np.int64]


def rolled_left(genome: Sequences, contig: str, start0: int, bases: str) -> int:
    """
    Bases by which a change can be moved to the left.

    Args:
        start0: 0-based position before which the bases are inserted, or of the first deleted one.
        bases: the inserted or deleted bases, at least one.
    """
    rolled, width = 0, WINDOW_BP
    while True:
        end0 = start0 - rolled
        window = genome.bases(contig, end0 - width, end0)
        for passed in reversed(window):
            if passed != bases[(-1 - rolled) % len(bases)]:
                return rolled
            rolled += 1
        if len(window) < width:
            return rolled
        width *= 4


def rolled_right(genome: Sequences, contig: str, end0: int, bases: str) -> int:
    """
    Bases by which a change can be moved to the right.

    Args:
        end0: 0-based position of the first base behind the change.
        bases: the inserted or deleted bases, at least one.
    """
    rolled, width = 0, WINDOW_BP
    while True:
        first0 = end0 + rolled
        window = genome.bases(contig, first0, first0 + width)
        for passed in window:
            if passed != bases[rolled % len(bases)]:
                return rolled
            rolled += 1
        if len(window) < width:
            return rolled
        width *= 4


def rolled_many(
    genome: Genome,
    contigs: pl.Series,
    text: Bases,
    lengths: Integers,
    from0: Integers,
    step: int,
    longest: int,
) -> Integers:
    """
    Bases by which each of many changes can be moved; each base is one step for all of them.

    Args:
        contigs: contig of each change, shape (n,).
        text: inserted or deleted bases of all, one after another.
        lengths: how many of them each has, shape (n,).
        from0: 0-based position of the first base that it would pass, shape (n,).
        step: 1 to the right, -1 to the left.
        longest: where to stop.
    Returns:
        Shape (n,), at most `longest`.
    """
    firsts = np.cumsum(lengths) - lengths
    rolled = np.zeros(len(lengths), np.int64)
    moving = np.arange(len(lengths))
    for turn in range(longest):
        if not len(moving):
            break
        within = (turn if step > 0 else -1 - turn) % lengths[moving]
        passed = genome.gather(contigs.gather(moving), from0[moving] + step * turn)
        moving = moving[passed == text[firsts[moving] + within]]
        rolled[moving] += 1
    return rolled
