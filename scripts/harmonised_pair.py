"""Write every contract table of one pair."""

import argparse
import sys
from pathlib import Path

from onconcord.harmonised import PairFiles, harmonise_pair
from onconcord.inputs.pair_spec import PairSpec
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair-spec", type=Path, required=True, help="0_inputs/{pair}.json")
    parser.add_argument("--reference-dir", type=Path, required=True, help="1_reference")
    parser.add_argument("--assay-dir", type=Path, required=True, help="1_reference/assays/ASSAY")
    parser.add_argument("--tools", type=Path, nargs="+", required=True, help="1_reference/tools")
    parser.add_argument("--inputs", type=Path, nargs="+", required=True, help="tumour, then normal")
    parser.add_argument("--qc", type=Path, required=True, help="4_qc/pairs/{pair}.qc.json")
    for role in ("tumour", "normal"):
        for kind in ("quantized", "anymapq", "regions"):
            parser.add_argument(f"--{kind}-{role}", type=Path, required=role == "tumour")
    parser.add_argument("--evidence", type=Path, required=True)
    parser.add_argument("--rejected", type=Path, required=True)
    parser.add_argument("--recount", type=Path, required=True)
    parser.add_argument("--background", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="parameters of the decision")
    parser.add_argument("--annotated", type=Path, required=True, help="7_annotated/{pair}.vcf.gz")
    parser.add_argument("--calls", nargs="+", required=True, metavar="CALLER=VCF")
    parser.add_argument("--callers-dir", type=Path, required=True, help="workflow/callers")
    parser.add_argument("--conserved", type=Path, nargs="+", required=True, help="counts of rules")
    parser.add_argument("--lock", type=Path, required=True, help="lock file of the packages")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pair")
    args = parser.parse_args(argv)
    roles = tuple(PairSpec.read(args.pair_spec).samples)
    files = PairFiles(
        spec=args.pair_spec,
        reference=args.reference_dir,
        assay=args.assay_dir,
        tools=tuple(args.tools),
        inputs=dict(zip(roles, args.inputs, strict=True)),
        qc=args.qc,
        quantized={role: getattr(args, f"quantized_{role}") for role in roles},
        anymapq={role: getattr(args, f"anymapq_{role}") for role in roles},
        regions={role: getattr(args, f"regions_{role}") for role in roles},
        evidence=args.evidence,
        rejected=args.rejected,
        recount=args.recount,
        background=args.background,
        model=args.model,
        annotated=args.annotated,
        calls={name: Path(path) for name, path in (word.split("=", 1) for word in args.calls)},
        callers_dir=args.callers_dir,
        conserved=tuple(args.conserved),
        lock=args.lock,
    )
    harmonise_pair(files, args.out)


if __name__ == "__main__":
    sys.exit(main())
