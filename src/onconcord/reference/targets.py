"""Target intervals: a centre's BED, checked against the genome."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from onconcord.errors import Fault, InputError
from onconcord.reference.bed import bed_rows
from onconcord.reference.contigs import native_name, primary_names
from onconcord.reference.intervals import Interval, merged, shared

MOST_FAULTS = 20


def check_bed(bed: Path, lengths: Mapping[str, int]) -> tuple[tuple[Interval, ...], list[Fault]]:
    """
    Good intervals of a BED, in its order, and its faults.

    Args:
        bed: at least three columns.
        lengths: bases by native contig name, of the genome the intervals are on.
    Returns:
        The faults are of every line that is not an interval of this genome, at most MOST_FAULTS.
    """
    intervals: list[Interval] = []
    faults: list[Fault] = []
    strangers: dict[str, int] = {}
    primary = primary_names(tuple(lengths))
    try:
        rows = bed_rows(bed).drop("label")
    except InputError as error:
        return (), list(error.faults)
    for number, line, contig, start, end in rows.iter_rows():
        if line.startswith("@"):
            message = (
                "is Picard's interval_list, which counts from 1, and not a BED, which counts from "
                "0: make one of it (gatk IntervalListToBed)."
            )
            return (), [Fault(bed.name, message, number)]
        if start is None:
            message = f'"{line[:60]}" is not contig, start and end, with tabs between them.'
            faults.append(Fault(bed.name, message, number))
            continue
        if contig not in lengths:
            strangers.setdefault(contig, number)
        elif start >= end:
            message = f"start {start} is not before end {end}: BED is 0-based and half-open."
            faults.append(Fault(bed.name, message, number, "start"))
        elif end > lengths[contig]:
            message = (
                f'end {end} is outside contig "{contig}", which has {lengths[contig]} bases: '
                "are these the targets of another build?"
            )
            faults.append(Fault(bed.name, message, number, "end"))
        elif contig not in primary:
            faults.append(Fault(bed.name, not_primary(contig, "target"), number, "contig"))
        else:
            intervals.append((contig, start, end))
    faults += [
        Fault(bed.name, stranger(contig, lengths), number, "contig")
        for contig, number in strangers.items()
    ]
    if len(faults) > MOST_FAULTS:
        more = f"{len(faults) - MOST_FAULTS} more lines are at fault."
        faults = [*sorted(faults)[:MOST_FAULTS], Fault(bed.name, more)]
    if not intervals and not faults:
        faults = [Fault(bed.name, "has no interval: give targets, or leave the key null.")]
    return tuple(intervals), faults


def shared_targets(beds: Sequence[Path], lengths: Mapping[str, int]) -> tuple[Interval, ...]:
    """
    What BEDs without a fault all target, sorted and merged.

    Args:
        beds: at least one.
        lengths: bases by native contig name, in the FASTA's order.
    """
    first, *others = (merged(check_bed(bed, lengths)[0], lengths) for bed in beds)
    for other in others:
        first = shared(first, other, lengths)
    return first


def apart(beds: Iterable[Path]) -> Fault:
    """The fault of targets of a tumour and its normal that have no base in common."""
    first, *others = (bed.name for bed in beds)
    message = (
        f"no base of it is in {' and '.join(others)}: only what the kits "
        "of a tumour and its normal both target can be called. Are they of one genome?"
    )
    return Fault(first, message)


def not_primary(contig: str, what: str) -> str:
    """What to say of a target or hotspot on a contig that tables do not hold."""
    return (
        f'contig "{contig}" is not one of the chromosomes 1 to 22, X, Y and M, the only ones in '
        f"the tables: this {what} could not be reported, so remove the line."
    )


def stranger(contig: str, known: Iterable[str]) -> str:
    """What to say of a contig that the genome does not have: most often only its name differs."""
    names = tuple(known)
    same = native_name(contig, names)
    if same:
        return (
            f'contig "{contig}" is not in the FASTA, which calls it "{same}": rename it, so that '
            "all files have the FASTA's names."
        )
    shown = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    return f'contig "{contig}" is not in the FASTA, which has {shown}: is this another build?'
