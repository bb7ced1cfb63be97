"""Which possible events are variants: the reads say it, not the callers."""

import polars as pl

from onconcord.evidence.events import KEY


def choose(evidence: pl.DataFrame, recount: pl.DataFrame) -> pl.DataFrame:
    """The rows of evidence whose event the reads show as a variant of its own, in their order."""
    own = recount.filter("is_own").select(KEY)
    return evidence.join(own, on=KEY, how="semi", maintain_order="left")
