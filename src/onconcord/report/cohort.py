"""What the report and the terminal summary say of a working folder, read from its tables."""

from dataclasses import dataclass

import polars as pl

from onconcord import contract
from onconcord.questions.sources import VARIANT_KEY, TableSource
from onconcord.release.germline import released_events

CONSEQUENCE_CLASSES: dict[str, tuple[str, frozenset[str]]] = {
    "truncating": (
        "Truncating",
        frozenset(
            {"stop_gained", "frameshift_variant", "start_lost", "stop_lost", "transcript_ablation"}
        ),
    ),
    "splice": ("Splice site", frozenset({"splice_acceptor_variant", "splice_donor_variant"})),
    "missense": ("Missense", frozenset({"missense_variant", "protein_altering_variant"})),
    "inframe": (
        "In-frame indel",
        frozenset(
            {
                "inframe_insertion",
                "inframe_deletion",
                "conservative_inframe_insertion",
                "conservative_inframe_deletion",
                "disruptive_inframe_insertion",
                "disruptive_inframe_deletion",
            }
        ),
    ),
    "silent": ("Silent or non-coding", frozenset()),
}
"""Class -> (label, Sequence Ontology terms), the most severe first; `silent` takes all others."""

SPECTRUM = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
"""The six substitutions, written on the pyrimidine's strand."""

OWN_RULES = "onconcord."
"""What the ids of the pipeline's own rules begin with."""

HOTSPOT_RULE = "onconcord.hotspot"
"""The decision rule that speaks on candidates at known hotspots, and on no others."""

STATUSES = ("kept", "flagged", "unresolved", "dropped")
"""What a candidate is on the pages, the best first."""

COMPLEMENT = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True)
class CohortTables:
    """
    The tables of one working folder that a person wants to look at.

    Args:
        pairs: table pair, with `variants_` and each of STATUSES, and `leaving`, how many of its
            variants the tier consortium has.
        variants: table small_variant with `status` (one of STATUSES: see variant_status),
            `reason` (filter ids, "" for none), `consequence_class`, `hotspot` (bool).
        metrics, genes, tools, runs, scope, decisions, hotspots: the tables qc_metric,
            gene_callability, tool, run, analysis_scope, decision, hotspot_status.
        alone: of each tumour without a normal center_id, pair_id, `leaving`, and `germline`, how
            many of these are expected to be germline (the sum of p_germline; null where no model
            judged them).
        unfinished: pairs of the sheet without tables.
    """

    pairs: pl.DataFrame
    variants: pl.DataFrame
    metrics: pl.DataFrame
    genes: pl.DataFrame
    tools: pl.DataFrame
    runs: pl.DataFrame
    scope: pl.DataFrame
    decisions: pl.DataFrame
    hotspots: pl.DataFrame
    alone: pl.DataFrame
    unfinished: list[str]
    contract_version: str


def consequence_class(term: str | None) -> str:
    """Class of a consequence (terms joined by "&" count as the most severe); null is silent."""
    terms = set((term or "").split("&"))
    for name, (_, members) in CONSEQUENCE_CLASSES.items():
        if terms & members:
            return name
    return "silent"


def pyrimidine_change(ref: str, alt: str) -> str | None:
    """`C>T` for C>T and G>A; None for anything but a substitution of one base."""
    if len(ref) != 1 or len(alt) != 1 or ref not in "ACGT" or alt not in "ACGT":
        return None
    if ref in "AG":
        ref, alt = ref.translate(COMPLEMENT), alt.translate(COMPLEMENT)
    return f"{ref}>{alt}"


