"""Tables that people write by hand are taken however a spreadsheet saved them, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_forms import TEXT_FORMS
from onconcord.inputs.tabular import read_table

KNOWN, REQUIRED = ("id", "chrom", "pos", "note"), ("id", "chrom", "pos")
PLAIN = "id\tchrom\tpos\tnote\na\t1\t5\tx\nb\t2\t6\t\n"


def table(folder, content, others=False):
    path = folder / "t.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, KNOWN, REQUIRED, others)


def cells(found):
    return [tuple(row.cells.values()) for row in found.rows]


FORMS = {
    **TEXT_FORMS,
    "quotes around cells": lambda text: text.replace("a\t", '"a"\t').encode(),
    "capitals in the header": lambda text: text.replace("id\tchrom", "ID\tChrom").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_spreadsheet_does_makes_no_difference(tmp_path, form):
    found = table(tmp_path, FORMS[form](PLAIN))
    assert found.faults == ()
    assert cells(found) == [("a", "1", "5", "x"), ("b", "2", "6", "")]


def test_lines_are_those_of_the_file(tmp_path):
    found = table(tmp_path, "# one\n\nid\tchrom\tpos\r\n\r\na\t1\t5\n#\nb\t2\t6")
    assert [row.line for row in found.rows] == [5, 7]
    assert found.absent == {"note"}
    assert [row.lacks("note") for row in found.rows] == [False, False]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", ["t.tsv: is empty: expected the columns id, chrom, pos."], id="empty"),
        pytest.param(
            "id,chrom,pos\n",
            ["t.tsv, line 1: the header has no tab: save it as tab-separated text."],
            id="commas",
        ),
        pytest.param(
            b"id\tchrom\tpos\na\t1\t5\n" + b"\xe9\t2\t6\n",
            ["t.tsv, line 3: byte 20 is not UTF-8: save it as tab-separated UTF-8."],
            id="another encoding",
        ),
        pytest.param(
            "id\tchrom\tpos\na\t1\t5\0\n",
            ["t.tsv, line 2: has a NUL byte, which no text has: save it as UTF-8."],
            id="a NUL byte",
        ),
        pytest.param(
            b"PK\x03\x04\x14\0\x06\0",
            [
                "t.tsv: cannot be read: it is packed as zip, as workbooks of Excel are: expected "
                "plain text or gzip, so unpack it."
            ],
            id="a workbook",
        ),
        pytest.param(
            "id\tchrm\tpos\n",
            [
                't.tsv, line 1, column "chrm": unknown column. Did you mean "chrom"? Known: id, '
                "chrom, pos, note."
            ],
            id="a misspelled column",
        ),
        pytest.param(
            "id\tid\tpos\n",
            [
                't.tsv, line 1, column "chrom": this column is missing, and required.',
                't.tsv, line 1, column "id": this column is there twice: keep one.',
            ],
            id="a column twice, another missing",
        ),
        pytest.param(
            "id\tchrom\tpos\na\t1\t5\tx\n",
            ['t.tsv, line 2: 4 cells, but the header has 3: "x".'],
            id="more cells than columns",
        ),
    ],
)
def test_what_is_wrong_with_the_form_is_named(tmp_path, content, expected):
    assert sorted(map(str, table(tmp_path, content).faults)) == expected


def test_columns_without_a_meaning_may_be_there(tmp_path):
    found = table(tmp_path, "id\twho\tchrom\tpos\na\tme\t1\t5\n", others=True)
    assert (found.faults, cells(found)) == ((), [("a", "1", "5", "")])


def test_a_table_that_is_not_there_is_a_fault(tmp_path):
    (fault,) = read_table(tmp_path / "none.tsv", KNOWN, REQUIRED).faults
    assert str(fault) == f"none.tsv: there is no such file in {tmp_path}."


CELL = st.text(st.characters(codec="utf-8", exclude_characters='\0\t\n\r\ufeff#"'), max_size=6)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL, CELL), min_size=1, max_size=5),
    form=st.sampled_from(sorted(FORMS)),
    harm=st.binary(max_size=3),
    at=st.integers(0, 200),
)
def test_any_table_is_as_its_plain_form_or_refused(rows, form, harm, at, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    text = "\n".join("\t".join(row) for row in [KNOWN, *rows]) + "\n"
    plain = table(folder, text)
    assert plain.faults == ()
    data = FORMS[form](text)
    if form != "quotes around cells":
        assert cells(table(folder, data)) == cells(plain)
    broken = table(folder, data[:at] + harm + data[at:])
    lines = text.count("\n") * 4 + 10
    assert all(fault.source == "t.tsv" and 0 <= fault.line <= lines for fault in broken.faults)
    assert all(len(row.cells) == len(KNOWN) for row in broken.rows)
