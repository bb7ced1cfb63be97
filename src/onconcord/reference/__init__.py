"""Stage 1: the genome, its contigs and sequence, the targets and the gene model."""
