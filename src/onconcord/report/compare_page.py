"""The page of a comparison."""

import re
from pathlib import Path

from onconcord.files import write_text
from onconcord.questions.compare import STATES, Comparison
from onconcord.report.page import asset, environment
from onconcord.report.svg import Dot, Figure, Line, Mark, Rect, Scale, Text, axes, nice_ticks

SIDES = {"only_a": "only in A", "only_b": "only in B", "different": "in both, other values"}
SIDE_STYLES = {"only_a": "a-only", "only_b": "b-only", "different": "both-other"}
MAX_LISTED = 2000

_SIDE = re.compile(r"(\w+ in )?(.*)", re.DOTALL)


def matrix_figure(comparison: Comparison) -> Figure:
    """Variants by their state in A (rows) and in B (columns)."""
    width, height, x0, y0 = 92, 38, 84, 46
    most = max((n for row in comparison.matrix.values() for n in row.values()), default=0)
    marks: list[Mark] = [Text(x0 + 2 * width, 14, "in B", "middle", "axis-name")]
    marks.append(Text(12, y0 + 2 * height, "in A", "middle", "axis-name", -90))
    for column, there in enumerate(STATES):
        marks.append(Text(x0 + column * width + width / 2, 36, there, "middle", "label"))
    for line, here in enumerate(STATES):
        y = y0 + line * height
        marks.append(Text(x0 - 10, y + 22, here, "end", "label"))
        for column, there in enumerate(STATES):
            n = comparison.matrix[here][there]
            step = 0 if not n else 1 + min(int(4 * n / most), 4)
            style = "empty" if not n else f"h-{step}"
            x = x0 + column * width
            marks.append(
                Rect(x, y, width - 3, height - 3, style, f"{here} in A, {there} in B: {n}")
            )
            text = str(n) if n else "·"
            marks.append(Text(x + width / 2, y + 22, text, "middle", f"on-h-{step}"))
    return Figure(
        x0 + len(STATES) * width + 4,
        y0 + len(STATES) * height,
        "Variants by state in A and in B",
        marks,
    )


def cause_figure(comparison: Comparison) -> Figure:
    """Differences by cause, coloured by the side that has the variant."""
    causes: dict[str, dict[str, int]] = {}
    for side, counts in comparison.causes().items():
        for cause, n in counts.items():
            causes.setdefault(cause, {})[side] = n
    rows = sorted(causes.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    ticks = nice_ticks(max((sum(by.values()) for _, by in rows), default=0))
    x = Scale(0, ticks[-1], 190, 470)
    marks: list[Mark] = []
    for line, (cause, by) in enumerate(rows):
        y, done = 8 + line * 26, 0
        marks.append(Text(180, y + 13, cause.replace("_", " "), "end", "label"))
        for side, style in SIDE_STYLES.items():
            if n := by.get(side, 0):
                title = f"{cause}: {n} {SIDES[side]}"
                start, end = x(done), x(done + n)
                marks.append(Rect(start, y, max(end - start - 1, 1), 18, style, title))
                done += n
        marks.append(Text(x(done) + 7, y + 13, str(done), "start", "tick"))
    return Figure(512, len(rows) * 26 + 14, "Differences by cause", marks)


def vaf_figure(comparison: Comparison) -> Figure:
    """Tumour allele fraction in A and in B of the variants that both pass."""
    x, y = Scale(0, 1, 54, 400), Scale(0, 1, 300, 14)
    ticks = (0, 0.2, 0.4, 0.6, 0.8, 1)
    marks = axes(x, y, ticks, ticks, ("VAF in A", "VAF in B"))
    marks.append(Line(x(0), y(0), x(1), y(1), "diagonal"))
    for vaf_a, vaf_b, pair, key in comparison.vafs[:3000]:
        title = f"{pair} {key}: {vaf_a:.3f} in A, {vaf_b:.3f} in B"
        marks.append(Dot(x(vaf_a), y(vaf_b), 4, "s-kept", title))
    return Figure(412, 342, "Allele fraction in A and in B", marks)


def side_names(a: str, b: str) -> tuple[str, str]:
    """
    Names of the two sides for a page that is passed on: their folders, without what is above them.

    Args:
        a, b: `FOLDER`, or `CALLER in FOLDER`. Two folders of one name keep as much of their paths
            as tells them apart.
    """
    matches = [_SIDE.fullmatch(side) for side in (a, b)]
    callers, paths = zip(*(match.groups() for match in matches if match), strict=True)
    parts = [Path(path).absolute().parts[1:] for path in paths]
    deepest = max(map(len, parts))
    depth = next((n for n in range(1, deepest) if parts[0][-n:] != parts[1][-n:]), 1)
    tails = ["/".join(path[-depth:]) for path in parts]
    first, second = (f"{caller or ''}{tail}" for caller, tail in zip(callers, tails, strict=True))
    return first, second


def write_comparison(comparison: Comparison, out: Path) -> None:
    """Write the page of a comparison: one file that opens without a network."""
    page = (
        environment()
        .get_template("compare.html.j2")
        .render(
            comparison=comparison,
            names=side_names(comparison.a, comparison.b),
            matrix=matrix_figure(comparison),
            causes=cause_figure(comparison),
            vafs=vaf_figure(comparison),
            listed=comparison.variants[:MAX_LISTED],
            left_out=max(len(comparison.variants) - MAX_LISTED, 0),
            sides=SIDES,
            side_styles=SIDE_STYLES,
            css=asset("style.css"),
        )
    )
    write_text(out, page)
