"""Write the targets, the padded calling regions, the gene model and each gene's target bases."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.prepare import prepare_targets
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fasta", type=Path, required=True, help="genome.fa with its index")
    parser.add_argument("--contigs", type=Path, required=True, help="contigs.tsv")
    parser.add_argument("--targets", type=Path, nargs="?", help="BED; none = primary contigs")
    parser.add_argument("--genes", type=Path, nargs="?", help="GTF or GFF3; none = no genes")
    parser.add_argument("--transcripts", type=Path, nargs="?", help="TSV that wins over tags")
    parser.add_argument("--padding", type=int, required=True, help="bases beyond each target end")
    parser.add_argument("--out-targets", type=Path, required=True, help="targets.bed")
    parser.add_argument("--out-calling", type=Path, required=True, help="calling.bed")
    parser.add_argument("--out-genes", type=Path, required=True, help="genes.gtf")
    parser.add_argument("--out-transcripts", type=Path, required=True, help="transcripts.parquet")
    parser.add_argument("--out-transcript-set", type=Path, required=True, help="transcript_set.tsv")
    parser.add_argument("--out-gene-regions", type=Path, required=True, help="gene_regions.tsv")
    parser.add_argument("--out-depth", type=Path, required=True, help="targets cut at exon ends")
    args = parser.parse_args(argv)
    prepare_targets(
        args.fasta,
        args.contigs,
        args.targets,
        args.genes,
        args.transcripts,
        args.padding,
        args.out_targets,
        args.out_calling,
        args.out_genes,
        args.out_transcripts,
        args.out_transcript_set,
        args.out_gene_regions,
        args.out_depth,
    )


if __name__ == "__main__":
    sys.exit(main())
