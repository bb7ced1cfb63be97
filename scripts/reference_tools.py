"""Write what one environment's rules start: tools, the version each says it is, and commands."""

import argparse
import sys
from pathlib import Path

from onconcord.runtime.script import script
from onconcord.runtime.tools import write_tool_versions


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", required=True, help="of envs/, or a caller's name")
    parser.add_argument("--unused", nargs="*", default=[], metavar="STEP:TOOL")
    parser.add_argument("--out", type=Path, required=True, help="1_reference/tools/{name}.tsv")
    args = parser.parse_args(argv)
    write_tool_versions(args.environment, args.out, args.unused)


if __name__ == "__main__":
    sys.exit(main())
