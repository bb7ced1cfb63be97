"""Command `panel`: what a centre's own normals show."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onconcord.cli import app

CONSOLE = Console(highlight=False, soft_wrap=True)


@app.command()
def panel(
    sheet: Annotated[
        Path, typer.Argument(help="Normals as a table: sample, patient, reads (indexed BAM, CRAM).")
    ],
    fasta: Annotated[Path, typer.Option(help="Reference with its .fai.")],
    targets: Annotated[Path, typer.Option(help="BED of the assay.")],
    out: Annotated[Path, typer.Option(help="Folder of the panel; it is added to.")],
    hotspots: Annotated[
        Path | None, typer.Option(help="Known drivers, as in resources.hotspots.")
    ] = None,
    min_mapping_quality: Annotated[int, typer.Option(min=0, help="Of a read.")] = 20,
    min_base_quality: Annotated[int, typer.Option(min=0, help="Of a base.")] = 15,
    cores: Annotated[int, typer.Option(min=1, help="Samples that are counted at once.")] = 1,
) -> None:
    """
    Build a panel of normals: OUT/panel.vcf.gz is what resources.panel_of_normals names.

    Samples that were counted before are not counted again.
    """
    from onconcord.evidence.fragments import Limits
    from onconcord.evidence.normals import build_panel

    limits = Limits(min_mapping_quality, min_base_quality)
    made = build_panel(sheet, fasta, targets, hotspots, limits, out, cores)
    for driver, samples in made.drivers:
        CONSOLE.print(
            f"warning: the known driver {driver} is in the panel, shown by "
            f"{', '.join(samples)}: is there tumour in that normal? It is left out of the VCF.",
            markup=False,
        )
    CONSOLE.print(
        f"{out}: {made.samples} normals, {made.counted} of them counted now; {made.alleles} "
        f"alleles, {made.in_vcf} in the VCF; {made.sha256}",
        markup=False,
    )
