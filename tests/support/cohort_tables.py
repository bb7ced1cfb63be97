"""A small working folder with harmonised tables of a made-up cohort, for people's commands."""

import hashlib
import json
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from onconcord import contract
from real_ids import (
    MODEL,
    OUTSIDE_CALLABLE,
    POPULATION,
    TUMOUR_DEPTH,
    metric_id,
    rule_definitions,
)
from written_tables import write_table

GENES = {"ASXL1": 31022000, "AURKA": 54945000, "GNAS": 57484000, "SRC": 36012000, "TOP1": 39657000}
CALLERS = ("freebayes", "mutect2")
PAIRS = {
    "TUM-A01": ("DEMO-A", "NRM-A1", "PASS", []),
    "TUM-A02": ("DEMO-A", "NRM-A2", "WARN", [metric_id("contamination_frac")]),
    "TUM-B01": ("DEMO-B", None, "PASS", []),
    "TUM-B02": ("DEMO-B", "NRM-B2", "FAIL", [metric_id("identity_lod")]),
}
"""Pair -> centre, normal, QC verdict, reasons."""

GNAS_R201C = ("chr20", 57484420, "C", "T")


def variant(pair: str, locus: tuple[str, int, str, str], **values: object) -> dict[str, object]:
    """A passing SNV of `pair` in GNAS; `values` replaces what a test is about."""
    chrom, pos, ref, alt = locus
    centre, normal, _, _ = PAIRS[pair]
    row: dict[str, object] = {
        "center_id": centre,
        "pair_id": pair,
        "reference_id": "GRCh37",
        "chrom": chrom,
        "pos": pos,
        "ref": ref,
        "alt": alt,
        "variant_key": f"{chrom}:{pos}:{ref}:{alt}",
        "variant_class": "SNV",
        "length_bp": len(alt) - len(ref),
        "origin": "somatic",
        "origin_method": "matched_normal" if normal else "tumor_only_model",
        "tumor_depth": 150,
        "tumor_ref_count": 105,
        "tumor_alt_count": 45,
        "tumor_vaf": 0.3,
        "normal_depth": 100 if normal else None,
        "normal_ref_count": 100 if normal else None,
        "normal_alt_count": 0 if normal else None,
        "counts_source": "recount",
        "n_callers_pass": 2,
        "n_callers_called": 2,
        "n_callers_capable": 2,
        "callers_pass": list(CALLERS),
        "consensus_rule_id": MODEL,
        "is_pass": True,
        "filters": [],
        "event_id": f"{pos:016x}",
        "in_target": True,
        "n_source_records": 2,
        "gene_id": "GENE-GNAS",
        "gene_symbol": "GNAS",
        "transcript_id": "GNAS-210",
        "hgvsc": "c.601C>T",
        "hgvsp": "p.Arg201Cys",
        "consequence_so": "missense_variant",
        "impact": "MODERATE",
    }
    return row | values


def rule(
    row: dict[str, object], ordinal: int, rule_id: str, outcome: str, **detail: object
) -> dict:
    """One step of a variant's decision trail."""
    key = ("center_id", "pair_id", "reference_id", "chrom", "pos", "ref", "alt")
    step = {name: row[name] for name in key}
    text = json.dumps(detail, sort_keys=True) if detail else None
    return step | {"ordinal": ordinal, "rule_id": rule_id, "outcome": outcome, "detail_json": text}


def evidence(row: dict[str, object], caller: str, **values: object) -> dict:
    """What `caller` said of a variant: passed, under the variant's own key."""
    key = ("center_id", "pair_id", "reference_id", "chrom", "pos", "ref", "alt")
    said = {name: row[name] for name in key} | {
        "caller": caller,
        "caller_version": "1.0",
        "match": "exact",
        "raw_record_key": str(row["variant_key"]).replace("chr", ""),
        "is_pass": True,
        "filters": [],
        "qual": 60.0,
        "tumor_depth": 148,
        "tumor_alt_count": 44,
        "vaf_reported": 0.297297,
    }
    return said | values


