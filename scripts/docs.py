"""Write every page and list that is made from what the code says (make docs)."""

import sys
from pathlib import Path

from onconcord.contract import artefacts
from onconcord.inputs.folder import config_page
from onconcord.runtime.checkout import root
from onconcord.runtime.script import script
from onconcord.runtime.setup_lists import setup_lists


def pages() -> dict[Path, str]:
    """Text of every written file, by its path in the checkout."""
    return {
        Path("docs/tables.md"): artefacts.tables_page(),
        Path("docs/configuration.md"): config_page(),
        **setup_lists(),
    }


@script
def main(argv: list[str] | None = None) -> None:
    for path, text in pages().items():
        (root() / path).write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
