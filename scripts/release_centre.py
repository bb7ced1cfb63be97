"""Merge the finished pairs of one centre to a release."""

import argparse
import sys
from pathlib import Path

from onconcord.contract import TIERS
from onconcord.release import Order, build_release
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the working folder")
    parser.add_argument("--centre", required=True, help="code of the centre")
    parser.add_argument("--name", required=True, help="such as r2026-11")
    parser.add_argument("--tier", required=True, choices=TIERS)
    parser.add_argument("--key-file", type=Path, help="the centre's key; else ONCONCORD_KEY has it")
    parser.add_argument("--sign-key", type=Path, help="Ed25519 key that signs the release")
    parser.add_argument("--retractions", type=Path, help="table of retracted pairs")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--pairs", nargs="+", help="ids of the pairs to release; else all")
    which.add_argument("--shards", nargs="+", type=Path, help="MANIFEST.json of the pairs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the release")
    parser.add_argument("--summary", type=Path, help="JSON that names the release once it is whole")
    args = parser.parse_args(argv)
    harmonised = args.folder / "results/8_harmonised"
    # Ids instead of paths: a command line has a limit, and a centre thousands of pairs.
    manifests = args.shards or (
        [harmonised / pair / "MANIFEST.json" for pair in args.pairs]
        if args.pairs
        else sorted(harmonised.glob("[!.]*/MANIFEST.json"))
    )
    order = Order(
        manifests=tuple(manifests),
        centre=args.centre,
        name=args.name,
        tier=args.tier,
        out=args.out,
        key_file=args.key_file,
        sign_key=args.sign_key,
        retractions=args.retractions,
    )
    build_release(order, args.summary)


if __name__ == "__main__":
    sys.exit(main())
