"""
A transcript as names need it: where its exons lie, what it codes for, and whether that is sound.

Positions on a transcript are counted in its own direction. So that one rule serves both strands,
the genome is seen from the transcript too: the base at 0-based g is g on the forward strand and
-g - 1 on the reverse one, which rises along the transcript. Such a position is called a *place*.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.reference.codons import (
    MITOCHONDRIAL,
    SELENOCYSTEINE,
    STANDARD,
    STOP,
    UNKNOWN,
    Code,
    is_start,
    reverse_complement,
    translate,
)
from onconcord.reference.sequence import Genome
from onconcord.sealed import sealed


@dataclass(frozen=True)
class Transcript:
    """
    One transcript of the gene model.

    Args:
        transcript_id: with its version, where the gene model has one.
        chrom: native contig name.
        strand: 1 or -1.
        exons: 0-based half-open on the genome, ascending, none touching the next.
        coding: 0-based half-open on the genome, from the first to the last coding base, stop
            codon included; None for a transcript that codes for nothing.
        coding_bp: bases of the CDS as the gene model lists them.
        is_mitochondrial: whether it is read with the code of mitochondria.
        notes: what the gene model says of its CDS, codes of `genes.NOTES`.
    """

    transcript_id: str
    chrom: str
    strand: int
    exons: tuple[tuple[int, int], ...]
    coding: tuple[int, int] | None = None
    coding_bp: int = 0
    is_mitochondrial: bool = False
    notes: frozenset[str] = frozenset()

    @property
    def code(self) -> Code:
        """The genetic code that it is read with."""
        return MITOCHONDRIAL if self.is_mitochondrial else STANDARD

    @cached_property
    def _starts(self) -> list[int]:
        """Place of the first base of each exon, in the transcript's order."""
        if self.strand > 0:
            return [start for start, _ in self.exons]
        return [-end for _, end in reversed(self.exons)]

    @cached_property
    def _lengths(self) -> list[int]:
        ordered = self.exons if self.strand > 0 else tuple(reversed(self.exons))
        return [end - start for start, end in ordered]

    @cached_property
    def _offsets(self) -> list[int]:
        """Bases of the transcript before each exon."""
        offsets, total = [], 0
        for length in self._lengths:
            offsets.append(total)
            total += length
        return offsets

    @cached_property
    def length(self) -> int:
        """Bases of the transcript."""
        return sum(self._lengths)

    @cached_property
    def coding_span(self) -> tuple[int, int] | None:
        """The coding part, 0-based half-open in bases of the transcript; None if there is none."""
        if self.coding is None:
            return None
        first, last = self.coding[0], self.coding[1] - 1
        if self.strand < 0:
            first, last = -last - 1, -first - 1
        return self.locate(first).base, self.locate(last).base + 1

    def locate(self, place: int) -> "Location":
        """
        Where a place lies on the transcript.

        Bases before the first exon and behind the last one count on without a gap.
        """
        exon = bisect_right(self._starts, place) - 1
        if exon < 0:
            return Location(place - self._starts[0], 0, -1)
        inside = place - self._starts[exon]
        length = self._lengths[exon]
        base = self._offsets[exon]
        if inside < length or exon + 1 == len(self._starts):
            return Location(base + inside, 0, exon if inside < length else exon + 1)
        behind = inside - length + 1
        before = self._starts[exon + 1] - place
        if behind <= before:
            return Location(base + length - 1, behind, exon)
        return Location(base + length, -before, exon)

    def place(self, base: int, intron: int) -> int | None:
        """
        The place of a base, the reverse of `locate`.

        Returns:
            None where bases into an intron are counted from a base that is at no exon's edge.
        """
        exon = max(bisect_right(self._offsets, base) - 1, 0)
        inside = base - self._offsets[exon]
        at_edge = inside == 0 if intron < 0 else inside == self._lengths[exon] - 1
        if intron and not at_edge:
            return None
        return self._starts[exon] + inside + intron

    def sequence(self, genome: Genome) -> str:
        """The transcript's bases in its own direction."""
        bases = "".join(genome.bases(self.chrom, start, end) for start, end in self.exons)
        return bases if self.strand > 0 else reverse_complement(bases)


@dataclass(frozen=True, slots=True)
class Location:
    """
    A place on a transcript.

    Args:
        base: 0-based base of the transcript; in an intron the nearest exonic one (the one before,
            where both are as near); negative before the transcript, its length or more behind it.
        intron: bases into the intron from `base`: positive behind it, negative before it; 0 for
            a base of an exon, or outside the transcript.
        exon: number of the exon, from 0; in an intron that of the exon before it; -1 before the
            transcript, the number of exons behind it.
    """

    base: int
    intron: int
    exon: int


