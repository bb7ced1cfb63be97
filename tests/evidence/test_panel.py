"""A panel of normals: what its samples show, whose it is, and what is left out of it."""

import gzip
import json
import random
import sys

import polars as pl
import pysam
import pytest

from compressed_forms import FORMS
from onconcord.cli import main
from onconcord.errors import InputError, ToolError
from onconcord.evidence import normals
from onconcord.evidence.events import KEY
from onconcord.evidence.fragments import Limits
from onconcord.evidence.normals import build_panel, read_normals
from onconcord.evidence.panel import panel_counts
from onconcord.inputs.resource_vcf import ResourceVcf
from onconcord.reference.sequence import Genome

BASES = "".join(random.Random(4).choices("ACGT", k=800))
SEQUENCE = BASES[:400] + "C" + "A" * 8 + "T" + BASES[410:]
LIMITS = Limits(20, 15)


def other(base):
    return {"A": "C", "C": "G", "G": "T", "T": "A"}[base]


ARTEFACT, GERMLINE, DRIVER = 100, 200, 300
STUTTER = (401, "CA", "C")
"""The run of A is one shorter; an aligner puts the gap anywhere within it."""


def write_reads(path, sample, shown, depth=40):
    """Reads of 80 bases over each place; `shown` is how many carry each substitution."""
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": "20", "LN": len(SEQUENCE)}],
        "RG": [{"ID": "L1", "SM": sample}],
    }
    reads = []
    for pos in (ARTEFACT, GERMLINE, DRIVER, STUTTER[0]):
        for number in range(depth):
            start0 = pos - 1 - 20 - number % 30
            bases = SEQUENCE[start0 : start0 + 80]
            cigar = "80M"
            if number < shown.get(pos, 0):
                at = pos - 1 - start0
                bases = bases[:at] + other(bases[at]) + bases[at + 1 :]
                if pos == STUTTER[0]:
                    # The last A is gone: the gap is at the end of the run.
                    text = SEQUENCE[start0 : start0 + 81]
                    bases, cigar = text[: at + 8] + text[at + 9 :], f"{at + 8}M1D{80 - at - 8}M"
            one = pysam.AlignedSegment(pysam.AlignmentHeader.from_dict(header))
            one.query_name, one.query_sequence, one.flag = f"{pos}.{number}", bases, number % 2 * 16
            one.reference_id, one.reference_start = 0, start0
            one.mapping_quality, one.cigarstring = 60, cigar
            one.query_qualities = pysam.qualitystring_to_array("I" * 80)
            one.set_tag("RG", "L1")
            reads.append(one)
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for one in sorted(reads, key=lambda one: one.reference_start):
            file.write(one)
    pysam.index(str(path))


SHOWN = {
    "N1": {ARTEFACT: 3, STUTTER[0]: 4},
    "N2": {ARTEFACT: 5, GERMLINE: 20, STUTTER[0]: 3},
    "N3": {GERMLINE: 1, DRIVER: 6},
    "N4": {DRIVER: 2},
}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("normals")
    (folder / "genome.fa").write_text(f">20\n{SEQUENCE}\n")
    pysam.faidx(str(folder / "genome.fa"))
    (folder / "targets.bed").write_text(f"20\t0\t{len(SEQUENCE)}\n")
    ref = SEQUENCE[DRIVER - 1]
    (folder / "hotspots.tsv").write_text(
        "hotspot_id\tgene_symbol\tchrom\tpos\tref\talt\n"
        f"KRAS_G12\tKRAS\t20\t{DRIVER}\t{ref}\t{other(ref)}\n"
    )
    for sample, shown in SHOWN.items():
        write_reads(folder / f"{sample}.bam", sample, shown)
    return folder


def sheet(folder, *samples, where=None):
    path = folder / f"{'-'.join(samples)}.tsv"
    lines = [f"{one}\tP-{one}\t{where or ''}{one}.bam" for one in samples]
    path.write_text("\n".join(["sample\tpatient\treads", *lines]) + "\n")
    return path


def build(work, out, *samples):
    return build_panel(
        sheet(work, *samples),
        work / "genome.fa",
        work / "targets.bed",
        work / "hotspots.tsv",
        LIMITS,
        out,
    )


@pytest.fixture(scope="module")
def built(work, tmp_path_factory):
    out = tmp_path_factory.mktemp("panel")
    return out, build(work, out, "N1", "N2", "N3", "N4")


