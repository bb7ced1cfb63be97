"""Simulate the reads of the demo cohort, or of some of its samples and genes."""

import argparse
import sys
from pathlib import Path

from onconcord.demo.simulate import simulate
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True, help="chromosome 20, GRCh37")
    parser.add_argument("--demo", type=Path, required=True, help="resources/demo")
    parser.add_argument("--out", type=Path, required=True, help="folder of the reads")
    parser.add_argument("--cores", type=int, default=2, help="samples side by side")
    parser.add_argument("--samples", nargs="*", default=[], help="only these samples")
    parser.add_argument("--genes", nargs="*", default=[], help="only these genes")
    args = parser.parse_args(argv)
    only, genes = frozenset(args.samples), frozenset(args.genes)
    simulate(args.reference, args.demo, args.out, args.cores, only, genes)


if __name__ == "__main__":
    sys.exit(main())
