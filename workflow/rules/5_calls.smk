"""
5_calls: the callers of the configuration, each with the rules of its folder in workflow/callers.

Inputs: alignments of a pair, calling regions. Outputs: results/5_calls/{caller}/{pair}.vcf.gz.
"""

for caller in CALLERS:

    include: str(CALLERS_DIR / caller / "rules.smk")
