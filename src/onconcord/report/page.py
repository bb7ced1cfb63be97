"""Fill the report's template from the tables of a working folder."""

from collections import Counter
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from onconcord import __version__
from onconcord.files import write_text
from onconcord.qc import Metric, verdict_sentence
from onconcord.questions.sources import cohort_source
from onconcord.report import figures
from onconcord.report.cohort import (
    CONSEQUENCE_CLASSES,
    SPECTRUM,
    CohortTables,
    known_drivers,
    read_cohort,
)
from onconcord.report.read_pages import ReadPage, write_read_pages

MAX_ROWS = 20_000
"""Rows of the variant table that the page holds: beyond it a browser gets slow."""

HEADS = (
    ("status", "Status", ""),
    ("pair_id", "Pair", ""),
    ("gene_symbol", "Gene", ""),
    ("hgvsp", "Change", ""),
    ("consequence_so", "Consequence", ""),
    ("variant_key", "Variant", ""),
    ("tumor_vaf", "VAF", "n"),
    ("tumor_alt_count", "Tumour reads", "n"),
    ("normal_alt_count", "Normal reads", "n"),
    ("n_callers_pass", "Callers", ""),
    ("reason", "Rules", ""),
    ("", "", ""),
)
"""Column of the data (none for a column that cannot be sorted by), heading, CSS class."""


def environment() -> Environment:
    """Templates of the report: every value is escaped, an unknown name is an error."""
    return Environment(
        loader=PackageLoader("onconcord", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def asset(name: str) -> Markup:
    """A style sheet or script of this package, to go into a page as it is."""
    return Markup(files("onconcord.report").joinpath(name).read_text(encoding="utf-8"))


def write_report(folder: Path, out: Path) -> list[Path]:
    """
    Write the report of a working folder, and beside it one page of reads per pair.

    Args:
        folder: a working folder with harmonised tables.
        out: the report; pages of reads go to a folder of its name with "_reads".
    Returns:
        Every file written, the report first.
    Raises:
        InputError: the folder has no harmonised tables, or one cannot be read.
    """
    source = cohort_source(folder)
    cohort = read_cohort(source)
    reads = write_read_pages(folder, cohort, out.with_name(f"{out.stem}_reads"))
    write_text(out, render(cohort, reads, out))
    return [out, *(page.path for page in reads)]


def render(cohort: CohortTables, reads: list[ReadPage], out: Path) -> str:
    """The report as HTML; links to the pages of reads are relative to `out`."""
    data = figures.variant_data(cohort, MAX_ROWS)
    data["reads"] = {
        page.pair: {"href": page.path.relative_to(out.parent).as_posix(), "keys": page.keys}
        for page in reads
    }
    metric_names, metrics = metric_table(cohort)
    centres = sorted(set(cohort.pairs["center_id"].to_list()))
    references = sorted(set(cohort.pairs["reference_id"].to_list()))
    versions = sorted(set(cohort.runs["pipeline_version"].to_list())) or [__version__]
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            title=" and ".join(centres),
            subtitle=f"{cohort.pairs.height} pairs, reference {', '.join(references)}",
            tiles=tiles(cohort),
            drivers=driver_cards(cohort, data["reads"]),
            hotspots_listed=cohort.hotspots.height > 0,
            unfinished=cohort.unfinished,
            pairs=[
                {**row, "reasons": verdict_reasons(cohort, row)}
                for row in cohort.pairs.iter_rows(named=True)
            ],
            alone=cohort.alone.to_dicts(),
            metric_names=metric_names,
            metrics=metrics,
            not_measured=not_measured(cohort),
            classes=CONSEQUENCE_CLASSES,
            letters=figures.LETTERS,
            substitutions=SPECTRUM,
            oncoprint=figures.oncoprint(cohort),
            vaf_normal=figures.vaf_by_normal(cohort),
            vaf_depth=figures.vaf_by_depth(cohort),
            histograms=figures.vaf_histograms(cohort),
            spectrum=figures.spectrum(cohort),
            dropped=figures.dropped_by_rule(cohort),
            callability=figures.callability(cohort),
            heads=HEADS,
            left_out=data["left_out"],
            scope=scope_rows(cohort),
            tools=cohort.tools.select("step", "tool", "version")
            .unique()
            .sort("step", "tool", "version")
            .to_dicts(),
            footer=f"onconcord {', '.join(versions)}, contract {cohort.contract_version}",
            data=data,
            css=asset("style.css"),
            js=asset("table.js"),
        )
    )


def driver_cards(cohort: CohortTables, reads: dict[str, Any]) -> list[dict[str, Any]]:
    """Known drivers as rows, with the link to their reads ("" where there is none)."""
    cards = []
    for row in known_drivers(cohort).iter_rows(named=True):
        page = reads.get(row["pair_id"], {"href": "", "keys": []})
        linked = row["variant_key"] in page["keys"]
        href = f"{page['href']}#{quote(row['variant_key'], safe='')}" if linked else ""
        cards.append(row | {"href": href})
    return cards


