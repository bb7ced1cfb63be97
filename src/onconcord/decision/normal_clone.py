"""
Variants that a part of the normal's own cells has: neither inherited nor the tumour's.

Blood is most people's normal, and a clone of blood cells grows in many of them with age (clonal
haematopoiesis). Its variants are in the tumour too, with the blood in it. Beside somatic variants
they stand out by the normal: it shows more of them than the tumour in it explains, and less than of
an inherited allele.

Sources: Jaiswal et al. 2014, doi:10.1056/NEJMoa1408617; Bick et al. 2020,
doi:10.1038/s41586-020-2819-2 (genes); Bolton et al. 2020, doi:10.1038/s41588-020-00710-0 (in
sequenced tumours).
"""

import numpy as np
import polars as pl
from scipy.special import bdtr, bdtrc

BLOOD_GENES = frozenset(
    {
        *("ASXL1", "ASXL2", "BCOR", "BCORL1", "BRAF", "BRCC3", "CALR", "CBL", "CBLB", "CEBPA"),
        *("CREBBP", "CSF1R", "CSF3R", "CTCF", "CUX1", "DNMT3A", "EED", "EP300", "ETV6", "EZH2"),
        *("FLT3", "GATA1", "GATA2", "GATA3", "GNA13", "GNAS", "GNB1", "IDH1", "IDH2", "IKZF1"),
        *("JAK1", "JAK2", "JAK3", "KDM6A", "KIT", "KRAS", "LUC7L2", "MPL", "NF1", "NOTCH1", "NPM1"),
        *("NRAS", "PDS5B", "PHF6", "PPM1D", "PRPF40B", "PRPF8", "PTEN", "PTPN11", "RAD21", "RUNX1"),
        *("SETBP1", "SETD2", "SETDB1", "SF1", "SF3A1", "SF3B1", "SMC1A", "SMC3", "SRSF2", "STAG1"),
        *("STAG2", "STAT3", "SUZ12", "TET2", "TP53", "U2AF1", "U2AF2", "WT1", "ZBTB33", "ZNF318"),
        "ZRSR2",
    }
)
"""Genes whose variants drive clonal haematopoiesis."""

ALTERS = ("HIGH", "MODERATE")
"""Impacts of variants that may drive a clone."""

LEAST_FRAGMENTS = 4
"""Fewest fragments of the normal with the allele."""
EXPLAINED = 1e-3
"""Highest chance at which errors and the tumour in the normal show as many fragments of it."""
INHERITED = 1e-3
"""Highest chance at which a heterozygous allele shows as few."""
ERROR = 0.005
"""Fraction of the normal's fragments that may be errors, wherever it is."""
UNMEASURED = 0.1
"""Share of tumour in the normal that is allowed for, or what was measured where that is more."""
HETEROZYGOUS = 0.4
"""Fraction of a heterozygous allele at the least, as reads map."""


def in_normal_clone(candidates: pl.DataFrame, tumour_in_normal: float) -> pl.Series:
    """
    Whether the normal shows more of each candidate than the tumour in it, and less than inherited.

    Args:
        candidates: tumor_alt_count, tumor_ref_count, normal_alt_count and normal_ref_count in
            fragments; the normal's are null for a tumour on its own, which has no answer.
        tumour_in_normal: share of the normal that is tumour, 0 where not known.
    Returns:
        Shape (n,), null without a normal.
    """
    names = ("tumor_alt_count", "tumor_ref_count", "normal_alt_count", "normal_ref_count")
    alt_t, ref_t, alt, ref = (
        candidates[name].cast(pl.Float64).fill_null(0).to_numpy() for name in names
    )
    share = max(tumour_in_normal, UNMEASURED)
    expected = ERROR + share * alt_t / np.maximum(alt_t + ref_t, 1)
    both = (alt + ref).astype(np.int64)
    more = bdtrc(np.maximum(alt - 1, 0), np.maximum(both, 1), np.minimum(expected, 1.0))
    fewer = bdtr(alt, np.maximum(both, alt.astype(np.int64)), HETEROZYGOUS)
    clone = (alt >= LEAST_FRAGMENTS) & (more <= EXPLAINED) & (fewer <= INHERITED)
    return pl.select(
        pl.when(candidates["normal_alt_count"].is_not_null()).then(pl.Series(clone))
    ).to_series()


def drives_blood() -> pl.Expr:
    """
    Whether a candidate may drive a clone of blood cells: it alters the protein of one of
    BLOOD_GENES (columns gene_symbol, impact), and no other people's normals have it (pon_count).
    """
    return (
        pl.col("gene_symbol").is_in(BLOOD_GENES)
        & pl.col("impact").is_in(ALTERS)
        & (pl.col("pon_count").fill_null(0) == 0)
    ).fill_null(False)
