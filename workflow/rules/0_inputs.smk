"""
0_inputs: what each pair is made from.

Inputs: the sheet and the configuration. Outputs: one pair spec per pair.
A spec holds only its own pair, so a pair that is added leaves the others as they are.
"""


def spec_of_pair(wildcards):
    return cohorts.pair_spec(COHORT, wildcards.pair).to_json()


localrules:
    pair_inputs,


rule pair_inputs:
    """The samples, assay, resources and parameters of one pair."""
    output:
        spec="results/0_inputs/{pair}.json",
    params:
        spec=spec_of_pair,
    shell:
        "printf '%s\\n' {params.spec:q} > {output.spec:q}"
