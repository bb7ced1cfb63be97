"""Known drivers: every pair says of each whether it is mutated, wild type or not covered."""

from dataclasses import astuple
from pathlib import Path
from typing import Any

import polars as pl
from scipy.special import betaincinv

from onconcord.errors import InputError
from onconcord.evidence.normal_form import Allele
from onconcord.inputs.hotspots import COLUMNS, read_hotspot_list
from onconcord.inputs.pair_spec import PairSpec
from onconcord.reference.sequence import ContigNames, Genome

WILDTYPE_UPPER_VAF = 0.1
"""Highest upper bound of the allele fraction at which a hotspot without reads is wild type."""


def read_hotspots(path: str | None, genome: Genome) -> pl.DataFrame:
    """
    The list of hotspots in normal form; empty without a list.

    Args:
        path: see `inputs.hotspots.read_hotspot_list`.
        genome: the reference.
    Raises:
        InputError: every fault of the list.
    """
    hotspots, faults = read_hotspot_list(Path(path), genome) if path else ((), [])
    if faults:
        raise InputError(faults)
    return pl.DataFrame(
        [(one.hotspot_id, one.gene_symbol, *astuple(one.allele)) for one in hotspots],
        schema=dict.fromkeys(COLUMNS, pl.String) | {"pos": pl.Int64},
        orient="row",
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
