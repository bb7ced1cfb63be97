"""
From records to events: what stands in cis within a few bases is one variant in any spelling.

Most records lie alone and are columns throughout. Those of a *crowd*, a run of different alleles
with at most FRAME_GAP_BP between them, are looked at one crowd at a time:

- a record of several distant edits is one event, and its pieces (`normal_form.split`) are others;
- records of one caller and one phase set, or without one, are joined to one event;
- records of a caller that amount to an event of another one speak for it.

Which of these are variants of their own the reads say: see `onconcord.decision.choose`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from onconcord.evidence.indels import place_plain
from onconcord.evidence.normal_form import (
    FRAME_GAP_BP,
    PHASED_GAP_BP,
    Allele,
    atoms,
    extent0,
    join,
    normalise,
    split,
    variant_class,
)
from onconcord.reference.sequence import Genome

KEY = ["chrom", "pos", "ref", "alt"]
EVENT_COLUMNS: dict[str, Any] = {
    "match": pl.String,
    "n_source_records": pl.Int64,
}
"""What `bring_together` adds to the columns of a record: how the caller's records make up the event
(`evidence_match`), and the number of its records."""

PIECE_ROWS = 131_072
"""Rows that are widened at a time."""
_LONGEST_RUN = 8


@dataclass(frozen=True)
class _Record:
    """One record in a crowd, or a piece of it: its event, what the caller wrote, its row."""

    event: Allele
    written: Allele
    is_piece: bool
    start0: int
    end0: int
    phase: str | None
    genotype: str | None
    row: int


@dataclass
class _Row:
    """One row to be: an event, how one caller's records make it up, and which they are."""

    event: Allele
    match: str
    records: list[_Record]


def bring_together(
    genome: Genome, records: pl.DataFrame, table_of: Mapping[str, str]
) -> Iterator[pl.DataFrame]:
    """
    One row per caller and possible event, in pieces.

    Args:
        genome: the reference.
        records: rows of `records.read_records` of every caller that have a normal form.
        table_of: native contig name -> name in the tables.
    Returns:
        The columns of `records` but for `line`, with the event's key (1-based, native contig)
        instead of the record's, and EVENT_COLUMNS; sorted by the tables' key, and caller. At
        least one piece, which may be empty.
    """
    contigs = pl.Enum(sorted(table_of, key=lambda name: table_of[name]))
    placed = _crowded(_one_each(_place(genome, records, contigs)))
    own = ["row", "chrom", "pos", "ref", "alt", "caller", "n_source_records"]
    order = placed.filter(pl.col("crowd").is_null()).select(own)
    crowds = placed.filter(pl.col("crowd").is_not_null())
    del placed
    columns = [*(name for name in records.columns if name != "line"), *EVENT_COLUMNS]
    schema = {**records.schema, **EVENT_COLUMNS}
    together = _together(genome, records, crowds, {name: schema[name] for name in columns})
    # Rows of crowds stand behind the records, so that one order holds both.
    behind = together.with_row_index("row", offset=records.height).select(
        pl.col(name).cast(order.schema[name]) for name in own
    )
    order = pl.concat([order, behind]).sort("chrom", "pos", "ref", "alt", "caller")
    for piece in order.iter_slices(PIECE_ROWS) if order.height else [order]:
        yield _wide(records, together, piece, columns)


def new_event() -> pl.Expr:
    """Whether each row of `bring_together` is of another event than the row before it."""
    return pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in KEY).fill_null(True)


def _wide(
    records: pl.DataFrame, together: pl.DataFrame, piece: pl.DataFrame, columns: list[str]
) -> pl.DataFrame:
    """The rows of a piece of the order with every column."""
    place = piece.with_row_index("place")
    alone = place.filter(pl.col("row") < records.height)
    others = place.filter(pl.col("row") >= records.height)
    rows = records[alone["row"]].with_columns(
        *alone.select("place", "pos", "ref", "alt", "n_source_records").get_columns(),
        match=pl.lit("exact"),
    )
    of_crowds = together[others["row"] - records.height].with_columns(others["place"])
    wanted = [*columns, "place"]
    return pl.concat([rows.select(wanted), of_crowds.select(wanted)]).sort("place").drop("place")


