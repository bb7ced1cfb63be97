"""Why a variant that passes on one side of a comparison does not pass on the other."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from onconcord.questions.sources import VARIANT_KEY

RECOUNT_RULES = frozenset(
    f"onconcord.{rule}"
    for rule in ("tumour_depth", "tumour_alt_reads", "tumour_vaf", "normal_depth")
)
"""Decision rules that ask for enough reads in the neutral recount."""

Key = tuple[str, str, str, int, str, str]
"""pair_id, reference_id, chrom, pos, ref, alt."""


@dataclass(frozen=True)
class Side:
    """
    One side's tables, with the pair ids of side A.

    Args:
        variants: small_variant with `status` and `reason`.
        has_trail: whether dropped candidates and their rules are carried (a looser tier has none).
        has_callable: whether callable states are carried.
        columns: columns of small_variant that are carried.
    """

    variants: pl.DataFrame
    pairs: pl.DataFrame
    decisions: pl.DataFrame
    atoms: pl.DataFrame
    callable: pl.DataFrame
    rejected: pl.DataFrame
    has_trail: bool
    has_callable: bool
    columns: frozenset[str]

    def pair_ids(self) -> set[str]:
        return set(self.pairs["pair_id"].to_list())

    def by_key(self) -> dict[Key, dict[str, Any]]:
        """Rows of small_variant by pair, reference and allele."""
        return {
            (row["pair_id"], row["reference_id"], *(row[name] for name in VARIANT_KEY)): row
            for row in self.variants.iter_rows(named=True)
        }

    @cached_property
    def first_drops(self) -> dict[Key, str]:
        """The first rule that dropped each candidate."""
        drops: dict[Key, str] = {}
        trail = self.decisions.filter(pl.col("outcome") == "drop").sort("ordinal")
        for row in trail.iter_rows(named=True):
            key = (row["pair_id"], row["reference_id"], *(row[name] for name in VARIANT_KEY))
            drops.setdefault(key, row["rule_id"])
        return drops

    @cached_property
    def passing_by_place(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Passing variants by pair and chromosome."""
        by_place: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in self.variants.filter(pl.col("is_pass")).iter_rows(named=True):
            by_place.setdefault((row["pair_id"], row["chrom"]), []).append(row)
        return by_place

    @cached_property
    def verdicts(self) -> dict[str, tuple[str, list[str]]]:
        """QC verdict and reasons of each pair."""
        rows = self.pairs.select("pair_id", "qc_status", "qc_reasons").iter_rows()
        return {pair: (status, reasons) for pair, status, reasons in rows}

    def state(self, pair: str, chrom: str, position0: int) -> str | None:
        """Callable state of a 0-based position; None outside the targets."""
        rows = self.callable.filter(
            (pl.col("pair_id") == pair)
            & (pl.col("chrom") == chrom)
            & (pl.col("start0") <= position0)
            & (pl.col("end0") > position0)
        )
        return rows["state"][0] if rows.height else None


def absence(row: dict[str, Any], there: dict[str, Any] | None, other: Side) -> tuple[str, str]:
    """
    Cause, as a code and in words, for which `row`, which passes, does not pass on the other side.

    Args:
        row: the passing row of small_variant.
        there: the other side's row of the same pair and allele, which does not pass; None for none.
        other: the other side.
    """
    pair = row["pair_id"]
    if pair not in other.pair_ids():
        return "pair_absent", f"there is no pair {pair}"
    if there is not None:
        key = (pair, row["reference_id"], *(row[name] for name in VARIANT_KEY))
        rule = other.first_drops.get(key)
        if rule in RECOUNT_RULES:
            counts = f"{there['tumor_alt_count']} of {there['tumor_depth']} reads"
            return "below_recount_threshold", f"rule {rule}: {counts} in the recount"
        by = f"rule {rule}" if rule else ", ".join(there["filters"] or []) or "no filter named"
        return "filtered", by
    status, reasons = other.verdicts[pair]
    if status == "FAIL" and not other.has_trail:
        return "pair_failed_qc", f"its variants are not released: {', '.join(reasons)}"
    spelt = _other_spelling(row, other)
    if spelt:
        return "other_representation", f"written as {spelt}"
    rejected = other.rejected.filter(
        (pl.col("pair_id") == pair)
        & (pl.col("chrom") == row["chrom"])
        & (pl.col("pos") == row["pos"])
    )
    if rejected.height:
        return "rejected", f"a record there has no normal form ({rejected['reason'][0]})"
    if other.has_callable:
        state = other.state(pair, row["chrom"], row["pos"] - 1)
        if state is None:
            return "not_targeted", "the position is outside the targets"
        if state != "CALLABLE":
            return "not_callable", f"the position is {state}"
    if not other.has_trail:
        return "not_carried", "not called, or dropped: the tier does not carry which"
    return "not_called", "no caller reported it, though the position is callable"


def _other_spelling(row: dict[str, Any], other: Side) -> str | None:
    """
    A passing variant of the other side that touches the same reference bases, and that makes the
    same protein change or is made of the same atoms.
    """
    start, end = row["pos"], row["pos"] + len(row["ref"])
    for near in other.passing_by_place.get((row["pair_id"], row["chrom"]), []):
        if near["pos"] >= end + 3 or near["pos"] + len(near["ref"]) + 3 <= start:
            continue
        # That nothing changes, or nobody knows what, is no change that two could share.
        changes = row["hgvsp"] is not None and not row["hgvsp"].endswith(("=", "?"))
        same_change = changes and row["hgvsp"] == near["hgvsp"]
        if same_change or _has_atom(row, near, other) or _inside(row, near) or _inside(near, row):
            return str(near["variant_key"])
    return None


def _has_atom(row: dict[str, Any], near: dict[str, Any], other: Side) -> bool:
    atoms = other.atoms.filter(
        (pl.col("pair_id") == row["pair_id"]) & (pl.col("event_id") == near["event_id"])
    ).select(VARIANT_KEY)
    return tuple(row[name] for name in VARIANT_KEY) in set(atoms.iter_rows())


def _inside(small: dict[str, Any], large: dict[str, Any]) -> bool:
    """Whether a substitution is a stretch of a longer one with the same bases."""
    if len(small["ref"]) != len(small["alt"]) or len(large["ref"]) != len(large["alt"]):
        return False
    at = small["pos"] - large["pos"]
    stop = at + len(small["ref"])
    return (
        len(small["ref"]) < len(large["ref"])
        and at >= 0
        and stop <= len(large["ref"])
        and large["ref"][at:stop] == small["ref"]
        and large["alt"][at:stop] == small["alt"]
    )
