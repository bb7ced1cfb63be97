"""
Consequences of two annotators, each held against what the bases of the transcript say.

    .venv/bin/python benchmarks/annotators.py --folder demo

SnpEff, which the pipeline runs, and `bcftools csq`, which needs nothing beside bcftools, annotate
the same made-up events in coding exons of a finished folder's gene model. The kind of change that
each states for a transcript of the folder's set (missense, frame shift, ...) is compared with that
of the protein name, which is derived from the transcript's own bases and tested against its
translation.
CPU seconds are of the annotator alone.
"""

import argparse
import random
import re
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pysam

from onconcord.annotated.annotation import Annotation, read_annotation
from onconcord.annotated.clinical import Clinical
from onconcord.annotated.severity import RANKS
from onconcord.evidence.collect import write_site_table
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.reference.sequence import ContigNames, Genome
from onconcord.reference.transcript_set import read_set

KINDS = {
    "synonymous_variant": "synonymous",
    "stop_retained_variant": "synonymous",
    "missense_variant": "missense",
    "frameshift_variant": "frame shift",
    "stop_gained": "stop gained",
    "stop_lost": "stop lost",
    "start_lost": "start lost",
    "initiator_codon_variant": "start lost",
    "splice_acceptor_variant": "splice site",
    "splice_donor_variant": "splice site",
    **dict.fromkeys(
        (
            *("inframe_deletion", "inframe_insertion", "conservative_inframe_deletion"),
            *("conservative_inframe_insertion", "disruptive_inframe_deletion"),
            *("disruptive_inframe_insertion", "inframe_altering"),
        ),
        "in frame",
    ),
}
"""Terms of both annotators that state what becomes of the protein; others state a place."""
NAMES = (
    (r"p\.\?$", "splice site"),
    (r"p\.Met1\?$", "start lost"),
    (r".*=$", "synonymous"),
    (r".*ext", "stop lost"),
    (r".*fs", "frame shift"),
    (r"p\.[A-Z][a-z]{2}\d+Ter$|.*(ins|delins)\w*Ter$", "stop gained"),
    (r"p\.[A-Z][a-z]{2}\d+[A-Z][a-z]{2}$", "missense"),
    (r".*(del|dup|ins)", "in frame"),
)
"""Kinds of change by the form of a protein name, the first that fits."""


def events(genome: Genome, transcripts: pl.DataFrame, count: int) -> list[Allele]:
    """Substitutions, insertions and deletions at random places of coding exons, all different."""
    chance = random.Random(1)
    exons = transcripts.select("chrom", "cds_starts0", "cds_ends0").explode(
        "cds_starts0", "cds_ends0"
    )
    places = exons.drop_nulls().unique(maintain_order=True).rows()
    found: dict[Allele, None] = {}
    while len(found) < count:
        chrom, start0, end0 = chance.choice(places)
        at0 = chance.randrange(start0, end0)
        size = chance.randint(1, 6)
        bases = genome.bases(chrom, at0, at0 + size + 1)
        draw = chance.random()
        if draw < 0.7:
            allele = Allele(chrom, at0 + 1, bases[0], chance.choice("ACGT".replace(bases[0], "")))
        elif draw < 0.85:
            added = "".join(chance.choices("ACGT", k=size))
            allele = Allele(chrom, at0 + 1, bases[0], bases[0] + added)
        else:
            allele = Allele(chrom, at0 + 1, bases, bases[0])
        found[normalise(genome, allele)] = None
    return list(found)


def gff(transcripts: pl.DataFrame) -> Iterator[str]:
    """The gene model as `bcftools csq` reads it: GFF3 with Ensembl's ids, genes in a row."""
    for (gene,), rows in transcripts.group_by("gene_id", maintain_order=True):
        chrom, strand, symbol = rows.select("chrom", "strand", "gene_symbol").row(0)
        line = f"{chrom}\tx\t{{}}\t{{}}\t{{}}\t.\t{strand}\t{{}}\t{{}}\n"
        words = f"ID=gene:{gene};Name={symbol};biotype=protein_coding"
        yield line.format("gene", rows["start0"].min() + 1, rows["end0"].max(), ".", words)
        for row in rows.iter_rows(named=True):
            name = f"transcript:{row['transcript_id']}"
            words = f"ID={name};Parent=gene:{gene};biotype=protein_coding"
            yield line.format("mRNA", row["start0"] + 1, row["end0"], ".", words)
            for start0, end0 in zip(row["exon_starts0"], row["exon_ends0"], strict=True):
                yield line.format("exon", start0 + 1, end0, ".", f"Parent={name}")
            coding = list(zip(row["cds_starts0"], row["cds_ends0"], strict=True))
            before = 0
            for start0, end0 in coding if strand == "+" else reversed(coding):
                yield line.format("CDS", start0 + 1, end0, -before % 3, f"Parent={name}")
                before += end0 - start0


