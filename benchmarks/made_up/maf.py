"""The same variants as people exchange them now: a MAF, plain and gzipped, and questions to it."""

import subprocess
from pathlib import Path

import duckdb

from onconcord import contract

GDC = {
    "Hugo_Symbol": "gene_symbol",
    "Center": "center_id",
    "NCBI_Build": "reference_id",
    "Chromosome": "chrom",
    "Start_Position": "pos + CASE variant_class WHEN 'DEL' THEN 1 ELSE 0 END",
    "End_Position": "pos + CASE variant_class WHEN 'INS' THEN 1 ELSE length(ref) - 1 END",
    "Strand": "'+'",
    "Variant_Classification": """CASE consequence_so
        WHEN 'missense_variant' THEN 'Missense_Mutation'
        WHEN 'synonymous_variant' THEN 'Silent' WHEN 'stop_gained' THEN 'Nonsense_Mutation'
        WHEN 'splice_region_variant' THEN 'Splice_Region'
        WHEN 'inframe_deletion' THEN 'In_Frame_Del' WHEN 'inframe_insertion' THEN 'In_Frame_Ins'
        WHEN 'frameshift_variant' THEN 'Frame_Shift_' || CASE variant_class WHEN 'DEL' THEN 'Del'
        ELSE 'Ins' END END""",
    "Variant_Type": """CASE variant_class WHEN 'SNV' THEN 'SNP' WHEN 'MNV' THEN 'DNP'
        ELSE variant_class END""",
    "Reference_Allele": """CASE variant_class WHEN 'DEL' THEN substr(ref, 2) WHEN 'INS' THEN '-'
        ELSE ref END""",
    "Tumor_Seq_Allele1": """CASE variant_class WHEN 'DEL' THEN substr(ref, 2) WHEN 'INS' THEN '-'
        ELSE ref END""",
    "Tumor_Seq_Allele2": """CASE variant_class WHEN 'DEL' THEN '-' WHEN 'INS' THEN substr(alt, 2)
        ELSE alt END""",
    "Tumor_Sample_Barcode": "pair_id",
    "HGVSc": "hgvsc",
    "HGVSp": "hgvsp",
    "Transcript_ID": "transcript_id",
    "t_depth": "tumor_depth",
    "t_ref_count": "tumor_depth - tumor_alt_count",
    "t_alt_count": "tumor_alt_count",
    "Gene": "gene_id",
    "Consequence": "consequence_so",
    "IMPACT": "impact",
    "gnomAD_AF": "gnomad_af_max",
    "CONTEXT": "trinuc_context",
    "FILTER": "CASE WHEN len(filters) = 0 THEN 'PASS' ELSE array_to_string(filters, ';') END",
    "callers": "array_to_string(callers_pass, ';')",
    "vcf_region": "variant_key",
}
"""Columns of the GDC's MAF, and what a release has for them."""

TOLD = {*GDC.values(), "ref", "alt", "variant_class", "filters", "callers_pass"}


def write_maf(release: Path, maf: Path) -> None:
    """
    Write small_variant of a release as a MAF, and as MAF.gz beside it (gzip 6).

    Columns that the GDC's MAF has no name for keep that of the contract, so that both say the same.
    """
    fields = contract.load().tables["small_variant"].fields_of("consortium")
    columns = [f'{value} AS "{name}"' for name, value in GDC.items()]
    columns += [field.name for field in fields if field.name not in TOLD]
    with duckdb.connect() as database:
        database.execute("SET threads = 1; SET memory_limit = '1GB'")
        database.execute(
            f"COPY (SELECT {', '.join(columns)} FROM "
            f"read_parquet('{release}/small_variant/*/*.parquet', hive_partitioning = false)) "
            f"TO '{maf}' (FORMAT csv, DELIMITER '\t', QUOTE '', ESCAPE '', HEADER)"
        )
    subprocess.run(["gzip", "-6", "--keep", "--force", str(maf)], check=True)


def table(maf: Path) -> str:
    """A MAF as DuckDB reads it."""
    return f"read_csv('{maf}', delim = '\t', header = true, quote = '', escape = '')"
