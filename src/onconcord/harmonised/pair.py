"""Every table of one pair, put in place together once each of them is valid."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pysam

from onconcord import contract, qc
from onconcord.annotated.annotation import Annotation, read_gene_regions
from onconcord.annotated.clinical import Clinical
from onconcord.calls.callers import read_callers
from onconcord.canonical_json import canonical_json
from onconcord.decision.estimates import estimate_pair
from onconcord.decision.model import Model
from onconcord.decision.power import Power
from onconcord.evidence.background import SCHEMA as BACKGROUND_SCHEMA
from onconcord.evidence.hotspots import hotspot_rows, read_hotspots
from onconcord.evidence.panel import panel_counts
from onconcord.evidence.records import REJECTED_SCHEMA
from onconcord.evidence.recount import SCHEMA as RECOUNT_SCHEMA
from onconcord.evidence.tables import read_checked
from onconcord.files import file_sha256, whole_folder
from onconcord.harmonised import provenance
from onconcord.harmonised.final_vcf import write_final_vcf
from onconcord.harmonised.pieces import write_variant_tables
from onconcord.harmonised.variants import (
    Facts,
    decision_limits,
    judged_hotspots,
    rule_definitions,
)
from onconcord.inputs.knowledge import KEYS as KNOWLEDGE
from onconcord.inputs.knowledge import read_knowledge
from onconcord.inputs.pair_spec import PairSpec
from onconcord.reads.account import read_inputs
from onconcord.reference.bed import read_bed
from onconcord.reference.contigs import read_contigs
from onconcord.reference.resources import read_counts
from onconcord.reference.sequence import ContigNames, Genome
from onconcord.reference.transcript_set import Chosen, read_set
from onconcord.runtime.tools import read_tool_versions
from onconcord.sealed import read_sealed_json

NOT_RUN = ("sv", "cna", "msi", "tmb", "signature")


@dataclass(frozen=True)
class PairFiles:
    """
    The files a pair's tables are made from; the keys of the dictionaries are roles or callers.

    Args:
        spec: the pair spec.
        reference: folder of stage 1.
        assay: folder of the pair's assay in it.
        tools: versions of the tools, one file an environment.
        inputs: `{sample}.inputs.tsv` by role.
        qc: metrics and verdict.
        quantized, anymapq, regions: mosdepth's files by role.
        calls: final VCF of each caller.
        model: parameters of the decision.
        callers_dir: folder of the caller folders.
        conserved: what went into tools and came out, `results/STAGE/.../NAME.counts.tsv`.
        lock: lock file of the Python packages.
    """

    spec: Path
    reference: Path
    assay: Path
    tools: tuple[Path, ...]
    inputs: dict[str, Path]
    qc: Path
    quantized: dict[str, Path]
    anymapq: dict[str, Path]
    regions: dict[str, Path]
    evidence: Path
    rejected: Path
    recount: Path
    background: Path
    model: Path
    annotated: Path
    calls: dict[str, Path]
    callers_dir: Path
    conserved: tuple[Path, ...]
    lock: Path

    @property
    def resources(self) -> tuple[Path, Path]:
        """Checksums of what all pairs share, and of the assay's targets."""
        return self.reference / "resources.tsv", self.assay / "resources.tsv"


def harmonise_pair(files: PairFiles, out: Path) -> None:
    """
    Write every contract table of a pair, its final VCF and MANIFEST.json.

    Args:
        files: what the tables are made from.
        out: folder of the pair; it is replaced as a whole, and only by a whole one.
    Raises:
        ContractError: a table breaks the contract, which is a fault of ours or of a tool.
    """
    spec = PairSpec.read(files.spec)
    with whole_folder(out) as work:
        _write_pair(spec, files, work)


