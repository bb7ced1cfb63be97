"""The red team finds an inherited allele in whatever spelling a release has it."""

import random

import polars as pl
import pysam
import pytest

from onconcord.accuracy.inherited import Patient, Site
from onconcord.accuracy.leaks import leaks
from onconcord.evidence.normal_form import Allele
from onconcord.files import write_tsv
from onconcord.reference.sequence import Genome

SEQUENCE = "".join(random.Random(4).choices("ACGT", k=600))


def other(at):
    return {"A": "C", "C": "G", "G": "T", "T": "A"}[SEQUENCE[at - 1]]


def snv(at):
    return Allele("20", at, SEQUENCE[at - 1], other(at))


INHERITED, SOMATIC = snv(300), snv(301)
BOTH = Allele("20", 300, SEQUENCE[299:301], INHERITED.alt + SOMATIC.alt)
THIRD = min(set("ACGT") - {INHERITED.ref, INHERITED.alt})
STRANGE = Allele("20", 299, SEQUENCE[298:300], other(299) + THIRD)
PLACE = ("chrom", "pos", "ref", "alt")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "genome.fa").write_text(f">20\n{SEQUENCE}\n")
    pysam.faidx(str(tmp_path / "genome.fa"))
    header = ("chrom", "source_name", "length_bp", "md5", "refget_sq", "is_primary", "masked_bp")
    (tmp_path / "results/1_reference").mkdir(parents=True)
    row = ("chr20", "20", len(SEQUENCE), "0" * 32, f"SQ.{'a' * 32}", 1, 0)
    write_tsv(tmp_path / "results/1_reference/contigs.tsv", header, [row])
    return tmp_path


def found(folder, allele, table="small_variant", **columns):
    """What is found in a release of one row under the patient's pseudonym."""
    release = folder / "release"
    (release / table).mkdir(parents=True)
    row = {"pair_id": "RED-X", "chrom": "chr20", **dict(zip(PLACE[1:], allele[1:], strict=True))}
    pl.DataFrame([row | columns]).write_parquet(release / table / "part.parquet")
    site = Site(INHERITED, (1,), "cis", SOMATIC, 1, 0.5, 0, 0.0, False)
    people = [Patient("red", (60, 0.0), (site,), (1.0,))]
    assert Genome(folder / "genome.fa").bases("20", 299, 300) == INHERITED.ref
    return leaks(release, folder, people, lambda _: "RED-X")


def parts(allele):
    return allele.chrom, allele.pos, allele.ref, allele.alt


@pytest.mark.parametrize(
    ("allele", "leaked"),
    [
        pytest.param(INHERITED, True, id="itself"),
        pytest.param(BOTH, True, id="in one event with a somatic one"),
        pytest.param(SOMATIC, False, id="the somatic one alone"),
        pytest.param(STRANGE, True, id="unexplained, and over it"),
        pytest.param(snv(340), False, id="unexplained, and elsewhere"),
    ],
)
def test_an_inherited_allele_in_a_row_is_found(folder, allele, leaked):
    said = found(folder, parts(allele))
    assert bool(said) == leaked
    assert all("small_variant: red" in one for one in said)


@pytest.mark.parametrize(("status", "leaked"), [("mutated", True), ("indeterminate", False)])
def test_a_list_of_drivers_leaks_where_it_says_so(folder, status, leaked):
    assert bool(found(folder, parts(INHERITED), "hotspot_status", status=status)) == leaked


def test_a_name_of_an_inherited_allele_in_any_byte_is_found(folder):
    key = f"chr20:300:{INHERITED.ref}:{INHERITED.alt}"
    said = found(folder, parts(SOMATIC), note=f"beside {key}")
    assert f"bytes: {key}" in said
