"""
The files of `make accuracy`, and its rules.

The decision may lose to no caller in any profile and class, its probabilities must hold, and it
may not fall against the committed baseline.
"""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onconcord.accuracy.haplotypes import WINDOW_BP
from onconcord.accuracy.outcomes import (
    LOWEST_FRACTION,
    Candidate,
    Outcome,
    callers_of,
    methods,
    score_pair,
)
from onconcord.accuracy.profiles import CLASSES, Plan, Profile
from onconcord.accuracy.scores import (
    ALL,
    ENOUGH,
    Row,
    Score,
    by_method,
    calibration_error,
    count,
    fraction_bin,
    rows,
    tenths,
)
from onconcord.contract import tableio
from onconcord.errors import Fault, InputError, OnconcordError
from onconcord.files import write_text, write_tsv
from onconcord.reference.sequence import Genome

MOST_CALIBRATION_ERROR = 0.05
MOST_FALL = 0.005
MOST_TENTH_ERROR = 0.05
STRATA = ("stratum", "value", "profile", "method", "variant_class", "tp", "fp", "fn", "recall")
INTERVALS = ("recall_low", "recall_high", "precision", "precision_low", "precision_high")
F1 = ("f1", "f1_low", "f1_high")
OUTCOMES = ("profile", "pair", "method", "variant_class", "outcome", "chrom", "pos", "ref", "alt")
SIZES = ((1, "1"), (5, "2-5"), (15, "6-15"), (50, "16-50"))


class BrokenRules(OnconcordError):
    """The decision is not as good as it has to be; one rule a line."""

    exit_code = 1


