"""Names of single events, as HGVS and the literature write them."""

import gzip
import re

import pysam
import pytest

from annotated_vcf import write_fasta
from hgvs_oracle import numbered, other_strand
from onconcord.annotated.names import Namer
from onconcord.annotated.protein import stated_term
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import Transcript, coding_sequence, transcript_of
from onconcord.runtime import checkout

SHARED = checkout.root().parent / "shared/data"

# M G R * with an intron after the second base of Gly, its UTRs on both sides.
BEFORE, BEHIND = "CCTTC", "ACTTGATAACTAG"
EXONS = (BEFORE + "ATGGG", "GTAAGTCCCCCCCTTTCAG", "GCGTTGG" + "TAA" + BEHIND)
FORWARD = "TTTTT" + "".join(EXONS) + "GGGGG"
FIRST = (5, 15)
SECOND = (34, 57)


def namer_of(folder, sequence, name="20"):
    return Namer(Genome(write_fasta(folder / "genome.fa", {name: sequence})))


def small(strand=1):
    exons, coding = (FIRST, SECOND), (10, 44)
    if strand < 0:
        end = len(FORWARD)
        exons = tuple((end - b, end - a) for a, b in reversed(exons))
        coding = (end - coding[1], end - coding[0])
    return Transcript("T.1", "20", strand, exons, coding, 15)


def flipped(pos, ref, alt):
    """The same event on the other strand of FORWARD, anchored at the base that comes first."""
    return len(FORWARD) - pos - len(ref) + 2, other_strand(ref), other_strand(alt)


# The CDS is ATG GGG CGT TGG TAA: M G R W *; c.1 is position 11, c.6 is 35.
CASES = [
    ((11, "A", "G"), "c.1A>G", "p.Met1?", None),
    ((14, "G", "A"), "c.4G>A", "p.Gly2Arg", None),
    ((35, "G", "A"), "c.6G>A", "p.Gly2=", None),
    ((41, "G", "A"), "c.12G>A", "p.Trp4Ter", None),
    ((36, "CGT", "TGC"), "c.7_9delinsTGC", "p.Arg3Cys", None),
    ((38, "TTGG", "GCCG"), "c.9_11delinsGCC", "p.Trp4Pro", None),
    ((35, "GCGT", "G"), "c.7_9del", "p.Arg3del", None),
    ((38, "T", "TCGT"), "c.7_9dup", "p.Arg3dup", None),
    ((38, "T", "TGAC"), "c.9_10insGAC", "p.Arg3_Trp4insAsp", None),
    ((35, "G", "GA"), "c.6_7insA", "p.Arg3fs", "p.Arg3ThrfsTer?"),
    ((35, "GC", "G"), "c.7del", "p.Arg3fs", "p.Arg3ValfsTer7"),
    ((42, "T", "C"), "c.13T>C", "p.Ter5GlnextTer2", None),
    ((44, "A", "G"), "c.15A>G", "p.Ter5=", None),
    ((45, "A", "T"), "c.*1A>T", None, None),
    ((9, "T", "C"), "c.-2T>C", None, None),
    ((4, "T", "C"), "c.-7T>C", None, None),
    ((16, "G", "A"), "c.5+1G>A", "p.?", None),
    ((18, "A", "C"), "c.5+3A>C", None, None),
    ((33, "A", "C"), "c.6-2A>C", "p.?", None),
    ((24, "C", "A"), "c.5+9C>A", None, None),
    ((15, "GG", "CT"), "c.5_5+1delinsCT", "p.?", None),
    ((36, "C", "CAGGC"), "c.6-2_7dup", "p.?", None),
    ((36, "CGTT", "AACG"), "c.7_10inv", "p.Arg3_Trp4delinsAsnGly", None),
]


@pytest.mark.parametrize(("event", "coding", "short", "full"), CASES)
@pytest.mark.parametrize("strand", [1, -1])
def test_an_event_has_its_name_on_either_strand(tmp_path, strand, event, coding, short, full):
    sequence = FORWARD if strand > 0 else other_strand(FORWARD)
    event = event if strand > 0 else flipped(*event)
    found = namer_of(tmp_path, sequence).names(small(strand), *event)
    assert (found.coding, found.protein.short, found.protein.full) == (coding, short, full or short)


