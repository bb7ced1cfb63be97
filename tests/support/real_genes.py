"""Gene models beside the checkout, and the transcripts of a model that can name proteins."""

import gzip

import pysam

from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import transcript_of
from onconcord.runtime import checkout

SHARED = checkout.root().parent / "shared/data"


def real_models(folder):
    """The gene models beside the checkout, where there are any, on their genome."""
    packed = SHARED / "reference/mini_grch38.fa.gz"
    if not packed.exists():
        return None
    fasta = folder / "real.fa"
    fasta.write_bytes(gzip.decompress(packed.read_bytes()))
    pysam.faidx(str(fasta))
    genome = Genome(fasta)
    lengths = {name: contig.length for name, contig in genome.contigs.items()}
    return genome, GeneModel(SHARED / "annotation/genes.local.gtf", lengths).transcripts


def sound_transcripts(namer, table):
    rows = table.with_columns(is_mitochondrial=False).iter_rows(named=True)
    found = [transcript_of(row) for row in rows]
    codings = [namer.coding_sequence(one) for one in found]
    return [
        one for one, coding in zip(found, codings, strict=True) if coding and coding.status == "ok"
    ]
