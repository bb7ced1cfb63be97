"""Write the configuration of SnpEff's database, with the codon table of the mitochondrion."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.snpeff import write_snpeff_config
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contigs", type=Path, required=True, help="contigs.tsv")
    parser.add_argument("--out", type=Path, required=True, help="snpEff.config")
    args = parser.parse_args(argv)
    write_snpeff_config(args.contigs, args.out)


if __name__ == "__main__":
    sys.exit(main())
