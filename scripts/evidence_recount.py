"""Count every candidate of a pair, its atoms and the hotspots again from the reads."""

import argparse
import sys
from pathlib import Path

from onconcord.evidence.fragments import Limits
from onconcord.evidence.hotspots import hotspot_alleles, read_hotspots
from onconcord.evidence.recount import recount
from onconcord.inputs.pair_spec import PairSpec
from onconcord.reference.sequence import Genome
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair-spec", type=Path, required=True, help="0_inputs/{pair}.json")
    parser.add_argument("--candidates", type=Path, required=True, help="sites, .vcf.gz")
    parser.add_argument("--reference-fasta", type=Path, required=True, help="FASTA with its .fai")
    parser.add_argument("--targets", type=Path, required=True, help="sorted and merged BED")
    parser.add_argument("--tumour-bam", type=Path, required=True, help="BAM or CRAM")
    parser.add_argument("--normal-bam", type=Path, help="BAM or CRAM; none for a tumour alone")
    parser.add_argument("--min-mapping-quality", type=int, required=True, help="Phred")
    parser.add_argument("--min-base-quality", type=int, required=True, help="Phred")
    parser.add_argument("--out", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--background", type=Path, required=True, help="Parquet to write")
    args = parser.parse_args(argv)
    reads = {"tumour": args.tumour_bam}
    if args.normal_bam:
        reads["normal"] = args.normal_bam
    spec = PairSpec.read(args.pair_spec)
    recount(
        args.candidates,
        hotspot_alleles(read_hotspots(spec.resources.hotspots, Genome(args.reference_fasta))),
        args.reference_fasta,
        args.targets,
        reads,
        Limits(args.min_mapping_quality, args.min_base_quality),
        args.out,
        args.background,
    )


if __name__ == "__main__":
    sys.exit(main())
