"""The variant tables of one pair: variants, atoms, evidence and the trail of decisions."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from onconcord.calls.callers import SOURCE, Caller
from onconcord.canonical_json import canonical_json
from onconcord.decision.choose import choose
from onconcord.decision.decide import JUDGED, MODEL_RULE, RULES, decide
from onconcord.decision.model import Model, judge
from onconcord.decision.normal_clone import drives_blood, in_normal_clone
from onconcord.decision.power import Power
from onconcord.decision.terms import CANDIDATE_COLUMNS, PairEstimates, counts_of
from onconcord.errors import ToolError
from onconcord.evidence.events import KEY, new_event
from onconcord.evidence.normal_form import Allele, atoms, steps
from onconcord.evidence.recount import COUNTS
from onconcord.harmonised.event_ids import event_id
from onconcord.harmonised.features import (
    changed_bases,
    frequencies,
    known_drivers,
    repeats,
    trinucleotides,
)
from onconcord.harmonised.vrs import allele_ids
from onconcord.inputs.pair_spec import PairSpec
from onconcord.reference.intervals import covered
from onconcord.reference.sequence import ContigNames, Genome

PLACE = ["pair_id", "reference_id", *KEY]
STATED_COUNTS = [
    f"{role}_{count}"
    for role in ("tumor", "normal")
    for count in ("depth", "ref_count", "alt_count", "ref_f1r2", "alt_f1r2")
]
"""Counts of the recount that `small_variant` has; the others stand in the trail of the decision."""
ONLY_FOR_RULES = [
    *("has_population", "is_callable", "is_hotspot", "callers", "told"),
    *("normal_clone", "drives_blood"),
]


@dataclass(frozen=True)
class Facts:
    """
    What is known of a pair beside its evidence and counts.

    Args:
        targets: chrom (table name), start0, end0.
        states: callable states, a partition of the targets: chrom, start0, end0, state.
        hotspots: native key of each known driver, in normal form.
        refget: `SQ.…` by native contig name.
        panel: native key and pon_count of what the panel of normals has.
        model, estimates: what candidates are judged by.
        power: what could have been found.
    """

    spec: PairSpec
    reference_id: str
    genome: Genome
    names: ContigNames
    callers: dict[str, Caller]
    versions: dict[str, str]
    targets: pl.DataFrame
    states: pl.DataFrame
    hotspots: pl.DataFrame
    refget: dict[str, str]
    panel: pl.DataFrame
    model: Model
    estimates: PairEstimates
    power: Power


def variant_tables(
    facts: Facts, evidence: pl.DataFrame, recount: pl.DataFrame, picked: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """
    Rows of small_variant, small_variant_atom, variant_call_evidence and decision.

    Args:
        facts: what else is known of the pair.
        evidence: rows of `6_evidence/{pair}.evidence.parquet`.
        recount: rows of `6_evidence/{pair}.recount.parquet`.
        picked: `annotation.PICKED` and gnomad_af_max by native key.
    Returns:
        Rows by table; positions are 1-based, chrom is as in the tables.
    Raises:
        ToolError: an event, or a part of one, has no counts or was not annotated.
    """
    require_all(evidence, recount, "counts of the reads")
    evidence = choose(evidence, recount)
    small = _with_facts(facts, _events(evidence, facts.callers), recount, picked)
    several = _steps_of_several(small)
    small = small.with_columns(gnomad_af_max=frequencies(small, several, picked))
    small = small.hstack(judge(small, facts.estimates, facts.model))
    limits = decision_limits(facts.spec, facts.model)
    decided, trail = decide(small, limits)
    whole = small.with_columns(decided["origin"])
    judged = _judged_steps(facts, whole, several, recount, picked)
    unstated = [name for name in COUNTS if name not in STATED_COUNTS]
    small = small.with_columns(decided.get_columns()).drop(*ONLY_FOR_RULES, *unstated)
    small = small.with_columns(event_id=_event_ids(facts.spec.pair, small["variant_key"], several))
    tables = {
        "small_variant_atom": _atom_rows(facts.names, small, judged),
        "variant_call_evidence": _evidence_rows(facts, evidence),
    }
    small = small.with_columns(_table_chrom(facts.names))
    places = small.select(PLACE)[trail["row"]]
    tables["decision"] = places.hstack(trail.drop("row"))
    tables["small_variant"] = small
    return tables


def require_all(events: pl.DataFrame, facts: pl.DataFrame, lacking: str) -> None:
    """
    Hold that every event is in a table it is joined with, where null would look like an answer.

    Args:
        events, facts: both with the native key.
        what: what the table has of each.
    Raises:
        ToolError: some are not.
    """
    missing = events.select(KEY).join(facts, on=KEY, how="anti").unique(KEY).sort(KEY)
    if missing.height:
        first = ":".join(map(str, missing.row(0)))
        raise ToolError(
            f"{missing.height} candidates have no {lacking}, such as {first}: bcftools query "
            "or a file of stage 6 or 7 lost them. Remove the pair's files there and run again."
        )


def judged_hotspots(facts: Facts, recount: pl.DataFrame, passing: pl.DataFrame) -> pl.DataFrame:
    """
    What `hotspots.hotspot_rows` asks of each known driver.

    Args:
        recount: rows of `6_evidence/{pair}.recount.parquet`.
        passing: native key of every variant that passes as somatic.
    Returns:
        Native key, counts, rate, is_mutated and what the model says of it without the callers.
    """
    sites = facts.hotspots.unique(KEY).join(recount, on=KEY, how="inner").sort(KEY)
    sites = sites.join(facts.panel, on=KEY, how="left", maintain_order="left").with_columns(
        variant_class=_variant_class(),
        gnomad_af_max=pl.lit(None, dtype=pl.Float64),
        is_hotspot=pl.lit(True),
        callers=pl.lit([], dtype=CANDIDATE_COLUMNS["callers"]),
    )
    sites = sites.hstack(repeats(facts.genome, sites))
    settings = facts.model.of("normal" in facts.estimates.rates)["hypotheses"]
    counts = counts_of(sites, "tumor", facts.estimates.rates["tumour"], settings["errors"])
    events = [Allele(*key) for key in passing.select(KEY).iter_rows()]
    mutated = {*events, *(step for event in events for step in atoms(event))}
    return sites.hstack(judge(sites, facts.estimates, facts.model)).with_columns(
        rate=pl.Series(np.maximum(*counts.rate), dtype=pl.Float64),
        is_mutated=pl.Series(
            [Allele(*key) in mutated for key in sites.select(KEY).iter_rows()], dtype=pl.Boolean
        ),
    )


def decision_limits(spec: PairSpec, model: Model) -> dict[str, Any]:
    """The limits of `decide`: those of the configuration and those of the model."""
    limits = spec.parameters.decision
    confident = model.lowest_confident(limits["fdr"], matched=spec.normal is not None)
    return {**limits, "threshold": model.threshold, "confident": confident}


def rule_definitions(spec: PairSpec, model: Model) -> list[dict[str, Any]]:
    """Rows of `filter_definition` that the decision's rules have: the same of every pair."""
    limits = canonical_json({**spec.parameters.decision, "threshold": model.threshold})
    return [
        {
            "filter_id": rule.rule_id,
            "scope": "pipeline",
            "description": rule.description,
            "effect": rule.effect,
            "expression": rule.expression,
            "params_json": limits,
        }
        for rule in RULES
    ]


