"""The pictures of the report, from the cohort's tables."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import polars as pl

from onconcord.report.cohort import (
    CONSEQUENCE_CLASSES,
    OWN_RULES,
    SPECTRUM,
    STATUSES,
    CohortTables,
    pyrimidine_change,
)
from onconcord.report.svg import Dot, Figure, Line, Mark, Rect, Scale, Text, axes, nice_ticks

CELL = 38
ROW = 27
LABEL = 92
MAX_GENES = 40
LETTERS = {name: label[0] for name, (label, _) in CONSEQUENCE_CLASSES.items()}
LETTERS["splice"] = "P"
"""What tells the classes apart where colours do not: T, P, M, I, S."""
MAX_DOTS = 3000
VAF_TICKS = (0, 0.2, 0.4, 0.6, 0.8, 1)
DEPTH_TICKS = (10, 30, 100, 300, 1000, 3000)


def _pair_labels(pairs: Iterable[str], x0: float, y: float, width: float) -> list[Mark]:
    return [
        Text(x0 + column * width + width / 2 + 4, y, pair, "start", "label", -55)
        for column, pair in enumerate(pairs)
    ]


def _top_space(pairs: list[str]) -> float:
    return 18 + max((len(pair) for pair in pairs), default=1) * 5.6


def passing(cohort: CohortTables) -> pl.DataFrame:
    """Variants of the cohort that pass, those that may be inherited among them."""
    return cohort.variants.filter(pl.col("status") != "dropped")


def somatic(cohort: CohortTables) -> pl.DataFrame:
    """Kept and flagged variants of the cohort."""
    return passing(cohort).filter(pl.col("status") != "unresolved")


def oncoprint(cohort: CohortTables) -> Figure:
    """
    Genes (most often altered first) by pairs (sorted so that shared alterations line up).

    A cell is split among the consequence classes of its somatic variants, the most severe on the
    left, each with its letter; a dot marks a known hotspot; hatching marks a gene of which no base
    could be called. A framed cell with a question mark has variants that may be inherited, and
    nothing else; it does not count as altered.
    """
    order = list(CONSEQUENCE_CLASSES)
    altered = passing(cohort).filter(
        pl.col("gene_symbol").is_not_null() & (pl.col("consequence_class") != "silent")
    )
    cells: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in altered.iter_rows(named=True):
        cells.setdefault((row["gene_symbol"], row["pair_id"]), []).append(row)
    unsure = {
        cell: names
        for cell, hits in cells.items()
        if all(row["status"] == "unresolved" for row in hits)
        for names in [", ".join(row["hgvsp"] or row["variant_key"] for row in hits)]
    }
    cells = {
        cell: [row for row in hits if row["status"] != "unresolved"]
        for cell, hits in cells.items()
        if cell not in unsure
    }
    frequency = Counter(gene for gene, _ in cells)
    frequency.update({gene: 0 for gene, _ in unsure})
    callable_genes = cohort.genes.filter(pl.col("gene_symbol").is_not_null())
    tested = sorted(set(callable_genes["gene_symbol"].to_list()) - set(frequency))
    genes = [gene for gene, _ in sorted(frequency.items(), key=lambda item: (-item[1], item[0]))]
    genes = (genes + tested)[:MAX_GENES]
    pairs = sorted(
        cohort.pairs["pair_id"].to_list(),
        key=lambda pair: ([(gene, pair) not in cells for gene in genes], pair),
    )
    blind = {
        (row["gene_symbol"], row["pair_id"])
        for row in callable_genes.iter_rows(named=True)
        if row["status"] in ("not_callable", "not_targeted")
    }
    top, x0 = _top_space(pairs), LABEL
    right = x0 + len(pairs) * CELL
    marks: list[Mark] = _pair_labels(pairs, x0, top - 8, CELL)
    for line, gene in enumerate(genes):
        y = top + line * ROW
        marks.append(Text(x0 - 10, y + 16, gene, "end", "gene"))
        for column, pair in enumerate(pairs):
            x = x0 + column * CELL
            hits = cells.get((gene, pair), [])
            if (gene, pair) in unsure:
                title = f"{gene} in {pair}: {unsure[gene, pair]}, perhaps inherited"
                marks.append(Rect(x, y, CELL - 3, ROW - 3, "unsure", title))
                marks.append(Text(x + (CELL - 3) / 2, y + 16, "?", "middle", "on-unsure"))
                continue
            style = "blind" if (gene, pair) in blind else "empty"
            state = "not callable" if style == "blind" else "no passing variant"
            if not hits:
                marks.append(Rect(x, y, CELL - 3, ROW - 3, style, f"{gene} in {pair}: {state}"))
                continue
            hits.sort(key=lambda row: order.index(row["consequence_class"]))
            names = ", ".join(row["hgvsp"] or row["variant_key"] for row in hits)
            classes = list(dict.fromkeys(row["consequence_class"] for row in hits))
            part = (CELL - 3) / len(classes)
            for place, name in enumerate(classes):
                title = f"{gene} in {pair}: {names}"
                marks.append(Rect(x + place * part, y, part, ROW - 3, f"c-{name}", title))
                middle = x + (place + 0.5) * part
                marks.append(Text(middle, y + ROW - 6, LETTERS[name], "middle", f"on-c-{name}"))
            if any(row["hotspot"] for row in hits):
                marks.append(Dot(x + (CELL - 3) / 2, y + (ROW - 3) / 2, 4, "hot", names))
        share = frequency[gene] / max(len(pairs), 1)
        marks.append(Rect(right + 8, y + 6, 90 * share, ROW - 15, "bar"))
        label = f"{frequency[gene]} of {len(pairs)}"
        marks.append(Text(right + 14 + 90 * share, y + 16, label, "start", "tick"))
    height = top + len(genes) * ROW + 4
    return Figure(right + 160, height, "Altered genes by pair", marks)


def _dots(rows: pl.DataFrame, x: Scale, y: Scale, columns: tuple[str, str]) -> list[Mark]:
    marks: list[Mark] = []
    for status in reversed(STATUSES):
        for row in rows.filter(pl.col("status") == status).head(MAX_DOTS).iter_rows(named=True):
            name = row["hgvsp"] or row["variant_key"]
            title = (
                f"{row['pair_id']}  {row['gene_symbol'] or ''} {name}\n"
                f"VAF {row['tumor_vaf']:.3f}, {row['tumor_alt_count']} of {row['tumor_depth']} "
                f"reads, {status}"
            )
            style = f"s-{status}" + (" hot-dot" if row["hotspot"] else "")
            radius = 5.0 if row["hotspot"] else (2.4 if status == "dropped" else 4.0)
            marks.append(Dot(x(row[columns[0]]), y(row[columns[1]]), radius, style, title))
    return marks


def vaf_by_depth(cohort: CohortTables) -> Figure:
    """Tumour allele fraction against tumour depth (logarithmic), of every recounted candidate."""
    rows = cohort.variants.filter(pl.col("tumor_vaf").is_not_null() & (pl.col("tumor_depth") > 0))
    low, high = 10, 300
    if rows.height:
        low = min(low, rows["tumor_depth"].min())  # type: ignore[type-var, assignment]
        high = max(high, rows["tumor_depth"].max())  # type: ignore[type-var, assignment]
    x = Scale(max(low * 0.8, 1), high * 1.2, 54, 500, log=True)
    y = Scale(0, 1, 300, 14)
    ticks = [tick for tick in (1, 3, *DEPTH_TICKS) if x.low <= tick <= x.high]
    names = ("tumour depth (reads, log scale)", "tumour VAF")
    marks = axes(x, y, ticks, VAF_TICKS, names)
    marks += _dots(rows, x, y, ("tumor_depth", "tumor_vaf"))
    return Figure(512, 342, "Tumour allele fraction against depth", marks)


def vaf_by_normal(cohort: CohortTables) -> Figure:
    """Tumour against normal allele fraction, of candidates that the normal's reads cover."""
    rows = cohort.variants.filter(
        pl.col("tumor_vaf").is_not_null()
        & pl.col("normal_alt_count").is_not_null()
        & (pl.col("normal_depth") > 0)
    ).with_columns(normal_vaf=pl.col("normal_alt_count") / pl.col("normal_depth"))
    x, y = Scale(-0.02, 1, 54, 500), Scale(0, 1, 300, 14)
    marks = axes(x, y, VAF_TICKS, VAF_TICKS, ("normal VAF", "tumour VAF"))
    marks.append(Line(x(0), y(0), x(1), y(1), "diagonal"))
    marks += _dots(rows, x, y, ("normal_vaf", "tumor_vaf"))
    return Figure(512, 342, "Tumour against normal allele fraction", marks)


