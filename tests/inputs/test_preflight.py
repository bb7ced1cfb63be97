"""The check before a run: broken files are found, and nothing is written."""

import os
import shutil
from pathlib import Path

import pysam
import pytest
import yaml
from typer.testing import CliRunner

from compressed_forms import TEXT_FORMS
from onconcord.cli import app
from onconcord.inputs import preflight
from onconcord.reference.targets import check_bed
from small_folder import SEQUENCE, configure, faults_of, write_sheet, write_vcf

REAL = Path(__file__).parents[3] / "shared/data"


@pytest.mark.parametrize("deep", [False, True], ids=["quick", "deep"])
def test_good_input_has_no_fault_and_nothing_is_written(folder, deep):
    before = sorted(os.listdir(folder))
    assert faults_of(folder, deep) == []
    assert sorted(os.listdir(folder)) == before


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "20\t10\t20",
            ', column "contig": contig "20" is not in the FASTA, which calls it "chr20": rename '
            "it, so that all files have the FASTA's names.",
            id="another name of the contig",
        ),
        pytest.param(
            "chr7\t10\t20",
            ', column "contig": contig "chr7" is not in the FASTA, which has chr20: is this '
            "another build?",
            id="another contig",
        ),
        pytest.param(
            "chr20\t10\t3001",
            ', column "end": end 3001 is outside contig "chr20", which has 3000 bases: are these '
            "the targets of another build?",
            id="outside the contig",
        ),
        pytest.param(
            "chr20\t20\t20",
            ', column "start": start 20 is not before end 20: BED is 0-based and half-open.',
            id="no base",
        ),
        pytest.param(
            "chr20 10",
            ': "chr20 10" is not contig, start and end, with tabs between them.',
            id="two columns",
        ),
    ],
)
def test_targets_that_do_not_fit_the_fasta(folder, line, expected):
    (folder / "targets.bed").write_text(f"chr20\t1\t2\n{line}\n")
    configure(folder, assay={"targets": "targets.bed"})
    assert faults_of(folder) == [f"targets.bed, line 2{expected}"]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_targets_are_taken_however_they_were_saved(folder, form):
    text = "# by hand\ntrack name=x\nchr20\t1\t2\tGENE\n\nchr20\t5\t9\n"
    (folder / "targets.bed").write_bytes(TEXT_FORMS[form](text))
    configure(folder, assay={"targets": "targets.bed"})
    assert faults_of(folder) == []
    found, faults = check_bed(folder / "targets.bed", {"chr20": 3000})
    assert (found, faults) == ((("chr20", 1, 2), ("chr20", 5, 9)), [])


def test_a_fault_of_the_withdrawn_pairs_is_found_before_the_run(folder):
    (folder / "retractions.tsv").write_text(
        "pair_id\tfrom_release\treason_code\nT\tr1\tquality\nT\tr2\tquality\n"
    )
    assert faults_of(folder) == [
        'retractions.tsv, line 3, column "pair_id": pair "T" is there already, on line 2: remove '
        "one."
    ]


def test_an_interval_list_is_no_bed(folder):
    (folder / "t.bed").write_text("@HD\tVN:1.6\n@SQ\tSN:chr20\tLN:3000\nchr20\t1\t9\t+\tx\n")
    configure(folder, assay={"targets": "t.bed"})
    assert faults_of(folder) == [
        "t.bed, line 1: is Picard's interval_list, which counts from 1, and not a BED, which "
        "counts from 0: make one of it (gatk IntervalListToBed)."
    ]


def test_an_index_of_another_genome_is_refused(folder):
    for suffix in (".amb", ".bwt", ".pac", ".sa"):
        (folder / f"index{suffix}").write_text("x")
    (folder / "index.ann").write_text("3000 1 11\n0 chr20 (null)\n0 3000 0\n")
    configure(folder, reference={"bwa_index": "index"})
    assert faults_of(folder) == []
    (folder / "index.ann").write_text("5000 1 11\n0 chr7 (null)\n0 5000 0\n")
    assert faults_of(folder) == [
        'config.yaml, line 6, "reference.bwa_index": index is an index of another genome than '
        "genome.fa: it has 1 contigs (chr7 of 5000 bases), in this order. Leave the key out, and "
        "the run makes one."
    ]


