"""Bring a resource VCF into the normal form that every tool downstream takes."""

import argparse
import sys
from pathlib import Path

from onconcord.inputs.resource_vcf import KINDS
from onconcord.reference.resources import write_resource
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, required=True, help="what the resource is for")
    parser.add_argument(
        "--given", type=Path, nargs="+", required=True, help="the VCFs as the centre has them"
    )
    parser.add_argument("--fields", nargs="*", default=[], help="frequencies beside INFO/AF")
    parser.add_argument("--fasta", type=Path, required=True, help="the run's FASTA, with its .fai")
    parser.add_argument("--out", type=Path, required=True, help="VCF to write, with its .tbi")
    parser.add_argument("--counts", type=Path, required=True, help="JSON of records in and out")
    args = parser.parse_args(argv)
    fields = tuple(args.fields)
    print(write_resource(args.kind, args.given, args.fasta, args.out, args.counts, fields))


if __name__ == "__main__":
    sys.exit(main())
