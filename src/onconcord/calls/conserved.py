"""What the tools that join, split and filter a caller's records have to hand on, counted by us."""

import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pysam

from onconcord.reference.bed import read_bed
from onconcord.reference.intervals import IntervalSet
from onconcord.runtime.conserved import broken, conserve, record_count

CONTEXTS = 64
"""Triplets of bases, each with its own read orientation."""


def check_whole(tool: str, vcf: Path, regions: Path, *samples: Path | str) -> None:
    """
    Hold that a caller's VCF or BCF is a whole file, of these samples, on the contigs asked for.

    Args:
        tool: the caller.
        regions: BED of its shard.
        samples: ids of the pair's samples.
    """
    records = record_count(vcf, tool)
    with pysam.VariantFile(str(vcf)) as file:
        names, contigs = sorted(file.header.samples), set(file.header.contigs)
    wanted = sorted(map(str, samples))
    if names != wanted:
        raise broken(tool, vcf, f"the samples are {', '.join(names)}, not {', '.join(wanted)}")
    if missing := sorted(set(read_bed(regions)["chrom"]) - contigs):
        raise broken(tool, vcf, f"the header lacks contigs it was asked for, such as {missing[0]}")
    print(f"{tool}: {records} records in a whole file")


def check_joined(tool: str, joined: Path, shards: Path, *vcfs: Path) -> None:
    """Hold that a file has the records of all shards, of each those in its own part."""
    entered = 0
    for number, vcf in enumerate(vcfs):
        record_count(vcf, tool)
        bed = read_bed(shards / f"{number}.own.bed")
        own = IntervalSet(bed.select("chrom", "start0", "end0").iter_rows())
        with pysam.VariantFile(str(vcf)) as file:
            entered += sum(
                1 for record in file if own.cut((record.chrom, record.pos - 1, record.pos))
            )
    conserve(tool, joined, "records", entered, record_count(joined, tool))


def check_split(tool: str, after: Path, before: Path) -> None:
    """Hold that a file has one record of every alternate allele of another."""
    record_count(before, tool)
    with pysam.VariantFile(str(before)) as file:
        entered = sum(len(record.alts or (".",)) for record in file)
    conserve(tool, after, "alleles", entered, record_count(after, tool))


def check_kept(tool: str, after: Path, before: Path, *dropped: Path) -> None:
    """Hold that a file has the records of another but for those that were dropped."""
    left = sum(record_count(path, tool) for path in (after, *dropped))
    conserve(tool, after, "records", record_count(before, tool), left)


def check_stats(tool: str, after: Path, *before: Path) -> None:
    """Hold that merged statistics of a caller have the callable sites of all shards."""
    entered = round(sum(_callable_sites(tool, path) for path in before))
    conserve(tool, after, "callable sites", entered, round(_callable_sites(tool, after)))


def _callable_sites(tool: str, stats: Path) -> float:
    whole = re.search(r"^callable\t([0-9.E]+)\n", stats.read_text(), re.M)
    if whole is None:
        raise broken(tool, stats, "it has no whole line callable")
    return float(whole[1])


def check_tables(tool: str, archive: Path) -> None:
    """Hold that an archive of GATK's read orientation is whole, and each table in it."""
    tables: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as file:
            for member in file:
                content = file.extractfile(member)
                tables[member.name] = content.read() if content else b""
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise broken(tool, archive, f"it is not a whole archive ({error})") from error
    for name, table in tables.items():
        if not table.endswith(b"\n"):
            raise broken(tool, archive, f"its table {name} is cut off")
        contexts = table.count(b"\n") - 2
        if name.endswith(".orientation_priors") and contexts != CONTEXTS:
            raise broken(tool, archive, f"{name} has {contexts} of {CONTEXTS} contexts")
    if not tables:
        raise broken(tool, archive, "it holds no table")
    print(f"{tool}: {len(tables)} tables in a whole archive")


STEPS: dict[str, Callable[..., None]] = {
    "whole": check_whole,
    "joined": check_joined,
    "split": check_split,
    "kept": check_kept,
    "stats": check_stats,
    "tables": check_tables,
}
"""Checks by the word that rules have for them; each takes a tool, what it wrote, and more."""
