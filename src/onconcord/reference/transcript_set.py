"""
The transcript set: the transcripts each gene is named on, and whether their CDS is sound.

It comes from the tags of the gene model (MANE Select, MANE Plus Clinical, Ensembl's canonical or
RefSeq Select), or from a file that wins gene by gene: a table of the centre's, or the summary that
MANE publishes. So a set moves to GRCh37, whose models have no MANE tags, by transcript id; where
the file has digests of the CDS, a transcript that reads otherwise there is marked; where it has
none, one of another version is, since nothing says that it reads the same.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.errors import Fault, InputError
from onconcord.files import write_tsv
from onconcord.inputs.transcripts import (
    KINDS,
    Wanted,
    read_choices,
    without_place,
    without_version,
)
from onconcord.reference.genes import coding_exons
from onconcord.reference.intervals import Interval, IntervalSet
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import coding_sequence, transcript_of
from onconcord.sealed import seal, sealed

GENE_REGIONS = ("gene_id", "gene_symbol", "transcript_id", "chrom", "start0", "end0")
Row = dict[str, Any]
"""A row of `GeneModel.transcripts`."""


@dataclass(frozen=True)
class Chosen:
    """
    One transcript of the set: a line of `1_reference/transcript_set.tsv`.

    Args:
        gene: gene_id of the gene model.
        gene_symbol: the gene id again where the model has no symbol.
        transcript: with its version; where the model does not have it, as the file gives it.
        kind: one of KINDS.
        source: tags, mane_summary or table: where the choice comes from; model for longest_cds.
        chrom: native contig; empty where the model does not have the transcript.
        cds_status: a code of the vocabulary of that name.
        residues: of the protein, the stop not counted; None without a sound CDS.
        cds_sha256: of the CDS in upper case, stop codon included; None for no CDS.
    """

    gene: str
    gene_symbol: str
    transcript: str
    kind: str
    source: str
    chrom: str
    cds_status: str
    residues: int | None
    cds_sha256: str | None


def choose_transcripts(
    transcripts: pl.DataFrame, given: Path | None, genome: Genome, mitochondrion: frozenset[str]
) -> tuple[Chosen, ...]:
    """
    The set of a gene model, sorted by gene, kind and transcript.

    Args:
        transcripts: `GeneModel.transcripts`.
        given: a file that wins over the tags, see `inputs.transcripts`; None for the tags alone.
        genome: the genome that the CDS are read from.
        mitochondrion: native names of contigs that are read with the code of mitochondria.
    Raises:
        InputError: the file is malformed, or names no gene of the model.
    """
    wanted = read_choices(given) if given else {}
    if given and (faults := unmet(given, wanted, transcripts)):
        raise InputError(faults)
    entries: list[Chosen] = []
    for gene, rows in _by_gene(transcripts):
        symbol = rows[0]["gene_symbol"]
        asked = wanted.get(without_version(gene)) or wanted.get(symbol, [])
        picked: dict[str, tuple[str, str, Row, Wanted | None]] = {}
        lost: list[Chosen] = []
        for choice in asked:
            kind, source = choice.kind, choice.source
            row = _of_ids(rows, choice.transcripts)
            if row is None:
                name = choice.transcripts[0]
                lost.append(
                    Chosen(gene, symbol, name, kind, source, "", "not_in_model", None, None)
                )
            else:
                picked.setdefault(row["transcript_id"], (kind, source, row, choice))
        if not any(kind != "mane_plus_clinical" for kind, *_ in picked.values()):
            for kind, row in _tagged(rows):
                source = "model" if kind == "longest_cds" else "tags"
                picked.setdefault(row["transcript_id"], (kind, source, row, None))
        entries += lost
        entries += [
            _checked(row, kind, source, choice, genome, mitochondrion)
            for kind, source, row, choice in picked.values()
        ]
    return tuple(
        sorted(
            entries, key=lambda chosen: (chosen.gene, KINDS.index(chosen.kind), chosen.transcript)
        )
    )


def unmet(
    given: Path, wanted: Mapping[str, list[Wanted]], transcripts: pl.DataFrame
) -> list[Fault]:
    """
    The fault of a file of transcripts that is of other genes than the model's.

    Args:
        given: the file.
        wanted: what `read_choices` says of it.
        transcripts: `GeneModel.transcripts`.
    """
    genes = transcripts.select("gene_id", "gene_symbol").unique().iter_rows()
    if any(without_version(gene) in wanted or symbol in wanted for gene, symbol in genes):
        return []
    message = "names no gene of the gene model: are these its gene ids or symbols?"
    return [Fault(given.name, message, column="gene")]


def _by_gene(transcripts: pl.DataFrame) -> Iterable[tuple[str, list[Row]]]:
    genes: dict[str, list[Row]] = defaultdict(list)
    for row in transcripts.iter_rows(named=True):
        genes[row["gene_id"]].append(row)
    return sorted(genes.items())


def _of_ids(rows: list[Row], ids: Iterable[str]) -> Row | None:
    """
    The transcript of one of these ids, with the same version or else with another, and of a gene
    that is placed again the one at its place.
    """
    for same in (str, without_place, without_version, _bare):
        for wanted in ids:
            for row in rows:
                if same(row["transcript_id"]) == same(wanted):
                    return row
    return None


def _bare(name: str) -> str:
    return without_version(without_place(name))


def _is_named(transcript_id: str, asked: Wanted) -> bool:
    """Whether a choice names this very version, or no version."""
    return any(
        without_place(wanted) in (without_place(transcript_id), _bare(transcript_id))
        for wanted in asked.transcripts
    )


def _tagged(rows: list[Row]) -> list[tuple[str, Row]]:
    """What the tags choose: MANE's, else the canonical one, else the longest CDS."""

    def best(among: Iterable[Row]) -> Row | None:
        return min(
            among,
            default=None,
            key=lambda row: (-(row["coding_bp"] or 0), row["transcript_id"]),
        )

    tagged = [
        (kind, row)
        for kind in ("mane_select", "mane_plus_clinical")
        for row in rows
        if kind in row["notes"]
    ]
    if any(kind == "mane_select" for kind, _ in tagged):
        return tagged
    canonical = best(row for row in rows if "canonical" in row["notes"])
    if canonical:
        return [*tagged, ("canonical", canonical)]
    longest = best(rows)
    return [*tagged, ("longest_cds", longest)] if longest else tagged


