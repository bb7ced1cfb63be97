"""Truth and calls meet by sequence; enumerating every pairing is the oracle."""

import random
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onconcord.accuracy.haplotypes import match
from onconcord.evidence.normal_form import Allele, variant_class
from onconcord.reference.sequence import Genome
from random_cases import cases

BASES = "GATTACAGGGCATCACACACATTTTTTTGCCGTAACGTCCAGTGATCGATGGATCCATTAGC" * 3


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(f">20\n{BASES}\n")
    path.with_name("genome.fa.fai").write_text(
        f"20\t{len(BASES)}\t4\t{len(BASES)}\t{len(BASES) + 1}\n"
    )
    return Genome(path)


def snv(pos, alt):
    return Allele("20", pos, BASES[pos - 1], alt)


def test_the_same_spelling_is_found(genome):
    found = match(genome, [snv(40, "T")], [], [snv(40, "T")])
    assert (found.truth, dict(found.calls)) == ({0}, {0: {0}})


def test_another_base_at_the_place_is_not_found(genome):
    found = match(genome, [snv(40, "T")], [], [snv(40, "C")])
    assert (found.truth, found.calls, found.inherited) == (set(), {}, set())


def test_a_deletion_within_a_repeat_may_stand_anywhere_in_it(genome):
    # TTTTTTT at 22..28 (1-based): the first of them is lost, or the last.
    at = BASES.index("TTTTTTT")
    left = Allele("20", at, BASES[at - 1 : at + 1], BASES[at - 1])
    right = Allele("20", at + 6, "TT", "T")
    assert match(genome, [left], [], [right]).truth == {0}


def test_single_bases_spell_an_mnv_only_together(genome):
    pos = BASES.index("GCCG") + 1
    both = Allele("20", pos, "GC", "TA")
    first, second = Allele("20", pos, "G", "T"), Allele("20", pos + 1, "C", "A")
    whole = match(genome, [both], [], [first, second])
    assert (whole.truth, set(whole.calls)) == ({0}, {0, 1})
    part = match(genome, [both], [], [first])
    assert (part.truth, part.calls) == (set(), {})


def test_a_record_may_spell_an_inherited_neighbour_too(genome):
    pos = BASES.index("GCCG") + 1
    somatic, germline = Allele("20", pos, "G", "T"), Allele("20", pos + 1, "C", "A")
    joined = Allele("20", pos, "GC", "TA")
    assert match(genome, [somatic], [germline], [joined]).truth == {0}
    assert match(genome, [somatic], [], [joined]).truth == set()


def test_an_inherited_variant_is_named_as_such(genome):
    germline = snv(40, "T")
    found = match(genome, [snv(60, "A" if BASES[59] != "A" else "C")], [germline], [germline])
    assert (found.truth, found.calls, found.inherited) == (set(), {}, {0})


def test_a_call_is_used_once(genome):
    """Of an MNV and its parts, all called, the MNV is true and the parts are not."""
    pos = BASES.index("GCCG") + 1
    both = Allele("20", pos, "GC", "TA")
    parts = [Allele("20", pos, "G", "T"), Allele("20", pos + 1, "C", "A")]
    found = match(genome, [both], [], [*parts, both])
    assert found.truth == {0}
    assert len(found.calls) in (1, 2)


def some_alleles(draw, first, last, most):
    """Different alleles of all classes near each other."""
    found = set()
    for _ in range(draw.randint(0, most)):
        pos = draw.randint(first, last)
        lost, added = draw.choice([(1, 1), (1, 1), (2, 2), (2, 1), (3, 1), (1, 2), (1, 3), (3, 2)])
        ref = BASES[pos - 1 : pos - 1 + lost]
        alt = "".join(draw.choice("ACGT") for _ in range(added))
        if min(lost, added) == 1 and lost != added:
            alt = ref[0] + alt[1:]
        if alt != ref and variant_class(ref, alt):
            found.add(Allele("20", pos, ref, alt))
    return sorted(found)


def haplotype(alleles):
    """Sequence with the alleles, or None where two of them need the same bases."""
    done, at = [], 0
    cut = []
    for one in alleles:
        ref, alt, start = one.ref, one.alt, one.start0
        while ref and alt and ref[0] == alt[0]:
            ref, alt, start = ref[1:], alt[1:], start + 1
        while ref and alt and ref[-1] == alt[-1]:
            ref, alt = ref[:-1], alt[:-1]
        cut.append((start, len(ref), alt))
    inserted = -1
    for start, lost, alt in sorted(cut):
        if start < at or (not lost and start == inserted):
            return None
        done += [BASES[at:start], alt]
        at, inserted = start + lost, start if not lost else -1
    return "".join(done) + BASES[at:]


def subsets(items, least=0):
    return chain.from_iterable(combinations(items, n) for n in range(least, len(items) + 1))


def most_truth(truth, inherited, calls):
    """Most truth that disjoint sets of calls spell: every way is tried."""
    same = set()
    behind = list(subsets(inherited))
    for own in subsets(range(len(truth)), 1):
        spelt = {haplotype([*(truth[i] for i in own), *more]) for more in behind} - {None}
        for called in subsets(range(len(calls)), 1):
            with_calls = {haplotype([*(calls[i] for i in called), *more]) for more in behind}
            if spelt & with_calls:
                same.add((frozenset(own), frozenset(called)))

    def best(pairs):
        score = 0
        for place, (own, called) in enumerate(pairs):
            rest = [p for p in pairs[place + 1 :] if not (p[0] & own or p[1] & called)]
            score = max(score, len(own) + best(rest))
        return score

    return best(sorted(same, key=lambda pair: (sorted(pair[0]), sorted(pair[1]))))


@cases(300)
@given(st.integers(0, 10**9))
def test_no_other_pairing_finds_more(genome, seed):
    draw = random.Random(seed)
    truth = some_alleles(draw, 20, 30, 3)
    inherited = [one for one in some_alleles(draw, 20, 30, 1) if one not in truth]
    calls = set(some_alleles(draw, 20, 30, 2))
    # Most calls of a caller are true, or a part of what is true.
    calls |= {one for one in (*truth, *inherited) if draw.random() < 0.6}
    calls = sorted(calls)
    found = match(genome, truth, inherited, calls)
    assert len(found.truth) == most_truth(truth, inherited, calls)
    assert all(found.calls.values())
