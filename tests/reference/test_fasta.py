"""What an index of a FASTA does not show is found in its text, with its line."""

import gzip

import pysam
import pytest

from onconcord.compressed import BGZF_END
from onconcord.reference.fasta import text_faults, uneven_line
from small_folder import SEQUENCE, configure, faults_of

BASES = "ACGTNRYSWKMBDHVacgtn"


def found(tmp_path, text):
    path = tmp_path / "g.fa"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [str(fault) for fault in text_faults(path)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f">1 a name, and more\n{BASES}\n{BASES}\n>2\n{BASES}", id="two contigs"),
        pytest.param(f">HLA-A*01:01:01:01\n{BASES}\n>gi|1|ref|NC_1.1|\n{BASES}\n", id="names"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_genome_of_bases_has_no_fault(tmp_path, text, pack):
    assert found(tmp_path, pack(text.encode())) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            ">1\nAC\n>2\nAC\n>1\nGT\n",
            'g.fa, line 5: the contig "1" is there already, on line 1: keep one of them.',
            id="a contig twice",
        ),
        pytest.param(
            ">1\n>2\nAC\n",
            'g.fa, line 1: the contig "1" has no base: give its sequence, or remove it.',
            id="a contig without a base",
        ),
        pytest.param(
            ">1\nAC\n>2\n",
            'g.fa, line 3: the contig "2" has no base: give its sequence, or remove it.',
            id="cut off after a name",
        ),
        pytest.param(
            ">1\nAC\nA-GT\nXX\n",
            'g.fa, line 3: "-" is no base: expected A, C, G, T, N and the codes of ambiguity. Give '
            "the genome as nucleotides.",
            id="a gap",
        ),
        pytest.param(
            ">1\r\nAC\r\nGT\r\n",
            "g.fa, line 2: ends as lines of Windows do, and callers take that for a base: convert "
            "the file (dos2unix).",
            id="line ends of Windows, which FreeBayes takes for N",
        ),
        pytest.param(
            ">1\nAC\n>a,b\nAC\n",
            'g.fa, line 3: "a,b" is not a name of a contig: expected letters, digits and signs '
            "such as _ . : * | and -, without commas, brackets and quotes.",
            id="a name that SAM cannot have",
        ),
        pytest.param(
            ">\nAC\n",
            'g.fa, line 1: "" is not a name of a contig: expected letters, digits and signs such '
            "as _ . : * | and -, without commas, brackets and quotes.",
            id="no name",
        ),
    ],
)
def test_what_an_index_does_not_show_is_named(tmp_path, text, expected):
    assert found(tmp_path, text) == [expected]


def test_lines_are_right_beyond_the_first_block(tmp_path):
    text = f">1\n{'ACGT' * 15}\n" + f"{'ACGT' * 15}\n" * 40_000 + ">2\nACX\n"
    (fault,) = found(tmp_path, text)
    assert fault.startswith('g.fa, line 40004: "X" is no base')


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (">1\nACG\nAC\nA\n", 4),
        (">1\nAC\n\nAC\n", 4),
        (">1\nAC\nACG\n", 3),
        (">1\nAC\nA\n>2\nA", None),
    ],
)
def test_a_line_that_cannot_be_indexed_is_found(tmp_path, text, line):
    (tmp_path / "g.fa").write_text(text)
    assert uneven_line(tmp_path / "g.fa") == line


def test_the_check_reads_the_text_of_the_genome(folder):
    (folder / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n>chr20\n{SEQUENCE}\n")
    assert faults_of(folder) == [
        'genome.fa, line 3: the contig "chr20" is there already, on line 1: keep one of them.'
    ]
    (folder / "genome.fa").write_text(f">chr20\n{SEQUENCE[:80]}\n\n{SEQUENCE[80:]}\n")
    assert faults_of(folder) == [
        "genome.fa, line 4: its lines cannot be indexed: of a contig all but the last have to be "
        "of one length, and none may be empty (seqkit seq -w 60 writes it so)."
    ]


def test_a_genome_with_bytes_that_are_no_text_is_named(folder):
    for text, line in ((f"{SEQUENCE[:9]}\xe9{SEQUENCE[9:]}", 2), (f"AC\n\n{SEQUENCE}\xe9", 4)):
        (folder / "genome.fa").write_bytes(f">chr20 \xe9\n{text}\n".encode("latin-1"))
        assert faults_of(folder) == [
            f'genome.fa, line {line}: "\\xe9" is no base: expected A, C, G, T, N and the codes of '
            "ambiguity. Give the genome as nucleotides."
        ]


def test_a_genome_that_lost_its_last_block_is_refused(folder):
    with pysam.BGZFile(str(folder / "genome.fa.gz"), "wb") as handle:
        handle.write(f">chr20\n{SEQUENCE}\n".encode())
    whole = (folder / "genome.fa.gz").read_bytes()
    configure(folder, reference={"fasta": "genome.fa.gz"})
    assert faults_of(folder) == []
    (folder / "genome.fa.gz").write_bytes(whole.removesuffix(BGZF_END))
    (fault,) = faults_of(folder)
    assert "it lacks the empty block that ends BGZF" in fault
