"""What is committed under resources/demo stands on the sequence, and hangs together."""

import csv
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cyvcf2
import pytest

from onconcord.annotated.names import Namer
from onconcord.demo.simulate import END_BP, FLANK_BP, read_samples, simulated_regions
from onconcord.evidence.normal_form import Allele, normalise, variant_class
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome
from onconcord.reference.transcripts import transcript_of
from onconcord.runtime import checkout

ROOT = checkout.root()
DEMO = ROOT / "resources/demo"
PACKAGED = Path("/usr/share/doc/vt/examples/ref/20.fa.gz")
RESIDUES = {
    "ASXL1": 1541,
    "GNAS": 394,
    "SRC": 536,
    "AURKA": 403,
    "TOP1": 765,
    "PTPRT": 1441,
    "BCL2L1": 233,
    "ZNF217": 1048,
    "PLCG1": 1291,
}
COMPLEMENT = str.maketrans("ACGT", "TGCA")


@pytest.fixture(scope="session")
def chr20(tmp_path_factory):
    """GRCh37 chromosome 20: the demo's, if it has run, else unpacked from Debian's package."""
    fasta = ROOT / ".tools/demo/reference/chr20.fa"
    if not Path(f"{fasta}.fai").exists():
        if not PACKAGED.exists():
            pytest.skip("neither the demo's chromosome 20 nor Debian's vt-examples is here")
        folder = tmp_path_factory.mktemp("chr20")
        subprocess.run([ROOT / "scripts/demo_reference.sh", folder, "fasta"], check=True)
        fasta = folder / "chr20.fa"
    return Genome(fasta)


