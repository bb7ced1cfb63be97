"""Write the pairs of one lane of FASTQ interleaved; every record and every name is looked at."""

import argparse
import sys
from pathlib import Path

from onconcord.reads.fastq import write_pairs
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read-group", required=True, help="id of the lane, for messages")
    parser.add_argument("--fastq-1", type=Path, required=True, help="FASTQ of the first mates")
    parser.add_argument("--fastq-2", type=Path, required=True, help="FASTQ of the second mates")
    args = parser.parse_args(argv)
    write_pairs(args.read_group, args.fastq_1, args.fastq_2, sys.stdout.buffer)


if __name__ == "__main__":
    sys.exit(main())
