"""Metrics of one pair against the thresholds of its assay. A FAIL is a row, never an error."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from onconcord.files import whole_file
from onconcord.qc.thresholds import Threshold, read_thresholds
from onconcord.reads import read_inputs

MIN_INFORMATIVE_SITES = 10
MIN_SITE_DEPTH = 10
HOMOZYGOUS_FRAC = 0.1


@dataclass(frozen=True)
class Metric:
    """One row of `qc_metric`; value is null where it was not measured, with why as value_text."""

    subject_kind: str
    entity_id: str
    metric_id: str
    value: float | None
    value_text: str | None
    unit: str
    status: str
    threshold_warn: float | None
    threshold_fail: float | None
    tool: str


def write_pair_qc(
    spec: dict[str, Any],
    thresholds: Path,
    prefixes: dict[str, Path],
    inputs: dict[str, Path],
    contamination: Path,
    out: Path,
) -> None:
    """
    Write metrics, verdict and reasons of a pair as JSON.

    Args:
        spec: the pair spec.
        thresholds: YAML of the assay's thresholds.
        prefixes: by role, `4_qc/samples/{sample}`.
        inputs: by role, `{sample}.inputs.tsv`.
        contamination: GATK's table; header-only where it was not estimated.
        out: JSON: pair, status (PASS, WARN, FAIL), reasons, metrics.
    """
    limits = read_thresholds(thresholds)
    metrics: list[Metric] = []
    for role, prefix in prefixes.items():
        sample = spec[role]["sample"]
        measured = _of_sample(prefix, inputs[role])
        for name, (value, unit, tool) in measured.items():
            metrics.append(_judge("sample", sample, role, name, value, None, unit, tool, limits))
    value, why = _contamination(contamination)
    pair = spec["pair"]
    metrics.append(
        _judge("pair", pair, "pair", "contamination_frac", value, why, "1", "gatk", limits)
    )
    if "normal" in prefixes:
        value, why = identity(_pileups(prefixes["tumour"]), _pileups(prefixes["normal"]))
    else:
        value, why = None, "tumour without a normal"
    metrics.append(
        _judge("pair", pair, "pair", "identity_concordance_frac", value, why, "1", "gatk", limits)
    )
    reasons = [_reason(metric) for metric in metrics if metric.status in ("WARN", "FAIL")]
    statuses = {metric.status for metric in metrics}
    status = next((one for one in ("FAIL", "WARN") if one in statuses), "PASS")
    found = {
        "pair": pair,
        "status": status,
        "reasons": sorted(reasons),
        "metrics": [asdict(metric) for metric in metrics],
    }
    with whole_file(out) as path:
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def _of_sample(prefix: Path, inputs: Path) -> dict[str, tuple[float | None, str, str]]:
    numbers = _stats(Path(f"{prefix}.stats.txt"))
    reads = numbers["reads mapped"] + numbers["reads unmapped"]
    mapped = numbers["reads mapped"]
    summary = pl.read_csv(f"{prefix}.mosdepth.summary.txt", separator="\t")
    coverage = summary.filter(pl.col("chrom") == "total_region")["mean"].item()
    counted = sum(file.reads or 0 for file in read_inputs(inputs))
    return {
        "reads_total": (float(counted), "{reads}", "onconcord"),
        "mean_target_coverage": (coverage, "1", "mosdepth"),
        "dup_frac": (_share(numbers["reads duplicated"], mapped), "1", "samtools"),
        "mapped_frac": (_share(mapped, reads), "1", "samtools"),
        "insert_mean_bp": (numbers["insert size average"], "{bp}", "samtools"),
        "mean_base_quality": (numbers["average quality"], "{phred}", "samtools"),
        "error_rate": (numbers["error rate"], "1", "samtools"),
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None


def _stats(path: Path) -> dict[str, float]:
    """Summary numbers of samtools stats, the lines that begin with SN."""
    cells = (line.split("\t") for line in path.read_text().splitlines() if line.startswith("SN\t"))
    return {cell[1].rstrip(":"): float(cell[2]) for cell in cells}


def _contamination(path: Path) -> tuple[float | None, str | None]:
    table = pl.read_csv(path, separator="\t", infer_schema=False)
    if not table.height:
        return None, "no population resource"
    value = float(table["contamination"].item())
    error = float(table["error"].item())
    # GATK writes an error of 1 where too few sites speak.
    return (None, "too few informative sites") if error >= 1 else (round(value, 6), None)


def _pileups(prefix: Path) -> pl.DataFrame:
    return pl.read_csv(
        f"{prefix}.pileups.table",
        separator="\t",
        comment_prefix="#",
        schema_overrides={
            "contig": pl.String,
            "position": pl.Int64,
            "ref_count": pl.Int64,
            "alt_count": pl.Int64,
            "other_alt_count": pl.Int64,
            "allele_frequency": pl.Float64,
        },
    )


def identity(tumour: pl.DataFrame, normal: pl.DataFrame) -> tuple[float | None, str | None]:
    """
    Share of common sites at which tumour and normal can be of one person.

    Only sites that are homozygous in the normal speak: there the tumour of the same person shows
    the same allele, whatever it lost. Another person differs at many of them.

    Args:
        tumour, normal: GATK's pileup summaries: contig, position, ref_count, alt_count.
    Returns:
        In [0, 1], or None and why.
    """
    both = tumour.join(normal, on=["contig", "position"], suffix="_normal")
    depth = pl.col("ref_count") + pl.col("alt_count")
    depth_normal = pl.col("ref_count_normal") + pl.col("alt_count_normal")
    both = both.filter((depth >= MIN_SITE_DEPTH) & (depth_normal >= MIN_SITE_DEPTH)).with_columns(
        (pl.col("alt_count") / depth).alias("share"),
        (pl.col("alt_count_normal") / depth_normal).alias("share_normal"),
    )
    # A site where both are homozygous for the reference says little: most people are.
    informative = both.filter(
        ((pl.col("share_normal") > 1 - HOMOZYGOUS_FRAC))
        | ((pl.col("share_normal") < HOMOZYGOUS_FRAC) & (pl.col("share") >= 0.3))
        | ((pl.col("share") > 1 - HOMOZYGOUS_FRAC))
        | (pl.col("share_normal").is_between(0.3, 0.7))
    )
    if informative.height < MIN_INFORMATIVE_SITES:
        return None, f"{informative.height} informative sites, {MIN_INFORMATIVE_SITES} needed"
    homozygous_alt = pl.col("share_normal") > 1 - HOMOZYGOUS_FRAC
    homozygous_ref = pl.col("share_normal") < HOMOZYGOUS_FRAC
    clash = (homozygous_alt & (pl.col("share") < 0.5)) | (homozygous_ref & (pl.col("share") >= 0.3))
    clashes = informative.select(clash.sum()).item()
    return round(1 - clashes / informative.height, 6), None


def _judge(
    kind: str,
    entity: str,
    role: str,
    name: str,
    value: float | None,
    why: str | None,
    unit: str,
    tool: str,
    limits: dict[tuple[str, str], Threshold],
) -> Metric:
    limit = limits.get((name, role))
    status = limit.verdict(value) if limit and value is not None else "NA"
    return Metric(
        subject_kind=kind,
        entity_id=entity,
        metric_id=name,
        value=value,
        value_text=why,
        unit=unit,
        status=status,
        threshold_warn=limit.warn if limit else None,
        threshold_fail=limit.fail if limit else None,
        tool=tool,
    )


def _reason(metric: Metric) -> str:
    limit = metric.threshold_fail if metric.status == "FAIL" else metric.threshold_warn
    return f"{metric.status} {metric.metric_id}: {metric.value:g}, threshold {limit:g}"
