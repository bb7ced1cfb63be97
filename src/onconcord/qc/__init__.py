"""Quality of one pair: metrics with their verdicts, callable states, callability of genes."""

from onconcord.qc.callability import Searched, callable_regions, gene_callability
from onconcord.qc.pair import Metric, SampleFiles, verdict_sentence, write_pair_qc

__all__ = [
    "Metric",
    "SampleFiles",
    "Searched",
    "callable_regions",
    "gene_callability",
    "verdict_sentence",
    "write_pair_qc",
]
