"""Write the checksums of a run's reference and resource files."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.prepare import write_checksums
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resource", nargs="*", required=True, metavar="NAME=PATH", help="a file")
    parser.add_argument("--out", type=Path, required=True, help="resources.tsv")
    args = parser.parse_args(argv)
    named = dict(resource.split("=", 1) for resource in args.resource)
    write_checksums({name: Path(path) for name, path in named.items()}, args.out)


if __name__ == "__main__":
    sys.exit(main())
