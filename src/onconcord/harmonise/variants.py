"""The variant tables of one pair: variants, atoms, evidence and the trail of decisions."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import polars as pl

from onconcord.callers import Caller
from onconcord.decide import RULES, Candidate, decide
from onconcord.event_ids import event_id
from onconcord.normal_form import Allele, atoms, variant_class
from onconcord.sequence import ContigNames, Genome
from onconcord.vrs import allele_ids

Key = tuple[str, int, str, str]
CONSENSUS_RULE = "onconcord.caller_pass"


@dataclass(frozen=True)
class Facts:
    """
    What is known of a pair beside its evidence and counts.

    Args:
        targets: chrom (table name), start0, end0.
        states: callable states, a partition of the targets: chrom, start0, end0, state.
        picked: annotation columns by variant key.
        hotspots: native (chrom, pos, ref, alt).
        refget: `SQ.…` by native contig name.
    """

    spec: dict[str, Any]
    reference_id: str
    genome: Genome
    names: ContigNames
    callers: dict[str, Caller]
    versions: dict[str, str]
    targets: pl.DataFrame
    states: pl.DataFrame
    picked: dict[str, dict[str, Any]]
    hotspots: frozenset[Key]
    refget: dict[str, str]


def variant_tables(facts: Facts, evidence: pl.DataFrame, recount: pl.DataFrame) -> dict[str, Any]:
    """
    Rows of small_variant, small_variant_atom, variant_call_evidence and decision.

    Args:
        facts: what else is known of the pair.
        evidence: rows of `6_evidence/{pair}.evidence.parquet`.
        recount: rows of `6_evidence/{pair}.recount.parquet`.
    Returns:
        Rows by table, and the definitions of the rules under "rule_definitions".
    """
    counts = {
        (row["chrom"], row["pos"], row["ref"], row["alt"]): row
        for row in recount.iter_rows(named=True)
    }
    by_event: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in evidence.iter_rows(named=True):
        by_event[row["chrom"], row["pos"], row["ref"], row["alt"]].append(row)
    keys = sorted(by_event)
    fasta, refget = facts.genome.path, facts.refget
    vrs = dict(zip(keys, allele_ids(fasta, refget, keys), strict=True))
    inside = _covered(facts.targets, keys, facts.names)
    callable_ = _covered(facts.states.filter(pl.col("state") == "CALLABLE"), keys, facts.names)
    tables: dict[str, list[dict[str, Any]]] = {
        "small_variant": [],
        "small_variant_atom": [],
        "variant_call_evidence": [],
        "decision": [],
    }
    for key in keys:
        _add_event(
            facts, key, by_event[key], counts, vrs[key], key in inside, key in callable_, tables
        )
    return {**tables, "rule_definitions": _rule_definitions(facts.spec)}


def _rule_definitions(spec: dict[str, Any]) -> list[dict[str, Any]]:
    limits = json.dumps(spec["parameters"]["decision"], sort_keys=True, separators=(",", ":"))
    return [
        {
            "filter_id": rule.rule_id,
            "scope": "pipeline",
            "description": rule.description,
            "effect": rule.effect,
            "params_json": limits,
        }
        for rule in RULES
    ]


def _covered(regions: pl.DataFrame, keys: list[Key], names: ContigNames) -> set[Key]:
    """The keys whose position lies in one of the regions, which do not overlap."""
    if not keys or not regions.height:
        return set()
    at = pl.DataFrame(
        [(place, names.table_of[key[0]], key[1] - 1) for place, key in enumerate(keys)],
        schema={"place": pl.Int64, "chrom": pl.String, "start0": pl.Int64},
        orient="row",
    ).sort("chrom", "start0")
    found = at.join_asof(
        regions.select(
            "chrom", pl.col("start0").cast(pl.Int64), pl.col("end0").cast(pl.Int64)
        ).sort("chrom", "start0"),
        on="start0",
        by="chrom",
        strategy="backward",
        check_sortedness=False,
    ).filter(pl.col("end0") > pl.col("start0"))
    return {keys[place] for place in found["place"]}


def _add_event(
    facts: Facts,
    key: Key,
    evidence: list[dict[str, Any]],
    counts: dict[Key, dict[str, Any]],
    vrs_id: str,
    in_target: bool,
    is_callable: bool,
    tables: dict[str, list[dict[str, Any]]],
) -> None:
    spec, matched = facts.spec, facts.spec["normal"] is not None
    native, pos, ref, alt = key
    chrom = facts.names.table_of[native]
    kind = variant_class(ref, alt)
    count = counts[key]
    place = {
        "pair_id": spec["pair"],
        "reference_id": facts.reference_id,
        "chrom": chrom,
        "pos": pos,
        "ref": ref,
        "alt": alt,
    }
    variant_key = f"{chrom}:{pos}:{ref}:{alt}"
    capable = [
        name
        for name, caller in facts.callers.items()
        if kind in caller.variant_classes and (matched or caller.tumour_only)
    ]
    # A consensus is counted on whole events: part of one's atoms is not a vote for it.
    called = sorted(row["caller"] for row in evidence if row["match"] != "atoms_partial")
    passing = sorted(
        row["caller"] for row in evidence if row["is_pass"] and row["match"] != "atoms_partial"
    )
    picked = facts.picked.get(variant_key, {})
    candidate = Candidate(
        tumour_depth=count["tumor_depth"],
        tumour_alt=count["tumor_alt_count"],
        normal_depth=count["normal_depth"] if matched else None,
        normal_alt=count["normal_alt_count"] if matched else None,
        callers_pass=tuple(passing),
        n_callers_capable=len(capable),
        population_af=picked.get("gnomad_af_max"),
        has_population=spec["resources"]["population"] is not None,
        in_target=in_target,
        callable=is_callable,
        is_hotspot=key in facts.hotspots,
    )
    decision = decide(candidate, spec["parameters"]["decision"])
    steps = atoms(Allele(native, pos, ref, alt))
    event = event_id(spec["pair"], [f"{chrom}:{step.pos}:{step.ref}:{step.alt}" for step in steps])
    phase = sorted({row["phase_set"] for row in evidence if row["phase_set"]})
    tables["small_variant"].append(
        {
            **place,
            "variant_key": variant_key,
            "vrs_id": vrs_id,
            "variant_class": kind,
            "length_bp": len(alt) - len(ref),
            "origin": decision.origin,
            "origin_method": decision.origin_method,
            "tumor_depth": count["tumor_depth"],
            "tumor_ref_count": count["tumor_ref_count"],
            "tumor_alt_count": count["tumor_alt_count"],
            "normal_depth": count["normal_depth"],
            "normal_ref_count": count["normal_ref_count"],
            "normal_alt_count": count["normal_alt_count"],
            "counts_source": "recount",
            "tumor_vaf": _ratio(count["tumor_alt_count"], count["tumor_depth"]),
            "n_callers_pass": len(passing),
            "n_callers_called": len(called),
            "n_callers_capable": len(capable),
            "callers_pass": passing,
            "consensus_rule_id": CONSENSUS_RULE,
            "is_pass": decision.is_pass,
            "filters": decision.filters,
            "phase_set": phase[0] if phase else None,
            "event_id": event,
            "in_target": in_target,
            "n_source_records": sum(row["n_source_records"] for row in evidence),
            "trinuc_context": _trinucleotide(facts.genome, native, pos) if kind == "SNV" else None,
            **picked,
        }
    )
    tables["small_variant_atom"] += [
        {
            "pair_id": spec["pair"],
            "event_id": event,
            "atom_index": index,
            "reference_id": facts.reference_id,
            "chrom": chrom,
            "pos": step.pos,
            "ref": step.ref,
            "alt": step.alt,
            "tumor_alt_count": counts[native, step.pos, step.ref, step.alt]["tumor_alt_count"],
        }
        for index, step in enumerate(steps, start=1)
    ]
    tables["variant_call_evidence"] += [_evidence_row(facts, place, row) for row in evidence]
    tables["decision"] += [
        {
            **place,
            "ordinal": ordinal,
            "rule_id": step.rule_id,
            "outcome": step.outcome,
            "detail_json": json.dumps(step.detail, sort_keys=True, separators=(",", ":")),
        }
        for ordinal, step in enumerate(decision.steps, start=1)
    ]


def _evidence_row(facts: Facts, place: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    caller = facts.callers[row["caller"]]
    native, raw_rest = row["raw_record_key"].split(":", 1)
    same = (
        "match is_pass qual score tumor_depth tumor_alt_count normal_depth normal_alt_count raw_gt"
    )
    filters = row["filters"]
    return {
        **place,
        "caller": caller.name,
        "caller_version": facts.versions.get(caller.tool),
        "raw_record_key": f"{facts.names.table_of[native]}:{raw_rest}",
        "filters": None if filters is None else sorted(f"{caller.name}.{name}" for name in filters),
        "score_name": caller.score_name,
        "vaf_reported": _ratio(row["tumor_alt_count"], row["tumor_depth"]),
        **{name: row[name] for name in same.split()},
    }


def _ratio(part: int | None, whole: int | None) -> float | None:
    return round(part / whole, 6) if part is not None and whole else None


def _trinucleotide(genome: Genome, contig: str, pos: int) -> str | None:
    bases = genome.bases(contig, pos - 2, pos + 1)
    return bases if len(bases) == 3 and set(bases) <= set("ACGT") else None
