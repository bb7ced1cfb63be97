"""
Oncogenicity of variants by the points of ClinGen, CGC and VICC, as far as tables at hand say it.

A criterion that no table speaks of is named as not assessed. The criteria for benign that can be
assessed here rest on frequencies that a population resource has: what is not known is never benign.

Source: Horak et al. 2022, Genetics in Medicine 24:986, table 2 and figure 2.
"""

from typing import Any

import polars as pl

from onconcord.annotated.knowledge import missense, short_name
from onconcord.inputs.knowledge import TUMOUR_SUPPRESSOR, Knowledge

TOOL, TOOL_VERSION = "onconcord", "1"
"""The version is that of the rules below; it goes up with each change of what they say."""

POINTS = {
    **{"OVS1": 8, "OS1": 4, "OS2": 4, "OS3": 4, "OM1": 2, "OM2": 2, "OM3": 2, "OM4": 2},
    **{"OP1": 1, "OP2": 1, "OP3": 1, "OP4": 1},
    **{"SBVS1": -8, "SBS1": -4, "SBS2": -4, "SBP1": -1, "SBP2": -1},
}
NEVER_ASSESSED = ("OM1", "OM4", "OP1", "OP2", "OS1", "OS2", "SBP1", "SBP2", "SBS2")
"""Domains, established variants, functional studies, predictors, and single genetic causes."""
CLASSES = ((10, "oncogenic"), (6, "likely_oncogenic"), (0, "vus"), (-6, "likely_benign"))
"""Fewest points of each class; below all of them is benign."""

NULL_TERMS = frozenset(
    {
        *("stop_gained", "frameshift_variant", "start_lost", "exon_loss_variant"),
        *("splice_acceptor_variant", "splice_donor_variant", "transcript_ablation"),
    }
)
IN_FRAME = ("inframe_insertion", "inframe_deletion")
MANY_SAMPLES, MANY_OF_CHANGE = 50, 10
COMMON_AF, FREQUENT_AF = 0.05, 0.01


def oncogenicity_rows(variants: pl.DataFrame, known: Knowledge) -> pl.DataFrame:
    """
    Rows of `oncogenicity` without centre and reference.

    Args:
        variants: variant_key, gene_symbol, hgvsp, consequence_terms, gnomad_af_max, and
            has_population (whether there is a resource), a row each.
        known: gene roles and hotspots, None where there is no such table.
    """
    columns = (
        *("variant_key", "gene_symbol", "hgvsp", "consequence_terms", "gnomad_af_max"),
        "has_population",
    )
    rows = []
    for key, gene, hgvsp, terms, frequency, asked in variants.select(columns).iter_rows():
        criteria, missing = criteria_of(gene, hgvsp, terms, frequency, asked, known)
        points = sum(POINTS[criterion] for criterion in criteria)
        rows.append((key, TOOL, TOOL_VERSION, points, class_of(points), criteria, missing))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


SCHEMA: dict[str, Any] = {
    "variant_key": pl.String,
    "tool": pl.String,
    "tool_version": pl.String,
    "points": pl.Int32,
    "class": pl.String,
    "criteria": pl.List(pl.String),
    "criteria_not_assessed": pl.List(pl.String),
}


def class_of(points: int) -> str:
    """The class of a sum of points."""
    return next((name for least, name in CLASSES if points >= least), "benign")


def criteria_of(
    gene: str | None,
    hgvsp: str | None,
    terms: str | None,
    frequency: float | None,
    has_population: bool,
    known: Knowledge,
) -> tuple[list[str], list[str]]:
    """
    Criteria that apply to a variant, and those that could not be assessed, sorted.

    Args:
        terms: consequences on the picked transcript, joined by &; None where there is none.
        frequency: highest allele frequency in a population; None where the resource has none.
    """
    met: list[str] = []
    missing = [*NEVER_ASSESSED]
    consequences = set(terms.split("&")) if terms else set()
    if known.roles is None or gene is None:
        missing += ["OVS1", "OM2"]
    else:
        role = known.roles.get(gene)
        suppressor = role is not None and TUMOUR_SUPPRESSOR in role.roles
        if suppressor and consequences & NULL_TERMS:
            met.append("OVS1")
        in_frame = any(term.endswith(IN_FRAME) for term in consequences)
        if (role is not None and in_frame) or (suppressor and "stop_lost" in consequences):
            met.append("OM2")
    if known.residues is None or gene is None:
        missing += ["OS3", "OM3", "OP3"]
    elif changed := missense(short_name(hgvsp)):
        residue = known.residues.get((gene, changed[0]))
        if residue is not None and residue.changes is None:
            # A list without counts says that it is a hotspot, and not how much of one.
            met.append("OP3")
            missing += ["OS3", "OM3"]
        elif residue is not None and residue.changes is not None:
            if residue.changes.get(changed[1], 0) < MANY_OF_CHANGE:
                met.append("OP3")
            else:
                met.append("OS3" if (residue.samples or 0) >= MANY_SAMPLES else "OM3")
    if not has_population:
        missing += ["OP4", "SBVS1", "SBS1"]
    elif not frequency:
        met.append("OP4")
    elif frequency > COMMON_AF:
        met.append("SBVS1")
    elif frequency > FREQUENT_AF:
        met.append("SBS1")
    return sorted(met), sorted(missing)
