"""What the model looks at: each candidate as named numbers, from fragments, context and callers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import logsumexp

from onconcord.decision.hypotheses import (
    ARTEFACT,
    GERMLINE,
    SOMATIC,
    Counts,
    Floats,
    log_likelihoods,
)
from onconcord.evidence.background import BASES

GROUPS = ("SNV", "indel", "MNV", "delins")
"""Groups of variant classes that have parameters of their own."""
GROUP_OF = {"SNV": "SNV", "INS": "indel", "DEL": "indel", "MNV": "MNV", "DELINS": "delins"}
DAMAGE_CLASSES = {"CA": "oxidation", "GT": "oxidation", "CT": "deamination", "GA": "deamination"}
_COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))
ODDS = "fragments"
"""The term with the log odds of somatic against every other hypothesis."""
_WIDEST = 30.0
"""Log-likelihood ratios beyond this say no more."""

CANDIDATE_COLUMNS: dict[str, Any] = {
    "ref": pl.String,
    "alt": pl.String,
    "variant_class": pl.String,
    "repeat_unit": pl.String,
    "repeat_count": pl.Int64,
    "gnomad_af_max": pl.Float64,
    "pon_count": pl.Int64,
    "callers": pl.List(pl.Struct({"caller": pl.String, "score": pl.Float64, "info": pl.String})),
}
"""Columns of a candidate beside `recount.COUNTS`: `callers` has what each caller says of the whole
event, with the kept fields of its record as JSON."""


@dataclass(frozen=True)
class PairEstimates:
    """
    What is estimated once for a pair.

    Args:
        rates: by role (tumour, normal) shape (4, 4): rate of each substitution (ref, alt in the
            order of ACGT) on fragments of F1R2, from the bases where nothing varies.
        tumour_in_normal: share of the normal that is tumour, 0 where not known.
        contamination: share of the tumour sample that is another person's, 0 where not known.
    """

    rates: Mapping[str, Floats]
    tumour_in_normal: float = 0.0
    contamination: float = 0.0

    def stated(self) -> dict[str, Any]:
        """The estimates as JSON has them: rates by role and substitution, such as C>A."""
        return {
            "contamination": self.contamination,
            "tumour_in_normal": self.tumour_in_normal,
            "error_rates": {
                role: {
                    f"{ref}>{alt}": float(rate[one, two])
                    for one, ref in enumerate(BASES)
                    for two, alt in enumerate(BASES)
                    if one != two
                }
                for role, rate in sorted(self.rates.items())
            },
        }

    @classmethod
    def read(cls, stated: Mapping[str, Any]) -> "PairEstimates":
        """The estimates again from what `stated` made of them."""
        rates = {
            role: np.array(
                [[found.get(f"{ref}>{alt}", 0.0) for alt in BASES] for ref in BASES], np.float64
            )
            for role, found in stated["error_rates"].items()
        }
        return cls(rates, stated["tumour_in_normal"], stated["contamination"])


def background_rates(shown: pl.DataFrame, floor: float, weight: float) -> dict[str, Floats]:
    """
    Rate of each substitution by role, from `background.SCHEMA`.

    Args:
        floor: rate that is taken where few bases were seen.
        weight: bases that the floor counts as.
    """
    rates: dict[str, Floats] = {}
    for (role,), rows in shown.partition_by("role", as_dict=True).items():
        rate = np.full((4, 4), floor)
        for ref, alt, wrong, bases in rows.select("ref", "alt", "shown", "bases").iter_rows():
            place = BASES.index(ref), BASES.index(alt)
            rate[place] = round((wrong + floor * weight) / (bases + weight), 9)
        rates[str(role)] = rate
    return rates


def _rates(candidates: pl.DataFrame, rate: Floats, errors: Mapping[str, Any]) -> tuple[Floats, ...]:
    """Rate at which errors show each candidate's allele, in F1R2 and in F2R1, shape (n,) each."""
    first, second = [], []
    columns = ("ref", "alt", "variant_class", "repeat_unit", "repeat_count")
    for ref, alt, kind, unit, count in candidates.select(columns).iter_rows():
        if kind == "SNV" and ref in BASES and alt in BASES:
            first.append(rate[BASES.index(ref), BASES.index(alt)])
            second.append(rate[BASES.index(_COMPLEMENT[ref]), BASES.index(_COMPLEMENT[alt])])
            continue
        if kind in ("INS", "DEL"):
            value = indel_rate(abs(len(alt) - len(ref)), unit, count, errors)
        else:
            value = errors["several"]
        first.append(value)
        second.append(value)
    return np.array(first), np.array(second)


