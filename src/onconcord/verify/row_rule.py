"""What a rule between rows and tables is."""

from collections.abc import Mapping
from dataclasses import dataclass

from onconcord import contract
from onconcord.verify.slices import Within

RELEASED = ("controlled", "consortium", "open")
SHARED = ("consortium", "open")
WITH_NORMAL = ("local", "controlled")
EVERY = contract.TIERS


@dataclass(frozen=True)
class RowRule:
    """
    One rule.

    Args:
        name: id of the rule, as the report has it.
        table: table whose rows the query returns, with at least its key.
        column: column that is at fault.
        message: what was expected.
        sql: query for the rows that break the rule.
        needs: columns by table without which the rule cannot be checked.
        tiers: tiers of releases that it is a rule of.
        within: what it compares rows of: one pair, one centre, or the whole release. A rule that
            joins nothing large may look at the release, which is one pass over its files.
    """

    name: str
    table: str
    column: str
    message: str
    sql: str
    needs: Mapping[str, tuple[str, ...]]
    tiers: tuple[str, ...] = EVERY
    within: Within = "release"
