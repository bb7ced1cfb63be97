"""A resource VCF is taken in any form that means the same, and left out or refused in words."""

import gzip
import random
import re
import subprocess

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_forms import FORMS as GZIPS
from onconcord.errors import InputError
from onconcord.inputs.resource_vcf import ResourceVcf
from onconcord.reference.resources import write_resource
from onconcord.reference.sequence import Genome

SEQUENCE = "".join(random.Random(3).choices("ACGT", k=800)) + "R" + "ACGT" * 50
HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=20,length=1001>\n"
    '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


@pytest.fixture(scope="session")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    (folder / "g.fa").write_text(f">20\n{SEQUENCE}\n>MT\n{SEQUENCE[:100]}\n")
    pysam.faidx(str(folder / "g.fa"))
    return Genome(folder / "g.fa")


def snv(pos, af="0.5", alt=None, chrom="20"):
    ref = SEQUENCE[pos - 1]
    other = alt or ("A" if ref != "A" else "C")
    return f"{chrom}\t{pos}\t.\t{ref}\t{other}\t.\t.\tAF={af}\n"


def read(folder, genome, lines, kind="population", header=HEADER, limit=None):
    path = folder / "r.vcf"
    path.write_text(header + "".join(lines))
    resource = ResourceVcf(path, kind, genome, limit)
    return list(resource.records()), [str(fault) for fault in resource.faults], resource.tally


GOOD = [snv(pos) for pos in range(10, 110, 5)]


@pytest.mark.parametrize("form", GZIPS)
def test_every_form_of_a_file_gives_the_same(tmp_path, genome, form):
    expected, _, _ = read(tmp_path, genome, GOOD)
    (tmp_path / "r.vcf").write_bytes(GZIPS[form]((HEADER + "".join(GOOD)).encode()))
    resource = ResourceVcf(tmp_path / "r.vcf", "population", genome)
    assert list(resource.records()) == expected
    assert resource.faults == []


def test_a_bcf_is_taken(tmp_path, genome):
    expected, _, _ = read(tmp_path, genome, GOOD)
    command = ["bcftools", "view", "-O", "b", "-o", tmp_path / "r.bcf", tmp_path / "r.vcf"]
    subprocess.run(command, check=True)
    resource = ResourceVcf(tmp_path / "r.bcf", "population", genome)
    assert list(resource.records()) == expected


@pytest.mark.parametrize("chrom", ["chr20", "NC_000020.10", "NC_000020.11"])
def test_another_naming_scheme_is_mapped(tmp_path, genome, chrom):
    lines = [snv(10, chrom=chrom), "chrM" + snv(20)[2:], "NC_012920.1" + snv(30)[2:]]
    found, faults, _ = read(tmp_path, genome, lines)
    assert faults == []
    assert [line.split("\t")[:2] for line in found] == [["20", "10"], ["MT", "20"], ["MT", "30"]]


def test_contig_lines_are_not_needed(tmp_path, genome):
    header = HEADER.replace("##contig=<ID=20,length=1001>\n", "")
    assert len(read(tmp_path, genome, GOOD, header=header)[0]) == 20


@pytest.mark.parametrize(
    ("info", "count", "expected"),
    [
        pytest.param("AF=0.25", 1, ["0.25"], id="a number"),
        pytest.param("DP=3;AF=6.5e-05;XAF=1", 1, ["6.5e-05"], id="among others"),
        pytest.param("AF=.", 1, [], id="missing"),
        pytest.param("AF=nan", 1, [], id="not a number"),
        pytest.param("DP=3", 1, [], id="absent"),
        pytest.param("AF=0.1,0.2", 2, ["0.1", "0.2"], id="one for each allele"),
        pytest.param("AF=0.1,.", 2, ["0.1"], id="one is missing"),
        pytest.param("AF=0.7,0.1,0.2", 2, ["0.1", "0.2"], id="the reference comes first"),
        pytest.param("AF=0.1", 2, [], id="one for several alleles"),
    ],
)
def test_a_frequency_is_one_number_of_one_allele_or_not_known(
    tmp_path, genome, info, count, expected
):
    ref = SEQUENCE[49]
    alts = ",".join([base for base in "ACGT" if base != ref][:count])
    lines = [*GOOD, f"20\t50\t.\t{ref}\t{alts}\t.\t.\t{info}\n"]
    found, faults, tally = read(tmp_path, genome, lines)
    assert faults == []
    infos = [line.rstrip("\n").split("\t")[7] for line in found[20:]]
    assert infos == [f"AF={one};AF_MAX={one}" for one in expected]
    assert tally.no_frequency == count - len(expected)


