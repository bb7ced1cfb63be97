"""The model that is shipped, by what it says of single candidates; and its file, by its faults."""

import json

import numpy as np
import polars as pl
import pytest
import yaml

from onconcord.decision.estimates import estimate_pair
from onconcord.decision.fit import confident_probabilities, fit_groups
from onconcord.decision.hypotheses import HYPOTHESES
from onconcord.decision.model import Model, judge
from onconcord.decision.terms import PairEstimates, of_candidates
from onconcord.errors import InputError
from onconcord.evidence.recount import SCHEMA
from onconcord.runtime import checkout
from recounted import candidate, estimates, frame, judged, model, said, sample

DAMAGED = estimates(GT=0.004, rate=3e-4)


@pytest.mark.parametrize(
    ("row", "pair", "hypothesis"),
    [
        pytest.param(candidate(), None, "somatic", id="clear"),
        pytest.param(candidate(tumour=(8, 92)), None, "somatic", id="8 %"),
        pytest.param(candidate(tumour=(8, 92), normal=(0, 20)), None, "somatic", id="thin normal"),
        pytest.param(candidate(normal=(30, 30)), None, "germline_het", id="heterozygous"),
        pytest.param(
            candidate(tumour=(99, 1), normal=(60, 0)), None, "germline_hom", id="homozygous"
        ),
        pytest.param(candidate(tumour=(6, 94), normal=(4, 56)), None, "shared", id="in both"),
        pytest.param(
            candidate(tumour=(5, 95), f1r2=5, ref="G", alt="T", callers=said("pileup", alt=5)),
            DAMAGED,
            "error",
            id="damage of one orientation",
        ),
        pytest.param(
            candidate(normal=(2, 58)), estimates(tumour_in_normal=0.1), "somatic", id="tumour in it"
        ),
    ],
)
def test_the_likeliest_hypothesis(row, pair, hypothesis):
    assert judged(row, pair)["hypothesis"] == hypothesis


def test_probabilities_add_up_and_the_shares_are_their_log_odds():
    found = judged(candidate(tumour=(4, 96)))
    total = found["p_somatic"] + found["p_germline"] + found["p_artefact"]
    assert total == pytest.approx(1, abs=2e-6)
    told = json.loads(found["told"])
    assert set(told["logs"]) == set(HYPOTHESES)
    odds = sum(told["shares"].values())
    assert found["p_somatic"] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
    assert told["counts"]["tumor_alt_count"] == 4


def test_an_answer_does_not_depend_on_the_other_candidates():
    rows = [candidate(tumour=(alt, 100 - alt)) for alt in range(2, 30)]
    together = judge(frame(*rows), estimates(), model())
    apart = pl.concat([judge(frame(row), estimates(), model()) for row in rows])
    assert together.equals(apart)


def test_a_known_driver_is_expected_more_and_never_exempt():
    faint = candidate(tumour=(3, 97), callers=said("pileup", alt=3))
    driver = faint | {"is_hotspot": True}
    assert judged(driver)["p_somatic"] > judged(faint)["p_somatic"]
    assert judged(candidate(normal=(30, 30), is_hotspot=True))["p_somatic"] < 0.01


def test_what_populations_have_is_a_prior_and_no_rule():
    driver = candidate(tumour=(40, 60), normal=(0, 90), gnomad_af_max=0.01)
    assert judged(driver)["p_somatic"] > 0.5
    thin = candidate(tumour=(40, 60), normal=(0, 4), gnomad_af_max=0.3)
    assert judged(thin)["p_somatic"] < judged(thin | {"gnomad_af_max": None})["p_somatic"]


def test_what_other_normals_show_is_likely_to_be_shared_and_a_clear_variant_is_still_one():
    faint = candidate(tumour=(5, 95), normal=(0, 30))
    logs = [json.loads(judged(faint | {"pon_count": n})["told"])["logs"] for n in (None, 1)]
    assert logs[1].pop("shared") > logs[0].pop("shared") + 5
    assert logs[0] == logs[1]
    assert judged(faint)["p_somatic"] > 0.5 > judged(faint | {"pon_count": 1})["p_somatic"]
    assert judged(candidate(tumour=(60, 60), normal=(0, 90), pon_count=1))["p_somatic"] > 0.5


