"""
The variant tables of one pair, written piece by piece: memory does not grow with the pair.

A piece is a run of events in the order of the tables' keys. Tables whose key is not
a place (atoms, consequences) are laid aside on disk in narrow columns and written at the end.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from onconcord import contract
from onconcord.annotated.annotation import Annotation, read_annotation
from onconcord.annotated.oncogenicity import oncogenicity_rows
from onconcord.contract.digest import Digest
from onconcord.evidence.tables import EVIDENCE_SCHEMA, check_columns
from onconcord.harmonised.variants import REACH_BP, Facts, variant_tables

PIECE_ROWS = 32_768
"""Rows of evidence after which a piece ends."""
BY_PLACE = ("small_variant", "variant_call_evidence", "decision")
GATHERED = {
    "small_variant_atom": ["event_id", "atom_index"],
    "variant_consequence": ["variant_key", "transcript_id", "consequence_so"],
    "variant_annotation": ["variant_key", "source", "field"],
    "oncogenicity": ["variant_key", "tool", "tool_version"],
}
"""Tables that are gathered, and what orders their rows."""
_FEW_VALUES = (
    *("chrom", "transcript_id", "consequence_so", "gene_id", "gene_symbol", "exon", "impact"),
    *("annotator", "annotator_version"),
)


def write_variant_tables(
    facts: Facts,
    center_id: str,
    evidence: Path,
    recount: pl.DataFrame,
    annotation: Annotation,
    folder: Path,
) -> tuple[dict[str, Digest], int]:
    """
    Write small_variant, small_variant_atom, variant_call_evidence, decision, variant_consequence,
    variant_annotation and oncogenicity of a pair.

    Args:
        facts: what is known of the pair beside its evidence.
        center_id: the centre.
        evidence: `6_evidence/{pair}.evidence.parquet`.
        recount: rows of `6_evidence/{pair}.recount.parquet`.
        annotation: `7_annotated/{pair}.vcf.gz`.
        folder: where `<table>.parquet` goes.
    Returns:
        The digest of each table, and the number of variants that pass.
    Raises:
        InputError: a column of the evidence is missing or of another type.
        ContractError: a table breaks the contract.
    """
    fixed = {
        "center_id": center_id,
        "pair_id": facts.spec.pair,
        "reference_id": facts.reference_id,
    }
    passing = 0
    with ExitStack() as stack:
        aside = Path(stack.enter_context(TemporaryDirectory(dir=folder)))
        writers = {
            name: stack.enter_context(contract.TableWriter(name, folder / f"{name}.parquet"))
            for name in BY_PLACE
        }
        for number, piece in enumerate(_pieces(evidence)):
            tables = _tables_of(facts, piece, recount, annotation)
            passing += int(tables["small_variant"]["is_pass"].sum())
            for name, writer in writers.items():
                writer.write(_with(tables.pop(name), fixed))
            for name, table in tables.items():
                part = aside / f"{name}.{number}.parquet"
                _narrow(table, fixed).write_parquet(part, compression="lz4")
            del tables, piece
        digests = {
            name: _write_gathered(name, aside, order, fixed, folder / f"{name}.parquet")
            for name, order in GATHERED.items()
        }
    return digests | {name: writer.digest for name, writer in writers.items()}, passing


def _tables_of(
    facts: Facts, evidence: pl.DataFrame, recount: pl.DataFrame, annotation: Annotation
) -> dict[str, pl.DataFrame]:
    contig = evidence.item(0, "chrom")
    # What the first event is made of may lie before it, atoms of the last one behind its position.
    first = max(evidence.item(0, "pos") - REACH_BP, 1)
    end = evidence.select((pl.col("pos") + pl.col("ref").str.len_bytes()).max()).item()
    counts = recount.filter((pl.col("chrom") == contig) & pl.col("pos").is_between(first, end))
    consequences, picked, known = read_annotation(annotation, (contig, first, end))
    tables = variant_tables(facts, evidence, counts, picked)
    # What was proposed and is not an event has been annotated for nothing.
    events = tables["small_variant"].select("variant_key")
    tables["oncogenicity"] = oncogenicity_rows(
        tables["small_variant"]
        .filter("is_pass")
        .with_columns(has_population=pl.lit(bool(facts.spec.resources.population))),
        annotation.knowledge,
    )
    for name, table in (("variant_consequence", consequences), ("variant_annotation", known)):
        tables[name] = table.join(events, on="variant_key", how="semi", maintain_order="left")
    return tables


def _pieces(evidence: Path) -> Iterator[pl.DataFrame]:
    """The evidence in pieces of one contig each that cut no position in two."""
    check_columns(evidence, EVIDENCE_SCHEMA)
    places = pl.read_parquet(evidence, columns=["chrom", "pos"])
    another = pl.col("chrom") != pl.col("chrom").shift(1)
    held = pl.col("pos") == pl.col("pos").shift(1)
    marks = places.select(
        another=another.fill_null(True), may_cut=another.fill_null(True) | ~held.fill_null(False)
    )
    contigs = [*np.flatnonzero(marks["another"]).tolist(), places.height]
    cuts = np.append(np.flatnonzero(marks["may_cut"]), places.height)
    bounds: list[int] = []
    for first, after in itertools.pairwise(contigs):
        at = first
        while at < after:
            bounds.append(at)
            wanted = min(at + PIECE_ROWS, after)
            at = int(cuts[np.searchsorted(cuts, wanted)])
    for begin, end in itertools.pairwise([*bounds, places.height]):
        yield pl.scan_parquet(evidence).slice(begin, end - begin).collect()


def _with(table: pl.DataFrame, fixed: dict[str, Any]) -> pl.DataFrame:
    return table.with_columns(pl.lit(value).alias(name) for name, value in fixed.items())


def _narrow(table: pl.DataFrame, fixed: dict[str, Any]) -> pl.DataFrame:
    """The table without its fixed columns, columns of few values as codes."""
    few = [name for name in _FEW_VALUES if name in table.columns]
    return table.drop(fixed, strict=False).with_columns(pl.col(few).cast(pl.Categorical))


def _write_gathered(
    name: str,
    aside: Path,
    order: list[str],
    fixed: dict[str, Any],
    path: Path,
) -> Digest:
    known = contract.load().tables[name]
    has = {field.name for field in known.fields}
    fixed = {column: value for column, value in fixed.items() if column in has}
    with contract.TableWriter(name, path) as writer:
        parts = sorted(aside.glob(f"{name}.*.parquet"))
        if parts:
            whole = pl.concat(pl.read_parquet(part) for part in parts)
            # Codes sort by the order they were met in, the contract by their text.
            coded = pl.col(pl.Categorical).cast(pl.String)
            keys = whole.select(order).with_columns(coded)
            places = keys.select(pl.arg_sort_by(order)).to_series()
            del keys
            for start in range(0, whole.height, PIECE_ROWS):
                piece = whole[places.slice(start, PIECE_ROWS)]
                writer.write(_with(piece.with_columns(coded), fixed))
    return writer.digest
