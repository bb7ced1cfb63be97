"""Command `certify`: is this installation equivalent to the others?"""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from onconcord.certify import certify as certify_run
from onconcord.certify import write_certificate
from onconcord.checkout import root
from onconcord.cli import app
from onconcord.cli.report import table, terminal
from onconcord.report.certificate_page import write_certificate_page
from onconcord.sources import cohort_source


@app.command()
def certify(
    folder: Annotated[Path, typer.Argument(help="working folder of a run of the golden cohort")],
    golden: Annotated[
        Path | None, typer.Option(help="published digests; default: resources/demo/golden.json")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="certificate; default: certificate.json in the folder")
    ] = None,
) -> None:
    """
    Compare a finished run of the golden cohort with the published digests, and write a certificate.

    Exit code 1: it is not equivalent.
    """
    target = out or folder / "certificate.json"
    found = certify_run(cohort_source(folder), golden or root() / "resources/demo/golden.json")
    write_certificate(found, target)
    write_certificate_page(found, target.with_suffix(".html"))
    console = terminal()
    if found.faults:
        faults = table("What differs", "pair", "table", "columns", "detail")
        for one in found.faults:
            columns = Text(", ".join(one.columns))
            faults.add_row(Text(one.pair), one.table, columns, Text(one.message))
        console.print(faults)
    for tool, (published, here) in found.other_tools.items():
        console.print(f"{tool}: {here} here, {published} published", markup=False)
    word = "equivalent" if found.equivalent else "not equivalent"
    console.print(f"{word}: {found.tables} tables compared, certificate {target}", markup=False)
    if not found.equivalent:
        raise typer.Exit(1)
