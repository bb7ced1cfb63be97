"""Cut the calling regions into shards."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.sequence import Genome
from onconcord.reference.shards import write_shards
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calling", type=Path, required=True, help="sorted BED")
    parser.add_argument("--contigs", type=Path, required=True, help="1_reference/contigs.tsv")
    parser.add_argument("--fasta", type=Path, required=True, help="with its .fai")
    parser.add_argument("--count", type=int, required=True, help="number of shards")
    parser.add_argument("--out", type=Path, required=True, help="folder for 0.bed, 0.own.bed, ...")
    args = parser.parse_args(argv)
    write_shards(args.calling, args.contigs, Genome(args.fasta), args.count, args.out)


if __name__ == "__main__":
    sys.exit(main())
