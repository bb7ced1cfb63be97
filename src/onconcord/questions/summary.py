"""What a run found, in lines for a terminal."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from onconcord.contract.artefacts import text
from onconcord.questions.accuracy import Accuracy, accuracy, read_truth
from onconcord.questions.sources import cohort_source
from onconcord.report.cohort import CohortTables, known_drivers, read_cohort


@dataclass(frozen=True)
class PairLine:
    """
    One pair.

    Args:
        centre, pair: ids of the sheet.
        design: matched or tumor_only.
        verdict: PASS, WARN or FAIL; reasons: metric ids behind it.
        kept, flagged, unresolved, dropped: numbers of candidates, each counted once.
        leaving: how many of those that pass the tier consortium has.
    """

    centre: str
    pair: str
    design: str
    verdict: str
    reasons: tuple[str, ...]
    kept: int
    flagged: int
    unresolved: int
    dropped: int
    leaving: int


@dataclass(frozen=True)
class Driver:
    """A passing variant at a known hotspot; depth in reads, None = not recounted."""

    pair: str
    gene: str | None
    hgvsp: str | None
    variant_key: str
    vaf: float | None
    alt_count: int | None
    depth: int | None
    status: str


@dataclass(frozen=True)
class Summary:
    """
    A working folder in short.

    Args:
        accuracy: passing variants against the truth; empty where none was given.
        unfinished: pairs of the sheet without tables.
        hotspots: whether hotspots were searched at all.
        query: a shell line that lists the passing variants with DuckDB, from the working folder's
            parent or wherever the paths were relative to.
        release, report: where they are; None where they are not made.
    """

    pairs: tuple[PairLine, ...]
    drivers: tuple[Driver, ...]
    accuracy: tuple[Accuracy, ...]
    unfinished: tuple[str, ...]
    hotspots: bool
    query: str
    release: Path | None
    report: Path | None


def summarise(folder: Path, release: Path | None = None, truth: Path | None = None) -> Summary:
    """
    Verdicts, counts and known drivers of a working folder.

    Args:
        folder: working folder with harmonised tables.
        release: the release made from it; None looks for `release` in the folder.
        truth: known somatic variants, as `accuracy.read_truth` reads them.
    Raises:
        InputError: the folder has no harmonised tables, or one, or the truth, cannot be read.
    """
    known = read_truth(truth) if truth else None
    cohort = read_cohort(cohort_source(folder))
    there = release or folder / "release"
    made = there if (there / "contract.json").is_file() else None
    report = folder / "report.html"
    return Summary(
        pairs=_pairs(cohort),
        drivers=_drivers(cohort),
        accuracy=() if known is None else tuple(accuracy(cohort.variants, cohort.pairs, known)),
        unfinished=tuple(cohort.unfinished),
        hotspots=cohort.hotspots.height > 0 or bool(cohort.variants["hotspot"].any()),
        query=duckdb_line(folder, made),
        release=made,
        report=report if report.is_file() else None,
    )


def _pairs(cohort: CohortTables) -> tuple[PairLine, ...]:
    return tuple(
        PairLine(
            row["center_id"],
            row["pair_id"],
            row["design"],
            row["qc_status"],
            tuple(row["qc_reasons"]),
            row["variants_kept"],
            row["variants_flagged"],
            row["variants_unresolved"],
            row["variants_dropped"],
            row["leaving"],
        )
        for row in cohort.pairs.iter_rows(named=True)
    )


def _drivers(cohort: CohortTables) -> tuple[Driver, ...]:
    columns = ("pair_id", "gene_symbol", "hgvsp", "variant_key", "tumor_vaf", "tumor_alt_count")
    rows = known_drivers(cohort).select(*columns, "tumor_depth", "status")
    return tuple(Driver(*row) for row in rows.iter_rows())


def duckdb_query(folder: Path, release: Path | None) -> str:
    """
    SQL that lists the passing variants of the release, or of the working folder without one.

    A folder whose name begins with a dot is not a pair: a killed job left it there.
    """
    files = (
        f"{release}/small_variant/*/*.parquet"
        if release
        else f"{folder}/results/8_harmonised/[A-Za-z0-9]*/small_variant.parquet"
    )
    return (
        "SELECT center_id, pair_id, gene_symbol, hgvsp, tumor_vaf, tumor_depth "
        f"FROM read_parquet({text(files)}, union_by_name=true) "
        "WHERE is_pass ORDER BY ALL"
    )


def duckdb_line(folder: Path, release: Path | None) -> str:
    """The query as one line for a shell, run by the Python that runs onconcord."""
    program = f"import duckdb; duckdb.sql('''{duckdb_query(folder, release)}''').show()"
    if set(program) & set('"$`\\!'):
        return f"{_python()} -c {shlex.quote(program)}"
    return f'{_python()} -c "{program}"'


def _python() -> str:
    executable = Path(sys.executable)
    if executable.is_relative_to(Path.cwd()):
        return str(executable.relative_to(Path.cwd()))
    return shlex.quote(str(executable))