@pytest.mark.parametrize("normal", [(0, 60), None])
def test_fragments_that_seem_to_come_from_elsewhere_are_no_variant(normal):
    row = candidate(tumour=(5, 95), normal=normal)
    poor = row | {"tumor_alt_mapping_quality": 5 * 24, "tumor_alt_mismatches": 5 * 7}
    assert judged(row)["p_somatic"] > 0.95
    assert judged(poor)["p_somatic"] < 0.1


def test_a_caller_that_was_not_asked_says_nothing():
    assert judged(candidate(callers=None))["p_somatic"] > 0.5


def test_tumour_in_the_normal_is_found_from_clear_variants():
    draw = np.random.default_rng(5)
    rows = []
    for position in range(40):
        alt, in_normal = int(draw.binomial(100, 0.4)), int(draw.binomial(60, 0.04))
        row = {"chrom": "20", "pos": 1 + position, "is_own": True}
        row |= candidate(tumour=(alt, 100 - alt), normal=(in_normal, 60 - in_normal))
        rows.append(row)
    recount = pl.DataFrame(rows).select(list(SCHEMA))
    shown = pl.DataFrame(
        [
            (role, one, two, 100, 1_000_000)
            for role in ("tumour", "normal")
            for one in "ACGT"
            for two in "ACGT"
            if one != two
        ],
        schema=["role", "ref", "alt", "shown", "bases"],
        orient="row",
    )
    settings = model().matched["hypotheses"]
    found = estimate_pair(recount, shown, None, settings)
    assert 0.06 <= found.tumour_in_normal <= 0.16
    assert found.rates["tumour"][0, 1] == pytest.approx(1e-4, rel=0.05)
    clean = recount.with_columns(normal_alt_count=0, normal_ref_count=60)
    assert estimate_pair(clean, shown, None, settings).tumour_in_normal == 0
    few = estimate_pair(recount.head(3), shown, None, settings)
    assert few.tumour_in_normal == 0
    assert PairEstimates.read(found.stated()).stated() == found.stated()


def broken(tmp_path, change):
    raw = yaml.safe_load((checkout.root() / "config/models/exome.yaml").read_text())
    change(raw)
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def test_every_fault_of_a_model_file_is_named(tmp_path):
    def change(raw):
        raw["threshold"] = 3
        del raw["matched"]["groups"]["SNV"]["intercept"]

    with pytest.raises(InputError) as refused:
        Model.read(broken(tmp_path, change))
    text = str(refused.value)
    assert 'own.yaml, "threshold": 3 is greater than the maximum of 1.' in text
    assert "\"matched.groups.SNV\": 'intercept' is a required property." in text


def test_a_fit_separates_what_the_fragments_separate():
    draw = np.random.default_rng(1)
    rows, truth = [], []
    for _ in range(150):
        alt = int(draw.integers(8, 60))
        rows.append(candidate(tumour=(alt, 120 - alt), callers=said("pileup", alt=alt)))
        truth.append(True)
        rows.append(candidate(tumour=(alt, 120 - alt), normal=(30, 30)))
        truth.append(False)
    table = frame(*rows)
    terms = of_candidates(table, estimates(), model().matched["hypotheses"])
    groups = fit_groups(terms, table["variant_class"], pl.Series(truth), {})
    fitted = Model(
        "x", "", 0.5, {**model().matched, "groups": groups}, model().alone, model().typical
    )
    found = judge(table, estimates(), fitted)["p_somatic"].to_numpy() >= 0.5
    assert (found == np.array(truth)).all()


def test_the_rate_of_false_discoveries_has_a_probability():
    p = np.array([0.99, 0.9, 0.8, 0.7])
    found = dict(confident_probabilities(p, np.array([1.0, 1.0, 1.0, 0.0])))
    assert (found[0.05], found[0.2]) == (0.8, 0.8)


def test_orientation_tells_damage_from_a_variant():
    one = candidate(tumour=(9, 91), f1r2=9, ref="C", alt="A", callers=said("pileup", alt=9))
    both = one | sample("tumor", 9, 91, 4)
    assert judged(one)["p_somatic"] < judged(both)["p_somatic"]
