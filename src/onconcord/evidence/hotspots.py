"""Known drivers: every pair says of each whether it is mutated, wild type or not covered."""

from dataclasses import astuple
from pathlib import Path
from typing import Any

import polars as pl
from scipy.special import betainc, betaincinv

from onconcord.errors import InputError
from onconcord.evidence.normal_form import Allele
from onconcord.inputs.hotspots import COLUMNS, read_hotspot_list
from onconcord.inputs.pair_spec import PairSpec
from onconcord.reference.sequence import ContigNames, Genome

WILDTYPE_UPPER_VAF = 0.1
"""Highest upper bound of the allele fraction at which a hotspot is wild type; the purity is not
known."""
UNCLEAR = "indeterminate"
SURE = 0.5
"""Least p_germline of a hotspot that the germline has."""
LEAST_FRAGMENTS, SIGNIFICANT = 2, 0.001
"""Fewest fragments, and highest chance that errors alone make them, of a low level."""


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
        [
            (hotspot.hotspot_id, hotspot.gene_symbol, *astuple(hotspot.allele))
            for hotspot in hotspots
        ],
        schema=dict.fromkeys(COLUMNS, pl.String) | {"pos": pl.Int64},
        orient="row",
    )


def hotspot_rows(
    hotspots: pl.DataFrame, found: pl.DataFrame, spec: PairSpec, names: ContigNames, place: str
) -> list[dict[str, Any]]:
    """
    Rows of `hotspot_status`.

    mutated where the variant passes as somatic, on its own or within an event; germline where the
    normal has it; low_level where it has more fragments than errors make; wild type where the 95 %
    upper bound of the allele fraction (Clopper-Pearson) is low enough; else indeterminate.

    Args:
        hotspots: what `read_hotspots` returns.
        found: native key of each hotspot, its counts of the recount, `rate` (at which errors show
            it), `is_mutated`, and what the model says of it on its own: p_germline.
        place: the reference's id.
    """
    rows = []
    for row in hotspots.join(found, on=["chrom", "pos", "ref", "alt"], how="left").iter_rows(
        named=True
    ):
        depth, count = row["tumor_depth"] or 0, row["tumor_alt_count"] or 0
        upper = float(betaincinv(count + 1, depth - count, 0.95)) if depth > count else 1.0
        if not depth:
            status = "not_covered"
        elif row["is_mutated"]:
            status = "mutated"
        elif spec.normal and count and row["p_germline"] >= SURE:
            status = "germline"
        elif count >= LEAST_FRAGMENTS and _is_more_than_errors(count, depth, row["rate"]):
            enough = depth >= spec.parameters.decision["min_tumour_depth"]
            status = "low_level" if enough else UNCLEAR
        elif upper <= WILDTYPE_UPPER_VAF:
            status = "wildtype"
        else:
            status = UNCLEAR
        rows.append(
            {
                "pair_id": spec.pair,
                "hotspot_id": row["hotspot_id"],
                "alt": row["alt"],
                "reference_id": place,
                "chrom": names.table_of[row["chrom"]],
                "pos": row["pos"],
                "ref": row["ref"],
                "gene_symbol": row["gene_symbol"],
                "tumor_depth": row["tumor_depth"],
                "tumor_alt_count": row["tumor_alt_count"],
                "upper95_vaf": round(upper, 6) if depth else None,
                "status": status,
                "list_version": "1",
                "wildtype_limit_vaf": WILDTYPE_UPPER_VAF,
            }
        )
    return rows


def _is_more_than_errors(count: int, depth: int, rate: float) -> bool:
    """Whether errors alone show so many fragments with a chance of less than SIGNIFICANT."""
    return float(betainc(count, depth - count + 1, rate)) < SIGNIFICANT


def hotspot_alleles(hotspots: pl.DataFrame) -> list[Allele]:
    """The alleles of the list, to be counted in every pair."""
    return [Allele(*row) for row in hotspots.select("chrom", "pos", "ref", "alt").iter_rows()]
