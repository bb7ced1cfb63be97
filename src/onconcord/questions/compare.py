"""Two results side by side: what only one has, what differs, and why."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from onconcord import contract
from onconcord.errors import Fault, InputError
from onconcord.questions.compare_causes import Side, absence
from onconcord.questions.compare_tables import TableDifference, table_difference
from onconcord.questions.sources import VARIANT_KEY, TableSource
from onconcord.report.cohort import STATUSES, variant_status

ANNOTATION_COLUMNS = frozenset(
    {
        *("gene_id", "gene_symbol", "hgnc_id", "transcript_id", "hgvsc", "hgvsp"),
        *("hgvsp_full", "consequence_so", "consequence_terms", "impact", "gnomad_af_max"),
    }
)
COUNT_COLUMNS = frozenset(
    {
        *("tumor_depth", "tumor_ref_count", "tumor_alt_count", "tumor_vaf", "counts_source"),
        *("normal_depth", "normal_ref_count", "normal_alt_count"),
    }
)
CALLER_COLUMNS = frozenset(
    {"n_callers_pass", "n_callers_called", "n_callers_capable", "callers_pass", "n_source_records"}
)

ID_COLUMNS = frozenset({"center_id", "event_id", "run_id"})
"""Columns that differ by design: ids of the tier, and the work's id, which knows its parameters."""

STATES = (*STATUSES, "absent")
"""What a variant is on one side; absent = not a candidate, or not carried."""


@dataclass(frozen=True)
class Difference:
    """
    One variant on which two sides differ.

    Args:
        pair: its id in A (in B where A has no such pair).
        side: only_a or only_b (passes there only), or different (passes in both, other values).
        cause: a code; detail says it in words.
        values: column -> [value in A, value in B], for `different`.
    """

    pair: str
    variant_key: str
    gene: str | None
    change: str | None
    side: str
    cause: str
    detail: str
    values: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """
    A and B.

    Args:
        pairs: pairs that both have; pairs_only_a, pairs_only_b: ids that one has.
        shared: passing variants of both.
        matrix: state in A -> state in B -> number of variants that pass on a side or both.
        vafs: tumour VAF in A and in B, pair and variant_key, of each shared variant.
        not_compared: tables and columns that one side does not carry, in sentences.
        of_callers: whether A and B are two callers of one folder, which are never the same.
    """

    a: str
    b: str
    pairs: int
    pairs_only_a: tuple[str, ...]
    pairs_only_b: tuple[str, ...]
    shared: int
    matrix: dict[str, dict[str, int]]
    variants: tuple[Difference, ...]
    tables: tuple[TableDifference, ...]
    vafs: tuple[tuple[float, float, str, str], ...]
    not_compared: tuple[str, ...]
    of_callers: bool = False

    @property
    def identical(self) -> bool:
        """Whether everything that both carry is equal."""
        return not (
            self.variants
            or self.pairs_only_a
            or self.pairs_only_b
            or any(not table.identical for table in self.tables)
        )

    def causes(self) -> dict[str, Counter[str]]:
        """Number of variants by side and cause."""
        by_side: dict[str, Counter[str]] = {}
        for variant in self.variants:
            by_side.setdefault(variant.side, Counter())[variant.cause] += 1
        return by_side

    def as_dict(self) -> dict[str, Any]:
        whole = asdict(self) | {"identical": self.identical, "causes": self.causes()}
        del whole["vafs"], whole["of_callers"]
        return whole


