"""Target intervals: a centre's BED, checked against the genome, sorted, merged and padded."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from onconcord.errors import Fault, InputError
from onconcord.files import write_text
from onconcord.reference.contigs import table_chrom

Interval = tuple[str, int, int]
"""Native contig name, start and end, 0-based half-open."""
MOST_FAULTS = 20


def read_bed(bed: Path, lengths: Mapping[str, int]) -> tuple[Interval, ...]:
    """
    Intervals of a BED, in its order.

    Args:
        bed: at least three columns; comments, track and browser lines are left out.
        lengths: bases by native contig name, of the genome the intervals are on.
    Raises:
        InputError: every line that is no interval of this genome, at most MOST_FAULTS of them.
    """
    intervals, faults = check_bed(bed, lengths)
    if faults:
        raise InputError(faults)
    return intervals


def check_bed(bed: Path, lengths: Mapping[str, int]) -> tuple[tuple[Interval, ...], list[Fault]]:
    """Good intervals of a BED, and its faults; see `read_bed`."""
    intervals: list[Interval] = []
    faults: list[Fault] = []
    strangers: dict[str, int] = {}
    try:
        lines = bed.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return (), [Fault(bed.name, f"cannot be read as a BED: {error}.")]
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) < 3 or not (cells[1].strip().isdecimal() and cells[2].strip().isdecimal()):
            message = f'"{line[:60]}" is not contig, start and end, with tabs between them.'
            faults.append(Fault(bed.name, message, number))
            continue
        contig, start, end = cells[0], int(cells[1]), int(cells[2])
        if contig not in lengths:
            strangers.setdefault(contig, number)
        elif start >= end:
            message = f"start {start} is not before end {end}: BED is 0-based and half-open."
            faults.append(Fault(bed.name, message, number))
        elif end > lengths[contig]:
            message = (
                f'end {end} is outside contig "{contig}", which has {lengths[contig]} bases: '
                "are these the targets of another build?"
            )
            faults.append(Fault(bed.name, message, number))
        else:
            intervals.append((contig, start, end))
    faults += [
        Fault(bed.name, stranger(contig, lengths), number) for contig, number in strangers.items()
    ]
    if len(faults) > MOST_FAULTS:
        more = f"{len(faults) - MOST_FAULTS} more lines are at fault."
        faults = [*sorted(faults)[:MOST_FAULTS], Fault(bed.name, more)]
    if not intervals and not faults:
        faults = [Fault(bed.name, "has no interval: give targets, or leave the key null.")]
    return tuple(intervals), faults


def stranger(contig: str, known: Iterable[str]) -> str:
    """What to say of a contig that the genome does not have: most often only its name differs."""
    names = tuple(known)
    same = next((name for name in names if table_chrom(name) == table_chrom(contig)), None)
    if same:
        return (
            f'contig "{contig}" is not in the FASTA, which calls it "{same}": rename it, so that '
            "all files have the FASTA's names."
        )
    shown = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    return f'contig "{contig}" is not in the FASTA, which has {shown}: is this another build?'


def merged(intervals: Iterable[Interval], order: Iterable[str]) -> tuple[Interval, ...]:
    """Intervals sorted in the given order of contigs, those that overlap or touch made one."""
    rank = {name: place for place, name in enumerate(order)}
    found: list[Interval] = []
    for contig, start, end in sorted(intervals, key=lambda one: (rank[one[0]], one[1], one[2])):
        if found and found[-1][0] == contig and start <= found[-1][2]:
            found[-1] = (contig, found[-1][1], max(end, found[-1][2]))
        else:
            found.append((contig, start, end))
    return tuple(found)


def padded(
    intervals: Iterable[Interval], padding: int, lengths: Mapping[str, int]
) -> tuple[Interval, ...]:
    """Intervals grown by `padding` bases at each end, cut to their contigs and merged."""
    grown = (
        (contig, max(0, start - padding), min(lengths[contig], end + padding))
        for contig, start, end in intervals
    )
    return merged(grown, lengths)


def split(intervals: Iterable[Interval], others: Iterable[Interval]) -> tuple[Interval, ...]:
    """
    Intervals cut wherever another one starts or ends, in their order.

    The pieces add up to the intervals, and each lies wholly in or wholly out of any other one.
    """
    borders: dict[str, set[int]] = defaultdict(set)
    for contig, start, end in others:
        borders[contig] |= {start, end}
    ordered = {contig: sorted(places) for contig, places in borders.items()}
    pieces: list[Interval] = []
    for contig, start, end in intervals:
        places = ordered.get(contig, [])
        inside = places[bisect_right(places, start) : bisect_left(places, end)]
        cuts = [start, *inside, end]
        pieces += [(contig, first, last) for first, last in pairwise(cuts)]
    return tuple(pieces)


class Region:
    """
    Intervals that others are cut to.

    Args:
        intervals: merged, so that no base is there twice.
    """

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self._starts: dict[str, list[int]] = defaultdict(list)
        self._ends: dict[str, list[int]] = defaultdict(list)
        for contig, start, end in intervals:
            self._starts[contig].append(start)
            self._ends[contig].append(end)

    def cut(self, interval: Interval) -> tuple[Interval, ...]:
        """The parts of an interval that lie in the region, by start."""
        contig, start, end = interval
        if contig not in self._starts:
            return ()
        starts, ends = self._starts[contig], self._ends[contig]
        first, last = bisect_right(ends, start), bisect_left(starts, end)
        return tuple(
            (contig, max(start, starts[place]), min(end, ends[place]))
            for place in range(first, last)
        )


def write_bed(intervals: Iterable[Interval], out: Path) -> None:
    """Write a BED of three columns."""
    write_text(out, "".join(f"{contig}\t{start}\t{end}\n" for contig, start, end in intervals))