@pytest.mark.parametrize(
    ("event", "coding", "protein"),
    [
        pytest.param((11, "TGGC", "T"), "c.10_12del", "p.Gly4Ter", id="the last residue goes"),
        pytest.param((8, "GCGTGGC", "G"), "c.7_12del", "p.Arg3Ter", id="the last two go"),
        pytest.param((14, "C", "CGGC"), "c.10_12dup", "p.Ter5GlyextTer1", id="the last twice"),
        pytest.param((14, "C", "CACC"), "c.12_13insACC", "p.Ter5ThrextTer1", id="one more"),
        pytest.param(
            (14, "C", "CACCCACTAG"), "c.12_13insACCCACTAG", "p.Ter5ThrextTer2", id="and a stop"
        ),
        pytest.param(
            (11, "TGGCTAA", "T"), "c.10_15del", "p.Gly4ThrfsTer2", id="the stop and one before it"
        ),
        pytest.param(
            (13, "GCTAA", "ATTAG"), "c.11_15delinsATTAG", "p.Gly4Asp", id="the stop is another"
        ),
        pytest.param((8, "G", "GAGATAG"), "c.6_7insAGATAG", "p.Gly4Ter", id="as before, a stop"),
        pytest.param(
            (8, "G", "GAGATCATAG"), "c.6_7insAGATCATAG", "p.Arg3_Gly4insSerTer", id="as before"
        ),
        pytest.param(
            (8, "G", "GAGAGGATAG"), "c.6_7insAGAGGATAG", "p.Ter5=", id="the same, with a stop"
        ),
    ],
)
def test_what_ends_a_protein_is_named_by_the_first_residue_that_differs(
    tmp_path, event, coding, protein
):
    sequence = "CC" + "ATGGGGCGTGGCTAA" + "ACTTGATAACTAG"
    transcript = Transcript("E.1", "20", 1, ((0, len(sequence)),), (2, 17), 15)
    found = namer_of(tmp_path, sequence).names(transcript, *event)
    assert (found.coding, found.protein.full) == (coding, protein)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param((12, "T", "A"), (), id="4th base before an intron"),
        pytest.param((13, "G", "A"), ("region",), id="3rd base before an intron"),
        pytest.param((15, "G", "A"), ("region",), id="last base of an exon"),
        pytest.param((16, "G", "A"), ("donor",), id="base 1"),
        pytest.param((17, "T", "A"), ("donor",), id="base 2"),
        pytest.param((18, "A", "C"), ("donor_region", "polypyrimidine_tract"), id="base 3"),
        pytest.param((20, "G", "C"), ("donor_5th_base", "polypyrimidine_tract"), id="base 5"),
        pytest.param((22, "C", "G"), ("region", "polypyrimidine_tract"), id="base 7"),
        pytest.param((24, "C", "G"), ("polypyrimidine_tract",), id="base 9, 11 before an exon"),
        pytest.param((27, "C", "G"), ("region", "polypyrimidine_tract"), id="8 before an exon"),
        pytest.param((32, "C", "A"), ("region", "polypyrimidine_tract"), id="3 before an exon"),
        pytest.param((33, "A", "C"), ("acceptor",), id="2 before an exon"),
        pytest.param((35, "G", "A"), ("region",), id="first base of an exon"),
        pytest.param((37, "G", "A"), ("region",), id="3rd base of an exon"),
        pytest.param((38, "T", "A"), (), id="4th base of an exon"),
        pytest.param((6, "C", "A"), (), id="first base of a transcript"),
        pytest.param((57, "G", "A"), (), id="last base of a transcript"),
        pytest.param((58, "G", "A"), (), id="behind it"),
        pytest.param((17, "TAAG", "T"), ("donor_5th_base", "polypyrimidine_tract"), id="deleted"),
        pytest.param(
            (14, "GGGTA", "G"), ("donor", "donor_region", "polypyrimidine_tract"), id="over it"
        ),
        pytest.param((18, "A", "AGC"), ("donor_region", "polypyrimidine_tract"), id="inserted"),
        pytest.param((16, "G", "GCC"), ("donor",), id="inserted within the donor"),
        pytest.param((17, "T", "TCC"), ("region",), id="inserted behind the donor"),
        pytest.param((15, "G", "GCC"), ("region",), id="inserted before the donor"),
        pytest.param((34, "G", "GCC"), ("region",), id="inserted before an exon"),
        pytest.param((5, FORWARD[4:57], "T"), (), id="the whole transcript"),
    ],
)
@pytest.mark.parametrize("strand", [1, -1])
def test_the_ends_of_an_intron_have_terms(tmp_path, strand, event, expected):
    sequence = FORWARD if strand > 0 else other_strand(FORWARD)
    event = event if strand > 0 else flipped(*event)
    found = namer_of(tmp_path, sequence).names(small(strand), *event)
    assert found.splice == tuple(f"splice_{name}_variant" for name in expected)


