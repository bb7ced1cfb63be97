"""
Fitting the model: from candidates whose truth is known to the curves of a model file.

A logistic regression on piecewise linear curves. A penalty pulls the curves of each class of
variants to those of all together, and those to the odds that the fragments give on their own: what
no example speaks of is left to the hypotheses. Where the sign of a slope is known it is held.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from scipy.optimize import minimize
from scipy.special import expit

from onconcord.accuracy.profiles import Plan
from onconcord.decision.estimates import estimate_pair
from onconcord.decision.examples import Examples, read_all
from onconcord.decision.hypotheses import HYPOTHESES, Floats
from onconcord.decision.model import SETTINGS_SCHEMA, model_faults, posterior
from onconcord.decision.terms import GROUP_OF, GROUPS, ODDS, of_candidates
from onconcord.errors import Fault, InputError
from onconcord.files import file_sha256, write_text

RISING = (ODDS, "against_", "log_alt", "base_quality", "mapping_quality")
FALLING = (
    *("mapping_less", "near_end", "more_mismatches", "neither", "normal_share", "normal_alt"),
    *("discordant", "badly_mapped", "in_panel", "in_population", "normal_neither"),
    *("homopolymer", "other_mismatches"),
)
"""Terms, by the beginning of their name, that speak for or against a variant the more they are."""
QUANTILES = (0.005, 0.02, 0.15, 0.35, 0.55, 0.75, 0.9, 0.98, 0.995)
PENALTY = 0.6
GROUP_PENALTY = 1.5
RATES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
"""False discovery rates for which the file has a lowest probability."""


@dataclass(frozen=True)
class Curves:
    """
    The shape of all curves.

    Args:
        names: terms.
        knots: places of each term's knots, rising.
        spans: which columns of a design belong to each term.
    """

    names: tuple[str, ...]
    knots: tuple[Floats, ...]
    spans: tuple[slice, ...]

    @classmethod
    def of(cls, terms: pl.DataFrame) -> "Curves":
        names, knots, spans = [], [], []
        at = 0
        for name in terms.columns:
            values = terms[name].to_numpy()
            places = np.unique(np.quantile(values, QUANTILES, method="nearest").round(4))
            if len(places) == 1:
                places = np.unique(np.array([values.min(), values.max()]).round(4))
            if len(places) == 1:
                continue
            names.append(name)
            knots.append(places)
            spans.append(slice(at, at + len(places) - 1))
            at += len(places) - 1
        return cls(tuple(names), tuple(knots), tuple(spans))

    def design(self, terms: pl.DataFrame) -> Floats:
        """How far each candidate has come along each segment of each curve, from 0 to 1."""
        parts = []
        for name, knots in zip(self.names, self.knots, strict=True):
            values = terms[name].to_numpy()[:, None]
            parts.append(np.clip((values - knots[:-1]) / np.diff(knots), 0.0, 1.0))
        return np.concatenate(parts, axis=1)

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """Bounds of the rise along each segment."""
        found: list[tuple[float | None, float | None]] = []
        for name, span in zip(self.names, self.spans, strict=True):
            low = 0.0 if name.startswith(RISING) or name.endswith("_score") else None
            high = 0.0 if name.startswith(FALLING) else None
            found += [(low, high)] * (span.stop - span.start)
        return found

    def plain(self) -> Floats:
        """Intercept and rises of the fragments' odds alone, as they are."""
        found = np.zeros(1 + self.spans[-1].stop)
        for name, knots, span in zip(self.names, self.knots, self.spans, strict=True):
            if name == ODDS:
                found[1:][span] = np.diff(knots)
                found[0] = knots[0]
        return found

    def heights(self, rises: Floats) -> dict[str, dict[str, list[float]]]:
        """The curves of a model file; those that are flat are left out."""
        found = {}
        for name, knots, span in zip(self.names, self.knots, self.spans, strict=True):
            heights = np.concatenate([[0.0], np.cumsum(rises[span])]).round(4)
            if np.any(heights):
                found[name] = {"at": knots.tolist(), "adds": heights.tolist()}
        return found


