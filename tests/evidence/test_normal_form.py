"""One local haplotype has one spelling, however it was written; bcftools is the oracle."""

import random
import subprocess

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onconcord.evidence import indels
from onconcord.evidence.normal_form import (
    PHASED_GAP_BP,
    Allele,
    atoms,
    extent0,
    join,
    normalise,
    split,
    variant_class,
)
from onconcord.harmonised.vrs import allele_ids
from onconcord.reference.sequence import Genome
from random_cases import cases

HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=20,length={}>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


def sequence():
    """Random bases with runs of one base, of two and of three, as indels meet them."""
    draw = random.Random(3)
    pieces = []
    for _ in range(60):
        pieces.append("".join(draw.choice("ACGT") for _ in range(draw.randint(5, 25))))
        unit = "".join(draw.choice("ACGT") for _ in range(draw.randint(1, 3)))
        pieces.append(unit * draw.randint(3, 12))
    return "".join(pieces)


SEQUENCE = sequence()


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    fasta = tmp_path_factory.mktemp("genome") / "genome.fa"
    lines = "\n".join(SEQUENCE[at : at + 60] for at in range(0, len(SEQUENCE), 60))
    fasta.write_text(f">20\n{lines}\n")
    subprocess.run(["samtools", "faidx", str(fasta)], check=True)
    return Genome(fasta)


def test_bases_are_those_of_the_file_in_whatever_order_they_are_asked_for(tmp_path):
    draw = random.Random(2)
    contigs = {
        name: "".join(draw.choices("ACGTacgtN", k=length))
        for name, length in (("1", 30_000), ("2", 9_999), ("3", 1))
    }
    fasta = tmp_path / "genome.fa"
    fasta.write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
    subprocess.run(["samtools", "faidx", str(fasta)], check=True)
    genome = Genome(fasta)
    asked = [("1", -5, 3), ("3", 0, 2), ("1", 30_000, 30_001)]
    asked += [("1", 20_000, 20_010), ("1", 20_000, 15_000)]
    for _ in range(500):
        name = draw.choice("112")
        start0 = draw.randint(-20, len(contigs[name]) + 20)
        asked.append((name, start0, start0 + draw.randint(-3, 9_000)))
    found = [genome.bases(*one) for one in asked]
    assert found == [contigs[name][max(at, 0) : max(end, 0)].upper() for name, at, end in asked]


def other(base, draw):
    return draw.choice([one for one in "ACGT" if one != base])


def any_allele(draw):
    """A random allele with up to six bases on each side, padded or not."""
    pos = draw.randint(40, len(SEQUENCE) - 60)
    ref = SEQUENCE[pos - 1 : pos - 1 + draw.randint(1, 6)]
    while True:
        alt = "".join(
            draw.choice("ACGT") if draw.random() < 0.5 else base
            for base in ref[: draw.randint(1, 6)]
            + "".join(draw.choices("ACGT", k=draw.randint(0, 3)))
        )
        if alt and alt != ref:
            return Allele("20", pos, ref, alt)