def test_a_path_that_snakemake_takes_for_a_pattern_is_refused(folder):
    (folder / "t_1.gz").rename(folder / "{t}_1.gz")
    write_sheet(folder, "{t}_1.gz", "t_2.gz")
    (folder / "t.{x}.bed").write_text("chr20\t1\t9\n")
    configure(folder, assay={"targets": "t.{x}.bed"})
    why = (
        "has a brace in its path, which Snakemake takes for a wildcard: rename it, or name a link "
        "to it."
    )
    assert faults_of(folder) == [
        f'config.yaml, line 4, "assays.x.targets": t.{{x}}.bed {why}',
        f'samples.tsv, line 2, column "fastq_1": {{t}}_1.gz {why}',
    ]


def test_what_is_withdrawn_has_to_be_a_pair(folder):
    header = "pair_id\tfrom_release\treason_code\n"
    end = "\tr2026-10\tconsent_withdrawn\n"
    (folder / "retractions.tsv").write_text(header + f"P1{end}N1{end}T1{end}T11{end}")
    assert faults_of(folder) == [
        f'retractions.tsv, line {line}, column "pair_id": "{name}" is not a pair: name the tumour, '
        'such as "T1".'
        for line, name in ((2, "P1"), (3, "N1"))
    ]
    (folder / "retractions.tsv").write_text(header + f"T1{end}T11{end}")
    assert preflight.preflight(folder).checked[-1] == (
        "retractions.tsv, line 3: T11 is not a pair of this sheet, so nothing of the sheet is "
        'withdrawn by it. Did you mean "T1"?'
    )


def test_a_key_that_a_release_refuses_is_found_before_the_run(folder, monkeypatch):
    monkeypatch.delenv("ONCONCORD_KEY", raising=False)
    (folder / "key").write_text("secret\n")
    (folder / "key").chmod(0o600)
    release = {"name": "r2026-11", "key_file": "key"}
    configure(folder, release=release)
    (fault,) = faults_of(folder)
    assert fault.startswith(
        'config.yaml, line 8, "release.key_file": key: the key has 6 characters; expected 64 '
        "lower-case hex digits, without quotes; make one with: onconcord key new"
    )
    for change in ({"name": None}, {"tier": "local"}):
        configure(folder, release=release | change)
        assert faults_of(folder) == []
    configure(folder, release={"name": "r2026-11"})
    (fault,) = faults_of(folder)
    assert '"release.key_file": ONCONCORD_KEY: no key: ' in fault


