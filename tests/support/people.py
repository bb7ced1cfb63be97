"""Pileups of made-up people at common sites, for the tests of identity."""

import numpy as np
import polars as pl

from onconcord.qc.identity import compare_genotypes
from onconcord.qc.thresholds import SiteRules

RULES = SiteRules(min_depth=10, min_informative=20, min_distance_bp=1000)
SITES = 400
PURITY = 0.7


class People:
    """Pileups of two people at common sites, and of a tumour of the first."""

    def __init__(self, seed, sites=SITES):
        self.random = np.random.default_rng(seed)
        self.frequency = self.random.uniform(0.05, 0.5, sites)
        self.position = np.arange(sites) * 3000 + 5
        self.first = self.random.binomial(2, self.frequency) / 2
        self.second = self.random.binomial(2, self.frequency) / 2
        # Two fifths of the heterozygous sites lose one allele or the other in the tumour.
        lost = (1 - PURITY) / (2 - PURITY)
        share = np.where(self.random.random(sites) < 0.5, lost, 1 - lost)
        altered = (self.random.random(sites) < 0.4) & (self.first == 0.5)
        self.tumour = np.where(altered, share, self.first)

    def pileup(self, share, depth):
        depths = self.random.poisson(depth, len(share))
        alt = self.random.binomial(depths, np.clip(share, 0.003, 0.997))
        return pl.DataFrame(
            {
                "contig": np.full(len(share), "20"),
                "position": self.position,
                "ref_count": depths - alt,
                "alt_count": alt,
                "other_alt_count": np.zeros(len(share), dtype=int),
                "allele_frequency": self.frequency,
            }
        )

    def compare(self, tumour, normal):
        return compare_genotypes(self.pileup(tumour, 150), self.pileup(normal, 80), RULES)