def indel_rate(
    length: int, unit: str | None, count: int | None, errors: Mapping[str, Any]
) -> float:
    """
    Rate of an insertion or deletion that polymerases and sequencers make: in a repeat it grows with
    the copies, and falls with every copy more than one that is lost or won at once.
    """
    if not unit or not count:
        return float(errors["indel"])
    steps = length / len(unit)
    if steps < 1:
        return float(errors["indel"])
    grows = errors["per_copy"] * (count - 2) - errors["per_unit_base"] * (len(unit) - 1)
    value = errors["repeat"] * np.exp(grows - errors["per_step"] * (steps - 1))
    return float(np.clip(value, errors["indel"], errors["highest"]))


def counts_of(
    candidates: pl.DataFrame, role: str, rate: Floats, errors: Mapping[str, Any]
) -> Counts:
    """Fragments of one role (tumor, normal) with the rates of errors there."""

    def column(name: str) -> Floats:
        return candidates[f"{role}_{name}"].fill_null(0).to_numpy().astype(np.float64)

    alt, both = column("alt_count"), column("alt_count") + column("ref_count")
    alt_1, both_1 = column("alt_f1r2"), column("alt_f1r2") + column("ref_f1r2")
    rates = _rates(candidates, rate, errors)
    return Counts((alt_1, alt - alt_1), (both_1, both - both_1), (rates[0], rates[1]))


def of_candidates(
    candidates: pl.DataFrame, pair: PairEstimates, settings: Mapping[str, Any]
) -> pl.DataFrame:
    """
    Logarithm of prior and likelihood of each hypothesis (`log_<hypothesis>`), and every term of
    the model, by name.

    Args:
        candidates: CANDIDATE_COLUMNS and `recount.COUNTS`, shape (n, ...).
        pair: estimates of the pair.
        settings: `hypotheses` of the model file.
    Returns:
        Shape (n, terms), never null.
    """
    matched = "normal" in pair.rates
    errors = settings["errors"]
    tumour = counts_of(candidates, "tumor", pair.rates["tumour"], errors)
    normal = None
    if matched:
        normal = counts_of(candidates, "normal", pair.rates["normal"], errors)
    logs = log_likelihoods(
        tumour,
        normal,
        pair.tumour_in_normal,
        max(pair.contamination, errors["foreign"]),
        settings["fractions"],
    )
    frequency = candidates["gnomad_af_max"].fill_null(0.0).to_numpy()
    known = np.clip(frequency, settings["unknown_af"], 0.5)
    in_panel = candidates["pon_count"].fill_null(0).to_numpy() > 0
    prior = dict(settings["prior"])
    # What other people's normals show, this pair's reads are likely to show too.
    prior["shared"] = np.where(in_panel, settings["shared_in_panel"], prior["shared"])
    # Of a site that no resource knows a germline allele is rare; of one that it knows it is not.
    for name, values in logs.items():
        logs[name] = values + prior[name]
        if name in (*GERMLINE, "foreign"):
            logs[name] += np.log(known)
    found = {f"log_{name}": values for name, values in logs.items()}
    found |= _ratios(logs)
    found |= _of_reads(candidates, tumour, normal)
    found |= _of_context(candidates)
    for caller in settings["callers"]:
        found |= _of_caller(candidates, caller, settings["callers"][caller])
    return pl.DataFrame({name: np.asarray(values, np.float64) for name, values in found.items()})


def _ratios(logs: Mapping[str, Floats]) -> dict[str, Floats]:
    """How much better than the other hypotheses somatic explains the fragments."""

    def against(*names: str) -> Floats:
        other = logsumexp(np.stack([logs[name] for name in names]), axis=0)
        return np.asarray(np.clip(logs[SOMATIC] - other, -_WIDEST, _WIDEST), np.float64)

    return {
        ODDS: against(*GERMLINE, *ARTEFACT),
        "against_germline": against(*GERMLINE),
        "against_error": against("error"),
        "against_shared": against("shared"),
        "against_orientation": against("damage_f1r2", "damage_f2r1"),
        "against_damage": against("damage"),
        "against_foreign": against("foreign"),
    }


