"""Write the gene model in one spelling, and the transcripts that its genes are named on."""

import argparse
import sys
from pathlib import Path

from onconcord.reference.prepare import prepare_genes
from onconcord.runtime.script import script


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fasta", type=Path, required=True, help="genome.fa with its index")
    parser.add_argument("--contigs", type=Path, required=True, help="contigs.tsv")
    parser.add_argument("--genes", type=Path, nargs="?", help="GTF or GFF3; none = no genes")
    parser.add_argument("--transcripts", type=Path, nargs="?", help="TSV that wins over tags")
    parser.add_argument("--out-genes", type=Path, required=True, help="genes.gtf")
    parser.add_argument("--out-transcripts", type=Path, required=True, help="transcripts.parquet")
    parser.add_argument("--out-transcript-set", type=Path, required=True, help="transcript_set.tsv")
    args = parser.parse_args(argv)
    prepare_genes(
        args.fasta,
        args.contigs,
        args.genes,
        args.transcripts,
        args.out_genes,
        args.out_transcripts,
        args.out_transcript_set,
    )


if __name__ == "__main__":
    sys.exit(main())
