"""The reference sequence as arrays: any number of bases of any contigs in one vectorised read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pysam

from onconcord.errors import InputError
from onconcord.reference.contigs import ContigRow, read_contigs

Bases = npt.NDArray[np.uint8]

_BLOCK_BP = 4096
"""Bases on each side of what is asked for that are read with it."""


@dataclass(frozen=True)
class Contig:
    """One line of the `.fai` index: length in bases, byte layout of its lines in the FASTA."""

    name: str
    length: int
    offset: int
    line_bases: int
    line_width: int


class Sequences(Protocol):
    """A genome of which bases can be asked for."""

    @property
    def lengths(self) -> Mapping[str, int]:
        """Bases by native contig name, in the FASTA's order."""

    def bases(self, contig: str, start0: int, end0: int) -> str:
        """Upper-case bases of [start0, end0), 0-based, cut to the contig."""


class OpenFasta:
    """A FASTA that pysam has opened, compressed or not, read in blocks along the genome."""

    def __init__(self, sequences: pysam.FastaFile) -> None:
        self._sequences = sequences
        self.lengths = dict(zip(sequences.references, sequences.lengths, strict=True))
        self._block_of, self._block_start0, self._block = "", 0, ""

    def bases(self, contig: str, start0: int, end0: int) -> str:
        """Upper-case bases of [start0, end0), 0-based, cut to the contig."""
        if start0 >= self.lengths[contig]:
            return ""
        begin, end = start0 - self._block_start0, end0 - self._block_start0
        if contig != self._block_of or begin < 0 or end > len(self._block):
            first0 = max(start0 - _BLOCK_BP, 0)
            text = self._sequences.fetch(contig, first0, max(end0, first0) + 16 * _BLOCK_BP)
            self._block_of, self._block_start0, self._block = contig, first0, text.upper()
            begin, end = start0 - first0, end0 - first0
        return self._block[max(begin, 0) : max(end, 0)]


class Genome:
    """
    A FASTA, mapped into memory and addressed through its `.fai` index.

    Reading goes through the page cache, so a pair that touches a few targets never loads a
    chromosome, and a million positions are one array operation.

    Args:
        fasta: uncompressed FASTA with `fasta.fai` beside it.
    Raises:
        InputError: the FASTA is compressed.
    Source: the five columns of the faidx format, samtools-faidx(5).
    """

    def __init__(self, fasta: Path) -> None:
        index = pl.read_csv(
            f"{fasta}.fai",
            separator="\t",
            has_header=False,
            quote_char=None,
            columns=range(5),
            new_columns=["name", "length", "offset", "line_bases", "line_width"],
            schema_overrides={"name": pl.String},
        )
        self.path = fasta
        self.contigs = {row[0]: Contig(*row) for row in index.iter_rows()}
        self._bytes = np.memmap(fasta, dtype=np.uint8, mode="r")
        self._block_of, self._block_start0, self._block = "", 0, ""
        if self._bytes[:2].tobytes() == b"\x1f\x8b":
            message = "this FASTA is compressed; give the uncompressed one with its .fai index."
            raise InputError.at(fasta, message)

    @property
    def lengths(self) -> dict[str, int]:
        """Bases by native contig name, in the FASTA's order."""
        return {name: contig.length for name, contig in self.contigs.items()}

    def bases(self, contig: str, start0: int, end0: int) -> str:
        """Upper-case bases of [start0, end0), 0-based, cut to the contig."""
        if contig == self._block_of and self._block_start0 <= start0 < end0:
            begin, end = start0 - self._block_start0, end0 - self._block_start0
            if end <= len(self._block):
                return self._block[begin:end]
        of_contig = self.contigs[contig]
        start0, end0 = max(start0, 0), min(end0, of_contig.length)
        if start0 >= end0:
            return ""
        # Callers go along the genome: what they ask for next is most often near
        first0 = max(start0 - _BLOCK_BP, 0)
        self._block = self._read(of_contig, first0, min(end0 + _BLOCK_BP, of_contig.length))
        self._block_of, self._block_start0 = contig, first0
        return self._block[start0 - first0 : end0 - first0]

    def _read(self, contig: Contig, start0: int, end0: int) -> str:
        """Upper-case bases of an interval that is not empty, and within the contig."""
        first, last = (
            contig.offset + at // contig.line_bases * contig.line_width + at % contig.line_bases
            for at in (start0, end0 - 1)
        )
        text = self._bytes[first : last + 1].tobytes()
        return text.translate(None, b"\r\n").decode("ascii").upper()

    def gather(self, contigs: Sequence[str] | pl.Series, position0: npt.NDArray[np.int64]) -> Bases:
        """
        Upper-case base at each position, as ASCII codes.

        Args:
            contigs: names, shape (n,), each of them in the index.
            position0: 0-based, shape (n,).
        Returns:
            Shape (n,): ASCII of the base, 0 where the position lies outside its contig.
        """
        names = pl.Series("name", contigs, dtype=pl.String)
        layout = pl.DataFrame({"name": names}).join(
            pl.DataFrame(
                [
                    (
                        contig.name,
                        contig.length,
                        contig.offset,
                        contig.line_bases,
                        contig.line_width,
                    )
                    for contig in self.contigs.values()
                ],
                schema=["name", "length", "offset", "line_bases", "line_width"],
                orient="row",
            ),
            on="name",
            how="left",
            maintain_order="left",
        )
        length, offset, line_bases, line_width = (
            layout[name].to_numpy() for name in ("length", "offset", "line_bases", "line_width")
        )
        inside = (position0 >= 0) & (position0 < length)
        at = offset + position0 // line_bases * line_width + position0 % line_bases
        letters: Bases = self._bytes[np.where(inside, at, 0)]
        lower = (letters >= 97) & (letters <= 122)
        upper: Bases = np.where(lower, letters - 32, letters).astype(np.uint8)
        return np.where(inside, upper, 0).astype(np.uint8)


@dataclass(frozen=True)
class ContigNames:
    """
    The contigs of the run's reference: native names of the files and names of the tables.

    Args:
        table_of: native name -> name in the tables (`20` -> `chr20`), in the FASTA's order.
        primary: native names of the primary contigs, the only ones that tables hold.
    """

    table_of: dict[str, str]
    primary: frozenset[str]

    @classmethod
    def read(cls, contigs_tsv: Path) -> "ContigNames":
        """Read `1_reference/contigs.tsv`; raises as `read_contigs`."""
        return cls.of(read_contigs(contigs_tsv))

    @classmethod
    def of(cls, contigs: Iterable[ContigRow]) -> "ContigNames":
        """The names of these contigs."""
        rows = tuple(contigs)
        return cls(
            {row.source_name: row.chrom for row in rows},
            frozenset(row.source_name for row in rows if row.is_primary),
        )
