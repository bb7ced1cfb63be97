"""Merge the finished pairs of one centre to a release."""

import argparse
import sys
from pathlib import Path

from onconcord.errors import OnconcordError
from onconcord.release import build_release


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the working folder")
    parser.add_argument("--centre", required=True, help="code of the centre")
    parser.add_argument("--name", required=True, help="such as r2026-11")
    parser.add_argument("--tier", required=True, help="local, controlled, consortium or open")
    parser.add_argument("--key-file", type=Path, nargs="?", help="the centre's key")
    parser.add_argument("--pairs", nargs="+", required=True, help="ids of the pairs to release")
    parser.add_argument("--out", type=Path, required=True, help="folder of the release")
    args = parser.parse_args(argv)
    # Ids instead of paths: a command line has a limit, and a centre thousands of pairs.
    manifests = [args.folder / f"results/8_harmonised/{pair}/MANIFEST.json" for pair in args.pairs]
    try:
        build_release(manifests, args.centre, args.name, args.tier, args.key_file, args.out)
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
