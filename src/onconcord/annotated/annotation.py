"""Consequences and known facts of a pair's variants, read from the annotated VCF."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.annotated.clinical import CLINICAL, Clinical, clinical_rows
from onconcord.annotated.knowledge import SCHEMA as KNOWN
from onconcord.annotated.knowledge import knowledge_rows
from onconcord.annotated.names import SPLICE_TERMS, Namer
from onconcord.annotated.protein import PROTEIN_TERMS
from onconcord.annotated.severity import FLANKS, IMPACTS, RANKS
from onconcord.evidence.events import KEY
from onconcord.inputs.knowledge import Knowledge
from onconcord.inputs.transcripts import KINDS
from onconcord.reference.sequence import Genome
from onconcord.reference.transcript_set import Chosen, set_id
from onconcord.reference.transcripts import read_transcripts
from onconcord.runtime.conserved import broken
from onconcord.runtime.programs import Program
from onconcord.sealed import sealed

QUERY = Program(
    "harmonised_pair.py", "bcftools query --allow-undef-tags --format {format} {region} {vcf}"
)

PICKED: dict[str, Any] = {
    "gene_id": pl.String,
    "gene_symbol": pl.String,
    "hgnc_id": pl.String,
    "transcript_id": pl.String,
    "hgvsc": pl.String,
    "hgvsp": pl.String,
    "hgvsp_full": pl.String,
    "impact": pl.String,
    "consequence_so": pl.String,
    "consequence_terms": pl.String,
}
"""Columns of `small_variant` that come from the picked consequence."""

# ANN: Allele | Annotation | Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | ... |
# Rank | ... | Distance, as SnpEff's documentation numbers them, here from 0.
_PLACES = {
    "effect": 1,
    "impact": 2,
    "gene_symbol": 3,
    "gene_id": 4,
    "feature": 5,
    "transcript_id": 6,
    "exon": 8,
    "distance": 14,
}
_GENE = ("gene_id", "gene_symbol", "hgnc_id")
_OF_TRANSCRIPT: dict[str, Any] = {
    "hgvsc": pl.String,
    "hgvsp": pl.String,
    "hgvsp_full": pl.String,
    "is_coding": pl.Boolean,
    "splice": pl.List(pl.String),
    "stated": pl.String,
    "instead_of": pl.List(pl.String),
}


@dataclass(frozen=True)
class Annotation:
    """
    The annotated VCF of a pair.

    Args:
        path: bgzipped VCF with its index.
        table_name: native contig name -> name in the tables.
        genome: what the events are on.
        transcripts: `1_reference/transcripts.parquet`.
        chosen: the transcript set.
        annotator_version: version of SnpEff; null without a gene model, where it is not run.
        clinical: what the clinical resource says of itself.
        knowledge: tables of knowledge.
    """

    path: Path
    table_name: dict[str, str]
    genome: Genome
    transcripts: Path
    chosen: tuple[Chosen, ...]
    annotator_version: str | None
    clinical: Clinical
    knowledge: Knowledge = field(default_factory=Knowledge)


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
    Raises:
        ToolError: bcftools failed or its answer is cut off. Whether it is whole, the tables of
            the variants tell, which ask for every candidate.
    """
    sites = _read_sites(of.path, region)
    chrom = pl.col("chrom").replace(of.table_name)
    key = pl.concat_str(chrom, "pos", "ref", "alt", separator=":")
    sites = sites.with_columns(variant_key=key)
    consequences = _consequences(of, sites)
    picked = sites.select(
        *KEY,
        "variant_key",
        gnomad_af_max=pl.col("population_af")
        .str.split(",")
        .list.eval(pl.element().cast(pl.Float64))
        .list.max()
        .round(6),
    ).join(
        consequences.filter("is_picked").select("variant_key", *PICKED),
        on="variant_key",
        how="left",
    )
    consequences = consequences.drop("consequence_terms")
    parts = [
        clinical_rows(sites, of.clinical).with_columns(licence=pl.lit(None, pl.String)),
        knowledge_rows(picked, of.knowledge),
    ]
    return (
        consequences,
        picked.drop("variant_key"),
        pl.concat(part.select(list(KNOWN)) for part in parts),
    )


