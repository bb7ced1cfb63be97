"""
Read a gene model of a whole genome's size: 20,000 genes, 250,000 transcripts, 3.3 million lines.

    benchmarks/gene_model.py [--spelling gencode|ensembl|refseq] [--genes 20000]

The genes are made up; the lines are as long as those of the databases. The budget is 60 s and
2 GiB. Exit code 1: it is missed.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from onconcord.reference.genes import GeneModel

GENES = 20_000
CONTIG_BP = 200_000_000
CONTIGS = tuple(f"chr{number}" for number in range(1, 23))
BUDGET_S, BUDGET_MIB = 60, 2048


def attributes(spelling: str, gene: int, name: int, exon: int) -> str:
    """The ninth column as a database writes it; exon 0 is the transcript itself."""
    number = f' exon_number "{exon}";' if exon else ""
    if spelling == "refseq":
        return (
            f'gene_id "GENE{gene}"; transcript_id "NM_{name:09}.3"; db_xref "GeneID:{gene}"; '
            f'db_xref "HGNC:HGNC:{gene}"; gbkey "mRNA"; gene "GENE{gene}"; model_evidence '
            f'"Supporting evidence includes similarity to: 3 mRNAs, 12 ESTs"; product "protein '
            f'{gene}, transcript variant {name}"; tag "MANE Select"; '
            f'transcript_biotype "mRNA";{number}'
        )
    version = "" if spelling == "ensembl" else ".4"
    extra = ' gene_version "7"; transcript_version "4";' if spelling == "ensembl" else ""
    return (
        f'gene_id "ENSG{gene:011}{version}"; transcript_id "ENST{name:011}{version}";{extra} '
        f'gene_type "protein_coding"; gene_name "GENE{gene}"; transcript_type "protein_coding"; '
        f'transcript_name "GENE{gene}-2{name % 100:02}";{number} exon_id "ENSE{name:011}.1"; '
        f'level 2; protein_id "ENSP{name:011}.2"; transcript_support_level "1"; hgnc_id '
        f'"HGNC:{gene}"; tag "basic"; tag "Ensembl_canonical"; tag "MANE_Select"; '
        f'havana_gene "OTTHUMG{gene:011}.2";'
    )


def lines(spelling: str, genes: int) -> Iterator[str]:
    """The lines of the model, gene by gene."""
    chance = random.Random(1)
    name = 0
    for gene in range(genes):
        contig = CONTIGS[gene % len(CONTIGS)]
        start = 100_000 + gene // len(CONTIGS) * 200_000
        strand = "+-"[gene % 2]
        for _ in range(12 + gene % 2):
            name += 1
            exons = chance.randrange(3, 12)
            place = (
                f"{contig}\tHAVANA\ttranscript\t{start}\t{start + 150 * exons}\t.\t{strand}\t.\t"
            )
            yield place + attributes(spelling, gene, name, 0)
            for exon in range(1, exons + 1):
                first = start + 150 * (exon - 1)
                words = attributes(spelling, gene, name, exon)
                yield f"{contig}\tHAVANA\texon\t{first}\t{first + 98}\t.\t{strand}\t.\t{words}"
                yield f"{contig}\tHAVANA\tCDS\t{first}\t{first + 98}\t.\t{strand}\t0\t{words}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    choices = ("gencode", "ensembl", "refseq")
    parser.add_argument("--spelling", choices=choices, default="gencode")
    parser.add_argument("--genes", type=int, default=GENES)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "genes.gtf"
        number = 0
        with path.open("w") as file:
            for line in lines(args.spelling, args.genes):
                file.write(line + "\n")
                number += 1
        size = path.stat().st_size / 1e6
        began, cpu = time.monotonic(), time.process_time()
        model = GeneModel(path, dict.fromkeys(CONTIGS, CONTIG_BP)).transcripts
        wall, cpu = time.monotonic() - began, time.process_time() - cpu
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{args.spelling}: {number} lines, {size:.0f} MB, {model.height} transcripts: "
        f"{wall:.1f} s, {cpu:.1f} CPU s, {mib:.0f} MiB (budget {BUDGET_S} s, {BUDGET_MIB} MiB)"
    )
    return int(wall > BUDGET_S or mib > BUDGET_MIB)


if __name__ == "__main__":
    sys.exit(main())
