"""Write digests and passing variants of a finished run of the golden cohort, to be published."""

import argparse
import sys
from pathlib import Path

from onconcord.questions.golden import golden_of, write_golden
from onconcord.questions.sources import cohort_source
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="working folder of the run")
    parser.add_argument("--truth", type=Path, required=True, help="resources/demo/somatic.tsv")
    parser.add_argument("--out", type=Path, required=True, help="resources/demo/golden")
    args = parser.parse_args(argv)
    write_golden(golden_of(cohort_source(args.folder), args.truth), args.out)


if __name__ == "__main__":
    sys.exit(main())
