"""Inputs that once failed, where they are at hand: the check takes each, or says what is wrong."""

import os
import subprocess
from pathlib import Path

import pytest

from onconcord.inputs.preflight import preflight
from onconcord.runtime.checkout import root

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


def faults_of(case, folder, a_slice):
    subprocess.run(
        [CASES / "lay.sh", root(), case, folder],
        check=True,
        capture_output=True,
        env={**os.environ, "BASE": str(a_slice)},
    )
    return [str(fault) for fault in preflight(folder).faults]


@pytest.mark.parametrize("case", TAKEN)
def test_a_good_input_is_taken(tmp_path, a_slice, case):
    assert faults_of(case, tmp_path / case, a_slice) == []


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_input_is_refused_where_it_is(tmp_path, a_slice, case):
    found = faults_of(case, tmp_path / case, a_slice)
    assert any(REFUSED[case] in fault for fault in found), found
