"""The trail of one variant in one pair: from callers' records to the final row, or its absence."""

import json
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

import polars as pl

from onconcord.decision.decide import MODEL_RULE
from onconcord.errors import InputError
from onconcord.questions.judged import judged
from onconcord.questions.sources import TableSource
from onconcord.questions.spelling import Query, is_allele, is_named, parse_variant, resolve

Verdict = Literal[
    "kept",
    "flagged",
    "dropped",
    "rejected",
    "not_targeted",
    "not_callable",
    "never_a_candidate",
    "not_carried",
    "pair_failed",
]

MAX_OTHERS = 12
"""Other changes of a gene that an answer names."""


@dataclass(frozen=True)
class Step:
    """One decision rule: what it did, and the values it looked at."""

    ordinal: int
    rule_id: str
    outcome: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """
    Why a variant is, or is not, in a pair's results.

    Args:
        verdict: the answer as a code; `answer` says it in a sentence.
        variant_key: allele in normal form, None where a protein change matched no candidate.
        calls: rows of variant_call_evidence.
        steps: decision rules in order; empty where the source does not carry the trail.
        consequences: rows of variant_consequence, the picked one first.
        row: the row of small_variant, None where there is none.
        region: whether the position is targeted, its callable state; empty where not known.
        left_out: what the source does not carry, in sentences.
    """

    pair: str
    asked: str
    verdict: Verdict
    answer: str
    variant_key: str | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    consequences: list[dict[str, Any]] = field(default_factory=list)
    row: dict[str, Any] | None = None
    region: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain(source: TableSource, pair: str, text: str) -> list[Explanation]:
    """
    Explain a variant of a pair.

    Args:
        source: a working folder or a release.
        pair: id of the pair, as the source has it.
        text: a variant in any spelling that `spelling.parse_variant` knows.
    Returns:
        One explanation; several where a change matches several alleles.
    Raises:
        InputError: no variant, or no such pair (with the ids that are near it).
    """
    query = parse_variant(text)
    known = source.pair_ids()
    if pair not in known:
        near = get_close_matches(pair, known, n=3) or known[:3]
        message = f'no pair "{pair}" among {len(known)}: did you mean {", ".join(near)}?'
        raise InputError.at(source.root, message, column="PAIR")
    variants = source.read("small_variant", pair)
    query, alleles = resolve(source, pair, query, variants)
    if not alleles:
        return [_absent(source, pair, query, variants)]
    return [_present(source, pair, query, variants, allele) for allele in alleles]


def _present(
    source: TableSource,
    pair: str,
    query: Query,
    variants: pl.DataFrame,
    allele: tuple[str, int, str, str],
) -> Explanation:
    row = variants.filter(is_allele(allele)).row(0, named=True)
    steps = _steps(source.read("decision", pair).filter(is_allele(allele)))
    turning = [step for step in steps if step.outcome != "keep"]
    known = row["hgvsp"] if row["hgvsp"] != "p.?" else row["hgvsc"]
    name = known or row["variant_key"]
    if query.allele and query.allele != allele:
        name = f"{query.text} is part of the event {row['variant_key']}, which"
    verdict: Verdict
    model = next((step for step in steps if step.rule_id == MODEL_RULE), None)
    why = judged(row, model.detail) if model and row["hypothesis"] else None
    if not row["is_pass"]:
        verdict = "dropped"
        by = [step.rule_id for step in turning if step.outcome == "drop"]
        by = by or row["filters"] or ["a rule that the source does not carry"]
        answer = f"{name} was a candidate and was dropped by {', '.join(by)}"
    elif row["filters"]:
        verdict, answer = "flagged", f"{name} is kept, and marked by {', '.join(row['filters'])}"
    else:
        verdict, answer = "kept", f"{name} is kept: no rule objected"
    answer += f": {why}." if why else "."
    return Explanation(
        pair=pair,
        asked=query.text,
        verdict=verdict,
        answer=answer,
        variant_key=row["variant_key"],
        calls=source.read("variant_call_evidence", pair).filter(is_allele(allele)).to_dicts(),
        steps=steps,
        consequences=_consequences(source, row),
        row=row,
        region=region(source, row["center_id"], pair, row["chrom"], row["pos"] - 1),
        left_out=_left_out(source),
    )


def _steps(trail: pl.DataFrame) -> list[Step]:
    return [
        Step(
            row["ordinal"],
            row["rule_id"],
            row["outcome"],
            json.loads(row["detail_json"]) if row["detail_json"] else {},
        )
        for row in trail.sort("ordinal").iter_rows(named=True)
    ]


def _consequences(source: TableSource, row: dict[str, Any]) -> list[dict[str, Any]]:
    rows = source.read("variant_consequence").filter(
        (pl.col("variant_key") == row["variant_key"])
        & (pl.col("reference_id") == row["reference_id"])
        & (pl.col("center_id") == row["center_id"])
    )
    return rows.sort("is_picked", descending=True, maintain_order=True).to_dicts()


def _left_out(source: TableSource) -> list[str]:
    if source.carries("decision"):
        return []
    return [
        "the release does not carry the decision trail, nor the candidates that were dropped: "
        "those are of the controlled tier; ask the centre, or use --in with its working folder"
    ]


