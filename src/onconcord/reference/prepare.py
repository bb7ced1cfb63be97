"""Stage 1: what the reference of a run is, where targets lie, which coding exons they meet."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

import polars as pl
import pysam

from onconcord.errors import InputError
from onconcord.files import file_sha256, whole_file, write_text, write_tsv
from onconcord.reference.bed import write_bed
from onconcord.reference.builds import CUSTOM, digest_faults, length_faults
from onconcord.reference.conserved import check_fasta_index
from onconcord.reference.contigs import ContigRow, contig_rows, read_contigs
from onconcord.reference.fasta import text_faults
from onconcord.reference.genes import GeneModel, no_transcripts, write_gtf
from onconcord.reference.intervals import padded, split
from onconcord.reference.sequence import Genome
from onconcord.reference.targets import apart, check_bed, shared_targets
from onconcord.reference.transcript_set import (
    choose_transcripts,
    read_set,
    write_gene_regions,
    write_set,
)
from onconcord.sealed import seal, sealed

GROUP_ROWS = 8192
"""Rows of a row group of transcripts.parquet: a pair reads only groups it needs."""


def describe_reference(
    fasta: Path,
    build: str,
    contigs: Path,
    identity: Path,
) -> None:
    """
    Write the contigs and the identity of the reference.

    Args:
        fasta: FASTA with its `.fai`.
        build: GRCh37, GRCh38 or custom.
        contigs: TSV to write, a row per contig in the order of the FASTA.
        identity: JSON to write: reference_id, build, digest.
    Raises:
        InputError: what `fasta.text_faults` finds, every contig whose sequence is not that of the
            build.
        ToolError: the index is not of the whole FASTA.
    """
    if faults := text_faults(fasta):
        raise InputError(faults)
    check_fasta_index(fasta)
    with pysam.FastaFile(str(fasta)) as sequences:
        rows = contig_rows(fasta.name, sequences)
    lengths = {row.source_name: row.length_bp for row in rows}
    faults = length_faults(fasta.name, build, lengths) + digest_faults(fasta.name, build, rows)
    if faults:
        raise InputError(faults)
    write_tsv(contigs, [field.name for field in fields(ContigRow)], map(astuple, rows))
    write_text(identity, json.dumps(reference_identity(rows, build), sort_keys=True) + "\n")
    seal(contigs)
    seal(identity)


def write_checksums(resources: dict[str, Path], out: Path) -> None:
    """
    Write size (bytes) and sha256 of every reference and resource file, by its name, never its path.

    Args:
        resources: the files by name.
        out: TSV to write: name, bytes, sha256; sorted by name.
    """
    rows = [
        (name, path.stat().st_size, file_sha256(path)) for name, path in sorted(resources.items())
    ]
    write_tsv(out, ["name", "bytes", "sha256"], rows)
    seal(out)


def reference_identity(rows: Iterable[ContigRow], build: str) -> dict[str, str]:
    """
    What reference.json holds: reference_id, build, digest.

    Returns:
        digest: sha256 over the sorted lines `chrom<TAB>refget_sq`; reference_id: the build, or
        `custom-` and the digest's first 16 hex digits.
    """
    lines = sorted(f"{row.chrom}\t{row.refget_sq}\n" for row in rows)
    digest = hashlib.sha256("".join(lines).encode("ascii")).hexdigest()
    reference_id = f"custom-{digest[:16]}" if build == CUSTOM else build
    return {"reference_id": reference_id, "build": build, "digest": digest}


def prepare_genes(
    fasta: Path,
    contigs: Path,
    genes: Path | None,
    transcripts: Path | None,
    out_genes: Path,
    out_transcripts: Path,
    out_transcript_set: Path,
) -> None:
    """
    Write the gene model in one spelling, and the transcripts that its genes are named on.

    Args:
        fasta: uncompressed FASTA with its `.fai`.
        contigs: contigs.tsv.
        genes: GTF or GFF3 with the FASTA's contig names, or None.
        transcripts: the transcripts that win over the gene model's tags, or None.
        out_genes: GTF; empty without a gene model.
        out_transcripts: Parquet, `GeneModel.transcripts` with is_mitochondrial.
        out_transcript_set: TSV, see `transcript_set.Chosen`.
    Raises:
        InputError: every fault of the files.
    """
    rows = read_contigs(contigs)
    lengths = {row.source_name: row.length_bp for row in rows}
    known = GeneModel(genes, lengths).transcripts if genes else no_transcripts()
    mitochondrion = frozenset(row.source_name for row in rows if row.chrom == "chrM")
    chosen = choose_transcripts(known, transcripts, Genome(fasta), mitochondrion)
    write_gtf(known, out_genes)
    with whole_file(out_transcripts) as temporary:
        known.with_columns(is_mitochondrial=pl.col("chrom").is_in(mitochondrion)).write_parquet(
            temporary, row_group_size=GROUP_ROWS
        )
    seal(out_transcripts)
    write_set(chosen, out_transcript_set)


def prepare_targets(
    contigs: Path,
    targets: Sequence[Path],
    padding: int,
    transcripts: Path,
    transcript_set: Path,
    out_targets: Path,
    out_calling: Path,
    out_gene_regions: Path,
    out_depth: Path,
) -> None:
    """
    Write the targets of an assay, its padded calling regions, and its coding exons on target.

    Args:
        contigs: contigs.tsv.
        targets: BEDs with the FASTA's contig names: none for the whole primary contigs, two where
            tumour and normal are of different kits, of which what both target is taken.
        padding: bases added on both sides of every target for calling.
        transcripts, transcript_set: what `prepare_genes` wrote.
        out_targets: sorted and merged BED.
        out_calling: the same, padded.
        out_gene_regions: TSV, see `transcript_set.write_gene_regions`.
        out_depth: the targets cut at the ends of coding exons, so that the mean depth of each
            interval is that of exons alone or of no exon.
    Raises:
        InputError: every fault of the files, or no base is in all of them.
    """
    rows = read_contigs(contigs)
    lengths = {row.source_name: row.length_bp for row in rows}
    if faults := [fault for bed in targets for fault in check_bed(bed, lengths)[1]]:
        raise InputError(faults)
    on_target = tuple((row.source_name, 0, row.length_bp) for row in rows if row.is_primary)
    if targets:
        on_target = shared_targets(targets, lengths)
    if not on_target:
        raise InputError([apart(targets)])
    names = " and ".join(bed.name for bed in targets) or "the primary contigs"
    print(f"{sum(end - start for _, start, end in on_target)} bases are targets of {names}")
    write_bed(on_target, out_targets)
    write_bed(padded(on_target, padding, lengths), out_calling)
    known = pl.read_parquet(sealed(transcripts))
    exons = write_gene_regions(read_set(transcript_set), known, on_target, out_gene_regions)
    write_bed(split(on_target, exons), out_depth)
