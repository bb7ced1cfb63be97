"""Records of callers become events: one haplotype has one key, however each caller writes it."""

import gzip
import hashlib
import subprocess

import polars as pl
import pysam
import pytest

from onconcord.calls.callers import Caller, read_caller
from onconcord.decision.choose import choose
from onconcord.errors import InputError
from onconcord.evidence.collect import collect_evidence
from onconcord.evidence.events import KEY
from onconcord.evidence.normal_form import Allele, steps
from onconcord.evidence.records import REJECTED_SCHEMA
from onconcord.evidence.tables import EVIDENCE_SCHEMA, read_checked
from onconcord.reference.sequence import Genome

SEQUENCE = "ACGTTGCAACGGTTTTTTCATGCCAGTACGATCGATTACGCATGCAAGCTTAGCTAGGATCC"


@pytest.fixture
def genome(tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">20\n{SEQUENCE}\n")
    subprocess.run(["samtools", "faidx", str(fasta)], check=True)
    header = "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp"
    row = f"chr20\t20\t{len(SEQUENCE)}\tx\tSQ.x\t1\t0"
    (tmp_path / "contigs.tsv").write_text(f"{header}\n{row}\n")
    return tmp_path


def vcf(folder, caller, records):
    """A bgzipped VCF of a pair; a record is (pos, ref, alt, filter, phase set)."""
    lines = [
        "##fileformat=VCFv4.2",
        f"##contig=<ID=20,length={len(SEQUENCE)}>",
        '##FILTER=<ID=weak,Description="Weak">',
        '##INFO=<ID=TLOD,Number=A,Type=Float,Description="Score">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">',
        '##FORMAT=<ID=PID,Number=1,Type=String,Description="Phase">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUM\tNOR",
    ]
    for pos, ref, alt, filters, phase in records:
        depths = ",".join(["40", *("20" for _ in alt.split(","))])
        tumour, normal = f"0/1:60:{depths}:{phase}", f"0/0:30:30{',0' * len(alt.split(','))}:."
        scores = ",".join("9" for _ in alt.split(","))
        lines.append(
            f"20\t{pos}\t.\t{ref}\t{alt}\t50\t{filters}\tTLOD={scores}\tGT:DP:AD:PID\t{tumour}\t{normal}"
        )
    path = folder / f"{caller}.vcf"
    path.write_text("\n".join(lines) + "\n")
    subprocess.run(["bcftools", "view", "-Oz", "-o", f"{path}.gz", str(path)], check=True)
    return folder / f"{caller}.vcf.gz"


def collect(genome, **calls):
    """Evidence and rejected records of callers given as lists of records."""
    caller = {
        name: Caller(name, "", name, ("SNV",), True, "TLOD", "INFO/TLOD", "PID", ("TLOD",))
        for name in calls
    }
    out = {what: genome / what for what in ("evidence", "rejected")}
    collect_evidence(
        {name: vcf(genome, name, records) for name, records in calls.items()},
        caller,
        "TUM",
        "NOR",
        genome / "genome.fa",
        genome / "contigs.tsv",
        out["evidence"],
        out["rejected"],
        genome / "candidates.vcf.gz",
    )
    return (
        read_checked(out["evidence"], EVIDENCE_SCHEMA),
        read_checked(out["rejected"], REJECTED_SCHEMA),
    )


def keys(table):
    return table.select("caller", "pos", "ref", "alt", "match").rows()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param((3, "G", "A"), (3, "G", "A"), id="plain"),
        pytest.param((2, "CGT", "CAT"), (3, "G", "A"), id="padded"),
        pytest.param((17, "TT", "T"), (12, "GT", "G"), id="right-shifted deletion"),
        pytest.param((18, "T", "TT"), (12, "G", "GT"), id="right-shifted insertion"),
        pytest.param((3, "GTT", "CTA"), (3, "GTT", "CTA"), id="two bases of one codon"),
    ],
)
def test_every_spelling_has_one_key(genome, record, expected):
    table, _ = collect(genome, one=[(*record, "PASS", ".")])
    assert keys(table) == [("one", *expected, "exact")]


def chosen(genome, own, **calls):
    """Rows of evidence that stay where the reads show these (pos, ref, alt) as variants."""
    table, _ = collect(genome, **calls)
    known = table.select(KEY).unique()
    is_own = [row[1:] in own for row in known.iter_rows()]
    return choose(table, known.with_columns(is_own=pl.Series(is_own, dtype=pl.Boolean)))


WHOLE, FIRST, SECOND = (3, "GT", "AC"), (3, "G", "A"), (4, "T", "C")
IN_CIS = {WHOLE}
IN_TRANS = {FIRST, SECOND}


def records(*alleles, filters="PASS", phase="."):
    return [(*allele, filters, phase) for allele in alleles]