def _table_chrom(names: ContigNames) -> pl.Expr:
    return pl.col("chrom").replace_strict(names.table_of, return_dtype=pl.String)


def _events(evidence: pl.DataFrame, callers: Mapping[str, Caller]) -> pl.DataFrame:
    """The distinct events in their order, with what the callers say of each."""
    sources = [caller.name for caller in callers.values() if caller.role == SOURCE]
    # A consensus is counted on whole events: part of one's atoms is not a vote for it.
    whole = pl.col("match") != "atoms_partial"
    vote = whole & ~pl.col("caller").is_in(sources)
    answer = pl.struct("caller", "score", info="info_json")
    return (
        evidence.with_columns(event=new_event().cum_sum())
        .group_by("event", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in KEY),
            callers=answer.filter(whole),
            callers_pass=pl.col("caller").filter(vote & pl.col("is_pass")),
            n_callers_called=whole.sum().cast(pl.Int64),
            n_source_records=pl.col("n_source_records").sum(),
            phase_set=pl.col("phase_set").min(),
        )
        .drop("event")
        .with_columns(n_callers_pass=pl.col("callers_pass").list.len().cast(pl.Int64))
    )


def _with_facts(
    facts: Facts, events: pl.DataFrame, recount: pl.DataFrame, picked: pl.DataFrame
) -> pl.DataFrame:
    """The events with counts, annotation, places and what else the rules and the table need."""
    spec, matched = facts.spec, facts.spec.normal is not None
    capable: dict[str, int] = {}
    for caller in facts.callers.values():
        able = caller.role != SOURCE and (matched or caller.tumour_only)
        for kind in caller.variant_classes if able else ():
            capable[kind] = capable.get(kind, 0) + 1
    require_all(events, picked, "annotation")
    small = (
        events.join(recount.select(*KEY, *COUNTS), on=KEY, how="left", maintain_order="left")
        .join(picked, on=KEY, how="left", maintain_order="left")
        .join(facts.panel, on=KEY, how="left", maintain_order="left")
        .with_columns(variant_class=_variant_class())
    )
    chrom = small.select(_table_chrom(facts.names)).to_series()
    changed = changed_bases(small)
    callable_ = facts.states.filter(pl.col("state") == "CALLABLE")
    around = trinucleotides(facts.genome, small["chrom"], small["pos"])
    ids = allele_ids(facts.genome, facts.refget, small.select(KEY).iter_rows())
    return small.with_columns(
        pair_id=pl.lit(spec.pair),
        reference_id=pl.lit(facts.reference_id),
        variant_key=pl.concat_str(chrom, "pos", "ref", "alt", separator=":"),
        vrs_id=pl.Series(ids, dtype=pl.String),
        length_bp=pl.col("alt").str.len_bytes().cast(pl.Int64) - pl.col("ref").str.len_bytes(),
        n_callers_capable=pl.col("variant_class").replace_strict(
            capable, default=0, return_dtype=pl.Int64
        ),
        has_population=pl.lit(bool(spec.resources.population)),
        in_target=covered(facts.targets, chrom, *changed),
        is_callable=covered(callable_, chrom, *changed),
        is_hotspot=known_drivers(facts.hotspots, small),
        normal_clone=in_normal_clone(small, facts.estimates.tumour_in_normal),
        drives_blood=drives_blood(),
        counts_source=pl.lit("recount"),
        consensus_rule_id=pl.lit(MODEL_RULE),
        trinuc_context=pl.when(pl.col("variant_class") == "SNV").then(around),
    ).hstack(repeats(facts.genome, small))


