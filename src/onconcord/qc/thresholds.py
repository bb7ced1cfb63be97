"""Metrics of quality control, and an assay's thresholds for them: data, in config/qc."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onconcord.errors import Fault, InputError
from onconcord.inputs.schema_faults import schema_faults
from onconcord.inputs.yaml_file import located, read_yaml


@dataclass(frozen=True)
class MetricDefinition:
    """
    One metric.

    Args:
        of_pair: true for a metric of a pair, false for one of each sample.
        unit: UCUM; 1 is unitless.
        tool: program that measures it.
        meaning: what it is, for a reader of a verdict.
        remedy: what to do when it is beyond a threshold.
    """

    of_pair: bool
    unit: str
    tool: str
    meaning: str
    remedy: str


METRICS = {
    "reads_total": MetricDefinition(
        False,
        "{reads}",
        "onconcord",
        "reads in the input files",
        "check that every lane was delivered",
    ),
    "mapped_frac": MetricDefinition(
        False,
        "1",
        "samtools",
        "reads with a place in the reference",
        "look for another species, adapters or a wrong reference",
    ),
    "proper_pair_frac": MetricDefinition(
        False,
        "1",
        "samtools",
        "paired reads whose mates lie beside each other as they should",
        "look for mates that are out of step, chimeric molecules or a wrong reference",
    ),
    "dup_frac": MetricDefinition(
        False,
        "1",
        "samtools",
        "mapped reads on target that are duplicates",
        "the library holds too few molecules: sequence a new one",
    ),
    "insert_median_bp": MetricDefinition(
        False,
        "{bp}",
        "samtools",
        "median length of the sequenced fragments",
        "short fragments come from degraded DNA",
    ),
    "mean_base_quality": MetricDefinition(
        False, "{phred}", "samtools", "mean base quality", "look at the sequencing run"
    ),
    "mismatch_frac": MetricDefinition(
        False,
        "1",
        "samtools",
        "aligned bases that differ from the reference",
        "look for damaged DNA, a poor run or another species",
    ),
    "mean_target_coverage": MetricDefinition(
        False, "1", "mosdepth", "mean depth over the targets", "sequence the library deeper"
    ),
    "target_min_depth_frac": MetricDefinition(
        False,
        "1",
        "mosdepth",
        "target bases at the least depth that a call needs",
        "sequence deeper, or check that the targets are those of the capture kit",
    ),
    "callable_frac": MetricDefinition(
        True,
        "1",
        "mosdepth",
        "target bases deep enough in every sample of the pair",
        "variants elsewhere cannot be excluded: sequence the poorer sample deeper",
    ),
    "contamination_frac": MetricDefinition(
        True,
        "1",
        "gatk",
        "reads of another person in the tumour",
        "extract and sequence again",
    ),
    "identity_sites": MetricDefinition(
        True,
        "{sites}",
        "onconcord",
        "common sites that tell people apart",
        "give a population resource with more sites in the targets",
    ),
    "identity_lod": MetricDefinition(
        True,
        "1",
        "onconcord",
        "log10 odds that tumour and normal are of one person",
        "compare the samples with those of the other patients: two may be exchanged",
    ),
    "identity_concordance_frac": MetricDefinition(
        True,
        "1",
        "onconcord",
        "sites homozygous in the normal at which the tumour has the same genotype",
        "look for contamination or exchanged samples",
    ),
    "reversal_lod": MetricDefinition(
        True,
        "1",
        "onconcord",
        "log10 odds that tumour and normal are exchanged",
        "check which tube was the tumour",
    ),
    "tumor_in_normal_frac": MetricDefinition(
        True,
        "1",
        "onconcord",
        "share of the normal's DNA that looks like the tumour's",
        "somatic variants may be missed: take another normal",
    ),
    "sex_inferred": MetricDefinition(
        True,
        "1",
        "mosdepth",
        "sex chromosomes by their depth",
        "compare sheet and sample: two may be exchanged",
    ),
}
"""Every metric by its id, in the order of the documentation."""

_COUNT = {"type": "integer", "minimum": 1}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["callable_vaf", "sites", "thresholds"],
    "properties": {
        "callable_vaf": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "sites": {
            "type": "object",
            "additionalProperties": False,
            "required": ["min_depth", "min_informative", "min_distance_bp"],
            "properties": {
                "min_depth": _COUNT,
                "min_informative": _COUNT,
                "min_distance_bp": _COUNT,
            },
        },
        "thresholds": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["metric", "applies_to", "direction", "warn", "fail"],
                "properties": {
                    "metric": {"enum": [name for name in METRICS if name != "sex_inferred"]},
                    "applies_to": {"enum": ["tumour", "normal", "pair"]},
                    "direction": {"enum": ["at_least", "at_most"]},
                    "warn": {"type": ["number", "null"]},
                    "fail": {"type": ["number", "null"]},
                },
            },
        },
    },
}


@dataclass(frozen=True)
class SiteRules:
    """
    Which common sites are used.

    Args:
        min_depth: reads at a site, in tumour and normal each.
        min_informative: sites needed for an answer.
        min_distance_bp: one site at most is taken in each window of this many bases, since
            neighbours are inherited together.
    """

    min_depth: int
    min_informative: int
    min_distance_bp: int


@dataclass(frozen=True)
class Threshold:
    """Limits of one metric; null = no such limit."""

    at_least: bool
    warn: float | None
    fail: float | None

    def verdict(self, value: float) -> str:
        """PASS, WARN or FAIL; a value that equals its limit is within it."""
        for status, limit in (("FAIL", self.fail), ("WARN", self.warn)):
            if limit is not None and (value < limit if self.at_least else value > limit):
                return status
        return "PASS"


@dataclass(frozen=True)
class Thresholds:
    """
    What an assay asks of its samples.

    Args:
        sites: which common sites tell people apart.
        limits: by metric and what it applies to (tumour, normal, pair); one for each direction.
    """

    sites: SiteRules
    limits: Mapping[tuple[str, str], tuple[Threshold, ...]]


def check_thresholds(raw: Any, source: str) -> list[Fault]:
    """
    Faults of a file of thresholds.

    Args:
        raw: what the YAML holds.
        source: the file's name, for messages.
    Returns:
        One fault per wrong key or value, per metric that is given twice in one
        direction or to the wrong subject, and per FAIL limit that is milder than its WARN limit.
    """
    faults = schema_faults(raw, SCHEMA, source)
    if faults:
        return faults
    seen: set[tuple[str, str, str]] = set()
    for number, row in enumerate(raw["thresholds"]):
        where = f"thresholds.{number}"
        metric, subject = row["metric"], row["applies_to"]
        if (metric, subject, row["direction"]) in seen:
            message = f'"{metric}" of the {subject} has two thresholds of one direction: give one.'
            faults.append(Fault(source, message, column=where))
        seen.add((metric, subject, row["direction"]))
        if METRICS[metric].of_pair != (subject == "pair"):
            wanted = '"pair"' if METRICS[metric].of_pair else '"tumour" or "normal"'
            message = f'"{metric}" applies to {wanted}, not to "{subject}".'
            faults.append(Fault(source, message, column=f"{where}.applies_to"))
        warn, fail = row["warn"], row["fail"]
        if warn is not None and fail is not None:
            milder = fail > warn if row["direction"] == "at_least" else fail < warn
            if milder:
                message = f"fail ({fail:g}) is milder than warn ({warn:g}): exchange them."
                faults.append(Fault(source, message, column=f"{where}.fail"))
    return faults


def read_thresholds(path: Path) -> Thresholds:
    """
    Thresholds of one assay.

    Raises:
        InputError: every fault of the file.
    """
    file = read_yaml(path)
    faults = file.faults or located(check_thresholds(file.values, path.name), path.name, file.lines)
    if faults:
        raise InputError(faults)
    raw = file.values
    limits: dict[tuple[str, str], tuple[Threshold, ...]] = {}
    for row in raw["thresholds"]:
        key = row["metric"], row["applies_to"]
        limit = Threshold(row["direction"] == "at_least", row["warn"], row["fail"])
        limits[key] = (*limits.get(key, ()), limit)
    return Thresholds(SiteRules(**raw["sites"]), limits)
