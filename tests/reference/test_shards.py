"""Calling regions are cut into shards so that every base is called, and every record kept once."""

import gzip
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_forms import FORMS
from onconcord.reference.intervals import merged
from onconcord.reference.shards import OVERLAP_BP, shard_count, write_shards
from onconcord.runtime.checkout import root

HEADER = "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp\n"


class Gaps:
    """A genome of A, with N in some intervals."""

    def __init__(self, lengths, gaps=()):
        self.lengths, self.gaps = lengths, gaps

    def bases(self, contig, start0, end0):
        found = bytearray(b"A" * (end0 - start0))
        for name, first, last in self.gaps:
            first, last = max(first, start0) - start0, min(last, end0) - start0
            if name == contig and first < last:
                found[first:last] = b"N" * (last - first)
        return found.decode()


def shards(folder, lengths, intervals, count, grid_bp=100_000, gaps=()):
    """(called, own) intervals of each shard."""
    rows = (f"{name}\t{name}\t{length}\tm\ts\t1\t0\n" for name, length in lengths.items())
    (folder / "contigs.tsv").write_text(HEADER + "".join(rows))
    lines = (f"{contig}\t{start}\t{end}\n" for contig, start, end in intervals)
    (folder / "calling.bed").write_text("".join(lines))
    genome = Gaps(lengths, gaps)
    write_shards(
        folder / "calling.bed", folder / "contigs.tsv", genome, count, folder / "s", grid_bp
    )
    assert len(list((folder / "s").iterdir())) == 2 * count
    return [(bed(folder / f"s/{n}.bed"), bed(folder / f"s/{n}.own.bed")) for n in range(count)]


def bed(path):
    rows = (line.split("\t") for line in path.read_text().splitlines())
    return [(contig, int(start), int(end)) for contig, start, end in rows]


def test_one_shard_calls_all_and_keeps_all(tmp_path):
    regions = [("1", 100, 200), ("2", 0, 50)]
    assert shards(tmp_path, {"1": 1000, "2": 500}, regions, 1) == [
        (regions, [("1", 0, 1000), ("2", 0, 500)])
    ]


def test_a_contig_is_cut_inside_with_both_sides_reaching_over(tmp_path):
    whole = [("1", 0, 1_000_000)]
    assert shards(tmp_path, {"1": 1_000_000}, whole, 2) == [
        ([("1", 0, 500_000 + OVERLAP_BP)], [("1", 0, 500_000)]),
        ([("1", 500_000 - OVERLAP_BP, 1_000_000)], [("1", 500_000, 1_000_000)]),
    ]


def test_a_contig_is_cut_in_a_gap_where_there_is_one_nearby(tmp_path):
    whole, gaps = [("1", 0, 1_000_000)], [("1", 10_000, 90_000), ("1", 560_000, 570_000)]
    assert shards(tmp_path, {"1": 1_000_000}, whole, 2, gaps=gaps) == [
        ([("1", 0, 565_000 + OVERLAP_BP)], [("1", 0, 565_000)]),
        ([("1", 565_000 - OVERLAP_BP, 1_000_000)], [("1", 565_000, 1_000_000)]),
    ]


def test_a_gap_that_is_short_or_far_is_passed_over(tmp_path):
    whole, gaps = [("1", 0, 1_000_000)], [("1", 499_000, 500_900), ("1", 760_000, 790_000)]
    found = shards(tmp_path, {"1": 1_000_000}, whole, 2, gaps=gaps)
    assert found[0][1] == [("1", 0, 500_000)]


def test_small_regions_are_not_cut(tmp_path):
    regions = [("1", start, start + 100) for start in range(0, 4000, 1000)]
    assert shards(tmp_path, {"1": 9000}, regions, 2) == [
        (regions[:2], [("1", 0, 1550)]),
        (regions[2:], [("1", 1550, 9000)]),
    ]


