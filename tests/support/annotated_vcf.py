"""An annotated VCF of one contig and one gene, as stage 7 leaves it."""

import pysam

from onconcord.annotated.annotation import Annotation
from onconcord.annotated.clinical import Clinical
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome
from onconcord.reference.transcript_set import choose_transcripts

TRANSCRIPTS = (("CANON.4", "Ensembl_canonical"), ("OTHER.2", "basic"), ("PLUS.1", "basic"))
"""Transcripts of the gene, which all have bases 3 to 11 as their CDS, and their tags."""


def write_fasta(path, sequences):
    """A FASTA with its index."""
    path.write_text("".join(f">{name} some text\n{bases}\n" for name, bases in sequences.items()))
    pysam.faidx(str(path))
    return path


def _gene_model(folder, length, tags, exons):
    lines = [
        f'20\tx\t{kind}\t{start}\t{end}\t.\t+\t.\tgene_id "G1"; gene_name "GENE"; '
        f'transcript_id "{name}"; tag "{tag}"; db_xref "HGNC:HGNC:42";\n'
        for name, tag in tags
        for kind, start, end in (
            ("transcript", exons[0][0], exons[-1][1]),
            *(("exon", *exon) for exon in exons),
            ("CDS", 3, 11),
        )
    ]
    (folder / "genes.gtf").write_text("".join(lines))
    return GeneModel(folder / "genes.gtf", {"20": length}).transcripts


def annotated(folder, sequence, rows, tags=TRANSCRIPTS, exons=((1, 14),)):
    """An annotated VCF; a row is (pos, ref, alt, info), an exon its first and last base."""
    lines = [
        "##fileformat=VCFv4.2",
        f"##contig=<ID=20,length={len(sequence)}>",
        '##INFO=<ID=ANN,Number=.,Type=String,Description="Consequences">',
        '##INFO=<ID=population_af,Number=1,Type=Float,Description="Frequency">',
        '##INFO=<ID=clinical_significance,Number=1,Type=String,Description="Clinical">',
        '##INFO=<ID=clinical_review_status,Number=.,Type=String,Description="Review">',
        '##INFO=<ID=clinical_conditions,Number=.,Type=String,Description="Conditions">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    lines += [f"20\t{pos}\t.\t{ref}\t{alt}\t.\t.\t{info}" for pos, ref, alt, info in rows]
    path = folder / "annotated.vcf"
    path.write_text("\n".join(lines) + "\n")
    pysam.tabix_index(str(path), preset="vcf", force=True)
    genome = Genome(write_fasta(folder / "genome.fa", {"20": sequence}))
    table = _gene_model(folder, len(sequence), tags, exons)
    table.with_columns(is_mitochondrial=False).write_parquet(folder / "transcripts.parquet")
    return Annotation(
        folder / "annotated.vcf.gz",
        {"20": "chr20"},
        genome,
        folder / "transcripts.parquet",
        choose_transcripts(table, None, genome, frozenset()),
        "5.1",
        Clinical("ClinVar", "ClinVar 2024-12-15"),
    )


def entry(effect, impact, transcript, feature="transcript", distance=""):
    """An entry of ANN, whose names are wrong on purpose: none of them is taken."""
    return (
        f"C|{effect}|{impact}|GENE|G1|{feature}|{transcript}|protein_coding|1/3|c.9A>C|p.L9M|||"
        f"|{distance}|"
    )
