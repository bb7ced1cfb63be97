"""Fail when a tool of quality control left out what it was asked about a sample."""

import argparse
import sys
from pathlib import Path

from onconcord.qc.conserved import check_sample
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", type=Path, required=True, help="4_qc/samples/{sample}")
    parser.add_argument("--reads", type=Path, required=True, help="BAM or CRAM with its index")
    parser.add_argument("--fasta", type=Path, required=True, help="FASTA with its .fai")
    parser.add_argument("--depth", type=Path, required=True, help="regions of the depth, BED")
    parser.add_argument("--sites", type=Path, nargs="?", help="common sites, BED; none = no sites")
    parser.add_argument("--population", type=Path, nargs="?", help="VCF that they are of")
    args = parser.parse_args(argv)
    check_sample(args.prefix, args.reads, args.fasta, args.depth, args.sites, args.population)


if __name__ == "__main__":
    sys.exit(main())
