"""
Germline alleles by the thousand, each of which every caller and every rule took for somatic.

The decision is played by an adversary: what is drawn here passes, as somatic. What leaves is then
held back by the release alone. Drawn are heterozygous, homozygous and hemizygous alleles in cis
with a somatic one, on their own, retained or lost in the tumour, under a normal of any depth and
without one, as known drivers, on chrX, chrY and chrM, with a population's frequency and without.
"""

import random

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import bdtr

from builders import PairOf, release_of, write_pair
from onconcord.accuracy.release_bytes import pieces
from onconcord.harmonised.event_ids import event_id
from onconcord.release.germline import INDEL_SHARE, SNV_SHARE
from onconcord.verify import verify_release

SITES_OF_A_PAIR = 160
PAIRS = 14
"""With these, 2,240 germline alleles."""


class Site:
    """One germline allele, and what a normal and a tumour show of it."""

    def __init__(self, draw, number, matched):
        self.draw = draw
        self.chrom = draw.choices(("chr20", "chrX", "chrY", "chrM"), (90, 6, 2, 2))[0]
        self.pos = 1_000_000 + 1_000 * number + draw.randrange(400)
        self.ref, self.alt = draw.sample("ACGT", 2)
        self.cis = draw.random() < 0.3 and self.chrom == "chr20"
        if not self.cis and draw.random() < 0.15:
            self.alt = self.ref + "".join(draw.choices("ACGT", k=draw.randint(3, 9)))
        indel = len(self.ref) != len(self.alt)
        kind = draw.choices(("het", "hom"), (85, 15))[0]
        if self.chrom != "chr20":
            kind = "hom"
        self.share = {"het": 0.46 if indel else 0.48, "hom": 0.97}[kind]
        depths = ((0, 8), (8, 20), (20, 35), (40, 200))
        self.depth = draw.randint(*draw.choices(depths, (15, 20, 25, 40))[0])
        self.carried = self.of(self.depth, self.share) if matched else None
        self.tumour_depth = draw.randint(60, 400)
        # kept, and lost on the other chromosome: without a normal a lost allele looks somatic
        tumour = draw.choice((self.share, 0.8)) if matched else max(self.share, 0.48)
        self.tumour = self.of(self.tumour_depth, tumour)
        self.frequency = draw.choice((None, None, 0.0001, 0.002, 0.3))
        self.forced = draw.random() < (0.1 if matched else 0.9)

    def of(self, depth, share):
        return sum(self.draw.random() < share for _ in range(depth))

    @property
    def chance(self):
        """How often a normal of this depth shows so little of the allele that it may leave."""
        share = SNV_SHARE if len(self.ref) == len(self.alt) else INDEL_SHARE
        counts = np.arange(self.depth + 1)
        fooled = counts[bdtr(counts, self.depth, share) <= 1e-5]
        return float(bdtr(fooled.max(), self.depth, self.share)) if len(fooled) else 0.0

    @property
    def words(self):
        return [f"{self.chrom}:{self.pos}:{self.ref}:{self.alt}", f"{self.pos}_{self.ref}"]


