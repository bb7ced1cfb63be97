"""Read every reads file of a sample to its end; write checksums and read counts."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from onconcord.reads.account import LaneFiles, count_reads, write_inputs
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--lane",
        action="append",
        nargs="+",
        default=[],
        metavar=("READ_GROUP", "FILE"),
        help="read group, then R1 and R2 as FASTQ, or one BAM or CRAM; once per lane",
    )
    parser.add_argument(
        "--as-is", choices=("yes", "no"), default="no", help="whether the BAM is taken as it is"
    )
    parser.add_argument("--reference", type=Path, help="FASTA, needed for CRAM")
    parser.add_argument("--threads", type=int, default=1, help="files read side by side")
    parser.add_argument("--out", type=Path, required=True, help="{sample}.inputs.tsv")
    args = parser.parse_args(argv)
    lanes = [replace(lane_of(*words), as_is=args.as_is == "yes") for words in args.lane]
    write_inputs(count_reads(lanes, args.reference, args.threads), args.out)


def lane_of(read_group: str, first: str, second: str | None = None) -> LaneFiles:
    """A lane from its words on the command line: two files are FASTQ, one is a BAM or CRAM."""
    if second is None:
        return LaneFiles(read_group, bam=Path(first))
    return LaneFiles(read_group, fastq_1=Path(first), fastq_2=Path(second))


if __name__ == "__main__":
    sys.exit(main())