def _filters(number: int) -> list[str]:
    if number >= 25:
        return [MODEL if number % 3 else POPULATION]
    return [] if number % 9 else [OUTSIDE_CALLABLE]


def _many(pair: str, seed: int) -> tuple[list[dict], list[dict]]:
    """Somatic, germline and noisy candidates of a pair, and their trails."""
    draw = random.Random(f"{pair} {seed}")
    normal = PAIRS[pair][1]
    rows, trail = [], []
    kinds = [
        ("missense_variant", "p.Ala{}Val", "MODERATE"),
        ("stop_gained", "p.Gln{}*", "HIGH"),
        ("synonymous_variant", "p.Leu{}=", "LOW"),
        ("splice_donor_variant", None, "HIGH"),
        ("conservative_inframe_deletion", "p.Glu{}del", "MODERATE"),
    ]
    for number in range(70):
        gene = draw.choice(sorted(GENES))
        pos = GENES[gene] + 100 + 7 * number
        ref, alt = draw.sample("ACGT", 2)
        germline = number >= 25
        depth, normal_depth = draw.randint(60, 320), draw.randint(40, 200)
        vaf = draw.choice((0.5, 1.0)) if germline else draw.uniform(0.04, 0.6)
        alt_count = min(
            depth, max(1, round(draw.gauss(depth * vaf, (depth * vaf / 4) ** 0.5 + 0.5)))
        )
        normal_alt = round(normal_depth * vaf) if germline else draw.choice((0, 0, 0, 1))
        consequence, protein, impact = draw.choices(kinds, (10, 3, 5, 1, 2))[0]
        row = variant(
            pair,
            ("chr20", pos, ref, alt),
            tumor_depth=depth,
            tumor_alt_count=alt_count,
            tumor_ref_count=depth - alt_count,
            tumor_vaf=round(alt_count / depth, 6),
            normal_depth=normal_depth if normal else None,
            normal_alt_count=normal_alt if normal else None,
            normal_ref_count=normal_depth - normal_alt if normal else None,
            gene_id=f"GENE-{gene}",
            gene_symbol=gene,
            hgvsc=f"c.{3 * number + 40}{ref}>{alt}",
            hgvsp=protein.format(number + 14) if protein else None,
            consequence_so=consequence,
            impact=impact,
            is_pass=not germline,
            origin="germline_likely" if germline else "somatic",
            filters=_filters(number),
        )
        rows.append(row)
        trail.append(rule(row, 1, TUMOUR_DEPTH, "keep", callers_pass=list(CALLERS), needed=1))
        if germline:
            trail.append(rule(row, 2, _filters(number)[0], "drop", limit=0.02))
        elif number % 9 == 0:
            trail.append(rule(row, 2, OUTSIDE_CALLABLE, "flag"))
    return rows, trail


def write_cohort(
    folder: Path,
    many: bool = False,
    variants: list[dict] | None = None,
    decisions: list[dict] | None = None,
    calls: list[dict] | None = None,
    hostile: str | None = None,
    pairs: Iterable[str] = tuple(PAIRS),
) -> Path:
    """
    Harmonised tables of PAIRS below `folder`.

    GNAS R201C passes in TUM-A01 (a hotspot), and is dropped in TUM-A02 as germline.

    Args:
        many: add 70 candidates to every pair.
        variants, decisions, calls: replace the rows of small_variant, decision,
            variant_call_evidence.
        pairs: those of PAIRS to write.
        hostile: text to put where a gene's symbol and a protein change go.
    """
    kept = variant("TUM-A01", GNAS_R201C)
    dropped = variant(
        "TUM-A02",
        GNAS_R201C,
        is_pass=False,
        origin="germline_likely",
        normal_alt_count=48,
        normal_ref_count=52,
        filters=[MODEL],
        n_callers_pass=0,
        callers_pass=[],
    )
    in_normal = {"limit": 0.02, "normal_alt": 48, "normal_depth": 100, "p": 1.0}
    if hostile:
        kept |= {"gene_symbol": hostile, "hgvsp": hostile}
    rows = [kept, dropped] if variants is None else variants
    trail = (
        [
            rule(kept, 1, TUMOUR_DEPTH, "keep", callers_pass=list(CALLERS), needed=1),
            rule(dropped, 1, TUMOUR_DEPTH, "keep", callers_pass=list(CALLERS), needed=1),
            rule(dropped, 2, MODEL, "drop", **in_normal),
        ]
        if decisions is None
        else decisions
    )
    said = (
        [evidence(kept, caller) for caller in CALLERS]
        + [evidence(dropped, "freebayes")]
        + [
            evidence(
                dropped,
                "mutect2",
                is_pass=False,
                filters=["mutect2.normal_artifact"],
                normal_depth=100,
                normal_alt_count=48,
            )
        ]
        if calls is None
        else calls
    )
    for pair in pairs if many else ():
        more, steps = _many(pair, 1)
        rows, trail = rows + more, trail + steps
    for pair in pairs:
        _write_pair(folder, pair, rows, trail, said)
    return folder


