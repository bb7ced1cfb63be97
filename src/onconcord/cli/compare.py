"""Command `compare`: two results side by side."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from onconcord.cli import app
from onconcord.cli.report import table, table_of_differences, terminal
from onconcord.errors import InputError

if TYPE_CHECKING:
    from onconcord.questions.compare import Comparison

MAX_PRINTED = 40


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(help="Working folder or release.")],
    b: Annotated[Path | None, typer.Argument(help="Another; left out with --callers.")] = None,
    callers: Annotated[
        tuple[str, str] | None, typer.Option(help="Compare two callers inside A.")
    ] = None,
    pair_map: Annotated[
        Path | None, typer.Option("--map", help="Table (a, b) of pair ids that are the same pair.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page with pictures.")] = None,
) -> None:
    """Say what only A has, what only B has, what differs, and why. Exit code 1: they differ."""
    from onconcord.questions.compare import compare as compare_sources
    from onconcord.questions.compare import compare_callers, read_map
    from onconcord.questions.sources import open_source
    from onconcord.report.compare_page import write_comparison

    if (b is None) == (callers is None):
        message = "give a second folder or release, or --callers with two callers of A"
        raise InputError.at("B", message)
    source = open_source(a)
    if b is None:
        assert callers is not None
        comparison = compare_callers(source, *callers)
    else:
        other = open_source(b)
        names = read_map(pair_map, source.pair_ids(), other.pair_ids()) if pair_map else None
        comparison = compare_sources(source, other, names)
    if html:
        write_comparison(comparison, html)
    if as_json:
        print(json.dumps(comparison.as_dict(), indent=2, sort_keys=True))
    else:
        print_comparison(comparison, terminal(), html)
    if not comparison.identical:
        raise typer.Exit(1)


def print_comparison(comparison: "Comparison", console: Console, page: Path | None = None) -> None:
    """Print totals, matrix, differing tables, and the variants where no page lists them."""
    from onconcord.questions.compare import STATES
    from onconcord.report.compare_page import SIDES

    console.print(f"A: {comparison.a}\nB: {comparison.b}", markup=False, soft_wrap=True)
    console.print(
        f"pairs in both: {comparison.pairs}, variants that pass in both: {comparison.shared}"
    )
    for name, pairs in (("A", comparison.pairs_only_a), ("B", comparison.pairs_only_b)):
        if pairs:
            console.print(f"pairs only in {name}: {', '.join(pairs)}", markup=False, soft_wrap=True)
    matrix = table("State in A (down) and in B (across)", "", *STATES, numbers=STATES)
    for here in STATES:
        matrix.add_row(here, *(str(comparison.matrix[here][there]) for there in STATES))
    console.print(matrix)
    totals = table("Causes", "where", "cause", "variants", numbers=("variants",))
    for side, causes in comparison.causes().items():
        for cause, n in sorted(causes.items()):
            totals.add_row(SIDES[side], cause.replace("_", " "), str(n))
    if comparison.variants:
        console.print(totals)
    if comparison.variants and not page:
        listed = table("Variants", "pair", "gene", "change", "variant", "where", "cause", "detail")
        for variant in comparison.variants[:MAX_PRINTED]:
            listed.add_row(
                Text(variant.pair),
                Text(variant.gene or ""),
                Text(variant.change or ""),
                Text(variant.variant_key),
                SIDES[variant.side],
                variant.cause.replace("_", " "),
                Text(variant.detail),
            )
        console.print(listed)
        if len(comparison.variants) > MAX_PRINTED:
            console.print(f"and {len(comparison.variants) - MAX_PRINTED} more (--json has all)")
    other = [table for table in comparison.tables if not table.identical]
    if other:
        console.print(table_of_differences("Tables that differ", "A", "B", other))
    for sentence in comparison.not_compared:
        console.print(f"not compared: {sentence}", markup=False)
    if page:
        console.print(f"every variant with its cause: {page}", markup=False, soft_wrap=True)
    console.print("identical" if comparison.identical else "not identical")