def test_a_target_on_a_contig_that_tables_do_not_hold_is_refused(folder):
    (folder / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n>GL000192.1\n{SEQUENCE}\n")
    (folder / "targets.bed").write_text("chr20\t1\t20\nGL000192.1\t100\t200\n")
    configure(folder, assay={"targets": "targets.bed"})
    assert faults_of(folder) == [
        'targets.bed, line 2, column "contig": contig "GL000192.1" is not one of the chromosomes 1 '
        "to 22, X, Y and M, the only ones in the tables: this target could not be reported, so "
        "remove the line."
    ]


def of_two_kits(folder, *, normal):
    """The folder's tumour has the targets 2 to 60 of chr20, its normal those that are given."""
    (folder / "t.bed").write_text("chr20\t2\t60\n")
    (folder / "n.bed").write_text(normal)
    raw = yaml.safe_load((folder / "config.yaml").read_text())
    (assay,) = raw["assays"].values()
    raw["assays"] = {"t": {**assay, "targets": "t.bed"}, "n": {**assay, "targets": "n.bed"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(raw))
    header, *rows = (folder / "samples.tsv").read_text().splitlines()
    rows = [f"{row}\t{'t' if 'tumour' in row else 'n'}" for row in rows]
    (folder / "samples.tsv").write_text("\n".join([f"{header}\tassay", *rows, ""]))


def test_what_the_kits_of_tumour_and_normal_share_is_said(folder):
    of_two_kits(folder, normal="chr20\t50\t100\n")
    assert faults_of(folder) == []
    assert (
        "tumours of assay t with normals of assay n: only what both target can be called, 10 "
        "bases; their assay in the tables is t+n"
    ) in preflight.preflight(folder).checked


def test_kits_of_tumour_and_normal_that_share_nothing_are_refused(folder):
    of_two_kits(folder, normal="chr20\t60\t100\n")
    assert faults_of(folder) == [
        "t.bed: no base of it is in n.bed: only what the kits of a tumour and its normal both "
        "target can be called. Are they of one genome?"
    ]


@pytest.mark.parametrize("key", ["population", "panel_of_normals", "clinical"])
def test_a_vcf_whose_positions_are_shifted_by_one_is_refused(folder, key):
    good = [("chr20", pos, SEQUENCE[pos - 1]) for pos in range(10, 200, 7)]
    info = "CLNSIG" if key == "clinical" else "AF"
    write_vcf(folder / "good.vcf", good, info)
    write_vcf(folder / "shifted.vcf", [(chrom, pos - 1, ref) for chrom, pos, ref in good], info)
    configure(folder, resources={key: "good.vcf"})
    assert faults_of(folder) == []
    configure(folder, resources={key: "shifted.vcf"})
    (found,) = faults_of(folder)
    wrong = [pos for _, pos, ref in good if SEQUENCE[pos - 2] != ref]
    first = 4 + (wrong[0] - 10) // 7
    assert found.startswith(
        f'shifted.vcf, line {first}, column "REF": {len(wrong)} of {len(good)} records have '
        f"another REF than the FASTA (chr20:{wrong[0] - 1} has {SEQUENCE[wrong[0] - 1]}, the FASTA "
        f"{SEQUENCE[wrong[0] - 2]};"
    )


@pytest.mark.parametrize("index", ["sound", "damaged", None])
def test_a_known_driver_in_the_panel_of_normals_is_named(folder, index):
    places = [("chr20", pos, SEQUENCE[pos - 1]) for pos in (20, 500, 900)]
    write_vcf(folder / "panel.vcf", places)
    panel = "panel.vcf"
    if index:
        panel = Path(pysam.tabix_index(str(folder / panel), preset="vcf", force=True)).name
    if index == "damaged":
        (folder / f"{panel}.tbi").write_bytes(b"no index")
    lines = [f"D{pos}\tKRAS\t20\t{pos}\t{ref}\t" for _, pos, ref in places[1:]]
    alts = ["A" if places[1][2] != "A" else "C", "T" if places[2][2] not in "TA" else "G"]
    rows = [line + alt for line, alt in zip(lines, alts, strict=True)]
    header = "hotspot_id\tgene_symbol\tchrom\tpos\tref\talt"
    (folder / "hotspots.tsv").write_text("\n".join([header, *rows]) + "\n")
    configure(folder, resources={"panel_of_normals": panel, "hotspots": "hotspots.tsv"})
    found = preflight.preflight(folder)
    assert found.faults == ()
    assert [line for line in found.checked if "known driver" in line] == [
        "resources.panel_of_normals: the known driver D500 is in it, so Mutect2 calls nothing "
        "there and other callers count for less: is there tumour in a normal?"
    ]


def test_a_vcf_of_other_contigs_is_refused(folder):
    write_vcf(folder / "other.vcf", [("20", 10, SEQUENCE[9]), ("7", 1, "A")])
    configure(folder, resources={"clinical": "other.vcf"})
    assert faults_of(folder) == [
        "other.vcf: 1 of 2 records cannot be used, which is more than 10%: 0 are at ambiguity "
        'codes, 1 on contigs that the FASTA has not, such as "7" (1). It has chr20: is this '
        "another build?"
    ]


def test_several_population_files_and_their_fields_are_checked(folder):
    for name, info in (("one.vcf", "AF_afr"), ("other.vcf", "AF")):
        write_vcf(folder / name, [("chr20", 10, SEQUENCE[9])], info=info)
    given = {"population": ["one.vcf", "other.vcf"], "population_fields": ["AF_afr"]}
    configure(folder, resources=given)
    assert faults_of(folder) == []
    configure(folder, resources={**given, "population_fields": ["AF_arf"]})
    assert sorted(fault.split(": ", 1)[-1] for fault in faults_of(folder)) == [
        "has no INFO/AF or INFO/AF_arf, the allele frequency that filters need, with one number "
        "for each alternate allele.",
        'there is no INFO field "AF_arf" in one.vcf, other.vcf: name fields that hold frequencies '
        "as their headers have them, or leave it out; AF is always read.",
    ]
    configure(folder, resources={"population": ["one.vcf", "none.vcf"]})
    assert any("there is no file none.vcf." in fault for fault in faults_of(folder))


def test_a_population_resource_needs_allele_frequencies(folder):
    write_vcf(folder / "p.vcf", [("chr20", 10, SEQUENCE[9])], info="DP")
    configure(folder, resources={"population": "p.vcf"})
    assert faults_of(folder) == [
        "p.vcf: has no INFO/AF, the allele frequency that filters need, with one number for each "
        "alternate allele."
    ]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param(
            {"fasta": "none.fa"},
            'config.yaml, line 6, "reference.fasta": there is no file none.fa.',
            id="no FASTA",
        ),
        pytest.param(
            {"genes": "none.gtf"},
            'config.yaml, line 7, "reference.genes": there is no file none.gtf.',
            id="no gene model",
        ),
        pytest.param(
            {"fasta": "qc.yaml"},
            'config.yaml, line 6, "reference.fasta": qc.yaml cannot be read as FASTA (it does not '
            "begin with >): plain text, or compressed with bgzip.",
            id="not FASTA",
        ),
        pytest.param(
            {"build": "GRCh38"},
            'genome.fa: contig "chr20" has 3000 bases, but GRCh38 has 64444167: give the FASTA of '
            'GRCh38, or write "build: custom" under reference.',
            id="another build than named",
        ),
    ],
)
def test_a_reference_that_is_not_what_it_should_be(folder, reference, expected):
    configure(folder, reference=reference)
    assert faults_of(folder) == [expected]


