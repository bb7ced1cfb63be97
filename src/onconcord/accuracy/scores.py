"""Counts, ratios with their intervals, and calibration, from the outcomes of all pairs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from onconcord.accuracy.outcomes import DECISION, UNION, Candidate, Outcome
from onconcord.accuracy.profiles import CLASSES

ALL = "ALL"
FRACTION_BINS = (0.05, 0.1, 0.2, 0.3, 1.0)
TENTHS = 10
ENOUGH = 50
"""Candidates of a tenth from which its true share says something."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """Counts of one method; ratios are in [0, 1], None without a denominator."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float | None:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def recall(self) -> float | None:
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where nothing is true or called."""
        whole = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / whole if whole else None

    @property
    def precision_interval(self) -> Interval | None:
        return wilson(self.tp, self.tp + self.fp)

    @property
    def recall_interval(self) -> Interval | None:
        return wilson(self.tp, self.tp + self.fn)

    @property
    def f1_interval(self) -> Interval | None:
        """From that of the share j of tp among all, since F1 is 2 j / (1 + j)."""
        found = wilson(self.tp, self.tp + self.fp + self.fn)
        return None if found is None else (_f1_of(found[0]), _f1_of(found[1]))


def _f1_of(share: float) -> float:
    return 2 * share / (1 + share)


def wilson(hits: int, total: int) -> Interval | None:
    """95 % interval of a share; None of nothing. Source: Wilson 1927."""
    # Here, since it takes a second that only a page of accuracy needs.
    from scipy.stats import binomtest

    if not total:
        return None
    found = binomtest(hits, total).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


@dataclass(frozen=True)
class Row:
    """One profile and class of summary.json, at LOWEST_FRACTION and above; null: unknown."""

    profile: str
    variant_class: str
    n_truth: int
    best_caller: str
    best_f1: float
    decision_f1: float
    precision: float | None
    recall: float | None
    calibration_error: float | None


def count(outcomes: Iterable[Outcome]) -> Score:
    """Counts of outcomes of one method."""
    found: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        found[outcome.outcome] += 1
    return Score(found["tp"], found["fp"], found["fn"])


def by_method(outcomes: Sequence[Outcome]) -> dict[str, Score]:
    """Counts of each method."""
    own: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        own[outcome.method].append(outcome)
    return {method: count(found) for method, found in own.items()}


def rows(
    outcomes: Sequence[Outcome], candidates: Sequence[Candidate], classes: Sequence[str] = CLASSES
) -> list[Row]:
    """
    One row for each profile and class with a true event, in the order they come.

    Args:
        classes: of CLASSES, or ALL for all of them together.
    """
    found = []
    for profile in dict.fromkeys(outcome.profile for outcome in outcomes):
        error = calibration_error(
            [candidate for candidate in candidates if candidate.profile == profile]
        )
        for kind in classes:
            own = [
                outcome
                for outcome in outcomes
                if outcome.profile == profile and kind in (ALL, outcome.variant_class)
            ]
            scores = by_method(own)
            decision = scores.get(DECISION, Score(0, 0, 0))
            if not decision.tp + decision.fn:
                continue
            f1 = {
                method: score.f1 or 0.0
                for method, score in sorted(scores.items())
                if method not in (DECISION, UNION)
            }
            best = max(f1, key=lambda method: f1[method])
            found.append(
                Row(
                    profile,
                    kind,
                    decision.tp + decision.fn,
                    best,
                    round(f1[best], 6),
                    round(decision.f1 or 0.0, 6),
                    _rounded(decision.precision),
                    _rounded(decision.recall),
                    _rounded(error),
                )
            )
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


@dataclass(frozen=True)
class Tenth:
    """Candidates whose probability lies in [low, high): mean of it, and true share of them."""

    low: float
    high: float
    n: int
    mean: float
    true_frac: float
    interval: Interval


def tenths(candidates: Sequence[Candidate]) -> list[Tenth]:
    """Tenths of the probability that hold a candidate, ascending; 1 belongs to the last."""
    bins: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        bins[min(int(candidate.p * TENTHS), TENTHS - 1)].append(candidate)
    found = []
    for number, own in sorted(bins.items()):
        true = sum(candidate.true for candidate in own)
        interval = wilson(true, len(own))
        assert interval is not None
        mean = sum(candidate.p for candidate in own) / len(own)
        low, high = number / TENTHS, (number + 1) / TENTHS
        found.append(Tenth(low, high, len(own), mean, true / len(own), interval))
    return found


def calibration_error(candidates: Sequence[Candidate]) -> float | None:
    """
    Mean distance of probability and true share over the tenths, each by its number of candidates.

    None where no candidate has a probability. Source: expected calibration error, Naeini 2015.
    """
    if not candidates:
        return None
    return sum(tenth.n * abs(tenth.mean - tenth.true_frac) for tenth in tenths(candidates)) / len(
        candidates
    )


def fraction_bin(fraction: float) -> str:
    """The bin of FRACTION_BINS that an allele fraction lies in."""
    for low, high in pairwise(FRACTION_BINS):
        if fraction < high:
            return f"{low:g}-{high:g}"
    return f"{FRACTION_BINS[-2]:g}-{FRACTION_BINS[-1]:g}"
