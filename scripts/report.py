"""Write the report of a working folder: one self-contained page, and a page of reads per pair."""

import argparse
import sys
from pathlib import Path

from onconcord.errors import OnconcordError
from onconcord.report import write_report


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("."), help="the working folder")
    parser.add_argument("--out", type=Path, required=True, help="the page, report.html")
    args = parser.parse_args(argv)
    try:
        write_report(args.folder, args.out)
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
