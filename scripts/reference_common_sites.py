"""Write the common single-base sites of the calling regions."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.common_sites import write_common_sites
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calling", type=Path, required=True, help="calling regions, BED")
    parser.add_argument("--population", type=Path, required=True, help="population.vcf.gz")
    parser.add_argument("--out", type=Path, required=True, help="BED to write; may be empty")
    args = parser.parse_args(argv)
    write_common_sites(args.calling, args.population, args.out)


if __name__ == "__main__":
    sys.exit(main())
