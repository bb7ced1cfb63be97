"""What tables of knowledge say of variants, by gene and protein name: CIViC, hotspots, roles."""

import re
from collections.abc import Iterator

import polars as pl

from onconcord.inputs.knowledge import Evidence, Knowledge
from onconcord.reference.codons import THREE_LETTERS

SCHEMA = {
    "variant_key": pl.String,
    "source": pl.String,
    "field": pl.String,
    "source_version": pl.String,
    "value_text": pl.String,
    "value_num": pl.Float64,
    "licence": pl.String,
}
_ONE_LETTER = {three: letter for letter, three in THREE_LETTERS.items()}
_THREE = re.compile("|".join(_ONE_LETTER))
_MISSENSE = re.compile(r"([A-Z][0-9]+)([A-Z])")


def short_name(hgvsp: str | None) -> str | None:
    """A protein name in one-letter codes without its p., as tables of knowledge write it: R201C."""
    if hgvsp is None:
        return None
    return _THREE.sub(lambda match: _ONE_LETTER[match[0]], hgvsp.removeprefix("p."))


def missense(name: str | None) -> tuple[str, str] | None:
    """Residue and what is there instead, R201 and C, of a missense change; None of any other."""
    match = _MISSENSE.fullmatch(name or "")
    return (match[1], match[2]) if match else None


def knowledge_rows(picked: pl.DataFrame, known: Knowledge) -> pl.DataFrame:
    """
    Rows of `variant_annotation` without centre and reference.

    Args:
        picked: variant_key, gene_symbol and hgvsp of the picked consequences.
        known: the tables.
    """
    rows = [
        (key, source, name, known.versions.get(table), text, number, licence)
        for key, gene, hgvsp in picked.select("variant_key", "gene_symbol", "hgvsp").iter_rows()
        if gene is not None
        for table, source, licence, name, text, number in _facts(gene, short_name(hgvsp), known)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


_Fact = tuple[str, str, str | None, str, str | None, float | None]
"""Key of the table, source, licence, field, and its value as text or as number."""


def _facts(gene: str, name: str | None, known: Knowledge) -> Iterator[_Fact]:
    changed = missense(name)
    if known.roles and gene in known.roles:
        role = known.roles[gene]
        yield "gene_roles", role.source, None, "gene_role", "|".join(role.roles), None
    if known.residues and changed and (residue := known.residues.get((gene, changed[0]))):
        of = ("residue_hotspots", residue.source, None)
        yield *of, "residue", changed[0], None
        if residue.changes is not None:
            yield *of, "residue_samples", None, float(residue.samples or 0)
            yield *of, "change_samples", None, float(residue.changes.get(changed[1], 0))
    if known.evidence and name:
        names = {name, changed[0]} if changed else {name}
        items = [item for each in sorted(names) for item in known.evidence.get((gene, each), ())]
        if items:
            for field, text in _of_evidence(items):
                yield "civic", "CIViC", "CC0-1.0", field, text, None


def _of_evidence(items: list[Evidence]) -> Iterator[tuple[str, str]]:
    """Fields of CIViC's evidence, each with its distinct values, sorted; A is the best level."""
    yield "evidence_level", min(item.level for item in items)
    several = {
        "evidence_id": [item.evidence_id for item in items],
        "evidence_type": [item.evidence_type for item in items],
        "significance": [item.significance for item in items],
        "diseases": [item.disease for item in items],
        "therapies": [therapy for item in items for therapy in item.therapies.split(",")],
    }
    for field, values in several.items():
        distinct = sorted({value.strip() for value in values} - {""})
        if distinct:
            yield field, "|".join(distinct)
