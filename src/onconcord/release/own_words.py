"""Words that the product itself writes into tables: as an id of somebody they tell nothing."""

import functools
import re

from onconcord.runtime import checkout

SOURCES = (
    "src/onconcord/contract/**/*.yaml",
    "src/onconcord/decision/*.py",
    "src/onconcord/qc/*.py",
    "config/**/*.yaml",
    "workflow/callers/*/caller.yaml",
)
"""What descriptions, codes, rules, metrics and parameters in the tables are written from."""


def is_own_word(text: str) -> bool:
    """
    Whether an id is a plain word of the product's own, such as "tumour" or "normal".

    It would be found in the text of every release, where it is no sign of a sample. An id with a
    digit or a hyphen is never one.
    """
    return text.isalpha() and text.casefold() in _own_words()


@functools.cache
def _own_words() -> frozenset[str]:
    files = (file for pattern in SOURCES for file in checkout.root().glob(pattern))
    return frozenset(
        word.casefold()
        for file in files
        for word in re.findall("[A-Za-z]+", file.read_text(encoding="utf-8"))
    )
