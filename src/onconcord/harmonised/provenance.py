"""Rows that say what a pair was made from: run, tools, inputs, samples, assay, reference."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from onconcord import contract
from onconcord.canonical_json import canonical_json, json_sha256
from onconcord.files import file_sha256
from onconcord.inputs.pair_spec import PairSpec
from onconcord.reads.account import InputFile
from onconcord.reference.contigs import read_contigs
from onconcord.reference.intervals import first_met
from onconcord.reference.transcript_set import Chosen, set_digest, set_id
from onconcord.runtime import checkout
from onconcord.runtime.conserved import read_conserved
from onconcord.runtime.machine import machine
from onconcord.runtime.tools import COLUMNS, read_tool_versions
from onconcord.sealed import sealed

Rows = list[dict[str, Any]]
OWN = ("harmonised", "onconcord")
"""Step and tool of our own row of the table `tool`."""
STAGE = re.compile("[0-9]_[a-z]+")
"""Name of a stage's folder."""


def run_id(
    spec: PairSpec,
    inputs: dict[str, tuple[InputFile, ...]],
    resources: dict[str, str],
    reference_digest: str,
) -> str:
    """
    Id of the work on one pair: the same work has the same id everywhere.

    Args:
        spec: the pair spec.
        inputs: reads files by role, tumour and normal.
        resources: SHA-256 of every reference and resource file by its name.
        reference_digest: digest of the reference.
    Returns:
        16 hex digits; no path, centre, id, thread or time goes in, but the pipeline's commit does.
    """
    made_from = {
        "inputs": {role: sorted(file.sha256 for file in files) for role, files in inputs.items()},
        "parameters": spec.parameters.to_dict(),
        "assay": {
            key: value
            for key, value in asdict(spec.assay).items()
            if key not in ("assay_id", "kits", "stated")
        },
        "resources": resources,
        "reference": reference_digest,
        "pipeline": checkout.version(),
    }
    return json_sha256(made_from)[:16]


def read_resources(*paths: Path) -> dict[str, str]:
    """SHA-256 by name of the files in `1_reference/resources.tsv` and in that of an assay."""
    tables = (pl.read_csv(sealed(path), separator="\t", infer_schema=False) for path in paths)
    rows = pl.concat(table.select("name", "sha256") for table in tables)
    return dict(sorted(rows.iter_rows()))


def run_rows(
    spec: PairSpec, run: str, lock: Path, reference_digest: str, chosen: tuple[Chosen, ...]
) -> Rows:
    """The row of `run`; `chosen` is the transcript set, nothing without a gene model."""
    return [
        {
            "run_id": run,
            "pair_id": spec.pair,
            "pipeline_version": checkout.version(),
            "git_commit": checkout.commit(),
            "contract_version": contract.load().version,
            "config_sha256": json_sha256(spec.parameters.to_dict()),
            "lock_sha256": file_sha256(lock),
            "reference_digest": reference_digest,
            "snakemake_version": version("snakemake"),
            "exit_status": "ok",
            "transcript_set_id": set_id(chosen),
            "transcript_set_sha256": set_digest(chosen) if chosen else None,
            "model_sha256": spec.parameters.model,
        }
    ]


def where_and_when(spec: Path) -> dict[str, Any]:
    """
    Columns of `run` that say where and when: they differ from run to run.

    Args:
        spec: file of the pair spec, which the first job of a pair writes.
    """
    started = datetime.fromtimestamp(int(spec.stat().st_mtime), UTC)
    ended = datetime.now(UTC).replace(microsecond=0)
    return {"started_at": started, "ended_at": ended, **machine()}


def tool_rows(
    run: str,
    tools: Iterable[Path],
    resources: dict[str, str],
    counts: dict[str, dict[str, int]],
    parameters: dict[str, Any],
    conserved: Iterable[Path] = (),
) -> Rows:
    """
    One row per tool, and one per resource, which stands as its own tool of step `resource`.

    Args:
        run: run_id.
        tools: `1_reference/tools/*.tsv`.
        resources: SHA-256 by name.
        counts: what became of the records of each resource VCF, by its name.
        parameters: those of the pair.
        conserved: what went into tools and came out, `results/STAGE/.../NAME.counts.tsv`. What is
            of no tool, such as the recount, stands in our own row.
    """
    own = dict(
        zip(
            COLUMNS,
            (*OWN, checkout.version(), "lockfile", "onconcord"),
            strict=True,
        )
    )
    all_tools = (*read_tool_versions(tools), own)
    counted = _counted(conserved, {(row["step"], row["tool"]) for row in all_tools})
    rows: Rows = [
        {
            "run_id": run,
            "step": row["step"],
            "tool": row["tool"],
            "version": row["version"],
            "version_source": row["version_source"],
            "command_template": row["command_template"],
            "command_sha256": hashlib.sha256(row["command_template"].encode()).hexdigest(),
            "params_json": canonical_json(parameters),
            "conserved_json": canonical_json(numbers) if numbers else None,
        }
        for row in all_tools
        for numbers in (counted.get((row["step"], row["tool"])),)
    ]
    return rows + [
        {
            "run_id": run,
            "step": "resource",
            "tool": name,
            "version": digest[:16],
            "version_source": "header",
            "params_json": canonical_json(counts[name]) if name in counts else None,
            "resource_name": name,
            "resource_sha256": digest,
        }
        for name, digest in sorted(resources.items())
    ]


