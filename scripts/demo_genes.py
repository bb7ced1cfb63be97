"""
Derive the demo's gene model and clinical variants on GRCh37 chromosome 20 from npm's ideogram.

Run once; the results are committed in resources/demo/. To repeat it:

    npm pack ideogram@1.53.0
    scripts/demo_genes.py --ideogram ideogram-1.53.0.tgz --reference chr20.fa \
        --out resources/demo

ideogram holds Ensembl 110 structures and ClinVar (2024-12-15) on GRCh38. Each gene moves to GRCh37
by a constant, which is right where GRCh37 and GRCh38 do not differ within the gene: every coding
sequence and every REF allele is therefore checked against the sequence.
"""

import argparse
import gzip
import io
import re
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pysam

from onconcord.runtime.script import script

# Added to a GRCh38 position to give the GRCh37 one; and residues of the canonical product.
GENES = {
    "ASXL1": (-1412197, 1541),
    "GNAS": (-1424945, 394),
    "SRC": (-1370173, 536),
    "AURKA": (-1424944, 403),
    "TOP1": (-1371360, 765),
    "PTPRT": (-1371360, 1441),
    "BCL2L1": (-1412197, 233),
    "ZNF217": (-1383461, 1048),
    "PLCG1": (-1371360, 1291),
}
# Beside the canonical transcript, as many others with a whole coding sequence as this.
OTHER_TRANSCRIPTS = 2
UTR_5, EXON, UTR_3 = "0", "1", "2"
STOPS = {"TAA", "TAG", "TGA"}
COMPLEMENT = str.maketrans("ACGT", "TGCA")
CACHE = "package/dist/data/cache"


@dataclass(frozen=True)
class Transcript:
    """One transcript on GRCh37; intervals are 1-based, closed and ascending on the genome."""

    gene: str
    gene_id: str
    name: str
    canonical: bool
    strand: str
    exons: tuple[tuple[int, int], ...]
    coding: tuple[tuple[int, int], ...]