@pytest.mark.parametrize("phase", ["h1", "."], ids=["phased by the caller", "not phased"])
def test_neighbours_in_cis_are_one_event(genome, phase):
    table = chosen(genome, IN_CIS, one=records(FIRST, SECOND, phase=phase))
    assert keys(table) == [("one", *WHOLE, "atoms_all")]
    assert table["n_source_records"].to_list() == [2]
    assert table["raw_record_key"].to_list() == ["chr20:3:G:A;chr20:4:T:C"]


@pytest.mark.parametrize("phase", ["h1", "."], ids=["phased by the caller", "not phased"])
def test_neighbours_that_no_read_has_together_stay_apart(genome, phase):
    table = chosen(genome, IN_TRANS, one=records(FIRST, SECOND, phase=phase))
    assert keys(table) == [("one", *FIRST, "exact"), ("one", *SECOND, "exact")]


def test_what_a_caller_passes_is_joined_to_what_it_fails_where_the_reads_show_it(genome):
    both = records(FIRST) + records(SECOND, filters="weak")
    table = chosen(genome, IN_CIS, one=both)
    assert keys(table) == [("one", *WHOLE, "atoms_all")]
    assert table["is_pass"].to_list() == [False]


def test_one_record_stays_whole_and_its_distant_pieces_are_candidates_too(genome):
    record = (3, SEQUENCE[2:9], "A" + SEQUENCE[3:8] + "T")
    table, _ = collect(genome, one=records(record))
    found = set(table.select("pos", "ref", "alt").iter_rows())
    assert found == {record, (3, "G", "A"), (9, SEQUENCE[8], "T")}
    assert set(table["match"]) == {"exact"}


def test_a_deletion_and_a_base_of_one_phase_set_are_joined_within_three_codons(genome):
    base, deletion = (20, SEQUENCE[19], "G"), (27, SEQUENCE[26:30], SEQUENCE[26])
    table, _ = collect(genome, one=records(base, deletion, phase="h1"))
    joined = table.filter(pl.col("match") == "atoms_all")
    assert joined.select("pos", "ref", "alt").rows() == [
        (20, SEQUENCE[19:30], "G" + SEQUENCE[20:27])
    ]
    apart, _ = collect(genome, one=records(base, (35, SEQUENCE[34], "A"), phase="h1"))
    assert set(apart["match"]) == {"exact"}


def test_a_deletion_and_an_insertion_that_cancel_out_are_no_event(genome):
    table, _ = collect(genome, one=records((12, "GT", "G"), (12, "G", "GT")))
    assert keys(table) == [("one", 12, "G", "GT", "exact"), ("one", 12, "GT", "G", "exact")]


@pytest.mark.parametrize("alt", ["CA", "C"], ids=["two bases stay", "one base stays"])
def test_what_an_event_may_be_made_of_is_a_candidate_too(genome, alt):
    collect(genome, one=records((3, "GTTG", alt)))
    wanted = {
        Allele("20", 3, "GTTG", alt),
        *steps(Genome(genome / "genome.fa"), Allele("20", 3, "GTTG", alt)),
    }
    with pysam.VariantFile(str(genome / "candidates.vcf.gz")) as file:
        found = {Allele(one.chrom, one.pos, one.ref, one.alts[0]) for one in file}
    assert len(wanted) > 2
    assert found == wanted


def test_atoms_of_another_caller_speak_for_the_event(genome):
    strings = records(FIRST) + records(SECOND, filters="weak")
    table = chosen(genome, IN_CIS, one=records(WHOLE), two=strings)
    assert keys(table) == [("one", *WHOLE, "exact"), ("two", *WHOLE, "atoms_all")]
    assert table["is_pass"].to_list() == [True, False]
    assert table["filter"].to_list() == ["PASS", "weak"]


def test_part_of_the_atoms_is_a_part_of_the_event_alone(genome):
    table = chosen(genome, IN_CIS, one=records(WHOLE), two=records(FIRST))
    assert keys(table) == [("one", *WHOLE, "exact"), ("two", *WHOLE, "atoms_partial")]
    assert table["is_pass"].to_list() == [True, False]


def test_part_of_the_atoms_with_reads_of_its_own_is_a_variant_too(genome):
    table = chosen(genome, {WHOLE, FIRST}, one=records(WHOLE), two=records(FIRST))
    assert keys(table) == [
        ("two", *FIRST, "exact"),
        ("one", *WHOLE, "exact"),
        ("two", *WHOLE, "atoms_partial"),
    ]


