"""
Calling shards: pieces of the calling regions, set by the genome and the assay alone.

A shard has two files. `N.bed` are the regions it calls. `N.own.bed` is the part of the genome
whose records it keeps; the own parts of all shards are the genome, each base once. A region is cut
in a run of N where there is one nearby, else at a multiple of GRID_BP. Both sides call beyond the
cut, so that neither sees a variant at the edge of its data, and what both report is kept by the one
that owns its position: none is lost, none is there twice.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import polars as pl

from onconcord.compressed import read_lines
from onconcord.errors import InputError
from onconcord.reference.bed import bed_rows, read_bed, write_bed
from onconcord.reference.contigs import primary_names, read_contigs
from onconcord.reference.intervals import Interval
from onconcord.reference.sequence import Sequences

GRID_BP = 100_000
"""Regions are cut at multiples of this, so that a cut stays where it is when others move."""
OVERLAP_BP = 1000
"""Bases that a shard calls beyond a cut: more than a caller's window and a read's length."""
GAP = re.compile(f"N{{{2 * OVERLAP_BP},}}")
"""Bases nobody knows, so many that what is called beyond a cut in their middle is N too."""
NEAR_BP = 2_000_000
"""How far from an even share of the bases a gap may lie, and a quarter of such a share at most."""
Place = tuple[int, int]
"""Number of a contig in the FASTA's order, and a 0-based position."""


def shard_count(targets: Sequence[Path], fasta: Path, index: Path, shard_mb: int) -> int:
    """
    Number of calling shards of an assay.

    Args:
        targets: BEDs of the targets, of which the smallest counts where there are two; nothing
            for the primary contigs of the genome.
        fasta: the reference, in whatever form.
        index: the run's `.fai` of it, used where it is there and newer than the FASTA.
        shard_mb: megabases of target per shard.
    Returns:
        At least 1; the same for every form of one genome.
    """
    if targets:
        size = min(map(_target_bases, targets))
    else:
        lengths = genome_lengths(fasta, index)
        size = sum(lengths[name] for name in primary_names(tuple(lengths)))
    return max(1, math.ceil(size / (shard_mb * 1_000_000)))


def _target_bases(targets: Path) -> int:
    """Bases of a BED as far as it can be read: what is wrong with it, rule `targets` says."""
    try:
        rows = bed_rows(targets)
    except InputError:
        return 0
    return int(rows.select((pl.col("end0") - pl.col("start0")).clip(0).sum()).item())


def genome_lengths(fasta: Path, index: Path) -> dict[str, int]:
    """Bases by native contig name: from an index that is newer than the FASTA, or by reading it."""
    for fai in (index, Path(f"{fasta}.fai")):
        if fai.is_file() and fai.stat().st_mtime >= fasta.stat().st_mtime:
            rows = (line.split("\t") for line in fai.read_text().splitlines())
            return {row[0]: int(row[1]) for row in rows}
    lengths: dict[str, int] = {}
    name = ""
    for _, line in read_lines(fasta):
        if line.startswith(">"):
            name = line[1:].split(maxsplit=1)[0]
            lengths[name] = 0
        elif name:
            lengths[name] += len(line.strip())
    return lengths


def write_shards(
    calling: Path,
    contigs: Path,
    genome: Sequences,
    count: int,
    folder: Path,
    grid_bp: int = GRID_BP,
) -> None:
    """
    Cut the calling regions into shards of about equal size.

    Args:
        calling: sorted BED, 0-based half-open.
        contigs: `1_reference/contigs.tsv`.
        genome: where the gaps are.
        count: number of shards, `0.bed` and `0.own.bed` to `<count - 1>.own.bed`.
        folder: made when it is not there.
        grid_bp: see GRID_BP.
    """
    lengths = {row.source_name: row.length_bp for row in read_contigs(contigs)}
    intervals = read_bed(calling).drop("label").rows()
    cuts = cut_places(intervals, list(lengths), genome, count, grid_bp)
    for number in range(count):
        first = cuts[number - 1] if number else (0, 0)
        last = cuts[number] if number < len(cuts) else (len(lengths), 0)
        own = list(_between(lengths, first, last))
        write_bed(own, folder / f"{number}.own.bed")
        write_bed(_called(intervals, own), folder / f"{number}.bed")


def cut_places(
    intervals: Sequence[Interval],
    contigs: Sequence[str],
    genome: Sequences,
    count: int,
    grid_bp: int,
) -> list[Place]:
    """
    Where the genome is cut into `count` parts with about equally many bases of some intervals.

    Args:
        intervals: sorted, merged.
        contigs: native names in the FASTA's order.
        genome: where the gaps are.
    Returns:
        `count - 1` rising places: inside an interval in the middle of a gap or at a multiple of
        `grid_bp`, or halfway between two intervals.
    """
    rank = {name: place for place, name in enumerate(contigs)}
    sums = [0, *accumulate(end - start for _, start, end in intervals)]
    near_bp = min(NEAR_BP, sums[-1] // count // 4)
    cuts: list[Place] = []
    for number in range(1, count):
        wanted = sums[-1] * number // count
        at = min(bisect_right(sums, wanted) - 1, len(intervals) - 1)
        contig, start, end = intervals[at]
        place = round((start + wanted - sums[at]) / grid_bp) * grid_bp
        if start < place < end:
            first, last = max(start, place - near_bp), min(end, place + near_bp)
            cuts.append((rank[contig], _gap_near(genome, contig, first, last, place)))
            continue
        # No multiple lies inside: the cut goes to the nearer end of the interval.
        after = at + (wanted - sums[at] > (end - start) / 2)
        before = intervals[after - 1] if after else None
        following = intervals[after] if after < len(intervals) else None
        if before and following and before[0] == following[0]:
            cuts.append((rank[before[0]], (before[2] + following[1]) // 2))
        else:
            cuts.append((rank[following[0]] if following else len(contigs), 0))
    return cuts


def _gap_near(genome: Sequences, contig: str, first: int, last: int, place: int) -> int:
    """Middle of the gap in [first, last) that is nearest to a place, else the place itself."""
    runs = GAP.finditer(genome.bases(contig, first, last))
    middles = (first + (run.start() + run.end()) // 2 for run in runs)
    return min(middles, key=lambda middle: (abs(middle - place), middle), default=place)


def _between(lengths: Mapping[str, int], first: Place, last: Place) -> Iterator[Interval]:
    """The part of a genome between two places, an interval for each contig."""
    for here, (contig, length) in enumerate(lengths.items()):
        start = first[1] if here == first[0] else 0
        end = last[1] if here == last[0] else length
        if first[0] <= here <= last[0] and start < end:
            yield contig, start, end


def _called(intervals: Sequence[Interval], own: Sequence[Interval]) -> list[Interval]:
    """Intervals cut to a shard's own part, each reaching over the cuts as far as it did before."""
    called = []
    parts = {contig: (start, end) for contig, start, end in own}
    for contig, start, end in intervals:
        if contig not in parts:
            continue
        first, last = parts[contig]
        if max(start, first) < min(end, last):
            called.append((contig, max(start, first - OVERLAP_BP), min(end, last + OVERLAP_BP)))
    return called
