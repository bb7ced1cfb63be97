"""Whose DNA is it: one person, another, exchanged, contaminated, tumour in normal, few sites."""

import polars as pl
import pytest

from onconcord.qc.identity import compare_genotypes
from people import RULES, People


@pytest.fixture(params=[1, 2, 3])
def people(request):
    return People(request.param)


NO_IMBALANCE = "no allelic imbalance tells tumour and normal apart"
NOT_ONE_PERSON = "tumour and normal are not shown to be of one person"


def test_one_person_is_told_from_two(people):
    same = people.compare(people.first, people.first)
    assert same.lod.value > 100
    assert same.concordance_frac.value == 1
    other = people.compare(people.second, people.first)
    assert other.lod.value < -100
    assert other.concordance_frac.value < 0.1
    assert (other.reversal_lod.value, other.reversal_lod.text) == (None, NOT_ONE_PERSON)
    assert other.tumour_in_normal_frac.text == NOT_ONE_PERSON


def test_lost_alleles_do_not_make_another_person(people):
    found = people.compare(people.tumour, people.first)
    assert found.lod.value > 100
    assert found.concordance_frac.value == 1


def test_exchanged_tumour_and_normal_are_found(people):
    assert people.compare(people.tumour, people.first).reversal_lod.value < -20
    exchanged = people.compare(people.first, people.tumour)
    assert exchanged.lod.value > 100
    assert exchanged.reversal_lod.value > 20


def test_without_imbalance_an_exchange_cannot_be_told(people):
    found = people.compare(people.first, people.first)
    assert (found.reversal_lod.value, found.reversal_lod.text) == (None, NO_IMBALANCE)
    assert found.tumour_in_normal_frac.value is None
    assert found.tumour_in_normal_frac.text.endswith(
        "sites of allelic imbalance in the tumour, 20 needed"
    )


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.4])
def test_tumour_in_the_normal_is_measured(people, fraction):
    normal = (1 - fraction) * people.first + fraction * people.tumour
    found = people.compare(people.tumour, normal).tumour_in_normal_frac
    assert found.value == pytest.approx(fraction, abs=0.07)


def test_a_contaminated_tumour_is_still_of_its_person(people):
    found = people.compare(0.9 * people.first + 0.1 * people.second, people.first)
    assert found.lod.value > 100


def test_too_few_sites_say_nothing():
    few = People(1, sites=30)
    found = few.compare(few.first, few.first)
    assert found.informative_sites < 20
    assert found.lod.value is None
    assert found.lod.text == f"{found.informative_sites} informative common sites, 20 needed"


def test_no_population_resource_says_nothing(people):
    empty = people.pileup(people.first, 80).head(0)
    found = compare_genotypes(empty, empty, RULES)
    assert found.lod.text == "0 informative common sites, 20 needed"


@pytest.mark.parametrize(
    ("change", "usable"),
    [
        pytest.param(pl.lit("X").alias("contig"), False, id="sex chromosome"),
        pytest.param(pl.lit("chr20").alias("contig"), True, id="the other naming"),
        pytest.param(pl.lit(9).cast(pl.Int64).alias("ref_count"), True, id="not too shallow"),
        pytest.param(
            (pl.col("ref_count") + pl.col("alt_count")).alias("other_alt_count"),
            False,
            id="a third base",
        ),
        pytest.param((pl.col("position") // 1000).alias("position"), False, id="sites close by"),
    ],
)
def test_sites_are_chosen_by_the_rules(people, change, usable):
    pileup = people.pileup(people.first, 80).with_columns(change)
    found = compare_genotypes(pileup, pileup, RULES)
    assert (found.lod.value is not None) == usable


def test_many_balanced_sites_do_not_add_up_to_an_exchange():
    many = People(1, sites=8000)
    found = many.compare(many.first, many.first)
    assert (found.reversal_lod.value, found.reversal_lod.text) == (None, NO_IMBALANCE)
