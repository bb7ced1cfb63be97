"""Made-up variants of pairs, with their atoms, evidence and consequences."""

import hashlib
from collections.abc import Iterator

import numpy as np
import polars as pl

from made_up.exome import CHROMOSOMES, Exome

CALLERS = ("freebayes", "mutect2")
REFERENCE = "GRCh38"
ASSESSED = np.array([1, 2, 3, 3, 3])
"""Callers that emitted a variant, one bit each, in the order of CALLERS."""
PASSED = np.array([1, 2, 3, 2, 1])
"""Which of them passed it."""
SHARES = (0.08, 0.27, 0.50, 0.10, 0.05)
"""How many variants have each of these."""
KEY = ("pair_id", "reference_id", "chrom", "pos", "ref", "alt")


def small_variants(pairs: pl.DataFrame, exome: Exome, draw: np.random.Generator) -> pl.DataFrame:
    """
    Rows of small_variant in the order of keys, with what the other tables need. Of a pair without
    a normal there are known drivers only, as this tier has it.

    Args:
        pairs: pair_id and normal_sample_id, sorted.
    """
    counts = np.clip(draw.lognormal(np.log(191), 0.9, pairs.height), 5, 20_000).astype(np.int64)
    pair = np.repeat(np.arange(pairs.height), counts)
    codes = exome.draw(draw, len(pair))
    # one variant per site of a pair, so that the order of sites is the order of keys
    _, kept = np.unique(pair * exome.sites + codes // 8, return_index=True)
    alone = pairs["normal_sample_id"].is_null().to_numpy()[pair[kept]]
    kept = kept[~alone | np.isin(codes[kept], exome.hotspots)]
    rows = exome.describe(codes[kept]).hstack(
        pairs.select("pair_id", "normal_sample_id")[pair[kept]]
    )
    rows = rows.hstack(_counts(rows.height, draw)).hstack(_callers(rows.height, draw))
    rare = pl.Series(np.where(draw.random(rows.height) < 0.03, draw.random(rows.height) / 5e3, -1))
    repeated = pl.col("variant_class").is_in(["DEL", "INS"]) & (pl.col("pos") % 2 == 0)
    rows = rows.with_columns(
        pair=pair[kept],
        reference_id=pl.lit(REFERENCE),
        origin=pl.lit("somatic"),
        origin_method=by_normal("matched_normal", "forced"),
        normal_depth=pl.when(pl.col("normal_sample_id").is_not_null()).then("normal_depth"),
        counts_source=pl.lit("recount"),
        tumor_vaf=(pl.col("tumor_alt_count") / pl.col("tumor_depth")).round(6),
        n_callers_capable=pl.lit(2),
        n_source_records="n_callers_called",
        consensus_rule_id=pl.lit("onconcord.caller_pass"),
        is_pass=pl.lit(True),
        filters=pl.lit([], pl.List(pl.String)),
        in_target=pl.lit(True),
        repeat_unit=pl.when(repeated).then(pl.col("ref").str.slice(0, 1)),
        repeat_count=pl.when(repeated).then(pl.col("pos") % 7 + 3),
        gnomad_af_max=pl.when(rare >= 0).then(rare),
    )
    return rows.with_columns(event_id=_event_ids(rows))


def by_normal(with_one: str | None, without: str) -> pl.Expr:
    """One word for a pair with a normal, and another for one without."""
    there = pl.col("normal_sample_id").is_not_null()
    return pl.when(there).then(pl.lit(with_one)).otherwise(pl.lit(without))


def _counts(rows: int, draw: np.random.Generator) -> pl.DataFrame:
    """Depths around 110 and 60 reads; three reads at least have the variant."""
    depth = np.clip(draw.lognormal(np.log(110), 0.4, rows), 12, 5_000).astype(np.int64)
    alt = np.maximum(draw.binomial(depth, draw.beta(2.5, 6, rows)), 3)
    return pl.DataFrame(
        {
            "tumor_depth": depth,
            "tumor_alt_count": alt,
            "tumor_ref_count": depth - alt - draw.binomial(depth - alt, 0.004),
            "normal_depth": draw.poisson(60, rows),
            "score": np.round(alt * draw.normal(3, 0.3, rows), 2),
            "strand_bias_p": np.round(draw.random(rows), 6),
        }
    )


def _callers(rows: int, draw: np.random.Generator) -> pl.DataFrame:
    which = draw.choice(len(SHARES), rows, p=SHARES)
    names = [[name for bit, name in enumerate(CALLERS) if passed >> bit & 1] for passed in PASSED]
    number = np.array([0, 1, 1, 2])
    return pl.DataFrame(
        {
            "called": ASSESSED[which],
            "passed": PASSED[which],
            "n_callers_called": number[ASSESSED[which]],
            "n_callers_pass": number[PASSED[which]],
            "callers_pass": pl.Series(names).gather(which),
        }
    )


def _event_ids(rows: pl.DataFrame) -> pl.Series:
    """`onconcord.harmonised.event_ids.event_id` of every row; two changed bases are two atoms."""
    second = pl.format(
        "{}:{}:{}:{}|{}:{}:{}:{}",
        *("chrom", "pos", _base("ref", 0), _base("alt", 0)),
        *("chrom", pl.col("pos") + 1, _base("ref", 1), _base("alt", 1)),
    )
    steps = pl.when(pl.col("variant_class") == "MNV").then(second).otherwise("variant_key")
    texts = rows.select(pl.concat_str("pair_id", steps, separator="|")).to_series()
    sha256 = hashlib.sha256
    return pl.Series([sha256(text.encode()).hexdigest()[:16] for text in texts])


def _base(column: str, place: int) -> pl.Expr:
    return pl.col(column).str.slice(place, 1)


def atoms(variants: pl.DataFrame) -> pl.DataFrame:
    """Rows of small_variant_atom of these variants, in the order of its keys."""
    rows = variants.select(
        *("pair", "pair_id", "event_id", "reference_id", "chrom", "pos", "ref", "alt"),
        *("tumor_alt_count", "variant_class", "origin"),
        atom_index=pl.lit(1),
    )
    several = rows.filter(pl.col("variant_class") == "MNV")
    parts = [
        several.with_columns(
            atom_index=pl.lit(place + 1),
            pos=pl.col("pos") + place,
            ref=_base("ref", place),
            alt=_base("alt", place),
        )
        for place in (0, 1)
    ]
    alone = rows.filter(pl.col("variant_class") != "MNV")
    return pl.concat([alone, *parts], how="vertical_relaxed").sort("pair", "event_id", "atom_index")


def evidence(variants: pl.DataFrame) -> pl.DataFrame:
    """Rows of variant_call_evidence of these variants, in the order of its keys."""
    rows = variants.select(
        *KEY,
        *("called", "passed", "tumor_depth", "tumor_alt_count", "normal_depth", "score"),
        *("strand_bias_p", "normal_sample_id"),
        raw_record_key="variant_key",
        vaf_reported="tumor_vaf",
        match=pl.lit("exact"),
        raw_gt=pl.lit("0/1"),
    ).with_row_index("row")
    versions, scores = ("1.3.6", "4.6.2.0"), ("QUAL", "TLOD")
    of_callers = []
    for bit, caller in enumerate(CALLERS):
        passed = pl.col("passed") // 2**bit % 2 == 1
        found = rows.filter(pl.col("called") // 2**bit % 2 == 1).with_columns(
            caller=pl.lit(caller),
            caller_version=pl.lit(versions[bit]),
            score_name=pl.lit(scores[bit]),
            is_pass=passed,
            filters=pl.when(passed)
            .then(pl.lit([], pl.List(pl.String)))
            .otherwise(pl.lit(["mutect2.weak_evidence"])),
        )
        of_callers.append(found)
    return pl.concat(of_callers).sort("row", "caller")


def consequences(exome: Exome, used: np.ndarray) -> Iterator[pl.DataFrame]:
    """
    Rows of variant_consequence, one transcript per variant, in the order of its keys.

    Args:
        used: whether some pair has the variant of each code.
    """
    first = np.searchsorted(exome.chrom, np.arange(len(CHROMOSOMES) + 1))
    # in a key, the sign after the chromosome's name is a colon, which comes after every digit
    for number in sorted(range(len(CHROMOSOMES)), key=lambda one: f"{CHROMOSOMES[one]}:"):
        start, end = (int(exome.offsets[first[number + step]]) * 8 for step in (0, 1))
        rows = exome.describe(np.flatnonzero(used[start:end]) + start)
        yield rows.sort("variant_key").with_columns(
            reference_id=pl.lit(REFERENCE),
            exon=pl.format("{}/{}", "exon", pl.col("exon") + 3),
            is_picked=pl.lit(True),
            annotator=pl.lit("SnpEff"),
            annotator_version=pl.lit("5.1d"),
        )
