"""Pages and lists that `make docs` writes are what the code says now."""

from importlib import metadata

import pytest
import yaml

from docs import pages
from onconcord.runtime.checkout import root

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_written_page_is_up_to_date(path):
    assert (root() / path).read_text(encoding="utf-8") == PAGES[path], "run make docs"


def test_the_version_to_cite_is_that_of_the_package():
    cited = yaml.safe_load((root() / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == metadata.version("onconcord")
