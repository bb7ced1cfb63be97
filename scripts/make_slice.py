"""Write a working folder with a slice of the demo: two patients and two genes."""

import argparse
import sys
from pathlib import Path

from onconcord.demo.slice import write_slice
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True, help="chromosome 20, GRCh37")
    parser.add_argument("--index", type=Path, required=True, help="prefix of its bwa index")
    parser.add_argument("--demo", type=Path, required=True, help="resources/demo")
    parser.add_argument("--out", type=Path, required=True, help="the working folder to write")
    parser.add_argument("--cores", type=int, default=2, help="samples side by side")
    args = parser.parse_args(argv)
    write_slice(args.reference, args.index, args.demo, args.out, args.cores)


if __name__ == "__main__":
    sys.exit(main())