@pytest.mark.parametrize(
    "spelt",
    [
        pytest.param([(8, "AA", "TG"), (10, "C", "T")], id="MNV and base"),
        pytest.param([(8, "A", "T"), (9, "A", "G"), (10, "C", "T")], id="string of bases"),
        pytest.param([(7, "CAACG", "CTGTG")], id="padded"),
        pytest.param([(7, "CAAC", "C"), (10, "C", "CTGT")], id="deletion and insertion"),
    ],
)
def test_spellings_of_one_haplotype_meet(genome, spelt):
    whole = (8, "AAC", "TGT")
    table = chosen(genome, {whole}, one=records(whole), two=records(*spelt, phase="h1"))
    assert {row[1:4] for row in keys(table)} == {whole}
    assert table["caller"].to_list() == ["one", "two"]
    assert table["is_pass"].all()
    assert "atoms_partial" not in table["match"].to_list()


def test_two_records_of_one_normal_form_are_one_row(genome):
    twice = [(17, "TT", "T", "weak", "."), (12, "GT", "G", "PASS", ".")]
    table, _ = collect(genome, one=twice)
    assert keys(table) == [("one", 12, "GT", "G", "exact")]
    assert table["n_source_records"].to_list() == [2]
    assert table["is_pass"].to_list() == [True]


def test_alternates_of_one_record_are_split_and_keep_its_name(genome):
    table, _ = collect(genome, one=[(3, "G", "A,C", "PASS", ".")])
    assert [row[3] for row in keys(table)] == ["A", "C"]
    assert table["raw_record_key"].to_list() == ["chr20:3:G:A,C"] * 2
    assert table["tumor_alt_count"].to_list() == [20, 20]


def test_what_has_no_normal_form_is_rejected_with_its_reason_and_line(genome):
    refused = {
        (3, "C", "A"): "ref_mismatch",
        (5, "T", "*"): "star_allele",
        (8, "A", "."): "no_alt",
        (9, "A", "<DEL>"): "symbolic",
        (10, "C", "C[20:40["): "symbolic",
        (12, "G", "R"): "parse_error",
        (13, "T", "T" + "AC" * 600): "too_long",
    }
    table, rejected = collect(genome, one=records(*refused))
    assert table.height == 0
    with gzip.open(genome / "one.vcf.gz", "rt") as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("#")]
    wanted = {
        hashlib.sha256(line.encode()).hexdigest(): reason
        for line, reason in zip(lines, refused.values(), strict=True)
    }
    assert dict(rejected.select("line_sha256", "reason").iter_rows()) == wanted


def test_one_allele_of_a_record_is_rejected_without_the_other(genome):
    table, rejected = collect(genome, one=records((3, "G", "A,*")))
    assert keys(table) == [("one", *FIRST, "exact")]
    assert rejected["reason"].to_list() == ["star_allele"]


def test_a_contig_that_is_not_primary_is_rejected(genome):
    text = (genome / "contigs.tsv").read_text().replace("\t1\t0", "\t0\t0")
    (genome / "contigs.tsv").write_text(text)
    table, rejected = collect(genome, one=records(FIRST))
    assert (table.height, rejected["reason"].to_list()) == (0, ["off_contig"])


def test_kept_fields_of_a_record_are_json(genome):
    table, _ = collect(genome, one=records(FIRST))
    assert table["info_json"].to_list() == ['{"TLOD":"9"}']
    row = table.row(0, named=True)
    counts = [
        row[f"{role}_{what}"] for role in ("tumor", "normal") for what in ("depth", "alt_count")
    ]
    assert counts == [60, 20, 30, 0]
    assert (row["qual"], row["score"], row["raw_gt"]) == (50.0, 9.0, "0/1")


def test_a_vcf_of_other_samples_is_refused(genome):
    caller = {"one": Caller("one", "", "one", ("SNV",), True, "QUAL", "QUAL", None)}
    paths = {"one": vcf(genome, "one", records(FIRST))}
    out = [genome / name for name in ("e", "r", "c.vcf.gz")]
    reference = (genome / "genome.fa", genome / "contigs.tsv")
    with pytest.raises(InputError, match=r"the samples are \['NOR', 'TUM'\]: expected NOR and XXX"):
        collect_evidence(paths, caller, "XXX", "NOR", *reference, *out)


def test_a_caller_without_records_is_no_fault(genome):
    table, rejected = collect(genome, one=[])
    assert (table.height, rejected.height) == (0, 0)


def test_a_caller_folder_names_its_fault(tmp_path):
    folder = tmp_path / "mycaller"
    folder.mkdir()
    (folder / "caller.yaml").write_text(
        "name: other\ndescription: d\ntool: t\nvariant_classes: [SNV]\ntumour_only: true\n"
        "role: voter\ncounts: {depth: DP, alleles: AD}\n"
        "score: {name: QUAL, field: QUAL}\n"
    )
    with pytest.raises(InputError, match='is "other", and the folder is "mycaller"'):
        read_caller(folder)
