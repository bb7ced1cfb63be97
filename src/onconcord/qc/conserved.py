"""Whether mosdepth, samtools and GATK answered all that they were asked about a sample."""

from pathlib import Path

import polars as pl
import pysam

from onconcord.errors import ToolError
from onconcord.qc.measures import pileups, samtools_stats, target_depths
from onconcord.reference.bed import read_bed
from onconcord.reference.contigs import table_chrom
from onconcord.runtime.conserved import broken, conserve

LEAST_MAPQ = 50
"""GetPileupSummaries leaves out what is mapped worse."""
SURELY_COMMON = 0.0101
"""Frequency above GATK's limit, however a frequency is rounded."""
LEAST_SHARE = 0.9
"""Least bases on target that samtools stats has for each of mosdepth's, which leaves out
duplicates, badly mapped reads and the second mate where mates overlap."""


def check_sample(
    prefix: Path,
    reads: Path,
    fasta: Path,
    depth_bed: Path,
    sites: Path | None,
    population: Path | None,
) -> None:
    """
    Hold that every region, base and site that was asked for has its answer.

    Args:
        prefix: `4_qc/samples/{sample}`.
        reads: its BAM or CRAM, with its index.
        fasta: reference with its `.fai`.
        depth_bed: regions that mosdepth was asked for.
        sites: BED of the common sites, None or empty where there are none.
        population: VCF that they are of; None without sites.
    Raises:
        ToolError: naming the tool that left something out.
    """
    asked = read_bed(depth_bed)
    regions = _check_regions(Path(f"{prefix}.regions.bed.gz"), asked)
    bases = _check_summary(Path(f"{prefix}.mosdepth.summary.txt"), regions)
    for kind in ("quantized", "anymapq.quantized"):
        _check_quantized(Path(f"{prefix}.{kind}.bed.gz"), Path(f"{fasta}.fai"))
    _check_stats(Path(f"{prefix}.stats.txt"), bases)
    if sites is not None and population is not None and sites.stat().st_size:
        _check_pileups(prefix, reads, fasta, read_bed(sites), population)


def _check_regions(path: Path, asked: pl.DataFrame) -> pl.DataFrame:
    answered = _bed(path)
    place = ["chrom", "start0", "end0"]
    conserve("mosdepth", path, "regions", asked.height, answered.height)
    if not answered.select(place).equals(asked.select(place)):
        raise broken("mosdepth", path, "its regions are not those that were asked for")
    return answered


def _check_summary(path: Path, regions: pl.DataFrame) -> float:
    """Bases of reads on the regions, once the summary agrees with them, contig by contig."""
    length = pl.col("end0") - pl.col("start0")
    contigs = regions.group_by("chrom").agg(
        length.sum().alias("length"),
        bases=(length * pl.col("label").cast(pl.Float64, strict=False)).sum(),
    )
    stated = target_depths(path)
    for chrom, bp, bases in contigs.iter_rows():
        of_contig = stated.get(table_chrom(chrom))
        # mosdepth leaves out contigs without a read
        if of_contig is None and bases:
            raise broken("mosdepth", path, f"its summary lacks the regions of {chrom}")
        if of_contig is not None and (
            of_contig[0] != bp or abs(of_contig[1] * bp - bases) > 0.01 * bp + 1
        ):
            raise broken("mosdepth", path, f"its summary disagrees with the regions of {chrom}")
    if "total" not in stated:
        raise broken("mosdepth", path, "its summary has no line total_region")
    return float(contigs["bases"].sum())


def _check_quantized(path: Path, fasta_index: Path) -> None:
    """Every contig from its first base to its last, in intervals that touch."""
    intervals = _bed(path)
    contigs = (
        intervals.with_columns(before=pl.col("end0").shift(1, fill_value=0).over("chrom"))
        .group_by("chrom")
        .agg((pl.col("start0") == pl.col("before")).all().alias("touch"), pl.col("end0").max())
    )
    answered = {chrom: end0 for chrom, touch, end0 in contigs.iter_rows() if touch}
    for line in fasta_index.read_text().splitlines():
        contig, length = line.split("\t")[:2]
        if answered.get(contig, 0) != int(length):
            raise broken("mosdepth", path, f"its intervals do not cover contig {contig}")


def _check_stats(path: Path, bases: float) -> None:
    text = path.read_text()
    if "\n# GC-depth." not in text or not text.endswith("\n"):
        raise broken("samtools stats", path, "its report lacks its last part")
    numbers, lengths, _ = samtools_stats(path)
    conserve("samtools stats", path, "reads", int(numbers["sequences"]), sum(lengths.values()))
    mapped = numbers["bases mapped (cigar)"]
    if mapped < LEAST_SHARE * bases:
        raise broken(
            "samtools stats",
            path,
            f"it has {mapped:.0f} bases on target, where mosdepth has {bases:.0f}",
        )


def _check_pileups(
    prefix: Path, reads: Path, fasta: Path, sites: pl.DataFrame, population: Path
) -> None:
    """Each common site has a line, or no read that GATK would count."""
    tool, path = "gatk GetPileupSummaries", Path(f"{prefix}.pileups.table")
    answered = set(pileups(prefix).select("contig", "position").iter_rows())
    asked = sites.select("chrom", "start0").iter_rows()
    missing = [(chrom, start0) for chrom, start0 in asked if (chrom, start0 + 1) not in answered]
    with (
        pysam.AlignmentFile(str(reads), reference_filename=str(fasta)) as file,
        pysam.VariantFile(str(population)) as known,
    ):
        for chrom, start0 in missing:
            place = (chrom, start0, start0 + 1)
            # GATK looks at the first record that reaches the site, and leaves rare ones out.
            first = next(known.fetch(*place))
            if first.pos != start0 + 1 or first.info["AF"][0] < SURELY_COMMON:
                continue
            if any(_counts(read, start0) for read in file.fetch(*place)):
                raise broken(
                    tool,
                    path,
                    f"{len(missing)} of {sites.height} sites have no line, among them "
                    f"{chrom}:{start0 + 1}, where there are reads",
                )
    print(f"{tool}: {sites.height} sites asked, {len(missing)} of them without a line")


def _counts(read: pysam.AlignedSegment, position0: int) -> bool:
    """Whether GATK surely counts a read there; it may count others."""
    if (
        read.flag & (pysam.FUNMAP | pysam.FSECONDARY | pysam.FQCFAIL | pysam.FDUP)
        or read.is_supplementary
        or read.mapping_quality < LEAST_MAPQ
        or (read.is_paired and not read.is_proper_pair)
        or read.query_qualities is None
    ):
        return False
    for in_read, at in read.get_aligned_pairs(matches_only=True):
        if at == position0:
            return bool(read.query_qualities[in_read] >= 20)
    return False


def _bed(path: Path) -> pl.DataFrame:
    try:
        return read_bed(path)
    except ToolError as error:
        raise broken("mosdepth", path, f"it cannot be read ({error})") from error