def variant_status(variants: pl.DataFrame) -> pl.DataFrame:
    """
    Adds `status` and `reason` to rows of small_variant.

    dropped: is_pass is false; unresolved: it passes, and may be inherited (`origin`); flagged: it
    passes as somatic and has filter ids (a rule marked it); kept: all
    others. `reason` joins the filter ids, the pipeline's own without its name.
    """
    filters = pl.col("filters").fill_null([])
    return variants.with_columns(
        status=pl.when(~pl.col("is_pass"))
        .then(pl.lit("dropped"))
        .when(pl.col("origin") == "unresolved")
        .then(pl.lit("unresolved"))
        .when(filters.list.len() > 0)
        .then(pl.lit("flagged"))
        .otherwise(pl.lit("kept")),
        reason=filters.list.eval(pl.element().str.strip_prefix(OWN_RULES)).list.join(", "),
    )


def read_cohort(source: TableSource) -> CohortTables:
    """
    Everything the report shows of a working folder or release.

    Raises:
        InputError: a table cannot be read.
    """
    decisions = source.read("decision")
    hotspots = source.read("hotspot_status")
    variants = variant_status(source.read("small_variant"))
    key = ["center_id", "pair_id", "reference_id", *VARIANT_KEY]
    at_hotspots = pl.concat(
        [
            hotspots.filter(pl.col("status") == "mutated").select(key),
            decisions.filter(pl.col("rule_id") == HOTSPOT_RULE).select(key),
        ]
    )
    listed = at_hotspots.unique().with_columns(hotspot=pl.lit(True))
    variants = variants.join(listed, on=key, how="left", maintain_order="left").with_columns(
        pl.col("hotspot").fill_null(False),
        consequence_class=pl.col("consequence_so").map_elements(
            consequence_class, return_dtype=pl.String, skip_nulls=False
        ),
    )
    counts = variants.group_by("center_id", "pair_id").agg(
        *[
            (pl.col("status") == status).sum().cast(pl.Int64).alias(f"variants_{status}")
            for status in STATUSES
        ]
    )
    pairs = source.read("pair").join(
        counts, on=["center_id", "pair_id"], how="left", maintain_order="left"
    )
    leaving = _leaving(source, pairs)
    pairs = pairs.join(
        leaving.drop("germline"), on=["center_id", "pair_id"], how="left", maintain_order="left"
    )
    return CohortTables(
        pairs=pairs.with_columns(pl.col("^variants_.*$").fill_null(0)),
        variants=variants,
        metrics=source.read("qc_metric"),
        genes=source.read("gene_callability"),
        tools=source.read("tool"),
        runs=source.read("run"),
        scope=source.read("analysis_scope"),
        decisions=decisions,
        hotspots=hotspots,
        alone=leaving.join(
            pairs.filter(design="tumor_only"), on=["center_id", "pair_id"], how="semi"
        ),
        unfinished=source.unfinished(),
        contract_version=contract.load().version,
    )


def _leaving(source: TableSource, pairs: pl.DataFrame) -> pl.DataFrame:
    """center_id, pair_id, `leaving` and `germline` of every pair, as in `CohortTables`."""
    rows = []
    of_pair = ("small_variant", "small_variant_atom", "pair")
    for center_id, pair_id, run_id, verdict in pairs.select(
        "center_id", "pair_id", "run_id", "qc_status"
    ).iter_rows():
        tables = {name: source.read(name, pair_id) for name in of_pair}
        tables["tool"] = source.read("tool").filter(run_id=run_id)
        small = tables["small_variant"]
        leaving = small.filter(released_events(tables) & pl.lit(verdict != "FAIL"))
        p = leaving["p_germline"]
        rows.append((center_id, pair_id, leaving.height, None if p.null_count() else p.sum()))
    schema = {"center_id": pl.String, "pair_id": pl.String}
    return pl.DataFrame(
        rows, schema={**schema, "leaving": pl.Int64, "germline": pl.Float64}, orient="row"
    )


def known_drivers(cohort: CohortTables) -> pl.DataFrame:
    """Kept and flagged variants at known hotspots, by pair, highest allele fraction first."""
    return cohort.variants.filter(pl.col("hotspot") & (pl.col("status") != "dropped")).sort(
        ["center_id", "pair_id", "tumor_vaf", *VARIANT_KEY],
        descending=[False, False, True, False, False, False, False],
    )
