"""
Which variants of a pair may leave below the tier controlled: those that cannot be germline.

This does not trust the decision that kept a variant. It looks at the counts of the normal, the
populations and the other candidates of the pair once more, for the event and for each atom of it,
and has no exception for known drivers.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import bdtr, bdtrc

MAX_POPULATION_AF = 0.0005
"""Highest allele frequency in any population at which a variant is taken to be somatic."""

LINEAGE_CHROMOSOMES = ("chrM", "chrY")
"""Their variants tell of descent, so no tier below `controlled` has them."""

GERMLINE_TAIL = 1e-5
"""Highest chance at which a germline allele may show as few reads as the normal has of it."""

SNV_SHARE, INDEL_SHARE = 0.45, 0.4
"""Share of the normal's reads that a heterozygous allele has at the least, as reads map: that of
the reference is favoured, with insertions and deletions more."""

TUMOUR_TAIL = 1e-4
"""Highest chance at which a heterozygous allele may show as few reads as a tumour without a normal
has of it."""

FOREIGN_TAIL = 1e-5
"""Highest chance at which both alleles of another person in the tube may show in as many reads of
the tumour as an event has."""

POPULATION = "population"
"""The population resource's name among the rows of `tool` of step resource."""

BESIDE_BP = 9
"""Bases on either side of an insertion or deletion that may be spelt together with it: its callers
join what lies closer (`normal_form.FRAME_GAP_BP`), and the joint event has no atom of its own name
for each."""

Floats = npt.NDArray[np.float64]

_PLACE = ("reference_id", "chrom", "pos", "ref", "alt")


def released_events(tables: Mapping[str, pl.DataFrame]) -> pl.Series:
    """
    Which rows of small_variant the tiers consortium and open have: shape (rows,), never null.

    An event leaves where it passed as somatic and neither it nor an atom of it can be germline:

    - off the chromosomes of descent;
    - not above MAX_POPULATION_AF in any population, on a list of hotspots or not;
    - with a normal: one so deep that it would have shown a germline allele (GERMLINE_TAIL), and of
      more than one base, that shows the reference there: of an event in cis with an inherited
      allele it shows the latter, which is neither;
    - without a normal: a known driver only, where a population resource was asked, and at a
      fraction that no heterozygous allele has (TUMOUR_TAIL);
    - in more reads of the tumour than another person's DNA shows, as far as it was measured;
    - no candidate of the pair of the same allele, passed or not, that is not somatic;
    - where its length changes: no candidate over it, or within BESIDE_BP, that is not somatic and
      that the normal shows as often as a germline allele. Both in cis are one event, which the
      normal does not show, and whose single atom holds the inherited part.

    Args:
        tables: small_variant, small_variant_atom, pair and tool of one pair, all columns.
    """
    variants = tables["small_variant"]
    atoms = tables["small_variant_atom"].join(
        variants.select("event_id", "tumor_depth"), on="event_id", how="left"
    )
    matched = "matched" in tables["pair"]["design"].to_list()
    others = variants.filter(pl.col("origin") != "somatic").select(_PLACE)
    doubtful = pl.concat(
        [
            atoms.filter(~_cannot_be_germline(atoms, matched)).select("event_id"),
            atoms.join(others, on=_PLACE, how="semi").select("event_id"),
        ]
    )
    whole = ~variants["event_id"].is_in(doubtful["event_id"].implode())
    split = variants["event_id"].is_in(atoms["event_id"].implode())
    leaves = variants["is_pass"] & whole & split & _cannot_be_germline(variants, matched)
    leaves &= ~variants["event_id"].is_in(_beside_germline(variants, matched).implode())
    leaves &= _is_no_strangers(variants, tables["pair"]["contamination_frac"].max())
    if matched:
        leaves &= _shows_the_reference(variants)
    else:
        asked = tables["tool"].filter(step="resource", tool=POPULATION).height > 0
        leaves &= (variants["origin_method"] == "forced") & asked
    return leaves


