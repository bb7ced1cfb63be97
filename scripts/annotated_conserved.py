"""Fail when an annotator left out candidates, or its fields."""

import argparse
import sys
from pathlib import Path

from onconcord.annotated.conserved import check_annotated, check_predictor
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=Path, required=True, help="VCF that went in")
    parser.add_argument("--consequences", type=Path, required=True, help="VCF that SnpEff wrote")
    parser.add_argument("--annotated", type=Path, required=True, help="VCF that vcfanno wrote")
    parser.add_argument("--fields", nargs="*", default=[], help="INFO fields that vcfanno adds")
    parser.add_argument("--predictor", type=Path, nargs="?", help="SnpEff's; none = no genes")
    args = parser.parse_args(argv)
    if args.predictor:
        check_predictor(args.predictor)
    check_annotated(
        args.candidates,
        args.consequences,
        args.annotated,
        args.fields,
        has_genes=args.predictor is not None,
    )


if __name__ == "__main__":
    sys.exit(main())
