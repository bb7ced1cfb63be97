"""Reads behind the passing variants of a pair, on one page that opens without a network."""

import argparse
import contextlib
import io
import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pysam
from igv_reports.report import create_report
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from onconcord.errors import InputError
from onconcord.files import folder_aside, whole_file
from onconcord.reference.contigs import read_contigs
from onconcord.report.cohort import CohortTables

FLANK_BP = 60
"""Bases on each side of a variant whose reads a page carries."""

MAX_VARIANTS = 150
"""Variants of one pair that get their reads: hotspots first, then by allele fraction."""

MAX_DEPTH = 400
"""Mean depth above which a page carries a sample of the reads."""


UNUSED_OPTIONS = (
    *("type", "genome", "twobit", "tracks", "roi", "ideogram", "sort", "title", "header", "footer"),
    *("info_columns", "info_columns_prefixes", "sampleinfo", "samples", "sample_columns"),
    *("sequence", "begin", "end", "zero_based", "idlink", "filter_config"),
)
"""Options of igv-reports that it reads and that a page of reads leaves out."""


@dataclass(frozen=True)
class ReadPage:
    """A page of reads: its pair, where it is, the variant keys on it."""

    pair: str
    path: Path
    keys: list[str]


def igv_script() -> Path | None:
    """
    igv.js as the Python package igv-notebook carries it; None where that is not installed.

    The package is not imported: only the file is wanted, not the notebook around it.
    """
    package = find_spec("igv_notebook")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "js/igv.min.js"
    return path if path.is_file() else None


def write_read_pages(folder: Path, cohort: CohortTables, out: Path) -> list[ReadPage]:
    """
    One page per pair that has passing variants and alignments.

    Args:
        folder: the working folder.
        out: folder of the pages; made when there is one to write.
    Returns:
        The pages, by pair; none where igv.js is not installed.
    Raises:
        InputError: the reference's contig names are missing.
    """
    script = igv_script()
    passing = cohort.variants.filter(pl.col("status") != "dropped")
    if script is None or not passing.height:
        return []
    if not any((folder / "results/3_alignments").glob("*am")):
        return []
    names = _native_names(folder / "results/1_reference/contigs.tsv")
    pages = []
    for pair in cohort.pairs.sort("pair_id").iter_rows(named=True):
        tracks = [
            {"name": f"{role}: {sample}", "url": str(path.resolve()), "format": path.suffix[1:]}
            for role, sample in (
                ("tumour", pair["tumor_sample_id"]),
                ("normal", pair["normal_sample_id"]),
            )
            if sample and (path := _alignment(folder, sample))
        ]
        rows = (
            passing.filter(pl.col("pair_id") == pair["pair_id"])
            .sort(["hotspot", "tumor_vaf"], descending=True, nulls_last=True, maintain_order=True)
            .head(MAX_VARIANTS)
            .to_dicts()
        )
        if not tracks or not rows:
            continue
        path = out / f"{quote(pair['pair_id'], safe='')}.html"
        _write_page(folder, pair["pair_id"], rows, tracks, names, script, path)
        pages.append(ReadPage(pair["pair_id"], path, [row["variant_key"] for row in rows]))
    return pages


def _alignment(folder: Path, sample: str) -> Path | None:
    paths = (folder / f"results/3_alignments/{sample}.{suffix}" for suffix in ("bam", "cram"))
    return next((path for path in paths if path.is_file()), None)


def _native_names(contigs: Path) -> dict[str, str]:
    """The reference's own name of each chromosome of the tables."""
    if not contigs.is_file():
        message = "missing: expected the contig names that the reference stage writes"
        raise InputError.at(contigs, message)
    return {row.chrom: row.source_name for row in read_contigs(contigs)}


def _write_page(
    folder: Path,
    pair: str,
    rows: list[dict[str, Any]],
    tracks: list[dict[str, Any]],
    names: dict[str, str],
    script: Path,
    path: Path,
) -> None:
    depths = [row["tumor_depth"] for row in rows if row["tumor_depth"]]
    mean = sum(depths) / len(depths) if depths else 0
    share = min(1.0, MAX_DEPTH / mean) if mean else 1.0
    fields = ("variant_key", "gene_symbol", "hgvsp", "tumor_vaf", "tumor_alt_count", "tumor_depth")
    templates = Environment(
        loader=PackageLoader("onconcord", "report"), autoescape=True, undefined=StrictUndefined
    )
    page = templates.get_template("reads.html.j2").render(
        pair=pair,
        variants=[{name: row[name] for name in fields} for row in rows],
        share=share,
        flank=FLANK_BP,
        igv=Markup(script.read_text(encoding="utf-8")),
        css=Markup(files("onconcord.report").joinpath("style.css").read_text(encoding="utf-8")),
    )
    with folder_aside() as scratch, whole_file(path) as temporary:
        template = scratch / "template.html"
        template.write_text(page, encoding="utf-8")
        sites = scratch / "sites.vcf"
        _write_sites(rows, names, sites)
        config = scratch / "tracks.json"
        height = 330 if len(tracks) > 1 else 560
        shown = {"type": "alignment", "height": height, "displayMode": "SQUISHED"}
        config.write_text(json.dumps([track | shown for track in tracks]))
        options = dict.fromkeys(UNUSED_OPTIONS)
        options |= {
            "sites": str(sites),
            "fasta": str((folder / "results/1_reference/genome.fa").resolve()),
            "track_config": [str(config)],
            "template": str(template),
            "output": str(temporary),
            "flanking": 2 * FLANK_BP,
            "window": 2 * FLANK_BP + 1,
            "exclude_flags": 1536,
            "maxlen": 10_000,
            "subsample": share if share < 1 else None,
            "standalone": False,
            "no_embed": False,
            "tabulator": False,
            "translate_sequence_track": False,
            "merge_overlaps": False,
        }
        with contextlib.redirect_stdout(io.StringIO()):
            create_report(argparse.Namespace(**options))


def _write_sites(rows: list[dict[str, Any]], names: dict[str, str], path: Path) -> None:
    header = pysam.VariantHeader()
    for name in sorted({names[row["chrom"]] for row in rows}):
        header.contigs.add(name)
    with pysam.VariantFile(str(path), "w", header=header) as sites:
        for row in rows:
            record = header.new_record(
                contig=names[row["chrom"]],
                start=row["pos"] - 1,
                alleles=(row["ref"], row["alt"]),
            )
            sites.write(record)
