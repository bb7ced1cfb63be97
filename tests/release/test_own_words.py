"""An id that is a word of the product's own is no sign of anybody; any other id is."""

import pytest

from onconcord.release.own_words import is_own_word


@pytest.mark.parametrize("text", ["tumour", "normal", "Tumour", "NORMAL", "sample", "mutect"])
def test_words_of_the_product(text):
    assert is_own_word(text)


@pytest.mark.parametrize("text", ["P03", "tumour1", "TUM-A01", "normal-2", "Petersen", "2048", ""])
def test_ids_of_people_and_samples(text):
    assert not is_own_word(text)
