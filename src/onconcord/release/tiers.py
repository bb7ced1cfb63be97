"""
Which rows of a pair each tier of a release may hold.

local: everything, under local ids; it never leaves the centre. controlled: everything but the
variants of pairs that failed QC. consortium: somatic variants that passed, and nothing that tells
of the germline. open: tables about assays and references, and aggregates.
"""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from onconcord import contract
from onconcord.contract.checking import as_one
from onconcord.release import coarse
from onconcord.release.germline import LINEAGE_CHROMOSOMES, released_events

UNLICENSED = "(?i)cosmic|oncokb"
"""Sources whose rows may not be passed on."""

METRIC_TEXTS = ("XX", "XY")
"""What a metric is that is no number."""

FAILED_PAIR_TABLES = frozenset({"pair", "qc_metric", "analysis_scope"})
"""Tables with a pair's id that a pair that failed QC has rows in."""

BY_VARIANT = ("variant_consequence", "variant_annotation", "oncogenicity", "variant_lift")
"""Tables keyed by the variant: exported for exported variants only."""

EVENT = ("pair_id", "reference_id", "chrom", "pos", "ref", "alt")
ADJACENCY = (
    "pair_id",
    "reference_id",
    "chrom1",
    "pos1",
    "strand1",
    "chrom2",
    "pos2",
    "strand2",
    "insert_seq",
)


@dataclass(frozen=True)
class PairTables:
    """Every table of one finished pair by name, with all its columns, in the contract's form."""

    pair_id: str
    tables: dict[str, pa.Table]


def released_tables(tier: str) -> tuple[str, ...]:
    """Names of the tables that a release of a tier has, sorted."""
    return tuple(table.name for table in contract.load().tables_of(tier))


def released_rows(pair: PairTables, tier: str) -> dict[str, pa.Table]:
    """
    The rows of a pair that a release of a tier may hold, under their local ids.

    Columns of a tighter tier are left out. For the tier `local` nothing is.
    """
    tables = dict(pair.tables)
    if tier != "local":
        failed = "FAIL" in tables["pair"].column("qc_status").to_pylist()
        tables = _without_variants(tables) if failed else tables
        withheld = 0
        if tier != "controlled":
            withheld = _keep_somatic(tables)
            tables["qc_metric"] = coarse_reads(tables["qc_metric"])
        _follow(tables)
        tables["variant_annotation"] = _licensed(tables["variant_annotation"])
        tables["subject"] = _masked_ages(tables["subject"])
        tables["sample"] = _masked_days(tables["sample"], tables["subject"])
        tables["qc_metric"] = _coded_values(tables["qc_metric"])
        tables["analysis_scope"] = _true_scope(tables, tier, failed, withheld)
    spec = contract.load().tables
    return {
        name: tables[name].select([f.name for f in spec[name].fields_of(tier)])
        for name in released_tables(tier)
        if name in tables
    }


