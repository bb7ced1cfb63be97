"""
Inputs that once failed, where they are at hand: each is taken, refused in words, or answered right.

A case that needs more than a check has a test of its own, which begins with the case's name.
"""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pysam
import pytest
import yaml

from onconcord.inputs.preflight import preflight
from onconcord.inputs.resource_vcf import ResourceVcf, Tally
from onconcord.questions.explain import explain
from onconcord.questions.sources import open_source
from onconcord.reads.account import flagstat_count
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome, OpenFasta
from onconcord.reference.transcript_set import choose_transcripts
from onconcord.runtime import running
from onconcord.runtime.checkout import root
from pipeline_runs import AS_IT_IS, REFERENCE, copy_of, jobs, snakemake

CASES = Path(__file__).parents[3] / "shared/cases"
TAKEN = (
    *("bam-and-fastq-lane", "clinvar-patch-contig", "cram-realign", "gzip-mixed"),
    *("hotspots-blank-line", "hotspots-lower-case", "ids-that-are-words", "population-af-dot"),
    *("population-plain-gzip", "population-without-contigs", "read-groups-collide", "ubam"),
)
REFUSED = {
    "hotspots-wrong-reference": 'hs.tsv, line 5, column "ref": the FASTA has "G" at 20:58909365',
    "hotspots-duplicate": 'hs.tsv, line 5, column "hotspot_id": hotspot "ASXL1_G646fs" to "AG" is',
    "mates-out-of-step": "line 801: R1 and R2 of lane L1 are out of step: read 201 of",
    "phred64": "its qualities go from 'B' to 'f', which is the offset 64 of Illumina 1.3 to 1.7",
    "diagnosis-form": 'line 2, column "diagnosis": "C50.9" is not an OncoTree code: expected',
}
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not at hand"),
]


@pytest.fixture
def lay(tmp_path, a_slice):
    """
    Lays a case as a working folder, of the slice or of another base.

    The FASTA that some cases want is to be written to `own.fa`.
    """

    def laid(case, base=a_slice):
        folder = tmp_path / case
        subprocess.run(
            [CASES / "lay.sh", root(), case, folder],
            check=True,
            capture_output=True,
            env={**os.environ, "BASE": str(base)},
        )
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        config = folder / "config.yaml"
        config.write_text(config.read_text().replace("@CHR20_", "own.fa #"))
        return folder

    return laid


def configure(folder, config):
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def configuration(folder):
    return yaml.safe_load((folder / "config.yaml").read_text())


def faults_of(folder):
    return [str(fault) for fault in preflight(folder).faults]


def test_every_case_has_a_line():
    named = {*TAKEN, *REFUSED}
    tests = [name for name in globals() if name.startswith("test_")]
    assert [
        case.name
        for case in sorted(CASES.iterdir())
        if case.is_dir()
        and case.name not in named
        and not any(name.startswith(f"test_{case.name.replace('-', '_')}_") for name in tests)
    ] == []


@pytest.mark.parametrize("case", TAKEN)
def test_a_good_input_is_taken(lay, case):
    assert faults_of(lay(case)) == []


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_input_is_refused_where_it_is(lay, case):
    found = faults_of(lay(case))
    assert any(REFUSED[case] in fault for fault in found), found


def test_stale_lock_of_a_killed_run_is_taken_away_by_the_next(lay, capsys):
    folder = lay("stale-lock")
    checked = preflight(folder)
    assert checked.faults == ()
    spec = "results/0_inputs/TUM-A01.json"
    locks = folder / ".snakemake/locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{spec}\n")
    assert "--unlock" in snakemake(folder, spec, check=False).stdout
    assert not (folder / spec).exists()
    assert running.run(checked.cohort, 1, [spec]).commands_failed == 0
    assert (folder / spec).is_file()
    assert "was killed. This one goes on from what it finished." in capsys.readouterr().out


def test_stale_pair_spec_is_made_again_without_the_memory_of_snakemake(lay, finished, tmp_path):
    folder = copy_of(finished, tmp_path / "finished")
    shutil.rmtree(folder / ".snakemake", ignore_errors=True)
    assert jobs(folder, "tables", *AS_IT_IS) == {}
    case = lay("stale-pair-spec")
    assert faults_of(case) == []
    config = configuration(folder)
    asked = config["decision"]["min_tumour_vaf"] = configuration(case)["decision"]["min_tumour_vaf"]
    configure(folder, config)
    spec = folder / "results/0_inputs/TUM-B02.json"
    snakemake(folder, "results/0_inputs/TUM-B02.json", *AS_IT_IS)
    assert json.loads(spec.read_text())["parameters"]["decision"]["min_tumour_vaf"] == asked
    assert jobs(folder, "results/8_harmonised/TUM-B02/MANIFEST.json", *AS_IT_IS)["harmonise"] == 1


