"""
The neutral recount: every candidate counted again from the reads, with one set of filters.

Counting is `gbcms dna`, run as a program of its own; counts are reads, duplicates left out.
"""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pysam
from cyvcf2 import VCF

from onconcord.errors import ToolError
from onconcord.evidence.collect import write_sites
from onconcord.evidence.events import KEY
from onconcord.evidence.normal_form import Allele, atoms
from onconcord.files import whole_file
from onconcord.reference.sequence import Genome
from onconcord.runtime.programs import Program

COUNT = Program(
    "evidence_recount.py",
    "gbcms dna --variants {sites} --fasta {fasta} {reads} --output-dir {folder} --format vcf "
    "--threads {threads} --min-mapq {min_mapping_quality} --min-baseq {min_base_quality}",
)

ROLES = {"tumour": "tumor", "normal": "normal"}
COUNTS = ("depth", "ref_count", "alt_count")
KEY_SCHEMA: dict[str, Any] = {
    "chrom": pl.String,
    "pos": pl.Int64,
    "ref": pl.String,
    "alt": pl.String,
}
SCHEMA: dict[str, Any] = {
    **KEY_SCHEMA,
    **{f"{role}_{count}": pl.Int64 for role in ROLES.values() for count in COUNTS},
}
"""Columns of `6_evidence/{pair}.recount.parquet`: reads, null for a role without reads."""


def recount(
    candidates: Path,
    hotspots: list[Allele],
    fasta: Path,
    reads: dict[str, Path],
    min_mapping_quality: int,
    min_base_quality: int,
    threads: int,
    out: Path,
) -> None:
    """
    Count events, their atoms and the hotspots in the reads of a pair.

    Args:
        candidates: sites of the events.
        hotspots: alleles that are counted in every pair.
        fasta: reference with its `.fai`.
        reads: BAM or CRAM by role, `tumour` and, where there is one, `normal`.
        min_mapping_quality: lowest mapping quality of a read that counts (Phred).
        min_base_quality: lowest base quality of a base that counts (Phred).
        threads: threads of the counting; counts do not depend on it.
        out: Parquet with SCHEMA.
    Raises:
        ToolError: the counting failed, or left a site out.
    """
    genome = Genome(fasta)
    with pysam.VariantFile(str(candidates)) as file:
        events = {
            Allele(record.chrom, record.pos, record.ref or "", (record.alts or ("",))[0])
            for record in file
        }
    sites = events | {step for event in events for step in atoms(event)} | set(hotspots)
    table = pl.DataFrame(
        [(one.chrom, one.pos, one.ref, one.alt) for one in sorted(sites)],
        schema=KEY_SCHEMA,
        orient="row",
    )
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        written = Path(folder) / "sites.vcf.gz"
        write_sites(genome, sites, written)
        if sites:
            _run_counter(
                written, fasta, reads, min_mapping_quality, min_base_quality, threads, Path(folder)
            )
        for role, name in ROLES.items():
            if role in reads and sites:
                counts = _read_counts(Path(folder) / f"{role}.vcf", name)
            else:
                counts = _no_counts(name)
            table = table.join(counts, on=KEY, how="left", maintain_order="left")
    if "tumour" in reads and table["tumor_depth"].null_count():
        raise ToolError(f"{table['tumor_depth'].null_count()} sites were not counted.")
    with whole_file(out) as path:
        table.sort(KEY).write_parquet(path)


def _run_counter(
    sites: Path,
    fasta: Path,
    reads: dict[str, Path],
    min_mapping_quality: int,
    min_base_quality: int,
    threads: int,
    folder: Path,
) -> None:
    COUNT.run(
        sites=str(sites),
        fasta=str(fasta.absolute()),
        reads=[word for role, path in reads.items() for word in ("--bam", f"{role}:{path}")],
        folder=str(folder),
        threads=str(threads),
        min_mapping_quality=str(min_mapping_quality),
        min_base_quality=str(min_base_quality),
    )


def _count_schema(role: str) -> dict[str, Any]:
    return {**KEY_SCHEMA, **{f"{role}_{count}": pl.Int64 for count in COUNTS}}


def _no_counts(role: str) -> pl.DataFrame:
    return pl.DataFrame(schema=_count_schema(role))


def _read_counts(path: Path, role: str) -> pl.DataFrame:
    rows = []
    for record in VCF(str(path)):
        reference, alternate = record.format("AD")[0]
        depth = record.format("DP")[0][0]
        key = (record.CHROM, record.POS, record.REF, record.ALT[0])
        rows.append((*key, int(depth), int(reference), int(alternate)))
    return pl.DataFrame(rows, schema=_count_schema(role), orient="row")