@pytest.mark.parametrize(
    ("name", "of_substitution", "of_indel"),
    [
        ("p.Met1?", "start_lost", "start_lost"),
        ("p.Met1=", "start_retained_variant", "start_retained_variant"),
        ("p.Gly2=", "synonymous_variant", "synonymous_variant"),
        ("p.Gly2_Arg3=", "synonymous_variant", "synonymous_variant"),
        ("p.Ter5=", "stop_retained_variant", "stop_retained_variant"),
        ("p.Gly2Arg", "missense_variant", None),
        ("p.Sec2Arg", "missense_variant", None),
        ("p.Gly2_Arg3delinsAlaTrp", "missense_variant", None),
        ("p.Trp4Ter", "stop_gained", "stop_gained"),
        ("p.Arg3_Trp4insLeuTer", "stop_gained", "stop_gained"),
        ("p.Ter5GlnextTer2", "stop_lost", "stop_lost"),
        ("p.Trp4fs", "stop_lost", None),
        ("p.?", None, None),
        (None, None, None),
    ],
)
def test_a_protein_name_states_a_term(name, of_substitution, of_indel):
    assert stated_term(name, is_substitution=True).term == of_substitution
    assert stated_term(name, is_substitution=False).term == of_indel


def test_a_transcript_that_codes_for_nothing_has_n_numbers_within_it(tmp_path):
    namer = namer_of(tmp_path, FORWARD)
    transcript = Transcript("N.1", "20", 1, (FIRST, SECOND))
    assert namer.names(transcript, 14, "G", "A").coding == "n.9G>A"
    assert namer.names(transcript, 17, "T", "A").coding == "n.10+2T>A"
    assert namer.names(transcript, 4, "T", "C").coding is None
    assert namer.names(transcript, 14, "G", "A").protein.short is None


def test_a_genomic_name_is_shifted_as_well(tmp_path):
    namer = namer_of(tmp_path, FORWARD)
    assert namer.genomic("20", 14, "G", "A") == "g.14G>A"
    assert namer.genomic("20", 22, "CC", "C") == "g.28del"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "ok"),
        ({"coding": (10, 43), "coding_bp": 14}, "not_in_frame"),
        ({"coding": (10, 41), "coding_bp": 12}, "no_stop"),
        ({"coding": (13, 44), "coding_bp": 12}, "no_start"),
        ({"coding": (13, 44), "coding_bp": 12, "notes": {"other_start"}}, "ok"),
        ({"coding_bp": 14}, "not_of_exons"),
        ({"notes": {"incomplete_start"}}, "incomplete_start"),
        ({"notes": {"incomplete_end"}}, "incomplete_end"),
        ({"coding": (10, 50), "coding_bp": 21}, "inner_stop"),
        ({"coding": (10, 50), "coding_bp": 21, "notes": {"readthrough"}}, "readthrough"),
        ({"coding": (10, 50), "coding_bp": 21, "notes": {"selenocysteine"}}, "inner_stop"),
    ],
)
def test_a_coding_sequence_that_is_not_sound_names_no_protein(tmp_path, changes, status):
    namer = namer_of(tmp_path, FORWARD)
    plain = {"transcript_id": "T.1", "chrom": "20", "strand": 1, "exons": (FIRST, SECOND)}
    plain |= {"coding": (10, 44), "coding_bp": 15, **changes}
    transcript = Transcript(**plain | {"notes": frozenset(changes.get("notes", ()))})
    assert namer.coding_sequence(transcript).status == status
    named = namer.names(transcript, 36, "C", "A")
    assert named.coding is not None
    assert (named.protein.short is not None) == (status == "ok")
    assert (namer.names(transcript, 16, "G", "A").protein.short == "p.?") == (status == "ok")


