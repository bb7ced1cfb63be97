"""The somatic filter of FreeBayes: each of its soft filters, by the record that meets it."""

import subprocess

import pytest

from onconcord.runtime.checkout import root

SCRIPT = root() / "workflow/callers/freebayes/somatic_filter.sh"
HEADER = """\
##fileformat=VCFv4.2
##contig=<ID=20,length=100000>
##INFO=<ID=SAF,Number=A,Type=Integer,Description="Alternate observations on the forward strand">
##INFO=<ID=SAR,Number=A,Type=Integer,Description="Alternate observations on the reverse strand">
##INFO=<ID=MQM,Number=A,Type=Float,Description="Mean mapping quality of alternate observations">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">
##FORMAT=<ID=AO,Number=A,Type=Integer,Description="Alternate observations">
"""
INDEL_OF_THE_NORMAL = {"pos": 1010, "ref": "A", "alt": "ATT", "normal": "60:20"}


def record(pos=1000, ref="A", alt="C", qual=50, info="SAF=9;SAR=9;MQM=60", **counts):
    """A clear somatic record of a matched pair, with some of its facts changed."""
    tumour, normal = counts.get("tumour", "100:30"), counts.get("normal", "60:0")
    return f"20\t{pos}\t.\t{ref}\t{alt}\t{qual}\t.\t{info}\tDP:AO\t{tumour}\t{normal}\n"


def filtered(*records, normal=True):
    """FILTER of each record, as a set, by position and alternate allele."""
    names = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "T", "N")
    text = HEADER + "\t".join(names) + "\n" + "".join(records)
    said = subprocess.run(
        [SCRIPT, str(normal)], input=text.encode(), capture_output=True, check=True
    ).stdout
    shown = subprocess.run(
        ["bcftools", "query", "--format", "%POS %ALT %FILTER\n"],
        input=said,
        capture_output=True,
        check=True,
    ).stdout.decode()
    rows = (line.split() for line in shown.splitlines())
    return {(int(pos), alt): set(found.split(";")) for pos, alt, found in rows}


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        pytest.param({}, {"PASS"}, id="clear"),
        pytest.param({"qual": 19.9}, {"low_quality"}, id="quality"),
        pytest.param({"tumour": "50:3"}, {"low_support"}, id="three reads"),
        pytest.param({"tumour": "400:11"}, {"low_fraction"}, id="2.75 %"),
        pytest.param({"info": "SAF=0;SAR=9;MQM=60"}, {"strand"}, id="reverse strand alone"),
        pytest.param({"info": "SAF=9;SAR=0;MQM=60"}, {"strand"}, id="forward strand alone"),
        pytest.param({"info": "SAF=9;SAR=9;MQM=29"}, {"low_mapping_quality"}, id="mapping"),
        pytest.param({"normal": "60:30"}, {"germline", "normal_support"}, id="heterozygous"),
        pytest.param({"normal": "60:6", "tumour": "100:60"}, {"germline"}, id="10 % of the normal"),
        pytest.param(
            {"normal": "60:5", "tumour": "100:30"}, {"normal_support"}, id="a fifth of the tumour's"
        ),
        pytest.param({"normal": "60:5", "tumour": "100:60"}, {"PASS"}, id="less than a fifth"),
        pytest.param({"normal": "7:0"}, {"normal_depth"}, id="thin normal"),
        pytest.param({"normal": ".:."}, {"normal_depth"}, id="normal not seen"),
    ],
)
def test_a_record_meets_the_filter_it_is_about(changes, met):
    assert filtered(record(**changes)) == {(1000, "C"): met}


@pytest.mark.parametrize(
    ("pos", "near"),
    [
        pytest.param(1004, False, id="six before"),
        pytest.param(1005, True, id="five before"),
        pytest.param(1015, True, id="five after"),
        pytest.param(1016, False, id="six after"),
    ],
)
def test_a_substitution_beside_an_indel_of_the_normal_is_marked(pos, near):
    found = filtered(*sorted([record(pos=pos), record(**INDEL_OF_THE_NORMAL)]))
    assert found[pos, "C"] == ({"near_germline_indel"} if near else {"PASS"})


def test_an_indel_beside_one_and_a_substitution_beside_a_somatic_one_are_not():
    found = filtered(
        record(**INDEL_OF_THE_NORMAL),
        record(pos=1012, ref="AGG", alt="A"),
        record(pos=5000, ref="A", alt="ATT"),
        record(pos=5001),
    )
    assert found.pop((1010, "ATT")) == {"germline", "normal_support"}
    assert set(map(frozenset, found.values())) == {frozenset({"PASS"})}


def test_a_tumour_alone_is_held_to_its_own_reads():
    records = [record(normal="60:30"), record(pos=1001, qual=1)]
    assert filtered(*records, normal=False) == {(1000, "C"): {"PASS"}, (1001, "C"): {"low_quality"}}


def test_a_file_without_records_stays_one():
    assert filtered() == {}
