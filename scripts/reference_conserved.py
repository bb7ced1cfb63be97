"""Fail when a tool left out part of the genome from its FASTA or from an index."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.conserved import check_bwa_index, check_genome
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fasta", type=Path, required=True, help="the run's, with its .fai")
    parser.add_argument("--given", type=Path, help="the centre's FASTA")
    parser.add_argument("--dictionary", type=Path, help="genome.dict; with --given")
    parser.add_argument("--contigs", type=Path, help="contigs.tsv; with --given")
    parser.add_argument("--bwa", type=Path, help="prefix of the aligner's index")
    args = parser.parse_args(argv)
    if args.given:
        check_genome(args.given, args.fasta, args.dictionary, args.contigs)
    if args.bwa:
        check_bwa_index(args.bwa, Path(f"{args.fasta}.fai"))


if __name__ == "__main__":
    sys.exit(main())