def read_lines(archive: tarfile.TarFile, member: str) -> Iterator[list[str]]:
    """Cells of each line of a gzipped table of the package, comments left out."""
    packed = archive.extractfile(f"{CACHE}/{member}")
    assert packed is not None, member
    with gzip.open(packed) as handle:
        for line in io.TextIOWrapper(handle, encoding="utf-8"):
            if not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def coding_parts(
    exons: list[tuple[int, int]], utrs: list[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    """Exons without their untranslated ends."""
    parts = exons
    for start, end in utrs:
        parts = [
            piece
            for a, b in parts
            for piece in ((a, min(b, start - 1)), (max(a, end + 1), b))
            if piece[0] <= piece[1]
        ]
    return tuple(sorted(set(parts)))


def coding_sequence(transcript: Transcript, genome: pysam.FastaFile) -> str:
    """Coding bases in the order of translation, stop included."""
    bases = "".join(genome.fetch("20", a - 1, b).upper() for a, b in transcript.coding)
    return bases if transcript.strand == "+" else bases.translate(COMPLEMENT)[::-1]


def is_whole(bases: str) -> bool:
    """ATG, whole codons, one stop, at the end."""
    codons = [bases[i : i + 3] for i in range(0, len(bases), 3)]
    inner_stop = any(codon in STOPS for codon in codons[:-1])
    return (
        bases.startswith("ATG") and len(bases) % 3 == 0 and codons[-1] in STOPS and not inner_stop
    )


def read_transcripts(archive: tarfile.TarFile, genome: pysam.FastaFile) -> list[Transcript]:
    """The canonical and a few other transcripts of every gene; the canonical one must be whole."""
    starts = {
        row[4]: (int(row[1]), f"ENSG{int(row[3]):011d}")
        for row in read_lines(archive, "genes/homo-sapiens-genes.tsv.gz")
        if row[0] == "20" and row[4] in GENES
    }
    kept: dict[str, list[Transcript]] = {gene: [] for gene in GENES}
    for name, offset, biotype, strand, *features in read_lines(
        archive, "gene-structures/homo-sapiens-gene-structures.tsv.gz"
    ):
        gene = name.rpartition("-")[0]
        if gene not in GENES or biotype != "0" or len(kept[gene]) > OTHER_TRANSCRIPTS:
            continue
        start = starts[gene][0] + GENES[gene][0] + int(offset)
        intervals: dict[str, list[tuple[int, int]]] = {UTR_5: [], EXON: [], UTR_3: []}
        for feature in features:
            kind, first, length = feature.split(";")
            intervals[kind].append((start + int(first), start + int(first) + int(length)))
        transcript = Transcript(
            gene=gene,
            gene_id=starts[gene][1],
            name=name,
            # ideogram lists the canonical transcript of a gene first.
            canonical=not kept[gene],
            strand=strand,
            exons=tuple(sorted(intervals[EXON])),
            coding=coding_parts(sorted(intervals[EXON]), intervals[UTR_5] + intervals[UTR_3]),
        )
        bases = coding_sequence(transcript, genome)
        if is_whole(bases):
            kept[gene].append(transcript)
        elif transcript.canonical:
            raise SystemExit(f"{name}: not a coding sequence on this reference")
    for gene, transcripts in kept.items():
        residues = len(coding_sequence(transcripts[0], genome)) // 3 - 1
        if residues != GENES[gene][1]:
            raise SystemExit(f"{gene}: {residues} residues, expected {GENES[gene][1]}")
    return [transcript for transcripts in kept.values() for transcript in transcripts]


def gtf_lines(transcripts: list[Transcript]) -> Iterator[str]:
    """GTF of the transcripts, by gene start; phases as the format wants them."""
    genes: dict[str, list[Transcript]] = {}
    for transcript in transcripts:
        genes.setdefault(transcript.gene, []).append(transcript)

    def line(kind: str, start: int, end: int, strand: str, phase: str, attributes: str) -> str:
        return f"20\tideogram\t{kind}\t{start}\t{end}\t.\t{strand}\t{phase}\t{attributes}\n"

    def first_base(members: list[Transcript]) -> int:
        return min(member.exons[0][0] for member in members)

    for members in sorted(genes.values(), key=first_base):
        head = members[0]
        gene = f'gene_id "{head.gene_id}"; gene_name "{head.gene}"; gene_biotype "protein_coding";'
        end = max(member.exons[-1][1] for member in members)
        yield line("gene", first_base(members), end, head.strand, ".", gene)
        for member in members:
            ids = f'{gene} transcript_id "{member.name}"; transcript_biotype "protein_coding";'
            if member.canonical:
                ids += ' tag "Ensembl_canonical";'
            yield line(
                "transcript", member.exons[0][0], member.exons[-1][1], member.strand, ".", ids
            )
            forward = member.strand == "+"
            for number, (a, b) in enumerate(member.exons[:: 1 if forward else -1], start=1):
                yield line("exon", a, b, member.strand, ".", f'{ids} exon_number "{number}";')
            done = 0
            for a, b in member.coding[:: 1 if forward else -1]:
                yield line("CDS", a, b, member.strand, str(-done % 3), ids)
                done += b - a + 1


def key_list(archive: tarfile.TarFile, key: str) -> list[str]:
    """One of the lists of names at the head of ideogram's variant index."""
    packed = archive.extractfile(f"{CACHE}/variants/homo-sapiens-variants.tsv.li.gz")
    assert packed is not None
    text = gzip.decompress(packed.read()).decode()
    match = re.search(rf"^# {key} = \[(.*)\]$", text, flags=re.MULTILINE)
    assert match is not None, key
    return re.findall(r'"([^"]*)"', match.group(1))


def clinical_lines(
    archive: tarfile.TarFile, transcripts: list[Transcript], genome: pysam.FastaFile
) -> Iterator[str]:
    """VCF of the ClinVar variants in the genes; one whose REF is not the sequence is left out."""
    significances = key_list(archive, "clinical_significances")
    reviews = key_list(archive, "clinical_review_statuses")
    yield "##fileformat=VCFv4.2\n"
    yield "##source=ClinVar 2024-12-15 by way of ideogram 1.53.0, moved to GRCh37 per gene\n"
    yield f"##contig=<ID=20,length={genome.get_reference_length('20')}>\n"
    yield '##INFO=<ID=CLNSIG,Number=1,Type=String,Description="Clinical significance">\n'
    yield '##INFO=<ID=CLNREVSTAT,Number=1,Type=String,Description="Review status">\n'
    yield '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene symbol">\n'
    yield "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    spans: dict[str, tuple[int, int]] = {}
    for transcript in transcripts:
        a, b = spans.get(transcript.gene, (sys.maxsize, 0))
        spans[transcript.gene] = (min(a, transcript.exons[0][0]), max(b, transcript.exons[-1][1]))
    rows = []
    for row in read_lines(archive, "variants/homo-sapiens-variants.tsv.gz"):
        if row[0] != "20":
            continue
        for gene, (first, last) in spans.items():
            pos, ref = int(row[1]) + GENES[gene][0], row[3]
            if first <= pos <= last and genome.fetch("20", pos - 1, pos - 1 + len(ref)) == ref:
                info = f"CLNSIG={significances[int(row[8])]};CLNREVSTAT={reviews[int(row[7])]}"
                rows.append((pos, ref, row[4], f"20\t{pos}\t{row[2]}\t{ref}\t{row[4]}", info, gene))
    for *_, head, info, gene in sorted(rows):
        yield f"{head}\t.\t.\t{info};GENE={gene}\n"


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ideogram", type=Path, required=True, help="npm's ideogram-1.53.0.tgz")
    parser.add_argument("--reference", type=Path, required=True, help="GRCh37 chromosome 20")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for genes.gtf, clinical.vcf"
    )
    args = parser.parse_args(argv)
    genome = pysam.FastaFile(str(args.reference))
    with tarfile.open(args.ideogram) as archive:
        transcripts = read_transcripts(archive, genome)
        (args.out / "genes.gtf").write_text("".join(gtf_lines(transcripts)))
        clinical = "".join(clinical_lines(archive, transcripts, genome))
        (args.out / "clinical.vcf").write_text(clinical)


if __name__ == "__main__":
    sys.exit(main())