def read_map(path: Path, a: list[str], b: list[str]) -> dict[str, str]:
    """
    Pair ids of A and what they are in B.

    Args:
        path: tab-separated, with the columns `a` and `b`.
        a, b: the pairs there are.
    Raises:
        InputError: unreadable, a column is missing, an id is unknown or named twice.
    """
    try:
        table = pl.read_csv(path, separator="\t", infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as why:
        message = f"not a readable table: {why}"
        raise InputError.at(path, message) from why
    missing = [name for name in ("a", "b") if name not in table.columns]
    if missing:
        message = f'the header has {table.columns}: expected the columns "a" and "b"'
        raise InputError([Fault(str(path), message, 1, name) for name in missing])
    faults = []
    for name, known in (("a", set(a)), ("b", set(b))):
        seen: set[str] = set()
        for line, value in enumerate(table[name].to_list(), start=2):
            if value not in known:
                there = ", ".join(sorted(known)[:5])
                message = f'"{value}" is not a pair of {name.upper()}, which has {there}'
                faults.append(Fault(str(path), message, line, name))
            elif value in seen:
                faults.append(Fault(str(path), f'"{value}" is named twice', line, name))
            seen.add(value)
    if faults:
        raise InputError(faults)
    return dict(table.select("a", "b").iter_rows())


def compare(a: TableSource, b: TableSource, pair_map: dict[str, str] | None = None) -> Comparison:
    """
    Compare two working folders or releases, of one contract's major version.

    Args:
        pair_map: pair id in A -> pair id in B; None where they are the same ids.
    Raises:
        InputError: a table cannot be read.
    """
    names = pair_map or {}
    side_a, side_b = _side(a, {}), _side(b, {there: here for here, there in names.items()})
    pairs_a, pairs_b = side_a.pair_ids(), side_b.pair_ids()
    versions = _annotation_versions(a), _annotation_versions(b)
    differences, shared, matrix, vafs = _variants(side_a, side_b, versions)
    tables, skipped = _tables(a, b, names)
    return Comparison(
        a=str(a.root),
        b=str(b.root),
        pairs=len(pairs_a & pairs_b),
        pairs_only_a=tuple(sorted(pairs_a - pairs_b)),
        pairs_only_b=tuple(sorted(pairs_b - pairs_a)),
        shared=shared,
        matrix=matrix,
        variants=differences,
        tables=tables,
        vafs=vafs,
        not_compared=skipped,
    )


def _side(source: TableSource, rename: dict[str, str]) -> Side:
    def read(table: str) -> pl.DataFrame:
        rows = source.read(table)
        return rows.with_columns(pl.col("pair_id").replace(rename)) if rename else rows

    return Side(
        variants=variant_status(read("small_variant")),
        pairs=read("pair"),
        decisions=read("decision"),
        atoms=read("small_variant_atom"),
        callable=read("callable_region"),
        rejected=read("rejected_record"),
        has_trail=source.carries("decision"),
        has_callable=source.carries("callable_region"),
        columns=source.columns("small_variant"),
    )


def _annotation_versions(source: TableSource) -> str:
    columns = ("annotator", "annotator_version", "transcript_set_version")
    rows = source.read("variant_consequence").select(columns).unique().sort(columns)
    return "; ".join(" ".join(str(value) for value in row) for row in rows.iter_rows())


def _variants(
    a: Side, b: Side, versions: tuple[str, str]
) -> tuple[
    tuple[Difference, ...],
    int,
    dict[str, dict[str, int]],
    tuple[tuple[float, float, str, str], ...],
]:
    rows_a, rows_b = a.by_key(), b.by_key()
    columns = sorted((a.columns & b.columns) - ID_COLUMNS - set(VARIANT_KEY) - {"pair_id"})
    matrix = {state: dict.fromkeys(STATES, 0) for state in STATES}
    differences, shared, vafs = [], 0, []
    for key in sorted(rows_a.keys() | rows_b.keys()):
        here, there = rows_a.get(key), rows_b.get(key)
        states = [row["status"] if row else "absent" for row in (here, there)]
        passes = [state not in ("dropped", "absent") for state in states]
        if not any(passes):
            continue
        matrix[states[0]][states[1]] += 1
        if not all(passes):
            row, other = (here, b) if passes[0] else (there, a)
            assert row is not None
            cause, detail = absence(row, there if passes[0] else here, other)
            side = "only_a" if passes[0] else "only_b"
            differences.append(_difference(row, side, cause, detail))
            continue
        assert here is not None
        assert there is not None
        shared += 1
        if here["tumor_vaf"] is not None and there["tumor_vaf"] is not None:
            place = (here["tumor_vaf"], there["tumor_vaf"], here["pair_id"], here["variant_key"])
            vafs.append(place)
        values = {name: [here[name], there[name]] for name in columns if here[name] != there[name]}
        if values:
            cause, detail = _change(values, versions)
            differences.append(_difference(here, "different", cause, detail, values))
    return tuple(differences), shared, matrix, tuple(vafs)


def _difference(
    row: dict[str, Any],
    side: str,
    cause: str,
    detail: str,
    values: dict[str, list[Any]] | None = None,
) -> Difference:
    names = (row["pair_id"], row["variant_key"], row["gene_symbol"], row["hgvsp"])
    return Difference(*names, side, cause, detail, values or {})


def _change(values: dict[str, list[Any]], versions: tuple[str, str]) -> tuple[str, str]:
    changed = set(values)
    columns = ", ".join(sorted(changed))
    if changed <= ANNOTATION_COLUMNS:
        if "transcript_id" in values:
            here, there = values["transcript_id"]
            return "other_transcript", f"named on {here} and on {there}: {columns}"
        if versions[0] != versions[1]:
            detail = f"annotated by {versions[0] or 'nothing'} and by {versions[1] or 'nothing'}"
            return "other_annotation_version", f"{detail}: {columns}"
        return "other_annotation", columns
    if changed <= COUNT_COLUMNS | ANNOTATION_COLUMNS:
        return "other_counts", columns
    if changed <= CALLER_COLUMNS | COUNT_COLUMNS | ANNOTATION_COLUMNS:
        return "other_callers", columns
    return "other_values", columns


def _tables(
    a: TableSource, b: TableSource, names: dict[str, str]
) -> tuple[tuple[TableDifference, ...], tuple[str, ...]]:
    differences, skipped = [], []
    back = {there: here for here, there in names.items()}
    for spec in contract.load().tables.values():
        carried = a.carries(spec.name), b.carries(spec.name)
        if not spec.equivalence or not any(carried):
            continue
        if not all(carried):
            skipped.append(f"table {spec.name} is only in {'A' if carried[0] else 'B'}")
            continue
        if names and "pair_id" not in spec.key:
            skipped.append(f"table {spec.name} has other ids in A and B")
            continue
        rows = [source.read(spec.name) for source in (a, b)]
        if back and "pair_id" in spec.key:
            rows[1] = rows[1].with_columns(pl.col("pair_id").replace(back))
        in_a, in_b = a.columns(spec.name), b.columns(spec.name)
        for column in sorted(in_a ^ in_b):
            where = "A" if column in in_a else "B"
            skipped.append(f"column {column} of {spec.name} is only in {where}")
        columns = [field.name for field in spec.fields if field.name in in_a & in_b]
        key = [name for name in spec.key if name not in ID_COLUMNS] or list(spec.key)
        values = [name for name in columns if name not in key and name not in ID_COLUMNS]
        differences.append(table_difference(spec.name, rows[0], rows[1], key, values))
    return tuple(differences), tuple(skipped)


def compare_callers(source: TableSource, x: str, y: str) -> Comparison:
    """
    Compare what two callers of one result passed, on the events of that result.

    Raises:
        InputError: a caller is not in the evidence (with those that are).
    """
    calls = source.read("variant_call_evidence")
    known = sorted(set(calls["caller"].to_list()))
    faults = [
        Fault(
            str(source.root),
            f'no caller "{caller}" has evidence here: there is {", ".join(known) or "none"}',
            column="--callers",
        )
        for caller in (x, y)
        if caller not in known
    ]
    if faults:
        raise InputError(faults)
    events = {
        (row["pair_id"], row["reference_id"], *(row[name] for name in VARIANT_KEY)): row
        for row in source.read("small_variant").iter_rows(named=True)
    }
    by_caller: dict[tuple[Any, ...], dict[str, dict[str, Any]]] = {}
    for row in calls.filter(pl.col("caller").is_in([x, y])).iter_rows(named=True):
        key = (row["pair_id"], row["reference_id"], *(row[name] for name in VARIANT_KEY))
        by_caller.setdefault(key, {})[row["caller"]] = row
    matrix = {state: dict.fromkeys(STATES, 0) for state in STATES}
    differences, shared, vafs = [], 0, []
    for key, by in sorted(by_caller.items(), key=lambda item: item[0]):
        states = [
            "absent" if c not in by else "kept" if by[c]["is_pass"] else "dropped" for c in (x, y)
        ]
        if "kept" not in states:
            continue
        matrix[states[0]][states[1]] += 1
        event = events[key]
        if states == ["kept", "kept"]:
            shared += 1
            vaf_x, vaf_y = by[x]["vaf_reported"], by[y]["vaf_reported"]
            if vaf_x is not None and vaf_y is not None:
                vafs.append((vaf_x, vaf_y, event["pair_id"], event["variant_key"]))
            continue
        side, other = ("only_a", y) if states[0] == "kept" else ("only_b", x)
        if other in by:
            filters = ", ".join(by[other]["filters"] or []) or "without a filter's name"
            cause, detail = "filtered", f"{other} reports it and filters it: {filters}"
        else:
            cause, detail = "not_called", f"{other} does not report it"
        differences.append(_difference(event, side, cause, detail))
    return Comparison(
        a=f"{x} in {source.root}",
        b=f"{y} in {source.root}",
        pairs=len(source.pair_ids()),
        pairs_only_a=(),
        pairs_only_b=(),
        shared=shared,
        matrix=matrix,
        variants=tuple(differences),
        tables=(),
        vafs=tuple(vafs),
        not_compared=(),
        of_callers=True,
    )