def _place(genome: Genome, records: pl.DataFrame, contigs: pl.Enum) -> pl.DataFrame:
    """
    Each record (`row`, from 0) at its events: key and extent (0-based).

    A record of several pieces stands there whole and with each of them (`piece`). What tells
    records of one event apart comes along.
    """
    lone = (pl.col("ref").str.len_bytes() == 1) & (pl.col("alt").str.len_bytes() == 1)
    callers = pl.Enum(records["caller"].unique().sort())
    narrow = records.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("caller").cast(callers),
        *("is_pass", "score", *KEY),
        lone=lone,
    )
    bases = narrow.filter("lone").with_columns(
        start0=pl.col("pos") - 1, end0=pl.col("pos"), piece=pl.lit(False)
    )
    others = narrow.filter(~pl.col("lone"))
    distinct = others.select(KEY).unique()
    plain = place_plain(genome, distinct).with_columns(piece=pl.lit(False))
    found: list[tuple[Any, ...]] = []
    for key in distinct.join(plain, on=KEY, how="anti").sort(KEY).iter_rows():
        whole = normalise(genome, Allele(*key))
        pieces = split(genome, whole)
        for event in (whole, *(pieces if len(pieces) > 1 else ())):
            placed = (*key, event.pos, event.ref, event.alt, *extent0(genome, event))
            found.append((*placed, event != whole))
    types: dict[str, Any] = {
        **{name: records.schema[name] for name in KEY},
        **{"e_pos": pl.Int64, "e_ref": pl.String, "e_alt": pl.String},
        **{"start0": pl.Int64, "end0": pl.Int64, "piece": pl.Boolean},
    }
    events_of = pl.DataFrame(found, schema=types, orient="row")
    joined = others.join(pl.concat([plain, events_of]), on=KEY, how="left").with_columns(
        pos=pl.col("e_pos"), ref=pl.col("e_ref"), alt=pl.col("e_alt")
    )
    return (
        pl.concat([bases, joined.select(bases.columns)])
        .drop("lone")
        .with_columns(pl.col("chrom").cast(contigs))
    )


def _one_each(placed: pl.DataFrame) -> pl.DataFrame:
    """
    Records of one caller that have one normal form become one row, the best of them.

    The rows come sorted by contig and start.
    """
    order = ["chrom", "start0", "end0", "ref", "alt", "caller"]
    placed = placed.sort(
        [*order, "is_pass", "score", "row"],
        descending=[False] * len(order) + [True, True, False],
        nulls_last=True,
    )
    new = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in order)
    placed = placed.with_columns(first=new.fill_null(True))
    if placed["first"].all():
        return placed.with_columns(n_source_records=pl.lit(1, dtype=pl.Int64)).drop("first")
    number = pl.col("first").cum_sum()
    return (
        placed.with_columns(n_source_records=pl.len().over(number).cast(pl.Int64))
        .filter("first")
        .drop("first")
    )


def _crowded(placed: pl.DataFrame) -> pl.DataFrame:
    """The rows of `_one_each` with `crowd`: the number of the crowd they are in, null alone."""
    other = pl.any_horizontal(
        pl.col(name) != pl.col(name).shift(1) for name in ("start0", "end0", "ref", "alt")
    )
    ends = pl.col("end0").cum_max().over("chrom").shift(1)
    fresh = (pl.col("chrom") != pl.col("chrom").shift(1)) | (pl.col("start0") - ends > FRAME_GAP_BP)
    run = fresh.fill_null(True).cum_sum().cast(pl.Int64)
    runs = placed.select(run=run, joins=(other & ~fresh).fill_null(False))
    crowds = runs.filter("joins").select(pl.col("run").unique()).to_series()
    return placed.with_columns(
        crowd=runs.select(pl.when(pl.col("run").is_in(crowds.implode())).then("run")).to_series()
    )


