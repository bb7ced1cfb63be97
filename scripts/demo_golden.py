"""Write the digests of a finished run of the golden cohort, to be published."""

import argparse
import json
import sys
from pathlib import Path

from onconcord.errors import OnconcordError
from onconcord.files import whole_file
from onconcord.questions.certify import golden_digests
from onconcord.questions.sources import cohort_source


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="working folder of the run")
    parser.add_argument("--truth", type=Path, required=True, help="resources/demo/somatic.tsv")
    parser.add_argument("--out", type=Path, required=True, help="resources/demo/golden.json")
    args = parser.parse_args(argv)
    try:
        found = golden_digests(cohort_source(args.folder), args.truth)
        with whole_file(args.out) as temporary:
            temporary.write_text(json.dumps(found, sort_keys=True, indent=0) + "\n")
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
