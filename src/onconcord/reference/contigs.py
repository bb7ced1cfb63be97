"""Contigs of the run's reference: their names in files and in tables, their digests."""

import csv
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pysam

from onconcord.errors import Fault, InputError
from onconcord.reference.refget import md5_digest, sq_digest
from onconcord.sealed import sealed

PRIMARY = tuple(f"chr{name}" for name in (*range(1, 23), "X", "Y", "M"))
_ACCESSION = re.compile(r"NC_0*([1-9]|1[0-9]|2[0-4]|12920)\.[0-9]+", re.ASCII)
_NATIVE = re.compile(r"(?:chr)?([1-9]|1[0-9]|2[0-2]|X|Y|MT?)", re.ASCII)


@dataclass(frozen=True)
class ContigRow:
    """
    One line of contigs.tsv.

    Args:
        chrom: name in the tables, chr1..chr22, chrX, chrY, chrM; other contigs keep their own.
        source_name: name in the FASTA.
        length_bp: bases.
        md5: of the upper-case sequence, as in SAM's M5.
        refget_sq: GA4GH refget id, `SQ.` and 32 characters.
        is_primary: 1 for chromosomes 1-22, X, Y and M, else 0; 1 for all where none is one.
        masked_bp: bases that are N.
    """

    chrom: str
    source_name: str
    length_bp: int
    md5: str
    refget_sq: str
    is_primary: int
    masked_bp: int


def table_chrom(native: str) -> str:
    """Name a contig has in the tables: `20` and `chr20` are chr20, `MT` is chrM, others stay."""
    match = _NATIVE.fullmatch(native)
    return f"chr{match[1].rstrip('T')}" if match else native


def native_name(given: str, names: Collection[str]) -> str | None:
    """
    A FASTA's name of a contig that another file may call otherwise, or None where it has none.

    `20`, `chr20` and RefSeq's NC_000020.10 are one chromosome, as are MT, M and chrM.
    """
    if given in names:
        return given
    accession = _ACCESSION.fullmatch(given)
    if accession:
        number = int(accession[1])
        given = {23: "X", 24: "Y", 12920: "M"}.get(number, str(number))
    wanted = table_chrom(given)
    if wanted not in PRIMARY:
        return None
    return next((name for name in names if table_chrom(name) == wanted), None)


def primary_names(names: Sequence[str]) -> frozenset[str]:
    """Native names that are chromosomes 1-22, X, Y or M; all of them where none is one."""
    primary = frozenset(name for name in names if table_chrom(name) in PRIMARY)
    return primary or frozenset(names)


def contig_rows(source: str, sequences: pysam.FastaFile) -> tuple[ContigRow, ...]:
    """
    Every contig of a FASTA with its digests, in the FASTA's order.

    Args:
        source: name of the FASTA, for messages.
        sequences: the FASTA, opened; one contig at a time is held in memory.
    Raises:
        InputError: two contigs have one name in the tables (20 and chr20).
    """
    faults = name_faults(source, sequences.references)
    if faults:
        raise InputError(faults)
    primary = primary_names(sequences.references)
    rows = []
    for name in sequences.references:
        bases = sequences.fetch(name).upper().encode("ascii")
        rows.append(
            ContigRow(
                chrom=table_chrom(name),
                source_name=name,
                length_bp=len(bases),
                md5=md5_digest(bases),
                refget_sq=sq_digest(bases),
                is_primary=int(name in primary),
                masked_bp=bases.count(b"N"),
            )
        )
    return tuple(rows)


def read_contigs(path: Path) -> tuple[ContigRow, ...]:
    """
    The rows of a contigs.tsv, in the FASTA's order.

    Raises:
        InputError: the columns are not those of ContigRow.
    """
    expected = [field.name for field in fields(ContigRow)]
    with sealed(path).open(newline="") as handle:
        table = csv.DictReader(handle, dialect="excel-tab")
        if table.fieldnames != expected:
            message = (
                f"the columns are {', '.join(table.fieldnames or ())}; expected "
                f"{', '.join(expected)}. Delete the file; the next run makes it again."
            )
            raise InputError.at(path, message, 1)
        return tuple(
            ContigRow(
                chrom=row["chrom"],
                source_name=row["source_name"],
                length_bp=int(row["length_bp"]),
                md5=row["md5"],
                refget_sq=row["refget_sq"],
                is_primary=int(row["is_primary"]),
                masked_bp=int(row["masked_bp"]),
            )
            for row in table
        )


def name_faults(source: str, names: Sequence[str]) -> list[Fault]:
    """Contigs of a FASTA, by native name in its order, that the tables could not tell apart."""
    seen: dict[str, str] = {}
    faults = []
    for name in names:
        other = seen.setdefault(table_chrom(name), name)
        if other != name:
            message = (
                f'the contigs "{other}" and "{name}" are both {table_chrom(name)} in the tables: '
                "keep one of them."
            )
            faults.append(Fault(source, message))
    return faults
