"""Consequences and known facts of a pair's variants, read from the annotated VCF."""

import re
from pathlib import Path
from typing import Any

import polars as pl
from cyvcf2 import VCF

Rows = list[dict[str, Any]]
_IMPACTS = ("HIGH", "MODERATE", "LOW", "MODIFIER")
_DUPLICATED = re.compile(r"dup[ACGTN]+$")


def hgvs_c(text: str) -> str | None:
    """HGVS of SnpEff as HGVS has it: a duplication does not repeat its bases."""
    return _DUPLICATED.sub("dup", text) or None


def read_annotation(
    path: Path, table_name: dict[str, str], canonical: set[str], annotator_version: str
) -> tuple[Rows, dict[str, dict[str, Any]], Rows]:
    """
    Consequences, picked consequence and population frequency of each variant of a pair.

    Args:
        path: annotated VCF.
        table_name: native contig name -> name in the tables.
        canonical: ids of the canonical transcripts.
        annotator_version: version of SnpEff.
    Returns:
        Rows of `variant_consequence` without centre and reference; by variant key the columns of
        `small_variant` that are picked from them, and `gnomad_af_max`; rows of
        `variant_annotation`.
    """
    consequences: Rows = []
    picked: dict[str, dict[str, Any]] = {}
    known: Rows = []
    for record in VCF(str(path)):
        key = f"{table_name[record.CHROM]}:{record.POS}:{record.REF}:{record.ALT[0]}"
        rows = list(_consequences(key, record.INFO.get("ANN"), annotator_version))
        if rows:
            best = min(rows, key=lambda row: _rank(row, canonical))
            for row in rows:
                row["is_picked"] = row is best
            picked[key] = {
                name: best[name]
                for name in ("gene_id", "gene_symbol", "transcript_id", "hgvsc", "hgvsp", "impact")
            } | {"consequence_so": best["consequence_so"]}
        consequences += rows
        frequency = record.INFO.get("population_af")
        if frequency is not None:
            picked.setdefault(key, {})["gnomad_af_max"] = round(float(frequency), 6)
        for field in ("clinical_significance", "clinical_id"):
            value = record.INFO.get(field)
            if value is not None:
                known.append(
                    {
                        "variant_key": key,
                        "source": "clinical",
                        "field": field.removeprefix("clinical_"),
                        "value_text": str(value),
                    }
                )
    return consequences, picked, known


def _rank(row: dict[str, Any], canonical: set[str]) -> tuple[bool, int, str, str]:
    return (
        row["transcript_id"].split(".")[0] not in canonical,
        _IMPACTS.index(row["impact"]),
        row["transcript_id"],
        row["consequence_so"],
    )


def _consequences(key: str, annotation: str | None, annotator_version: str) -> Rows:
    """Rows of SnpEff's ANN field: one per transcript and term; others are left out."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in (annotation or "").split(","):
        fields = entry.split("|")
        if len(fields) < 16 or fields[5] != "transcript":
            continue
        for term in fields[1].split("&"):
            rows.setdefault(
                (fields[6], term),
                {
                    "variant_key": key,
                    "transcript_id": fields[6],
                    "consequence_so": term,
                    "gene_id": fields[4],
                    "gene_symbol": fields[3] or None,
                    "hgvsc": hgvs_c(fields[9]),
                    "hgvsp": fields[10] or None,
                    "exon": fields[8] or None,
                    "impact": fields[2],
                    "annotator": "SnpEff",
                    "annotator_version": annotator_version,
                },
            )
    return list(rows.values())


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
