"""Commands that show what a run found: `summary` and `report`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from onconcord.cli import app

if TYPE_CHECKING:
    from onconcord.questions.compare_tables import TableDifference
    from onconcord.questions.summary import Summary

VERDICT_STYLE = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red"}


@app.command()
def summary(
    folder: Annotated[Path, typer.Argument(help="Working folder with finished pairs.")],
    truth: Annotated[
        Path | None, typer.Option(help="Known somatic variants: adds precision and recall.")
    ] = None,
    release: Annotated[Path | None, typer.Option(help="The release made from the folder.")] = None,
) -> None:
    """Print verdicts, counts and known drivers of every pair, and where the results are."""
    from onconcord.questions.summary import summarise

    print_summary(summarise(folder, release, truth), terminal())


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Working folder with finished pairs.")],
    out: Annotated[Path | None, typer.Option(help="Default: report.html in the folder.")] = None,
) -> None:
    """Write one self-contained page about the cohort, and a page of reads per pair beside it."""
    from onconcord.report import write_report

    written = write_report(folder, out or folder / "report.html")
    print(f"report: {written[0]}")
    if len(written) > 1:
        print(f"reads:  {written[1].parent} ({len(written) - 1} pages)")
    else:
        print("reads:  no page, as there are no alignments, or igv-notebook is not installed")


def terminal() -> Console:
    """Standard output, without colours and at full width when it is not a terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160, no_color=True)


def table(title: str, *columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table; columns named in `numbers` are right-aligned."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left")
    return made


def table_of_differences(
    title: str, a: str, b: str, differences: Iterable["TableDifference"]
) -> Table:
    """What differs between two sides, named `a` and `b`, one line a table."""
    numbers = (f"rows {a}", f"rows {b}", f"only {a}", f"only {b}", "other")
    made = table(title, "table", *numbers, "columns", numbers=numbers)
    for difference in differences:
        counts = (
            difference.rows_a,
            difference.rows_b,
            difference.only_a,
            difference.only_b,
            difference.different,
        )
        made.add_row(difference.table, *map(str, counts), ", ".join(difference.columns))
    return made


def print_summary(summary: "Summary", console: Console) -> None:
    """Print a summary's tables and lines."""
    numbers = ("kept", "flagged", "unresolved", "dropped", "would leave")
    pairs = table("Pairs", "centre", "pair", "design", "QC", "reason", *numbers, numbers=numbers)
    for line in summary.pairs:
        pairs.add_row(
            Text(line.centre),
            Text(line.pair),
            "matched" if line.design == "matched" else "tumour only",
            Text(line.verdict, VERDICT_STYLE[line.verdict]),
            Text(", ".join(line.reasons)),
            str(line.kept),
            str(line.flagged),
            str(line.unresolved),
            str(line.dropped),
            f"{line.leaving} of {line.kept + line.flagged + line.unresolved}",
        )
    console.print(pairs)
    if summary.unfinished:
        console.print(f"not finished: {', '.join(summary.unfinished)}\n", markup=False)
    if summary.drivers:
        drivers = table(
            "Known drivers",
            *("pair", "gene", "change", "variant", "VAF", "reads", "status"),
            numbers=("VAF", "reads"),
        )
        for driver in summary.drivers:
            counted = driver.vaf is not None
            drivers.add_row(
                Text(driver.pair),
                Text(driver.gene or ""),
                Text(driver.hgvsp or ""),
                Text(driver.variant_key),
                f"{driver.vaf:.3f}" if counted else "",
                f"{driver.alt_count}/{driver.depth}" if counted else "",
                driver.status,
            )
        console.print(drivers)
    elif summary.hotspots:
        console.print("known drivers: none passes\n", markup=False)
    else:
        console.print("known drivers: no list of hotspots was given\n", markup=False)
    if summary.accuracy:
        scored = ("true", "found", "missed", "wrong", "precision", "recall")
        scores = table("Against the truth", "design", "class", *scored, numbers=scored)
        for score in summary.accuracy:
            scores.add_row(
                "matched" if score.design == "matched" else "tumour only",
                score.variant_class,
                *(
                    str(n)
                    for n in (score.found + score.missed, score.found, score.missed, score.wrong)
                ),
                *(f"{x:.3f}" if x is not None else "" for x in (score.precision, score.recall)),
            )
        console.print(scores)
    made = [("report", summary.report), ("release", summary.release)]
    for name, path in made:
        console.print(f"{name + ':':9}{path or 'not made'}", markup=False, soft_wrap=True)
    console.print(f"\nlook at it with DuckDB:\n{summary.query}", markup=False, soft_wrap=True)
