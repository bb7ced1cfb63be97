"""The page of `make accuracy`: who finds what, how sure the decision is, and where it is wrong."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from onconcord.accuracy.outcomes import DECISION, UNION, Candidate, Outcome
from onconcord.accuracy.outcomes import methods as passing_methods
from onconcord.accuracy.profiles import CLASSES
from onconcord.accuracy.proof import Scored
from onconcord.accuracy.scores import ALL, FRACTION_BINS, by_method, count, fraction_bin, tenths
from onconcord.files import write_text
from onconcord.report.page import asset, environment
from onconcord.report.svg import Dot, Figure, Line, Mark, Rect, Scale, Text, axes

TICKS = (0, 0.2, 0.4, 0.6, 0.8, 1)
STYLES = (DECISION, UNION)
CALLER_STYLES = ("m-2", "m-4", "m-5", "m-3")
ROW = 24
MAX_LISTED = 400


def methods_of(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Methods with their CSS class: the decision first, then callers, then their union."""
    callers = [method for method in passing_methods(outcomes) if method not in STYLES]
    styles = {DECISION: "m-1"}
    for place, caller in enumerate(callers):
        styles[caller] = CALLER_STYLES[place % len(CALLER_STYLES)]
    return styles | {UNION: "m-0"}


def f1_figure(scored: Scored, kind: str, methods: dict[str, str]) -> Figure:
    """F1 of every method by profile; the interval is the decision's."""
    profiles = list(dict.fromkeys(outcome.profile for outcome in scored.outcomes))
    x = Scale(0, 1, 170, 520)
    bottom = 12 + len(profiles) * ROW
    y = Scale(0, 1, bottom, 6)
    marks = axes(x, y, TICKS, (), ("F1", ""))
    for line, profile in enumerate(profiles):
        at = 18 + line * ROW
        marks.append(Text(160, at + 4, profile, "end", "label"))
        own = [
            outcome
            for outcome in scored.outcomes
            if outcome.profile == profile and kind in (ALL, outcome.variant_class)
        ]
        scores = by_method(own)
        if DECISION in scores and (interval := scores[DECISION].f1_interval):
            marks.append(Line(x(interval[0]), at, x(interval[1]), at, "axis"))
        for method, style in reversed(methods.items()):
            if method in scores and (f1 := scores[method].f1) is not None:
                score = scores[method]
                counts = f"{score.tp} found, {score.fp} wrong, {score.fn} missed"
                marks.append(Dot(x(f1), at, 5, style, f"{profile}, {method}: {f1:.3f}; {counts}"))
    return Figure(540, bottom + 40, f"F1 by profile, {kind}", marks)


def recall_figure(scored: Scored, methods: dict[str, str]) -> Figure:
    """Recall of every method by allele fraction, all profiles together."""
    bins = [fraction_bin(low) for low in FRACTION_BINS[:-1]]
    step = 92
    x, y = Scale(0, len(bins), 54, 54 + step * len(bins)), Scale(0, 1, 250, 14)
    marks = axes(x, y, (), TICKS, ("allele fraction", "recall"))
    width = (step - 16) / len(methods)
    for place, name in enumerate(bins):
        marks.append(Text(x(place + 0.5), 266, name, "middle", "tick"))
        for number, (method, style) in enumerate(methods.items()):
            own = [
                outcome
                for outcome in scored.outcomes
                if outcome.method == method
                and outcome.fraction
                and fraction_bin(outcome.fraction) == name
            ]
            score = count(own)
            if score.recall is not None:
                title = f"{method}, {name}: {score.tp} of {score.tp + score.fn}"
                left = x(place) + 8 + number * width
                top = y(score.recall)
                marks.append(Rect(left, top, width - 2, 250 - top, style, title))
    return Figure(54 + step * len(bins) + 12, 290, "Recall by allele fraction", marks)


def curve_figure(scored: Scored, methods: dict[str, str]) -> Figure:
    """Precision and recall: the decision at every threshold, callers and union as they are."""
    x, y = Scale(0, 1, 54, 420), Scale(0, 1, 300, 14)
    marks = axes(x, y, TICKS, TICKS, ("recall", "precision"))
    for point, after in pairwise(_curve(scored)):
        marks.append(Line(x(point[0]), y(point[1]), x(after[0]), y(after[1]), "axis"))
    for method, style in methods.items():
        score = count(outcome for outcome in scored.outcomes if outcome.method == method)
        if score.precision is not None and score.recall is not None:
            title = f"{method}: precision {score.precision:.3f}, recall {score.recall:.3f}"
            marks.append(Dot(x(score.recall), y(score.precision), 5, style, title))
    return Figure(432, 342, "Precision and recall", marks)


def _curve(scored: Scored) -> list[tuple[float, float]]:
    """Recall and precision among all candidates as the threshold of the probability falls."""
    ordered = sorted(scored.candidates, key=lambda candidate: -candidate.p)
    all_true = sum(candidate.true for candidate in ordered)
    points, true = [], 0
    for number, candidate in enumerate(ordered, start=1):
        true += candidate.true
        last = number == len(ordered) or ordered[number].p != candidate.p
        if all_true and last:
            points.append((true / all_true, true / number))
    # A page holds a few hundred steps; what is left out lies between two that are there.
    return points[:: max(len(points) // 300, 1)]


def calibration_figure(candidates: Sequence[Candidate]) -> Figure:
    """True share of the candidates by tenths of their probability, with its interval."""
    x, y = Scale(0, 1, 54, 420), Scale(0, 1, 300, 14)
    marks: list[Mark] = axes(x, y, TICKS, TICKS, ("probability", "true share"))
    marks.append(Line(x(0), y(0), x(1), y(1), "diagonal"))
    for tenth in tenths(candidates):
        low, high = tenth.interval
        marks.append(Line(x(tenth.mean), y(low), x(tenth.mean), y(high), "axis"))
        title = f"{tenth.n} candidates: mean {tenth.mean:.3f}, true {tenth.true_frac:.3f}"
        marks.append(Dot(x(tenth.mean), y(tenth.true_frac), 5, "s-kept", title))
    return Figure(432, 342, "Calibration", marks)


def write_page(scored: Scored, broken: Sequence[str], out: Path) -> None:
    """Write the page: one file that opens without a network."""
    methods = methods_of(scored.outcomes)
    wrong = [
        outcome
        for outcome in scored.outcomes
        if outcome.method == DECISION and outcome.outcome in ("fp", "fn")
    ]
    page = (
        environment()
        .get_template("accuracy.html.j2")
        .render(
            broken=broken,
            methods=methods,
            f1=[(kind, f1_figure(scored, kind, methods)) for kind in (ALL, *CLASSES)],
            recall=recall_figure(scored, methods),
            curve=curve_figure(scored, methods),
            calibration=calibration_figure(scored.candidates),
            rated=len(scored.candidates),
            rows=scored.rows(*CLASSES),
            pooled=scored.pooled(),
            wrong=wrong[:MAX_LISTED],
            left_out=max(len(wrong) - MAX_LISTED, 0),
            css=asset("style.css"),
        )
    )
    write_text(out, page)
