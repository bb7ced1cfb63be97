"""
The model: from the terms of a candidate to the probability that it is somatic.

The logarithm of the odds is a sum: one number for the class of variant, and for each term a
piecewise linear function of it, whose knots and heights stand in the model file. So every term's
share in an answer is a number of its own.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from jsonschema import Draft202012Validator
from scipy.special import expit, logsumexp

from onconcord.canonical_json import canonical_json
from onconcord.decision.hypotheses import ARTEFACT, GERMLINE, HYPOTHESES, SOMATIC, Floats
from onconcord.decision.terms import GROUP_OF, GROUPS, PairEstimates, of_candidates
from onconcord.errors import Fault, InputError
from onconcord.evidence.recount import COUNTS

DECIMALS = 6

_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 1}
_CURVE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["at", "adds"],
    "properties": {"at": _NUMBERS, "adds": _NUMBERS},
}
_GROUP = {
    "type": "object",
    "additionalProperties": False,
    "required": ["intercept", "terms"],
    "properties": {
        "intercept": {"type": "number"},
        "terms": {"type": "object", "additionalProperties": _CURVE},
    },
}
_HYPOTHESES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["errors", "fractions", "prior", "shared_in_panel", "unknown_af", "callers"],
    "properties": {
        "errors": {"type": "object", "additionalProperties": {"type": "number"}},
        "fractions": {"type": "object", "additionalProperties": _NUMBERS},
        "prior": {
            "type": "object",
            "required": list(HYPOTHESES),
            "additionalProperties": {"type": "number"},
        },
        "shared_in_panel": {"type": "number"},
        "unknown_af": {"type": "number", "exclusiveMinimum": 0},
        "callers": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "number"},
            },
        },
    },
}
_DESIGN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["hypotheses", "known_driver", "confident", "groups"],
    "properties": {
        "hypotheses": _HYPOTHESES,
        "known_driver": {"type": "number"},
        "confident": {"type": "array", "minItems": 1, "items": _NUMBERS},
        "groups": {
            "type": "object",
            "required": list(GROUPS),
            "additionalProperties": _GROUP,
        },
    },
}
_THRESHOLD = {"type": "number", "minimum": 0, "maximum": 1}
SETTINGS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["threshold", "known_driver", "added", "hypotheses"],
    "properties": {
        "threshold": _THRESHOLD,
        "added": {"type": "object", "additionalProperties": _CURVE},
        "known_driver": {"type": "number"},
        "hypotheses": _HYPOTHESES,
    },
}
"""What of a model file is set, not fitted."""
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "made_from", "threshold", "typical", "matched", "alone"],
    "properties": {
        "id": {"type": "string"},
        "made_from": {"type": "object"},
        "threshold": _THRESHOLD,
        "typical": {"type": "object", "required": ["scores", "info"]},
        "matched": _DESIGN,
        "alone": _DESIGN,
    },
}


def shares(terms: pl.DataFrame, group: Mapping[str, Any]) -> dict[str, Floats]:
    """Share of each term of a group's parameters in the log odds, by name, shape (n,)."""
    found = {}
    for name, curve in group["terms"].items():
        knots, heights = np.array(curve["at"], float), np.array(curve["adds"], float)
        found[name] = np.interp(terms[name].to_numpy(), knots, heights)
    return found


def posterior(
    candidates: pl.DataFrame, terms: pl.DataFrame, model: Mapping[str, Any]
) -> tuple[pl.DataFrame, list[dict[str, float]]]:
    """
    Probabilities of each candidate, and what they are made of.

    Args:
        candidates: `variant_class` and `is_hotspot` are looked at, shape (n, ...).
        terms: what `terms.of_candidates` returns of them.
        model: the model file, for pairs with a normal or for tumours alone.
    Returns:
        p_somatic, p_germline, p_artefact (which add up to 1) and hypothesis (the likeliest), shape
        (n,); and of each candidate the shares in the log odds by name, those of nothing left out.
    """
    size = terms.height
    odds = np.zeros(size)
    made_of: list[dict[str, float]] = [{} for _ in range(size)]
    groups = candidates["variant_class"].replace_strict(GROUP_OF, return_dtype=pl.String).to_numpy()
    for name, group in model["groups"].items():
        rows = np.flatnonzero(groups == name)
        if not len(rows):
            continue
        parts = {"class": np.full(len(rows), float(group["intercept"]))}
        parts |= shares(terms[rows], group)
        driver = candidates["is_hotspot"].to_numpy()[rows].astype(np.float64)
        parts["known_driver"] = driver * model["known_driver"]
        added = np.round(np.stack(list(parts.values()), axis=1), DECIMALS)
        odds[rows] = added.sum(axis=1)
        for row, values in zip(rows.tolist(), added.tolist(), strict=True):
            made_of[row] = {part: value for part, value in zip(parts, values, strict=True) if value}
    somatic = expit(odds)
    logs = np.stack([terms[f"log_{name}"].to_numpy() for name in HYPOTHESES], axis=1)
    others = np.array([HYPOTHESES.index(name) for name in (*GERMLINE, *ARTEFACT)])
    rest = logs[:, others] - logsumexp(logs[:, others], axis=1, keepdims=True)
    germline = np.exp(logsumexp(rest[:, : len(GERMLINE)], axis=1)) * (1 - somatic)
    best = others[np.argmax(rest, axis=1)]
    names = np.array(HYPOTHESES)[np.where(somatic >= 0.5, HYPOTHESES.index(SOMATIC), best)]
    p_somatic, p_germline = np.round(somatic, DECIMALS), np.round(germline, DECIMALS)
    table = pl.DataFrame(
        {
            "p_somatic": p_somatic,
            "p_germline": np.minimum(p_germline, np.round(1 - p_somatic, DECIMALS)),
            "hypothesis": names.astype(str),
        }
    ).with_columns(
        p_artefact=(1 - pl.col("p_somatic") - pl.col("p_germline")).round(DECIMALS).clip(0.0, 1.0)
    )
    return table, made_of


