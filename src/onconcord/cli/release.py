"""Commands that make, pool and verify releases."""

import json
from pathlib import Path

import typer
from rich.console import Console

from onconcord import cohort as cohorts
from onconcord.cli import app
from onconcord.errors import Fault, InputError
from onconcord.release import build_release, pool_releases
from onconcord.verify import verify_release

CONSOLE = Console(highlight=False, soft_wrap=True)


@app.command()
def release(
    folder: Path = typer.Argument(..., help="working folder with finished pairs"),
    centre: str = typer.Option(None, help="code of the centre; the configuration's if left out"),
    name: str = typer.Option(None, help="name such as r2026-11; the configuration's if left out"),
    tier: str = typer.Option(None, help="local, controlled, consortium or open"),
    key_file: Path = typer.Option(None, help="the centre's key, outside the checkout"),
    out: Path = typer.Option(None, help="default: results/9_release/CENTRE of the folder"),
) -> None:
    """Merge the finished pairs of one centre to a release."""
    config = cohorts.load(folder).config
    given = config["release"]
    centre = centre or config["centre"]
    name = name or given["name"]
    if not name:
        message = "no name: give --name, such as r2026-11, or release.name in config.yaml."
        raise InputError([Fault("--name", 0, "", message)])
    key = key_file or (Path(given["key_file"]) if given["key_file"] else None)
    manifests = sorted((folder / "results/8_harmonised").glob("*/MANIFEST.json"))
    target = out or folder / "results/9_release" / centre
    made = build_release(manifests, centre, name, tier or given["tier"], key, target)
    CONSOLE.print(f"{target}: {made.centres[0].pairs} pairs, tier {made.tier}, {made.digest}")


@app.command()
def pool(
    releases: list[Path] = typer.Argument(..., help="releases of several centres"),
    out: Path = typer.Option(..., help="folder of the pooled release"),
    name: str = typer.Option(None, help="its name; theirs if left out"),
) -> None:
    """Make one release of several; they are verified before, and it is verified after."""
    for path in [*releases]:
        _hold(path)
    made = pool_releases(releases, name, out)
    _hold(out)
    CONSOLE.print(f"{out}: {len(made.centres)} centres, tier {made.tier}, {made.digest}")


def _hold(path: Path) -> None:
    faults = verify_release(path).faults
    if faults:
        raise InputError([fault for _, fault in faults])


@app.command()
def verify(
    folder: Path = typer.Argument(..., help="a release, or a folder of releases"),
    as_json: bool = typer.Option(False, "--json", help="print the reports as JSON"),
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