@pytest.mark.slow
def test_a_whole_genome_of_few_contigs_has_as_many_shards_as_it_needs(tmp_path):
    lengths = {str(number): 124_000_000 for number in range(1, 26)}
    found = shards(tmp_path, lengths, [(name, 0, end) for name, end in lengths.items()], 31)
    sizes = [sum(end - start for _, start, end in own) for _, own in found]
    assert min(sizes) > 99_000_000
    assert max(sizes) < 101_000_000


@given(data=st.data())
def test_every_base_is_called_and_owned_once(data, tmp_path_factory):
    draw = data.draw
    lengths = {
        str(name): draw(st.integers(5000, 60_000)) for name in range(draw(st.integers(1, 4)))
    }
    raw = []
    for _ in range(draw(st.integers(1, 8))):
        contig = draw(st.sampled_from(sorted(lengths)))
        start = draw(st.integers(0, lengths[contig] - 1000))
        raw.append((contig, start, draw(st.integers(start + 1000, lengths[contig]))))
    regions = list(merged(raw, lengths))
    size = sum(end - start for _, start, end in regions)
    count = draw(st.integers(1, max(1, size // 3000)))
    gaps = [
        (contig, start, start + draw(st.integers(1000, 4000)))
        for contig, start, _ in draw(st.lists(st.sampled_from(regions), max_size=3))
    ]
    folder = tmp_path_factory.mktemp("s")
    found = shards(folder, lengths, regions, count, grid_bp=500, gaps=gaps)
    owned = [piece for _, own in found for piece in own]
    assert list(merged(owned, lengths)) == [(name, 0, end) for name, end in lengths.items()]
    assert sum(end - start for _, start, end in owned) == sum(lengths.values())
    for called, own in found:
        inside = {
            (contig, max(start, first), min(end, last))
            for contig, start, end in regions
            for name, first, last in own
            if name == contig and max(start, first) < min(end, last)
        }
        for contig, start, end in inside:
            assert any(c == contig and a <= start and end <= b for c, a, b in called)
        for contig, start, end in called:
            assert any(c == contig and a <= start and end <= b for c, a, b in regions)


@pytest.mark.parametrize("form", FORMS)
def test_the_number_of_shards_is_that_of_the_genome_whatever_its_form(tmp_path, form):
    text = ">1 a\n" + ("ACGT" * 25 + "\n") * 15_000 + ">patch\n" + ("ACGT" * 25 + "\n") * 6_000
    fasta = tmp_path / "g.fa"
    fasta.write_bytes(FORMS[form](text.encode()))
    assert shard_count([], fasta, tmp_path / "none.fai", 1) == 2


def test_targets_are_counted_by_their_bases(tmp_path):
    (tmp_path / "t.bed").write_text("1\t0\t700000\n1\t800000\t1500000\n")
    assert shard_count([tmp_path / "t.bed"], tmp_path / "none", tmp_path / "none", 1) == 2


def test_a_record_that_two_shards_report_is_kept_by_the_owner_of_its_position(tmp_path):
    shards(tmp_path, {"1": 4000}, [("1", 0, 4000)], 2, grid_bp=2000)
    head = "##fileformat=VCFv4.2\n##contig=<ID=1,length=4000>\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    reported = [(1000, "A"), (1999, "AC"), (2000, "ACGT"), (2001, "A")]
    for number, records in enumerate([reported, [*reported[1:], (3000, "A")]]):
        lines = (f"1\t{pos}\t.\t{ref}\tT\t.\t.\t.\n" for pos, ref in records)
        (tmp_path / f"{number}.vcf.gz").write_bytes(gzip.compress((head + "".join(lines)).encode()))
    joined = subprocess.run(
        [root() / "scripts/calls_join.sh", tmp_path / "s", *sorted(tmp_path.glob("*.vcf.gz"))],
        capture_output=True,
        check=True,
    ).stdout
    said = subprocess.run(
        ["bcftools", "query", "-f", "%POS %REF\n", "-"],
        input=joined,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert said.split("\n")[:-1] == [f"{pos} {ref}" for pos, ref in [*reported, (3000, "A")]]
