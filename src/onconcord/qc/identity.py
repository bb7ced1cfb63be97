"""Whose DNA is it? Tumour against normal at common sites, from GATK's pileup summaries."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betaln

from onconcord.qc.thresholds import SiteRules
from onconcord.reference.contigs import table_chrom

Floats = npt.NDArray[np.float64]
Genotypes = npt.NDArray[np.int64]

AUTOSOMES = frozenset(f"chr{number}" for number in range(1, 23))
MAX_OTHER_FRAC = 0.1
"""A site with more reads of a third base is left out: it is not the biallelic site of the list."""
SHAPES = ((0.5, 50.0), (50.0, 50.0), (50.0, 0.5))
"""Beta distribution of the alternate fraction: homozygous reference, heterozygous, homozygous
alternate. Wider than the binomial: reads lean to the reference, and a few are another person's."""
HOM_REF, HET, HOM_ALT = range(3)
P_IMBALANCED_TUMOUR, P_IMBALANCED_NORMAL = 0.2, 0.01
"""Prior chance that a heterozygous site has any other allele fraction than a half: the tumour
may have gained or lost one allele, in any share of its cells."""
HOMOZYGOUS_FRAC = 0.1
"""Allele fractions up to this, and from 1 minus this, are called homozygous."""
P_BAD_SITE = 0.01
"""Chance that a site misleads: it bounds what one site can say against one person to 2 bans."""
MIN_LOD = 3.0
"""Least log10 odds at which something is said of the order of tumour and normal."""
MIN_SHIFT = 0.15
"""Least distance from 0.5 of the tumour's allele fraction at a site of tumour-in-normal."""
MAX_STANDARD_ERROR = 0.05
"""A tumour-in-normal fraction that is less certain than this is not stated."""


@dataclass(frozen=True)
class Answer:
    """
    One measured value, or why there is none.

    Args:
        value: number; None where it was not measured, or is a text.
        text: why there is no number, or the value where it is a text.
    """

    value: float | None
    text: str | None = None


@dataclass(frozen=True)
class Identity:
    """
    What the common sites say of a pair.

    Args:
        informative_sites: sites where either sample has an alternate allele.
        lod: log10 odds of "one person" against "two unrelated people".
        concordance_frac: of the sites where the normal is homozygous and an alternate allele is
            seen, the share where the tumour has the same genotype.
        reversal_lod: log10 odds of "tumour and normal are exchanged" against "they are not".
        tumour_in_normal_frac: share of the tumour sample that the normal's DNA looks like.
    """

    informative_sites: int
    lod: Answer
    concordance_frac: Answer
    reversal_lod: Answer
    tumour_in_normal_frac: Answer


def compare_genotypes(tumour: pl.DataFrame, normal: pl.DataFrame, rules: SiteRules) -> Identity:
    """
    Same person? Exchanged? Is there tumour in the normal?

    A tumour may have lost or gained either allele of a heterozygous site at any purity, so there
    its allele fraction says nothing against the same person; a site that is homozygous in the
    normal stays so. The genotypes of another person follow the sites' allele frequencies.

    Args:
        tumour, normal: GATK's pileup summaries: contig, position, ref_count, alt_count,
            other_alt_count, allele_frequency. Autosomes are used.
        rules: which sites are used.
    Source: the odds are those of Javed et al., Nature Communications 11 (2020), 3644 (Picard's
        CrosscheckFingerprints), with a beta-binomial in place of the binomial.
    """
    sites = _common_sites(tumour, normal, rules)
    reads = {name: sites[name].to_numpy() for name in ("alt_t", "depth_t", "alt_n", "depth_n")}
    tumour_reads = _Reads.of(reads["alt_t"], reads["depth_t"])
    normal_reads = _Reads.of(reads["alt_n"], reads["depth_n"])
    seen = (tumour_reads.genotype != HOM_REF) | (normal_reads.genotype != HOM_REF)
    informative = int(seen.sum())
    if informative < rules.min_informative:
        why = f"{informative} informative common sites, {rules.min_informative} needed"
        none = Answer(None, why)
        return Identity(informative, none, none, none, none)
    prior = _genotype_prior(sites["frequency"].to_numpy())
    lod, as_given = _one_person(tumour_reads, normal_reads, prior)
    lod_exchanged, exchanged = _one_person(normal_reads, tumour_reads, prior)
    _, balanced = _one_person(tumour_reads, normal_reads, prior, P_IMBALANCED_NORMAL)
    best = max(lod, lod_exchanged)
    if best < MIN_LOD:
        reversal = in_normal = Answer(None, "tumour and normal are not shown to be of one person")
    else:
        reversal = _reversal(exchanged, as_given, balanced)
        in_normal = _tumour_in_normal(tumour_reads, normal_reads, rules)
    return Identity(
        informative_sites=informative,
        lod=Answer(round(best, 6)),
        concordance_frac=_concordance(tumour_reads.genotype, normal_reads.genotype, rules),
        reversal_lod=reversal,
        tumour_in_normal_frac=in_normal,
    )


