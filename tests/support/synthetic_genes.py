"""Made-up genes on both strands, poor in sequence so that repeats abound."""

import random

import pysam

from hgvs_oracle import STOPS, other_strand
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome


def poor(chance, length):
    """Bases with many runs and repeats."""
    bases = ""
    while len(bases) < length:
        unit = "".join(chance.choice("ACGT") for _ in range(chance.choice((1, 1, 1, 2, 3, 4, 6))))
        bases += unit * chance.choice((1, 1, 1, 2, 3, 5))
    return bases[:length]


def reading_frame(chance, codons):
    """A start codon, codons that stop nowhere, and a stop."""
    found = ["ATG"]
    while len(found) < codons:
        found += [
            codon for codon in [poor(chance, 3)] * chance.choice((1, 1, 2, 4)) if codon not in STOPS
        ]
    return "".join(found) + chance.choice(STOPS)


def synthetic_model(folder, genes, seed=7):
    """A genome of made-up genes of three to five exons, and `GeneModel.transcripts` of it."""
    chance = random.Random(seed)
    genome, lines = poor(chance, 200), []
    for number in range(genes):
        cds = reading_frame(chance, chance.randrange(40, 120))
        before, behind = chance.randrange(8, 60), chance.randrange(20, 90)
        mrna = poor(chance, before) + cds + poor(chance, behind)
        cuts = sorted(chance.sample(range(6, len(mrna) - 6), chance.randrange(2, 5)))
        gene, exons = "", []
        for start, end in zip([0, *cuts], [*cuts, len(mrna)], strict=True):
            if start:
                gene += "GT" + poor(chance, chance.randrange(18, 70)) + "AG"
            exons.append((len(gene), len(gene) + end - start))
            gene += mrna[start:end]
        coding, seen = [], 0
        for start, end in exons:
            first, last = seen, seen + end - start
            low, high = max(first, before), min(last, before + len(cds))
            if low < high:
                coding.append((start + low - first, start + high - first))
            seen = last
        strand = chance.choice("+-")
        if strand == "-":
            gene = other_strand(gene)
            exons = [(len(gene) - end, len(gene) - start) for start, end in exons]
            coding = [(len(gene) - end, len(gene) - start) for start, end in coding]
        for kind, parts in (("exon", exons), ("CDS", coding)):
            lines += [
                f"20\tx\t{kind}\t{len(genome) + start + 1}\t{len(genome) + end}\t.\t{strand}\t.\t"
                f'gene_id "G{number}"; transcript_id "T{number}.1"; gene_name "GENE{number}";\n'
                for start, end in parts
            ]
        genome += gene + poor(chance, 150)
    fasta = folder / "made_up.fa"
    fasta.write_text(f">20\n{genome}\n")
    pysam.faidx(str(fasta))
    (folder / "made_up.gtf").write_text("".join(lines))
    model = GeneModel(folder / "made_up.gtf", {"20": len(genome)})
    return Genome(fasta), model.transcripts
