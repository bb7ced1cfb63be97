"""Write the metrics, the verdict and its reasons of one pair."""

import argparse
import sys
from pathlib import Path

from onconcord.inputs.pair_spec import PairSpec
from onconcord.qc import SampleFiles, write_pair_qc
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair-spec", type=Path, required=True, help="0_inputs/{pair}.json")
    parser.add_argument("--thresholds", type=Path, required=True, help="config/qc/NAME.yaml")
    parser.add_argument("--tumour-prefix", type=Path, required=True, help="4_qc/samples/TUMOUR")
    parser.add_argument("--normal-prefix", type=Path, help="4_qc/samples/NORMAL")
    parser.add_argument("--contamination", type=Path, required=True, help="GATK's table")
    parser.add_argument("--inputs", type=Path, nargs="+", required=True, help="tumour, then normal")
    parser.add_argument(
        "--flagstats", type=Path, nargs="+", help="JSON of samtools flagstat: tumour, then normal"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    args = parser.parse_args(argv)
    prefixes = [prefix for prefix in (args.tumour_prefix, args.normal_prefix) if prefix]
    flagstats = args.flagstats or [None] * len(prefixes)
    files = [SampleFiles(*paths) for paths in zip(prefixes, args.inputs, flagstats, strict=True)]
    samples = dict(zip(("tumour", "normal"), files, strict=False))
    spec = PairSpec.read(args.pair_spec)
    write_pair_qc(spec, args.thresholds, samples, args.contamination, args.out)


if __name__ == "__main__":
    sys.exit(main())