def snv(pos):
    return ("20", pos, SEQUENCE[pos - 1], other(SEQUENCE[pos - 1]))


def test_a_panel_has_what_its_samples_show(built):
    out, made = built
    table = pl.read_parquet(out / "panel.parquet")
    columns = ("samples", "seen_in", "fragments", "depth", "known_driver")
    found = {tuple(row[name] for name in KEY): row for row in table.iter_rows(named=True)}
    assert {key: tuple(row[name] for name in columns) for key, row in found.items()} == {
        snv(ARTEFACT): (2, ["N1", "N2"], 8, 80, None),
        snv(GERMLINE): (1, ["N2"], 20, 40, None),
        snv(DRIVER): (2, ["N3", "N4"], 8, 80, "KRAS_G12"),
        ("20", *STUTTER): (2, ["N1", "N2"], 7, found[("20", *STUTTER)]["depth"], None),
    }
    for row in found.values():
        assert row["f1r2"] + row["f2r1"] == row["fragments"]
    assert (found[snv(ARTEFACT)]["f1r2"], found[snv(ARTEFACT)]["f2r1"]) == (5, 3)
    assert (made.samples, made.counted, made.alleles, made.in_vcf) == (4, 4, 4, 2)


def test_a_known_driver_is_named_and_no_site_of_the_vcf(built):
    out, made = built
    assert made.drivers == (("KRAS_G12", ("N3", "N4")),)
    assert json.loads((out / "panel.json").read_text())["known_drivers"] == {
        "KRAS_G12": ["N3", "N4"]
    }
    with pysam.VariantFile(str(out / "panel.vcf.gz")) as file:
        assert [
            (one.pos, one.info["SAMPLES"], one.info["SEEN_IN"]) for one in file.fetch("20")
        ] == [
            (ARTEFACT, 2, (0, 1)),
            (STUTTER[0], 2, (0, 1)),
        ]


def test_the_sample_that_is_judged_is_left_out_and_so_is_its_patient(work, built):
    path, genome = str(built[0] / "panel.vcf.gz"), Genome(work / "genome.fa")

    def counts(*samples, patient=None):
        found = panel_counts(path, genome, samples, patient)
        return dict(found.select("pos", "pon_count").rows())

    assert counts() == {ARTEFACT: 2, STUTTER[0]: 2}
    assert counts("N1", "T9") == {ARTEFACT: 1, STUTTER[0]: 1}
    assert counts("T9", patient="P-N2") == {ARTEFACT: 1, STUTTER[0]: 1}
    assert counts("N1", "N2") == {}
    assert counts("N3", patient="P-N3") == {ARTEFACT: 2, STUTTER[0]: 2}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_panel_of_any_form_gives_the_same(work, built, tmp_path, form):
    text = gzip.decompress((built[0] / "panel.vcf.gz").read_bytes()).decode()
    named = text.replace("\n20\t", "\nchr20\t")
    (tmp_path / "panel").write_bytes(FORMS[form](named.encode()))
    genome = Genome(work / "genome.fa")
    for samples in ((), ("N1",)):
        found = panel_counts(str(tmp_path / "panel"), genome, samples)
        assert found.equals(panel_counts(str(built[0] / "panel.vcf.gz"), genome, samples))
        assert found.height == 2


def test_stage_1_takes_the_vcf(work, built):
    given = ResourceVcf(built[0] / "panel.vcf.gz", "panel_of_normals", Genome(work / "genome.fa"))
    assert [line.split("\t")[1] for line in given.records()] == [str(ARTEFACT), str(STUTTER[0])]
    assert given.faults == []


@pytest.mark.slow
def test_only_new_samples_are_counted_and_the_panel_is_that_of_one_build(
    work, built, tmp_path, monkeypatch
):
    build(work, tmp_path, "N1", "N2")
    counted = []
    count = normals.count_sample
    monkeypatch.setattr(
        normals,
        "count_sample",
        lambda reads, *more: counted.append(reads.name) or count(reads, *more),
    )
    made = build(work, tmp_path, "N1", "N2", "N3", "N4")
    assert (counted, made.counted) == (["N3.bam", "N4.bam"], 2)
    for name in ("panel.vcf.gz", "panel.parquet", "panel.json"):
        assert (tmp_path / name).read_bytes() == (built[0] / name).read_bytes()
    assert made.sha256 == built[1].sha256
    fewer = build(work, tmp_path, "N1", "N3")
    assert fewer.counted == 0
    assert pl.read_parquet(tmp_path / "panel.parquet")[
        "seen_in"
    ].explode().unique().sort().to_list() == [
        "N1",
        "N3",
    ]


