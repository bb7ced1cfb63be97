"""Precision and recall of a run whose true somatic variants are known."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from onconcord.errors import Fault, InputError

TRUTH_COLUMNS = ("sample", "chrom", "pos", "ref", "alt", "class")

ALL = "all"
"""Variant class of the row that counts all classes together."""


@dataclass(frozen=True)
class Accuracy:
    """
    Passing variants of all pairs of one design against the truth.

    Args:
        design: matched or tumor_only.
        variant_class: SNV, MNV, INS, DEL, DELINS, or all.
        found: true variants that pass; wrong: passing ones that are not true; missed: true ones
            that do not pass.
    """

    design: str
    variant_class: str
    found: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        """Share of the passing variants that are true, in [0, 1]; None where none passes."""
        passing = self.found + self.wrong
        return self.found / passing if passing else None

    @property
    def recall(self) -> float | None:
        """Share of the true variants that pass, in [0, 1]; None where none is true."""
        true = self.found + self.missed
        return self.found / true if true else None


def read_truth(path: Path) -> pl.DataFrame:
    """
    Known somatic variants.

    Args:
        path: tab-separated, with TRUTH_COLUMNS; `sample` is the tumour's id, alleles are in normal
            form, `pos` is 1-based, `chrom` is with or without chr.
    Returns:
        pair_id, chrom (as in tables), pos, ref, alt, variant_class.
    Raises:
        InputError: unreadable, a column is missing, or a position is not a number.
    """
    try:
        table = pl.read_csv(path, separator="\t", infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as why:
        raise InputError.at(path, f"not a readable table: {why}") from why
    faults = [
        Fault(str(path), f"the header lacks it; it has {', '.join(table.columns)}", 1, name)
        for name in TRUTH_COLUMNS
        if name not in table.columns
    ]
    if faults:
        raise InputError(faults)
    pos = table["pos"].cast(pl.Int32, strict=False)
    faults = [
        Fault(str(path), f'"{text}" is not a position: expected a whole number', line, "pos")
        for line, (text, value) in enumerate(zip(table["pos"], pos, strict=True), start=2)
        if value is None
    ]
    if faults:
        raise InputError(faults)
    return table.select(
        pl.col("sample").alias("pair_id"),
        ("chr" + pl.col("chrom").str.strip_prefix("chr")).alias("chrom"),
        pos,
        "ref",
        "alt",
        pl.col("class").alias("variant_class"),
    )


def accuracy(variants: pl.DataFrame, pairs: pl.DataFrame, truth: pl.DataFrame) -> list[Accuracy]:
    """
    Compare the passing variants of every pair with the truth, matched and tumour-only pairs apart.

    Args:
        variants: rows of small_variant; those with is_pass count.
        pairs: rows of pair; a true variant of a pair that is not here does not count.
        truth: as `read_truth` gives it.
    Returns:
        Per design one row per variant class that occurs, by name, then one of all.
    """
    key = ["pair_id", "chrom", "pos", "ref", "alt"]
    designs = pairs.select("pair_id", "design")
    passing = variants.filter(pl.col("is_pass")).select(*key, "variant_class").unique(key)
    true = truth.unique(key).join(designs, on="pair_id")
    called = passing.join(designs, on="pair_id")
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for name, rows in (
        ("found", true.join(passing, on=key, how="semi")),
        ("missed", true.join(passing, on=key, how="anti")),
        ("wrong", called.join(true, on=key, how="anti")),
    ):
        counts[name] = Counter(rows.select("design", "variant_class").iter_rows())
        counts[name].update((design, ALL) for design in rows["design"])
    groups = {group for of_pair in counts.values() for group in of_pair}
    return [
        Accuracy(*group, *(counts[name][group] for name in ("found", "wrong", "missed")))
        for group in sorted(groups, key=lambda group: (group[0], group[1] == ALL, group[1]))
    ]