def _variant_class() -> pl.Expr:
    """The same as `normal_form.variant_class`, of the columns ref and alt."""
    ref, alt = pl.col("ref"), pl.col("alt")
    long_ref, long_alt = ref.str.len_bytes(), alt.str.len_bytes()
    return (
        pl.when(long_ref == long_alt)
        .then(pl.when(long_ref == 1).then(pl.lit("SNV")).otherwise(pl.lit("MNV")))
        .when((long_ref == 1) & alt.str.starts_with(ref))
        .then(pl.lit("INS"))
        .when((long_alt == 1) & ref.str.starts_with(alt))
        .then(pl.lit("DEL"))
        .otherwise(pl.lit("DELINS"))
    )


Steps = Mapping[int, tuple[Allele, ...]]


def _steps_of_several(small: pl.DataFrame) -> Steps:
    """The atoms of the events that are not one atom themselves, by row."""
    rows = small.with_row_index("row").filter(pl.col("variant_class").is_in(["MNV", "DELINS"]))
    return {row: atoms(Allele(*key)) for row, *key in rows.select("row", *KEY).iter_rows()}


def _event_ids(pair: str, keys: pl.Series, several: Steps) -> pl.Series:
    """
    `event_ids.event_id` of every event.

    Args:
        keys: variant_key of each, shape (n,).
        several: atoms of the events whose only atom is not the event itself, by row.
    """
    sha256 = hashlib.sha256
    start = f"{pair}|"
    ids = [sha256((start + key).encode()).hexdigest()[:16] for key in keys]
    for row, parts in several.items():
        chrom = keys[row].split(":", 1)[0]
        ids[row] = event_id(pair, [f"{chrom}:{atom.pos}:{atom.ref}:{atom.alt}" for atom in parts])
    return pl.Series(ids, dtype=pl.String)


REACH_BP = 1000
"""How far to the left of its event a step in normal form is looked for; beyond it is unknown."""

NOT_INHERITED = ["somatic", "artefact"]
"""Origins of a step that leave its event's as it is."""

OF_ATOM = ["tumor_alt_count", "origin", "gnomad_af_max", "normal_depth", "normal_alt_count"]


