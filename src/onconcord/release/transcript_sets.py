"""Where the centres of a release name a gene on other transcripts."""

from pathlib import Path

import polars as pl
import pyarrow as pa

from onconcord import contract

COLUMNS = ("center_id", "reference_id", "gene_id", "gene_symbol", "transcript_id", "cds_sha256")


def differing_genes(release: Path) -> list[str]:
    """
    Genes that two centres name on other transcripts, or on one that reads otherwise, in sentences.

    Args:
        release: folder of a release of several centres.
    Returns:
        Sorted by reference and gene; genes that only one centre has are not compared.
    """
    tables = [
        contract.read_file("transcript", file).select(COLUMNS)
        for file in sorted(release.glob("transcript/**/*.parquet"))
    ]
    if not tables:
        return []
    rows = pl.from_arrow(pa.concat_tables(tables))
    assert isinstance(rows, pl.DataFrame)
    digest = pl.col("cds_sha256").str.slice(0, 8)
    named = pl.format("{} (CDS {})", "transcript_id", digest.fill_null("none"))
    of_centre = (
        rows.with_columns(named=named)
        .group_by("reference_id", "gene_id", "center_id")
        .agg(pl.col("gene_symbol").first(), pl.col("named").sort().str.join(" and "))
        .sort("reference_id", "gene_id", "center_id")
    )
    of_gene = of_centre.group_by("reference_id", "gene_id", maintain_order=True).agg(
        pl.col("gene_symbol").first(), "center_id", "named"
    )
    return [
        f"{symbol or gene} on {reference}: "
        + ", ".join(f"{centre} {name}" for centre, name in zip(centres, names, strict=True))
        for reference, gene, symbol, centres, names in of_gene.iter_rows()
        if len(set(names)) > 1
    ]
