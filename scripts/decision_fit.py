"""Fit a model of the decision on finished pairs whose truth is known, and write its file."""

import argparse
import sys
from pathlib import Path

from onconcord.accuracy.profiles import read_plan
from onconcord.decision.fit import write_model
from onconcord.runtime.script import script

CONFIG = Path(__file__).resolve().parent.parent / "config/accuracy"


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folders",
        type=Path,
        nargs="+",
        required=True,
        help="finished working folders with truth/, such as accuracy_run.py --purpose fit makes",
    )
    parser.add_argument("--model-id", required=True, help="what the model calls itself")
    parser.add_argument(
        "--settings", type=Path, default=CONFIG / "fit.yaml", help="what is set and not fitted"
    )
    parser.add_argument(
        "--plan", type=Path, default=CONFIG / "profiles.yaml", help="seeds that are kept apart"
    )
    parser.add_argument("--out", type=Path, required=True, help="model file (YAML)")
    args = parser.parse_args(argv)
    write_model(args.folders, read_plan(args.plan), args.settings, args.model_id, args.out)


if __name__ == "__main__":
    sys.exit(main())