def _checked(
    row: Row,
    kind: str,
    source: str,
    asked: Wanted | None,
    genome: Genome,
    mitochondrion: frozenset[str],
) -> Chosen:
    transcript = transcript_of(row | {"is_mitochondrial": row["chrom"] in mitochondrion})
    coding = coding_sequence(transcript, genome)
    status, residues, digest = "not_coding", None, None
    if coding is not None:
        status = coding.status
        digest = hashlib.sha256(coding.cds.encode("ascii")).hexdigest()
        residues = len(coding.protein) - 1 if status == "ok" else None
        if asked is not None and status == "ok":
            if asked.cds_sha256 is None and not _is_named(row["transcript_id"], asked):
                status = "other_version"
            elif asked.cds_sha256 not in (None, digest):
                status = "other_cds"
    return Chosen(
        row["gene_id"],
        row["gene_symbol"],
        row["transcript_id"],
        kind,
        source,
        row["chrom"],
        status,
        residues,
        digest,
    )


def set_digest(chosen: Iterable[Chosen]) -> str:
    """sha256 over the sorted lines `gene<TAB>kind<TAB>transcript<TAB>cds_sha256`."""
    lines = sorted(
        f"{row.gene}\t{row.kind}\t{row.transcript}\t{row.cds_sha256 or ''}\n" for row in chosen
    )
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def set_id(chosen: Iterable[Chosen]) -> str | None:
    """First 16 hex digits of the digest; None for a set of nothing."""
    chosen = tuple(chosen)
    return set_digest(chosen)[:16] if chosen else None


def write_gene_regions(
    chosen: Iterable[Chosen], transcripts: pl.DataFrame, targets: Iterable[Interval], out: Path
) -> tuple[Interval, ...]:
    """
    Write gene_regions.tsv: coding exons of each gene cut to the targets, 0-based half-open.

    The first transcript of the set that codes speaks for its gene. A gene of which no base is a
    target has one line with start0 = end0 = 0.

    Returns:
        The coding exons, before they were cut.
    """
    speaking: dict[str, Chosen] = {}
    for transcript in chosen:
        if transcript.cds_sha256 is not None:
            speaking.setdefault(transcript.gene, transcript)
    places = {(transcript.chrom, transcript.transcript) for transcript in speaking.values()}
    exons = {
        (row["chrom"], row["transcript_id"]): coding_exons(row)
        for row in transcripts.iter_rows(named=True)
        if (row["chrom"], row["transcript_id"]) in places
    }
    region = IntervalSet(targets)
    rows: list[tuple[Any, ...]] = []
    for transcript in speaking.values():
        names = (transcript.gene, transcript.gene_symbol, transcript.transcript)
        whole = exons[transcript.chrom, transcript.transcript]
        parts = [part for exon in whole for part in region.cut(exon)]
        rows += ((*names, *part) for part in parts or [(transcript.chrom, 0, 0)])
    write_tsv(out, GENE_REGIONS, rows)
    seal(out)
    return tuple(exon for of_gene in exons.values() for exon in of_gene)


def write_set(chosen: Iterable[Chosen], out: Path) -> None:
    """Write transcript_set.tsv; empty cells are null."""
    write_tsv(out, [field.name for field in fields(Chosen)], map(astuple, chosen))
    seal(out)


def read_set(path: Path) -> tuple[Chosen, ...]:
    """Read a transcript_set.tsv that `write_set` wrote."""
    with sealed(path).open(newline="") as handle:
        return tuple(
            Chosen(
                gene=row["gene"],
                gene_symbol=row["gene_symbol"],
                transcript=row["transcript"],
                kind=row["kind"],
                source=row["source"],
                chrom=row["chrom"],
                cds_status=row["cds_status"],
                residues=int(row["residues"]) if row["residues"] else None,
                cds_sha256=row["cds_sha256"] or None,
            )
            for row in csv.DictReader(handle, dialect="excel-tab")
        )
