"""Commands that make, pool and verify releases."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.runtime.checkout import golden_cohort

if TYPE_CHECKING:
    from onconcord.release import Order
    from onconcord.verify import Report

CONSOLE = Console(highlight=False, soft_wrap=True)

SignKey = Annotated[Path | None, typer.Option(help="Ed25519 key that signs the release.")]


@app.command()
def release(
    folder: Annotated[Path, typer.Argument(help="Working folder with finished pairs.")],
    centre: Annotated[
        str | None, typer.Option(help="Code of the centre; the configuration's if left out.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Such as r2026-11; the configuration's, or this month's.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="local, controlled, consortium or open.")] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="The centre's key, outside the checkout.")
    ] = None,
    sign_key: SignKey = None,
    retractions: Annotated[
        Path | None, typer.Option(help="Default: retractions.tsv of the folder, if there is one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Default: results/9_release/CENTRE of the folder.")
    ] = None,
) -> None:
    """Merge the finished pairs of one centre to a release."""
    from onconcord.inputs import cohort as cohorts
    from onconcord.inputs.config import release_name
    from onconcord.release import build_release, order_of_folder

    cohort = cohorts.load(folder)
    given = cohort.config["release"]
    centre = centre or cohort.config["centre"]
    order = order_of_folder(
        folder,
        centre=centre,
        pairs=[pair.pair_id for pair in cohort.pairs.values() if pair.centre == centre],
        name=name or release_name(cohort.config),
        tier=tier or given["tier"],
        out=out,
        key_file=key_file or (Path(given["key_file"]) if given["key_file"] else None),
        sign_key=sign_key,
        retractions=retractions,
    )
    _say_what_is_left_out(folder, cohort.pairs, order)
    # The summary speaks of the release that is there, whoever made it.
    summary = order.out.with_name(f"{centre}.json") if out is None else None
    made = build_release(order, summary)
    CONSOLE.print(f"{order.out}: {made.centres[0].pairs} pairs, tier {made.tier}, {made.digest}")


def _say_what_is_left_out(folder: Path, pairs: Iterable[str], order: "Order") -> None:
    from onconcord.release.order import HARMONISED

    finished = {path.parent.name for path in (folder / HARMONISED).glob("[!.]*/MANIFEST.json")}
    for why, left_out in (
        ("no tables yet", set(pairs) - finished),
        ("not in the sheet", finished - set(pairs)),
        ("withdrawn", {retraction.pair_id for retraction in order.retractions}),
    ):
        if left_out:
            CONSOLE.print(f"left out, {why}: {', '.join(sorted(left_out))}", markup=False)


@app.command()
def pool(
    releases: Annotated[list[Path], typer.Argument(help="Releases of several centres.")],
    out: Annotated[
        Path, typer.Option(help="Folder of the pooled release; an older one is replaced.")
    ],
    name: Annotated[str | None, typer.Option(help="Its name; theirs if left out.")] = None,
    sign_key: SignKey = None,
) -> None:
    """Make one release of several; they are verified before, and it is verified after."""
    from onconcord.release import pool_releases
    from onconcord.release.transcript_sets import differing_genes

    made = pool_releases(releases, out, _require_sound, name, sign_key)
    differing = differing_genes(out)
    if differing:
        CONSOLE.print(
            f"warning: the centres name {len(differing)} genes on other transcripts, so that one "
            "variant has several names there; reference.transcripts gives them one set:",
            markup=False,
        )
    for gene in differing:
        CONSOLE.print(f"  {gene}", markup=False, soft_wrap=True)
    CONSOLE.print(f"{out}: {len(made.centres)} centres, tier {made.tier}, {made.digest}")


def _require_sound(path: Path) -> None:
    from onconcord.verify import verify_release

    faults = verify_release(path).faults
    if faults:
        raise InputError([fault for _, fault in faults])


@app.command()
def verify(
    folder: Annotated[
        Path, typer.Argument(help="A release, a folder of releases, or a certificate.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    public_key: Annotated[
        Path | None, typer.Option(help="Ed25519 key (.pub) that must have signed it.")
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help="Model file of a centre; those of config/models are known."),
    ] = None,
) -> None:
    """Check digests, contract, keys, tiers, completeness and derived values of a release."""
    from onconcord.verify import verify_certificate, verify_releases

    if folder.is_file():
        reports = {folder: verify_certificate(folder, golden_cohort("golden"))}
    else:
        reports = verify_releases(folder, public_key, model or [])
    if as_json:
        by_path = {str(path): report.as_dict() for path, report in reports.items()}
        print(json.dumps(by_path, indent=1))
    else:
        for path, report in reports.items():
            _show(path, report)
    if any(report.faults for report in reports.values()):
        raise typer.Exit(1)


def _show(path: Path, report: "Report") -> None:
    which = f"release {report.release}, tier {report.tier}" if report.tier else report.release
    CONSOLE.print(f"{path}: {which}", markup=False)
    for check in report.checked:
        faults = report.of(check)
        CONSOLE.print(f"  {check}: {f'{len(faults)} faults' if faults else 'ok'}")
        for fault in faults:
            CONSOLE.print(f"    {fault}", markup=False)
    for check, why in report.not_checked.items():
        CONSOLE.print(f"  {check}: not checked, {why}", markup=False)
    total = len(report.faults)
    CONSOLE.print(f"  {len(report.checked)} checks made, {total} faults")