def _read_sites(path: Path, region: tuple[str, int, int] | None) -> pl.DataFrame:
    fields = ["ANN", "population_af", *CLINICAL]
    wanted = ["CHROM", "POS", "REF", "ALT", *(f"INFO/{name}" for name in fields)]
    query = "\\t".join(f"%{name}" for name in wanted) + "\\n"
    # What merely reaches into the region starts before it and belongs to another one.
    part = ["--regions", "{}:{}-{}".format(*region), "--regions-overlap", "0"] if region else []
    text = QUERY.run(format=query, region=part, vcf=str(path))
    if text and not text.endswith(b"\n"):
        raise broken("bcftools query", path, "the last line is cut off in the answer")
    columns = [*KEY, *fields]
    table = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    if text:
        table = pl.read_csv(
            io.BytesIO(text),
            separator="\t",
            has_header=False,
            new_columns=columns,
            quote_char=None,
            infer_schema=False,
            null_values=".",
        )
    return table.with_columns(pl.col("pos").cast(pl.Int64))


def _consequences(of: Annotation, sites: pl.DataFrame) -> pl.DataFrame:
    """
    One row per variant, transcript and term: those of SnpEff's ANN field, regions left out, and of
    introns' ends those of `names.splice_terms`, and what a protein name states, `stated_term`.

    Beside the columns of `variant_consequence` there is consequence_terms: all terms of the
    variant on the transcript, the most severe first, joined by &.
    """
    entries = (
        sites.filter(pl.col("ANN").is_not_null())
        .select(*KEY, "variant_key", entry=pl.col("ANN").str.split(","))
        .explode("entry")
        .with_columns(pl.col("entry").str.split("|"))
    )
    answers = entries.select(
        *KEY,
        "variant_key",
        *(
            pl.col("entry").list.get(at, null_on_oob=True).replace("", None).alias(name)
            for name, at in _PLACES.items()
        ),
    ).filter(pl.col("feature") == "transcript")
    effects = pl.col("effect").str.split("&")
    of_protein = effects.list.set_intersection(list(PROTEIN_TERMS)).list.len() > 0
    stated = effects.list.set_difference("instead_of").list.concat(pl.concat_list("stated"))
    effects = pl.when(of_protein & pl.col("stated").is_not_null()).then(stated).otherwise(effects)
    others = effects.list.set_difference(list(SPLICE_TERMS))
    own = others.list.concat(pl.col("splice"))
    # SnpEff may state the end of an intron in an entry of its own.
    has_own = (own.list.len() > 0).any().over("variant_key", "transcript_id")
    answers = (
        answers.join(
            _names(of, answers),
            on=["variant_key", "transcript_id"],
            how="left",
            maintain_order="left",
        )
        .with_columns(consequence_so=pl.when(has_own).then(own).otherwise(effects))
        .explode("consequence_so")
        .drop_nulls("consequence_so")
        .unique(["variant_key", "transcript_id", "consequence_so"], maintain_order=True)
    )
    kinds = pl.DataFrame(
        [(chosen.transcript, KINDS.index(chosen.kind)) for chosen in of.chosen],
        schema={"transcript_id": pl.String, "kind": pl.Int32},
        orient="row",
    ).unique("transcript_id", keep="first", maintain_order=True)
    known_mane = any(chosen.kind.startswith("mane") for chosen in of.chosen)
    # SnpEff writes names in other letters where a VCF wants them escaped.
    genes = (
        pl.scan_parquet(sealed(of.transcripts))
        .select("chrom", "transcript_id", *(pl.col(name).alias(f"own_{name}") for name in _GENE))
        .collect()
    )
    answers = (
        answers.join(kinds, on="transcript_id", how="left")
        .join(genes, on=["chrom", "transcript_id"], how="left")
        .with_columns(
            hgnc_id="own_hgnc_id",
            **{name: pl.coalesce(f"own_{name}", name) for name in ("gene_id", "gene_symbol")},
            severity=pl.col("consequence_so").replace_strict(
                RANKS, default=len(RANKS), return_dtype=pl.Int32
            ),
            impact=pl.col("consequence_so").replace_strict(IMPACTS, default=pl.col("impact")),
        )
    )
    # Of two flanks the nearer gene says more. Ids keep the order the same whatever SnpEff's is.
    rank = [
        pl.col("consequence_so").is_in(FLANKS),
        pl.col("kind").is_null(),
        ~pl.col("is_coding").fill_null(False),
        pl.col("severity"),
        pl.col("distance").cast(pl.Int64, strict=False).fill_null(0),
        pl.col("kind").fill_null(len(KINDS)),
        pl.col("gene_id"),
        pl.col("transcript_id"),
        pl.col("consequence_so"),
    ]
    ranked = answers.with_columns(
        pl.struct(expr.alias(f"rank_{at}") for at, expr in enumerate(rank)).alias("rank")
    ).sort("variant_key", "rank")
    terms = ranked.group_by("variant_key", "transcript_id").agg(
        pl.col("consequence_so")
        .sort_by("severity", "consequence_so")
        .str.join("&")
        .alias("consequence_terms")
    )
    ranked = ranked.join(
        terms, on=["variant_key", "transcript_id"], how="left", maintain_order="left"
    )
    first = pl.col("variant_key") != pl.col("variant_key").shift(1)
    return ranked.select(
        "variant_key",
        "transcript_id",
        "consequence_so",
        "gene_id",
        "gene_symbol",
        "hgnc_id",
        "hgvsc",
        "hgvsp",
        "hgvsp_full",
        "exon",
        "impact",
        is_mane_select=_is_kind("mane_select", known_mane),
        is_mane_plus=_is_kind("mane_plus_clinical", known_mane),
        is_picked=first.fill_null(True),
        annotator=pl.lit("SnpEff"),
        annotator_version=pl.lit(of.annotator_version, dtype=pl.String),
        transcript_set_version=pl.lit(set_id(of.chosen)),
        consequence_terms="consequence_terms",
    )


