"""What the decision says that it would find, it finds: drawn fragments through the whole of it."""

import numpy as np
import polars as pl
import pytest

from onconcord.decision.decide import decide
from onconcord.decision.model import judge
from onconcord.decision.normal_clone import in_normal_clone
from onconcord.decision.power import SHALLOWER, Power
from onconcord.inputs import config
from onconcord.qc.callability import LEVELS, Searched
from recounted import candidate, estimates, frame, model, said

DRAWS = 500
LIMITS = config.defaults()["decision"] | {"threshold": model().threshold, "confident": 0.9}
LEAST = {role: LIMITS[f"min_{role}_depth"] for role in ("tumour", "normal")}


def power(about):
    return Power(model(), about, LIMITS["min_tumour_depth"], LIMITS["min_tumour_vaf"])


def passed(fraction, tumour, normal, about):
    """Share of variants of a fraction that pass, drawn as fragments at a depth in each sample."""
    draw = np.random.default_rng(7)
    rows = []
    for alt, change in zip(
        draw.binomial(tumour, fraction, DRAWS).tolist(),
        draw.choice(["AC", "CA", "CT"], DRAWS),
        strict=True,
    ):
        callers = ("mutect2", "freebayes", "pileup") if alt >= 3 else ()
        wrong = int(draw.binomial(normal, 1e-4)) if normal else 0
        rows.append(
            candidate(
                tumour=(alt, tumour - alt),
                normal=(wrong, normal - wrong) if normal else None,
                f1r2=int(draw.binomial(alt, 0.5)),
                ref=change[0],
                alt=change[1],
                callers=said(*callers, alt=alt),
            )
        )
    table = frame(*rows)
    table = table.with_columns(
        has_population=pl.lit(True),
        in_target=pl.lit(True),
        is_callable=pl.lit(True),
        normal_clone=in_normal_clone(table, 0.0),
        drives_blood=pl.lit(True),
    )
    decided, _ = decide(table.hstack(judge(table, about, model())), LIMITS)
    return decided["is_pass"].mean()


@pytest.mark.parametrize("fraction", [pytest.param(0.05, marks=pytest.mark.slow), 0.15])
@pytest.mark.parametrize("normal", [pytest.param(8, marks=pytest.mark.slow), 40, None])
def test_a_variant_of_the_stated_fraction_passes_where_it_is_callable(fraction, normal):
    about = estimates(matched=normal is not None)
    searched = Searched(power(about), fraction, LEAST)
    levels = np.array([level for level in LEVELS if level <= 300])
    found = searched.found(levels, np.full_like(levels, normal or max(LEVELS)))
    (deep,) = np.nonzero(found)
    assert len(deep)
    assert passed(fraction, int(levels[deep[0]]), normal, about) >= 0.95
    # And it does not where the base is shallow.
    assert not found[levels < 0.7 / fraction].any()


def test_where_only_common_alleles_would_pass_nothing_is_callable():
    about = estimates()
    searched = Searched(power(about), 0.15, LEAST)
    at = np.array([12, 200, 200, 9])
    assert searched.found(at, np.array([100, 100, 7, 8])).tolist() == [False, True, False, False]


@pytest.mark.parametrize("normal", [pytest.param(100, marks=pytest.mark.slow), 30, None])
@pytest.mark.parametrize("mean", [60, pytest.param(150, marks=pytest.mark.slow)])
def test_the_lowest_fraction_passes_at_the_depth_of_a_gene(mean, normal):
    about = estimates(matched=normal is not None)
    (lowest,) = power(about).lowest_fractions([(mean, normal)])
    shallow = None if normal is None else int(normal * SHALLOWER)
    assert passed(lowest, int(mean * SHALLOWER), shallow, about) >= 0.95
    assert passed(lowest / 2, int(mean * SHALLOWER), shallow, about) < 0.95


def test_less_is_found_where_it_is_shallow():
    deep, thin, none = power(estimates()).lowest_fractions([(300, 100), (30, 100), (4, 100)])
    assert deep < thin < 0.5
    assert none is None
