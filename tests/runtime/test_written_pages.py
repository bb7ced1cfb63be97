"""Pages and lists that `make docs` writes are what the code says now."""

import pytest

from docs import pages
from onconcord.runtime.checkout import root

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_written_page_is_up_to_date(path):
    assert (root() / path).read_text(encoding="utf-8") == PAGES[path], "run make docs"
