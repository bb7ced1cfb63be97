"""Records between the tools of a caller: whatever one of them leaves out is told by its name."""

import gzip
import io
import tarfile

import pytest

from onconcord.calls.conserved import CONTEXTS, STEPS
from onconcord.errors import ToolError

HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=20,length=1000>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT\tN\n"
)


def vcf(path, *sites):
    """A VCF of (pos, alternate alleles)."""
    lines = [f"20\t{pos}\t.\tA\t{alts}\t.\t.\t.\tGT\t0/1\t0/0\n" for pos, alts in sites]
    path.write_text(HEADER + "".join(lines))
    return path


def fails(tool, kind, *words):
    with pytest.raises(ToolError, match=f"of {tool}, which ended without an error"):
        STEPS[kind](tool, *words)


def test_each_shard_hands_on_what_starts_in_its_own_part(tmp_path):
    for number, part in enumerate(("20\t0\t500\n", "20\t500\t1000\n")):
        (tmp_path / f"{number}.own.bed").write_text(part)
    shards = [
        vcf(tmp_path / "0.vcf", (10, "C"), (500, "C"), (501, "C")),
        vcf(tmp_path / "1.vcf", (499, "C"), (501, "C"), (900, "C")),
    ]
    joined = vcf(tmp_path / "joined.vcf", (10, "C"), (500, "C"), (501, "C"), (900, "C"))
    STEPS["joined"]("bcftools concat", joined, tmp_path, *shards)
    for kept in ([], [(10, "C"), (500, "C")], [(10, "C")] * 5):
        vcf(joined, *kept)
        fails("bcftools concat", "joined", joined, tmp_path, *shards)


def test_each_allele_has_a_record_once_they_are_split(tmp_path):
    before = vcf(tmp_path / "before.vcf", (10, "C,G"), (20, "C"))
    after = vcf(tmp_path / "after.vcf", (10, "C"), (10, "G"), (20, "C"))
    STEPS["split"]("bcftools norm", after, before)
    fails("bcftools norm", "split", vcf(after, (10, "C"), (20, "C")), before)


def test_what_a_filter_takes_in_it_keeps_or_drops(tmp_path):
    before = vcf(tmp_path / "before.vcf", (10, "C"), (20, "C"), (30, "C"))
    after, dropped = vcf(tmp_path / "a.vcf", (10, "C")), vcf(tmp_path / "b.vcf", (20, "C"))
    fails("bcftools view", "kept", after, before, dropped)
    STEPS["kept"]("bcftools view", vcf(after, (10, "C"), (30, "C")), before, dropped)


def test_a_caller_has_the_samples_and_contigs_it_was_asked_for(tmp_path):
    calls, bed = vcf(tmp_path / "calls.vcf"), tmp_path / "0.bed"
    bed.write_text("20\t0\t10\n")
    STEPS["whole"]("freebayes", calls, bed, "T", "N")
    fails("freebayes", "whole", calls, bed, "T")
    bed.write_text("21\t0\t10\n")
    fails("freebayes", "whole", calls, bed, "T", "N")
    calls.write_text(HEADER[:60])
    fails("freebayes", "whole", calls, bed, "T", "N")


def test_callable_sites_of_all_shards_are_merged(tmp_path):
    files = [tmp_path / name for name in ("a", "b", "joined")]
    for path, sites in zip(files, (10.0, 5.0, 15.0), strict=True):
        path.write_text(f"statistic\tvalue\ncallable\t{sites}\n")
    STEPS["stats"]("gatk MergeMutectStats", files[2], *files[:2])
    files[2].write_text("statistic\tvalue\ncallable\t10.0\n")
    fails("gatk MergeMutectStats", "stats", files[2], *files[:2])
    files[2].write_text("statistic\tvalue\n")
    fails("gatk MergeMutectStats", "stats", files[2], *files[:2])
    files[2].write_text("statistic\tvalue\ncallable\t15.")
    fails("gatk MergeMutectStats", "stats", files[2], *files[:2])


def archive(path, tables):
    with tarfile.open(path, "w:gz") as file:
        for name, text in tables.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            file.addfile(info, io.BytesIO(text))


def test_tables_of_read_orientation_are_whole(tmp_path):
    path, tool = tmp_path / "o.tar.gz", "gatk LearnReadOrientationModel"
    line = b"ACA\t0.1\n"
    archive(path, {"T.orientation_priors": line * (CONTEXTS + 2)})
    STEPS["tables"](tool, path)
    whole = path.read_bytes()
    for damaged in (whole[:60], gzip.compress(gzip.decompress(whole)[:700]), b""):
        path.write_bytes(damaged)
        fails(tool, "tables", path)
    for tables in (
        {"T.orientation_priors": line * 30},
        {"T.orientation_priors": line * CONTEXTS + b"cut"},
        {},
    ):
        archive(path, tables)
        fails(tool, "tables", path)
