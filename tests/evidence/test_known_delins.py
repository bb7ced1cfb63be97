"""In-frame delins of EGFR and KIT: however callers split them, one event with the known name."""

import random
from pathlib import Path

import polars as pl
import pysam
import pytest

from cohort_tables import variant, write_cohort
from onconcord.annotated.names import Namer
from onconcord.calls.callers import Caller
from onconcord.decision.choose import choose
from onconcord.evidence.collect import collect_evidence
from onconcord.evidence.events import KEY
from onconcord.evidence.fragments import Limits
from onconcord.evidence.normal_form import Allele, normalise, split
from onconcord.evidence.recount import SCHEMA, recount
from onconcord.evidence.tables import EVIDENCE_SCHEMA, read_checked
from onconcord.questions.explain import explain
from onconcord.questions.sources import open_source
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import Transcript

EXONS = {
    "EGFR": (
        729,
        "GGACTCTGGATCCCAGAAGGTGAGAAAGTTAAAATTCCCGTCGCTATCAAGGAATTAAGAGAAGCAACATCTCCGAAAGCCAACAAGGAAATCCTC"
        "GAT",
    ),
    "KIT": (
        550,
        "AAACCCATGTATGAAGTACAGTGGAAGGTTGTTGAGGAGATAAATGGAAACAATTATGTTTACATAGACCCAACACAACTTCCTTATGATCACAAA"
        "TGGGAGTTTCCCAGAAACAGGCTGAGT",
    ),
}
"""First codon and coding bases of exon 19 of EGFR and exon 11 of KIT."""
LEFT = 120

KNOWN = [
    ("EGFR", 2238, "ATTAAGAGAAGCAAC", "GCA", "p.Leu747_Thr751delinsGln"),
    ("EGFR", 2238, "ATTAAGAGAAG", "GC", "p.Leu747_Ala750delinsPro"),
    ("EGFR", 2237, "AATTAAGAGAAGCAACATC", "T", "p.Glu746_Ser752delinsVal"),
    ("EGFR", 2239, "TTAAGAGAAGCAACA", "CCG", "p.Leu747_Thr751delinsPro"),
    ("KIT", 1669, "TGGAAG", "TGT", "p.Trp557_Lys558delinsCys"),
    ("KIT", 1667, "AGTGGAAGGTTGT", "C", "p.Gln556_Val560delinsPro"),
    ("KIT", 1669, "TGGAAGGTT", "AAC", "p.Trp557_Val559delinsAsn"),
]
"""Gene, first coding base (c.), the bases there, those in their place, and the name."""


class Gene:
    """A genome of one gene, whose coding sequence is made up but for one exon's part."""

    def __init__(self, folder: Path, gene: str) -> None:
        first, exon = EXONS[gene]
        draw = random.Random(5)
        plain = ["GCT", "CTG", "GAC", "AAG", "TCC", "GGA", "CAT", "ATC", "GTG", "TAC"]
        cds = "ATG" + "".join(draw.choice(plain) for _ in range(first - 2)) + exon
        cds += "".join(draw.choice(plain) for _ in range(40)) + "TAA"
        around = ["".join(draw.choices("ACGT", k=LEFT)) for _ in range(2)]
        self.sequence = around[0] + cds + around[1]
        self.folder = folder
        fasta = folder / "genome.fa"
        fasta.write_text(f">7\n{self.sequence}\n")
        pysam.faidx(str(fasta))
        size = len(self.sequence)
        (folder / "contigs.tsv").write_text(
            "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp\n"
            f"chr7\t7\t{size}\tx\tSQ.x\t1\t0\n"
        )
        self.genome = Genome(fasta)
        coding = (LEFT, LEFT + len(cds))
        self.transcript = Transcript("T.1", "7", 1, (coding,), coding, len(cds))

    def event(self, coding: int, ref: str, alt: str) -> Allele:
        """The event in normal form, from its first coding base."""
        start0 = LEFT + coding - 1
        assert self.sequence[start0 : start0 + len(ref)] == ref
        anchor = self.sequence[start0 - 1]
        return normalise(self.genome, Allele("7", start0, anchor + ref, anchor + alt))

    def name(self, event: Allele) -> str | None:
        named = Namer(self.genome).names(self.transcript, event.pos, event.ref, event.alt)
        return named.protein.short

    def write_reads(self, path: Path, event: Allele, carriers: int) -> None:
        """Forty reads of 100 bases over the event, `carriers` of them of its haplotype."""
        carried = self.sequence[: event.start0] + event.alt + self.sequence[event.end0 :]
        header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "7", "LN": len(carried)}]}
        header["SQ"][0]["LN"] = len(self.sequence)
        with pysam.AlignmentFile(str(path), "wb", header=header) as file:
            for number in range(40):
                one = pysam.AlignedSegment()
                start0 = event.start0 - 60 + number
                bases = (carried if number % 40 < carriers else self.sequence)[start0:][:100]
                one.query_name, one.query_sequence = f"r{number}", bases
                one.reference_id, one.reference_start = 0, start0
                one.mapping_quality, one.cigarstring = 60, "60M40S" if number < 20 else "100M"
                one.query_qualities = pysam.qualitystring_to_array("E" * 100)
                file.write(one)
        pysam.index(str(path))

    def chosen(self, event: Allele, **calls: list[Allele]) -> pl.DataFrame:
        """What the reads leave of the callers' records, each of which is phased and passes."""
        paths = {name: self._vcf(name, found) for name, found in calls.items()}
        caller = {
            name: Caller(name, "", name, ("SNV",), True, "TLOD", "INFO/TLOD", "PID", ("TLOD",))
            for name in calls
        }
        out = {name: self.folder / name for name in ("evidence", "rejected", "sites.vcf.gz")}
        collect_evidence(
            *(paths, caller, "TUM", "NOR", self.folder / "genome.fa", self.folder / "contigs.tsv"),
            *out.values(),
        )
        for role, carriers in (("tumour", 24), ("normal", 0)):
            self.write_reads(self.folder / f"{role}.bam", event, carriers)
        (self.folder / "targets.bed").write_text(f"7\t0\t{len(self.sequence)}\n")
        counts = self.folder / "recount"
        recount(
            out["sites.vcf.gz"],
            [],
            self.folder / "genome.fa",
            self.folder / "targets.bed",
            {role: self.folder / f"{role}.bam" for role in ("tumour", "normal")},
            Limits(20, 15),
            counts,
            self.folder / "background",
        )
        evidence = read_checked(out["evidence"], EVIDENCE_SCHEMA)
        return choose(evidence, read_checked(counts, SCHEMA))

    def _vcf(self, name: str, found: list[Allele]) -> Path:
        lines = [
            "##fileformat=VCFv4.2",
            f"##contig=<ID=7,length={len(self.sequence)}>",
            '##INFO=<ID=TLOD,Number=A,Type=Float,Description="Score">',
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
            '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
            '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">',
            '##FORMAT=<ID=PID,Number=1,Type=String,Description="Phase">',
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUM\tNOR",
            *(
                f"7\t{one.pos}\t.\t{one.ref}\t{one.alt}\t50\tPASS\tTLOD=40\tGT:DP:AD:PID"
                "\t0|1:40:16,24:h1\t0|0:40:40,0:h1"
                for one in sorted(found)
            ),
        ]
        path = self.folder / f"{name}.vcf"
        path.write_text("\n".join(lines) + "\n")
        return Path(pysam.tabix_index(str(path), preset="vcf", force=True))