def _together(
    genome: Genome, records: pl.DataFrame, placed: pl.DataFrame, schema: dict[str, Any]
) -> pl.DataFrame:
    """The rows of the events of crowds."""
    event = [pl.col(name).alias(f"e_{name}") for name in ("pos", "ref", "alt")]
    wide = records[placed["row"]].hstack(
        placed.select(*event, "start0", "end0", "piece", "crowd", "n_source_records")
    )
    crowds: dict[int, dict[str, list[_Record]]] = defaultdict(lambda: defaultdict(list))
    wanted = wide.select(
        *("crowd", "caller", "chrom", "e_pos", "e_ref", "e_alt", "pos", "ref", "alt", "piece"),
        *("start0", "end0", "phase_set", "raw_gt"),
    )
    for row, cells in enumerate(wanted.iter_rows()):
        crowd, caller, chrom, *alleles, piece = cells[:10]
        allele = Allele(chrom, *alleles[:3])
        written = allele if piece else Allele(chrom, *alleles[3:])
        start0, end0, phase, genotype = cells[10:]
        crowds[crowd][caller].append(
            _Record(allele, written, piece, start0, end0, phase, genotype, row)
        )
    rows: list[dict[str, Any]] = []
    for by_caller in crowds.values():
        for caller, found in sorted(_of_crowd(genome, by_caller).items()):
            rows += [_filled(wide, caller, row) for row in found]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _of_crowd(genome: Genome, by_caller: Mapping[str, list[_Record]]) -> dict[str, list[_Row]]:
    found: dict[str, dict[Allele, _Row]] = {
        caller: {record.event: _Row(record.event, "exact", [record]) for record in records}
        for caller, records in by_caller.items()
    }
    for caller, records in by_caller.items():
        for run in _runs(records):
            whole = join(genome, [record.written for record in run])
            # An insertion and a deletion of one repeat cancel out: together they are no event.
            if whole is None or whole.ref == whole.alt:
                continue
            members = [record for record in run if _inside(record, whole)]
            found[caller].setdefault(whole, _Row(whole, "atoms_all", members))
    joint = sorted(
        {event for rows in found.values() for event in rows if len(atoms(event)) > 1}
        | {event for rows in found.values() for event, row in rows.items() if row.match != "exact"}
    )
    for event in joint:
        for caller, records in by_caller.items():
            if event not in found[caller] and (vote := _vote(genome, event, records)):
                found[caller][event] = vote
    return {caller: [rows[event] for event in sorted(rows)] for caller, rows in found.items()}


def _inside(record: _Record, event: Allele) -> bool:
    return record.start0 <= event.end0 and record.end0 >= event.start0


def _runs(records: Iterable[_Record]) -> list[list[_Record]]:
    """Neighbours of one haplotype, or without one, that may be one event."""
    groups: dict[tuple[str | None, str | None], list[_Record]] = defaultdict(list)
    for record in records:
        if not record.is_piece:
            groups[record.phase, record.genotype if record.phase else None].append(record)
    runs: list[list[_Record]] = []
    for members in groups.values():
        members.sort(key=lambda record: (record.start0, record.end0, record.event))
        run: list[_Record] = []
        for record in members:
            if run and not _are_close(run, record):
                runs.append(run)
                run = []
            run.append(record)
        runs.append(run)
    return [run for run in runs if 1 < len(run) <= _LONGEST_RUN]


def _are_close(run: Iterable[_Record], record: _Record) -> bool:
    """Whether a record changes the same codon as those before it, or the frame of one of them."""
    for two in run:
        kinds = {variant_class(three.event.ref, three.event.alt) for three in (record, two)}
        gap = FRAME_GAP_BP if kinds - {"SNV", "MNV"} else PHASED_GAP_BP
        if record.start0 - two.end0 <= gap:
            return True
    return False


def _vote(genome: Genome, event: Allele, records: list[_Record]) -> _Row | None:
    """What a caller's own records say of an event it does not have: all of it, part, or nothing."""
    near = [record for record in records if _inside(record, event)]
    whole = [record for record in near if not record.is_piece]
    if len(whole) > 1 and join(genome, [record.written for record in whole]) == event:
        return _Row(event, "atoms_all", whole)
    steps = set(atoms(event))
    part = [
        record for record in near if record.event != event and set(atoms(record.event)) <= steps
    ]
    if not part:
        return None
    spoken = {step for record in part for step in atoms(record.event)}
    return _Row(event, "atoms_all" if spoken == steps else "atoms_partial", part)


def _filled(placed: pl.DataFrame, caller: str, row: _Row) -> dict[str, Any]:
    """The columns of a row: several records speak with the weakest, and pass only together."""
    members = [placed.row(member.row, named=True) for member in row.records]
    weakest = min(members, key=lambda member: (member["tumor_alt_count"] or 0, member["pos"]))
    filters = {name for member in members for name in (member["filter"] or "").split(";")} - {""}
    # "PASS" beside a filter is not a filter.
    filters = filters - {"PASS"} if len(filters) > 1 else filters
    whole = {**weakest, "pos": row.event.pos, "ref": row.event.ref, "alt": row.event.alt}
    return whole | {
        "caller": caller,
        "match": row.match,
        "is_pass": row.match != "atoms_partial" and all(member["is_pass"] for member in members),
        "filter": ";".join(sorted(filters)) or None,
        "raw_record_key": ";".join(sorted({member["raw_record_key"] for member in members})),
        "n_source_records": sum(member["n_source_records"] for member in members),
    }