def _counted(
    conserved: Iterable[Path], tools: Collection[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, int]]:
    """What was counted at each step and tool of a table; of others, by their names, at our own."""
    of_step: dict[str, list[Path]] = defaultdict(list)
    for path in conserved:
        stage = next(name for name in path.parts if STAGE.fullmatch(name))
        of_step[stage.split("_", 1)[1]].append(path)
    by_step: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for step, paths in of_step.items():
        for program, numbers in read_conserved(paths).items():
            known = (step, program) in tools
            by_step[(step, program) if known else OWN] |= (
                numbers if known else {f"{program} {unit}": n for unit, n in numbers.items()}
            )
    return by_step


def input_rows(run: str, inputs: dict[str, tuple[InputFile, ...]], ids: dict[str, str]) -> Rows:
    return [
        {
            "run_id": run,
            "sample_id": ids[role],
            "file_role": file.file_role,
            "ordinal": file.ordinal,
            "format": file.format,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "reads": file.reads,
        }
        for role, files in inputs.items()
        for file in files
    ]


def subject_rows(spec: PairSpec) -> Rows:
    sex = {"female": "XX", "male": "XY", "other": "other"}.get(spec.tumour.sex or "")
    consent = spec.tumour.consent
    return [
        {
            "subject_id": spec.patient,
            "sex_karyotypic": sex,
            "consent_code": [consent] if consent else None,
            **spec.stated,
        }
    ]


def sample_rows(spec: PairSpec) -> Rows:
    rows = []
    for role, name in (("tumour", "tumor"), ("normal", "normal")):
        if sample := spec.samples.get(role):
            rows.append(
                {
                    "sample_id": sample.sample,
                    "subject_id": spec.patient,
                    "role": name,
                    "library_id": sample.library,
                    "diagnosis_oncotree": sample.diagnosis,
                    **sample.stated,
                }
            )
    return rows


def assay_rows(
    spec: PairSpec, targets: pl.DataFrame, genes: pl.DataFrame, resources: dict[str, str]
) -> Rows:
    size = targets.select((pl.col("end0") - pl.col("start0")).sum()).item()
    targeted = genes.filter(pl.col("end0") > pl.col("start0"))["gene_id"].n_unique()
    return [
        {
            "assay_id": spec.assay.assay_id,
            "strategy": spec.assay.strategy,
            "target_bed_sha256": None if len(spec.assay.kits) > 1 else resources.get("targets"),
            "target_size_bp": size,
            "callable_padding_bp": spec.assay.padding,
            "alteration_types": ["small_variant"],
            "n_genes": targeted if genes.height else None,
            **spec.assay.stated,
        }
    ]


def assay_region_rows(
    spec: PairSpec, reference_id: str, targets: pl.DataFrame, genes: pl.DataFrame
) -> pl.DataFrame:
    """The targets, each with the first gene whose coding exons it meets; positions 0-based."""
    exons = genes.filter(pl.col("end0") > pl.col("start0"))
    met = first_met(targets, exons)
    return targets.select(
        pl.lit(spec.assay.assay_id).alias("assay_id"),
        pl.lit(reference_id).alias("reference_id"),
        *("chrom", "start0", "end0"),
        gene_id=exons["gene_id"].gather(met),
        gene_symbol=exons["gene_symbol"].gather(met),
        feature=pl.when(met.is_not_null()).then(pl.lit("exon")),
        purpose=pl.lit(["variant"], dtype=pl.List(pl.String)),
    )


def contig_rows(contigs: Path, reference_id: str) -> Rows:
    return [
        {**asdict(row), "reference_id": reference_id, "is_primary": bool(row.is_primary)}
        for row in read_contigs(contigs)
    ]