def verdict_reasons(cohort: CohortTables, pair: dict[str, Any]) -> list[str]:
    """Why a row of `pair` has its verdict, and what to do: a sentence per metric beyond a limit."""
    roles = {
        ("sample", pair["tumor_sample_id"]): "tumour",
        ("sample", pair["normal_sample_id"]): "normal",
        ("pair", pair["pair_id"]): "pair",
    }
    names = [field.name for field in fields(Metric)]
    beyond = cohort.metrics.filter(
        pl.col("status").is_in(["WARN", "FAIL"]),
        center_id=pair["center_id"],
        run_id=pair["run_id"],
    ).select(names)
    reached = [Metric(**row) for row in beyond.iter_rows(named=True)]
    return sorted(
        verdict_sentence(roles[metric.subject_kind, metric.entity_id], metric) for metric in reached
    )


def tiles(cohort: CohortTables) -> list[tuple[str, str]]:
    """The figures at the top of the page: number and label."""
    verdicts = Counter(cohort.pairs["qc_status"].to_list())
    callable_bp = cohort.genes.filter(pl.col("target_bp") > 0).select(
        (pl.col("callable_frac") * pl.col("target_bp")).sum().alias("found"),
        pl.col("target_bp").sum().alias("wanted"),
    )
    searched, wanted = callable_bp.row(0)
    passed = figures.somatic(cohort)
    genes = passed.filter(pl.col("consequence_class") != "silent")["gene_symbol"].drop_nulls()
    counts = cohort.pairs
    return [
        (
            str(cohort.pairs.height),
            "pairs: " + ", ".join(f"{verdicts[v]} {v.lower()}" for v in ("PASS", "WARN", "FAIL")),
        ),
        (str(counts["variants_kept"].sum()), "somatic variants kept"),
        (str(counts["variants_flagged"].sum()), "kept with a flag"),
        (str(counts["variants_unresolved"].sum()), "unresolved: somatic or inherited"),
        (str(counts["variants_dropped"].sum()), "candidates dropped"),
        (str(genes.n_unique()), "genes altered"),
        (str(passed["hotspot"].sum()), "at known hotspots"),
        (f"{searched / wanted:.1%}" if wanted else "n/a", "of coding target callable"),
    ]


def number(value: float) -> str:
    """A whole number in full, with thin spaces between thousands; others with four digits."""
    return f"{value:,.0f}".replace(",", "\u2009") if value.is_integer() else f"{value:.4g}"


def metric_table(
    cohort: CohortTables,
) -> tuple[list[str], list[tuple[str, list[dict[str, str] | None]]]]:
    """
    QC metrics with one row per sample or pair.

    Returns:
        Names of the metrics; per entity one value per metric, None where it has none. A metric that
        was not measured is "n/a"; `not_measured` says why.
    """
    names = sorted(set(cohort.metrics["metric_id"].to_list()))
    values: dict[str, dict[str, dict[str, str]]] = {}
    for row in cohort.metrics.iter_rows(named=True):
        text = "n/a" if row["value"] is None else number(row["value"])
        limits = [
            f"{name} beyond {row[column]:g}"
            for name, column in (("warns", "threshold_warn"), ("fails", "threshold_fail"))
            if row[column] is not None
        ]
        unit = "" if row["unit"] == "1" else f"unit {row['unit']}"
        values.setdefault(row["entity_id"], {})[row["metric_id"]] = {
            "text": text if _is_sentence(row["value_text"]) else row["value_text"] or text,
            "status": row["status"],
            "title": "; ".join(part for part in (row["tool"], unit, *limits) if part),
        }
    return names, [
        (entity, [metrics.get(n) for n in names]) for entity, metrics in sorted(values.items())
    ]


def not_measured(cohort: CohortTables) -> list[tuple[str, str, str]]:
    """Metrics that were not measured, and why: sample or pair, names of its metrics, the reason."""
    names: dict[tuple[str, str], set[str]] = {}
    for entity, metric, text in cohort.metrics.select(
        "entity_id", "metric_id", "value_text"
    ).iter_rows():
        if _is_sentence(text):
            names.setdefault((entity, text), set()).add(metric.replace("_", " "))
    return [
        (entity, ", ".join(sorted(metrics)), text)
        for (entity, text), metrics in sorted(names.items())
    ]


def _is_sentence(text: str | None) -> bool:
    """Whether the text of a metric says why it was not measured, and is not its value (XX)."""
    return text is not None and " " in text


def scope_rows(cohort: CohortTables) -> list[tuple[str, str]]:
    """Per analysis, how many pairs have which outcome."""
    outcomes: dict[str, Counter[str]] = {}
    for analysis, status in cohort.scope.select("analysis", "status").iter_rows():
        outcomes.setdefault(analysis, Counter())[status.replace("_", " ")] += 1
    return [
        (analysis, ", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
        for analysis, counts in sorted(outcomes.items())
    ]