def _judged_steps(
    facts: Facts,
    small: pl.DataFrame,
    several: Steps,
    recount: pl.DataFrame,
    picked: pl.DataFrame,
) -> pl.DataFrame:
    """
    The atoms of the events in `several`, each judged by its own counts and populations.

    Everything else that the rules look at is the event's, since callers report the whole event. An
    atom has the event's origin, unless it, or a step that is not an atom (`normal_form.steps`), has
    one that is not in NOT_INHERITED.

    Returns:
        row (of the event), atom_index, native key, OF_ATOM.
    """
    keys = dict(zip(several, small.select(KEY)[list(several)].iter_rows(), strict=True))
    of_steps = pl.DataFrame(
        [
            (row, index, step.chrom, step.pos, step.ref, step.alt)
            for row, atoms_of in several.items()
            for step in dict.fromkeys((*atoms_of, *steps(facts.genome, Allele(*keys[row]))))
            for index in [atoms_of.index(step) + 1 if step in atoms_of else None]
        ],
        schema={
            "row": pl.UInt32,
            "atom_index": pl.Int64,
            **{name: small.schema[name] for name in KEY},
        },
        orient="row",
    )
    own = ["gnomad_af_max", "pon_count", "origin", "variant_class", "repeat_unit", "repeat_count"]
    of_event = small.drop(*KEY, *COUNTS, *own, *JUDGED)[of_steps["row"]]
    near = of_steps["pos"] >= small["pos"].gather(of_steps["row"]) - REACH_BP
    require_all(of_steps.filter(near), recount, "counts of the reads")
    require_all(of_steps.filter(near), picked, "annotation")
    of_steps = (
        of_steps.hstack(of_event)
        .join(recount.select(*KEY, *COUNTS), on=KEY, how="left", maintain_order="left")
        .join(picked.select(*KEY, "gnomad_af_max"), on=KEY, how="left", maintain_order="left")
        .join(facts.panel, on=KEY, how="left", maintain_order="left")
        .with_columns(variant_class=_variant_class())
    )
    of_steps = of_steps.with_columns(pl.when(near).then(name).alias(name) for name in COUNTS)
    of_steps = of_steps.hstack(repeats(facts.genome, of_steps))
    of_steps = of_steps.hstack(judge(of_steps, facts.estimates, facts.model)).with_columns(
        normal_clone=in_normal_clone(of_steps, facts.estimates.tumour_in_normal)
    )
    decided, _ = decide(of_steps.drop("row"), decision_limits(facts.spec, facts.model))
    # The reads need not show a step on its own, which says nothing against the whole.
    hidden = pl.col("origin").filter(
        ~pl.col("origin").is_in(NOT_INHERITED) & pl.col("atom_index").is_null()
    )
    of_whole = small["origin"].gather(of_steps["row"])
    return (
        of_steps.with_columns(decided["origin"], of_whole.alias("whole"))
        .with_columns(hidden=hidden.first().over("row"))
        .with_columns(
            origin=pl.when(pl.col("origin").is_in(NOT_INHERITED))
            .then(pl.coalesce("hidden", "whole"))
            .otherwise("origin")
        )
        .filter(pl.col("atom_index").is_not_null())
        .select("row", "atom_index", *KEY, *OF_ATOM)
    )


def _atom_rows(names: ContigNames, small: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """Rows of `small_variant_atom`; the atom of most events is the event itself."""
    shared = ["pair_id", "reference_id", "event_id"]
    columns = [*shared, "atom_index", *KEY, *OF_ATOM]
    rows = small.with_row_index("row").with_columns(atom_index=pl.lit(1, dtype=pl.Int64))
    alone = rows.join(steps, on="row", how="anti", maintain_order="left").select(columns)
    split = steps.join(rows.select("row", *shared), on="row", how="left", maintain_order="left")
    return pl.concat([alone, split.select(columns)]).with_columns(_table_chrom(names))


def _evidence_rows(facts: Facts, evidence: pl.DataFrame) -> pl.DataFrame:
    """Rows of `variant_call_evidence`."""
    known = [facts.callers[name] for name in sorted(facts.callers)]
    of_caller = pl.DataFrame(
        {
            "caller": [caller.name for caller in known],
            "caller_version": [facts.versions.get(caller.tool) for caller in known],
            "score_name": [caller.score_name for caller in known],
            "caller_role": [caller.role for caller in known],
        },
        schema=dict.fromkeys(("caller", "caller_version", "score_name", "caller_role"), pl.String),
    )
    filters = evidence.select("caller", "filter").unique()
    ids = [
        None
        if text is None
        else sorted(f"{name}.{filter_}" for filter_ in text.split(";") if filter_ != "PASS")
        for name, text in filters.iter_rows()
    ]
    filters = filters.with_columns(filters=pl.Series(ids, dtype=pl.List(pl.String)))
    table = evidence.join(of_caller, on="caller", how="left", maintain_order="left").join(
        filters, on=["caller", "filter"], how="left", nulls_equal=True, maintain_order="left"
    )
    depth = pl.col("tumor_depth")
    return table.select(
        *KEY,
        "caller",
        "caller_version",
        "caller_role",
        "match",
        *("raw_record_key", "raw_gt", "is_pass", "filters", "qual", "score_name", "score"),
        *("tumor_depth", "tumor_alt_count", "normal_depth", "normal_alt_count", "info_json"),
        pair_id=pl.lit(facts.spec.pair),
        reference_id=pl.lit(facts.reference_id),
        vaf_reported=pl.when(depth > 0).then((pl.col("tumor_alt_count") / depth).round(6)),
    ).with_columns(_table_chrom(facts.names))
