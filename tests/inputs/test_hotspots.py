"""A list of hotspots is read by one reader: the forms it takes, and what it says of the others."""

import pytest

from onconcord.evidence.hotspots import read_hotspots
from onconcord.evidence.normal_form import Allele
from onconcord.inputs.hotspots import read_hotspot_list
from onconcord.reference.sequence import Genome
from small_folder import SEQUENCE, configure, faults_of

HEADER = "hotspot_id\tgene_symbol\tchrom\tpos\tref\talt\tprotein\n"
REF = SEQUENCE[99]
ALT = "A" if REF != "A" else "C"
GOOD = f"h1\tTP53\tchr20\t100\t{REF}\t{ALT}\tp.X\n"


@pytest.fixture
def genome(folder):
    (folder / "genome.fa.fai").write_text("chr20\t3000\t7\t3000\t3001\n")
    return Genome(folder / "genome.fa")


def listed(folder, genome, rows, header=HEADER):
    (folder / "hs.tsv").write_text(header + rows)
    hotspots, faults = read_hotspot_list(folder / "hs.tsv", genome)
    return hotspots, [str(fault) for fault in faults]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(GOOD, id="as it is"),
        pytest.param(GOOD.lower().replace("tp53", "TP53"), id="lower case"),
        pytest.param(f"{GOOD}\n\n", id="empty last lines"),
        pytest.param(GOOD.replace("chr20", "20"), id="another name of the contig"),
        pytest.param(
            f"h1\tTP53\tchr20\t99\t{SEQUENCE[98:100]}\t{SEQUENCE[98]}{ALT}\t\n", id="padded"
        ),
    ],
)
def test_forms_of_one_hotspot(folder, genome, rows):
    (found,), faults = listed(folder, genome, rows)
    assert faults == []
    assert found.allele == Allele("chr20", 100, REF, ALT)
    table = read_hotspots(str(folder / "hs.tsv"), genome)
    assert table.rows() == [("h1", "TP53", "chr20", 100, REF, ALT)]


OTHER = "ACGT".replace(REF, "")[0]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            f"h1\tTP53\tchr20\t100\t{OTHER}\t{REF}",
            f'column "ref": the FASTA has "{REF}" at chr20:100, not "{OTHER}": is the list of '
            "another build, or are its positions shifted?",
            id="another REF",
        ),
        pytest.param(
            "h1\tTP53\tchr7\t100\tA\tC",
            'column "chrom": contig "chr7" is not in the FASTA, which has chr20: is this another '
            "build?",
            id="another contig",
        ),
        pytest.param(
            "h1\tTP53\tchr20\t3001\tA\tC",
            'column "pos": "3001" is not a 1-based position of contig "chr20" (3000 bases).',
            id="outside",
        ),
        pytest.param(
            "h1\tTP53\tchr20\t0\tA\tC",
            'column "pos": "0" is not a 1-based position of contig "chr20" (3000 bases).',
            id="0-based",
        ),
        pytest.param(
            f"h1\tTP53\tchr20\t100\t{REF}\t-",
            'column "alt": "-" is not a VCF allele: write the base before the change into both '
            "alleles, and its position, as in A and AG for an inserted G.",
            id="a dash",
        ),
        pytest.param(
            f"h1\tTP53\tchr20\t100\t{REF}\tR",
            'column "alt": "R" is not made of A, C, G and T.',
            id="an ambiguity code",
        ),
        pytest.param(
            f"h1\tTP53\tchr20\t100\t{REF}\t{REF}",
            f'column "alt": "{REF}" is the same as ref: a hotspot changes something.',
            id="no change",
        ),
        pytest.param(
            f"BRAF V600E\tTP53\tchr20\t100\t{REF}\t{ALT}",
            'column "hotspot_id": "BRAF V600E" is not a code: a release allows ASCII without '
            'spaces and none of /, \\, @ and ", and at most 120 characters.',
            id="an id with a space",
        ),
        pytest.param(
            f"h1-2020-11-03\tTP53\tchr20\t100\t{REF}\t{ALT}",
            'column "hotspot_id": "h1-2020-11-03" has a date in it, which does not leave a centre.',
            id="an id with a date",
        ),
        pytest.param(
            f"h1\tTP53\tchr20\t\u0661\u0660\u0660\t{REF}\t{ALT}",
            'column "pos": "\u0661\u0660\u0660" is not a 1-based position of contig "chr20" (3000 '
            "bases).",
            id="digits of another script",
        ),
        pytest.param(
            f"h1\tTP53\tchr20\t{'9' * 5000}\t{REF}\t{ALT}",
            f'column "pos": "{"9" * 5000}" is not a 1-based position of contig "chr20" (3000 '
            "bases).",
            id="a number that is too long",
        ),
        pytest.param(
            f"h1\t2-Sep\tchr20\t100\t{REF}\t{ALT}",
            'column "gene_symbol": "2-Sep" is what a spreadsheet makes of names such as SEPT2 and '
            "MARCH1: write the gene's name, and keep the column as text.",
            id="a gene that became a date",
        ),
        pytest.param(
            "h1\tTP53\tchr20\t100\tA\t",
            'column "alt": is empty, and required.',
            id="an empty cell",
        ),
    ],
)
def test_a_wrong_row_is_named(folder, genome, row, expected):
    hotspots, faults = listed(folder, genome, f"{GOOD.replace('h1', 'h0')}{row}\n")
    assert faults == [f"hs.tsv, line 3, {expected}"]
    assert len(hotspots) == 1


def test_a_hotspot_that_tables_cannot_hold_is_refused(folder):
    (folder / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n>GL1\n{SEQUENCE}\n")
    (folder / "hs.tsv").write_text(HEADER + GOOD + GOOD.replace("chr20", "GL1"))
    configure(folder, resources={"hotspots": "hs.tsv"})
    assert faults_of(folder) == [
        'hs.tsv, line 3, column "chrom": contig "GL1" is not one of the chromosomes 1 to 22, X, Y '
        "and M, the only ones in the tables: this hotspot could not be reported, so remove the "
        "line."
    ]


def test_a_hotspot_twice_is_named_with_its_first_line(folder, genome):
    assert listed(folder, genome, GOOD + GOOD)[1] == [
        f'hs.tsv, line 3, column "hotspot_id": hotspot "h1" to "{ALT}" is there already, on line '
        "2: remove one, or give it its own id."
    ]


def test_columns_that_are_missing_are_named(folder, genome):
    assert listed(folder, genome, "h1\tchr20\n", "hotspot_id\tchrom\n")[1] == [
        f'hs.tsv, line 1, column "{column}": this column is missing, and required.'
        for column in ("gene_symbol", "pos", "ref", "alt")
    ]


def test_the_check_and_the_run_say_the_same(folder, genome):
    _, expected = listed(folder, genome, GOOD.replace("\t100\t", "\t4000\t"))
    configure(folder, resources={"hotspots": "hs.tsv"})
    assert faults_of(folder) == expected
    with pytest.raises(Exception, match="is not a 1-based position") as error:
        read_hotspots(str(folder / "hs.tsv"), genome)
    assert str(error.value) == expected[0]


def test_a_list_without_a_hotspot_is_a_fault(folder, genome):
    assert listed(folder, genome, "")[1] == [
        "hs.tsv: has no hotspot: list some, or leave resources.hotspots null."
    ]
