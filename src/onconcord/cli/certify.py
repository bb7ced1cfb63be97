"""Command `certify`: is this installation equivalent to the others?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from onconcord.cli import app
from onconcord.cli.cohort import run_checked
from onconcord.cli.report import table, terminal
from onconcord.runtime.checkout import golden_cohort

if TYPE_CHECKING:
    from onconcord.questions.accuracy import Accuracy
    from onconcord.questions.certify import Certificate


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": False})
def certify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Working folder of the golden cohort.")],
    cores: Annotated[
        int | None,
        typer.Option(min=1, help="Run the cohort first; without it a finished run is taken as is."),
    ] = None,
    golden: Annotated[
        Path | None,
        typer.Option(help="Folder of published digests; default: resources/demo/golden."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Known variants; default: resources/demo/somatic.tsv.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Certificate; default: certificate.json in the folder.")
    ] = None,
) -> None:
    """
    Compare a run of the golden cohort with the published digests, and write a certificate.

    Words after -- go to Snakemake, such as the centre's own --profile. Exit code 1: not equivalent.
    """
    from onconcord.questions.certify import certify as certify_run
    from onconcord.questions.certify import write_certificate
    from onconcord.questions.sources import cohort_source
    from onconcord.report.certificate_page import write_certificate_page

    if cores is not None:
        run_checked(folder, cores, context.args)
    elif context.args:
        raise typer.BadParameter("words after -- are for the run: give --cores as well")
    target = out or folder / "certificate.json"
    found = certify_run(
        cohort_source(folder),
        golden or golden_cohort("golden"),
        truth or golden_cohort("somatic.tsv"),
    )
    write_certificate(found, target)
    write_certificate_page(found, target.with_suffix(".html"))
    _show(found, target, terminal())
    if not found.equivalent:
        raise typer.Exit(1)


def _show(found: "Certificate", target: Path, console: Console) -> None:
    if found.faults:
        faults = table("What differs", "pair", "table", "columns", "detail")
        for one in found.faults:
            columns = Text(", ".join(one.columns))
            faults.add_row(Text(one.pair), one.table, columns, Text(one.message))
        console.print(faults)
    for words, variants in (
        ("passes here, and not in what is published", found.new_variants),
        ("passes in what is published, and not here", found.lost_variants),
    ):
        for variant in variants:
            console.print(f"{variant} {words}", markup=False)
    for tool, (published, here) in found.other_tools.items():
        console.print(f"{tool}: {here} here, {published} published", markup=False)
    measured = {_group(row): _counts(row) for row in found.accuracy}
    for row in found.other_accuracy:
        here = measured.get(_group(row), "none")
        console.print(f"accuracy, {_group(row)}: {here} here, {_counts(row)} published")
    word = "equivalent" if found.equivalent else "not equivalent"
    console.print(f"{word}: {found.tables} tables compared, certificate {target}", markup=False)


def _group(row: "Accuracy") -> str:
    return f"{row.design} {row.variant_class}"


def _counts(row: "Accuracy") -> str:
    return f"{row.found} found, {row.missed} missed, {row.wrong} wrong"