def fit_rises(
    design: Floats,
    truth: Floats,
    bounds: Sequence[tuple[float | None, float | None]],
    near: Floats,
    penalty: float,
) -> Floats:
    """
    The intercept and the rise along each segment, by penalised likelihood.

    Args:
        design: shape (n, segments).
        truth: 1 where the candidate is somatic, shape (n,).
        bounds: of each rise.
        near: intercept and rises that these are pulled to, shape (1 + segments,).
        penalty: strength of the pull; the intercept is free.
    """

    # Not by a matrix product, whose order of summing depends on the threads.
    def loss(values: Floats) -> tuple[float, Floats]:
        odds = values[0] + np.einsum("ij,j->i", design, values[1:])
        off = values - near
        off[0] = 0.0
        value = float(np.sum(np.logaddexp(0.0, odds) - truth * odds) + penalty * off @ off)
        slope = expit(odds) - truth
        return value, np.concatenate(
            [[slope.sum()], np.einsum("ij,i->j", design, slope)]
        ) + 2 * penalty * off

    low = [-np.inf if low is None else low for low, _ in bounds]
    high = [np.inf if two is None else two for _, two in bounds]
    start = near.copy()
    start[1:] = np.clip(start[1:], low, high)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *bounds],
        options={"maxiter": 2000, "maxfun": 4000},
    )
    return np.asarray(found.x, dtype=np.float64)


