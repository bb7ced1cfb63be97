"""An alignment that is taken as it is: every read has a read group that no other sample has."""

import subprocess

import pysam
import pytest

from onconcord.runtime import checkout
from small_folder import SEQUENCE

SCRIPT = checkout.root() / "scripts/alignments_take.sh"


def take(folder, groups, of_reads):
    """The read groups of what the script makes of a BAM, and those of its reads."""
    genome = folder / "genome.fa"
    genome.write_text(f">chr20\n{SEQUENCE}\n")
    contigs = [{"SN": "chr20", "LN": len(SEQUENCE)}]
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": contigs, "RG": groups}
    with pysam.AlignmentFile(str(folder / "given.bam"), "wb", header=header) as bam:
        for place, group in enumerate(of_reads):
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.query_sequence = f"read{place}", SEQUENCE[place : place + 30]
            read.reference_id, read.reference_start, read.cigarstring = 0, place, "30M"
            if group is not None:
                read.set_tag("RG", group)
            bam.write(read)
    words = [SCRIPT, "T1", genome, "bam", "1", folder / "given.bam", folder / "taken.bam", "mark"]
    subprocess.run(words, check=True, capture_output=True)
    with pysam.AlignmentFile(str(folder / "taken.bam"), check_sq=False) as bam:
        made = {group["ID"]: group["SM"] for group in bam.header.to_dict()["RG"]}
        return made, [read.get_tag("RG") for read in bam.fetch(until_eof=True)]


@pytest.mark.parametrize(
    ("groups", "of_reads", "expected"),
    [
        pytest.param(
            [{"ID": "1", "SM": "T1"}], ["1", "1"], ["T1.1", "T1.1"], id="an id that others have"
        ),
        pytest.param(
            [{"ID": "T1.1", "SM": "T1"}], ["T1.1"], ["T1.1"], id="an id of the sample's own"
        ),
        pytest.param(
            [{"ID": "T1.1", "SM": "T1"}], ["T1.1", None], ["T1.1"] * 2, id="a read without one"
        ),
        pytest.param(
            [{"ID": "T1.1", "SM": "T1"}], ["T1.1", "x"], ["T1.1"] * 2, id="one not in the header"
        ),
        pytest.param(
            [{"ID": "T1.1", "SM": "T1"}, {"ID": "T1.2"}],
            ["T1.1", "T1.2"],
            ["T1.1", "T1.2"],
            id="a group without a sample",
        ),
        pytest.param(
            [{"ID": 'T1."a\\b"', "SM": "T1"}], [None], ['T1."a\\b"'], id="an id with quotes"
        ),
        pytest.param([{"ID": "T1.1", "SM": "T1"}], [], [], id="no read"),
    ],
)
def test_every_read_has_a_group_of_the_sample(tmp_path, groups, of_reads, expected):
    made, found = take(tmp_path, groups, of_reads)
    assert found == expected
    assert set(found) <= set(made)
    assert set(made.values()) == {"T1"}