def region(
    source: TableSource, centre: str, pair: str, chrom: str, position0: int
) -> dict[str, Any]:
    """
    Whether a base is targeted and could be called in a pair.

    Args:
        position0: 0-based position.
    Returns:
        `targeted` (bool) and `state` (a code of callable_state, None outside the targets); empty
        where the source has neither table.
    """
    covers = (
        (pl.col("chrom") == chrom) & (pl.col("start0") <= position0) & (pl.col("end0") > position0)
    )
    if not source.carries("callable_region"):
        return {}
    states = source.read("callable_region", pair).filter(covers, pl.col("center_id") == centre)
    state = states["state"][0] if states.height else None
    return {"targeted": state is not None, "state": state}


STATE_WORDS = {
    "LOW_TUMOR": "the tumour is not deep enough there",
    "LOW_NORMAL": "the normal is not deep enough there",
    "LOW_MAPQ": "the reads there map badly",
    "EXCLUDED": "the position is excluded by choice",
    "NO_COVERAGE": "no tumour read covers it",
    "NOT_CALLABLE": "it was not searched deep enough, or a row near it is withheld, and only the "
    "controlled tier says which",
}


def _absent(source: TableSource, pair: str, query: Query, variants: pl.DataFrame) -> Explanation:
    pair_row = source.read("pair", pair).row(0, named=True)
    centre, left_out = pair_row["center_id"], _left_out(source)
    facts: dict[str, Any] = {}
    verdict: Verdict
    if source.kind == "release" and pair_row["qc_status"] == "FAIL":
        verdict = "pair_failed"
        reasons = ", ".join(pair_row["qc_reasons"])
        answer = f"the release has no variant of {pair}: the pair failed its QC ({reasons})."
    elif query.allele is None:
        verdict, answer, facts = _absent_change(source, pair, query, variants)
    else:
        chrom, pos, _, _ = query.allele
        facts = region(source, centre, pair, chrom, pos - 1)
        rejected = source.read("rejected_record", pair).filter(
            (pl.col("chrom") == chrom) & (pl.col("pos") == pos)
        )
        here = variants.filter((pl.col("chrom") == chrom) & (pl.col("pos") == pos))
        if rejected.height:
            verdict = "rejected"
            by = ", ".join(
                f"{caller} ({reason})"
                for caller, reason in rejected.select("caller", "reason").iter_rows()
            )
            answer = f"a record at this position was rejected, as it has no normal form: {by}."
        elif facts and not facts["targeted"]:
            verdict, answer = "not_targeted", "the assay does not target this position."
        elif facts and facts["state"] != "CALLABLE":
            verdict = "not_callable"
            answer = f"the position is {facts['state']}: {STATE_WORDS[facts['state']]}."
        elif left_out:
            verdict = "not_carried"
            answer = (
                "the release does not carry it: it was no candidate, was dropped or is withheld, "
                "and only the controlled tier says which."
            )
        else:
            verdict = "never_a_candidate"
            answer = "no caller reported it, though the position is targeted and callable."
        if here.height:
            others = ", ".join(here["variant_key"].to_list())
            answer += f" Other alleles at this position: {others}."
    return Explanation(
        pair, query.text, verdict, answer, query_key(query), region=facts, left_out=left_out
    )


def query_key(query: Query) -> str | None:
    """variant_key of an allele; None for a protein change."""
    return ":".join(map(str, query.allele)) if query.allele else None


def _absent_change(
    source: TableSource, pair: str, query: Query, variants: pl.DataFrame
) -> tuple[Verdict, str, dict[str, Any]]:
    assert query.gene is not None
    known = source.read("gene_callability", pair)
    genes = known.filter(is_named(query.gene))
    if not genes.height:
        # A transcript that the gene is not named on.
        rows = source.read("variant_consequence").filter(is_named(query.gene))
        genes = known.filter(pl.col("gene_id").is_in(rows["gene_id"].implode()))
    if not genes.height:
        return "not_targeted", _unknown(query, known), {}
    gene = genes.row(0, named=True)
    symbol = gene["gene_symbol"] or gene["gene_id"]
    facts = {"gene_status": gene["status"], "callable_frac": gene["callable_frac"]}
    if gene["status"] == "not_targeted":
        return "not_targeted", f"the assay targets no coding base of {symbol}.", facts
    if gene["status"] == "not_callable":
        return "not_callable", f"no coding base of {symbol} could be called.", facts
    others = variants.filter(gene_id=gene["gene_id"])["hgvsp"].drop_nulls().to_list()
    shown = ", ".join(others[:MAX_OTHERS]) + (", ..." if len(others) > MAX_OTHERS else "")
    also = f" Candidates in {symbol}: {shown}." if others else ""
    share = f"{gene['callable_frac']:.1%} of {symbol}'s coding target is callable."
    if not source.carries("decision"):
        return (
            "not_carried",
            "the release does not carry such a change: it was no candidate, was dropped or is "
            f"withheld, and only the controlled tier says which. {share}{also}",
            facts,
        )
    return "never_a_candidate", f"no candidate makes this change. {share}{also}", facts


def _unknown(query: Query, known: pl.DataFrame) -> str:
    """That the gene model has no such gene or transcript, and which it has that may be meant."""
    if query.of_gene and (named := known.filter(is_named(query.of_gene))).height:
        meant = f"{named['gene_symbol'][0]}:{query.change}"
        return f"the gene model in use has no transcript {query.gene}. Did you mean {meant}?"
    symbols = {symbol.lower(): symbol for symbol in known["gene_symbol"].drop_nulls().sort()}
    near = get_close_matches((query.gene or "").lower(), symbols, n=3, cutoff=0.75)
    hint = f" Did you mean {', '.join(symbols[name] for name in near)}?" if near else ""
    return f"the gene model in use has no gene {query.gene}.{hint}"
