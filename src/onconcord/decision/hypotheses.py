"""
How well each hypothesis explains the fragments of a candidate, in tumour and normal.

A hypothesis says which fraction of fragments shows the allele, in each sample and orientation.
Where it does not fix the fraction, the likelihood is its mean over a fixed grid of fractions. All
are natural logarithms, and lack the binomial coefficients, which every hypothesis shares.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, logsumexp

Floats = npt.NDArray[np.float64]

SOMATIC = "somatic"
GERMLINE = ("germline_het", "germline_hom", "germline_imbalanced")
ARTEFACT = ("error", "shared", "damage_f1r2", "damage_f2r1", "damage", "foreign")
HYPOTHESES = (SOMATIC, *GERMLINE, *ARTEFACT)
"""
somatic: any fraction in the tumour; in the normal errors, and the tumour's fraction times the
tumour in it. germline_het, germline_hom: one or both alleles of both samples; germline_imbalanced:
of the normal, with any fraction in the tumour. error: both samples at their own rates of errors
(for an indel in a repeat: of stutter), with one factor of the site. shared: one low fraction in
both. damage_f1r2, damage_f2r1: any low fraction of one orientation of the tumour. damage: of both.
foreign: another person's germline, at the contamination.
"""

FRACTIONS = np.concatenate([np.geomspace(0.004, 0.1, 30), np.linspace(0.115, 0.985, 46)])
"""Allele fractions of the grid."""
_STEPS = np.gradient(FRACTIONS)
FACTORS: Floats = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
"""Factors on the rate of errors of a site."""
_HET_SPREAD = 40.0
"""Both parameters of the beta distribution of the fraction of a heterozygous germline allele."""
_HOMOZYGOUS = 0.99


@dataclass(frozen=True)
class Counts:
    """
    Fragments of one sample by orientation, shape (n,): those that show the alternate allele, those
    that show either, and the rate at which errors alone show the alternate.
    """

    alt: tuple[Floats, Floats]
    both: tuple[Floats, Floats]
    rate: tuple[Floats, Floats]

    def at(self, first: Floats, second: Floats) -> Floats:
        """Log-likelihood with these fractions in F1R2 and F2R1, shape (n, fractions)."""
        return _binomial(self.alt[0], self.both[0], first) + _binomial(
            self.alt[1], self.both[1], second
        )

    def at_errors(self, factor: Floats) -> Floats:
        """The same with the rates of errors times a factor, shape (n, factors)."""
        return self.at(self.rate[0][:, None] * factor, self.rate[1][:, None] * factor)

    def sums(self) -> tuple[Floats, Floats]:
        """Alternate fragments and those of either allele, whatever their orientation."""
        return self.alt[0] + self.alt[1], self.both[0] + self.both[1]


def _binomial(alt: Floats, both: Floats, fraction: Floats) -> Floats:
    at = np.clip(fraction, 1e-7, 1 - 1e-3)
    return np.asarray(
        alt[:, None] * np.log(at) + (both - alt)[:, None] * np.log1p(-at), dtype=np.float64
    )


def beta_weights(one: float, two: float) -> Floats:
    """Logarithms of a beta distribution's weights on the grid of fractions."""
    logs = (one - 1) * np.log(FRACTIONS) + (two - 1) * np.log1p(-FRACTIONS) + np.log(_STEPS)
    return np.asarray(logs - logsumexp(logs), dtype=np.float64)


def _mean(logs: Floats, weights: Floats) -> Floats:
    return np.asarray(logsumexp(logs + weights[None, :], axis=1), dtype=np.float64)


def log_likelihoods(
    tumour: Counts,
    normal: Counts | None,
    in_normal: float,
    foreign_fraction: float,
    shapes: Mapping[str, tuple[float, float]],
) -> dict[str, Floats]:
    """
    Log-likelihood of each hypothesis by name, shape (n,).

    Args:
        tumour, normal: fragments; None for a tumour on its own.
        in_normal: share of the normal that is tumour.
        foreign_fraction: share of the tumour sample that is another person's.
        shapes: parameters of the beta distribution of fractions of somatic, shared and damage.
    """
    grid = FRACTIONS[None, :]
    unchanged = np.ones(1)
    nothing = np.zeros_like(tumour.alt[0])
    anywhere = tumour.at(grid, grid)
    clean = nothing if normal is None else normal.at_errors(unchanged)[:, 0]
    rates = (tumour.rate[0][:, None], tumour.rate[1][:, None])
    weights = {name: beta_weights(*shape) for name, shape in shapes.items()}
    flat = beta_weights(1.0, 1.0)
    factors = np.log(np.exp(-np.abs(np.log2(FACTORS)) * 0.7))
    factors -= logsumexp(factors)

    somatic = anywhere
    if normal is not None:
        first, second = (rate[:, None] + in_normal * grid for rate in normal.rate)
        somatic = somatic + normal.at(first, second)
    alt, both = tumour.sums()
    het_of_tumour = betaln(alt + _HET_SPREAD, both - alt + _HET_SPREAD)
    het_of_tumour -= betaln(_HET_SPREAD, _HET_SPREAD)
    hom = np.full((1, 1), _HOMOZYGOUS)
    het, homozygous = het_of_tumour, tumour.at(hom, hom)[:, 0]
    imbalanced = _mean(anywhere, flat)
    shared, error = anywhere, tumour.at_errors(FACTORS)
    if normal is not None:
        alt_n, both_n = normal.sums()
        het_of_normal = betaln(alt_n + _HET_SPREAD, both_n - alt_n + _HET_SPREAD)
        het_of_normal -= betaln(_HET_SPREAD, _HET_SPREAD)
        het = het + het_of_normal
        homozygous = homozygous + normal.at(hom, hom)[:, 0]
        imbalanced = imbalanced + het_of_normal
        shared = shared + normal.at(grid, grid)
        error = error + normal.at_errors(FACTORS)
    foreign = np.array([[foreign_fraction / 2, foreign_fraction]])
    return {
        SOMATIC: _mean(somatic, weights[SOMATIC]),
        "germline_het": np.asarray(het, dtype=np.float64),
        "germline_hom": homozygous,
        "germline_imbalanced": np.asarray(imbalanced, dtype=np.float64),
        "error": _mean(error, factors),
        "shared": _mean(shared, weights["shared"]),
        "damage_f1r2": _mean(tumour.at(grid, rates[1]), weights["damage"]) + clean,
        "damage_f2r1": _mean(tumour.at(rates[0], grid), weights["damage"]) + clean,
        "damage": _mean(anywhere, weights["damage"]) + clean,
        "foreign": _mean(
            tumour.at(rates[0] + foreign, rates[1] + foreign), np.log(np.array([0.7, 0.3]))
        )
        + clean,
    }