def rows(name):
    with (DEMO / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def allele(row):
    return Allele(row["chrom"], int(row["pos"]), row["ref"], row["alt"])


def vcf_alleles(name):
    with cyvcf2.VCF(str(DEMO / name)) as records:
        return [Allele(one.CHROM, one.POS, one.REF, one.ALT[0]) for one in records]


def coding_sequences(genome):
    """Gene, whether canonical, and coding bases of every transcript of the gene model."""
    found = {}
    for line in (DEMO / "genes.gtf").read_text().splitlines():
        _, _, kind, start, end, _, strand, _, attributes = line.split("\t")
        if kind == "CDS":
            named = dict(part.split(" ", 1) for part in attributes.rstrip(";").split("; "))
            key = named["transcript_id"].strip('"')
            bases = genome.bases("20", int(start) - 1, int(end))
            if strand == "-":
                bases = bases.translate(COMPLEMENT)[::-1]
            gene = named["gene_name"].strip('"')
            before = found[key][2] if key in found else ""
            found[key] = (gene, "tag" in named, before + bases)
    return found


def test_every_coding_sequence_is_whole(chr20):
    stops = {"TAA", "TAG", "TGA"}
    for transcript, (_, _, bases) in coding_sequences(chr20).items():
        codons = [bases[at : at + 3] for at in range(0, len(bases), 3)]
        found = (codons[0], len(bases) % 3, codons[-1] in stops, stops & set(codons[:-1]))
        assert found == ("ATG", 0, True, set()), transcript


def test_each_gene_has_one_canonical_transcript_of_the_right_length(chr20):
    canonical = [
        (gene, len(bases) // 3 - 1)
        for gene, is_canonical, bases in coding_sequences(chr20).values()
        if is_canonical
    ]
    assert sorted(canonical) == sorted(RESIDUES.items())


def test_codon_201_of_gnas_stands_where_the_hotspots_are(chr20):
    bases = coding_sequences(chr20)["GNAS-210"][2]
    assert bases[600:603] == "CGT"
    assert chr20.bases("20", 57484419, 57484422) == "CGT"


@pytest.mark.parametrize(
    "name", ["germline.tsv", "somatic.tsv", "hotspots.tsv", "population.vcf", "clinical.vcf"]
)
def test_alleles_are_in_normal_form(chr20, name):
    alleles = vcf_alleles(name) if name.endswith(".vcf") else [allele(row) for row in rows(name)]
    assert alleles
    for one in alleles:
        assert chr20.bases("20", one.start0, one.end0) == one.ref
        # ClinVar has two spellings that the pipeline's own normalisation takes care of.
        assert name == "clinical.vcf" or normalise(chr20, one) == one


CLINVAR = {
    ("ASXL1", "30986"): ("c.1210C>T", "p.Arg404Ter"),
    ("ASXL1", "812900"): ("c.1900_1922del", "p.Glu635ArgfsTer15"),
    ("ASXL1", "426927"): ("c.1934dup", "p.Gly646TrpfsTer12"),
    ("ASXL1", "620281"): ("c.2077C>T", "p.Arg693Ter"),
    ("ASXL1", "431709"): ("c.3202C>T", "p.Arg1068Ter"),
    ("ASXL1", "488969"): ("c.4243C>T", "p.Arg1415Ter"),
    ("GNAS", "15927"): ("c.1A>G", "p.Met1?"),
    ("GNAS", "15953"): ("c.344C>T", "p.Pro115Leu"),
    ("GNAS", "15932"): ("c.493C>T", "p.Arg165Cys"),
    ("GNAS", "15933"): ("c.601C>T", "p.Arg201Cys"),
    ("GNAS", "15934"): ("c.602G>A", "p.Arg201His"),
    ("GNAS", "15946"): ("c.692G>A", "p.Arg231His"),
    ("GNAS", "15941"): ("c.772C>T", "p.Arg258Trp"),
    ("GNAS", "29747"): ("c.1174G>A", "p.Glu392Lys"),
}
"""What ClinVar calls some of them; it says start loss as p.Met1Val, which HGVS writes p.Met1?."""


def test_clinical_variants_of_the_demo_have_the_names_that_clinvar_gives_them(chr20):
    """Ideogram's extract of ClinVar, which they are from, has no names to compare all with."""
    model = GeneModel(DEMO / "genes.gtf", {"20": chr20.contigs["20"].length}).transcripts
    canonical = {
        row["gene_symbol"]: transcript_of(row | {"is_mitochondrial": False})
        for row in model.iter_rows(named=True)
        if "canonical" in row["notes"]
    }
    namer, found = Namer(chr20), {}
    with cyvcf2.VCF(str(DEMO / "clinical.vcf")) as records:
        for one in records:
            gene = one.INFO["GENE"]
            names = namer.names(canonical[gene], one.POS, one.REF, one.ALT[0])
            assert names.coding is not None, one.ID
            assert names.protein.full != f"{names.protein.short}=", one.ID
            found[gene, one.ID] = (names.coding, names.protein.full)
    assert {key: found[key] for key in CLINVAR} == CLINVAR


def test_classes_are_those_of_the_alleles():
    for row in rows("somatic.tsv"):
        assert row["class"] == variant_class(row["ref"], row["alt"]), row


def test_every_tumour_has_its_driver_every_class_and_low_and_high_fractions():
    drivers = {
        "TUM-A01": "p.Arg201Cys",
        "TUM-A02a": "p.Arg201His",
        "TUM-A02b": "p.Arg201His",
        "TUM-B01": "p.Gly646fs",
        "TUM-B02": "p.Gly646fs",
    }
    known = {allele(row): row["protein"] for row in rows("hotspots.tsv")}
    for tumour, driver in drivers.items():
        own = [row for row in rows("somatic.tsv") if row["sample"] == tumour]
        assert [known[allele(row)] for row in own if allele(row) in known] == [driver]
        assert {row["class"] for row in own} == {"SNV", "MNV", "INS", "DEL"}
        fractions = [float(row["vaf"]) for row in own]
        assert 0.03 <= min(fractions) < 0.1
        assert 0.5 <= max(fractions) <= 0.6


def test_the_second_tumour_of_a_patient_shares_some_events_and_has_its_own():
    first, second = (
        {allele(row) for row in rows("somatic.tsv") if row["sample"] == tumour}
        for tumour in ("TUM-A02a", "TUM-A02b")
    )
    assert len(first & second) >= 8
    assert len(second - first) >= 8


def test_a_region_has_one_somatic_event_of_a_tumour():
    """A fraction is the share of a haplotype of a region: two of them would share it."""
    regions = simulated_regions(DEMO / "targets.bed", FLANK_BP)
    places = Counter()
    for row in rows("somatic.tsv"):
        inside = [one for one in regions if one[0] < int(row["pos"]) <= one[1] - END_BP]
        assert len(inside) == 1, row
        places[row["sample"], inside[0]] += 1
    assert set(places.values()) == {1}


def test_germline_is_known_by_its_frequency_or_private():
    with cyvcf2.VCF(str(DEMO / "population.vcf")) as records:
        known = {Allele(one.CHROM, one.POS, one.REF, one.ALT[0]): one.INFO["AF"] for one in records}
    private = Counter()
    for row in rows("germline.tsv"):
        if row["population_af"]:
            assert float(row["population_af"]) == pytest.approx(known[allele(row)])
        else:
            assert allele(row) not in known
            private[row["patient"]] += 1
    assert set(private.values()) == {12}
    # Contamination is estimated from sites of moderate frequency; some are met by nobody here.
    assert sum(0.01 <= frequency <= 0.2 for frequency in known.values()) >= 100
    assert {variant_class(one.ref, one.alt) for one in known} == {"SNV", "INS", "DEL"}


def test_events_of_one_patient_keep_apart():
    """Edits within two bases of each other would be one event (normal_form)."""
    tumours = {one.sample: one.patient for one in read_samples(DEMO / "cohort.tsv")}
    germline = rows("germline.tsv")
    for sample in {row["sample"] for row in rows("somatic.tsv")}:
        own = [allele(row) for row in germline if row["patient"] == tumours[sample]]
        own += [allele(row) for row in rows("somatic.tsv") if row["sample"] == sample]
        for one, other in pairwise(sorted(own, key=lambda each: each.pos)):
            assert other.start0 - one.end0 > 3


def test_sheet_and_simulation_name_the_same_reads():
    with (ROOT / "demo/samples.tsv").open(newline="") as file:
        sheet = list(csv.DictReader(file, delimiter="\t"))
    listed = [Path(row[mate]) for row in sheet for mate in ("fastq_1", "fastq_2")]
    reads = Path("../.tools/demo/reads")
    simulated = [path for one in read_samples(DEMO / "cohort.tsv") for path in one.files(reads)]
    assert sorted(listed) == sorted(simulated)
    assert {(row["sample"], row["patient"], row["role"]) for row in sheet} == {
        (one.sample, one.patient, one.role) for one in read_samples(DEMO / "cohort.tsv")
    }
