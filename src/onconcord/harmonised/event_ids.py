"""Ids of events: the same pair and the same atoms have the same id, in every tier of their own."""

import hashlib
from collections.abc import Iterable


def event_id(pair_id: str, atoms: Iterable[str]) -> str:
    """
    Id of one event of a pair.

    Args:
        pair_id: the pair's id in the tier that the row is of (a pseudonym in a release).
        atoms: the event's atoms as chrom:pos:ref:alt, in the order of `atom_index`.
    Returns:
        First 16 hex digits of SHA-256 over the pair's id and the atoms, joined by "|".
    """
    return hashlib.sha256("|".join((pair_id, *atoms)).encode()).hexdigest()[:16]
