"""Records of callers become events: one haplotype has one key, whoever spelt it how."""

import subprocess

import polars as pl
import pytest

from onconcord.callers import Caller, read_caller
from onconcord.errors import InputError
from onconcord.evidence import collect_evidence

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
        name: Caller(name, "", name, ("SNV",), True, "TLOD", "INFO/TLOD", "PID") for name in calls
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
    return pl.read_parquet(out["evidence"]), pl.read_parquet(out["rejected"])


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


def test_phased_neighbours_are_one_event(genome):
    phased = [(3, "G", "A", "PASS", "h1"), (4, "T", "C", "PASS", "h1")]
    table, _ = collect(genome, one=phased)
    assert keys(table) == [("one", 3, "GT", "AC", "exact")]
    assert table["n_source_records"].to_list() == [2]


def test_atoms_of_another_caller_speak_for_the_event(genome):
    whole = [(3, "GT", "AC", "PASS", ".")]
    strings = [(3, "G", "A", "PASS", "."), (4, "T", "C", "weak", ".")]
    table, _ = collect(genome, one=whole, two=strings)
    assert keys(table) == [("one", 3, "GT", "AC", "exact"), ("two", 3, "GT", "AC", "atoms_all")]
    assert table["is_pass"].to_list() == [True, False]
    assert table["filters"].to_list() == [[], ["weak"]]


def test_part_of_the_atoms_stays_a_variant_of_its_own(genome):
    table, _ = collect(genome, one=[(3, "GT", "AC", "PASS", ".")], two=[(3, "G", "A", "PASS", ".")])
    assert ("two", 3, "GT", "AC", "atoms_partial") in keys(table)
    assert ("two", 3, "G", "A", "exact") in keys(table)


def test_alternates_of_one_record_are_split_and_keep_its_name(genome):
    table, _ = collect(genome, one=[(3, "G", "A,C", "PASS", ".")])
    assert [row[3] for row in keys(table)] == ["A", "C"]
    assert set(table["raw_record_key"].str.slice(0, 6)) == {"20:3:G"}
    assert table["tumor_alt_count"].to_list() == [20, 20]


def test_what_has_no_normal_form_is_rejected_with_its_reason(genome):
    records = [
        (3, "C", "A", "PASS", "."),
        (5, "T", "*", "PASS", "."),
        (9, "A", "<DEL>", "PASS", "."),
    ]
    table, rejected = collect(genome, one=records)
    assert table.height == 0
    assert sorted(rejected["reason"]) == ["ref_mismatch", "star_allele", "symbolic"]


def test_a_caller_without_records_is_no_fault(genome):
    table, rejected = collect(genome, one=[])
    assert (table.height, rejected.height) == (0, 0)


def test_a_caller_folder_names_its_fault(tmp_path):
    folder = tmp_path / "mycaller"
    folder.mkdir()
    (folder / "caller.yaml").write_text(
        "name: other\ndescription: d\ntool: t\nvariant_classes: [SNV]\ntumour_only: true\n"
        "score: {name: QUAL, field: QUAL}\n"
    )
    with pytest.raises(InputError, match='is "other", and the folder is "mycaller"'):
        read_caller(folder)
