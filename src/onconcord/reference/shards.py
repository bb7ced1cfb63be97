"""Calling shards: pieces of the calling regions, set by the genome and the assay alone."""

import math
from pathlib import Path

from onconcord.errors import ToolError
from onconcord.reference.bed import bed_lines, read_bed, write_bed
from onconcord.reference.intervals import Interval


def shard_count(targets: Path | None, fasta: Path, shard_mb: int) -> int:
    """
    Number of calling shards of a working folder.

    Args:
        targets: BED of the targets, or None for the whole genome.
        fasta: the reference; its `.fai` gives the size, else the size of the file in bytes.
        shard_mb: megabases of target per shard.
    Returns:
        At least 1.
    """
    if targets is not None:
        size = sum(int(cells[2]) - int(cells[1]) for _, _, cells in bed_lines(targets))
    else:
        index = fasta.with_name(f"{fasta.name}.fai")
        if index.exists():
            size = sum(int(line.split("\t")[1]) for line in index.read_text().splitlines())
        else:
            size = fasta.stat().st_size
    return max(1, math.ceil(size / (shard_mb * 1_000_000)))


def write_shards(calling: Path, count: int, folder: Path) -> None:
    """
    Cut the calling regions into `count` runs of whole intervals of about equal size.

    Args:
        calling: sorted BED, 0-based half-open.
        count: number of files, `0.bed` to `<count - 1>.bed`.
        folder: made when it is not there.
    Raises:
        ToolError: fewer intervals than shards, so that a shard would be empty.
    """
    intervals = read_bed(calling).drop("label").rows()
    if len(intervals) < count:
        raise ToolError(
            f"{calling.name} has {len(intervals)} intervals, which cannot make {count} shards: "
            "raise calling.shard_mb."
        )
    total = sum(end - start for _, start, end in intervals)
    shards: list[list[Interval]] = [[] for _ in range(count)]
    done, current = 0, 0
    for place, (contig, start, end) in enumerate(intervals):
        full = done >= total * (current + 1) / count
        # Every later shard needs an interval of its own.
        last_chance = len(intervals) - place == count - 1 - current
        if shards[current] and (full or last_chance):
            current += 1
        shards[current].append((contig, start, end))
        done += end - start
    for number, shard in enumerate(shards):
        write_bed(shard, folder / f"{number}.bed")
