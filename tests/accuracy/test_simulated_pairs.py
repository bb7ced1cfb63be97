"""What is simulated: fractions are those of the truth, each artefact is there and of its kind."""

import dataclasses
import gzip
import shutil
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from onconcord.accuracy.cohort import Folder, Sources, write_cohort
from onconcord.accuracy.fragments import fragments, slippage
from onconcord.accuracy.places import Places, class_of
from onconcord.accuracy.profiles import read_plan
from onconcord.accuracy.reads import binned
from onconcord.accuracy.tumour import Acquired, Truth, make_truth
from onconcord.accuracy.world import FLANK_BP, Recurrent, World, make_world
from onconcord.errors import InputError
from onconcord.evidence.normal_form import Allele, variant_class
from onconcord.reference.sequence import Genome
from onconcord.runtime.checkout import root

PLAN = root() / "config/accuracy/profiles.yaml"
SIZE = 2400
TARGET = (FLANK_BP + 200, FLANK_BP + 1000)


@pytest.fixture(scope="module")
def plan():
    return read_plan(PLAN)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    draw = np.random.default_rng(5)
    bases = "".join("ACGT"[n] for n in draw.integers(0, 4, SIZE))
    # One long run within the target, as slippage needs it.
    bases = bases[:900] + "C" + "A" * 12 + "G" + bases[914:]
    path.write_text(f">20\n{bases}\n")
    path.with_name("genome.fa.fai").write_text(f"20\t{SIZE}\t4\t{SIZE}\t{SIZE + 1}\n")
    return Genome(path)


def world(*recurrent):
    return World((TARGET,), ((TARGET[0] - FLANK_BP, TARGET[1] + FLANK_BP),), (), recurrent, ())


def truth(*acquired, lost=frozenset(), purity=0.8):
    return Truth((), acquired, (), lost, purity)


def profile(plan, **values):
    clean = {"stutter": 0.0, "tumour_depth": 1500, "normal_depth": 1500}
    return dataclasses.replace(plan.profiles[1], **clean | values)


def seen(found, genome, pos, size=1):
    """Bases at a 1-based position, by orientation, of fragments that lie where they came from."""
    counts = {True: Counter(), False: Counter()}
    text = genome.bases("20", 0, SIZE)
    for one in found:
        bases = one.bases.decode()
        start = text.find(bases[:20])
        at = pos - 1 - start
        if start >= 0 and 20 <= at < len(bases) - size:
            counts[one.forward][bases[at : at + size]] += 1
    return counts


def share(counts, bases):
    both = counts[True] + counts[False]
    return both[bases] / both.total()


def substitution(genome, pos, fraction, haplotype=1):
    ref = genome.bases("20", pos - 1, pos)
    alt = {"A": "C", "C": "A", "G": "T", "T": "G"}[ref]
    return Acquired(Allele("20", pos, ref, alt), haplotype, fraction, "SNV")


@pytest.mark.parametrize("fraction", [0.05, 0.3, 0.5])
def test_the_tumour_has_the_fraction_of_the_truth_and_the_normal_nothing(plan, genome, fraction):
    event = substitution(genome, 800, fraction)
    one = profile(plan)
    tumour = fragments(one, "tumour", genome, world(), truth(event), 1)
    normal = fragments(one, "normal", genome, world(), truth(event), 1)
    assert share(seen(tumour, genome, 800), event.allele.alt) == pytest.approx(fraction, abs=0.05)
    assert share(seen(normal, genome, 800), event.allele.alt) == 0


def test_a_tenth_of_tumour_in_the_normal_has_a_tenth_of_the_fraction(plan, genome):
    event = substitution(genome, 800, 0.4)
    one = profile(plan, tumour_in_normal=0.1)
    normal = fragments(one, "normal", genome, world(), truth(event), 1)
    assert share(seen(normal, genome, 800), event.allele.alt) == pytest.approx(0.04, abs=0.015)


def test_a_lost_haplotype_leaves_the_fraction_as_it_is_said(plan, genome):
    event = substitution(genome, 800, 0.6, haplotype=2)
    one = profile(plan)
    found = fragments(one, "tumour", genome, world(), truth(event, lost=frozenset({0})), 1)
    assert share(seen(found, genome, 800), event.allele.alt) == pytest.approx(0.6, abs=0.05)


def damaged(found, genome):
    """Fragments by change and orientation, over all bases of the target."""
    text = genome.bases("20", 0, SIZE)
    changes = {True: Counter(), False: Counter()}
    for one in found:
        bases = one.bases.decode()
        start = text.find(bases[:16])
        if start >= 0:
            pairs = zip(text[start : start + len(bases)], bases, strict=False)
            changes[one.forward].update(f"{a}>{b}" for a, b in pairs if a != b)
    return changes


