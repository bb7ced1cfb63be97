"""Simulated reads: the truth is in them, and the same truth gives the same bytes."""

import gzip
import os
import random
import shutil

import pysam
import pytest

import demo_reads as simulate_reads
from onconcord.demo.simulate import simulate
from onconcord.demo.slice import write_slice
from onconcord.errors import InputError
from onconcord.inputs import config
from onconcord.inputs.cohort import load
from onconcord.runtime import checkout

pytestmark = pytest.mark.skipif(
    shutil.which("art_illumina") is None, reason="art_illumina comes with the demo's tools"
)

# A made-up chromosome 20: two regions, a germline variant and a somatic one apart.
GENOME = "".join(random.Random(20).choices("ACGT", k=12_000))
GERMLINE, SOMATIC, LATE = 2500, 2700, 9000
OTHER = dict(zip("ACGT", "CATG", strict=True))
FILES = ["NOR-X_L1_1", "NOR-X_L1_2", "TUM-X_L1_1", "TUM-X_L1_2", "TUM-X_L2_1", "TUM-X_L2_2"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    fasta = tmp_path_factory.mktemp("reference") / "chr20.fa"
    fasta.write_text(f">20\n{GENOME}\n")
    pysam.faidx(str(fasta))
    return fasta


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "cohort.tsv").write_text(
        "sample\tpatient\trole\tlanes\nTUM-X\tPAT-X\ttumour\t2\nNOR-X\tPAT-X\tnormal\t1\n"
    )
    (folder / "targets.bed").write_text("20\t2000\t4000\tONE\n20\t8500\t9500\tTWO\n")
    base = GENOME[GERMLINE - 1]
    (folder / "germline.tsv").write_text(
        "patient\tchrom\tpos\tref\talt\thaplotype\tpopulation_af\n"
        f"PAT-X\t20\t{GERMLINE}\t{base}\t{OTHER[base]}\t2\t0.1\n"
    )
    lines = ["sample\tchrom\tpos\tref\talt\tvaf\tclass\tgene\tnote"]
    for pos, vaf in ((SOMATIC, 0.25), (LATE, 0.6)):
        base = GENOME[pos - 1]
        lines.append(f"TUM-X\t20\t{pos}\t{base}\t{OTHER[base]}\t{vaf}\tSNV\tONE\t")
    (folder / "somatic.tsv").write_text("\n".join(lines) + "\n")
    return folder


def make(reference, demo, out, cores=1, only=(), genes=()):
    simulate(reference, demo, out, cores, frozenset(only), frozenset(genes))
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def lines(out, prefix):
    return [
        line
        for path in sorted(out.glob(f"{prefix}*.fq.gz"))
        for line in gzip.decompress(path.read_bytes()).decode().splitlines()
    ]


def alternate_fraction(out, sample, pos):
    """Share of the reads over a position, either strand, that have the other base there."""
    counts = []
    for base in (GENOME[pos - 1], OTHER[GENOME[pos - 1]]):
        word = GENOME[pos - 9 : pos - 1] + base + GENOME[pos : pos + 8]
        back = word.translate(str.maketrans("ACGT", "TGCA"))[::-1]
        counts.append(sum(word in line or back in line for line in lines(out, sample)))
    return counts[1] / sum(counts)


def test_fractions_are_those_of_the_truth(reference, demo, tmp_path):
    make(reference, demo, tmp_path / "reads")
    seen = {
        (sample, pos): alternate_fraction(tmp_path / "reads", sample, pos)
        for sample in ("TUM-X", "NOR-X")
        for pos in (GERMLINE, SOMATIC, LATE)
    }
    assert seen == {
        ("TUM-X", GERMLINE): pytest.approx(0.5, abs=0.09),
        ("TUM-X", SOMATIC): pytest.approx(0.25, abs=0.09),
        ("TUM-X", LATE): pytest.approx(0.6, abs=0.09),
        ("NOR-X", GERMLINE): pytest.approx(0.5, abs=0.09),
        ("NOR-X", SOMATIC): 0,
        ("NOR-X", LATE): 0,
    }


def test_bytes_do_not_depend_on_cores_place_or_time(reference, demo, tmp_path):
    made = make(reference, demo, tmp_path / "one", cores=1)
    assert made == make(reference, demo, tmp_path / "two", cores=2)
    # The time in a gzip header is its fifth to eighth byte.
    assert {data[4:8] for name, data in made.items() if name.endswith(".gz")} == {bytes(4)}


def test_lanes_share_the_pairs_of_a_sample_and_mates_go_together(reference, demo, tmp_path):
    made = make(reference, demo, tmp_path / "reads")
    assert [name[:-6] for name in made if name.endswith(".fq.gz")] == FILES
    names = {
        name: [
            line.split()[0]
            for line in gzip.decompress(made[f"{name}.fq.gz"]).decode().splitlines()[::4]
        ]
        for name in FILES
    }
    for first, second in zip(FILES[::2], FILES[1::2], strict=True):
        assert names[first] == names[second]
        assert len(set(names[first])) == len(names[first])
    assert abs(len(names["TUM-X_L1_1"]) - len(names["TUM-X_L2_1"])) <= 1


