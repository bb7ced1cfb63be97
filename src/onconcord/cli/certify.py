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
    certificate = certify_run(
        cohort_source(folder),
        golden or golden_cohort("golden"),
        truth or golden_cohort("somatic.tsv"),
    )
    write_certificate(certificate, target)
    write_certificate_page(certificate, target.with_suffix(".html"))
    _show(certificate, target, terminal())
    if not certificate.equivalent:
        raise typer.Exit(1)


def _show(certificate: "Certificate", target: Path, console: Console) -> None:
    if certificate.faults:
        faults = table("What differs", "pair", "table", "columns", "detail")
        for fault in certificate.faults:
            columns = Text(", ".join(fault.columns))
            faults.add_row(Text(fault.pair), fault.table, columns, Text(fault.message))
        console.print(faults)
    for words, variants in (
        ("passes here, and not in what is published", certificate.new_variants),
        ("passes in what is published, and not here", certificate.lost_variants),
    ):
        for variant in variants:
            console.print(f"{variant} {words}", markup=False)
    for tool, (published, here) in certificate.other_tools.items():
        console.print(f"{tool}: {here} here, {published} published", markup=False)
    measured = {_group(row): _counts(row) for row in certificate.accuracy}
    for row in certificate.other_accuracy:
        here = measured.get(_group(row), "none")
        console.print(f"accuracy, {_group(row)}: {here} here, {_counts(row)} published")
    word = "equivalent" if certificate.equivalent else "not equivalent"
    console.print(
        f"{word}: {certificate.tables} tables compared, certificate {target}", markup=False
    )


def _group(row: "Accuracy") -> str:
    return f"{row.design} {row.variant_class}"


def _counts(row: "Accuracy") -> str:
    return f"{row.found} found, {row.missed} missed, {row.wrong} wrong"