def test_transcripts_of_other_genes_are_found_before_the_run(folder):
    line = 'chr20\tx\texon\t1\t9\t.\t+\t.\tgene_id "G1"; transcript_id "T1";\n'
    (folder / "g.gtf").write_text(line)
    (folder / "t.tsv").write_text("gene\ttranscript\tkind\nG2\tT1\tcanonical\n")
    configure(folder, reference={"genes": "g.gtf", "transcripts": "t.tsv"})
    assert faults_of(folder) == [
        't.tsv, "gene": names no gene of the gene model: are these its gene ids or symbols?'
    ]
    configure(folder, reference={"transcripts": "t.tsv"})
    assert faults_of(folder) == [
        'config.yaml, line 7, "reference.transcripts": chooses among the transcripts of '
        "reference.genes, which is null: name both."
    ]


def test_too_little_disk_is_a_fault(folder, monkeypatch):
    usage = shutil.disk_usage(folder)._replace(free=40_000_000)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage)
    assert faults_of(folder) == [
        "DIR: 0.0 GB are free, but the run needs about 0.1 GB: free some space, or work in another "
        "folder."
    ]


def test_a_folder_that_may_not_be_written_to_is_a_fault(folder, monkeypatch):
    (folder / "results").mkdir()
    real = os.access
    closed = str(folder / "results")
    monkeypatch.setattr(
        preflight.os,
        "access",
        lambda path, mode: not (str(path) == closed and mode & os.W_OK) and real(path, mode),
    )
    assert faults_of(folder) == [
        "results: this user may not write here: change its permissions, or work elsewhere."
    ]


def test_a_disk_that_is_too_small_is_a_fault(folder, mount):
    small = folder / "small"
    mount(small, "size=2m")
    for path in [path for path in folder.iterdir() if path.is_file()]:
        shutil.copy(path, small)
    assert faults_of(small) == [
        "DIR: 0.0 GB are free, but the run needs about 0.1 GB: free some space, or work in another "
        "folder."
    ]