@dataclass(frozen=True)
class Scored:
    """Outcomes and candidates of all pairs, and what the rules say of them."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    candidates: tuple[Candidate, ...]

    def rows(self, *classes: str) -> list[Row]:
        """Rows of all profiles, of each of the classes."""
        return rows(self.outcomes, self.candidates, classes)

    def pooled(self) -> list[Row]:
        """One row for each class, of all profiles together, and one of all classes."""
        together = [dataclasses.replace(outcome, profile=ALL) for outcome in self.outcomes]
        candidates = [dataclasses.replace(candidate, profile=ALL) for candidate in self.candidates]
        return rows(together, candidates, (*CLASSES, ALL))


def score(plan: Plan, genome: Genome, folders: Sequence[Path]) -> Scored:
    """
    Score every pair of finished working folders.

    Raises:
        InputError: a pair has no tables, or its truth cannot be read; all such pairs at once.
    """
    outcomes: list[Outcome] = []
    candidates: list[Candidate] = []
    faults: list[Fault] = []
    for folder in folders:
        for truth in sorted((folder / "truth").glob("*.tsv")):
            pair = truth.stem
            if not (folder / f"results/8_harmonised/{pair}/MANIFEST.json").exists():
                message = f'the pair "{pair}" has no tables: run the pipeline in {folder}.'
                faults.append(Fault(str(truth), message))
                continue
            profile = pair.rsplit("-", 1)[0]
            found = score_pair(genome, folder, profile, pair, callers_of(folder, pair))
            outcomes += found[0]
            candidates += found[1]
    if faults:
        raise InputError(faults)
    order = {profile.name: number for number, profile in enumerate(plan.profiles)}
    outcomes.sort(
        key=lambda outcome: (order[outcome.profile], outcome.pair, outcome.method, outcome.allele)
    )
    return Scored(plan, tuple(outcomes), tuple(candidates))


def broken_rules(scored: Scored, baseline: dict[str, float], whole: bool) -> list[str]:
    """
    Sentences, one for each rule that is broken.

    Args:
        baseline: F1 of the decision by profile, and of all profiles by class.
        whole: every class of a profile must win, and its probabilities hold; a slice has too
            few events for that. There a profile is looked at as a whole.
    """
    said = []
    for row in scored.rows(*CLASSES) if whole else scored.rows(ALL):
        if row.decision_f1 < row.best_f1:
            said.append(
                f"{row.profile}, {row.variant_class}: the decision's F1 is {row.decision_f1:.4f}, "
                f"{row.best_caller} alone has {row.best_f1:.4f}."
            )
    for row in scored.rows(ALL) if whole else scored.pooled()[-1:]:
        error = row.calibration_error
        if error is not None and error > MOST_CALIBRATION_ERROR:
            limit = f"at most {MOST_CALIBRATION_ERROR} is allowed"
            said.append(f"{row.profile}: the calibration error is {error:.4f}, {limit}.")
    for tenth in tenths(scored.candidates) if whole else ():
        by_chance = tenth.interval[0] <= tenth.mean <= tenth.interval[1]
        off = abs(tenth.mean - tenth.true_frac) > MOST_TENTH_ERROR
        if tenth.n >= ENOUGH and off and not by_chance:
            said.append(
                f"of the {tenth.n} candidates with a probability in {tenth.low:g}-{tenth.high:g} "
                f"(mean {tenth.mean:.3f}) {tenth.true_frac:.3f} are true."
            )
    now = baseline_of(scored)
    for name, before in baseline.items():
        if name not in now:
            said.append(f"{name} is in the baseline and was not scored.")
        elif now[name] < before - MOST_FALL:
            said.append(f"{name}: F1 fell from {before:.4f} in the baseline to {now[name]:.4f}.")
    return said


def baseline_of(scored: Scored) -> dict[str, float]:
    """What a later run is held to: F1 by profile and, over all profiles, by class."""
    profiles = {row.profile: row.decision_f1 for row in scored.rows(ALL)}
    return profiles | {f"all {row.variant_class}": row.decision_f1 for row in scored.pooled()}


def write_all(scored: Scored, said: Sequence[str], out: Path) -> None:
    """Write summary.json, strata.tsv, outcomes.tsv and concordance.parquet."""
    out.mkdir(parents=True, exist_ok=True)
    summary = {
        "lowest_fraction": LOWEST_FRACTION,
        "rows": [dataclasses.asdict(row) for row in scored.rows(*CLASSES)],
        "profiles": [dataclasses.asdict(row) for row in scored.rows(ALL)],
        "classes": [dataclasses.asdict(row) for row in scored.pooled()],
        "calibration": {
            "error": calibration_error(scored.candidates),
            "tenths": [dataclasses.asdict(tenth) for tenth in tenths(scored.candidates)],
        },
        "broken_rules": list(said),
    }
    write_text(out / "summary.json", json.dumps(summary, indent=1) + "\n")
    write_tsv(out / "strata.tsv", (*STRATA, *INTERVALS, *F1), strata(scored))
    header = (*OUTCOMES, "fraction", "context", "inherited")
    write_tsv(out / "outcomes.tsv", header, map(_outcome_cells, scored.outcomes))
    tableio.write("concordance", concordance(scored.outcomes), out / "concordance.parquet")


def _outcome_cells(outcome: Outcome) -> Sequence[object]:
    allele = outcome.allele
    where = (allele.chrom, allele.pos, allele.ref, allele.alt)
    named = (outcome.profile, outcome.pair, outcome.method, outcome.variant_class, outcome.outcome)
    fraction = "" if outcome.fraction is None else outcome.fraction
    return (*named, *where, fraction, outcome.context, "yes" if outcome.inherited else "no")


def strata(scored: Scored) -> Iterable[Sequence[object]]:
    """
    Rows of strata.tsv: profile, class, fraction, depth and repeat, for every method.

    A wrong call has no true fraction: by fraction there is recall only.
    """
    profiles = {profile.name: profile for profile in scored.plan.profiles}
    groups: dict[tuple[str, ...], list[Outcome]] = defaultdict(list)
    for outcome in scored.outcomes:
        values = {
            "all": ALL,
            "context": outcome.context,
            "depth": _depth(profiles[outcome.profile]),
        }
        if outcome.fraction is not None:
            values["fraction"] = fraction_bin(outcome.fraction)
        for stratum, value in values.items():
            for profile in (outcome.profile, ALL):
                for kind in (outcome.variant_class, ALL):
                    groups[(stratum, value, profile, outcome.method, kind)].append(outcome)
    for key, own in sorted(groups.items()):
        found = count(own)
        recall = (found.recall, *_both(found.recall_interval))
        counts = (found.tp, found.fp, found.fn)
        if key[0] == "fraction":
            yield *key, *map(_cell, (*counts, *recall, *(None,) * 6))
        else:
            precision = (found.precision, *_both(found.precision_interval))
            f1 = (found.f1, *_both(found.f1_interval))
            yield *key, *map(_cell, (*counts, *recall, *precision, *f1))


def _depth(profile: Profile) -> str:
    normal = f"{profile.normal_depth}x" if profile.normal_depth else "none"
    return f"{profile.tumour_depth}x/{normal}"


def _both(interval: tuple[float, float] | None) -> tuple[float | None, float | None]:
    return interval or (None, None)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4f}"


def concordance(outcomes: Iterable[Outcome]) -> list[dict[str, object]]:
    """Rows of the contract table `concordance`: a profile is a benchmark, a method a pipeline."""
    groups: dict[tuple[str, str, str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for kind in (outcome.variant_class, ALL):
            for size in {size_bin(outcome), ALL}:
                groups[(outcome.profile, outcome.method, kind, size)].append(outcome)
    return [_concordance_row(key, count(own)) for key, own in sorted(groups.items())]


def _concordance_row(key: tuple[str, str, str, str], found: Score) -> dict[str, object]:
    precision, recall = found.precision, found.recall
    known = precision is not None and recall is not None and found.tp > 0
    return {
        "center_id": ALL,
        **dict(zip(("benchmark_id", "pipeline_id", "variant_class", "size_bin"), key, strict=True)),
        "tp": found.tp,
        "fp": found.fp,
        "fn": found.fn,
        "recall": recall,
        "precision": precision,
        "f1": found.f1 if known else None,
        "h_score": None,
        "gdr": None,
        "n_pipelines": 1,
        "window_bp": WINDOW_BP,
    }


def size_bin(outcome: Outcome) -> str:
    """Bases gained or lost, or changed where the length stays."""
    ref, alt = outcome.allele.ref, outcome.allele.alt
    size = abs(len(ref) - len(alt)) or len(ref)
    return next((name for most, name in SIZES if size <= most), "51 and more")


def table_text(scored: Scored) -> str:
    """The table that a run prints: F1 of every method by profile and class."""
    names = methods(scored.outcomes)
    lines = [f"{'profile':<22}{'class':<8}{'n':>6}" + "".join(f"{m:>11}" for m in names)]
    for profile in dict.fromkeys(outcome.profile for outcome in scored.outcomes):
        for kind in (*CLASSES, ALL):
            own = [
                outcome
                for outcome in scored.outcomes
                if outcome.profile == profile and kind in (ALL, outcome.variant_class)
            ]
            found = by_method(own)
            if found:
                first = next(iter(found.values()))
                cells = "".join(
                    f"{found[m].f1 or 0:>11.3f}" if m in found else f"{'':>11}" for m in names
                )
                lines.append(f"{profile:<22}{kind:<8}{first.tp + first.fn:>6}{cells}")
    return "\n".join(lines)