def add(pair, tables, site):
    """A germline allele that passes, alone or in one event with a somatic one behind it."""
    matched = pair.normal is not None
    method = "forced" if site.forced else ("matched_normal" if matched else "tumor_only_model")
    ref, alt, klass = site.ref, site.alt, "SNV" if len(site.ref) == len(site.alt) else "INS"
    if site.cis:
        ref, alt, klass = f"{site.ref}A", f"{site.alt}C", "MNV"
    row = pair.variant(
        site.pos,
        ref,
        alt,
        method=method,
        chrom=site.chrom,
        klass=klass,
        length=len(alt) - len(ref),
        af=None if site.cis else site.frequency,
    )
    whole = 0 if site.cis else site.carried
    shown = min(site.tumour, site.tumour_depth // 4) if site.cis else site.tumour
    row |= {
        "normal_depth": site.depth if matched else None,
        "normal_alt_count": whole if matched else None,
        "normal_ref_count": None,
        "tumor_depth": site.tumour_depth,
        "tumor_alt_count": shown,
        "tumor_ref_count": site.tumour_depth - shown,
        "tumor_vaf": round(shown / site.tumour_depth, 6),
        "phase_set": f"{site.pos}_{site.ref}_{site.alt}",
        "filters": [],
    }  # fmt: skip
    steps = [(site.pos, site.ref, site.alt)] + ([(site.pos + 1, "A", "C")] if site.cis else [])
    row["event_id"] = event_id(pair.pair, [f"{site.chrom}:{pos}:{r}:{a}" for pos, r, a in steps])
    pair.add(tables, row)
    own = {"normal_alt_count": site.carried, "tumor_alt_count": site.tumour}
    for atom in tables["small_variant_atom"]:
        if atom["event_id"] == row["event_id"] and atom["pos"] == site.pos:
            atom.update(own | {"gnomad_af_max": site.frequency})
    for said in tables["variant_call_evidence"]:
        if said["pos"] == site.pos:
            said["filters"] = ["mutect2.germline", f"old.{site.pos}_{site.ref}"]
            said["raw_record_key"] = f"{site.chrom}:{site.pos}:{site.ref}:{site.alt}"
    if site.forced and not site.cis:
        tables["hotspot_status"].append(
            pair.hotspot(site.pos, site.ref, site.alt) | {"chrom": site.chrom}
        )


@pytest.fixture(scope="module")
def red_team(tmp_path_factory):
    folder = tmp_path_factory.mktemp("red")
    sites, manifests = [], []
    for number in range(PAIRS):
        draw = random.Random(f"red team {number}")
        matched = number % 4 != 3
        name = f"ONE-{number:02d}"
        pair = PairOf("ONE", f"TUM-{name}", f"PAT-{name}", f"NRM-{name}" if matched else None)
        tables = pair.tables()
        tables["hotspot_status"] = []
        tables["reference_contig"] += [
            {**tables["reference_contig"][0], "chrom": chrom} for chrom in ("chrM", "chrX")
        ]
        first = number * SITES_OF_A_PAIR
        for at in range(first, first + SITES_OF_A_PAIR):
            site = Site(draw, at, matched)
            add(pair, tables, site)
            sites.append((matched, site))
        known = {f for row in tables["variant_call_evidence"] for f in row["filters"]}
        tables["filter_definition"] += [
            {"filter_id": one, "scope": "caller", "description": one, "effect": "fail"}
            for one in sorted(known)
        ]
        manifests.append(write_pair(folder, pair, tables))
    return sites, release_of(folder, manifests, "ONE"), folder, manifests


@pytest.mark.slow
def test_no_germline_allele_is_in_any_byte_of_a_release(red_team):
    sites, release, folder, manifests = red_team
    assert len(sites) == 2240
    # what may pass by chance, over all of them
    assert sum(site.chance for matched, site in sites if matched) < 0.02
    words = {word: word.encode() for _, site in sites for word in site.words}
    data = b"\n".join(piece for _, piece in pieces(release))
    assert [word for word, text in words.items() if text in data] == []
    places = {(site.chrom, site.pos) for _, site in sites}
    for table in ("small_variant", "small_variant_atom", "variant_call_evidence"):
        rows = [
            row
            for path in (release / table).rglob("*.parquet")
            for row in rows_of(path)
            if (row["chrom"], row["pos"]) in places
        ]
        assert rows == [], table
    mutated = [
        row
        for path in (release / "hotspot_status").rglob("*.parquet")
        for row in rows_of(path)
        if row["status"] != "indeterminate" or row["tumor_depth"] is not None
    ]
    assert mutated == []
    assert verify_release(release).faults == []
    # the same search finds them where they are
    controlled = release_of(folder, manifests[:1], "ONE", tier="controlled")
    local = b"\n".join(piece for _, piece in pieces(controlled))
    assert sum(text in local for text in words.values()) >= 2 * 150


def rows_of(path):
    return pq.ParquetFile(path).read().to_pylist()


@pytest.mark.slow
def test_somatic_variants_leave_all_the_same(red_team):
    """The three of `PairOf` in every pair with a normal."""
    _, release, *_ = red_team
    rows = [row for path in (release / "small_variant").rglob("*.parquet") for row in rows_of(path)]
    assert len(rows) == 3 * sum(number % 4 != 3 for number in range(PAIRS))