def vaf_histograms(cohort: CohortTables) -> list[tuple[str, int, Figure]]:
    """
    Per pair: its id, how many variants pass, their tumour allele fractions in steps of 0.05.

    Those that may be inherited are framed, on top of the others.
    """
    rows = passing(cohort).filter(pl.col("tumor_vaf").is_not_null())
    binned: dict[str, Counter[int]] = {pair: Counter() for pair in cohort.pairs["pair_id"]}
    unsure: dict[str, Counter[int]] = {pair: Counter() for pair in cohort.pairs["pair_id"]}
    for pair, vaf, status in rows.select("pair_id", "tumor_vaf", "status").iter_rows():
        at = min(int(round(vaf * 20, 6)), 19)
        binned[pair][at] += 1
        unsure[pair][at] += status == "unresolved"
    tallest = max((max(bins.values(), default=0) for bins in binned.values()), default=0)
    figures = []
    for pair, bins in binned.items():
        x, y = Scale(0, 20, 24, 214), Scale(0, max(tallest, 1), 84, 10)
        marks: list[Mark] = [
            Rect(
                x(at),
                y(n),
                8.4,
                y(0) - y(n),
                "bar-vaf",
                f"{n} at {at / 20:.2f}-{at / 20 + 0.05:.2f}",
            )
            for at, n in sorted(bins.items())
        ]
        marks += [
            Rect(
                *(x(at), y(bins[at]), 8.4, y(0) - y(n), "bar-unsure"),
                f"{n} perhaps inherited at {at / 20:.2f}-{at / 20 + 0.05:.2f}",
            )
            for at, n in sorted(unsure[pair].items())
            if n
        ]
        marks.append(Line(24, 84, 214, 84, "axis"))
        marks += [Text(x(at * 20), 98, f"{at:g}", "middle", "tick") for at in (0, 0.5, 1)]
        marks += [Text(19, y(tallest) + 4, str(tallest), "end", "tick")]
        figures.append((pair, sum(bins.values()), Figure(224, 104, f"VAF of {pair}", marks)))
    return figures


