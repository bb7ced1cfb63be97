"""The configuration of SnpEff's database of the run's own genome."""

from pathlib import Path

from onconcord.files import write_text
from onconcord.reference.codons import MITOCHONDRIAL, MITOCHONDRIAL_STARTS
from onconcord.reference.contigs import read_contigs

CODON_TABLE = "Vertebrate_Mitochondrial"


def write_snpeff_config(contigs: Path, out: Path) -> None:
    """
    Write snpEff.config: where the database lies, and the codon table of the mitochondrion.

    SnpEff has its standard codon table built in; another one it knows only from this file.

    Args:
        contigs: contigs.tsv.
        out: the file to write; the database is in `data/genome` beside it.
    Source: SnpEff's own snpEff.config; start codons are marked with a plus.
    """
    lines = ["data.dir = ./data/", "genome.genome : genome"]
    mitochondria = [row.source_name for row in read_contigs(contigs) if row.chrom == "chrM"]
    if mitochondria:
        codons = ", ".join(
            f"{codon}/{residue}{'+' if codon in MITOCHONDRIAL_STARTS else ''}"
            for codon, residue in MITOCHONDRIAL.items()
        )
        lines.append(f"codon.{CODON_TABLE} : {codons}")
    lines += [f"genome.{name}.codonTable : {CODON_TABLE}" for name in mitochondria]
    write_text(out, "\n".join(lines) + "\n")