@dataclass(frozen=True)
class Model:
    """
    A model file.

    Args:
        model_id: what it calls itself.
        sha256: of the file.
        threshold: lowest p_somatic of a variant that passes.
        matched, alone: parameters for pairs with a normal, and for tumours alone.
        typical: what a substitution is like with which nothing is wrong, by fragment: means of
            terms, and of each caller `scores`, its score, and `info`, fields of its records.
    """

    model_id: str
    sha256: str
    threshold: float
    matched: Mapping[str, Any]
    alone: Mapping[str, Any]
    typical: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Model":
        """
        Read a model file.

        Raises:
            InputError: every fault of the file.
        """
        if faults := model_faults(path, str(path)):
            raise InputError(faults)
        text = path.read_bytes()
        raw = yaml.load(text, yaml.CSafeLoader)
        return cls(
            model_id=raw["id"],
            sha256=hashlib.sha256(text).hexdigest(),
            threshold=raw["threshold"],
            matched=raw["matched"],
            alone=raw["alone"],
            typical=raw["typical"],
        )

    def of(self, matched: bool) -> Mapping[str, Any]:
        """The parameters for pairs with a normal, or for tumours alone."""
        return self.matched if matched else self.alone

    def lowest_confident(self, rate: float, matched: bool) -> float:
        """Lowest p_somatic of the set with an expected false discovery rate."""
        rates, lowest = zip(*self.of(matched)["confident"], strict=True)
        return float(np.interp(rate, rates, lowest))


def model_faults(path: Path, name: str, schema: Mapping[str, Any] = _SCHEMA) -> list[Fault]:
    """What is wrong with a model file, or one of SETTINGS_SCHEMA, called `name` in the faults."""
    try:
        text = path.read_bytes()
    except OSError as error:
        return [Fault(name, f"cannot be read as YAML: {error}.")]
    faults = _faults_of_text(text, canonical_json(schema))
    return [Fault(name, message, column=column) for message, column in faults]


@cache
def _faults_of_text(text: bytes, schema: str) -> tuple[tuple[str, str], ...]:
    """Message and key of each fault; kept, since every reading of a configuration asks for it."""
    try:
        # Written by a program and long: the fast reader does.
        raw = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        return ((f"cannot be read as YAML: {error}.", ""),)
    return tuple(
        (f"{error.message}.", ".".join(map(str, error.absolute_path)))
        for error in Draft202012Validator(json.loads(schema)).iter_errors(raw)
    )


def judge(candidates: pl.DataFrame, pair: PairEstimates, model: Model) -> pl.DataFrame:
    """
    What the model says of each candidate.

    Args:
        candidates: terms.CANDIDATE_COLUMNS, `recount.COUNTS` and is_hotspot, shape (n, ...).
        pair: estimates of the pair.
        model: the model.
    Returns:
        p_somatic, p_germline, p_artefact, hypothesis, and `told`: counts, logarithms and shares as
        JSON with sorted keys; shape (n,).
    """
    own = model.of("normal" in pair.rates)
    terms = of_candidates(candidates, pair, own["hypotheses"])
    table, made_of = posterior(candidates, terms, own)
    logs = terms.select(f"log_{name}" for name in HYPOTHESES).to_numpy().round(3)
    counted = [name for name in COUNTS if candidates[name].null_count() < candidates.height]
    counts = candidates.select(counted).rows()
    told = []
    for row, shares_of_row in enumerate(made_of):
        found = {
            "counts": dict(zip(counted, counts[row], strict=True)),
            "logs": dict(zip(HYPOTHESES, logs[row].tolist(), strict=True)),
            "shares": shares_of_row,
        }
        told.append(canonical_json(found))
    return table.with_columns(told=pl.Series(told, dtype=pl.String))