def test_a_file_system_that_is_closed_to_writing_is_a_fault(folder, mount):
    mount(folder / "results", "ro")
    assert faults_of(folder) == [
        "results: this user may not write here: change its permissions, or work elsewhere."
    ]


def test_check_shows_every_fault_of_a_fresh_folder_and_writes_nothing(tmp_path):
    work = tmp_path / "new"
    assert CliRunner().invoke(app, ["init", str(work)]).exit_code == 0
    (work / "samples.tsv").write_text(
        "patient\tsample\trole\tread_group\tfastq_1\tfastq_2\n"
        "PAT-001\tTUM-001\ttumour\tL1\t/nope_1.fq.gz\t/nope_2.fq.gz\n"
        "PAT-001\tTUM-001\ttumour\tL1\t/nope_1.fq.gz\t/nope_2.fq.gz\n"
        "PAT-002\tNOR-002\tnormall\tL1\t/x_1.fq.gz\t/x_1.fq.gz\n"
    )
    error = CliRunner().invoke(app, ["check", str(work)]).exception
    assert error.exit_code == 2
    where = [(fault.source, fault.line, fault.column) for fault in error.faults]
    assert where == [
        ("config.yaml", 7, "centre"),
        ("config.yaml", 15, "reference.fasta"),
        ("samples.tsv", 2, "fastq_1"),
        ("samples.tsv", 2, "fastq_2"),
        ("samples.tsv", 2, "role"),
        ("samples.tsv", 3, "fastq_1"),
        ("samples.tsv", 3, "fastq_2"),
        ("samples.tsv", 3, "read_group"),
        ("samples.tsv", 4, "fastq_1"),
        ("samples.tsv", 4, "fastq_2"),
        ("samples.tsv", 4, "role"),
    ]
    assert sorted(os.listdir(work)) == ["config.yaml", "samples.tsv"]


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data is not beside the checkout")
def test_published_resources_that_are_shifted_by_one_are_refused(folder):
    data = REAL / "tp53_1000g"
    shifted = next((data / "upstream_off_by_one").glob("dbsnp*.vcf.gz"))
    fasta = str(data / "tp53_hg19.fa")
    configure(folder, reference={"fasta": fasta}, resources={"clinical": str(shifted)})
    (found,) = faults_of(folder)
    assert "498 of 644 records have another REF than the FASTA" in found
    configure(
        folder,
        reference={"fasta": fasta},
        resources={"clinical": str(data / "dbsnp138.local.vcf.gz")},
    )
    assert faults_of(folder) == []


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data is not beside the checkout")
def test_the_specimen_slip_of_a_real_pair_is_noticed(folder):
    data = REAL / "hcc1143"
    rows = [["patient", "sample", "role", "read_group", "fastq_1", "fastq_2", "specimen"]]
    for role, name in (("tumour", "HCC1143"), ("normal", "HCC1143_BL")):
        experiment = (data / f"experiment.{name}.tsv").read_text().splitlines()
        stated = dict(zip(*(line.split("\t") for line in experiment), strict=True))
        reads = [str(data / f"{name}_R{mate}.fastq.gz") for mate in (1, 2)]
        donor, sample = stated["submitter_donor_id"], stated["submitter_sample_id"]
        rows.append([donor, sample, role, "L1", *reads, stated["submitter_specimen_id"]])
    (folder / "samples.tsv").write_text("\n".join("\t".join(row) for row in rows))
    configure(folder, reference={"fasta": str(data / "tiny_grch38_chr11.fa.gz")})
    assert faults_of(folder) == [
        'samples.tsv, line 3, column "specimen": specimen "HCC1143_BL" is of role "normal" here '
        'and of role "tumour" on line 2 (sample "HCC1143-mini-T"): a specimen has one role, so one '
        "of the two rows is wrong."
    ]


def test_a_key_of_before_has_no_effect_and_the_check_says_so(folder):
    configure(folder, decision={"max_normal_vaf": 0.1})
    found = preflight.preflight(folder)
    assert found.faults == ()
    said = "config.yaml: decision.max_normal_vaf has no effect any more; remove it"
    assert said in found.checked
    assert "max_normal_vaf" not in found.cohort.config["decision"]
