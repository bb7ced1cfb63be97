"""`onconcord contract`: what the tables are, for people and for other programs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from onconcord.cli import app
from onconcord.errors import InputError

contract_app = typer.Typer(
    no_args_is_help=True, help="The data contract: schemas, documents, and what a change means."
)
app.add_typer(contract_app, name="contract")


@contract_app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made where it is missing.")],
    tier: Annotated[str, typer.Option(help="local, controlled, consortium or open.")] = "local",
) -> None:
    """Write contract.json, datapackage.json, views.sql, spark.json and schema.R."""
    from onconcord.contract import TIERS, artefacts

    if tier not in TIERS:
        message = f'"{tier}" is not a tier; expected one of {", ".join(TIERS)}'
        raise InputError.at("--tier", message)
    folder.mkdir(parents=True, exist_ok=True)
    for path in artefacts.write_all(folder, tier):
        print(path)


@contract_app.command()
def docs(
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("docs/tables.md"),
    check: Annotated[bool, typer.Option("--check", help="Only say if it is up to date.")] = False,
) -> None:
    """Write the page of all tables, columns and codes."""
    from onconcord.contract import artefacts
    from onconcord.files import write_text

    text = artefacts.tables_page()
    if not check:
        write_text(out, text)
        print(out)
    elif not out.is_file() or out.read_text(encoding="utf-8") != text:
        print(f"{out} is not up to date: run `onconcord contract docs --out {out}`")
        raise typer.Exit(1)


@contract_app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="Contract.json, or a release that has one.")],
    new: Annotated[
        Path | None, typer.Argument(help="The same; left out: this installation's contract.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """
    Say what changed, and whether it is a patch, minor or major change.

    Exit code 1 when the version number moved by less than the changes need.
    """
    from onconcord.contract import artefacts, load, versions

    before = versions.read_contract(old)
    after = artefacts.contract_mapping(load()) if new is None else versions.read_contract(new)
    # a mapping made in memory has tuples where one that was read has lists
    after = json.loads(json.dumps(after))
    listed = versions.changes(before, after)
    needed = versions.needed(listed)
    made = versions.made(before["version"], after["version"])
    enough = versions.BUMPS.index(made) >= versions.BUMPS.index(needed)
    if as_json:
        changes = [asdict(change) for change in listed]
        print(json.dumps({"needed": needed, "made": made, "enough": enough, "changes": changes}))
    else:
        for change in listed:
            print(f"{change.bump:5}  {change.where}: {change.what}")
        print(f"{before['version']} to {after['version']} is {made}; the changes need {needed}")
    if not enough:
        raise typer.Exit(1)
