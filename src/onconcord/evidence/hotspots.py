"""Known drivers: every pair says of each whether it is mutated, wild type or not covered."""

from typing import Any

import polars as pl
from scipy.special import betaincinv

from onconcord.evidence.normal_form import Allele, normalise
from onconcord.inputs.pair_spec import PairSpec
from onconcord.reference.sequence import ContigNames, Genome

COLUMNS = ("hotspot_id", "gene_symbol", "chrom", "pos", "ref", "alt")
WILDTYPE_UPPER_VAF = 0.1
"""Highest upper bound of the allele fraction at which a hotspot without reads is wild type."""


def read_hotspots(path: str | None, genome: Genome) -> pl.DataFrame:
    """
    The list of hotspots in normal form; empty without a list.

    Args:
        path: TSV with COLUMNS, native contig names and 1-based positions.
        genome: the reference.
    """
    if path is None:
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String)).with_columns(
            pl.col("pos").cast(pl.Int64)
        )
    table = pl.read_csv(path, separator="\t", infer_schema=False, comment_prefix="#")
    table = table.select(COLUMNS).with_columns(pl.col("pos").cast(pl.Int64))
    found = [normalise(genome, one) for one in hotspot_alleles(table)]
    return table.with_columns(
        pl.Series("pos", [one.pos for one in found], dtype=pl.Int64),
        pl.Series("ref", [one.ref for one in found], dtype=pl.String),
        pl.Series("alt", [one.alt for one in found], dtype=pl.String),
    )


def hotspot_rows(
    hotspots: pl.DataFrame,
    recount: pl.DataFrame,
    states: pl.DataFrame,
    spec: PairSpec,
    names: ContigNames,
    reference_id: str,
) -> list[dict[str, Any]]:
    """
    Rows of `hotspot_status`: mutated by the limits of the decision, wild type where the 95 %
    upper bound of the allele fraction (Clopper-Pearson) is low enough, else indeterminate.
    """
    limits = spec.parameters.decision
    found = hotspots.join(recount, on=["chrom", "pos", "ref", "alt"], how="left")
    rows = []
    for row in found.iter_rows(named=True):
        depth, count = row["tumor_depth"] or 0, row["tumor_alt_count"] or 0
        upper = float(betaincinv(count + 1, depth - count, 0.95)) if depth > count else 1.0
        if not depth:
            status = "not_covered"
        elif count >= limits["min_tumour_alt_reads"] and count / depth >= limits["min_tumour_vaf"]:
            status = "mutated"
        elif upper <= WILDTYPE_UPPER_VAF:
            status = "wildtype"
        else:
            status = "indeterminate"
        rows.append(
            {
                "pair_id": spec.pair,
                "hotspot_id": row["hotspot_id"],
                "alt": row["alt"],
                "reference_id": reference_id,
                "chrom": names.table_of[row["chrom"]],
                "pos": row["pos"],
                "ref": row["ref"],
                "gene_symbol": row["gene_symbol"],
                "tumor_depth": row["tumor_depth"],
                "tumor_alt_count": row["tumor_alt_count"],
                "upper95_vaf": round(upper, 6) if depth else None,
                "status": status,
                "list_version": "1",
            }
        )
    return rows


def hotspot_alleles(hotspots: pl.DataFrame) -> list[Allele]:
    """The alleles of the list, to be counted in every pair."""
    return [Allele(*row) for row in hotspots.select("chrom", "pos", "ref", "alt").iter_rows()]