def spectrum(cohort: CohortTables) -> Figure:
    """
    Share of the six substitutions among each pair's somatic SNVs, and how many they are.

    A part that is wide enough has its substitution on it, so that no colour is needed.
    """
    counts: dict[str, Counter[str]] = {pair: Counter() for pair in cohort.pairs["pair_id"]}
    for pair, ref, alt in somatic(cohort).select("pair_id", "ref", "alt").iter_rows():
        change = pyrimidine_change(ref, alt)
        if change:
            counts[pair][change] += 1
    marks: list[Mark] = []
    for line, (pair, changes) in enumerate(counts.items()):
        y, total, x = 8 + line * 30, sum(changes.values()), float(LABEL)
        marks.append(Text(LABEL - 10, y + 15, pair, "end", "label"))
        for place, change in enumerate(SPECTRUM):
            width = 340 * changes[change] / total if total else 0
            if width:
                title = f"{pair} {change}: {changes[change]} of {total}"
                marks.append(Rect(x, y, max(width - 1.5, 1), 22, f"m-{place}", title))
                if width > 26:
                    middle, text = x + width / 2, change
                    if width > 56:
                        text = f"{change} {changes[change]}"
                    marks.append(Text(middle, y + 15, text, "middle", f"on-m-{place}"))
            x += width
        marks.append(Text(LABEL + 350, y + 15, f"{total} SNVs", "start", "tick"))
    return Figure(LABEL + 420, len(counts) * 30 + 12, "Substitutions by pair", marks)


