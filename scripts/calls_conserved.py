"""Fail when records were lost or doubled between the tools of a caller's rules."""

import argparse
import sys
from pathlib import Path

from onconcord.calls.conserved import STEPS
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--step",
        action="append",
        nargs="+",
        required=True,
        metavar=("KIND", "TOOL"),
        help=f"one of {', '.join(STEPS)}; the tool; what it wrote; what that is held to",
    )
    args = parser.parse_args(argv)
    for kind, tool, *files in args.step:
        STEPS[kind](tool, *map(Path, files))


if __name__ == "__main__":
    sys.exit(main())