def _without_variants(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    spec = contract.load().tables
    return {
        name: table
        if name in FAILED_PAIR_TABLES
        or name == "run"
        or "pair_id" not in (field.name for field in spec[name].fields)
        else table.slice(0, 0)
        for name, table in tables.items()
    }


def _keep_somatic(tables: dict[str, pa.Table]) -> int:
    """Leave what may be germline out of a pair's tables; returns the passing variants that go."""
    frames = {name: pl.DataFrame(tables[name]) for name in _LOOKED_AT}
    variants, leaves = frames["small_variant"], released_events(frames)
    released = coarse.coarse_phases(variants.filter(leaves))
    withheld = variants.filter(variants["is_pass"] & ~leaves)
    hotspots, unstated = coarse.coarse_hotspots(frames["hotspot_status"], released)
    # Without a normal every pair withholds some, and which places they are would tell of them.
    matched = "matched" in frames["pair"]["design"].to_list()
    place = ("chrom", "pos", "ref", "gene_id")
    dark = pl.concat(
        [
            (withheld if matched else withheld.clear()).select(place),
            unstated.select("chrom", "pos", ref=pl.lit("N"), gene_id=pl.lit(None, dtype=pl.String)),
        ]
    )
    genes = coarse.dark_genes(dark, frames["assay_region"])
    kept = {
        "small_variant": released,
        "variant_call_evidence": coarse.coarse_filters(frames["variant_call_evidence"]),
        "callable_region": coarse.coarse_regions(frames["callable_region"], dark),
        "gene_callability": coarse.coarse_genes(
            frames["gene_callability"], genes, _of_descent(frames)
        ),
        "hotspot_status": hotspots,
        "filter_definition": coarse.coarse_definitions(frames["filter_definition"]),
    }
    tables |= {name: as_table(name, frame) for name, frame in kept.items()}
    adjacencies = tables["structural_variant"]
    mask = adjacencies["is_pass"]
    lineage = pa.array(LINEAGE_CHROMOSOMES)
    for column in ("chrom1", "chrom2"):
        mask = pc.and_(mask, pc.invert(pc.is_in(adjacencies[column], lineage)))
    tables["structural_variant"] = adjacencies.filter(mask)
    return withheld.height


def _of_descent(frames: dict[str, pl.DataFrame]) -> list[str]:
    """Genes of the chromosomes of descent."""
    known = [frames[name].select("gene_id", "chrom") for name in ("transcript", "assay_region")]
    genes = pl.concat(known).filter(pl.col("chrom").is_in(LINEAGE_CHROMOSOMES))
    return genes["gene_id"].drop_nulls().unique().to_list()


_LOOKED_AT = (
    *("small_variant", "small_variant_atom", "variant_call_evidence", "callable_region"),
    *("gene_callability", "hotspot_status", "filter_definition", "pair", "tool"),
    *("assay_region", "transcript"),
)


def as_table(name: str, frame: pl.DataFrame) -> pa.Table:
    """All columns of a table of the contract as Arrow has them."""
    arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return arrow.cast(contract.load().tables[name].schema())


def _joined(table: pa.Table, columns: tuple[str, ...]) -> pa.ChunkedArray:
    """Several key columns as one text per row."""
    parts = [table[name].cast(pa.string()) for name in columns]
    return pc.binary_join_element_wise(*parts, "\x1f")


def _is_in(table: pa.Table, parents: pa.Table, columns: tuple[str, ...]) -> pa.ChunkedArray:
    known = as_one(_joined(parents, columns))
    return pc.is_in(_joined(table, columns), value_set=known)


def _follow(tables: dict[str, pa.Table]) -> None:
    """Rows about variants that are not released are not released either."""
    variants, adjacencies = tables["small_variant"], tables["structural_variant"]
    for name, parents, columns in (
        ("variant_call_evidence", variants, EVENT),
        ("small_variant_atom", variants, ("pair_id", "event_id")),
        ("sv_call_evidence", adjacencies, ADJACENCY),
        *((name, variants, ("reference_id", "variant_key")) for name in BY_VARIANT),
    ):
        tables[name] = tables[name].filter(_is_in(tables[name], parents, columns))


def _licensed(annotation: pa.Table) -> pa.Table:
    mask = pc.match_substring_regex(annotation["source"], UNLICENSED)
    licence = pc.fill_null(pc.match_substring_regex(annotation["licence"], UNLICENSED), False)
    return annotation.filter(pc.invert(pc.or_(mask, licence)))


def _masked_ages(subject: pa.Table) -> pa.Table:
    """Ages below 18 and above 89 are stated as such only (HIPAA Safe Harbor, GENIE)."""
    age = subject["age_years_at_index"]
    young, old = pc.fill_null(pc.less(age, 18), False), pc.fill_null(pc.greater(age, 89), False)
    mask = pc.if_else(young, "lt18", pc.if_else(old, "gt89", subject["age_mask"]))
    shown = pc.if_else(pc.or_(young, old), pa.scalar(None, pa.int32()), age)
    return _replace(_replace(subject, "age_years_at_index", shown), "age_mask", mask)


def _masked_days(sample: pa.Table, subject: pa.Table) -> pa.Table:
    """Days from the index date, but for a patient so old that they would tell of the age."""
    if "gt89" not in subject["age_mask"].to_pylist():
        return sample
    return _replace(sample, "days_from_index", pa.nulls(sample.num_rows, pa.int32()))


def _replace(table: pa.Table, column: str, values: pa.ChunkedArray | pa.Array) -> pa.Table:
    index = table.column_names.index(column)
    return table.set_column(index, table.schema.field(column), values)


def _coded_values(metrics: pa.Table) -> pa.Table:
    """Metrics whose `value_text` is left out where it is no metric: sentences do not leave."""
    code = pc.is_in(metrics["value_text"], pa.array(METRIC_TEXTS))
    text = pc.if_else(
        pc.fill_null(code, False), metrics["value_text"], pa.scalar(None, pa.string())
    )
    return _replace(metrics, "value_text", text)


def coarse_reads(metrics: pa.Table) -> pa.Table:
    """Metrics with two digits of the number of reads, which all of them would tell the files by."""
    frame = pl.DataFrame(metrics)
    reads = pl.when(metric_id="reads_total").then(pl.col("value").round_sig_figs(2).round())
    return as_table("qc_metric", frame.with_columns(value=reads.otherwise("value")))


def _true_scope(tables: dict[str, pa.Table], tier: str, failed: bool, withheld: int) -> pa.Table:
    """What the release can say of each analysis, now that rows have been withheld."""
    scope, rows = tables["analysis_scope"], tables["analysis_scope"].to_pylist()
    matched = "matched" in tables["pair"]["design"].to_pylist()
    passing = pc.any(tables["small_variant"]["is_pass"]).as_py()
    for row in rows:
        done = row["status"] in ("done", "done_none_found")
        if failed and done:
            row["status"], row["reason_code"] = "failed", "qc_fail"
        elif done and row["analysis"] == "small_variant" and tier != "controlled":
            row["n_withheld"] = withheld
            if not matched:
                row["status"], row["reason_code"] = "partial", "tumor_only_unresolved"
            elif withheld:
                row["status"] = "done" if passing else "done_none_found"
                row["reason_code"] = "partly_withheld" if passing else "withheld_by_tier"
        elif done and row["analysis"] == "hotspot" and not tables["hotspot_status"].num_rows:
            row["status"], row["reason_code"] = "done_none_found", "withheld_by_tier"
    return pa.Table.from_pylist(rows, schema=scope.schema)
