"""Cut the calling regions into shards of whole intervals."""

import argparse
import sys
from pathlib import Path

from onconcord.errors import OnconcordError
from onconcord.reference.shards import write_shards


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calling", type=Path, required=True, help="sorted BED")
    parser.add_argument("--count", type=int, required=True, help="number of shards")
    parser.add_argument("--out", type=Path, required=True, help="folder for 0.bed, 1.bed, ...")
    args = parser.parse_args(argv)
    try:
        write_shards(args.calling, args.count, args.out)
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
