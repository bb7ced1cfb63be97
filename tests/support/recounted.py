"""Candidates as the evidence pass counts them, and the model they are judged by."""

import functools

import numpy as np
import polars as pl

from onconcord.decision.model import Model, judge
from onconcord.decision.terms import CANDIDATE_COLUMNS, PairEstimates
from onconcord.evidence.fragments import MEASURES
from onconcord.evidence.recount import COUNTS
from onconcord.runtime import checkout

INFO = '{"ECNT":"1","MMQ":"60,60","MPOS":"27"}'


def sample(role, alt, ref, f1r2=None, **changes):
    """Counts of one sample (tumor, normal) with fragments of good quality, by column."""
    measures = dict.fromkeys(MEASURES, 0) | {
        "depth": alt + ref,
        "ref_count": ref,
        "alt_count": alt,
        "ref_f1r2": ref // 2,
        "alt_f1r2": alt // 2 if f1r2 is None else f1r2,
        "alt_base_quality": 36 * alt,
        "alt_mapping_quality": 60 * alt,
        "ref_mapping_quality": 60 * ref,
        "alt_end_distance": 26 * alt,
        "alt_near_end": round(0.12 * alt),
        "alt_mismatches": round(0.6 * alt),
        "ref_mismatches": round(0.6 * ref),
    }
    return {f"{role}_{name}": value for name, value in (measures | changes).items()}


def no_sample(role):
    return {f"{role}_{name}": None for name in MEASURES}


def said(*callers, per_fragment=2.7, alt=30):
    """What callers say of an event: each has it with a score."""
    return [{"caller": name, "score": per_fragment * alt, "info": INFO} for name in callers]


def candidate(tumour=(30, 70), normal=(0, 60), f1r2=None, ref="A", alt="C", **changes):
    """A clear somatic substitution, with some of its facts changed; counts are (alternate, ref)."""
    row = {
        "ref": ref,
        "alt": alt,
        "variant_class": "SNV",
        "repeat_unit": None,
        "repeat_count": None,
        "gnomad_af_max": None,
        "pon_count": None,
        "is_hotspot": False,
        "callers": said("mutect2", "freebayes", "pileup", alt=tumour[0]),
        **sample("tumor", *tumour, f1r2),
        **(sample("normal", *normal) if normal else no_sample("normal")),
    }
    return row | changes


def frame(*rows):
    schema = {
        **CANDIDATE_COLUMNS,
        "is_hotspot": pl.Boolean,
        **dict.fromkeys(COUNTS, pl.Int64),
    }
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def estimates(matched=True, tumour_in_normal=0.0, contamination=0.0, rate=1e-4, **rates):
    """Estimates of a pair of one rate of errors; `rates` are those of the tumour, such as GT."""
    table = np.full((4, 4), rate)
    changed = table.copy()
    for change, value in rates.items():
        changed["ACGT".index(change[0]), "ACGT".index(change[1])] = value
    roles = {"tumour": changed, "normal": table} if matched else {"tumour": changed}
    return PairEstimates(roles, tumour_in_normal, contamination)


@functools.cache
def model():
    return Model.read(checkout.root() / "config/models/exome.yaml")


def judged(row, pair=None):
    """What the model that is shipped says of one candidate."""
    matched = row["normal_depth"] is not None
    return judge(frame(row), pair or estimates(matched), model()).row(0, named=True)