def test_a_selenocysteine_is_one_where_its_codon_is_left_alone(tmp_path):
    sequence = "CC" + "ATGTGAGCATGA" + "TAACC"
    namer = namer_of(tmp_path, sequence)
    notes = frozenset({"selenocysteine"})
    transcript = Transcript("S.1", "20", 1, ((0, len(sequence)),), (2, 17), 15, notes=notes)
    assert namer.coding_sequence(transcript).protein == "MUAU*"
    assert namer.names(transcript, 6, "T", "C").protein.short == "p.Sec2Arg"
    assert namer.names(transcript, 8, "AG", "CC").protein.short == "p.Sec2_Ala3delinsCysPro"
    assert namer.names(transcript, 8, "A", "G").protein.short == "p.Sec2Trp"


def test_a_start_codon_is_methionine_whatever_it_is(tmp_path):
    sequence = "CC" + "CTGGCCTGGTAA" + "CC"
    namer = namer_of(tmp_path, sequence)
    transcript = Transcript(
        "O.1", "20", 1, ((0, len(sequence)),), (2, 14), 12, notes=frozenset({"other_start"})
    )
    assert namer.coding_sequence(transcript).protein == "MAW*"
    assert namer.names(transcript, 5, "G", "GCTG").protein.short == "p.Met1_Ala2insLeu"
    assert namer.names(transcript, 3, "C", "G").protein.short == "p.Met1?"
    assert namer.names(transcript, 3, "C", "A").protein.short == "p.Met1="


def test_mitochondria_have_a_code_of_their_own_and_stops_that_a_tail_completes(tmp_path):
    # ATA TGA AGT TA(A): M W S *, in the code of mitochondria.
    sequence = "GG" + "ATATGAAGTTA"
    namer = namer_of(tmp_path, sequence, "MT")
    transcript = Transcript("M.1", "MT", 1, ((2, 13),), (2, 13), 11, is_mitochondrial=True)
    found = namer.coding_sequence(transcript)
    assert (found.status, found.protein) == ("ok", "MWS*")
    assert namer.names(transcript, 10, "G", "A").protein.short == "p.Ser3Asn"
    assert namer.names(transcript, 5, "A", "G").protein.short == "p.Met1="
    assert namer.names(transcript, 5, "A", "C").protein.short == "p.Met1="
    assert namer.names(transcript, 4, "T", "C").protein.short == "p.Met1?"
    standard = Transcript("M.1", "MT", 1, ((2, 13),), (2, 13), 11)
    assert coding_sequence(standard, Genome(tmp_path / "genome.fa")).status == "not_in_frame"


