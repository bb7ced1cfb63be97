"""Fail when SnpEff's database has not every transcript of the gene model."""

import argparse
import sys
from pathlib import Path

from onconcord.annotated.conserved import check_predictor
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictor", type=Path, required=True, help="snpEffectPredictor.bin")
    parser.add_argument("--genes", type=Path, required=True, help="GTF it was built from")
    args = parser.parse_args(argv)
    check_predictor(args.predictor, args.genes)


if __name__ == "__main__":
    sys.exit(main())
