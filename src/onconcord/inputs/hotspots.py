"""The list of known drivers that a centre writes: one reader, for the check and for the run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onconcord.errors import Fault
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.inputs.stated import not_released
from onconcord.inputs.tabular import Row, read_table, spoilt_gene
from onconcord.reference.contigs import native_name, primary_names
from onconcord.reference.sequence import Sequences
from onconcord.reference.targets import not_primary, stranger

COLUMNS = ("hotspot_id", "gene_symbol", "chrom", "pos", "ref", "alt")
BASES = re.compile("[ACGT]+")
_POSITION = re.compile("[0-9]{1,10}")


@dataclass(frozen=True)
class Hotspot:
    """One known driver; its allele is in normal form, with the FASTA's name of the contig."""

    hotspot_id: str
    gene_symbol: str
    allele: Allele


def read_hotspot_list(path: Path, genome: Sequences) -> tuple[tuple[Hotspot, ...], list[Fault]]:
    """
    The good rows of a list of hotspots in its order, and every fault of it.

    The case of alleles makes no difference, nor does `20` for `chr20`.

    Args:
        path: TSV with COLUMNS and any others; 1-based positions, alleles as in a VCF.
        genome: what REF is compared with.
    """
    table = read_table(path, COLUMNS, COLUMNS, others=True)
    faults = list(table.faults)
    hotspots: list[Hotspot] = []
    seen: dict[tuple[str, str], int] = {}
    for row in table.rows:
        read = _hotspot(row, genome)
        if isinstance(read, Hotspot):
            key = (read.hotspot_id, read.allele.alt)
            if key in seen:
                message = (
                    f'hotspot "{read.hotspot_id}" to "{read.allele.alt}" is there already, on '
                    f"line {seen[key]}: remove one, or give it its own id."
                )
                faults.append(Fault(path.name, message, row.line, "hotspot_id"))
            seen.setdefault(key, row.line)
            hotspots.append(read)
        else:
            faults += [Fault(path.name, message, row.line, column) for column, message in read]
    if not table.rows and not faults:
        message = "has no hotspot: list some, or leave resources.hotspots null."
        faults.append(Fault(path.name, message))
    return tuple(hotspots), faults


def _hotspot(row: Row, genome: Sequences) -> Hotspot | list[tuple[str, str]]:
    """The hotspot of a row, or what is wrong with it by column."""
    cells = row.cells
    faults = [(column, "is empty, and required.") for column in COLUMNS if row.lacks(column)]
    faults += [
        (column, f'"{cells[column]}" {why}')
        for column in ("hotspot_id", "gene_symbol")
        if (why := not_released(cells[column]))
    ]
    if why := spoilt_gene(cells["gene_symbol"]):
        faults.append(("gene_symbol", f'"{cells["gene_symbol"]}" {why}'))
    if faults or row.absent:
        return faults
    contig = native_name(cells["chrom"], genome.lengths)
    if contig is None:
        return [("chrom", stranger(cells["chrom"], genome.lengths))]
    if contig not in primary_names(tuple(genome.lengths)):
        return [("chrom", not_primary(contig, "hotspot"))]
    length = genome.lengths[contig]
    if not _POSITION.fullmatch(cells["pos"]) or not 1 <= int(cells["pos"]) <= length:
        where = f'contig "{contig}" ({length} bases)'
        return [("pos", f'"{cells["pos"]}" is not a 1-based position of {where}.')]
    pos, ref, alt = int(cells["pos"]), cells["ref"].upper(), cells["alt"].upper()
    faults = list(_allele_faults(ref, alt))
    if faults:
        return faults
    bases = genome.bases(contig, pos - 1, pos - 1 + len(ref))
    if bases != ref:
        message = (
            f'the FASTA has "{bases}" at {contig}:{pos}, not "{ref}": is the list of another '
            "build, or are its positions shifted?"
        )
        return [("ref", message)]
    allele = normalise(genome, Allele(contig, pos, ref, alt))
    return Hotspot(cells["hotspot_id"], cells["gene_symbol"], allele)


def _allele_faults(ref: str, alt: str) -> Iterator[tuple[str, str]]:
    for column, bases in (("ref", ref), ("alt", alt)):
        if bases == "-":
            message = (
                '"-" is not a VCF allele: write the base before the change into both alleles, '
                "and its position, as in A and AG for an inserted G."
            )
            yield column, message
        elif not BASES.fullmatch(bases):
            yield column, f'"{bases}" is not made of A, C, G and T.'
    if ref == alt:
        yield "alt", f'"{alt}" is the same as ref: a hotspot changes something.'
