"""verify works the probabilities out again: from the shares, and from the counts and the model."""

import json
import shutil
from pathlib import Path

import pytest

from builders import PairOf, change, release_of, write_pair
from onconcord.canonical_json import canonical_json
from onconcord.decision.model import judge
from onconcord.release import read_release
from onconcord.runtime import checkout
from onconcord.verify import posterior, verify_release
from onconcord.verify.slices import cut
from real_ids import MODEL, rule_id
from recounted import candidate, estimates, frame, model, said

STATED = ("depth", "ref_count", "alt_count", "ref_f1r2", "alt_f1r2")
MATCHED = {
    1100: candidate(),
    1110: candidate(tumour=(4, 96), callers=said("pileup", alt=4)),
    1120: candidate(normal=(30, 30)),
    1130: candidate(tumour=(5, 95), pon_count=4, gnomad_af_max=0.01, is_hotspot=True),
}
ALONE = {
    1100: candidate(normal=None),
    1110: candidate(tumour=(50, 50), normal=None, gnomad_af_max=0.2),
}


def judged_tables(pair, candidates, model_sha256):
    """The tables of a pair whose candidates, by position, are judged by the model."""
    found = pair.tables()
    found |= {
        name: []
        for name in (
            *("small_variant", "small_variant_atom", "variant_call_evidence", "decision"),
            *("variant_consequence", "variant_annotation", "oncogenicity"),
        )
    }
    about = estimates(pair.normal is not None, contamination=0.01, rate=2e-4)
    answers = judge(frame(*candidates.values()), about, model()).to_dicts()
    for (pos, given), answer in zip(candidates.items(), answers, strict=True):
        told = answer.pop("told")
        row = pair.variant(pos, given["ref"], given["alt"]) | answer
        row |= {name: given[name] for name in ("pon_count", "gnomad_af_max")}
        row |= {f"{role}_{name}": given[f"{role}_{name}"] for role in ROLES for name in STATED}
        row["tumor_vaf"] = round(row["tumor_alt_count"] / row["tumor_depth"], 6)
        row |= {"callers_pass": [], "n_callers_pass": 0, "n_callers_called": len(given["callers"])}
        pair.add(found, row)
        found["variant_call_evidence"] = [
            *(one for one in found["variant_call_evidence"] if one["pos"] != pos),
            *(
                {name: row[name] for name in PLACE}
                | {"match": "exact", "raw_record_key": row["variant_key"], "is_pass": False}
                | {"caller": one["caller"], "score": one["score"], "info_json": one["info"]}
                for one in given["callers"]
            ),
        ]
        trail = found["decision"].pop() | {"rule_id": MODEL, "detail_json": told}
        found["decision"].append(trail)
        if given["is_hotspot"]:
            found["decision"].append(
                trail | {"ordinal": 2, "rule_id": rule_id("hotspot"), "detail_json": "{}"}
            )
    for row in found["analysis_scope"]:
        if row["analysis"] == "small_variant":
            row["params_json"] = canonical_json(about.stated())
    found["run"][0]["model_sha256"] = model_sha256
    return found