def test_a_clinical_resource_says_what_variants_mean(tmp_path, genome):
    assert read(tmp_path, genome, GOOD, "clinical")[1] == [
        "r.vcf: has no INFO/CLNSIG, the clinical significance: give assertions such as ClinVar's, "
        "or leave resources.clinical null."
    ]


def test_clinical_records_keep_significance_review_conditions_and_id(tmp_path, genome):
    ref, alt = snv(50).split("\t")[3:5]
    lines = [
        f"20\t50\t12345\t{ref.lower()}\t{alt}\t.\t.\tGENE=x;CLNDN=A b|C;CLNSIG=Likely benign\n"
    ]
    found, faults, _ = read(tmp_path, genome, lines, "clinical")
    assert faults == []
    assert found == [f"20\t50\t12345\t{ref}\t{alt}\t.\t.\tCLNSIG=Likely_benign;CLNDN=A_b|C\n"]


def test_what_cannot_be_used_is_left_out_and_counted(tmp_path, genome):
    lines = [
        *GOOD,
        "NW_009646201.1\t5\t.\tA\tC\t.\t.\tAF=0.1\n",
        "20\t801\t.\tA\tC\t.\t.\tAF=0.1\n",
        f"20\t60\t.\t{SEQUENCE[59]}\t<DEL>,*\t.\t.\tAF=0.1,0.1\n",
    ]
    found, faults, tally = read(tmp_path, genome, lines)
    assert (len(found), faults) == (20, [])
    assert str(tally) == (
        "records 23, kept 20, other contigs 1, ambiguous 1, no alternate 2, no frequency 0"
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [*GOOD, "20\t50\t.\tA\n"],
            'r.vcf, line 25, column "POS": "20\t50\t.\tA" is not a VCF record: expected CHROM, '
            "POS, ID, REF, ALT, QUAL, FILTER and INFO, with tabs between them.",
            id="too few columns",
        ),
        pytest.param(
            [*GOOD, snv(50, "45.4")],
            'r.vcf, line 25, column "INFO": AF "45.4" is not a frequency: expected 0 to 1.',
            id="per cent",
        ),
        pytest.param(
            [*GOOD, snv(50, "high")],
            'r.vcf, line 25, column "INFO": AF "high" is not a number.',
            id="a word",
        ),
        pytest.param(
            [*GOOD, "20\t1002\t.\tA\tC\t.\t.\tAF=0.1\n"],
            'r.vcf, line 25, column "REF": 1 of 21 records have another REF than the FASTA '
            "(20:1002 has A, the FASTA no base): it is of another build, or its positions are "
            "shifted.",
            id="beyond the contig",
        ),
        pytest.param(
            [*GOOD, "7\t5\t.\tA\tC\t.\t.\tAF=0.1\n" * 5],
            "r.vcf: 5 of 25 records cannot be used, which is more than 10%: 0 are at ambiguity "
            'codes, 5 on contigs that the FASTA has not, such as "7" (5). It has 20, MT: is this '
            "another build?",
            id="other contigs",
        ),
        pytest.param(
            [], "r.vcf: has no record: give a resource, or leave its key null.", id="none"
        ),
        pytest.param(
            [snv(50, alt="<DEL>")],
            "r.vcf: has no record that can be used: records 1, kept 0, other contigs 0, ambiguous "
            "0, no alternate 1, no frequency 0.",
            id="nothing is left",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, genome, lines, expected):
    assert read(tmp_path, genome, lines)[1] == [expected]