def _of_reads(candidates: pl.DataFrame, tumour: Counts, normal: Counts | None) -> dict[str, Floats]:
    """What the fragments show beside their number."""

    def column(name: str) -> Floats:
        return candidates[name].fill_null(0).to_numpy().astype(np.float64)

    alt, both = tumour.sums()
    ref = both - alt
    one = np.maximum(alt, 1)
    depth = np.maximum(column("tumor_depth"), 1)
    mapping_alt = column("tumor_alt_mapping_quality") / one
    mapping_ref = column("tumor_ref_mapping_quality") / np.maximum(ref, 1)
    others_alt = column("tumor_alt_mismatches") / one
    others_ref = column("tumor_ref_mismatches") / np.maximum(ref, 1)
    found = {
        "log_vaf": np.log(np.maximum(alt, 0.5) / np.maximum(both, 1)),
        "log_alt": np.log1p(alt),
        "base_quality": column("tumor_alt_base_quality") / one,
        "mapping_quality": mapping_alt,
        "mapping_less": np.where(ref > 0, mapping_ref - mapping_alt, 0.0),
        "near_end": (column("tumor_alt_near_end") + 0.5) / (alt + 2.5),
        "end_distance": np.minimum(column("tumor_alt_end_distance") / one, 40.0),
        "other_mismatches": np.minimum(others_alt, 8.0),
        "more_mismatches": np.clip(others_alt - others_ref, -3.0, 6.0),
        "neither": (column("tumor_depth") - both) / depth,
        "discordant": column("tumor_discordant") / (alt + column("tumor_discordant") + 1),
        "in_both_mates": (column("tumor_alt_pairs") + 0.1) / (alt + 1),
        "badly_mapped": column("tumor_low_mapq_alt") / (alt + column("tumor_low_mapq_alt") + 1),
        "log_depth": np.log(np.maximum(both, 1)),
        # Of the orientation that errs more: how far the fragments can be trusted in this pair.
        "log_error_rate": np.log10(np.maximum(*tumour.rate)),
    }
    if normal is not None:
        alt_n, both_n = normal.sums()
        found["normal_share"] = np.minimum(
            (alt_n + 0.2) / (both_n + 1) / ((alt + 0.5) / (both + 1)), 2.0
        )
        found["normal_alt"] = np.minimum(alt_n, 6.0)
        found["log_normal_depth"] = np.log(np.maximum(both_n, 1))
        found["normal_neither"] = (column("normal_depth") - both_n) / np.maximum(
            column("normal_depth"), 1
        )
    return found


def _of_context(candidates: pl.DataFrame) -> dict[str, Floats]:
    """What the sequence and the resources say."""
    change = pl.when(pl.col("variant_class") == "SNV").then(pl.col("ref") + pl.col("alt"))
    kind = candidates.select(change.replace_strict(DAMAGE_CLASSES, default=None)).to_series()
    unit = candidates["repeat_unit"].str.len_bytes().fill_null(0).to_numpy()
    count = candidates["repeat_count"].fill_null(0).to_numpy().astype(np.float64)
    length = (
        candidates["alt"].str.len_bytes().cast(pl.Int64)
        - candidates["ref"].str.len_bytes().cast(pl.Int64)
    ).to_numpy()
    return {
        "oxidation": (kind == "oxidation").fill_null(False).to_numpy(),
        "deamination": (kind == "deamination").fill_null(False).to_numpy(),
        "insertion": length > 0,
        "log_length": np.log1p(np.abs(length)),
        "homopolymer": np.where(unit == 1, np.minimum(count, 20), 0.0),
        "repeat": np.where(unit > 1, np.minimum(count, 20), 0.0),
        "in_panel": np.log1p(candidates["pon_count"].fill_null(0).to_numpy()),
        "in_population": np.log10(
            np.clip(candidates["gnomad_af_max"].fill_null(0.0).to_numpy(), 1e-6, 1.0)
        )
        + 6.0,
    }


def _of_caller(
    candidates: pl.DataFrame, caller: str, fields: Mapping[str, Any]
) -> dict[str, Floats]:
    """Whether a caller has the event, its score, and fields of its record that are listed."""
    rows = []
    for said in candidates["callers"].to_list():
        row = next((call for call in said or () if call["caller"] == caller), None)
        values = [0.0] * (2 + len(fields))
        if row:
            values[:2] = [1.0, float(np.log1p(max(row["score"] or 0.0, 0.0)))]
            info = json.loads(row["info"] or "{}")
            for at, (name, highest) in enumerate(fields.items(), start=2):
                text = str(info.get(name) or "").split(",")[-1]
                values[at] = min(float(text), highest) if text not in ("", ".") else 0.0
        rows.append(values)
    table = np.array(rows, np.float64).reshape(len(rows), 2 + len(fields))
    names = [f"{caller}_called", f"{caller}_score", *(f"{caller}_{name}" for name in fields)]
    return dict(zip(names, table.T, strict=True))