def by_bcftools(genome, alleles, *options):
    """Keys that `bcftools norm` gives each allele, in order; an allele's number is its ID."""
    lines = [
        f"20\t{one.pos}\t{number}\t{one.ref}\t{one.alt}\t.\t.\t.\n"
        for number, one in sorted(enumerate(alleles), key=lambda pair: pair[1].pos)
    ]
    done = subprocess.run(
        ["bcftools", "norm", "--fasta-ref", str(genome.path), *options],
        input=HEADER.format(len(SEQUENCE)) + "".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    found = {number: [] for number in range(len(alleles))}
    for line in done.stdout.splitlines():
        if not line.startswith("#"):
            chrom, pos, number, ref, alt = line.split("\t")[:5]
            found[int(number)].append(Allele(chrom, int(pos), ref, alt))
    return found


def test_normal_form_is_that_of_bcftools(genome):
    draw = random.Random(5)
    alleles = [any_allele(draw) for _ in range(600)]
    wanted = by_bcftools(genome, alleles)
    assert [[normalise(genome, one)] for one in alleles] == [wanted[at] for at in range(600)]


def plain_alleles(count):
    """Random insertions, deletions and substitutions that need no trimming, in runs or not."""
    draw = random.Random(11)
    alleles = {("20", 1, SEQUENCE[0], SEQUENCE[0] * 2)}
    while len(alleles) < count:
        pos, kind = draw.randint(1, len(SEQUENCE) - 10), draw.randrange(3)
        ref = SEQUENCE[pos - 1 : pos + draw.choice([1, 2, 3, 4, 6])]
        if kind == 0:
            alleles.add(("20", pos, ref, ref[0]))
        elif kind == 1:
            repeated = draw.random() < 0.5
            bases = ref[1:] if repeated else "".join(draw.choices("ACGT", k=len(ref) - 1))
            alleles.add(("20", pos, ref[0], ref[0] + bases * draw.randint(1, 3)))
        else:
            alt = other(ref[0], draw) + ref[1:-1] + other(ref[-1], draw)
            alleles.add(("20", pos, ref, alt))
    return sorted(alleles)


@pytest.mark.parametrize("longest", [200, 3])
def test_plain_alleles_together_are_placed_as_each_of_them_alone(genome, monkeypatch, longest):
    monkeypatch.setattr(indels, "_LONGEST_ROLL_BP", longest)
    alleles = plain_alleles(1500)
    schema = {"chrom": pl.String, "pos": pl.Int64, "ref": pl.String, "alt": pl.String}
    table = pl.DataFrame(alleles, schema=schema, orient="row")
    placed = indels.place_plain(genome, table)
    by_key = {
        row[:4]: (Allele("20", *row[4:7]), row[7:])
        for row in placed.select(*schema, "e_pos", "e_ref", "e_alt", "start0", "end0").iter_rows()
    }
    for key, (event, extent) in by_key.items():
        assert (event,) == split(genome, Allele(*key))
        assert extent == extent0(genome, event)
    left_out = [Allele(*key) for key in alleles if key not in by_key]
    long = {one for one in left_out if len(one.ref) == len(one.alt) > PHASED_GAP_BP + 2}
    assert long
    rest = [one for one in left_out if one not in long]
    if longest == 200:
        # The first base has nothing before it to anchor a change on.
        assert {normalise(genome, one).pos for one in rest} == {1}
    else:
        assert len(rest) > 100


def test_what_is_not_plain_is_left_out(genome):
    first, second = SEQUENCE[99], SEQUENCE[100]
    alleles = [
        ("20", 100, first + second, first + second + "A"),
        ("20", 100, first, ("C" if first == "A" else "A") + "GG"),
    ]
    schema = {"chrom": pl.String, "pos": pl.Int64, "ref": pl.String, "alt": pl.String}
    table = pl.DataFrame(alleles, schema=schema, orient="row")
    assert indels.place_plain(genome, table).height == 0


def test_atoms_are_those_of_bcftools(genome):
    draw = random.Random(7)
    alleles = [normalise(genome, any_allele(draw)) for _ in range(600)]
    wanted = by_bcftools(genome, alleles, "--atomize")
    for number, allele in enumerate(alleles):
        # bcftools left-aligns what it has cut off; atoms stay where the event is.
        assert [normalise(genome, one) for one in atoms(allele)] == [
            normalise(genome, one) for one in wanted[number]
        ]


def shifted(allele, places):
    """An indel in normal form written `places` bases further right, where it may be."""
    pos, ref, alt = allele.pos, allele.ref, allele.alt
    for _ in range(places):
        long = ref if len(ref) > len(alt) else alt
        following = SEQUENCE[pos - 1 + len(ref)]
        if following != long[1]:
            break
        anchor = long[1]
        bases = long[2:] + following
        pos += 1
        ref, alt = (anchor + bases, anchor) if len(ref) > len(alt) else (anchor, anchor + bases)
    return Allele(allele.chrom, pos, ref, alt)


def padded(allele, left, right):
    before = SEQUENCE[allele.pos - 1 - left : allele.pos - 1]
    after = SEQUENCE[allele.end0 : allele.end0 + right]
    return Allele("20", allele.pos - left, before + allele.ref + after, before + allele.alt + after)


def vrs_ids(genome, alleles):
    rows = [(one.chrom, one.pos, one.ref, one.alt) for one in alleles]
    return set(allele_ids(genome, {"20": "SQ." + "a" * 32}, rows))


@cases(200)
@given(data=st.data())
def test_every_spelling_of_a_simple_variant_has_one_key_and_one_vrs_id(genome, data):
    draw = random.Random(data.draw(st.integers(0, 10**6)))
    start = draw.randint(40, len(SEQUENCE) - 60)
    anchor, size = SEQUENCE[start - 1], draw.randint(1, 5)
    kind = draw.choice(["INS", "DEL", "SNV"])
    if kind == "INS":
        allele = Allele("20", start, anchor, anchor + "".join(draw.choices("ACGT", k=size)))
    elif kind == "DEL":
        allele = Allele("20", start, SEQUENCE[start - 1 : start + size], anchor)
    else:
        allele = Allele("20", start, anchor, other(anchor, draw))
    key = normalise(genome, allele)
    spellings = [padded(key, left, right) for left in (0, 1, 4) for right in (0, 3)]
    if kind != "SNV":
        spellings += [shifted(key, places) for places in range(1, 9)]
        spellings += [padded(shifted(key, 9), 2, 2)]
    assert {split(genome, one) for one in spellings} == {(key,)}
    assert len(vrs_ids(genome, spellings)) == 1


@st.composite
def haplotypes(draw):
    """
    Edits of one haplotype with at most PHASED_GAP_BP bases between them, by position.

    Each is a SNV, a deletion or an insertion, with its anchor.
    """
    rng = random.Random(draw(st.integers(0, 10**9)))
    at = rng.randint(60, len(SEQUENCE) - 120)
    edits = []
    for _ in range(rng.randint(2, 4)):
        kind = rng.choice(["SNV", "SNV", "INS", "DEL"])
        base = SEQUENCE[at - 1]
        if kind == "SNV":
            edits.append(Allele("20", at, base, other(base, rng)))
            at += 1
        elif kind == "DEL":
            size = rng.randint(1, 3)
            edits.append(Allele("20", at, SEQUENCE[at - 1 : at + size], base))
            at += 1 + size
        else:
            inserted = "".join(rng.choices("ACGT", k=rng.randint(1, 3)))
            edits.append(Allele("20", at, base, base + inserted))
            at += 1
        at += rng.randint(0, PHASED_GAP_BP)
    return edits


def apply(edits):
    """The haplotype around the edits, by plain replacement: independent of the code under test."""
    first, last = edits[0].pos, max(edit.end0 for edit in edits)
    text, at = "", first
    for edit in edits:
        text += SEQUENCE[at - 1 : edit.pos - 1] + edit.alt
        at = edit.pos + len(edit.ref)
    return Allele("20", first, SEQUENCE[first - 1 : last], text + SEQUENCE[at - 1 : last])


@cases(300)
@given(edits=haplotypes())
def test_strings_of_a_haplotype_and_its_whole_have_one_key(genome, edits):
    whole = apply(edits)
    if whole.ref == whole.alt:
        return
    key = normalise(genome, whole)
    assert join(genome, edits) == key
    assert normalise(genome, padded(whole, 3, 2)) == key
    assert split(genome, padded(whole, 3, 2)) == split(genome, key)
    assert len(vrs_ids(genome, [whole, padded(whole, 3, 2), key])) == 1
    # Events and atoms, put back into the reference, are the haplotype they came from.
    assert join(genome, split(genome, key)) == key
    assert join(genome, atoms(key)) == key


def test_edits_that_overlap_are_no_haplotype(genome):
    base = SEQUENCE[99]
    one, two = (Allele("20", 100, base, alt) for alt in [b for b in "ACGT" if b != base][:2])
    assert join(genome, [one, two]) is None


def test_far_edits_of_one_record_are_events_of_their_own(genome):
    draw = random.Random(11)
    ref = SEQUENCE[199:212]
    alt = other(ref[0], draw) + ref[1:-1] + other(ref[-1], draw)
    found = split(genome, Allele("20", 200, ref, alt))
    assert found == (
        Allele("20", 200, ref[0], alt[0]),
        Allele("20", 212, ref[-1], alt[-1]),
    )


@pytest.mark.parametrize(
    ("gap", "events"),
    [
        pytest.param(0, 1, id="adjacent"),
        pytest.param(1, 1, id="first and third base of a codon"),
        pytest.param(PHASED_GAP_BP, 1, id="as far as one event reaches"),
        pytest.param(PHASED_GAP_BP + 1, 2, id="further"),
    ],
)
def test_the_gap_decides_what_one_event_is(genome, gap, events):
    draw = random.Random(13)
    ref = SEQUENCE[299 : 299 + gap + 2]
    alt = other(ref[0], draw) + ref[1:-1] + other(ref[-1], draw)
    assert len(split(genome, Allele("20", 300, ref, alt))) == events


def test_extent_covers_every_place_an_indel_can_stand_in(genome):
    draw = random.Random(17)
    for _ in range(200):
        allele = normalise(genome, any_allele(draw))
        if variant_class(allele.ref, allele.alt) not in ("INS", "DEL"):
            continue
        start0, end0 = extent0(genome, allele)
        furthest = shifted(allele, 500)
        assert start0 == allele.pos
        assert end0 == furthest.pos + len(furthest.ref) - 1


def test_a_change_before_the_first_base_is_anchored_after_it(genome):
    first = SEQUENCE[0]
    inserted = other(first, random.Random(1))
    allele = Allele("20", 1, first, inserted + first)
    assert normalise(genome, allele) == allele


@pytest.mark.parametrize(
    ("ref", "alt", "kind"),
    [
        ("A", "C", "SNV"),
        ("AC", "GT", "MNV"),
        ("A", "AC", "INS"),
        ("AC", "A", "DEL"),
        ("AC", "G", "DELINS"),
        ("A", "CC", "DELINS"),
    ],
)
def test_variant_class(ref, alt, kind):
    assert variant_class(ref, alt) == kind
