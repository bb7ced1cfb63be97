"""Which allele a fragment shows, by reads that are made for it."""

import random
from types import SimpleNamespace

import numpy as np
import polars as pl
import pysam
import pytest

from onconcord.evidence.background import count_substitutions, rows_of
from onconcord.evidence.fragments import MEASURES, Limits, count_fragments
from onconcord.evidence.normal_form import Allele
from onconcord.reference.sequence import Genome

BASES = "".join(random.Random(7).choices("ACGT", k=1000))
SEQUENCE = BASES[:500] + "G" + "A" * 9 + "C" + BASES[511:]
LIMITS = Limits(20, 15)


def other(base):
    return {"A": "C", "C": "G", "G": "T", "T": "A"}[base]


SNV = Allele("20", 300, SEQUENCE[299], other(SEQUENCE[299]))
MNV = Allele("20", 300, SEQUENCE[299:301], other(SEQUENCE[299]) + other(SEQUENCE[300]))
HALF = Allele("20", 301, SEQUENCE[300], other(SEQUENCE[300]))
SHORTER = Allele("20", 501, "GA", "G")
LONGER = Allele("20", 501, "G", "GA")
DELINS = Allele("20", 700, SEQUENCE[699:714], other(SEQUENCE[699]) + "TT")
EVENTS = [SNV, MNV, SHORTER, LONGER, DELINS]


@pytest.fixture
def place(tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">20\n{SEQUENCE}\n")
    pysam.faidx(str(fasta))
    return SimpleNamespace(genome=Genome(fasta), bam=tmp_path / "reads.bam")


def haplotype(allele):
    return SEQUENCE[: allele.start0] + allele.alt + SEQUENCE[allele.end0 :]


def read(name, start0, bases, cigar=None, **changes):
    how = {"mate": 1, "reverse": False, "quality": 36, "mapping": 60, "paired": True} | changes
    one = pysam.AlignedSegment()
    one.query_name, one.query_sequence = name, bases
    one.reference_id, one.reference_start = 0, start0
    one.mapping_quality, one.cigarstring = how["mapping"], cigar or f"{len(bases)}M"
    one.query_qualities = pysam.qualitystring_to_array(chr(33 + how["quality"]) * len(bases))
    of_pair = 1 | (64 if how["mate"] == 1 else 128)
    one.flag = (of_pair if how["paired"] else 0) | (16 if how["reverse"] else 0)
    return one


def counts(place, reads, *alleles):
    """Measures of each allele, and whether it is a variant of its own."""
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "20", "LN": len(SEQUENCE)}]}
    with pysam.AlignmentFile(str(place.bam), "wb", header=header) as file:
        for one in sorted(reads, key=lambda one: one.reference_start):
            file.write(one)
    pysam.index(str(place.bam))
    with pysam.AlignmentFile(str(place.bam)) as file:
        found = list(count_fragments(file, place.genome, alleles, LIMITS))
    return [dict(zip(MEASURES, measures, strict=True)) | {"own": own} for measures, own in found]


def over(allele, which, name, before=40, **changes):
    """A read of 100 bases over an allele's place, of its haplotype or of the reference."""
    text = haplotype(allele) if which == "alt" else SEQUENCE
    start0 = allele.start0 - before
    return read(name, start0, text[start0 : start0 + 100], **changes)


@pytest.mark.parametrize("event", EVENTS, ids=["SNV", "MNV", "deletion", "insertion", "delins"])
@pytest.mark.parametrize("cigar", ["aligned through", "clipped"])
def test_a_read_shows_its_haplotype_however_it_was_aligned(place, event, cigar):
    # Without a gap in its alignment, and clipped behind the event: the bases decide.
    how = None if cigar == "aligned through" else "60M40S"
    reads = [over(event, "alt", f"a{n}", cigar=how) for n in range(3)]
    reads += [over(event, "ref", f"r{n}", cigar=how) for n in range(4)]
    (found,) = counts(place, reads, event)
    assert (found["alt_count"], found["ref_count"], found["depth"]) == (3, 4, 7)


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        pytest.param(SHORTER, LONGER, id="a base more is no base less"),
        pytest.param(LONGER, SHORTER, id="a base less is no base more"),
        pytest.param(MNV, SNV, id="one base of two"),
        pytest.param(
            Allele("20", 700, SEQUENCE[699], SEQUENCE[699] + "GCGT"),
            Allele("20", 700, SEQUENCE[699], SEQUENCE[699] + "GCAT"),
            id="another insertion",
        ),
    ],
)
def test_another_allele_is_neither(place, wanted, shown):
    (found,) = counts(place, [over(shown, "alt", "a")], wanted)
    assert (found["alt_count"], found["ref_count"], found["depth"]) == (0, 0, 1)


def test_a_read_that_ends_in_the_repeat_says_nothing(place):
    start0 = SHORTER.start0 - 94
    text = SEQUENCE[start0 : start0 + 100]
    (found,) = counts(place, [read("r", start0, text)], SHORTER)
    assert found["depth"] == 0


def test_mates_that_overlap_vote_once(place):
    mates = [over(SNV, "alt", "one"), over(SNV, "alt", "one", 20, mate=2, reverse=True)]
    (found,) = counts(place, mates, SNV)
    assert (found["alt_count"], found["depth"], found["alt_pairs"]) == (1, 1, 1)


