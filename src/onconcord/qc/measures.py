"""Metrics of one sample, read from what samtools, mosdepth and GATK write."""

import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from onconcord.errors import ToolError
from onconcord.qc.callability import depths_at
from onconcord.qc.identity import AUTOSOMES, Answer
from onconcord.reads.account import PAIRED, flagstat_count, read_inputs
from onconcord.reference.bed import read_bed
from onconcord.reference.contigs import table_chrom
from onconcord.reference.intervals import GenomeLine
from onconcord.runtime.conserved import broken

PILEUP_COLUMNS = {
    "contig": pl.String,
    "position": pl.Int64,
    "ref_count": pl.Int64,
    "alt_count": pl.Int64,
    "other_alt_count": pl.Int64,
    "allele_frequency": pl.Float64,
}
SEX_MIN_BP = {"chrX": 20_000, "chrY": 5_000}
"""Least target bases of a sex chromosome whose depth is believed."""
ONE_X, TWO_X = (0.35, 0.65), (0.8, 1.2)
NO_Y, ONE_Y = (0.0, 0.1), (0.25, 0.65)
"""Depth of X and Y as a share of the autosomes' that is taken for one copy, two, or none."""


def share(part: float, whole: float) -> float | None:
    """Part of whole, to 6 decimals; None where there is no whole."""
    return round(part / whole, 6) if whole else None


def sample_metrics(
    prefix: Path, inputs: Path, flagstat: Path | None, least_depth: int
) -> dict[str, Answer]:
    """
    Metrics of one sample by id; one that was not measured has its reason as text.

    Args:
        prefix: `4_qc/samples/{sample}`, of samtools stats and mosdepth.
        inputs: `{sample}.inputs.tsv`.
        flagstat: samtools flagstat's JSON of the whole alignment. None: the shares of mapped
            and of properly paired reads are not measured, since the statistics are those of the
            targets alone.
        least_depth: least depth of a call in the sample.
    Raises:
        ToolError: a file is cut off or of another form.
    """
    numbers, _, insert_sizes = samtools_stats(Path(f"{prefix}.stats.txt"))
    mapped = numbers["reads mapped"]
    no_reads = Answer(None, "no read on target")
    summary = Path(f"{prefix}.mosdepth.summary.txt")
    depth = target_depths(summary)
    if "total" not in depth:
        raise ToolError(f"{summary}: has no line total_region: mosdepth did not finish")
    tagged = numbers["mismatches"] > 0
    return {
        "reads_total": Answer(float(sum(file.reads for file in read_inputs(inputs)))),
        "mapped_frac": _of_alignment(flagstat, "primary mapped", "primary"),
        "proper_pair_frac": _of_alignment(flagstat, "properly paired", PAIRED),
        "dup_frac": Answer(share(numbers["reads duplicated"], mapped)) if mapped else no_reads,
        "insert_median_bp": _median(insert_sizes),
        "mean_base_quality": Answer(numbers["average quality"])
        if numbers["total length"]
        else no_reads,
        # Without NM tags samtools counts no mismatch, which is not an error rate of zero.
        "mismatch_frac": Answer(round(numbers["error rate"], 6))
        if tagged
        else Answer(None, "no mismatch seen: the alignments have no NM tags, or too few bases"),
        "mean_target_coverage": Answer(depth["total"][1]),
        "target_min_depth_frac": Answer(target_share({prefix: least_depth})),
    }


def target_share(least: Mapping[Path, int]) -> float | None:
    """
    Share of target bases at a least depth in every sample, by mosdepth's quantized BED.

    Args:
        least: least depth by prefix of the sample's files.
    """
    prefixes = list(least)
    paths = [Path(f"{prefixes[0]}.regions.bed.gz")]
    paths += [Path(f"{prefix}.quantized.bed.gz") for prefix in prefixes]
    beds = [read_bed(path) for path in paths]
    line = GenomeLine.of({name: name for bed in beds for name in bed["chrom"].unique()})
    targets, *tracks = [line.track_of(bed, path) for bed, path in zip(beds, paths, strict=True)]
    cuts = np.unique(np.concatenate([b for t in (targets, *tracks) for b in (t.starts, t.ends)]))
    inside = targets.index_at(cuts) >= 0
    starts, lengths = cuts[inside], np.append(np.diff(cuts), 0)[inside]
    deep = np.ones(len(starts), dtype=bool)
    for track, path, depth in zip(tracks, paths[1:], least.values(), strict=True):
        deep &= depths_at(track, starts, path) >= depth
    return share(int(lengths[deep].sum()), targets.size)


def samtools_stats(path: Path) -> tuple[dict[str, float], dict[int, int], dict[int, int]]:
    """
    Summary numbers (SN) of samtools stats, reads by length (RL), pairs by insert size (IS).

    Raises:
        ToolError: a summary number that is asked for is missing, or a line is cut off.
    """
    numbers: dict[str, float] = {}
    counts: dict[str, dict[int, int]] = {"RL": {}, "IS": {}}
    try:
        for line in path.read_text().splitlines():
            cells = line.split("\t")
            if cells[0] == "SN":
                numbers[cells[1].rstrip(":")] = float(cells[2])
            elif cells[0] in counts:
                counts[cells[0]][int(cells[1])] = int(cells[2])
    except (ValueError, IndexError) as error:
        raise ToolError(f"{path}: not a whole report of samtools stats ({error})") from error
    wanted = (
        "sequences",
        "reads mapped",
        "reads duplicated",
        "average quality",
        "total length",
        "bases mapped (cigar)",
        "mismatches",
        "error rate",
    )
    missing = [name for name in wanted if name not in numbers]
    if missing:
        raise ToolError(f"{path}: not a whole report of samtools stats: it has no {missing}")
    return numbers, counts["RL"], counts["IS"]


