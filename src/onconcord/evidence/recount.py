"""
The neutral recount: every candidate counted again from the reads, with one set of filters.

One definition of depth holds everywhere: fragments, duplicates left out.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pysam

from onconcord.evidence import background
from onconcord.evidence.events import KEY
from onconcord.evidence.fragments import MEASURES, Limits, count_fragments
from onconcord.evidence.normal_form import Allele, atoms
from onconcord.files import whole_file
from onconcord.reference.bed import read_bed
from onconcord.reference.sequence import Genome
from onconcord.runtime.conserved import conserve
from onconcord.sealed import seal

ROLES = {"tumour": "tumor", "normal": "normal"}
COUNTS = [f"{role}_{measure}" for role in ROLES.values() for measure in MEASURES]
SCHEMA: dict[str, Any] = {
    "chrom": pl.String,
    "pos": pl.Int64,
    "ref": pl.String,
    "alt": pl.String,
    "is_own": pl.Boolean,
    **dict.fromkeys(COUNTS, pl.Int64),
}
"""Native key in normal form (1-based); whether the tumour's reads show it as a variant of its own,
no part of another one; and `fragments.MEASURES` of each role, null without reads."""


def recount(
    candidates: Path,
    hotspots: list[Allele],
    fasta: Path,
    targets: Path,
    reads: Mapping[str, Path],
    limits: Limits,
    out: Path,
    out_background: Path,
) -> None:
    """
    Count events, their atoms and the hotspots in the reads of a pair, and wrong bases elsewhere.

    Args:
        candidates: sites of the events.
        hotspots: alleles that are counted in every pair.
        fasta: reference with its `.fai`.
        targets: sorted and merged BED.
        reads: BAM or CRAM by role, `tumour` and, where there is one, `normal`.
        limits: which reads and bases count.
        out: Parquet with SCHEMA.
        out_background: Parquet with `background.SCHEMA`.
    """
    genome = Genome(fasta)
    with pysam.VariantFile(str(candidates)) as file:
        events = {
            Allele(record.chrom, record.pos, record.ref or "", (record.alts or ("",))[0])
            for record in file
        }
    sites = sorted(events | {step for event in events for step in atoms(event)} | set(hotspots))
    varying = {
        (site.chrom, position0) for site in sites for position0 in range(site.start0, site.end0 + 1)
    }
    regions = read_bed(targets).drop("label")
    keys = pl.DataFrame(
        [(site.chrom, site.pos, site.ref, site.alt) for site in sites],
        schema={name: SCHEMA[name] for name in KEY},
        orient="row",
    )
    parts, elsewhere = [keys], [pl.DataFrame(schema=background.SCHEMA)]
    for role, name in ROLES.items():
        schema = {f"{name}_{measure}": pl.Int64 for measure in MEASURES}
        if role not in reads:
            nothing = [pl.lit(None, dtype=pl.Int64).alias(column) for column in schema]
            parts.append(keys.with_columns(nothing).select(list(schema)))
            continue
        with pysam.AlignmentFile(str(reads[role]), reference_filename=str(fasta)) as file:
            counted = list(count_fragments(file, genome, sites, limits))
            # What is laid side by side below has to have the same rows.
            conserve(f"recount of the {role}", reads[role], "candidates", len(sites), len(counted))
            shown = background.count_substitutions(file, genome, regions, varying, limits)
        rows = [measures for measures, _ in counted]
        parts.append(pl.DataFrame(rows, schema=schema, orient="row"))
        if role == "tumour":
            own = pl.Series("is_own", [is_own for _, is_own in counted], dtype=pl.Boolean)
            parts.append(own.to_frame())
        elsewhere.append(background.rows_of(role, shown))
    with whole_file(out) as path:
        table = pl.concat(parts, how="horizontal").select(
            pl.col(name).cast(type_) for name, type_ in SCHEMA.items()
        )
        table.sort(KEY).write_parquet(path)
    seal(out)
    with whole_file(out_background) as path:
        pl.concat(elsewhere).write_parquet(path)
    seal(out_background)