def _run(command: str, folder: Path) -> float:
    """CPU seconds of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def stated(vcf: Path, field: str, effect: int, transcript: int) -> dict[tuple[str, ...], set[str]]:
    """Terms by event and transcript, from a field of parts between bars."""
    found: dict[tuple[str, ...], set[str]] = {}
    with pysam.VariantFile(str(vcf)) as file:
        for record in file:
            for text in record.info.get(field, ()):
                parts = text.split("|")
                if len(parts) > transcript and parts[transcript]:
                    key = (str(record.pos), record.ref, record.alts[0], parts[transcript])
                    found.setdefault(key, set()).update(parts[effect].split("&"))
    return found


def kind_of(terms: set[str]) -> str:
    """The kind of change that the most severe of some terms states."""
    # csq leaves "_variant" away, and marks what lies behind a new stop.
    full = {term if term in KINDS else f"{term.lstrip('*')}_variant" for term in terms}
    known = [term for term in full if term in KINDS]
    return KINDS[min(known, key=lambda term: RANKS.get(term, len(RANKS)))] if known else "none"


def kind_of_name(name: str) -> str:
    """The kind of change that a protein name states."""
    return next((kind for form, kind in NAMES if re.match(form, name)), "in frame")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="finished working folder")
    parser.add_argument("--events", type=int, default=30_000, help="how many")
    args = parser.parse_args()
    reference = args.folder.absolute() / "results/1_reference"
    genome = Genome(reference / "genome.fa")
    transcripts = pl.read_parquet(reference / "transcripts.parquet").filter(
        pl.col("cds_start0").is_not_null()
    )
    chosen = tuple(read_set(reference / "transcript_set.tsv"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        alleles = [
            (allele.chrom, allele.pos, allele.ref, allele.alt)
            for allele in events(genome, transcripts, args.events)
        ]
        sites = pl.DataFrame(alleles, schema=["chrom", "pos", "ref", "alt"], orient="row")
        write_site_table(genome, sites, work / "sites.vcf.gz")
        (work / "genes.gff3").write_text("".join(gff(transcripts)))
        spent = {
            "SnpEff": _run(
                f"snpEff -Xmx2g ann -noLog -nodownload -noLof -noStats -c {reference}/snpeff/snpEff"
                f".config genome {work}/sites.vcf.gz | sed -n '/^##fileformat/,$p' | bgzip > "
                f"{work}/snpeff.vcf.gz; tabix --preset vcf {work}/snpeff.vcf.gz",
                args.folder,
            ),
            "bcftools csq": _run(
                f"bcftools csq --local-csq --fasta-ref {reference}/genome.fa "
                f"--gff {work}/genes.gff3 --output-type z --output {work}/csq.vcf.gz "
                f"{work}/sites.vcf.gz 2>/dev/null; tabix --preset vcf {work}/csq.vcf.gz",
                args.folder,
            ),
        }
        terms = {
            "SnpEff": stated(work / "snpeff.vcf.gz", "ANN", 1, 6),
            "bcftools csq": stated(work / "csq.vcf.gz", "BCSQ", 0, 2),
        }
        annotation = Annotation(
            work / "snpeff.vcf.gz",
            ContigNames.read(reference / "contigs.tsv").table_of,
            genome,
            reference / "transcripts.parquet",
            chosen,
            "",
            Clinical.of(None),
        )
        rows, _, _ = read_annotation(annotation)
    names = rows.filter(
        pl.col("hgvsp").is_not_null()
        & pl.col("transcript_id").is_in([transcript.transcript for transcript in chosen])
    )
    asked = names.select("variant_key", "transcript_id", "hgvsp").unique(maintain_order=True)
    same, differ = Counter[str](), Counter[tuple[str, str, str]]()
    for variant, transcript, name in asked.iter_rows():
        _, pos, ref, alt = variant.split(":")
        wanted = kind_of_name(name)
        kinds = {
            tool: kind_of(of.get((pos, ref, alt, transcript), set())) for tool, of in terms.items()
        }
        same["both"] += len(set(kinds.values())) == 1
        for tool, kind in kinds.items():
            same[tool] += kind == wanted
            if kind != wanted:
                differ[tool, wanted, kind] += 1
    print(f"{args.events} events, {asked.height} of them named on a transcript of the set")
    print(f"both annotators state one kind of change: {same['both'] / asked.height:.2%}")
    for tool, seconds in spent.items():
        share = same[tool] / asked.height
        print(f"{tool}: {share:.2%} as the bases say, {seconds:.1f} CPU s")
    print(f"ratio of CPU seconds: {spent['SnpEff'] / spent['bcftools csq']:.1f}")
    for (tool, wanted, kind), number in differ.most_common():
        print(f"  {tool}: {kind} for {wanted}: {number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
