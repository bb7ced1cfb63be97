"""The panel of normals: in how many of its samples each allele was seen."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.evidence.events import KEY
from onconcord.evidence.indels import place_plain
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.inputs.resource_vcf import vcf_lines
from onconcord.reference.contigs import native_name
from onconcord.reference.sequence import Genome

SAMPLES = "SAMPLES"
"""INFO field (one integer) of a panel: in how many of its samples the site was seen."""
SEEN_IN = "SEEN_IN"
"""INFO field (integers) of a panel: in which of them, by their place in its header."""
SAMPLE_LINE = "panel_sample"
"""Header line of a panel: a sample, with its ID and its Patient."""
MEMBER = re.compile(r"[<,](ID|Patient)=([^,>]*)")
COUNT = re.compile(rf"(?:^|;){SAMPLES}=([0-9]+)(?:;|$)")
PLACES = re.compile(rf"(?:^|;){SEEN_IN}=([0-9,]+)(?:;|$)")
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
        path: VCF in any form that stage 1 takes.
        samples, patient: ids of the pair's samples and of its patient.
    Returns:
        Rows of SCHEMA; `pon_count` is 1 where the panel does not say how many.
    """
    if path is None:
        return pl.DataFrame(schema=SCHEMA)
    members = 0
    own: set[str] = set()
    rows = []
    names: dict[str, str | None] = {}
    for _, line in vcf_lines(Path(path)):
        if line.startswith(f"##{SAMPLE_LINE}="):
            member = dict(MEMBER.findall(line))
            if member.get("ID") in samples or member.get("Patient") == patient:
                own.add(str(members))
            members += 1
        elif line and not line.startswith("#"):
            chrom, pos, _, ref, alts, *rest = line.split("\t")
            if chrom not in names:
                names[chrom] = native_name(chrom, genome.contigs)
            count = _seen(rest[2] if len(rest) > 2 else "", own)
            rows += [(names[chrom], int(pos), ref, alt, count) for alt in alts.split(",")]
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


def _seen(info: str, own: set[str]) -> int:
    """How many samples show a site, by its INFO; `own`, by their places, are left out."""
    said, places = COUNT.search(info), PLACES.search(info)
    count = (int(said[1]) if said else 0) or 1
    return count - (len(own & set(places[1].split(","))) if places else 0)


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
