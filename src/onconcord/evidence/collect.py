"""
Evidence: the records of every caller of a pair, in one normal form.

VCFs are read by `bcftools query`; the tables are columns from there on.
"""

import io
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pysam

from onconcord.calls.callers import Caller
from onconcord.evidence.events import KEY, bring_together, new_event
from onconcord.evidence.normal_form import Allele, steps, variant_class
from onconcord.evidence.records import (
    REJECTED_SCHEMA,
    read_records,
    rejected_rows,
    rejection_reasons,
)
from onconcord.files import whole_file
from onconcord.reference.sequence import ContigNames, Genome
from onconcord.runtime.conserved import conserve, record_count
from onconcord.runtime.programs import Program
from onconcord.sealed import seal

WRITE_SITES = Program(
    "evidence_collect.py", "bcftools view --no-version --output-type z1 --output {out}"
)


def collect_evidence(
    calls: dict[str, Path],
    callers: dict[str, Caller],
    tumour: str,
    normal: str | None,
    fasta: Path,
    contigs_tsv: Path,
    evidence: Path,
    rejected: Path,
    candidates: Path,
) -> None:
    """
    Write one row per caller and event, the records without a normal form, and the sites.

    Args:
        calls: final VCF of each caller, bgzipped.
        callers: how to read each of them.
        tumour: sample id of the tumour, the name of its column in every VCF.
        normal: the same of the normal, None for a tumour on its own.
        fasta: reference with its `.fai`.
        contigs_tsv: names of its contigs in the tables.
        evidence: Parquet with the columns of `events.bring_together`.
        rejected: Parquet with REJECTED_SCHEMA.
        candidates: bgzipped VCF of the distinct events and what they are made of, with its index.
    Raises:
        InputError: a VCF lacks a sample of the pair.
        ToolError: bcftools failed.
    """
    genome = Genome(fasta)
    names = ContigNames.read(contigs_tsv)
    kept, refused = [], []
    for caller, path in sorted(calls.items()):
        records = read_records(path, callers[caller], tumour, normal, names)
        records = records.with_columns(reason=rejection_reasons(genome, names, records))
        bad = records.filter(pl.col("reason").is_not_null())
        if bad.height:
            refused.append(rejected_rows(path, bad))
        kept.append(records.filter(pl.col("reason").is_null()).drop("reason"))
        del records
    every = pl.concat(kept)
    del kept
    sites = []
    with whole_file(evidence) as path, ExitStack() as stack:
        writer = None
        for piece in bring_together(genome, every, names.table_of):
            rows = piece.to_arrow()
            if writer is None:
                writer = stack.enter_context(
                    pq.ParquetWriter(path, rows.schema, compression="lz4", write_statistics=False)
                )
            writer.write_table(rows)
            sites.append(piece.select(KEY).filter(new_event()))
    seal(evidence)
    with whole_file(rejected) as path:
        empty = pl.DataFrame(schema=REJECTED_SCHEMA)
        pl.concat([empty, *refused]).sort(list(REJECTED_SCHEMA)).write_parquet(path)
    seal(rejected)
    events = pl.concat(sites).unique()
    write_site_table(genome, pl.concat([events, _steps_of(genome, events)]).unique(), candidates)


def _steps_of(genome: Genome, events: pl.DataFrame) -> pl.DataFrame:
    """Native keys of what events are made of, which is annotated and counted too."""
    found = [
        (step.chrom, step.pos, step.ref, step.alt)
        for chrom, pos, ref, alt in events.iter_rows()
        if variant_class(ref, alt) in ("MNV", "DELINS")
        for step in steps(genome, Allele(chrom, pos, ref, alt))
    ]
    return pl.DataFrame(found, schema=events.schema, orient="row")


def write_site_table(genome: Genome, sites: pl.DataFrame, out: Path) -> None:
    """
    Write alleles as a bgzipped and indexed VCF of sites, in the order of the reference.

    Args:
        genome: the reference.
        sites: chrom (native), pos (1-based), ref, alt.
        out: the VCF.
    """
    header = pysam.VariantHeader()
    for contig in genome.contigs.values():
        header.contigs.add(contig.name, length=contig.length)
    text = io.BytesIO(str(header).encode())
    text.seek(0, io.SEEK_END)
    nothing = pl.lit(".")
    sites.sort(
        pl.col("chrom").replace_strict(
            {name: place for place, name in enumerate(genome.contigs)}, return_dtype=pl.UInt32
        ),
        "pos",
        "ref",
        "alt",
    ).select(
        "chrom",
        "pos",
        nothing.alias("id"),
        "ref",
        "alt",
        qual=nothing,
        filter=nothing,
        info=nothing,
    ).write_csv(text, separator="\t", include_header=False, quote_style="never")
    with whole_file(out) as path:
        WRITE_SITES.run(text.getvalue(), out=str(path))
        written = record_count(path, "bcftools view")
        conserve("bcftools view", out, "candidates", sites.height, written)
        pysam.tabix_index(str(path), preset="vcf", force=True)
        Path(f"{path}.tbi").replace(f"{out}.tbi")
