"""Commands that make, pool and verify releases."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onconcord import cohort as cohorts
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.release import Order, build_release, pool_releases
from onconcord.verify import verify_release

CONSOLE = Console(highlight=False, soft_wrap=True)


@app.command()
def release(
    folder: Annotated[Path, typer.Argument(help="working folder with finished pairs")],
    centre: Annotated[
        str | None, typer.Option(help="the centre; the configuration's if left out")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="such as r2026-11; the configuration's, or this month's")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="local, controlled, consortium or open")] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="the centre's key, outside the checkout")
    ] = None,
    sign_key: Annotated[
        Path | None, typer.Option(help="Ed25519 key that signs the release")
    ] = None,
    retractions: Annotated[
        Path | None, typer.Option(help="default: retractions.tsv of the folder, if any")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="default: results/9_release/CENTRE of the folder")
    ] = None,
) -> None:
    """Merge the finished pairs of one centre to a release."""
    config = cohorts.load(folder).config
    given = config["release"]
    centre = centre or config["centre"]
    if retractions is None and (folder / "retractions.tsv").is_file():
        retractions = folder / "retractions.tsv"
    order = Order(
        manifests=tuple(sorted((folder / "results/8_harmonised").glob("*/MANIFEST.json"))),
        centre=centre,
        name=name or given["name"] or f"r{date.today():%Y-%m}",
        tier=tier or given["tier"],
        out=out or folder / "results/9_release" / centre,
        key_file=key_file or (Path(given["key_file"]) if given["key_file"] else None),
        sign_key=sign_key,
        retractions=retractions,
    )
    made = build_release(order)
    CONSOLE.print(f"{order.out}: {made.centres[0].pairs} pairs, tier {made.tier}, {made.digest}")


@app.command()
def pool(
    releases: Annotated[list[Path], typer.Argument(help="releases of several centres")],
    out: Annotated[
        Path, typer.Option(help="folder of the pooled release; an older one is replaced")
    ],
    name: Annotated[str | None, typer.Option(help="its name; theirs if left out")] = None,
    sign_key: Annotated[
        Path | None, typer.Option(help="Ed25519 key that signs the release")
    ] = None,
) -> None:
    """Make one release of several; they are verified before, and it is verified after."""
    made = pool_releases(releases, out, _hold, name, sign_key)
    CONSOLE.print(f"{out}: {len(made.centres)} centres, tier {made.tier}, {made.digest}")


def _hold(path: Path) -> None:
    faults = verify_release(path).faults
    if faults:
        raise InputError([fault for _, fault in faults])


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="a release, or a folder of releases")],
    as_json: Annotated[bool, typer.Option("--json", help="print the reports as JSON")] = False,
) -> None:
    """Check digests, contract, keys, tiers, completeness and derived values of a release."""
    found = [folder]
    if not (folder / "release.json").exists():
        found = sorted(path.parent for path in folder.glob("*/release.json")) or found
    reports = {str(path): verify_release(path) for path in found}
    if as_json:
        print(json.dumps({path: one.as_dict() for path, one in reports.items()}, indent=1))
    else:
        for path, report in reports.items():
            CONSOLE.print(f"{path}: release {report.release}, tier {report.tier}")
            for check in report.checked:
                bad = [fault for name, fault in report.faults if name == check]
                CONSOLE.print(f"  {check}: {f'{len(bad)} faults' if bad else 'ok'}")
                for fault in bad:
                    CONSOLE.print(f"    {fault}", markup=False)
            for check, why in report.not_checked.items():
                CONSOLE.print(f"  {check}: not checked, {why}")
    if any(report.faults for report in reports.values()):
        raise typer.Exit(1)