def test_mates_that_disagree_show_neither(place):
    mates = [over(SNV, "alt", "one"), over(SNV, "ref", "one", 20, mate=2, reverse=True)]
    (found,) = counts(place, mates, SNV)
    assert (found["alt_count"], found["ref_count"], found["depth"]) == (0, 0, 1)
    assert found["discordant"] == 1


@pytest.mark.parametrize(
    ("mate", "reverse", "paired", "f1r2"),
    [
        (1, False, True, 1),
        (2, True, True, 1),
        (1, True, True, 0),
        (2, False, True, 0),
        (1, False, False, 1),
        (1, True, False, 0),
    ],
)
def test_orientation(place, mate, reverse, paired, f1r2):
    how = {"mate": mate, "reverse": reverse, "paired": paired}
    (found,) = counts(place, [over(SNV, "alt", "one", **how)], SNV)
    assert (found["alt_f1r2"], found["alt_count"]) == (f1r2, 1)


@pytest.mark.parametrize(
    ("flag", "changes", "expected"),
    [
        pytest.param(1024, {}, (0, 0), id="duplicate"),
        pytest.param(2048, {}, (0, 0), id="supplementary"),
        pytest.param(0, {"quality": 14}, (0, 0), id="low base quality"),
        pytest.param(0, {"mapping": 19}, (0, 1), id="low mapping quality"),
    ],
)
def test_what_does_not_count(place, flag, changes, expected):
    one = over(SNV, "alt", "one", **changes)
    one.flag |= flag
    (found,) = counts(place, [one], SNV)
    assert (found["alt_count"], found["low_mapq_alt"]) == expected


def test_what_else_the_alternate_fragments_are_like(place):
    near = over(SNV, "alt", "near", before=3, quality=20, mapping=40)
    near.set_tag("NM", 4)
    (found,) = counts(place, [near, over(SNV, "alt", "far")], SNV)
    assert (found["alt_near_end"], found["alt_end_distance"]) == (1, 3 + 40)
    assert (found["alt_base_quality"], found["alt_mapping_quality"]) == (56, 100)
    assert found["alt_mismatches"] == 3


def test_parts_in_cis_are_one_event_and_independent_ones_are_two(place):
    together = [over(MNV, "alt", f"m{n}") for n in range(10)]
    found = counts(place, [*together, over(SNV, "alt", "s")], SNV, MNV, HALF)
    assert [one["own"] for one in found] == [False, True, False]
    apart = [over(SNV, "alt", f"s{n}") for n in range(30)]
    found = counts(place, [*together, *apart], SNV, MNV, HALF)
    # Most fragments of one part lack the other: two variants, one of which rides on the first.
    assert [one["own"] for one in found] == [True, False, True]


def test_of_two_events_in_one_place_the_one_that_more_fragments_show_is_it(place):
    # A read that ends in what was inserted looks as if the bases were lost and nothing came.
    # None of the bases that came is one that was there: both have eight edits.
    at = next(
        at
        for at in range(700, 900)
        if all(SEQUENCE[at + n] != SEQUENCE[at + 8 + n] for n in range(4))
        and SEQUENCE[at + 4] != other(SEQUENCE[at + 12])
        and SEQUENCE[at - 1] != SEQUENCE[at + 7]
    )
    lost = Allele("20", at, SEQUENCE[at - 1 : at + 8], SEQUENCE[at - 1])
    came = SEQUENCE[at + 8 : at + 12] + other(SEQUENCE[at + 12])
    event = Allele("20", at + 1, SEQUENCE[at : at + 8], came)
    through = [over(event, "alt", f"t{n}") for n in range(8)]
    ends = [over(event, "alt", f"e{n}", before=96) for n in range(8)]
    found = counts(place, [*through, *ends], lost, event)
    assert found[0]["alt_count"] >= 8
    assert [one["own"] for one in found] == [False, True]
    beside = [over(lost, "alt", f"l{n}") for n in range(30)]
    assert [one["own"] for one in counts(place, [*through, *beside], lost, event)] == [True, True]


def test_what_no_fragment_shows_is_no_event_beside_what_they_show(place):
    found = counts(place, [over(SNV, "alt", f"s{n}") for n in range(5)], SNV, MNV)
    assert [one["own"] for one in found] == [True, False]


def test_the_background_is_told_by_orientation(place):
    at = SNV.start0
    text = SEQUENCE[at - 50 : at] + SNV.alt + SEQUENCE[at + 1 : at + 50]
    reads = [
        read("forward", at - 50, text),
        read("reverse", at - 50, text, reverse=True),
        read("elsewhere", at - 50, SEQUENCE[at - 50 : at + 50]),
    ]
    counts(place, reads, SNV)
    targets = pl.DataFrame({"chrom": ["20"], "start0": [at], "end0": [at + 1]})
    with pysam.AlignmentFile(str(place.bam)) as file:
        shown = count_substitutions(file, place.genome, targets, set(), LIMITS)
        without = count_substitutions(file, place.genome, targets, {("20", at)}, LIMITS)
    assert (shown.sum(), without.sum()) == (300, 298)
    wrong = {(ref, alt): n for _, ref, alt, n, _ in rows_of("tumour", shown).iter_rows() if n}
    pairs = dict(zip("ACGT", "TGCA", strict=True))
    assert wrong == {(SNV.ref, SNV.alt): 1, (pairs[SNV.ref], pairs[SNV.alt]): 1}
    assert np.trace(without) == 298
