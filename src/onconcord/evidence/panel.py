"""The panel of normals: in how many of its samples each allele was seen."""

from collections.abc import Collection
from typing import Any

import polars as pl
import pysam

from onconcord.evidence.events import KEY
from onconcord.evidence.indels import place_plain
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.reference.sequence import Genome

SAMPLES = "SAMPLES"
"""INFO field (one integer) of a panel: in how many of its samples the site was seen."""
SEEN_IN = "SEEN_IN"
"""INFO field (integers) of a panel: in which of them, by their place in its header."""
SAMPLE_LINE = "panel_sample"
"""Header line of a panel: a sample, with its ID and its Patient."""
SCHEMA: dict[str, Any] = {
    "chrom": pl.String,
    "pos": pl.Int64,
    "ref": pl.String,
    "alt": pl.String,
    "pon_count": pl.Int64,
}


def panel_counts(
    path: str | None, genome: Genome, samples: Collection[str] = (), patient: str | None = None
) -> pl.DataFrame:
    """
    Alleles of a panel in normal form with the number of its samples; empty without a panel.

    A panel that `normals.build_panel` made says which samples show an allele: those of the pair
    that is judged, and of its patient, are left out.

    Args:
        path: VCF with native contig names.
        samples, patient: ids of the pair's samples and of its patient.
    Returns:
        Rows of SCHEMA; `pon_count` is 1 where the panel does not say how many.
    """
    if path is None:
        return pl.DataFrame(schema=SCHEMA)
    with pysam.VariantFile(path) as file:
        counted, named = SAMPLES in file.header.info, SEEN_IN in file.header.info
        members = [line for line in file.header.records if line.key == SAMPLE_LINE]
        own = {
            at
            for at, line in enumerate(members)
            if line["ID"] in samples or line["Patient"] == patient
        }
        rows = [
            (
                *(one.chrom, one.pos, one.ref, alt),
                (one.info.get(SAMPLES) or 1 if counted else 1)
                - (len(own & set(one.info.get(SEEN_IN) or ())) if named and own else 0),
            )
            for one in file
            for alt in one.alts or ()
        ]
    table = (
        pl.DataFrame(rows, schema=SCHEMA, orient="row")
        .with_columns(pl.col("ref", "alt").str.to_uppercase())
        .filter(
            pl.col("chrom").is_in(list(genome.contigs)),
            pl.col("alt").str.contains("^[ACGT]+$"),
            pl.col("pon_count") > 0,
        )
    )
    placed = in_normal_form(genome, table.select(KEY))
    return (
        placed.with_columns(table["pon_count"])
        .group_by(KEY)
        .agg(pl.col("pon_count").max())
        .sort(KEY)
    )


def in_normal_form(genome: Genome, keys: pl.DataFrame) -> pl.DataFrame:
    """Native keys (chrom, pos, ref, alt) of made-of-bases alleles in normal form, shape (n, 4)."""
    lone = (pl.col("ref").str.len_bytes() == 1) & (pl.col("alt").str.len_bytes() == 1)
    others = keys.filter(~lone).unique()
    plain = place_plain(genome, others)
    rest = [
        (*key, *(getattr(normalise(genome, Allele(*key)), name) for name in KEY[1:]))
        for key in others.join(plain, on=KEY, how="anti").iter_rows()
    ]
    names = [*KEY, "e_pos", "e_ref", "e_alt"]
    placed = pl.concat(
        [
            plain.select(names),
            pl.DataFrame(rest, schema=plain.select(names).schema, orient="row"),
        ]
    )
    return keys.join(placed, on=KEY, how="left", maintain_order="left").select(
        "chrom",
        pos=pl.coalesce("e_pos", "pos"),
        ref=pl.coalesce("e_ref", "ref"),
        alt=pl.coalesce("e_alt", "alt"),
    )