def fit_groups(
    terms: pl.DataFrame, variant_class: pl.Series, truth: pl.Series, added: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """
    The `groups` of a model file.

    Args:
        terms: what `terms.of_candidates` returns of candidates of many pairs, shape (n, terms).
        variant_class, truth: class of each candidate, and whether it is somatic.
        added: curves that are set, by term; each is added to the fitted one.
    """
    used = terms.select(name for name in terms.columns if not is_logarithm(name))
    curves = Curves.of(used)
    design, bounds = curves.design(used), curves.bounds()
    answers = truth.cast(pl.Float64).to_numpy()
    of_all = fit_rises(design, answers, bounds, curves.plain(), PENALTY)
    groups = variant_class.replace_strict(GROUP_OF, return_dtype=pl.String).to_numpy()
    found = {}
    for group in GROUPS:
        # What changes several bases is rare: both kinds of it are fitted together.
        together = {"MNV", "delins"} if group in ("MNV", "delins") else {group}
        rows = np.isin(groups, list(together))
        own = of_all
        if rows.any():
            own = fit_rises(design[rows], answers[rows], bounds, of_all, GROUP_PENALTY)
        heights = curves.heights(own[1:])
        for name, curve in added.items():
            heights[name] = _sum_of_curves(curve, *([heights[name]] if name in heights else []))
        found[group] = {"intercept": round(float(own[0]), 4), "terms": heights}
    return found


def typical(candidates: pl.DataFrame, callers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """
    The `typical` of a model file: means over the fragments of true substitutions.

    Args:
        candidates: true ones, with `recount.COUNTS` and `callers`.
        callers: fields of each caller's records that the model looks at.
    """
    clear = candidates.filter(pl.col("variant_class") == "SNV")
    alt = int(clear["tumor_alt_count"].sum())
    of_fragments = {
        "in_both_mates": "alt_pairs",
        "base_quality": "alt_base_quality",
        "mapping_quality": "alt_mapping_quality",
        "end_distance": "alt_end_distance",
        "near_end": "alt_near_end",
        "other_mismatches": "alt_mismatches",
    }
    found: dict[str, Any] = {
        name: round(float(clear[f"tumor_{column}"].sum()) / alt, 4)
        for name, column in of_fragments.items()
    }
    said = clear.select("callers", "tumor_alt_count").explode("callers").unnest("callers")
    found["scores"], found["info"] = {}, {}
    for caller, fields in callers.items():
        own = said.filter(pl.col("caller") == caller)
        score = own.select((pl.col("score") / pl.col("tumor_alt_count")).median()).item()
        found["scores"][caller] = round(float(score or 0.0), 4)
        infos = [json.loads(text) for text in own["info"].drop_nulls()]
        found["info"][caller] = {
            name: float(np.median([_last(info[name]) for info in infos if name in info] or [0.0]))
            for name in fields
        }
    return found


def _last(text: str) -> float:
    return float(text.split(",")[-1])


def is_logarithm(name: str) -> bool:
    """Whether a term is the logarithm of a hypothesis, which no curve is of."""
    return name in {f"log_{hypothesis}" for hypothesis in HYPOTHESES}


def confident_probabilities(p: Floats, truth: Floats) -> list[tuple[float, float]]:
    """
    For each of RATES the lowest probability from which candidates have it.

    Args:
        p: p_somatic of candidates that the model was not fitted on, shape (n,).
        truth: whether each is somatic, shape (n,).
    """
    order = np.argsort(-p, kind="stable")
    wrong = np.cumsum(1 - truth[order]) / np.arange(1, len(p) + 1)
    # The rate of the set that ends here, or of any larger one that does better.
    best = np.minimum.accumulate(wrong[::-1])[::-1]
    found = []
    for rate in RATES:
        size = int((best <= rate).sum())
        found.append((rate, round(float(p[order][size - 1]), 4) if size else 1.0))
    return found


def folds(pairs: Sequence[str]) -> Mapping[str, int]:
    """A fold for each pair, by the order of their names."""
    return {pair: at % 5 for at, pair in enumerate(sorted(set(pairs)))}


def write_model(
    folders: Sequence[Path], plan: Plan, settings: Path, model_id: str, out: Path
) -> None:
    """
    Fit a model on finished pairs and write its file; the same pairs give the same bytes.

    Args:
        folders, plan: see `examples.read_all`.
        settings: YAML of `model.SETTINGS_SCHEMA`.
        model_id: what the model calls itself.
        out: the model file.
    Raises:
        InputError: the settings have a fault; a pair cannot be fitted on; or fewer than two pairs
            with a normal, or than two tumours alone, have a true candidate, so that none could be
            judged by the other's model.
    """
    if faults := model_faults(settings, str(settings), SETTINGS_SCHEMA):
        raise InputError(faults)
    given = yaml.safe_load(settings.read_bytes())
    examples = read_all(folders, plan)
    matched = [example for example in examples if example.matched]
    tumours = [example for example in examples if not example.matched]
    faults = []
    for what, own in (("pairs with a normal", matched), ("tumours alone", tumours)):
        if (true := sum(bool(example.candidates["truth"].any()) for example in own)) < 2:
            message = (
                f"{true} of the {len(own)} {what} have a candidate that is in their truth: "
                "expected two or more. Add some, and compare the names of contigs."
            )
            faults.append(Fault(", ".join(map(str, folders)), message))
    if faults:
        raise InputError(faults)
    given_design = {key: given[key] for key in ("hypotheses", "known_driver")}
    true_ones = pl.concat([example.candidates for example in matched]).filter("truth")
    document = {
        "id": model_id,
        "made_from": {
            "settings": file_sha256(settings),
            "pairs": {example.pair: dict(example.made_of) for example in examples},
        },
        "threshold": given["threshold"],
        "typical": typical(true_ones, given["hypotheses"]["callers"]),
        "matched": _fit_design(matched, given_design, given["added"]),
        "alone": _fit_design(tumours, given_design, given["added"]),
    }
    text = yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=100)
    write_text(out, text)


def _fit_design(
    examples: Sequence[Examples], given: Mapping[str, Any], added: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters of a model file for pairs with a normal, or for tumours alone."""
    table, terms = _candidates_and_terms(examples, given["hypotheses"])
    confident = confident_probabilities(
        _p_by_others(table, terms, given, added), table["truth"].cast(pl.Float64).to_numpy()
    )
    return {
        **given,
        "confident": [list(point) for point in confident],
        "groups": fit_groups(terms, table["variant_class"], table["truth"], added),
    }


def _sum_of_curves(*curves: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """The curve that adds what each of the curves adds."""
    knots = np.unique(np.concatenate([curve["at"] for curve in curves]))
    heights = sum(np.interp(knots, curve["at"], curve["adds"]) for curve in curves)
    return {"at": knots.tolist(), "adds": np.round(heights, 4).tolist()}


def _candidates_and_terms(
    examples: Sequence[Examples], hypotheses: Mapping[str, Any]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Candidates of all pairs, with the column pair, and their terms; shape (n, ...) both."""
    tables, terms = [], []
    for example in examples:
        pair = estimate_pair(example.recount, example.background, example.contamination, hypotheses)
        tables.append(example.candidates.with_columns(pair=pl.lit(example.pair)))
        terms.append(of_candidates(example.candidates, pair, hypotheses))
    return pl.concat(tables), pl.concat(terms)


def _p_by_others(
    table: pl.DataFrame, terms: pl.DataFrame, design: Mapping[str, Any], added: Mapping[str, Any]
) -> Floats:
    """p_somatic of each candidate by a model that was fitted without its fold of pairs."""
    fold = table["pair"].replace_strict(folds(table["pair"].to_list()), return_dtype=pl.Int64)
    found = np.zeros(table.height)
    for number in fold.unique().sort():
        own, others = fold == number, fold != number
        rest = table.filter(others)
        groups = fit_groups(terms.filter(others), rest["variant_class"], rest["truth"], added)
        judged, _ = posterior(table.filter(own), terms.filter(own), {**design, "groups": groups})
        found[own.to_numpy()] = judged["p_somatic"].to_numpy()
    return found