def _beside_germline(variants: pl.DataFrame, matched: bool) -> pl.Series:
    """Ids of the passing events of another length that may hold a germline allele beside them."""
    long = pl.col("ref").str.len_bytes()
    spans = variants.with_columns(
        first=pl.col("pos"),
        last=pl.col("pos") + long,
        shown_too_little=_shows_too_little(variants, matched),
    )
    events = spans.filter("is_pass", long != pl.col("alt").str.len_bytes())
    others = spans.filter(
        (pl.col("origin") != "somatic")
        & ((pl.col("origin") == "germline_likely") | ~pl.col("shown_too_little"))
    )
    place = ("reference_id", "chrom", "first", "last")
    near = events.select("event_id", *place).join_where(
        others.select(pl.col(name).alias(f"other_{name}") for name in place),
        pl.col("reference_id") == pl.col("other_reference_id"),
        pl.col("chrom") == pl.col("other_chrom"),
        pl.col("first") <= pl.col("other_last") + BESIDE_BP,
        pl.col("other_first") <= pl.col("last") + BESIDE_BP,
    )
    return near["event_id"].unique()


def _cannot_be_germline(rows: pl.DataFrame, matched: bool) -> pl.Series:
    """Whether each event or atom is somatic, of no descent, rare, and its counts say so too."""
    shown_too_little = _shows_too_little(rows, matched)
    somatic = (rows["origin"] == "somatic").fill_null(False)
    descent = rows["chrom"].is_in(LINEAGE_CHROMOSOMES)
    rare = (rows["gnomad_af_max"] <= MAX_POPULATION_AF).fill_null(True)
    return somatic & ~descent & rare & shown_too_little


def _shows_the_reference(variants: pl.DataFrame) -> pl.Series:
    """Whether the normal shows less else than the reference than it would of a germline allele."""
    snv = (variants["ref"].str.len_bytes() == 1) & (variants["alt"].str.len_bytes() == 1)
    depth = variants["normal_depth"]
    others = (depth - variants["normal_ref_count"]).clip(0)
    return snv | pl.Series(_tail(others, depth, _shares(variants)) <= GERMLINE_TAIL)


def _is_no_strangers(variants: pl.DataFrame, share: object) -> pl.Series:
    """Whether the tumour shows each event more often than its share of another person's DNA."""
    if not isinstance(share, float):
        return pl.repeat(True, variants.height, eager=True)
    alt = variants["tumor_alt_count"].fill_null(0).to_numpy().astype(np.int64)
    depth = variants["tumor_depth"].fill_null(0).to_numpy().astype(np.int64)
    chance = bdtrc(np.maximum(alt, 1) - 1.0, np.maximum(depth, alt), share)
    return pl.Series((alt > 0) & (chance <= FOREIGN_TAIL))


def _shares(rows: pl.DataFrame) -> Floats:
    """SNV_SHARE, or INDEL_SHARE where the length changes, shape (rows,)."""
    same = rows["ref"].str.len_bytes() == rows["alt"].str.len_bytes()
    return np.where(same.to_numpy(), SNV_SHARE, INDEL_SHARE)


def _shows_too_little(rows: pl.DataFrame, matched: bool) -> pl.Series:
    """Whether the normal, or a tumour alone, shows less of each row than of a germline allele."""
    share = _shares(rows)
    if matched:
        chance = _tail(rows["normal_alt_count"], rows["normal_depth"], share)
        return pl.Series(chance <= GERMLINE_TAIL)
    chance = _tail(rows["tumor_alt_count"], rows["tumor_depth"], share)
    return pl.Series(chance <= TUMOUR_TAIL)


def _tail(count: pl.Series, depth: pl.Series, share: Floats) -> Floats:
    """Chance of `count` reads or fewer of an allele with a share of the depth; 1 where unknown."""
    known = (count.is_not_null() & depth.is_not_null()).to_numpy()
    counts = count.fill_null(0).to_numpy().astype(np.float64)
    depths = np.maximum(depth.fill_null(0).to_numpy().astype(np.int64), counts.astype(np.int64))
    return np.where(known & (counts <= depths), bdtr(counts, depths, share), 1.0)
