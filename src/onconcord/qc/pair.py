"""Metrics of one pair against the thresholds of its assay. A FAIL is a row, never an error."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from onconcord.files import write_text
from onconcord.inputs.pair_spec import PairSpec
from onconcord.qc.identity import Answer, compare_genotypes
from onconcord.qc.measures import contamination, infer_sex, pileups, sample_metrics, target_share
from onconcord.qc.thresholds import METRICS, Thresholds, read_thresholds
from onconcord.sealed import seal

MAX_CONTAMINATION_ERROR = 0.05
"""A contamination that is less certain than this (standard error) is not stated."""
WORSE = ("NA", "PASS", "WARN", "FAIL")
"""Verdicts, the worst one last."""
KARYOTYPES = {"female": "XX", "male": "XY"}
NO_NORMAL = Answer(None, "tumour without a normal")
MUST_BE_KNOWN = frozenset({"identity_lod"})
"""Metrics with a limit that give WARN where they could not be measured: nobody has shown whose DNA
it is. Nothing is asked of a tumour without a normal."""


@dataclass(frozen=True)
class Metric:
    """
    One row of `qc_metric`.

    Args:
        subject_kind: sample or pair; entity_id is its id.
        value: null where it was not measured, or is a text.
        value_text: why it was not measured, or the text.
        status: PASS, WARN, FAIL; NA where there is no value or no threshold.
    """

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


@dataclass(frozen=True)
class SampleFiles:
    """
    Files that quality control has of one sample.

    Args:
        prefix: `4_qc/samples/{sample}`, followed by .stats.txt, .mosdepth.summary.txt,
            .regions.bed.gz, .quantized.bed.gz and .pileups.table.
        inputs: `2_reads/{sample}.inputs.tsv`.
        flagstat: samtools flagstat's JSON of the whole alignment, or None.
    """

    prefix: Path
    inputs: Path
    flagstat: Path | None = None


def write_pair_qc(
    spec: PairSpec,
    thresholds: Path,
    samples: Mapping[str, SampleFiles],
    contamination_table: Path,
    out: Path,
) -> None:
    """
    Write metrics, verdict and reasons of a pair as JSON.

    Args:
        spec: the pair spec.
        thresholds: YAML of the assay's thresholds.
        samples: by role, tumour and, where there is one, normal.
        contamination_table: GATK's table; header-only where it was not estimated.
        out: JSON: pair, status (PASS, WARN, FAIL), reasons (ids of the metrics that gave WARN or
            FAIL), metrics. A metric that was not measured changes no verdict, but for those of
            MUST_BE_KNOWN.
    Raises:
        InputError: faulty thresholds.
        ToolError: a file of a tool is cut off or of another form.
    """
    wanted = read_thresholds(thresholds)
    judged: list[tuple[str, Metric]] = []
    decision = spec.parameters.decision
    least = {role: decision[f"min_{role}_depth"] for role in samples}
    for role, files in samples.items():
        measured = sample_metrics(files.prefix, files.inputs, files.flagstat, least[role])
        sample = spec.samples[role].sample
        judged += [(role, _judge(role, sample, *item, wanted)) for item in measured.items()]
    prefixes = {role: files.prefix for role, files in samples.items()}
    of_pair = {
        "callable_frac": Answer(
            target_share({prefix: least[role] for role, prefix in prefixes.items()})
        ),
        "contamination_frac": contamination(
            contamination_table,
            spec.tumour.sample,
            pileups(prefixes["tumour"]).height,
            MAX_CONTAMINATION_ERROR,
        ),
        **_genotypes(prefixes, wanted),
    }
    pair = spec.pair
    judged += [("pair", _judge("pair", pair, *item, wanted)) for item in of_pair.items()]
    judged.append(("pair", _sex(spec, prefixes, wanted)))
    statuses = {metric.status for _, metric in judged}
    reasons = {metric.metric_id for _, metric in judged if metric.status in ("WARN", "FAIL")}
    metrics = sorted(
        (metric for _, metric in judged),
        key=lambda metric: (metric.subject_kind, metric.entity_id, metric.metric_id),
    )
    verdict = {
        "pair": pair,
        "status": next((status for status in ("FAIL", "WARN") if status in statuses), "PASS"),
        "reasons": sorted(reasons),
        "metrics": [asdict(metric) for metric in metrics],
    }
    write_text(out, json.dumps(verdict, indent=1, sort_keys=True) + "\n")
    seal(out)


def _genotypes(prefixes: Mapping[str, Path], wanted: Thresholds) -> dict[str, Answer]:
    """Metrics of tumour against normal at common sites."""
    if "normal" not in prefixes:
        names = ("sites", "lod", "concordance_frac")
        return {
            **{f"identity_{name}": NO_NORMAL for name in names},
            "reversal_lod": NO_NORMAL,
            "tumor_in_normal_frac": NO_NORMAL,
        }
    compared = compare_genotypes(
        pileups(prefixes["tumour"]), pileups(prefixes["normal"]), wanted.sites
    )
    return {
        "identity_sites": Answer(float(compared.informative_sites)),
        "identity_lod": compared.lod,
        "identity_concordance_frac": compared.concordance_frac,
        "reversal_lod": compared.reversal_lod,
        "tumor_in_normal_frac": compared.tumour_in_normal_frac,
    }


def _judge(role: str, entity: str, metric_id: str, answer: Answer, wanted: Thresholds) -> Metric:
    definition = METRICS[metric_id]
    limits = wanted.limits.get((metric_id, role), ())
    status, limit = "NA", next(iter(limits), None)
    for candidate in limits:
        verdict = "NA" if answer.value is None else candidate.verdict(answer.value)
        if WORSE.index(verdict) > WORSE.index(status):
            status, limit = verdict, candidate
    if limits and metric_id in MUST_BE_KNOWN and answer.value is None and answer is not NO_NORMAL:
        status = "WARN"
    return Metric(
        subject_kind="pair" if definition.of_pair else "sample",
        entity_id=entity,
        metric_id=metric_id,
        value=answer.value,
        value_text=answer.text,
        unit=definition.unit,
        status=status,
        threshold_warn=limit.warn if limit else None,
        threshold_fail=limit.fail if limit else None,
        tool=definition.tool,
    )


def _sex(spec: PairSpec, prefixes: Mapping[str, Path], wanted: Thresholds) -> Metric:
    """Sex chromosomes of the normal, or of the tumour without one, against the sheet's sex."""
    role = "normal" if "normal" in prefixes else "tumour"
    inferred = infer_sex(Path(f"{prefixes[role]}.mosdepth.summary.txt"))
    metric = _judge("pair", spec.pair, "sex_inferred", inferred, wanted)
    stated = KARYOTYPES.get(spec.samples[role].sex or "")
    if stated is None or inferred.text not in KARYOTYPES.values():
        return metric
    return replace(metric, status="PASS" if stated == inferred.text else "WARN")


def verdict_sentence(role: str, metric: Metric) -> str:
    """
    Why a metric gave WARN or FAIL, and what to do, as a sentence.

    Args:
        role: tumour, normal or pair: the sentence names no sample, whose id is local.
    """
    definition = METRICS[metric.metric_id]
    if metric.metric_id == "sex_inferred":
        return (
            f"WARN sex_inferred: the depth of X and Y is that of {metric.value_text}, the sheet "
            f"says otherwise: {definition.remedy}."
        )
    if metric.value is None:
        why = f", {metric.value_text}" if metric.value_text else ""
        return (
            f"{metric.status} {metric.metric_id} of the {role}: not measured{why} "
            f"({definition.meaning}): {definition.remedy}."
        )
    limit = metric.threshold_fail if metric.status == "FAIL" else metric.threshold_warn
    assert limit is not None
    side = "below" if metric.value < limit else "above"
    return (
        f"{metric.status} {metric.metric_id} of the {role}: {metric.value:g} is {side} {limit:g} "
        f"({definition.meaning}): {definition.remedy}."
    )