def _write_pair(
    folder: Path, pair: str, rows: list[dict], trail: list[dict], said: list[dict]
) -> None:
    centre, normal, verdict, reasons = PAIRS[pair]
    out = folder / "results/8_harmonised" / pair
    out.mkdir(parents=True, exist_ok=True)
    who = {"center_id": centre, "pair_id": pair}
    place = {"reference_id": "GRCh37", "chrom": "chr20"}
    run_id = hashlib.sha256(pair.encode()).hexdigest()[:16]
    alleles = [row for row in rows if row["pair_id"] == pair]
    tables: dict[str, list[dict]] = {
        "small_variant": alleles,
        "decision": [row for row in trail if row["pair_id"] == pair],
        "variant_call_evidence": [row for row in said if row["pair_id"] == pair],
        "pair": [
            who
            | {
                "tumor_sample_id": pair,
                "normal_sample_id": normal,
                "assay_id": "exome",
                "design": "matched" if normal else "tumor_only",
                "reference_id": "GRCh37",
                "run_id": run_id,
                "purity_status": "not_run",
                "qc_status": verdict,
                "qc_reasons": reasons,
            }
        ],
        "run": [
            who
            | {
                "run_id": run_id,
                "pipeline_version": "0.1.0",
                "contract_version": contract.CONTRACT_VERSION,
                "config_sha256": "0" * 64,
                "exit_status": "ok",
            }
        ],
        "tool": [
            {
                "center_id": centre,
                "run_id": run_id,
                "step": "5_calls",
                "tool": caller,
                "version": "1.0",
                "version_source": "cli",
            }
            for caller in CALLERS
        ],
        "assay_region": [
            {"center_id": centre, "assay_id": "exome"}
            | place
            | {"start0": start, "end0": start + 2000, "gene_symbol": gene, "purpose": ["variant"]}
            for gene, start in GENES.items()
        ],
        "callable_region": [
            who | place | {"start0": start + first, "end0": start + last, "state": state}
            for start in GENES.values()
            for first, last, state in (
                (0, 1500, "CALLABLE"),
                (1500, 1800, "LOW_TUMOR"),
                (1800, 2000, "NO_COVERAGE"),
            )
        ],
        "gene_callability": [
            who
            | {
                "gene_id": f"GENE-{gene}",
                "gene_symbol": gene,
                "target_bp": 2000,
                "tumor_mean_depth": 150.0,
                "callable_frac": 0.0 if (gene, pair) == ("TOP1", "TUM-B01") else 0.9 + place / 50,
                "status": "not_callable" if (gene, pair) == ("TOP1", "TUM-B01") else "partial",
            }
            for place, gene in enumerate(GENES)
        ],
        "hotspot_status": [
            who
            | place
            | {
                "hotspot_id": "GNAS_R201C",
                "pos": GNAS_R201C[1],
                "ref": "C",
                "alt": "T",
                "gene_symbol": "GNAS",
                "tumor_depth": 150,
                "tumor_alt_count": 45 if pair == "TUM-A01" else 0,
                "upper95_vaf": 0.36,
                "status": "mutated" if pair == "TUM-A01" else "wildtype",
                "list_version": "1",
            }
        ],
        "analysis_scope": [
            who | {"analysis": analysis, "status": status, "callers": list(CALLERS)}
            for analysis, status in (("small_variant", "done"), ("sv", "not_run"))
        ],
        "qc_metric": [
            {
                "center_id": centre,
                "run_id": run_id,
                "subject_kind": "sample",
                "entity_id": pair,
                "metric_id": metric_id("mean_target_coverage"),
                "value": 168.25,
                "unit": "1",
                "status": "PASS",
                "threshold_warn": 50.0,
                "threshold_fail": 20.0,
                "tool": "mosdepth",
            },
            {
                "center_id": centre,
                "run_id": run_id,
                "subject_kind": "pair",
                "entity_id": pair,
                "metric_id": metric_id("contamination_frac"),
                "value": 0.031 if verdict == "WARN" else 0.001,
                "unit": "1",
                "status": "WARN" if verdict == "WARN" else "PASS",
                "threshold_warn": 0.02,
                "threshold_fail": 0.05,
                "tool": "gatk",
            },
            {
                "center_id": centre,
                "run_id": run_id,
                "subject_kind": "pair",
                "entity_id": pair,
                "metric_id": metric_id("identity_lod"),
                "value": (-12.5 if verdict == "FAIL" else 85.0) if normal else None,
                "value_text": None if normal else "tumour without a normal",
                "unit": "1",
                "status": ("FAIL" if verdict == "FAIL" else "PASS") if normal else "NA",
                "threshold_warn": 3.0,
                "threshold_fail": -3.0,
                "tool": "onconcord",
            },
        ],
        "filter_definition": [
            *({"center_id": centre} | row for row in rule_definitions()),
            {
                "center_id": centre,
                "filter_id": "mutect2.normal_artifact",
                "scope": "caller",
                "caller": "mutect2",
                "description": "artifact_in_normal",
                "effect": "fail",
            },
        ],
        "variant_consequence": [
            {
                "center_id": centre,
                "reference_id": "GRCh37",
                "variant_key": row["variant_key"],
                "transcript_id": row["transcript_id"],
                "consequence_so": row["consequence_so"],
                "gene_symbol": row["gene_symbol"],
                "gene_id": row["gene_id"],
                "hgvsp": row["hgvsp"],
                "hgvsc": row["hgvsc"],
                "impact": row["impact"],
                "is_picked": True,
                "annotator": "snpeff",
                "annotator_version": "5.1",
                "transcript_set_version": "1",
            }
            for row in alleles
        ],
    }
    for name, table in tables.items():
        write_table(name, table, out / f"{name}.parquet")