PLACE = ("pair_id", "reference_id", "chrom", "pos", "ref", "alt")
ROLES = ("tumor", "normal")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A controlled release of a pair and of a tumour alone, judged by the shipped model."""
    folder = tmp_path_factory.mktemp("judged")
    pairs = {
        PairOf("ONE", "TUM-ONE", "PAT-ONE", "NRM-ONE"): MATCHED,
        PairOf("ONE", "TUM-ALONE", "PAT-ALONE", None): ALONE,
    }
    manifests = [
        write_pair(folder, pair, judged_tables(pair, candidates, model().sha256))
        for pair, candidates in pairs.items()
    ]
    return release_of(folder, manifests, "ONE", tier="controlled")


@pytest.fixture
def release(sound, tmp_path):
    """A copy of it, to be broken."""
    return Path(shutil.copytree(sound, tmp_path / "release"))


def look(release, models=()):
    found = posterior.look_again(cut(release, read_release(release).parts, "pair"), models)
    return [list(map(str, faults.all())) for faults in (found.of_shares, found.of_model)]


def test_what_the_model_said_comes_out_again(sound):
    assert look(sound) == [[], []]


@pytest.mark.slow
def test_verify_makes_both_checks(sound):
    report = verify_release(sound)
    assert report.faults == []
    assert {"posterior", "posterior_model"} <= set(report.checked)


def at(pos, **values):
    def edit(rows):
        next(row for row in rows if row["pos"] == pos).update(values)

    return edit


def detail(pos, part, name, value):
    """Change one number in the trail of a candidate of the pair with a normal."""

    def edit(rows):
        row = next(row for row in rows if row["pos"] == pos and '"normal_' in row["detail_json"])
        told = json.loads(row["detail_json"])
        told[part][name] = value
        row["detail_json"] = canonical_json(told)

    return edit


WORSE_MAPPED = detail(1110, "counts", "tumor_alt_mapping_quality", 12)


def test_a_changed_probability_is_named(release):
    change(release, "small_variant", "ONE", at(1130, p_somatic=0.987), reseal=False)
    of_shares, of_model = look(release)
    assert "small_variant" in of_shares[0]
    assert "pos=1130" in of_shares[0]
    assert "found 0.987; expected " in of_shares[0]
    assert "what the shares of its trail give" in of_shares[0]
    assert "found 0.987; expected " in of_model[0]


def test_a_changed_count_is_named_by_what_follows_from_it(release):
    change(release, "decision", "ONE", WORSE_MAPPED, reseal=False)
    of_shares, of_model = look(release)
    assert of_shares == []
    assert any("pos=1110" in fault and "found shares mapping" in fault for fault in of_model)


def test_a_count_of_the_trail_is_that_of_the_row(release):
    change(release, "decision", "ONE", detail(1110, "counts", "tumor_alt_count", 9), reseal=False)
    of_shares, _ = look(release)
    (fault,) = of_shares
    assert "found tumor_alt_count 9 in the trail; small_variant has 4" in fault


def test_a_changed_share_is_named(release):
    change(release, "decision", "ONE", detail(1110, "shares", "class", 2.5), reseal=False)
    of_shares, of_model = look(release)
    assert '"p_somatic": row' in of_shares[0]
    assert any("found shares class 2.5; expected " in fault for fault in of_model)


def without_drivers(rows):
    rows[:] = [row for row in rows if row["rule_id"] != rule_id("hotspot")]


def test_a_score_of_a_caller_and_a_known_driver_count(release):
    change(release, "variant_call_evidence", "ONE", at(1100, score=1.0), reseal=False)
    change(release, "decision", "ONE", without_drivers, reseal=False)
    _, of_model = look(release)
    assert any("pos=1130" in one and "shares known_driver" in one for one in of_model)
    assert any("pos=1100" in one and "_score" in one for one in of_model)


def test_a_candidate_without_its_trail_is_named(release):
    change(release, "decision", "ONE", at(1110, detail_json="{}"), reseal=False)
    of_shares, _ = look(release)
    assert f"has no counts and shares of {MODEL} for a candidate with p_somatic" in of_shares[0]


def test_a_model_of_a_centre_is_asked_where_it_is_named(tmp_path):
    own = tmp_path / "own.yaml"
    text = (checkout.root() / "config/models/exome.yaml").read_text()
    own.write_text(f"# a centre's own\n{text}")
    sha256 = posterior.file_sha256(own)
    pair = PairOf("ONE", "TUM-ONE", "PAT-ONE", "NRM-ONE")
    manifest = write_pair(tmp_path, pair, judged_tables(pair, MATCHED, sha256))
    release = release_of(tmp_path, [manifest], "ONE", tier="controlled")
    slices = cut(release, read_release(release).parts, "pair")
    found = posterior.look_again(slices, ())
    assert list(found.of_shares.all()) == []
    assert found.unknown == {
        sha256: f"no file of config/models has the SHA-256 {sha256}, that of a run: name the "
        "centre's model with --model"
    }
    change(release, "decision", "ONE", WORSE_MAPPED, reseal=False)
    found = posterior.look_again(slices, [own])
    assert found.unknown == {}
    assert any("pos=1110" in str(fault) for fault in found.of_model.all())


def test_many_faults_are_counted(release):
    def all_wrong(rows):
        for row in rows:
            row["p_germline"] = 0.5

    change(release, "small_variant", "ONE", all_wrong, reseal=False)
    found = posterior.look_again(cut(release, read_release(release).parts, "pair"), ())
    faults = [one for one in found.of_model.all() if one.column == "p_germline"]
    assert len(faults) == posterior.SHOWN + 1
    assert "1 more rows of this kind" in str(faults[-1])


@pytest.mark.slow
def test_of_a_large_release_some_are_judged_and_the_report_says_so(release, monkeypatch):
    monkeypatch.setattr(posterior, "MOST", 3)
    change(release, "decision", "ONE", detail(1110, "counts", "tumor_alt_mapping_quality", 12))
    report = verify_release(release)
    assert report.of("posterior_model") == []
    assert report.not_checked["posterior_model: others"] == (
        "one candidate of 2 was judged again, since there are so many"
    )