@pytest.mark.parametrize(("gene", "coding", "ref", "alt", "name"), KNOWN)
def test_a_known_delins_is_one_event_under_its_name(tmp_path, gene, coding, ref, alt, name):
    place = Gene(tmp_path, gene)
    event = place.event(coding, ref, alt)
    found = place.chosen(event, split=list(split(place.genome, event)), whole=[event])
    assert set(found.select(KEY).rows()) == {("7", event.pos, event.ref, event.alt)}
    assert dict(found.select("caller", "is_pass").rows()) == {"split": True, "whole": True}
    assert place.name(event) == name


@pytest.mark.slow
def test_two_phased_frameshifts_are_one_delins_and_explain_finds_it(tmp_path):
    place = Gene(tmp_path, "EGFR")
    gene, coding, ref, alt, name = KNOWN[0]
    event = place.event(coding, ref, alt)
    # AAGG[AATTAAGAGA]AGCA[AC]ATCT: two frameshifts in phase.
    first = place.event(2237, "AATTAAGAGA", "")
    second = place.event(2251, "AC", "")
    found = place.chosen(event, mutect2=[first, second], freebayes=[event])
    assert found.select("caller", *KEY, "match").rows() == [
        ("freebayes", "7", event.pos, event.ref, event.alt, "exact"),
        ("mutect2", "7", event.pos, event.ref, event.alt, "atoms_all"),
    ]
    locus = ("chr7", event.pos, event.ref, event.alt)
    row = variant("TUM-A01", locus, gene_symbol=gene, hgvsp=place.name(event))
    assert row["hgvsp"] == name
    source = open_source(write_cohort(tmp_path, variants=[row], decisions=[], calls=[]))
    for asked in ("EGFR:p.Leu747_Thr751delinsGln", "EGFR:p.L747_T751delinsQ"):
        (explained,) = explain(source, "TUM-A01", asked)
        assert (explained.verdict, explained.variant_key) == ("kept", ":".join(map(str, locus)))


@pytest.mark.slow
@pytest.mark.parametrize("gene", list(EXONS))
def test_random_delins_in_frame_are_one_event(tmp_path, gene):
    place = Gene(tmp_path, gene)
    first, exon = EXONS[gene]
    draw = random.Random(19)
    right, wrong = 0, []
    for _ in range(30):
        start, size = draw.randrange(6, 60), draw.randrange(4, 20)
        added = "".join(draw.choices("ACG", k=size % 3 + 3 * draw.randrange(1, 3)))
        event = place.event(3 * (first - 1) + start + 1, exon[start : start + size], added)
        found = place.chosen(event, split=list(split(place.genome, event)), whole=[event])
        whole = set(found.select(KEY).rows()) == {("7", event.pos, event.ref, event.alt)}
        named = place.name(event) or ""
        right += whole and named.startswith("p.") and "fs" not in named
        if not whole:
            wrong.append((event, found.select("caller", *KEY).rows()))
    assert right >= 0.95 * 30, wrong
