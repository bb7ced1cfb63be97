"""Write the targets of an assay, its padded calling regions and each gene's target bases."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.prepare import prepare_targets
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contigs", type=Path, required=True, help="contigs.tsv")
    parser.add_argument(
        "--targets", type=Path, nargs="*", default=[], help="BEDs; none = primary contigs"
    )
    parser.add_argument("--padding", type=int, required=True, help="bases beyond each target end")
    parser.add_argument("--transcripts", type=Path, required=True, help="transcripts.parquet")
    parser.add_argument("--transcript-set", type=Path, required=True, help="transcript_set.tsv")
    parser.add_argument("--out-targets", type=Path, required=True, help="targets.bed")
    parser.add_argument("--out-calling", type=Path, required=True, help="calling.bed")
    parser.add_argument("--out-gene-regions", type=Path, required=True, help="gene_regions.tsv")
    parser.add_argument("--out-depth", type=Path, required=True, help="targets cut at exon ends")
    args = parser.parse_args(argv)
    prepare_targets(
        args.contigs,
        args.targets,
        args.padding,
        args.transcripts,
        args.transcript_set,
        args.out_targets,
        args.out_calling,
        args.out_gene_regions,
        args.out_depth,
    )


if __name__ == "__main__":
    sys.exit(main())
