"""Write digests and passing variants of a finished run of the golden cohort, to be published."""

import argparse
import sys
from pathlib import Path

from onconcord.errors import OnconcordError
from onconcord.questions.golden import golden_of, write_golden
from onconcord.questions.sources import cohort_source


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="working folder of the run")
    parser.add_argument("--truth", type=Path, required=True, help="resources/demo/somatic.tsv")
    parser.add_argument("--out", type=Path, required=True, help="resources/demo/golden")
    args = parser.parse_args(argv)
    try:
        write_golden(golden_of(cohort_source(args.folder), args.truth), args.out)
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