def test_oxidation_shows_in_one_orientation_with_a_leak(plan, genome):
    one = profile(plan, oxog=0.004, tumour_depth=400)
    changes = damaged(fragments(one, "tumour", genome, world(), truth(), 1), genome)
    assert set(changes[True]) | set(changes[False]) == {"G>T", "C>A"}
    assert changes[True]["G>T"] > 8 * changes[True]["C>A"] > 0
    assert changes[False]["C>A"] > 8 * changes[False]["G>T"] > 0


def test_half_of_the_oxidised_bases_are_of_poor_quality(plan, genome):
    one = profile(plan, oxog=0.004, tumour_depth=400)
    found = fragments(one, "tumour", genome, world(), truth(), 1)
    changed = sum((damaged(found, genome)[way]).total() for way in (True, False))
    assert 0.35 < sum(len(fragment.poor) for fragment in found) / changed < 0.65


def test_deamination_shows_in_both_orientations_of_the_tumour_alone(plan, genome):
    one = profile(plan, ffpe=0.004, tumour_depth=400, normal_depth=400)
    changes = damaged(fragments(one, "tumour", genome, world(), truth(), 1), genome)
    assert set(changes[True]) | set(changes[False]) == {"C>T", "G>A"}
    assert 0.7 < changes[True]["C>T"] / changes[False]["C>T"] < 1.4
    normal = damaged(fragments(one, "normal", genome, world(), truth(), 1), genome)
    assert normal == {True: Counter(), False: Counter()}


def test_damage_gathers_at_some_places(plan, genome):
    """Were it even, hardly a place would have thrice the mean."""
    one = profile(plan, ffpe=0.01, tumour_depth=1000)
    found = fragments(one, "tumour", genome, world(), truth(), 1)
    text = genome.bases("20", 0, SIZE)
    places = [at for at in range(TARGET[0] + 100, TARGET[0] + 300) if text[at] == "C"]
    shares = [share(seen(found, genome, at + 1), "T") for at in places]
    assert max(shares) > 3 * np.mean(shares) > 0


def test_recurrent_artefacts_are_in_both_samples(plan, genome):
    ref = genome.bases("20", 799, 800)
    alt = "A" if ref != "A" else "C"
    odd = Recurrent(Allele("20", 800, ref, alt), 0.1, at_ends=False, poor=True)
    one = profile(plan, recurrent_per_kb=5.0)
    for role in ("tumour", "normal"):
        found = fragments(one, role, genome, world(odd), truth(), 1)
        assert 0.05 < share(seen(found, genome, 800), alt) < 0.2
        assert any(fragment.poor for fragment in found)
    without = fragments(profile(plan), "tumour", genome, world(odd), truth(), 1)
    assert share(seen(without, genome, 800), alt) == 0


def test_runs_slip_by_one_base_in_both_samples(plan, genome):
    one = profile(plan, stutter=4.0, tumour_depth=1500, normal_depth=1500)
    for role in ("tumour", "normal"):
        found = [
            fragment
            for fragment in fragments(one, role, genome, world(), truth(), 1)
            if b"CAAAAAAAA" in fragment.bases and b"AAAAAAAAG" in fragment.bases
        ]
        runs = (fragment.bases.split(b"CAAAAAAAA")[1] for fragment in found)
        slipped = Counter(run.split(b"G")[0] for run in runs)
        assert slipped[b"AAAA"] > slipped[b"AAA"] > slipped[b"AAAAA"] > 0
    assert slippage(12, 1) > slippage(8, 1) > slippage(5, 1)


def test_primers_give_one_end_of_each_fragment_its_place(plan, genome):
    one = profile(plan, layout="primer", tumour_depth=400)
    text = genome.bases("20", 0, SIZE)
    ends = Counter()
    for fragment in fragments(one, "tumour", genome, world(), truth(), 1):
        if fragment.forward:
            ends[text.find(fragment.bases.decode())] += 1
    del ends[-1]
    assert len(ends) < 40
    assert ends.total() > 300


@pytest.mark.parametrize("kind", ["SNV", "indel", "MNV", "delins"])
def test_events_are_of_their_class_and_apart(genome, kind):
    places = Places(genome, np.random.default_rng(1))
    found = [places.allele(kind, 300, 1900, 18) for _ in range(15)]
    alleles = sorted(one for one in found if one)
    assert {class_of(one) for one in alleles} == {kind}
    assert all(b.start0 - a.end0 >= 18 for a, b in pairwise(alleles))


def test_most_events_that_delete_and_insert_keep_the_frame(genome):
    places = Places(genome, np.random.default_rng(2))
    found = [Places(genome, places.draw).allele("delins", 300, 1900, 0) for _ in range(200)]
    kept = [one for one in found if one]
    assert all(variant_class(one.ref, one.alt) == "DELINS" for one in kept)
    in_frame = sum((len(one.ref) - len(one.alt)) % 3 == 0 for one in kept)
    assert in_frame / len(kept) > 0.6