def test_some_pairs_are_pcr_duplicates(reference, demo, tmp_path):
    make(reference, demo, tmp_path / "reads")
    first, second = (lines(tmp_path / "reads", f"NOR-X_L1_{mate}") for mate in (1, 2))
    pairs = list(zip(first[1::4], second[1::4], strict=True))
    copied = 1 - len(set(pairs)) / len(pairs)
    assert copied == pytest.approx(0.08 / 1.08, abs=0.03)


def test_reads_that_are_there_are_left_alone_and_missing_ones_made_again(reference, demo, tmp_path):
    out = tmp_path / "reads"
    before = make(reference, demo, out)
    times = {path.name: os.stat(path).st_mtime_ns for path in out.iterdir()}
    (out / "NOR-X_L1_2.fq.gz").unlink()
    assert make(reference, demo, out) == before
    changed = [path.name for path in out.iterdir() if os.stat(path).st_mtime_ns != times[path.name]]
    assert sorted(changed) == ["NOR-X.made_from", "NOR-X_L1_1.fq.gz", "NOR-X_L1_2.fq.gz"]


def test_another_truth_makes_other_reads(reference, demo, tmp_path):
    before = make(reference, demo, tmp_path / "reads")
    somatic = demo / "somatic.tsv"
    somatic.write_text(somatic.read_text().replace("\t0.25\t", "\t0.45\t"))
    after = make(reference, demo, tmp_path / "reads")
    assert before["TUM-X_L1_1.fq.gz"] != after["TUM-X_L1_1.fq.gz"]


def test_a_slice_of_the_genes_has_no_reads_of_others(reference, demo, tmp_path):
    make(reference, demo, tmp_path / "reads", only=["TUM-X"], genes=["ONE"])
    assert not list((tmp_path / "reads").glob("NOR-X*"))
    word = GENOME[8800:8820]
    assert not any(word in line for line in lines(tmp_path / "reads", "TUM-X"))


def test_a_truth_of_another_reference_is_refused(reference, demo, tmp_path):
    base = GENOME[SOMATIC - 1]
    somatic = demo / "somatic.tsv"
    somatic.write_text(somatic.read_text().replace(f"\t{base}\t", f"\t{OTHER[base]}\t", 1))
    with pytest.raises(InputError) as error:
        make(reference, demo, tmp_path / "reads", only=["TUM-X"])
    assert str(error.value) == (
        f"20: the truth has {OTHER[base]} at {SOMATIC}, the reference {base}: take another FASTA."
    )
    assert not list((tmp_path / "reads").glob("*.fq.gz"))


def test_the_script_says_what_is_wrong_and_ends_with_2(reference, demo, tmp_path, capsys):
    base = GENOME[SOMATIC - 1]
    somatic = demo / "somatic.tsv"
    somatic.write_text(somatic.read_text().replace(f"\t{base}\t", f"\t{OTHER[base]}\t", 1))
    arguments = ["--reference", reference, "--demo", demo, "--out", tmp_path / "reads"]
    assert simulate_reads.main([str(word) for word in arguments]) == 2
    assert capsys.readouterr().err.startswith("error: 20: the truth has ")


@pytest.mark.slow
def test_the_slice_is_a_working_folder_of_two_patients_and_two_genes(tmp_path):
    """Runs on the demo's own truth, and so on its reference."""
    reference = checkout.root() / ".tools/demo/reference"
    if not (reference / "chr20.fa.fai").exists():
        pytest.skip("the demo's chromosome 20 is not here")
    folder = tmp_path / "slice"
    demo = checkout.root() / "resources/demo"
    write_slice(reference / "chr20.fa", reference / "bwa/chr20", demo, folder, 2)
    cohort = load(folder)
    assert [(pair.pair_id, pair.centre) for pair in cohort.pairs.values()] == [
        ("TUM-A01", "DEMO-A"),
        ("TUM-B02", "DEMO-B"),
    ]
    values = config.load(folder)
    assert values["reference"]["genes"] == str(folder / "genes.gtf")
    genes = {line.split("\t")[3] for line in (folder / "targets.bed").read_text().splitlines()}
    assert genes == {"ASXL1", "GNAS"}
    assert {path.name for path in (folder / "reads").glob("*.fq.gz")} == {
        *(f"TUM-A01_L{lane}_{mate}.fq.gz" for lane in (1, 2) for mate in (1, 2)),
        *(f"{sample}_L1_{mate}.fq.gz" for sample in ("NOR-A01", "TUM-B02") for mate in (1, 2)),
    }
