"""
The probabilities of a release, worked out again from the counts that its trail holds.

The trail of `decision` has, for each candidate, the counts the model looked at and each term's
share in the log odds. The shares alone give `p_somatic`; the counts and the model's file give the
shares. A pair is looked at after the other, and of a large release some candidates are judged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from scipy.special import expit

from onconcord import contract
from onconcord.decision.decide import HOTSPOT_RULE, MODEL_RULE
from onconcord.decision.model import DECIMALS, Model, judge
from onconcord.decision.terms import CANDIDATE_COLUMNS, PairEstimates
from onconcord.errors import Fault, InputError
from onconcord.evidence.recount import COUNTS
from onconcord.files import file_sha256
from onconcord.runtime.checkout import root
from onconcord.verify.slices import Slice

NEEDS = ("small_variant", "decision", "variant_call_evidence", "analysis_scope", "pair", "run")
"""Tables without which nothing can be worked out again."""
SHOWN = 5
"""Faults of a kind that are named; the rest is counted."""
UNIT = 1.5 * 10.0**-DECIMALS
"""Largest difference of a probability or a share that rounding makes."""
_PLACE = ["reference_id", "chrom", "pos", "ref", "alt"]
_JUDGED = ("p_somatic", "p_germline", "p_artefact")
_AT_ONCE = 20_000
"""Candidates that are judged at once, some hundred megabytes."""
MOST = 400_000
"""Candidates of a release that are judged at most, in about a minute."""


@dataclass
class Posterior:
    """
    What came of it.

    Args:
        of_shares: probabilities that the shares do not give, and counts that differ from the row's.
        of_model: shares and probabilities that the counts and the model's file do not give.
        unknown: why the model could not be asked, by the digest of its file.
        every: every which candidate was judged.
    """

    of_shares: "_Faults" = field(default_factory=lambda: _Faults())
    of_model: "_Faults" = field(default_factory=lambda: _Faults())
    unknown: dict[str, str] = field(default_factory=dict)
    every: int = 1


@dataclass
class _Faults:
    """The first faults by table, column and message, and how many more there are."""

    shown: list[Fault] = field(default_factory=list)
    more: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, table: str, column: str, key: Mapping[str, Any], message: str) -> None:
        count = sum((fault.source, fault.column) == (table, column) for fault in self.shown)
        if count < SHOWN:
            where = ", ".join(f"{name}={value}" for name, value in key.items())
            self.shown.append(Fault(table, f"row {where}: {message}", column=column))
        else:
            self.more[table, column] = self.more.get((table, column), 0) + 1

    def all(self) -> Iterator[Fault]:
        yield from self.shown
        for (table, column), count in self.more.items():
            yield Fault(table, f"{count} more rows of this kind", column=column)


def look_again(slices: Sequence[Slice], given: Sequence[Path]) -> Posterior:
    """
    Work out the probabilities of every judged candidate again.

    Args:
        slices: the release by pairs, with the files of NEEDS.
        given: model files beside those of `config/models`.
    """
    files = {path for piece in slices for path in piece.whole["small_variant"]}
    rows = sum(pq.read_metadata(path).num_rows for path in files)
    answer = Posterior(every=max(1, -(-rows // MOST)))
    known = {file_sha256(path): path for path in (*own_models(), *given)}
    models: dict[str, Model | None] = {}
    for piece in slices:
        pairs = _rows(piece, "pair", ["center_id", "pair_id", "run_id", "design"])
        for center_id, pair_id, run_id, design in pairs.sort("pair_id").iter_rows():
            key = {"center_id": center_id, "pair_id": pair_id}
            candidates = _candidates(piece, key, design == "matched")
            if not candidates.height:
                continue
            of_run = pl.col("run_id") == run_id
            runs = _rows(piece, "run", ["center_id", "run_id", "model_sha256"], of_run)
            sha256 = str(next(iter(runs.filter(center_id=center_id)["model_sha256"]), None))
            if sha256 not in models:
                models[sha256] = _model(sha256, known, answer)
            stated = _stated(piece, key)
            model = models[sha256] if stated else None
            for part in candidates.iter_slices(_AT_ONCE):
                _look_at(part, key, stated, model, answer)
    return answer


def own_models() -> list[Path]:
    """The model files of the checkout."""
    return sorted((root() / "config/models").glob("*.yaml"))


def _model(sha256: str, known: Mapping[str, Path], answer: Posterior) -> Model | None:
    path = known.get(sha256)
    if path is None:
        answer.unknown[sha256] = (
            f"no file of config/models has the SHA-256 {sha256}, that of a run: name the centre's "
            "model with --model"
        )
        return None
    try:
        return Model.read(path)
    except InputError as error:
        answer.unknown[sha256] = f"this version cannot read {path.name}: {error}"
        return None


def _rows(
    piece: Slice, table: str, columns: Sequence[str], condition: pl.Expr | None = None
) -> pl.DataFrame:
    """Columns of the rows of a table in a slice that meet a condition; null where there is none."""
    files = list(piece.files[table])
    kinds = contract.load().tables[table].schema()
    if not files:
        empty = pl.DataFrame(pl.from_arrow(kinds.empty_table()))
        return empty.select(columns)
    rows = pl.scan_parquet(files, missing_columns="insert", extra_columns="ignore")
    for sign, bound in (("ge", piece.start), ("lt", piece.end)):
        if bound is not None and "pair_id" in columns:
            rows = rows.filter(getattr(pl.col("pair_id"), sign)(bound))
    if condition is not None:
        rows = rows.filter(condition)
    return rows.select(columns).collect()


def _candidates(piece: Slice, key: Mapping[str, str], matched: bool) -> pl.DataFrame:
    """
    The judged candidates of a pair, as the model was given them but for the counts.

    Returns:
        _PLACE, what `small_variant` says, CANDIDATE_COLUMNS, is_hotspot and told, the trail's JSON.
    """
    of_pair = pl.all_horizontal(pl.col(name) == value for name, value in key.items())
    stated = [name for name in COUNTS if name in _columns("small_variant")]
    of_variant = [name for name in CANDIDATE_COLUMNS if name in _columns("small_variant")]
    wanted = [*key, *_PLACE, *dict.fromkeys((*of_variant, *stated, *_JUDGED, "hypothesis"))]
    small = _rows(piece, "small_variant", list(dict.fromkeys(wanted)), of_pair)
    small = small.filter(pl.col("p_somatic").is_not_null())
    if not small.height:
        return small
    trail = _rows(
        piece,
        "decision",
        [*key, *_PLACE, "rule_id", "detail_json"],
        of_pair & pl.col("rule_id").is_in([MODEL_RULE, HOTSPOT_RULE]),
    )
    details = trail.filter(rule_id=MODEL_RULE).select(*_PLACE, told="detail_json")
    drivers = trail.filter(rule_id=HOTSPOT_RULE).select(*_PLACE, is_hotspot=pl.lit(True))
    evidence = _rows(
        piece,
        "variant_call_evidence",
        [*key, *_PLACE, "caller", "score", "info_json", "match"],
        of_pair & (pl.col("match") != "atoms_partial"),
    )
    callers = evidence.group_by(_PLACE, maintain_order=True).agg(
        callers=pl.struct("caller", "score", info="info_json")
    )
    joined = small
    for table in (details, drivers, callers):
        joined = joined.join(table, on=_PLACE, how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("is_hotspot").fill_null(False),
        *(pl.col(name).cast(kind) for name, kind in CANDIDATE_COLUMNS.items()),
    ).sort(_PLACE)


def _columns(table: str) -> set[str]:
    return {field.name for field in contract.load().tables[table].fields}


def _stated(piece: Slice, key: Mapping[str, str]) -> dict[str, Any] | None:
    """What the analysis of a pair says that its candidates were judged by; None where nothing."""
    of_pair = pl.all_horizontal(pl.col(name) == value for name, value in key.items())
    rows = _rows(piece, "analysis_scope", [*key, "analysis", "params_json"], of_pair)
    text = next(iter(rows.filter(analysis="small_variant")["params_json"]), None)
    stated = json.loads(text) if text else {}
    return stated if "error_rates" in stated else None


def _look_at(
    candidates: pl.DataFrame,
    pair: Mapping[str, str],
    stated: Mapping[str, Any] | None,
    model: Model | None,
    answer: Posterior,
) -> None:
    """Add the faults of some candidates of one pair."""
    rows = candidates.to_dicts()
    details = [_read(row["told"]) for row in rows]
    for row, trail in zip(rows, details, strict=True):
        key = {**pair, **{name: row[name] for name in _PLACE}}
        if trail is None:
            answer.of_shares.add(
                "decision",
                "detail_json",
                key,
                f"has no counts and shares of {MODEL_RULE} for a candidate with p_somatic",
            )
            continue
        _of_shares(row, trail, key, answer.of_shares)
    if model is None or stated is None:
        return
    whole = [at for at in range(0, len(details), answer.every) if details[at] is not None]
    if not whole:
        return
    counts = pl.DataFrame(
        [[(details[at] or {})["counts"].get(name) for name in COUNTS] for at in whole],
        schema=dict.fromkeys(COUNTS, pl.Int64),
        orient="row",
    )
    again = judge(
        candidates[whole].drop(COUNTS, strict=False).hstack(counts),
        PairEstimates.read(stated),
        model,
    )
    for at, wanted in zip(whole, again.to_dicts(), strict=True):
        key = {**pair, **{name: rows[at][name] for name in _PLACE}}
        _of_model(rows[at], details[at] or {}, wanted, key, answer.of_model)


def _read(text: str | None) -> dict[str, Any] | None:
    """The counts, logarithms and shares of a trail; None where they are not there."""
    try:
        trail = json.loads(text or "{}")
    except ValueError:
        return None
    parts = [trail.get(name) for name in ("counts", "logs", "shares")]
    whole = all(isinstance(part, dict) and _are_numbers(part.values()) for part in parts)
    return trail if whole else None


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in values)


def _of_shares(
    row: Mapping[str, Any], trail: Mapping[str, Any], key: Mapping[str, Any], faults: _Faults
) -> None:
    wanted = round(float(expit(sum(trail["shares"].values()))), DECIMALS)
    if abs(row["p_somatic"] - wanted) > UNIT:
        message = f"found {row['p_somatic']}; expected {wanted}, what the shares of its trail give"
        faults.add("small_variant", "p_somatic", key, message)
    total = sum(row[name] or 0.0 for name in _JUDGED)
    if abs(total - 1) > 2 * UNIT:
        message = f"found {row['p_artefact']}; p_somatic, p_germline and p_artefact make {total:g}"
        faults.add("small_variant", "p_artefact", key, message)
    for name, count in trail["counts"].items():
        if name in row and row[name] != count:
            message = f"found {name} {count} in the trail; small_variant has {row[name]}"
            faults.add("decision", "detail_json", key, message)


def _of_model(
    row: Mapping[str, Any],
    trail: Mapping[str, Any],
    again: Mapping[str, Any],
    key: Mapping[str, Any],
    faults: _Faults,
) -> None:
    wanted = json.loads(again["told"])
    for part, unit in (("shares", UNIT), ("logs", 1.5e-3)):
        for name in sorted(trail[part].keys() | wanted[part].keys()):
            stated, expected = trail[part].get(name, 0.0), wanted[part].get(name, 0.0)
            if abs(stated - expected) > unit:
                message = (
                    f"found {part} {name} {stated}; expected {expected} of the counts and the model"
                )
                faults.add("decision", "detail_json", key, message)
    for name in _JUDGED:
        if row[name] is None or abs(row[name] - again[name]) > UNIT:
            message = f"found {row[name]}; expected {again[name]} of the counts and the model"
            faults.add("small_variant", name, key, message)
    if row["hypothesis"] != again["hypothesis"]:
        message = f"found {row['hypothesis']}; expected {again['hypothesis']}"
        faults.add("small_variant", "hypothesis", key, message)