LITERATURE = [
    ("EGFR", ("chr7", 191822, "T", "G"), "c.2573T>G", "p.Leu858Arg"),
    ("EGFR", ("chr7", 181378, "C", "T"), "c.2369C>T", "p.Thr790Met"),
    ("EGFR", ("chr7", 174771, "AGGAATTAAGAGAAGC", "A"), "c.2235_2249del", "p.Glu746_Ala750del"),
    ("EGFR", ("chr7", 174014, "G", "A"), "c.2155G>A", "p.Gly719Ser"),
    ("EGFR", ("chr7", 181312, "G", "T"), "c.2303G>T", "p.Ser768Ile"),
    ("KIT", ("chr4", 733155, "A", "T"), "c.2447A>T", "p.Asp816Val"),
    ("KIT", ("chr4", 728092, "T", "C"), "c.1961T>C", "p.Val654Ala"),
    ("KIT", ("chr4", 727437, "T", "C"), "c.1669T>C", "p.Trp557Arg"),
    ("TERT", ("chr5", 295113, "G", "A"), "c.-124C>T", None),
    ("TERT", ("chr5", 295135, "G", "A"), "c.-146C>T", None),
    ("BRCA1", ("chr17", 124027, "ACT", "A"), "c.68_69del", "p.Glu23ValfsTer17"),
    ("BRCA1", ("chr17", 57062, "T", "TG"), "c.5266dup", "p.Gln1756ProfsTer74"),
    ("BRCA1", ("chr17", 106487, "A", "C"), "c.181T>G", "p.Cys61Gly"),
    ("BRCA2", ("chr13", 340300, "GT", "G"), "c.5946del", "p.Ser1982ArgfsTer22"),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Real genes on their genome, from beside the checkout."""
    packed = SHARED / "reference/mini_grch38.fa.gz"
    if not packed.exists():
        pytest.skip("no gene models beside the checkout")
    fasta = tmp_path_factory.mktemp("real") / "genome.fa"
    fasta.write_bytes(gzip.decompress(packed.read_bytes()))
    pysam.faidx(str(fasta))
    genome = Genome(fasta)
    lengths = {name: contig.length for name, contig in genome.contigs.items()}
    model = GeneModel(SHARED / "annotation/genes.local.gtf", lengths).transcripts
    canonical = {
        row["gene_symbol"]: transcript_of(row | {"is_mitochondrial": False})
        for row in model.iter_rows(named=True)
        if "canonical" in row["notes"]
    }
    return Namer(genome), canonical


@pytest.fixture(scope="module")
def tp53():
    """TP53 on its stretch of chromosome 17, and its bases by their numbers."""
    folder = SHARED / "tp53_1000g"
    if not folder.exists():
        pytest.skip("no gene models beside the checkout")
    genome = Genome(folder / "tp53_hg19.fa")
    lengths = {name: contig.length for name, contig in genome.contigs.items()}
    model = GeneModel(folder / "TP53.local.gff3", lengths).transcripts
    (row,) = model.filter(transcript_id="ENST00000269305").iter_rows(named=True)
    transcript = transcript_of(row | {"is_mitochondrial": False})
    contig = genome.bases(transcript.chrom, 0, genome.contigs[transcript.chrom].length)
    return Namer(genome), transcript, numbered(transcript, contig)


@pytest.mark.parametrize(("gene", "event", "coding", "protein"), LITERATURE)
def test_known_drivers_are_named_as_the_literature_does(real, gene, event, coding, protein):
    namer, canonical = real
    chrom, *allele = event
    assert canonical[gene].chrom == chrom
    found = namer.names(canonical[gene], *allele)
    assert (found.coding, found.protein.full) == (coding, protein)


@pytest.mark.parametrize(
    ("coding", "protein"),
    [
        ("c.524G>A", "p.Arg175His"),
        ("c.637C>T", "p.Arg213Ter"),
        ("c.659A>G", "p.Tyr220Cys"),
        ("c.733G>A", "p.Gly245Ser"),
        ("c.743G>A", "p.Arg248Gln"),
        ("c.818G>A", "p.Arg273His"),
        ("c.844C>T", "p.Arg282Trp"),
        ("c.375+1G>A", "p.?"),
    ],
)
def test_hotspots_of_tp53_are_named_as_the_literature_does(tp53, coding, protein):
    namer, transcript, gene = tp53
    place, old, new = re.fullmatch(r"c\.([0-9+]+)([ACGT])>([ACGT])", coding).groups()
    at = gene.at[place]
    assert gene.bases[at] == old
    pos = gene.first + len(gene.bases) - at
    found = namer.names(transcript, pos, other_strand(old), other_strand(new))
    assert (found.coding, found.protein.full) == (coding, protein)


def test_the_canonical_proteins_of_real_genes_have_their_known_lengths(real):
    namer, canonical = real
    lengths = {gene: len(namer.coding_sequence(one).protein) - 1 for gene, one in canonical.items()}
    assert lengths == {
        **{"ARID1A": 2285, "KIT": 976, "TERT": 1132, "EGFR": 1210},
        **{"BRCA2": 3418, "BRCA1": 1863, "DYRK1A": 754},
    }
