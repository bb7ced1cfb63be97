"""Merge the finished pairs of one centre to a release, without those it has withdrawn."""

import argparse
import sys
from pathlib import Path

from onconcord.contract import TIERS
from onconcord.release import build_release, order_of_folder
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the working folder")
    parser.add_argument("--centre", required=True, help="code of the centre")
    parser.add_argument("--name", required=True, help="such as r2026-11")
    parser.add_argument("--tier", required=True, choices=TIERS)
    parser.add_argument("--key-file", type=Path, help="the centre's key; else ONCONCORD_KEY has it")
    # Ids instead of paths: a command line has a limit, and a centre thousands of pairs.
    parser.add_argument("--pairs", nargs="+", required=True, help="ids of the centre's pairs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the release")
    parser.add_argument("--summary", type=Path, help="JSON that names the release once it is whole")
    args = parser.parse_args(argv)
    order = order_of_folder(
        args.folder,
        centre=args.centre,
        pairs=args.pairs,
        name=args.name,
        tier=args.tier,
        out=args.out,
        key_file=args.key_file,
    )
    build_release(order, args.summary)


if __name__ == "__main__":
    sys.exit(main())
