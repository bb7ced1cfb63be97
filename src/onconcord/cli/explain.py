"""Command `explain`: the trail of one variant."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from onconcord.cli import app
from onconcord.cli.report import table, terminal

if TYPE_CHECKING:
    from onconcord.questions.explain import Explanation


@app.command()
def explain(
    pair: Annotated[str, typer.Argument(help="Id of the pair, as the folder or release has it.")],
    variant: Annotated[
        str,
        typer.Argument(
            help="chrom:pos:ref:alt, GENE:p.R201C, GENE:c.601C>T or chr20:g.57484420C>T"
        ),
    ],
    folder: Annotated[Path, typer.Option("--in", help="Working folder or release.")] = Path("."),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say why a variant is in a pair's results, or why it is not."""
    from onconcord.questions.explain import explain as explain_variant
    from onconcord.questions.sources import open_source

    explanations = explain_variant(open_source(folder), pair, variant)
    if as_json:
        print(
            json.dumps(
                [explanation.as_dict() for explanation in explanations], indent=2, sort_keys=True
            )
        )
        return
    for explanation in explanations:
        print_explanation(explanation, terminal())


def _line(console: Console, name: str, value: str) -> None:
    console.print(f"{name + ':':14}{value}", markup=False, soft_wrap=True)


def _counts(part: int | None, depth: int | None) -> str:
    if depth is None:
        return "not reported"
    return f"{'?' if part is None else part} of {depth} reads"


def print_explanation(explanation: "Explanation", console: Console) -> None:
    """Print one explanation, from the callers' records to the final row."""
    console.print(Text(f"{explanation.pair}  {explanation.asked}", "bold"))
    console.print(
        f"{explanation.verdict.replace('_', ' ')}: {explanation.answer}",
        markup=False,
        soft_wrap=True,
    )
    console.print()
    if explanation.variant_key:
        _line(console, "normal form", explanation.variant_key)
    if explanation.region:
        text = ", ".join(
            f"{name.replace('_', ' ')} {value:.3f}"
            if isinstance(value, float)
            else f"{name.replace('_', ' ')} {value}"
            for name, value in explanation.region.items()
        )
        _line(console, "position", text)
    if explanation.row:
        row = explanation.row
        _line(
            console,
            "recount",
            f"tumour {_counts(row['tumor_alt_count'], row['tumor_depth'])}, "
            f"normal {_counts(row['normal_alt_count'], row['normal_depth'])} "
            f"({row['counts_source']})",
        )
    if explanation.calls:
        calls = table("Callers", "caller", "record", "match", "passes", "filters", "tumour reads")
        for call in explanation.calls:
            filters = call["filters"]
            calls.add_row(
                Text(call["caller"]),
                Text(call["raw_record_key"]),
                call["match"],
                "yes" if call["is_pass"] else "no",
                Text("none applied" if filters is None else ", ".join(filters)),
                _counts(call["tumor_alt_count"], call["tumor_depth"]),
            )
        console.print(calls)
    if explanation.steps:
        steps = table("Rules, in order", "", "rule", "outcome", "looked at")
        for step in explanation.steps:
            detail = ", ".join(
                f"{name} {', '.join(f'{part} {share}' for part, share in value.items())}"
                if isinstance(value, dict)
                else f"{name} {value}"
                for name, value in step.detail.items()
            )
            steps.add_row(str(step.ordinal), Text(step.rule_id), step.outcome, Text(detail))
        console.print(steps)
    if explanation.consequences:
        _print_consequences(explanation.consequences, console)
    if explanation.row:
        row = explanation.row
        filters = ", ".join(row["filters"] or []) or "none"
        _line(console, "final row", f"is_pass {row['is_pass']}, filters {filters}")
        _line(console, "origin", f"{row['origin']} by {row['origin_method']}")
        callers = f"{row['n_callers_pass']} of {row['n_callers_capable']} capable callers pass it"
        _line(console, "callers", callers)
    for sentence in explanation.left_out:
        _line(console, "note", sentence)


def _print_consequences(rows: list[dict[str, Any]], console: Console) -> None:
    effects = table(
        "Annotation", "gene", "transcript", "consequence", "coding", "protein", "picked"
    )
    for row in rows:
        effects.add_row(
            Text(row["gene_symbol"] or ""),
            Text(row["transcript_id"]),
            Text(row["consequence_so"]),
            Text(row["hgvsc"] or ""),
            Text(row["hgvsp"] or ""),
            "yes" if row["is_picked"] else "",
        )
    console.print(effects)
