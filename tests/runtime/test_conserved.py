"""Counting what a tool wrote: whole files are counted, and no other is taken for one."""

import gzip

import pysam
import pytest

from onconcord.compressed import BGZF_END
from onconcord.errors import ToolError
from onconcord.runtime.conserved import conserve, record_count
from onconcord.runtime.programs import Program

WRITE = Program("", "bcftools view --no-version --output-type {kind} --output {out} {vcf}")
RECORDS = 3000
HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\t"
    "FILTER\tINFO\n"
)


@pytest.fixture(params=["vcf", "vcf.gz", "bcf", "uncompressed bcf"])
def calls(request, tmp_path):
    """Calls in one of the forms that tools write, on several blocks where there are some."""
    text = HEADER + "".join(
        f"20\t{pos}\t.\tA\t{'ACGT' * (pos % 50)}C\t.\t.\t.\n" for pos in range(1, RECORDS + 1)
    )
    plain = tmp_path / "calls.vcf"
    plain.write_text(text)
    path = tmp_path / "out"
    kind = {"vcf": "v", "vcf.gz": "z", "bcf": "b", "uncompressed bcf": "u"}[request.param]
    WRITE.run(kind=kind, vcf=str(plain), out=str(path))
    return path


def test_every_record_is_counted(calls):
    assert record_count(calls, "the tool") == RECORDS


def test_what_is_cut_off_anywhere_is_no_whole_file(calls):
    whole = calls.read_bytes()
    for size in (len(whole) - 1, len(whole) * 2 // 3, len(whole) // 3, 40, 0):
        calls.write_bytes(whole[:size])
        with pytest.raises(
            ToolError, match=r"not a whole file .* of the tool, which ended without"
        ):
            record_count(calls, "the tool")


def test_a_file_cut_between_two_blocks_lacks_its_end_block(tmp_path):
    path = tmp_path / "out.vcf.gz"
    with pysam.BGZFile(str(path), "w") as file:
        file.write((HEADER + "20\t1\t.\tA\tC\t.\t.\t.\n").encode())
    assert record_count(path, "the tool") == 1
    path.write_bytes(path.read_bytes().removesuffix(BGZF_END))
    with pytest.raises(ToolError, match="lacks the empty block that ends BGZF"):
        record_count(path, "the tool")


def test_a_header_alone_is_a_file_without_records(tmp_path):
    path = tmp_path / "out.vcf.gz"
    path.write_bytes(gzip.compress(HEADER.encode()))
    assert record_count(path, "the tool") == 0


def test_what_went_in_and_did_not_come_out_is_an_error_that_names_the_tool(capsys):
    conserve("bcftools sort", "calls.vcf.gz", "records", 12, 12)
    assert capsys.readouterr().out == "bcftools sort: 12 records went in and came out\n"
    with pytest.raises(ToolError) as caught:
        conserve("bcftools sort", "calls.vcf.gz", "records", 12, 6)
    assert str(caught.value).startswith(
        "calls.vcf.gz: 12 records went in and 6 came out of bcftools sort, which ended without an "
        "error. The file is not to be used:"
    )