def make_release(folder: Path, out: Path) -> Path:
    """The consortium tables that these tests need, in a release's layout."""
    for name in (
        *("pair", "small_variant", "callable_region"),
        "gene_callability",
        "analysis_scope",
    ):
        for pair, (centre, normal, *_) in PAIRS.items():
            parquet = folder / f"results/8_harmonised/{pair}/{name}.parquet"
            target = out / name / f"center={centre}" / f"{pair}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == "small_variant":
                rows = contract.read_file(name, parquet)
                keep = [row for row in rows.to_pylist() if row["is_pass"]]
                columns = {
                    field.name for field in contract.load().tables[name].fields_of("consortium")
                }
                keep = [{k: v for k, v in row.items() if k in columns} for row in keep]
                contract.write(name, keep, target, tier="consortium")
            elif name == "analysis_scope" and normal is None:
                rows = contract.read_file(name, parquet).to_pylist()
                contract.write(name, [row | {"status": "partial"} for row in rows], target)
            elif name == "gene_callability":
                rows = contract.read_file(name, parquet).to_pylist()
                whole = {"status": "callable", "callable_frac": 1.0}
                contract.write(
                    name, [row | whole if row["callable_frac"] else row for row in rows], target
                )
            else:
                shutil.copy(parquet, target)
    (out / "contract.json").write_text("{}")
    return out
