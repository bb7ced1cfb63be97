"""The final VCF of a pair: kept variants with recounted depths, for IGV and other tools."""

from pathlib import Path

import pyarrow as pa
import pysam

from onconcord.reference.sequence import ContigNames, Genome


def write_final_vcf(
    small: pa.Table, reference: Path, tumour: str, normal: str | None, out: Path
) -> None:
    """
    Write the variants that pass as bgzipped VCF with its index.

    Args:
        small: rows of `small_variant` of one pair.
        reference: folder of stage 1; contigs get their native names back.
        tumour: name of the tumour's column.
        normal: name of the normal's column, None where there is none.
        out: the VCF; AD and DP are reads of the recount.
    """
    genome = Genome(reference / "genome.fa")
    native = {
        table: name for name, table in ContigNames.read(reference / "contigs.tsv").table_of.items()
    }
    order = {name: place for place, name in enumerate(genome.contigs)}
    header = pysam.VariantHeader()
    for contig in genome.contigs.values():
        header.contigs.add(contig.name, length=contig.length)
    header.formats.add("AD", "R", "Integer", "Reads of each allele, recounted")
    header.formats.add("DP", 1, "Integer", "Depth, recounted")
    header.info.add("GENE", 1, "String", "Gene symbol")
    header.info.add("HGVSP", 1, "String", "HGVS on the protein")
    roles = {"tumor": tumour, **({"normal": normal} if normal else {})}
    for sample in roles.values():
        header.add_sample(sample)
    rows = small.filter(small.column("is_pass")).to_pylist()
    rows.sort(key=lambda row: (order[native[row["chrom"]]], row["pos"], row["ref"], row["alt"]))
    with pysam.VariantFile(str(out), "wz", header=header) as file:
        for row in rows:
            record = file.new_record(
                contig=native[row["chrom"]],
                start=row["pos"] - 1,
                alleles=(row["ref"], row["alt"]),
                filter="PASS",
            )
            for column, name in (("gene_symbol", "GENE"), ("hgvsp", "HGVSP")):
                if row[column]:
                    record.info[name] = row[column]
            for role, sample in roles.items():
                counts = (row[f"{role}_ref_count"], row[f"{role}_alt_count"])
                if None not in counts:
                    record.samples[sample]["AD"] = counts
                    record.samples[sample]["DP"] = row[f"{role}_depth"]
            file.write(record)
    pysam.tabix_index(str(out), preset="vcf", force=True)
