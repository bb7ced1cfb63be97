"""Write the contigs and the identity of a run's reference."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.prepare import describe_reference
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fasta", type=Path, required=True, help="genome, with its .fai")
    parser.add_argument("--build", required=True, help="GRCh37, GRCh38 or custom")
    parser.add_argument("--contigs", type=Path, required=True, help="contigs.tsv")
    parser.add_argument("--identity", type=Path, required=True, help="reference.json")
    args = parser.parse_args(argv)
    describe_reference(args.fasta, args.build, args.contigs, args.identity)


if __name__ == "__main__":
    sys.exit(main())
