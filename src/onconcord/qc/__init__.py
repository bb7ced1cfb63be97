"""Quality of one pair: metrics with their verdicts, callable states, callability of genes."""

from onconcord.qc.callability import callable_regions, gene_callability
from onconcord.qc.pair import SampleFiles, write_pair_qc

__all__ = ["SampleFiles", "callable_regions", "gene_callability", "write_pair_qc"]