def _write_pair(spec: PairSpec, files: PairFiles, work: Path) -> None:
    """Write the tables of a pair, its final VCF and, once they are whole, MANIFEST.json."""
    recount = read_checked(files.recount, RECOUNT_SCHEMA)
    sources = _PairSources.read(spec, files, recount)
    digests, passing = write_variant_tables(
        sources.facts, spec.centre, files.evidence, recount, sources.annotation, work
    )
    native = {table: name for name, table in sources.facts.names.table_of.items()}
    somatic = (
        pl.scan_parquet(work / "small_variant.parquet")
        .filter(pl.col("is_pass") & (pl.col("origin") == "somatic"))
        .select(pl.col("chrom").replace(native), "pos", "ref", "alt")
        .collect()
    )
    tables = _tables(sources, files, recount, somatic, passing)
    for name in contract.load().tables:
        if name not in digests:
            digests[name] = contract.write(
                name, _of_centre(spec.centre, tables.get(name, [])), work / f"{name}.parquet"
            )
    write_final_vcf(
        pl.scan_parquet(work / "small_variant.parquet").filter("is_pass").collect().to_arrow(),
        files.reference,
        spec.tumour.sample,
        spec.normal.sample if spec.normal else None,
        work / f"{spec.pair}.vcf.gz",
    )
    manifest = {
        "pair": spec.pair,
        "centre": spec.centre,
        "run_id": tables["pair"][0]["run_id"],
        "contract_version": contract.load().version,
        "tables": {
            name: {
                "rows": digest.rows,
                "content_sha256": digest.sha256,
                "file_sha256": file_sha256(work / f"{name}.parquet"),
            }
            for name, digest in digests.items()
        },
    }
    (work / "MANIFEST.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def _of_centre(center_id: str, rows: Any) -> pl.DataFrame | list[dict[str, Any]]:
    if isinstance(rows, pl.DataFrame):
        return rows.with_columns(center_id=pl.lit(center_id))
    return [{"center_id": center_id, **row} for row in rows]


@dataclass(frozen=True)
class _PairSources:
    """What the tables of a pair are made with, read once."""

    facts: Facts
    annotation: Annotation
    hotspots: pl.DataFrame
    genes: pl.DataFrame
    reference_digest: str

    @classmethod
    def read(cls, spec: PairSpec, files: PairFiles, recount: pl.DataFrame) -> "_PairSources":
        identity = read_sealed_json(files.reference / "reference.json")
        contigs = read_contigs(files.reference / "contigs.tsv")
        names = ContigNames.of(contigs)
        genes = read_gene_regions(files.assay / "gene_regions.tsv")
        clinical = spec.resources.clinical
        resources = provenance.read_resources(*files.resources)
        chosen = read_set(files.reference / "transcript_set.tsv")
        versions = {row["tool"]: row["version"] for row in read_tool_versions(files.tools)}
        genome = Genome(files.reference / "genome.fa")
        hotspots = read_hotspots(spec.resources.hotspots, genome)
        model = Model.read(files.model)
        estimates = estimate_pair(
            recount,
            read_checked(files.background, BACKGROUND_SCHEMA),
            _contamination(files.qc),
            model.of(spec.normal is not None)["hypotheses"],
        )
        decision = spec.parameters.decision
        power = Power(model, estimates, decision["min_tumour_depth"], decision["min_tumour_vaf"])
        facts = Facts(
            spec=spec,
            reference_id=identity["reference_id"],
            genome=genome,
            names=names,
            callers=read_callers(files.callers_dir, list(files.calls)),
            versions=versions,
            targets=read_bed(files.assay / "targets.bed").select(
                pl.col("chrom").replace_strict(names.table_of), "start0", "end0"
            ),
            states=qc.callable_regions(
                files.assay / "targets.bed",
                files.quantized["tumour"],
                files.quantized.get("normal"),
                files.anymapq["tumour"],
                files.anymapq.get("normal"),
                names.table_of,
                qc.Searched(
                    power,
                    spec.parameters.qc["callable_vaf"],
                    {role: decision[f"min_{role}_depth"] for role in ("tumour", "normal")},
                ),
            ),
            hotspots=hotspots.select("chrom", "pos", "ref", "alt"),
            refget={row.source_name: row.refget_sq for row in contigs},
            panel=panel_counts(
                spec.resources.panel_of_normals,
                genome,
                [sample.sample for sample in spec.samples.values()],
                spec.patient,
            ),
            model=model,
            estimates=estimates,
            power=power,
        )
        annotation = Annotation(
            files.annotated,
            names.table_of,
            genome,
            files.reference / "transcripts.parquet",
            chosen,
            versions.get("snpEff"),
            Clinical.of(Path(clinical) if clinical else None),
            read_knowledge(
                {key: Path(path) for key in KNOWLEDGE if (path := getattr(spec.resources, key))},
                {name: digest[:16] for name, digest in resources.items()},
            ),
        )
        return cls(facts, annotation, hotspots, genes, identity["digest"])


def _tables(
    sources: _PairSources,
    files: PairFiles,
    recount: pl.DataFrame,
    somatic: pl.DataFrame,
    passing: int,
) -> dict[str, Any]:
    """Rows of the tables that do not hold candidates."""
    facts = sources.facts
    spec, names, reference_id = facts.spec, facts.names, facts.reference_id
    resources = provenance.read_resources(*files.resources)
    inputs = {role: read_inputs(path) for role, path in files.inputs.items()}
    run = provenance.run_id(spec, inputs, resources, sources.reference_digest)
    ids = {role: spec.samples[role].sample for role in inputs}
    verdict = read_sealed_json(files.qc)
    genes = sources.genes.with_columns(pl.col("chrom").replace(names.table_of))
    pair_columns = {"pair_id": spec.pair, "reference_id": reference_id}
    metrics = [{**row, "run_id": run} for row in verdict["metrics"]]
    targets, states, hotspots = facts.targets, facts.states, sources.hotspots
    genes_callable = qc.gene_callability(
        files.assay / "gene_regions.tsv",
        states,
        files.regions["tumour"],
        files.regions.get("normal"),
        names.table_of,
        power=facts.power,
    )
    region_bp = targets.select((pl.col("end0") - pl.col("start0")).sum()).item()
    return {
        "subject": provenance.subject_rows(spec),
        "sample": provenance.sample_rows(spec),
        "assay": provenance.assay_rows(spec, targets, genes, resources),
        "assay_region": provenance.assay_region_rows(spec, reference_id, targets, genes),
        "reference_contig": provenance.contig_rows(files.reference / "contigs.tsv", reference_id),
        "pair": [_pair_row(spec, reference_id, run, verdict, metrics)],
        "transcript": _transcript_rows(sources.annotation.chosen, reference_id, names),
        "run": [
            row | provenance.where_and_when(files.spec)
            for row in provenance.run_rows(
                spec, run, files.lock, sources.reference_digest, sources.annotation.chosen
            )
        ],
        "tool": provenance.tool_rows(
            run,
            files.tools,
            resources,
            read_counts(files.reference, resources),
            spec.parameters.to_dict(),
            files.conserved,
        ),
        "input_file": provenance.input_rows(run, inputs, ids),
        "qc_metric": metrics,
        "callable_region": states.with_columns(
            pl.lit(value).alias(name) for name, value in pair_columns.items()
        ),
        "gene_callability": genes_callable.with_columns(pl.lit(spec.pair).alias("pair_id")),
        "analysis_scope": _scope(facts, passing, hotspots, region_bp),
        "hotspot_status": hotspot_rows(
            hotspots, judged_hotspots(facts, recount, somatic), spec, names, reference_id
        ),
        "rejected_record": read_checked(files.rejected, REJECTED_SCHEMA)
        .unique(["caller", "line_sha256"], keep="first", maintain_order=True)
        .with_columns(pl.col("chrom").replace(names.table_of))
        .with_columns(pl.lit(value).alias(name) for name, value in pair_columns.items()),
        "filter_definition": _filters(files.calls, rule_definitions(spec, facts.model)),
        "vocabulary": contract.vocabulary_rows(spec.centre),
    }


def _contamination(qc_json: Path) -> float | None:
    metrics = read_sealed_json(qc_json)["metrics"]
    sources = (row["value"] for row in metrics if row["metric_id"] == "contamination_frac")
    return next(sources, None)


def _transcript_rows(
    chosen: tuple[Chosen, ...], reference_id: str, names: ContigNames
) -> list[dict[str, Any]]:
    """Rows of `transcript`: the set, genes that code for nothing left out."""
    return [
        {
            "reference_id": reference_id,
            "gene_id": transcript.gene,
            "transcript_id": transcript.transcript,
            "gene_symbol": transcript.gene_symbol,
            "chrom": names.table_of.get(transcript.chrom),
            "kind": transcript.kind,
            "source": transcript.source,
            "cds_status": transcript.cds_status,
            "residues": transcript.residues,
            "cds_sha256": transcript.cds_sha256,
        }
        for transcript in chosen
        if transcript.cds_status != "not_coding"
    ]


def _pair_row(
    spec: PairSpec,
    reference_id: str,
    run: str,
    verdict: dict[str, Any],
    metrics: list[dict[str, Any]],
) -> dict[str, Any]:
    of_pair = {row["metric_id"]: row["value"] for row in metrics if row["entity_id"] == spec.pair}
    normal = spec.normal
    return {
        "pair_id": spec.pair,
        "tumor_sample_id": spec.tumour.sample,
        "normal_sample_id": normal.sample if normal else None,
        "assay_id": spec.assay.assay_id,
        "design": "matched" if normal else "tumor_only",
        "reference_id": reference_id,
        "run_id": run,
        "purity_status": "not_run",
        "contamination_frac": of_pair.get("contamination_frac"),
        "tumor_in_normal_frac": of_pair.get("tumor_in_normal_frac"),
        "sex_inferred": next(
            (
                row["value_text"]
                for row in metrics
                if row["metric_id"] == "sex_inferred" and row["value_text"] in ("XX", "XY")
            ),
            None,
        ),
        "qc_status": verdict["status"],
        "qc_reasons": sorted(verdict["reasons"]),
    }


def _scope(
    facts: Facts, passing: int, hotspots: pl.DataFrame, region_bp: int
) -> list[dict[str, Any]]:
    spec = facts.spec
    matched = spec.normal is not None
    judged_by = {
        **decision_limits(spec, facts.model),
        "callable_vaf": spec.parameters.qc["callable_vaf"],
        "model": facts.model.model_id,
        **facts.estimates.stated(),
    }
    if len(spec.assay.kits) > 1:
        judged_by["shared_targets"] = list(spec.assay.kits)
    limits = canonical_json(judged_by)
    able = sorted(name for name, caller in facts.callers.items() if matched or caller.tumour_only)
    # Where no base is deep enough, that nothing was found says nothing.
    searched = passing > 0 or bool((facts.states["state"] == "CALLABLE").any())
    outcome = "done" if passing else "done_none_found"
    rows: list[dict[str, Any]] = [
        {
            "pair_id": spec.pair,
            "analysis": "small_variant",
            "status": outcome if searched else "failed",
            "reason_code": None if searched else "no_callable_base",
            "callers": able,
            "region_bp": region_bp if searched else None,
            "params_json": limits,
        },
        {
            "pair_id": spec.pair,
            "analysis": "hotspot",
            "status": "done" if hotspots.height else "not_run",
            "reason_code": None if hotspots.height else "no_hotspot_list",
            "callers": [],
        },
    ]
    return rows + [
        {
            "pair_id": spec.pair,
            "analysis": analysis,
            "status": "not_run",
            "reason_code": "no_caller",
            "callers": [],
        }
        for analysis in NOT_RUN
    ]


def _filters(calls: dict[str, Path], rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Filters of the callers as their VCF headers describe them, and the rules of the decision."""
    rows = list(rules)
    for caller, path in sorted(calls.items()):
        with pysam.VariantFile(str(path)) as file:
            rows += [
                {
                    "filter_id": f"{caller}.{name}",
                    "scope": "caller",
                    "caller": caller,
                    "description": str(definition.description).strip('"') or name,
                    "effect": "fail",
                }
                for name, definition in file.header.filters.items()
                if name != "PASS"
            ]
    return rows
