"""What a run stands on: the checkout, external tools, Snakemake, and how failures are reported."""
