"""The panel of normals: in how many of its samples each allele was seen."""

from typing import Any

import polars as pl
import pysam

from onconcord.evidence.events import KEY
from onconcord.evidence.indels import place_plain
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.reference.sequence import Genome

SAMPLES = "SAMPLES"
"""INFO field (one integer) of a panel: in how many of its samples the site was seen."""
SCHEMA: dict[str, Any] = {
    "chrom": pl.String,
    "pos": pl.Int64,
    "ref": pl.String,
    "alt": pl.String,
    "pon_count": pl.Int64,
}


def panel_counts(path: str | None, genome: Genome) -> pl.DataFrame:
    """
    Alleles of a panel in normal form with the number of its samples; empty without a panel.

    Args:
        path: VCF with native contig names.
    Returns:
        Rows of SCHEMA; `pon_count` is 1 where the panel does not say how many.
    """
    if path is None:
        return pl.DataFrame(schema=SCHEMA)
    with pysam.VariantFile(path) as file:
        counted = SAMPLES in file.header.info
        rows = [
            (one.chrom, one.pos, one.ref, alt, one.info.get(SAMPLES) if counted else 1)
            for one in file
            for alt in one.alts or ()
        ]
    table = (
        pl.DataFrame(rows, schema=SCHEMA, orient="row")
        .with_columns(pl.col("ref", "alt").str.to_uppercase())
        .filter(
            pl.col("chrom").is_in(list(genome.contigs)), pl.col("alt").str.contains("^[ACGT]+$")
        )
    )
    bases = (pl.col("ref").str.len_bytes() == 1) & (pl.col("alt").str.len_bytes() == 1)
    others = table.filter(~bases)
    plain = place_plain(genome, others.select(KEY).unique())
    rest = [
        (*key, *(getattr(normalise(genome, Allele(*key)), name) for name in KEY[1:]))
        for key in others.select(KEY).unique().join(plain, on=KEY, how="anti").iter_rows()
    ]
    names = [*KEY, "e_pos", "e_ref", "e_alt"]
    placed = pl.concat(
        [
            plain.select(names),
            pl.DataFrame(rest, schema=plain.select(names).schema, orient="row"),
        ]
    )
    normal = others.join(placed, on=KEY).select(
        "chrom", pos="e_pos", ref="e_ref", alt="e_alt", pon_count="pon_count"
    )
    return (
        pl.concat([table.filter(bases), normal])
        .with_columns(pl.col("pon_count").fill_null(1))
        .group_by(KEY)
        .agg(pl.col("pon_count").max())
        .sort(KEY)
    )