def test_other_reads_of_a_sample_are_counted_again(work, tmp_path):
    write_reads(tmp_path / "N1.bam", "N1", {ARTEFACT: 3})
    path = sheet(tmp_path, "N1")
    ways = (work / "genome.fa", work / "targets.bed", None, LIMITS, tmp_path / "panel")
    assert build_panel(path, *ways).alleles == 1
    assert build_panel(path, *ways).counted == 0
    write_reads(tmp_path / "N1.bam", "N1", {ARTEFACT: 3, GERMLINE: 20})
    again = build_panel(path, *ways)
    assert (again.counted, again.alleles) == (1, 2)


def test_what_is_of_another_genome_is_refused(work, tmp_path):
    def refused(fasta, targets):
        with pytest.raises(InputError) as error:
            build_panel(sheet(work, "N1"), fasta, targets, None, LIMITS, tmp_path / "panel")
        return str(error.value)

    (tmp_path / "targets.bed").write_text("7\t1\t9\n")
    assert 'targets.bed, line 1, column "contig"' in refused(
        work / "genome.fa", tmp_path / "targets.bed"
    )
    (tmp_path / "other.fa").write_text(f">20\n{SEQUENCE}ACGT\n")
    pysam.faidx(str(tmp_path / "other.fa"))
    assert refused(tmp_path / "other.fa", work / "targets.bed") == (
        f'{work}/N1.bam: was aligned to another reference: its contig "20" is 800, '
        "the FASTA's has 804 bases."
    )


def test_a_program_that_fails_is_told_in_its_own_words(work, tmp_path):
    with pytest.raises(ToolError, match=r"bcftools view ended with .*: .*not_there"):
        normals._piped([["bcftools", "view", str(tmp_path / "not_there")]])
    with pytest.raises(ToolError, match="nonesuch is not there: onconcord doctor says how to"):
        normals._piped([["nonesuch"]])


def test_every_fault_of_the_sheet_is_named(work, tmp_path):
    write_reads(tmp_path / "A.bam", "N1", {})
    write_reads(tmp_path / "B.bam", "B", {})
    (tmp_path / "B.bam.bai").unlink()
    (tmp_path / "C.bam").write_text("no alignment")
    path = sheet(tmp_path, "A", "B", "C", "D")
    path.write_text(
        path.read_text() + f"N1\tP1\t{work}/N1.bam\nN1\t\t{work}/N1.bam\nN2\tP,2\t{work}/N2.bam\n"
    )
    with pytest.raises(InputError) as error:
        read_normals(path)
    lines = str(error.value).replace(f"{tmp_path}/", "").splitlines()
    name = path.name
    assert lines[0] == (
        f'{name}, line 2, column "reads": the read groups are of the sample "N1", not of "A": a '
        "panel leaves a pair's own normal out by its id."
    )
    assert lines[1] == (
        f'{name}, line 3, column "reads": "B.bam" has no index: make one with samtools index.'
    )
    assert lines[2].startswith(f'{name}, line 4, column "reads": "C.bam" cannot be read as BAM')
    assert lines[3] == f'{name}, line 5, column "reads": "D.bam" is not a file.'
    assert lines[4] == f'{name}, line 7, column "patient": is empty, and required.'
    assert lines[5] == f'{name}, line 8, column "patient": "P,2" is not an id of a sheet of pairs.'
    assert len(lines) == 6


def test_the_command_warns_of_a_driver_by_its_name(work, tmp_path, monkeypatch, capsys):
    words = ["panel", sheet(work, "N3", "N4"), "--fasta", work / "genome.fa", "--targets"]
    words += [work / "targets.bed", "--hotspots", work / "hotspots.tsv", "--out", tmp_path / "p"]
    monkeypatch.setattr(sys, "argv", ["onconcord", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    said = capsys.readouterr().out
    assert "warning: the known driver KRAS_G12 is in the panel, shown by N3, N4" in said
    assert "2 normals, 2 of them counted now; 1 alleles, 0 in the VCF" in said
