"""
How often the reads of a sample show a wrong base where nothing varies: its errors and its damage.

Counted on reads over evenly spaced target bases, without the positions of candidates. Substitutions
are told as they stand on the forward strand of a fragment of F1R2; what a fragment of F2R1 shows is
entered as its complement, so that the two orientations of one kind of damage are two cells.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pysam

from onconcord.evidence.fragments import Limits, is_f1r2, is_used
from onconcord.reference.sequence import Genome

BASES = "ACGT"
SCHEMA: dict[str, Any] = {
    "role": pl.String,
    "ref": pl.String,
    "alt": pl.String,
    "shown": pl.Int64,
    "bases": pl.Int64,
}
"""Of each role and substitution: bases that show `alt`, of all that lie on a `ref`."""

_PLACES = 400
"""Target bases whose reads are looked at."""
_MOST_READS = 150
"""Reads looked at over each of them."""
_CODE = np.full(256, 4, np.uint8)
_CODE[np.frombuffer(BASES.encode(), np.uint8)] = np.arange(4)

Counts = npt.NDArray[np.int64]


def count_substitutions(
    reads: pysam.AlignmentFile,
    genome: Genome,
    targets: pl.DataFrame,
    candidates: Collection[tuple[str, int]],
    limits: Limits,
) -> Counts:
    """
    Bases shown by reference base.

    Args:
        targets: chrom (native), start0, end0: sorted, without overlap.
        candidates: contig and 0-based position of every base that may vary: left out.
        limits: which reads and bases count.
    Returns:
        Shape (4, 4): reference base, base shown, in the order of BASES.
    """
    found = np.zeros((4, 4), np.int64)
    sizes = (targets["end0"] - targets["start0"]).to_numpy()
    ends = np.cumsum(sizes)
    if not len(ends):
        return found
    wanted = np.unique((np.arange(_PLACES) + 0.5) * ends[-1] // _PLACES).astype(np.int64)
    rows = np.searchsorted(ends, wanted, side="right")
    for row, offset in zip(rows.tolist(), wanted.tolist(), strict=True):
        chrom, start0, _ = targets.row(row)
        position0 = start0 + offset - int(ends[row] - sizes[row])
        found += _over(reads, genome, chrom, position0, candidates, limits)
    return found


def _over(
    reads: pysam.AlignmentFile,
    genome: Genome,
    chrom: str,
    position0: int,
    candidates: Collection[tuple[str, int]],
    limits: Limits,
) -> Counts:
    """Bases shown by the reads over one position, of those that are aligned without a gap."""
    found = np.zeros((4, 4), np.int64)
    looked_at = 0
    for read in reads.fetch(chrom, position0, position0 + 1):
        if not is_used(read) or read.mapping_quality < limits.mapping_quality:
            continue
        if any(operation not in (0, 4, 7, 8) for operation, _ in read.cigartuples or ()):
            continue
        looked_at += 1
        if looked_at > _MOST_READS:
            break
        start0, end0 = read.reference_start, read.reference_end or 0
        shown = _codes(read.query_alignment_sequence)
        reference = _codes(genome.bases(chrom, start0, end0))
        good = (shown < 4) & (reference < 4)
        if (qualities := read.query_alignment_qualities) is not None:
            good &= np.frombuffer(qualities, np.uint8) >= limits.base_quality
        for place in np.flatnonzero(shown != reference).tolist():
            good[place] &= (chrom, start0 + place) not in candidates
        pairs = reference[good].astype(np.int64) * 4 + shown[good]
        counts = np.bincount(pairs, minlength=16).reshape(4, 4)
        found += counts if is_f1r2(read) else counts[::-1, ::-1]
    return found


def _codes(bases: str | None) -> npt.NDArray[np.uint8]:
    codes: npt.NDArray[np.uint8] = _CODE[np.frombuffer((bases or "").encode(), np.uint8)]
    return codes


def rows_of(role: str, counts: Counts) -> pl.DataFrame:
    """Rows of SCHEMA of one sample's `count_substitutions`."""
    rows = [
        (role, BASES[ref], BASES[alt], int(counts[ref, alt]), int(counts[ref].sum()))
        for ref in range(4)
        for alt in range(4)
        if ref != alt
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
