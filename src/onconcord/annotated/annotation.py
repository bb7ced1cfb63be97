"""Consequences and known facts of a pair's variants, read from the annotated VCF."""

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.errors import ToolError
from onconcord.evidence.events import KEY

IMPACTS = ("HIGH", "MODERATE", "LOW", "MODIFIER")
FLANKS = ("upstream_gene_variant", "downstream_gene_variant")
"""Consequences beside a gene: any consequence inside another gene says more."""
CLINICAL = ("clinical_significance", "clinical_id")

PICKED: dict[str, Any] = {
    "gene_id": pl.String,
    "gene_symbol": pl.String,
    "transcript_id": pl.String,
    "hgvsc": pl.String,
    "hgvsp": pl.String,
    "impact": pl.String,
    "consequence_so": pl.String,
}
"""Columns of `small_variant` that come from the picked consequence."""

# ANN: Allele | Annotation | Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | ... |
# Rank | HGVS.c | HGVS.p, as SnpEff's documentation numbers them, here from 0.
_PLACES = {
    "effect": 1,
    "impact": 2,
    "gene_symbol": 3,
    "gene_id": 4,
    "feature": 5,
    "transcript_id": 6,
    "exon": 8,
    "hgvsc": 9,
    "hgvsp": 10,
}


def hgvs_c(text: pl.Expr) -> pl.Expr:
    """
    HGVS of SnpEff as HGVS has it: what is deleted or duplicated is not repeated.

    Source: HGVS nomenclature 21, "deletion", "duplication" and "deletion-insertion".
    """
    return (
        text.str.replace(r"dup[ACGTN]+$", "dup")
        .str.replace(r"del[ACGTN]+ins", "delins")
        .str.replace(r"del[ACGTN]+$", "del")
    )


@dataclass(frozen=True)
class Annotation:
    """
    The annotated VCF of a pair.

    Args:
        path: bgzipped VCF with its index.
        table_name: native contig name -> name in the tables.
        canonical: ids of the canonical transcripts, without version.
        annotator_version: version of SnpEff.
    """

    path: Path
    table_name: dict[str, str]
    canonical: frozenset[str]
    annotator_version: str


def read_annotation(
    of: Annotation, region: tuple[str, int, int] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """
    Consequences, picked consequence and known facts of each variant of a pair.

    Args:
        of: the annotated VCF.
        region: native contig, first and last position (1-based, both included); None for all.
    Returns:
        Rows of `variant_consequence` without centre and reference; by native key the columns
        PICKED and `gnomad_af_max`; rows of `variant_annotation` without centre and reference.
    """
    sites = _read_sites(of.path, region)
    chrom = pl.col("chrom").replace(of.table_name)
    key = pl.concat_str(chrom, "pos", "ref", "alt", separator=":")
    sites = sites.with_columns(variant_key=key)
    consequences = _consequences(sites, of.canonical, of.annotator_version)
    picked = (
        sites.select(
            *KEY,
            "variant_key",
            gnomad_af_max=pl.col("population_af")
            .str.split(",")
            .list.eval(pl.element().cast(pl.Float64))
            .list.max()
            .round(6),
        )
        .join(
            consequences.filter("is_picked").select("variant_key", *PICKED),
            on="variant_key",
            how="left",
        )
        .drop("variant_key")
    )
    known = [
        sites.filter(pl.col(field).is_not_null()).select(
            "variant_key",
            source=pl.lit("clinical"),
            field=pl.lit(field.removeprefix("clinical_")),
            value_text=pl.col(field),
        )
        for field in CLINICAL
    ]
    return consequences, picked, pl.concat(known)


def _read_sites(path: Path, region: tuple[str, int, int] | None) -> pl.DataFrame:
    fields = ["ANN", "population_af", *CLINICAL]
    wanted = ["CHROM", "POS", "REF", "ALT", *(f"INFO/{name}" for name in fields)]
    query = "\\t".join(f"%{name}" for name in wanted) + "\\n"
    command = ["bcftools", "query", "--allow-undef-tags", "--format", query]
    if region:
        # What merely reaches into the region starts before it and belongs to another one.
        command += ["--regions", "{}:{}-{}".format(*region), "--regions-overlap", "0"]
    command.append(str(path))
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise ToolError(f"bcftools query: {done.stderr.decode().strip()}")
    columns = [*KEY, *fields]
    table = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    if done.stdout:
        table = pl.read_csv(
            io.BytesIO(done.stdout),
            separator="\t",
            has_header=False,
            new_columns=columns,
            quote_char=None,
            infer_schema=False,
            null_values=".",
        )
    return table.with_columns(pl.col("pos").cast(pl.Int64))


def _consequences(
    sites: pl.DataFrame, canonical: frozenset[str], annotator_version: str
) -> pl.DataFrame:
    """One row per variant, transcript and term of SnpEff's ANN field; regions are left out."""
    entries = (
        sites.filter(pl.col("ANN").is_not_null())
        .select("variant_key", entry=pl.col("ANN").str.split(","))
        .with_columns(place=pl.int_ranges(0, pl.col("entry").list.len()))
        .explode("entry", "place")
        .with_columns(pl.col("entry").str.split("|"))
    )
    told = (
        entries.select(
            "variant_key",
            "place",
            *(
                pl.col("entry").list.get(at, null_on_oob=True).replace("", None).alias(name)
                for name, at in _PLACES.items()
            ),
        )
        .filter(pl.col("feature") == "transcript")
        .with_columns(consequence_so=pl.col("effect").str.split("&"))
        .with_columns(term=pl.int_ranges(0, pl.col("consequence_so").list.len()))
        .explode("consequence_so", "term")
        .unique(["variant_key", "transcript_id", "consequence_so"], maintain_order=True)
    )
    # SnpEff lists the most severe entry, and in an entry the most severe term, first.
    rank = [
        pl.col("consequence_so").is_in(FLANKS),
        ~pl.col("transcript_id").str.split(".").list.first().is_in(sorted(canonical)),
        pl.col("impact").replace_strict(
            {name: place for place, name in enumerate(IMPACTS)}, return_dtype=pl.Int32
        ),
        pl.col("place"),
        pl.col("term"),
    ]
    ranked = told.with_columns(
        pl.struct(expr.alias(f"rank_{at}") for at, expr in enumerate(rank)).alias("rank")
    ).sort("variant_key", "rank")
    first = pl.col("variant_key") != pl.col("variant_key").shift(1)
    return ranked.select(
        "variant_key",
        "transcript_id",
        "consequence_so",
        "gene_id",
        "gene_symbol",
        hgvs_c(pl.col("hgvsc")).alias("hgvsc"),
        "hgvsp",
        "exon",
        "impact",
        is_picked=first.fill_null(True),
        annotator=pl.lit("SnpEff"),
        annotator_version=pl.lit(annotator_version),
    )


def canonical_transcripts(gene_regions: Path) -> pl.DataFrame:
    """`1_reference/gene_regions.tsv`: the canonical transcript of each gene and its exons."""
    return pl.read_csv(
        gene_regions,
        separator="\t",
        schema_overrides={
            "gene_id": pl.String,
            "gene_symbol": pl.String,
            "transcript_id": pl.String,
            "chrom": pl.String,
            "start0": pl.Int64,
            "end0": pl.Int64,
        },
    )
