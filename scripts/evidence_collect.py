"""Bring the records of every caller of a pair to one normal form."""

import argparse
import sys
from pathlib import Path

from onconcord.calls.callers import read_callers
from onconcord.evidence.collect import collect_evidence
from onconcord.inputs.pair_spec import PairSpec
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair-spec", type=Path, required=True, help="0_inputs/{pair}.json")
    parser.add_argument("--reference-fasta", type=Path, required=True, help="FASTA with its .fai")
    parser.add_argument("--contigs", type=Path, required=True, help="1_reference/contigs.tsv")
    parser.add_argument("--calls", nargs="+", required=True, metavar="CALLER=VCF")
    parser.add_argument("--callers-dir", type=Path, required=True, help="workflow/callers")
    parser.add_argument("--evidence", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--rejected", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--candidates", type=Path, required=True, help="sites to write, .vcf.gz")
    args = parser.parse_args(argv)
    calls = {name: Path(path) for name, path in (word.split("=", 1) for word in args.calls)}
    spec = PairSpec.read(args.pair_spec)
    collect_evidence(
        calls,
        read_callers(args.callers_dir, list(calls)),
        spec.tumour.sample,
        spec.normal.sample if spec.normal else None,
        args.reference_fasta,
        args.contigs,
        args.evidence,
        args.rejected,
        args.candidates,
    )


if __name__ == "__main__":
    sys.exit(main())