def test_explain_spelling_does_not_change_the_answer(lay, finished):
    assert faults_of(lay("explain-spelling")) == []
    source = open_source(finished)
    (shifted,), (normal,) = (
        explain(source, "TUM-B02", text) for text in ("20:31022449:G:GG", "20:31022441:A:AG")
    )
    assert (shifted.variant_key, shifted.verdict) == (normal.variant_key, "kept")
    assert shifted.variant_key == "chr20:31022441:A:AG"
    assert shifted.row == normal.row


def test_wgs_shards_are_cut_inside_contigs(lay):
    folder = lay("wgs-shards")
    # The case's README, in one write a contig.
    fasta = folder / "big.fa"
    fasta.write_text(f">1\n{('N' * 99990 + chr(10)) * 2050}>20\n{'ACGTTGCA' * 200}\n")
    assert faults_of(folder) == []
    snakemake(folder, "results/1_reference/assays/wgs/targets.bed")
    shards = folder / "results/1_reference/assays/wgs/shards"
    own = [(shards / f"{number}.own.bed").read_text().splitlines() for number in range(3)]
    fasta.unlink()
    assert sorted(path.name for path in shards.glob("*.own.bed")) == [
        f"{number}.own.bed" for number in range(3)
    ]
    assert [line.split("\t")[0] for lines in own for line in lines] == ["1", "1", "1", "20"]
    ends = [int(lines[0].split("\t")[2]) for lines in own]
    assert ends[2] == 2050 * 99990
    assert [int(lines[0].split("\t")[1]) for lines in own] == [0, *ends[:2]]


def test_target_on_alt_contig_is_refused(lay):
    folder = lay("target-on-alt-contig")
    bases = "".join(random.Random(1).choices("ACGT", k=547496))
    (folder / "own.fa").write_text((REFERENCE / "chr20.fa").read_text() + f">GL000192.1\n{bases}\n")
    # Its BAMs are of a shorter GL000192.1, and refused too.
    assert (
        'targets.bed, line 25, column "contig": contig "GL000192.1" is not one of the chromosomes '
        "1 to 22, X, Y and M, the only ones in the tables: this target could not be reported, so "
        "remove the line."
    ) in faults_of(folder)


def test_population_iupac_leaves_out_the_record_and_says_so(lay, finished):
    folder = lay("population-iupac")
    header, *lines = (REFERENCE / "chr20.fa").read_text().splitlines()
    line, at = divmod(57484425 - 1, len(lines[0]))
    lines[line] = f"{lines[line][:at]}R{lines[line][at + 1 :]}"
    (folder / "own.fa").write_text("\n".join([header, *lines, ""]))
    (folder / "bams").mkdir()
    for name, sample in (("TUM", "TUM-A01"), ("NOR", "NOR-A01")):
        for end in ("bam", "bam.bai"):
            (folder / f"bams/{name}.{end}").symlink_to(
                finished / f"results/3_alignments/{sample}.{end}"
            )
    assert faults_of(folder) == []
    with pysam.FastaFile(str(folder / "own.fa")) as genome:
        given = ResourceVcf(folder / "pop.vcf", "population", OpenFasta(genome))
        records = list(given.records())
    assert given.faults == []
    assert given.tally == Tally(records=313, kept=312, ambiguous=1)
    assert len(records) == 312


def test_no_read_bam_fails_the_quality_control_and_no_job(lay, finished):
    folder = lay("no-read-bam", finished)
    assert faults_of(folder) == []
    snakemake(folder, "results/4_qc/pairs/TUM-A01.qc.json")
    qc = json.loads((folder / "results/4_qc/pairs/TUM-A01.qc.json").read_text())
    depth = {
        row["entity_id"]: (row["value"], row["status"])
        for row in qc["metrics"]
        if row["metric_id"] == "mean_target_coverage"
    }
    assert depth["NOR-A01"] == (0.0, "FAIL")
    assert depth["TUM-A01"][1] == "PASS"


def test_refseq_mane_tag_is_known(lay, finished):
    folder = lay("refseq-mane-tag", finished)
    assert faults_of(folder) == []
    genome = Genome(REFERENCE / "chr20.fa")
    transcripts = GeneModel(folder / "genes.gtf", genome.lengths).transcripts
    chosen = choose_transcripts(transcripts, None, genome, frozenset())
    assert [(one.gene, one.transcript, one.kind, one.source) for one in chosen] == [
        ("ASXL1", "NM_305605.4", "mane_select", "tags"),
        ("GNAS", "NM_481829.4", "mane_select", "tags"),
    ]


def test_amplicon_reads_are_no_duplicates_where_the_assay_says_so(lay, a_slice):
    folder = lay("amplicon")
    for mate in (1, 2):
        (folder / f"N_{mate}.fq.gz").symlink_to(a_slice / f"reads/NOR-A01_L1_{mate}.fq.gz")
    config = configuration(folder)
    config["assays"]["exome"]["duplicates"] = "keep"
    configure(folder, config)
    assert faults_of(folder) == []
    snakemake(folder, "results/3_alignments/TUM-A01.flagstat.json")
    flagstat = folder / "results/3_alignments/TUM-A01.flagstat.json"
    assert flagstat_count(flagstat, "primary") == 2 * 47000
    assert flagstat_count(flagstat, "duplicates") == 0