def test_text_that_is_no_vcf_is_refused(tmp_path, genome):
    assert read(tmp_path, genome, GOOD, header="")[1] == [
        f'r.vcf, line 1: begins with "{GOOD[0].strip()}", expected the header of a VCF, which ends '
        "in a line #CHROM, POS, ID, REF, ALT and so on, with tabs between them."
    ]


def test_the_beginning_of_a_file_may_be_of_other_contigs(tmp_path, genome):
    lines = ["7\t5\t.\tA\tC\t.\t.\tAF=0.1\n", *GOOD]
    assert read(tmp_path, genome, lines, limit=5)[1] == []


def test_the_normal_form_is_sorted_shifted_indexed_and_whole(tmp_path, genome):
    # An inserted A behind a run of A, spelt at its right end.
    run = SEQUENCE.index("AAA") + 1
    lines = [*reversed(GOOD), f"20\t{run + 2}\t.\tA\tAA\t.\t.\tAF=0.25\n"]
    (tmp_path / "r.vcf").write_bytes(gzip.compress((HEADER + "".join(lines)).encode()))
    out, counts = tmp_path / "o/population.vcf.gz", tmp_path / "o/counts.json"
    write_resource("population", [tmp_path / "r.vcf"], genome.path, out, counts)
    said = subprocess.run(
        ["bcftools", "query", "-r", "20", "-f", "%POS %REF %ALT %AF\n", out],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    positions = [int(line.split()[0]) for line in said]
    assert positions == sorted(positions)
    assert len(said) == 21
    before = SEQUENCE[run - 2]
    assert f"{run - 1} {before} {before}A 0.25" in said
    assert counts.read_text().startswith('{"ambiguous":0,"kept":21,')
    assert (tmp_path / "o/population.vcf.gz.tbi").stat().st_mtime >= out.stat().st_mtime


def test_a_wrong_resource_leaves_nothing_behind(tmp_path, genome):
    (tmp_path / "r.vcf").write_text(HEADER + snv(50, "7"))
    out = tmp_path / "o/population.vcf.gz"
    message = r'r\.vcf, line 5, column "INFO": AF "7" is not a frequency'
    with pytest.raises(InputError, match=message):
        write_resource("population", [tmp_path / "r.vcf"], genome.path, out, tmp_path / "o/c.json")
    assert list((tmp_path / "o").iterdir()) == []


GNOMAD = """##fileformat=VCFv4.2
##INFO=<ID=AF,Number=A,Type=Float,Description="Alternate allele frequency">
##INFO=<ID=AF_grpmax,Number=A,Type=Float,Description="Maximum over groups">
##INFO=<ID=AF_afr,Number=A,Type=Float,Description="African">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO
"""


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        pytest.param(
            "AF=0.01;AF_grpmax=0.03;AF_afr=2e-2", "AF=0.01;AF_MAX=0.03", id="the highest counts"
        ),
        pytest.param("AF=0.01;AF_grpmax=.", "AF=0.01;AF_MAX=0.01", id="AF where no group has it"),
        pytest.param("AF_afr=0.5", "AF=0.5;AF_MAX=0.5", id="a group where there is no AF"),
        pytest.param("AF=0;AN=1000", "AF=0;AF_MAX=0", id="looked for in many and not seen"),
        pytest.param("AF=0;AN=0", None, id="of no chromosome is not known, not 0"),
        pytest.param(
            "AF=0.1;AF_afr=0;AN_afr=0", "AF=0.1;AF_MAX=0.1", id="a group of no chromosome"
        ),
        pytest.param("AC=3", None, id="no frequency"),
    ],
)
def test_the_highest_of_the_stated_frequencies_counts(tmp_path, genome, info, expected):
    lines = [*GOOD, snv(200).replace("AF=0.5", info)]
    (tmp_path / "r.vcf").write_text(GNOMAD + "".join(lines))
    fields = ("AF_grpmax", "AF_afr")
    resource = ResourceVcf(tmp_path / "r.vcf", "population", genome, fields=fields)
    found = [line.split("\t") for line in resource.records()]
    last = [cells[7].strip() for cells in found if cells[1] == "200"]
    assert last == ([expected] if expected else [])
    assert (resource.faults, resource.tally.no_frequency) == ([], 0 if expected else 1)