def _median(pairs: dict[int, int]) -> Answer:
    total = sum(pairs.values())
    if not total:
        return Answer(None, "no read pair on target")
    sizes = sorted(pairs)
    running = np.cumsum([pairs[size] for size in sizes])
    return Answer(float(sizes[int(np.searchsorted(running, total / 2))]))


def _of_alignment(flagstat: Path | None, part: str, whole: str) -> Answer:
    """One count of samtools flagstat as a share of another."""
    if flagstat is None:
        return Answer(None, "no flagstat of the whole alignment")
    counted = flagstat_count(flagstat, whole)
    return Answer(share(flagstat_count(flagstat, part), counted), None if counted else "no read")


def target_depths(summary: Path) -> dict[str, tuple[int, float]]:
    """Target bases and mean depth over them: by contig (table name), and of all as "total"."""
    table = _table(
        summary, "mosdepth", {"chrom": pl.String, "length": pl.Int64, "mean": pl.Float64}
    )
    on_target = table.filter(pl.col("chrom").str.ends_with("_region"))
    return {
        table_chrom(str(chrom).removesuffix("_region")): (length, mean)
        for chrom, length, mean in on_target.select("chrom", "length", "mean").iter_rows()
    }


def infer_sex(summary: Path) -> Answer:
    """
    Sex chromosomes of a sample from its depth on X and Y.

    Args:
        summary: mosdepth's, with the targets' lines.
    Returns:
        XX or XY as text, or None and why: the targets have too little of X, or the depths
        agree with neither.
    """
    depth = target_depths(summary)
    bases = {chrom: depth.get(chrom, (0, 0.0))[0] for chrom in SEX_MIN_BP}
    if bases["chrX"] < SEX_MIN_BP["chrX"]:
        return Answer(None, "no sex chromosomes in the targets")
    autosomes = [depth[chrom] for chrom in AUTOSOMES if chrom in depth]
    total = sum(length for length, _ in autosomes)
    level = sum(length * mean for length, mean in autosomes) / total if total else 0.0
    if not level:
        return Answer(None, "no depth on the autosomes")
    of_x, of_y = (depth.get(chrom, (0, 0.0))[1] / level for chrom in ("chrX", "chrY"))
    knows_y = bases["chrY"] >= SEX_MIN_BP["chrY"]
    if _within(of_x, TWO_X) and (not knows_y or _within(of_y, NO_Y)):
        return Answer(None, "XX")
    if _within(of_x, ONE_X) and (not knows_y or _within(of_y, ONE_Y)):
        return Answer(None, "XY")
    return Answer(None, f"unclear: X {of_x:.2f} and Y {of_y:.2f} of the autosomes' depth")


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def contamination(path: Path, sample: str, sites: int, max_error: float) -> Answer:
    """
    GATK's contamination of the tumour.

    Args:
        path: table of CalculateContamination; header-only where it was not run.
        sample: id of the tumour.
        sites: common sites that its reads were counted at.
        max_error: an estimate of a larger standard error is not stated. GATK writes an error
            of 1 where no site speaks.
    Raises:
        ToolError: there are sites, and not one whole line of the sample.
    """
    tool = "gatk CalculateContamination"
    schema = {"sample": pl.String, "contamination": pl.Float64, "error": pl.Float64}
    table = _table(path, tool, schema)
    if not table.height and not sites:
        return Answer(None, "no common site in the calling regions")
    if table["sample"].to_list() != [sample] or any(cell is None for cell in table.row(0)):
        raise broken(tool, path, f"it has {table.height} lines, not a whole one of {sample}")
    value, error = table.row(0)[1:3]
    if math.isnan(value) or not error <= max_error:
        return Answer(None, f"too uncertain: standard error {error:.2f}")
    return Answer(round(value, 6))


def pileups(prefix: Path) -> pl.DataFrame:
    """GATK's pileup summaries; no row where there is no common site."""
    return _table(Path(f"{prefix}.pileups.table"), "gatk GetPileupSummaries", PILEUP_COLUMNS)


def _table(path: Path, tool: str, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """Columns of a tab-separated file of a tool, with a header; NaN is never let in."""
    data = path.read_bytes()
    if not data.endswith(b"\n"):
        raise broken(tool, path, "the last line is cut off")
    try:
        return pl.read_csv(
            io.BytesIO(data),
            separator="\t",
            comment_prefix="#",
            infer_schema=False,
            quote_char=None,
        ).select(pl.col(name).cast(kind) for name, kind in schema.items())
    except pl.exceptions.PolarsError as error:
        wanted = ", ".join(schema)
        raise broken(
            tool, path, f"it is not a table with the columns {wanted} ({error})"
        ) from error