def _is_kind(kind: str, known: bool) -> pl.Expr:
    """Whether a transcript is chosen as this; null where the set says nothing of it."""
    if not known:
        return pl.lit(None, dtype=pl.Boolean)
    return (pl.col("kind") == KINDS.index(kind)).fill_null(False)


def _names(of: Annotation, answers: pl.DataFrame) -> pl.DataFrame:
    """HGVS names of each variant on each transcript that SnpEff says it concerns."""
    wanted = answers.select(*KEY, "variant_key", "transcript_id").unique(maintain_order=True)
    transcripts = read_transcripts(of.transcripts, wanted["transcript_id"])
    namer = Namer(of.genome)
    rows = []
    for chrom, pos, ref, alt, key, transcript_id in wanted.iter_rows():
        transcript = transcripts.get((chrom, transcript_id))
        if transcript is not None:
            named = namer.names(transcript, pos, ref, alt)
            protein = named.protein
            coding = transcript.coding is not None
            names = (named.coding, protein.short, protein.full)
            terms = (list(named.splice), named.stated.term, list(named.stated.instead_of))
            rows.append((key, transcript_id, *names, coding, *terms))
    return pl.DataFrame(
        rows,
        schema={"variant_key": pl.String, "transcript_id": pl.String, **_OF_TRANSCRIPT},
        orient="row",
    )


def read_gene_regions(gene_regions: Path) -> pl.DataFrame:
    """`1_reference/gene_regions.tsv`: the coding exons of each gene in the targets."""
    return pl.read_csv(
        sealed(gene_regions),
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
