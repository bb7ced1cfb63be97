"""`onconcord doctor`: the external tools, their versions, and how to get what is missing."""

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from onconcord.cli import app
from onconcord.runtime import doctor as doctors
from onconcord.runtime.doctor import OK, Finding


class Purpose(StrEnum):
    """What the tools are needed for; each includes those before it."""

    run = "run"
    demo = "demo"
    test = "test"


@app.command()
def doctor(
    purpose: Annotated[
        Purpose, typer.Option("--for", help="What the tools are needed for.")
    ] = Purpose.run,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a tool.")] = False,
) -> None:
    """
    Show every external tool: wanted and found version, where it is, what for, how to get it.

    Exit code 2 when a tool that the purpose needs is missing, broken or of another version.
    """
    findings = doctors.examine(doctors.read_tools(), doctors.search_path())
    faults = doctors.faults_of(findings, purpose.value)
    if as_json:
        print(
            json.dumps([_as_object(finding, finding in faults) for finding in findings], indent=2)
        )
    else:
        _print_table(findings, faults)
    if faults:
        names = ", ".join(f"{finding.tool.name} ({finding.status})" for finding in faults)
        print(
            f"error: {len(faults)} tools stand in the way of a {purpose.value}: {names}.",
            file=sys.stderr,
        )
        raise typer.Exit(2)


def _wanted(finding: Finding) -> str:
    return " or ".join(finding.tool.accepts) or "any"


def _as_object(finding: Finding, stands_in_the_way: bool) -> dict[str, object]:
    conda = finding.tool.conda
    return {
        "tool": finding.tool.name,
        "status": finding.status,
        "wanted": list(finding.tool.accepts),
        "found": finding.version,
        "path": finding.path,
        "needed_for": finding.tool.needed_for,
        "purpose": finding.tool.purpose,
        "remedy": finding.remedy,
        "environments": list(doctors.environments(conda.package)) if conda else [],
        "stands_in_the_way": stands_in_the_way,
    }


def _print_table(findings: tuple[Finding, ...], faults: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("tool", "status", "wanted", "found", "for", "what it does"):
        table.add_column(heading)
    table.add_column("from", overflow="fold")
    table.add_column("how to get it", overflow="fold")
    for finding in findings:
        style = "green" if finding.status == OK else "bold red" if finding in faults else "yellow"
        table.add_row(
            finding.tool.name,
            f"[{style}]{finding.status}[/]",
            _wanted(finding),
            finding.version or "-",
            finding.tool.needed_for,
            finding.tool.purpose,
            finding.path or "-",
            finding.remedy,
        )
    # A pipe has no width: 80 columns would fold every cell.
    Console(width=None if sys.stdout.isatty() else 220).print(table)
