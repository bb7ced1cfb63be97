"""Every spelling of a variant is the same question, where the genome is at hand."""

import random

import polars as pl
import pytest

from annotated_vcf import write_fasta
from hgvs_oracle import random_event
from onconcord.annotated.names import Namer
from onconcord.annotated.reading import event_of_coding, event_of_genomic
from onconcord.errors import InputError
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.questions.sources import VARIANT_KEY, TableSource
from onconcord.questions.spelling import parse_variant, resolve
from onconcord.reference.prepare import describe_reference, prepare_genes
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import transcript_of
from synthetic_genes import synthetic_model


def test_a_name_leads_back_to_its_event(tmp_path):
    genome, table = synthetic_model(tmp_path, genes=8)
    contig = genome.bases("20", 0, genome.contigs["20"].length)
    namer, chance = Namer(genome), random.Random(5)
    for row in table.iter_rows(named=True):
        transcript = transcript_of(row | {"is_mitochondrial": False})
        for _ in range(40):
            event = random_event(chance, contig, row["start0"] - 20, row["end0"] + 20)
            wanted = normalise(genome, Allele("20", *event))
            name = namer.names(transcript, *event).coding
            found = event_of_coding(transcript, genome, name)
            assert normalise(genome, Allele("20", *found)) == wanted, (event, name)
            name = namer.genomic("20", *event)
            found = event_of_genomic(genome, "20", name)
            assert normalise(genome, Allele("20", *found)) == wanted, (event, name)


def test_what_begins_a_contig_is_anchored_behind(tmp_path):
    genome = Genome(write_fasta(tmp_path / "genome.fa", {"20": "GATTACA"}))
    event = event_of_genomic(genome, "20", "g.1_2del")
    assert event == (1, "GAT", "T")
    assert Namer(genome).genomic("20", *event) == "g.1_2del"


@pytest.fixture(scope="module")
def working(tmp_path_factory):
    """A working folder of one gene, CCATGGCCAAAAAAGGATAA, and a variant: one more A of six."""
    root = tmp_path_factory.mktemp("working")
    folder = root / "results/1_reference"
    folder.mkdir(parents=True)
    fasta = write_fasta(folder / "genome.fa", {"20": "CCATGGCCAAAAAAGGATAACC" + "ACGT" * 30})
    describe_reference(fasta, "custom", folder / "contigs.tsv", folder / "reference.json")
    (root / "genes.gtf").write_text(
        "".join(
            f'20\tx\t{kind}\t{start}\t{end}\t.\t+\t.\tgene_id "G1"; gene_name "GENE"; '
            f'transcript_id "{name}"; tag "{tag}";\n'
            for name, tag, first in (
                ("T0.1", "MANE_Plus_Clinical", 6),
                ("T1.2", "MANE_Select", 3),
            )
            for kind, start, end in (("exon", 1, 22), ("CDS", first, 20))
        )
    )
    out = [folder / name for name in ("genes.gtf", "transcripts.parquet", "transcript_set.tsv")]
    prepare_genes(fasta, folder / "contigs.tsv", root / "genes.gtf", None, *out)
    return TableSource(root, "working")


VARIANTS = pl.DataFrame(
    [
        (
            "chr20:8:C:CA",
            "E",
            "x",
            "chr20",
            8,
            "C",
            "CA",
            "GENE",
            "G1",
            "T1.2",
            "c.12dup",
            "p.Gly5fs",
        )
    ],
    schema=[
        "variant_key",
        "event_id",
        "reference_id",
        *VARIANT_KEY,
        "gene_symbol",
        "gene_id",
        "transcript_id",
        "hgvsc",
        "hgvsp",
    ],
    orient="row",
)


@pytest.mark.parametrize(
    "text",
    [
        "chr20:8:C:CA",
        "20:14:A:AA",
        "20-13-AA-AAA",
        "chr20:g.14dup",
        "NC_000020.11:g.9dupA",
        "chr20:g.8_9insA",
        "GENE:c.12dup",
        "GENE:c.12dupA",
        "T1.2:c.7dup",
        "T1:c.6_7insA",
        "G1:c.12delinsAA",
        "GENE:p.G5fs",
        "GENE:p.(Gly5ArgfsTer2)",
        "T1.1:p.Gly5fs*2",
        "gene:c.12dupa",
        "t1:n.14dup",
        "g1:p.g5rfs*2",
    ],
)
def test_every_spelling_leads_to_the_key(working, text):
    _, alleles = resolve(working, "P", parse_variant(text), VARIANTS)
    assert alleles == [("chr20", 8, "C", "CA")]


def test_a_change_that_two_transcripts_can_have_is_on_the_first_of_the_set(working):
    query, alleles = resolve(working, "P", parse_variant("GENE:c.7A>C"), VARIANTS)
    assert (query.allele, alleles) == (("chr20", 9, "A", "C"), [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("20:14:C:CA", r'"20:14:C:CA": the genome has A there, not C'),
        ("20:g.14C>T", r'"20:g.14C>T" does not fit this genome: are its bases right\?'),
        ("9:g.14C>T", r'"9:g.14C>T": the genome has no contig chr9'),
        ("20:g.14dupC", r'"20:g.14dupC" does not fit this genome: are its bases right\?'),
        ("20:g.13_14delCA", r'"20:g.13_14delCA" does not fit this genome: are its bases right\?'),
        ("20:g.13_14del3insC", r'"20:g.13_14del3insC" does not fit this genome'),
        ("20:g.13_999del", r'"20:g.13_999del" does not fit this genome: are its bases right\?'),
        (
            "GENE:c.12dupC",
            r'"GENE:c.12dupC" does not fit T1.2 or T0.1: are its numbers and bases right\?',
        ),
        (
            "GENE:c.12C>T",
            r'"GENE:c.12C>T" does not fit T1.2 or T0.1: are its numbers and bases right\?',
        ),
        (
            "GENE:c.0C>T",
            r'"GENE:c.0C>T" does not fit T1.2 or T0.1: are its numbers and bases right\?',
        ),
        ("GENE:p.K2R", r'"GENE:p.K2R": residue 2 is not Lys: T1.2 has Ala'),
        ("T1:p.K99R", r'"T1:p.K99R": residue 99 is not Lys: T1.2 has none'),
    ],
)
def test_bases_that_the_genome_has_not_are_refused(working, text, message):
    with pytest.raises(InputError, match=message):
        resolve(working, "P", parse_variant(text), VARIANTS)