def test_exomes_and_genomes_are_one_resource(tmp_path, genome):
    (tmp_path / "exomes.vcf").write_text(GNOMAD + snv(10).replace("AF=", "AF_grpmax=0.7;AF="))
    (tmp_path / "genomes.vcf").write_text(HEADER + snv(10, "0.2") + snv(20, "0.1"))
    out, counts = tmp_path / "population.vcf.gz", tmp_path / "c.json"
    given = [tmp_path / "exomes.vcf", tmp_path / "genomes.vcf"]
    tally = write_resource("population", given, genome.path, out, counts, ("AF_grpmax",))
    said = subprocess.run(
        ["bcftools", "query", "-f", "%POS %AF %AF_MAX\n", out],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    assert sorted(said) == ["10 0.2 0.2", "10 0.5 0.7", "20 0.1 0.1"]
    assert (tally.records, tally.kept) == (3, 3)


def test_a_field_that_no_file_of_the_population_has_is_refused(tmp_path, genome):
    (tmp_path / "r.vcf").write_text(GNOMAD + "".join(GOOD))
    out = tmp_path / "population.vcf.gz"
    message = (
        'config.yaml, "resources.population_fields": there is no INFO field "AF_popmax" in r.vcf: '
        "name fields that hold frequencies as their headers have them, or leave it out; AF is "
        "always read."
    )
    with pytest.raises(InputError, match=re.escape(message)):
        write_resource(
            "population",
            [tmp_path / "r.vcf"],
            genome.path,
            out,
            tmp_path / "c.json",
            ("AF_afr", "AF_popmax"),
        )
    assert not out.exists()


@given(data=st.data())
def test_a_resource_is_as_its_plain_form_or_refused_in_words(data, genome, tmp_path_factory):
    draw = data.draw
    folder = tmp_path_factory.mktemp("resource")
    places = draw(st.lists(st.integers(1, 800), min_size=12, max_size=30, unique=True))
    lines = [snv(pos, draw(st.sampled_from(["0.1", "0", "1", "1e-4"]))) for pos in places]
    plain, faults, _ = read(folder, genome, lines)
    assert (len(plain), faults) == (len(places), [])
    vary = draw(st.sampled_from(["names", "case", "order", "contig lines", "line ends", "extra"]))
    header, varied = HEADER, list(lines)
    if vary == "names":
        varied = [f"chr{line}" for line in lines]
    elif vary == "case":
        varied = [
            "\t".join(line.split("\t")[:5]).lower() + line[line.rindex("\t.\t.") :]
            for line in lines
        ]
    elif vary == "order":
        varied = draw(st.permutations(lines))
    elif vary == "contig lines":
        header = HEADER.replace("##contig=<ID=20,length=1001>\n", "##contig=<ID=20>\n")
    elif vary == "line ends":
        varied = [line.replace("\n", "\r\n") for line in lines]
    else:
        varied = [line.replace("AF=", "AC=3;AF=") for line in lines]
    found, faults, _ = read(folder, genome, varied, header=header)
    assert (sorted(found), faults) == (sorted(plain), [])
    text = (header + "".join(varied)).encode()
    at = draw(st.integers(0, len(text)))
    harm = draw(st.binary(min_size=1, max_size=4))
    form = draw(st.sampled_from(sorted(GZIPS)))
    path = folder / "r.vcf"
    broken = GZIPS[form](text[:at] + harm + text[at + draw(st.integers(0, 3)) :])
    if draw(st.booleans()):
        broken = broken[: draw(st.integers(0, len(broken)))]
    path.write_bytes(broken)
    resource = ResourceVcf(path, "population", genome)
    kept = list(resource.records())
    assert resource.faults or kept
    assert all(fault.source == "r.vcf" and fault.message for fault in resource.faults)
