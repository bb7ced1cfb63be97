"""onconcord: raw tumour and normal reads to harmonised Parquet tables."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onconcord.questions.reading import read as read

__version__ = version("onconcord")


def __getattr__(name: str) -> Any:
    # Reading needs four data frame libraries; a script that does not read need not load them.
    if name == "read":
        from onconcord.questions.reading import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