def test_qualities_fall_into_the_bins_of_newer_sequencers():
    found = [binned(quality) for quality in (2, 11, 14, 15, 30, 31, 41)]
    assert found == [2, 12, 12, 23, 23, 37, 37]


def test_a_seed_has_one_purpose(tmp_path):
    text = PLAN.read_text().replace("score: [101", "score: [11, 101")
    path = tmp_path / "profiles.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r'"seeds": seeds are listed twice: 11\. Use each for one'):
        read_plan(path)


def test_a_profile_is_made_for_its_purposes_only(plan):
    fitted = {profile.name for profile in plan.made_for("fit", "exome")}
    scored = {profile.name for profile in plan.made_for("score", "exome")}
    assert scored < fitted
    assert all(name.startswith("alone-") for name in fitted - scored)


def test_every_fault_of_a_plan_is_named(tmp_path):
    text = PLAN.read_text().replace("clean-60x-30x: {", "clean-60x-30x: {oxyg: 1, ")
    text = text.replace("stutter: 6.0}\n  tumour", "stutter: 6.0, purposes: [guess]}\n  tumour")
    path = tmp_path / "profiles.yaml"
    path.write_text(text.replace("layout: primer", "layout: primed"))
    with pytest.raises(InputError) as caught:
        read_plan(path)
    assert [str(fault) for fault in caught.value.faults] == [
        'profiles.yaml, "amplicons": layout is "primed": expected one of capture, primer.',
        'profiles.yaml, "clean-60x-30x": the profile has oxyg too much or too little.',
        'profiles.yaml, "stutter": "guess": expected purposes of fit, score, slice.',
    ]


def test_fitting_and_scoring_have_no_target_in_common(tmp_path, genome):
    bed = tmp_path / "exome.bed"
    bed.write_text("".join(f"20\t{at}\t{at + 40}\n" for at in range(400, 1900, 60)))
    fit = make_world(genome, bed, 300, 1, scoring=False).targets
    scored = make_world(genome, bed, 300, 1, scoring=True).targets
    assert fit
    assert scored
    assert not set(fit) & set(scored)


def test_the_resource_knows_common_sites_and_lacks_some_rare_ones(tmp_path):
    draw = np.random.default_rng(7)
    fasta = tmp_path / "genome.fa"
    bases = "".join("ACGT"[number] for number in draw.integers(0, 4, 90_000))
    fasta.write_text(f">20\n{bases}\n")
    fasta.with_name("genome.fa.fai").write_text("20\t90000\t4\t90000\t90001\n")
    bed = tmp_path / "exome.bed"
    bed.write_text("".join(f"20\t{at}\t{at + 600}\n" for at in range(1000, 88_000, 1000)))
    sites = make_world(Genome(fasta), bed, 30_000, 1, scoring=False).sites
    common = [site.listed for site in sites if site.frequency >= 0.05]
    rare = [site.listed for site in sites if site.frequency < 0.01]
    assert np.mean(common) > 0.97
    assert 0.7 < np.mean(rare) < 0.97


def test_truths_of_two_profiles_differ_and_one_is_as_before(plan, genome, tmp_path):
    bed = tmp_path / "exome.bed"
    bed.write_text("20\t400\t1000\n20\t1100\t1700\n")
    here = make_world(genome, bed, 500, 1, scoring=False)
    first, second = (
        [make_truth(plan, "fit", profile, genome, here, 1) for _ in range(2)]
        for profile in plan.profiles[:2]
    )
    assert first[0] == first[1] != second[0]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("art_illumina") is None, reason="needs ART")
def test_the_same_seed_gives_the_same_files_whatever_the_cores(plan, genome, tmp_path):
    bed = tmp_path / "exome.bed"
    bed.write_text("20\t400\t500\n20\t600\t1000\n20\t1100\t1700\n20\t1750\t1900\n")
    sources = Sources(genome.path, tmp_path / "none", bed, tmp_path / "genes.gtf")
    few = dataclasses.replace(plan, profiles=plan.made_for("slice", "exome")[-3:])
    written = []
    for cores in (1, 2):
        folder = Folder(few, few.assays["exome"], 3, "slice", tmp_path / f"with{cores}")
        write_cohort(folder, sources, cores)
        files = sorted(path for path in folder.path.rglob("*") if path.is_file())
        written.append({path.relative_to(folder.path): path.read_bytes() for path in files})
    assert written[0] == written[1]
    reads = [path for path in written[0] if path.name.endswith(".fq.gz")]
    assert len(reads) == 10
    names = gzip.decompress(written[0][reads[0]]).split(b"\n")[::4]
    assert len(set(names)) == len(names) > 100
