"""One reader of BED, for those that people write and those of tools."""

import gzip

import pytest

from onconcord.errors import ToolError
from onconcord.reference.bed import bed_rows, read_bed


def rows_of(path, text):
    path.write_bytes(text.encode())
    return bed_rows(path).select("line", "chrom", "start0", "end0", "label").rows()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1\t0\t5\n", [(1, "1", 0, 5, "")], id="three columns"),
        pytest.param("1\t0\t5\ta\t0\n", [(1, "1", 0, 5, "a")], id="more columns"),
        pytest.param("1 0  5 a\n", [(1, "1", 0, 5, "a")], id="spaces"),
        pytest.param("\ufeff1\t0\t5\r\n2\t1\t2", [(1, "1", 0, 5, ""), (2, "2", 1, 2, "")], id="CR"),
        pytest.param('1\t 0\t5\t"a b"\n', [(1, "1", 0, 5, "a b")], id="quotes"),
        pytest.param("track x\n\n # c\nbrowser y\n1\t0\t5\n", [(5, "1", 0, 5, "")], id="left out"),
        pytest.param("1\tx\t5\n", [(1, "1", None, None, "")], id="no interval"),
        pytest.param("1\t-1\t5\n", [(1, "1", None, None, "")], id="negative"),
        pytest.param("\t0\t5\n", [(1, "", None, None, "")], id="no contig"),
        pytest.param("1\t0\n", [(1, "1", None, None, "")], id="two columns"),
        pytest.param(f"1\t0\t{10**20}\n", [(1, "1", None, None, "")], id="too large a number"),
        pytest.param("", [], id="empty"),
    ],
)
def test_lines_of_a_bed(tmp_path, text, expected):
    assert rows_of(tmp_path / "a.bed", text) == expected


def test_a_gzipped_bed_of_a_tool(tmp_path):
    path = tmp_path / "a.bed.gz"
    path.write_bytes(gzip.compress(b"1\t0\t5\t10:20\n"))
    assert read_bed(path).rows() == [("1", 0, 5, "10:20")]


def test_a_line_of_a_tool_that_is_no_interval_is_named(tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("1\t0\t5\n1\tfive\t9\n")
    with pytest.raises(ToolError) as error:
        read_bed(path)
    assert str(error.value) == f'{path}, line 2: "1\tfive\t9" is not contig, start and end'
