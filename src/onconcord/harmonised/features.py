"""What a variant's place says of it: regions, sequence around it, repeats, known drivers."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from onconcord.evidence.events import KEY
from onconcord.evidence.normal_form import Allele, atoms
from onconcord.reference.sequence import Genome

LONGEST_UNIT_BP = 50
"""Longest repeat unit that is looked for."""
_LETTERS = "ACGT"


def changed_bases(events: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """
    0-based half-open interval of the bases that each event changes; of an insertion its anchor.

    Args:
        events: pos (1-based), ref, alt, variant_class, shape (n, ...), in normal form.
    """
    deletes = pl.col("variant_class") == "DEL"
    first = pl.when(deletes).then(pl.col("pos")).otherwise(pl.col("pos") - 1)
    last = pl.col("pos") - 1 + pl.col("ref").str.len_bytes().cast(pl.Int64)
    bounds = events.select(start0=first, end0=last)
    return bounds["start0"], bounds["end0"]


def known_drivers(hotspots: pl.DataFrame, events: pl.DataFrame) -> pl.Series:
    """
    Whether each event is a known driver, or has one among its atoms.

    Args:
        hotspots: native key (1-based) of each driver, in normal form.
        events: native key and variant_class, shape (n, ...).
    Returns:
        Shape (n,), never null.
    """
    listed = set(hotspots.select(KEY).iter_rows())
    several = events.filter(pl.col("variant_class").is_in(["MNV", "DELINS"])).select(KEY)
    of_changes = [
        key
        for key in several.iter_rows()
        if any((atom.chrom, atom.pos, atom.ref, atom.alt) in listed for atom in atoms(Allele(*key)))
    ]
    schema = {name: events.schema[name] for name in KEY}
    drivers = pl.DataFrame([*listed, *of_changes], schema=schema, orient="row").unique()
    return (
        events.select(KEY)
        .join(drivers.with_columns(known=pl.lit(True)), on=KEY, how="left", maintain_order="left")
        .select(pl.col("known").fill_null(False))
        .to_series()
    )


def frequencies(
    events: pl.DataFrame, several: Mapping[int, tuple[Allele, ...]], known: pl.DataFrame
) -> pl.Series:
    """
    How frequent each event is at most in a population: its own frequency; else that of its rarest
    atom, as no haplotype is more frequent than what it is made of.

    Args:
        events: gnomad_af_max as the resource has it for the whole event, shape (n, ...).
        several: atoms of the events that are not one atom themselves, by row.
        known: native key and gnomad_af_max of events and atoms.
    Returns:
        Shape (n,); null where the resource knows neither the event nor all of its atoms.
    """
    of_allele = {
        Allele(*key): frequency
        for *key, frequency in known.select(*KEY, "gnomad_af_max").drop_nulls().iter_rows()
    }
    highest = events["gnomad_af_max"].to_list()
    for row, atoms_of in several.items():
        if highest[row] is None and all(atom in of_allele for atom in atoms_of):
            highest[row] = min(of_allele[atom] for atom in atoms_of)
    return pl.Series(highest, dtype=pl.Float64)


def trinucleotides(genome: Genome, chrom: pl.Series, pos: pl.Series) -> pl.Series:
    """Reference bases before, at and after each position (1-based); null with another letter."""
    code = np.full(256, len(_LETTERS), np.int64)
    code[np.frombuffer(_LETTERS.encode(), np.uint8)] = np.arange(len(_LETTERS))
    at: npt.NDArray[np.int64] = pos.to_numpy() - 1
    base = len(_LETTERS) + 1
    words = np.zeros(len(at), np.int64)
    for step in (-1, 0, 1):
        words = words * base + code[genome.gather(chrom, at + step)]
    letters = [*_LETTERS, None]
    table = [
        before + middle + after if before and middle and after else None
        for before in letters
        for middle in letters
        for after in letters
    ]
    return pl.Series("trinuc_context", table, dtype=pl.String).gather(words)


def repeats(genome: Genome, events: pl.DataFrame) -> pl.DataFrame:
    """
    The repeat each insertion or deletion lies in.

    Args:
        events: native key and variant_class, shape (n, ...), in normal form.
    Returns:
        repeat_unit and repeat_count, shape (n,): the smallest unit of the inserted or deleted
        bases and its copies in the reference from there on; null with fewer than two.
    """
    places = (
        events.select(*KEY, "variant_class")
        .with_row_index("row")
        .filter(pl.col("variant_class").is_in(["INS", "DEL"]))
    )
    rows, units, counts = [], [], []
    for row, chrom, pos, ref, alt in places.select("row", *KEY).iter_rows():
        unit = _unit((alt if len(alt) > len(ref) else ref)[1:])
        if len(unit) > LONGEST_UNIT_BP:
            continue
        copies = _copies(genome, chrom, pos, unit)
        if copies > 1:
            rows.append(row)
            units.append(unit)
            counts.append(copies)
    repeated = pl.DataFrame(
        {"row": rows, "repeat_unit": units, "repeat_count": counts},
        schema={"row": pl.UInt32, "repeat_unit": pl.String, "repeat_count": pl.Int64},
    )
    everything = events.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    return everything.join(repeated, on="row", how="left", maintain_order="left").drop("row")


def _unit(bases: str) -> str:
    """Shortest string that, repeated, gives the bases."""
    return bases[: (bases + bases).find(bases, 1)]


def _copies(genome: Genome, chrom: str, start0: int, unit: str) -> int:
    """Copies of the unit in the reference from `start0` (0-based) on."""
    size = len(unit)
    copies = 0
    width = 8
    while True:
        first = start0 + copies * size
        window = genome.bases(chrom, first, first + width * size)
        before = copies
        while window.startswith(unit, (copies - before) * size):
            copies += 1
        if copies - before < width:
            return copies
        width *= 4
