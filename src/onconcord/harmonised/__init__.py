"""Harmonising: everything that is known of one pair, as the tables of the contract."""

from onconcord.harmonised.pair import PairFiles, harmonise_pair

__all__ = ["PairFiles", "harmonise_pair"]
