"""Fail when reads were lost or doubled between the input files, trimming and the alignment."""

import argparse
import sys
from pathlib import Path

from onconcord.reads.account import account_reads
from onconcord.reads.conserved import check_alignment
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", required=True, help="id of the sample, for messages")
    parser.add_argument("--inputs", type=Path, required=True, help="{sample}.inputs.tsv")
    parser.add_argument(
        "--fastp",
        type=Path,
        nargs="*",
        default=[],
        help="fastp's JSON of each lane, in the order of the lanes; leave out without trimming",
    )
    parser.add_argument(
        "--flagstat",
        type=Path,
        required=True,
        help="samtools flagstat --output-fmt json of the final alignment",
    )
    parser.add_argument("--reads", type=Path, required=True, help="the final BAM or CRAM")
    parser.add_argument("--index", type=Path, required=True, help="its index")
    args = parser.parse_args(argv)
    check_alignment(args.reads, args.index, args.flagstat)
    reads = account_reads(args.sample, args.inputs, args.fastp, args.flagstat)
    print(f"{args.sample}: all {reads} reads are accounted for")


if __name__ == "__main__":
    sys.exit(main())