def callability(cohort: CohortTables) -> Figure:
    """Callable fraction of each gene's coding target by pair; the number is in the cell."""
    rows = cohort.genes.filter(pl.col("target_bp") > 0)
    names = rows.with_columns(gene=pl.coalesce("gene_symbol", "gene_id"))
    genes = sorted(set(names["gene"].to_list()))[:MAX_GENES]
    pairs = cohort.pairs["pair_id"].to_list()
    values = {(row["gene"], row["pair_id"]): row for row in names.iter_rows(named=True)}
    top, width = _top_space(pairs), CELL + 8
    marks: list[Mark] = _pair_labels(pairs, LABEL, top - 8, width)
    for line, gene in enumerate(genes):
        y = top + line * ROW
        marks.append(Text(LABEL - 10, y + 16, gene, "end", "gene"))
        for column, pair in enumerate(pairs):
            x, row = LABEL + column * width, values.get((gene, pair))
            share = row["callable_frac"] if row else None
            if row is None or share is None:
                marks.append(
                    Rect(x, y, width - 3, ROW - 3, "blind", f"{gene} in {pair}: not known")
                )
                continue
            depth = row["tumor_mean_depth"]
            title = f"{gene} in {pair}: {share:.1%} of {row['target_bp']} coding bases callable"
            title += f", mean tumour depth {depth:.0f}" if depth is not None else ""
            step = min(int(share * 5), 4) if share < 0.95 else 5
            marks.append(Rect(x, y, width - 3, ROW - 3, f"h-{step}", title))
            marks.append(
                Text(x + width / 2 - 1.5, y + 16, f"{share:.0%}"[:-1], "middle", f"on-h-{step}")
            )
    height = top + len(genes) * ROW + 4
    return Figure(LABEL + len(pairs) * width + 12, height, "Callable fraction", marks)


def dropped_by_rule(cohort: CohortTables) -> Figure:
    """How many candidates each rule dropped: the first rule with outcome `drop` counts."""
    key = ["center_id", "pair_id", "reference_id", "chrom", "pos", "ref", "alt"]
    dropped = cohort.variants.filter(pl.col("status") == "dropped").select(key)
    trail = cohort.decisions.filter(pl.col("outcome") == "drop").sort("ordinal")
    rules = trail.join(dropped, on=key, how="semi").unique(key, keep="first", maintain_order=True)
    counts = Counter(rule.removeprefix(OWN_RULES) for rule in rules["rule_id"])
    unexplained = dropped.height - rules.height
    if unexplained:
        counts["no rule recorded"] = unexplained
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ticks = nice_ticks(rows[0][1] if rows else 0)
    x = Scale(0, ticks[-1], 190, 470)
    marks: list[Mark] = []
    for line, (rule, n) in enumerate(rows):
        y = 8 + line * 26
        marks.append(Text(180, y + 13, rule, "end", "label"))
        marks.append(Rect(190, y, max(x(n) - 190, 1), 18, "bar", f"{rule}: {n}"))
        marks.append(Text(x(n) + 7, y + 13, str(n), "start", "tick"))
    return Figure(512, len(rows) * 26 + 14, "Candidates dropped by rule", marks)


VARIANT_COLUMNS = (
    "status",
    "pair_id",
    "gene_symbol",
    "hgvsp",
    "hgvsc",
    "consequence_so",
    "variant_key",
    "variant_class",
    "tumor_vaf",
    "tumor_alt_count",
    "tumor_depth",
    "normal_alt_count",
    "normal_depth",
    "n_callers_pass",
    "n_callers_capable",
    "callers_pass",
    "reason",
    "hotspot",
)


def variant_data(cohort: CohortTables, limit: int) -> dict[str, Any]:
    """
    The rows of the page's table: passing ones first, at most `limit`, as columns of values.

    Returns:
        {"columns": names, "rows": values, "left_out": number of rows beyond the limit}.
    """
    order = pl.col("status").replace_strict(
        {"kept": 0, "flagged": 0, "unresolved": 1, "dropped": 2}
    )
    rows = cohort.variants.sort(order, maintain_order=True).select(
        *[pl.col(name) for name in VARIANT_COLUMNS if name != "callers_pass"],
        pl.col("callers_pass").list.join(", "),
    )
    shown = rows.select(VARIANT_COLUMNS).head(limit)
    return {
        "columns": list(VARIANT_COLUMNS),
        "rows": [list(row) for row in shown.iter_rows()],
        "left_out": max(rows.height - limit, 0),
    }