@dataclass(frozen=True)
class CodingSequence:
    """
    What a transcript says about proteins.

    Args:
        bases: the transcript's sequence.
        start, end: the CDS in it, 0-based half-open, stop codon included.
        protein: residues in one-letter codes, the stop at the end; meaningless unless `status`
            is `ok`.
        code: the genetic code.
        status: `ok`, or why no protein is to be named: a code of the vocabulary `cds_status`.
    """

    bases: str
    start: int
    end: int
    protein: str
    code: Code
    status: str

    @property
    def cds(self) -> str:
        """Bases that are translated."""
        return self.bases[self.start : self.end]


def coding_sequence(transcript: Transcript, genome: Genome) -> CodingSequence | None:
    """
    The coding sequence of a transcript, read from the genome and checked.

    It is sound if its length is whole codons, it begins with a start codon, ends with a stop and
    has none before. A TGA is a selenocysteine where the gene model says that the transcript has
    one. A mitochondrial transcript may end within its stop codon, which its poly-A tail completes.

    Returns:
        None for a transcript that codes for nothing.
    """
    span = transcript.coding_span
    if span is None:
        return None
    start, end = span
    bases = transcript.sequence(genome)
    code = transcript.code
    if transcript.is_mitochondrial and end == len(bases) and (end - start) % 3:
        bases += "A" * (3 - (end - start) % 3)
        end = len(bases)
    protein = translate(bases[start:end], code)
    if "selenocysteine" in transcript.notes:
        protein = _with_selenocysteines(protein, bases[start:end])
    status = _cds_status(transcript, bases[start:end], protein, span)
    if status == "ok":
        # Whatever the start codon is, it is read as methionine.
        protein = "M" + protein[1:]
    return CodingSequence(bases, start, end, protein, code, status)


def _with_selenocysteines(protein: str, cds: str) -> str:
    """A protein with every TGA before its end read as selenocysteine."""
    residues = (
        SELENOCYSTEINE if residue == STOP and cds[3 * at : 3 * at + 3] == "TGA" else residue
        for at, residue in enumerate(protein[:-1])
    )
    return "".join(residues) + protein[-1:]


def _cds_status(transcript: Transcript, cds: str, protein: str, span: tuple[int, int]) -> str:
    """Why a CDS says nothing about proteins, the gene model's own word first; else ok."""
    faults = (
        ("incomplete_start", "incomplete_start" in transcript.notes),
        ("incomplete_end", "incomplete_end" in transcript.notes),
        ("not_of_exons", span[1] - span[0] != transcript.coding_bp),
        ("unknown_base", UNKNOWN in protein),
        ("not_in_frame", len(cds) % 3 != 0),
        (
            "no_start",
            not is_start(cds[:3], transcript.code) and "other_start" not in transcript.notes,
        ),
        ("no_stop", not protein.endswith(STOP)),
        ("readthrough", STOP in protein[:-1] and "readthrough" in transcript.notes),
        ("inner_stop", STOP in protein[:-1]),
    )
    return next((code for code, is_so in faults if is_so), "ok")


def transcript_of(row: Mapping[str, Any]) -> Transcript:
    """
    A row of `GeneModel.transcripts` as a transcript.

    Args:
        row: with `is_mitochondrial` beside the gene model's columns.
    """
    coding = None
    if row["cds_start0"] is not None:
        coding = (row["cds_start0"], row["cds_end0"])
    return Transcript(
        transcript_id=row["transcript_id"],
        chrom=row["chrom"],
        strand=-1 if row["strand"] == "-" else 1,
        exons=tuple(zip(row["exon_starts0"], row["exon_ends0"], strict=True)),
        coding=coding,
        coding_bp=row["coding_bp"] or 0,
        is_mitochondrial=row["is_mitochondrial"],
        notes=frozenset(row["notes"]),
    )


def read_transcripts(path: Path, ids: Iterable[str]) -> dict[tuple[str, str], Transcript]:
    """
    Transcripts of `1_reference/transcripts.parquet`.

    Args:
        ids: the transcripts that are wanted; what the file does not have is not found.
    Returns:
        By native contig and id, since one id may lie on several contigs.
    """
    wanted = pl.scan_parquet(sealed(path)).filter(pl.col("transcript_id").is_in(sorted(set(ids))))
    rows = wanted.collect().iter_rows(named=True)
    return {(row["chrom"], row["transcript_id"]): transcript_of(row) for row in rows}
