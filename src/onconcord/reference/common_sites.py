"""Stage 1: common single-base sites, where contamination and identity of the samples show."""

from pathlib import Path

import pysam

from onconcord.reference.bed import read_bed, write_bed

LEAST_FREQUENCY = 0.01
_BASES = frozenset("ACGT")


def write_common_sites(calling: Path, population: Path, out: Path) -> None:
    """
    Write the sites of single-base alleles of a population that are common, in its order.

    Args:
        calling: sorted BED of the calling regions, which do not touch.
        population: VCF in the normal form of stage 1, with its index; an AF may be missing.
        out: BED to write; a site of several alleles is there once for each.
    """
    with pysam.VariantFile(str(population)) as file:
        write_bed(
            (
                (record.chrom, record.pos - 1, record.pos)
                for chrom, start0, end0 in read_bed(calling)
                .select("chrom", "start0", "end0")
                .iter_rows()
                for record in file.fetch(chrom, start0, end0)
                # What only reaches into a region is of another one.
                if start0 < record.pos and _is_common(record)
            ),
            out,
        )


def _is_common(record: pysam.VariantRecord) -> bool:
    if record.ref not in _BASES or (record.alts or ("",))[0] not in _BASES:
        return False
    frequency = record.info.get("AF")
    value = frequency[0] if isinstance(frequency, tuple) else frequency
    # The file has frequencies as single-precision numbers, of which 0.01 is one below.
    return value is not None and round(value, 6) >= LEAST_FREQUENCY