def _common_sites(tumour: pl.DataFrame, normal: pl.DataFrame, rules: SiteRules) -> pl.DataFrame:
    """Sites deep enough in both, one a window: the one whose alleles are most evenly spread."""

    def of(table: pl.DataFrame, role: str) -> pl.DataFrame:
        depth = pl.col("ref_count") + pl.col("alt_count")
        return table.filter(
            depth >= max(rules.min_depth, 1),
            pl.col("other_alt_count") <= MAX_OTHER_FRAC * depth,
        ).select(
            "contig",
            "position",
            pl.col("allele_frequency").alias("frequency"),
            pl.col("alt_count").alias(f"alt_{role}"),
            depth.alias(f"depth_{role}"),
        )

    native = [name for name in tumour["contig"].unique() if table_chrom(name) in AUTOSOMES]
    both = of(tumour, "t").join(of(normal, "n").drop("frequency"), on=["contig", "position"])
    return (
        both.filter(pl.col("contig").is_in(native))
        .with_columns(
            (pl.col("position") // rules.min_distance_bp).alias("window"),
            (pl.col("frequency") - 0.5).abs().alias("unevenness"),
        )
        .sort("contig", "window", "unevenness", "position")
        .unique(["contig", "window"], keep="first", maintain_order=True)
    )


@dataclass(frozen=True)
class _Reads:
    """
    Reads of one sample at the sites, and how well each genotype explains them.

    Args:
        share: shape (sites,), alternate reads among those of the two alleles.
        balanced: shape (3, sites), likelihood of each genotype with both alleles in balance.
        imbalanced: shape (sites,), likelihood of a heterozygous site of unknown balance. Both are
            scaled by one number a site, which every ratio is free of.
        genotype: shape (sites,), called from the share alone.
    """

    share: Floats
    balanced: Floats
    imbalanced: Floats
    genotype: Genotypes

    @classmethod
    def of(cls, alt: Floats, depth: Floats) -> "_Reads":
        # The last shape is flat: any allele fraction is as likely as another.
        logs = np.array(
            [betaln(alt + a, depth - alt + b) - betaln(a, b) for a, b in (*SHAPES, (1.0, 1.0))]
        )
        likelihoods = np.exp(logs - logs.max(axis=0))
        share = alt / depth
        genotype = np.digitize(share, [HOMOZYGOUS_FRAC, 1 - HOMOZYGOUS_FRAC], right=True)
        return cls(share, likelihoods[:3], likelihoods[3], genotype)

    def likelihoods(self, p_imbalanced: float) -> Floats:
        """Likelihood of each genotype, shape (3, sites)."""
        mixed = self.balanced.copy()
        mixed[HET] = (1 - p_imbalanced) * mixed[HET] + p_imbalanced * self.imbalanced
        return mixed


def _genotype_prior(frequency: Floats) -> Floats:
    """Hardy-Weinberg shares of the three genotypes, shape (3, sites)."""
    alternate = np.clip(frequency, 0.001, 0.999)
    return np.array([(1 - alternate) ** 2, 2 * alternate * (1 - alternate), alternate**2])


def _one_person(
    tumour: _Reads, normal: _Reads, prior: Floats, p_imbalanced: float = P_IMBALANCED_TUMOUR
) -> tuple[float, float]:
    """log10 odds of one person against two, and log10 likelihood of one person."""
    reads_t = tumour.likelihoods(p_imbalanced)
    reads_n = normal.likelihoods(P_IMBALANCED_NORMAL)
    same = (prior * reads_t * reads_n).sum(axis=0)
    different = (prior * reads_t).sum(axis=0) * (prior * reads_n).sum(axis=0)
    same = (1 - P_BAD_SITE) * same + P_BAD_SITE * different
    return float(np.log10(same / different).sum()), float(np.log10(same).sum())


def _reversal(exchanged: float, as_given: float, balanced: float) -> Answer:
    """
    The imbalanced sample is the tumour: odds for the exchange, where either is imbalanced at all.

    Args:
        exchanged, as_given, balanced: log10 likelihoods with the normal imbalanced, with the
            tumour imbalanced, with neither.
    """
    if max(exchanged, as_given) < balanced + MIN_LOD or abs(exchanged - as_given) < MIN_LOD:
        return Answer(None, "no allelic imbalance tells tumour and normal apart")
    return Answer(round(exchanged - as_given, 6))


def _concordance(tumour: Genotypes, normal: Genotypes, rules: SiteRules) -> Answer:
    speaking = (normal != HET) & ((normal == HOM_ALT) | (tumour != HOM_REF))
    count = int(speaking.sum())
    if count < rules.min_informative:
        return Answer(
            None, f"{count} sites with a homozygous normal, {rules.min_informative} needed"
        )
    return Answer(round(float((tumour == normal)[speaking].mean()), 6))


def _tumour_in_normal(tumour: _Reads, normal: _Reads, rules: SiteRules) -> Answer:
    """
    How far the normal follows the tumour's allelic imbalance.

    At heterozygous sites of an imbalanced region the tumour's allele fraction is off 0.5; a
    normal with a share of that tumour in it is off in the same direction, by that share. A
    reference bias shifts both alleles alike and so cancels.
    """
    shift_t, shift_n = tumour.share - 0.5, normal.share - 0.5
    used = (
        (tumour.imbalanced > 10 * tumour.balanced[HET])
        & (np.abs(shift_t) >= MIN_SHIFT)
        & (normal.genotype == HET)
    )
    count = int(used.sum())
    if count < rules.min_informative:
        why = f"{count} sites of allelic imbalance in the tumour, {rules.min_informative} needed"
        return Answer(None, why)
    x, y = shift_t[used], shift_n[used]
    slope = float((x * y).sum() / (x * x).sum())
    error = float(np.sqrt(((y - slope * x) ** 2).sum() / max(count - 1, 1) / (x * x).sum()))
    if error > MAX_STANDARD_ERROR:
        return Answer(None, f"too uncertain: standard error {error:.2f}")
    return Answer(round(min(max(slope, 0.0), 1.0), 6))
