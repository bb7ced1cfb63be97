"""Known builds: a reference that says it is GRCh37 or GRCh38 has that sequence, or is refused."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from onconcord.errors import Fault
from onconcord.reference.contigs import ContigRow, table_chrom
from onconcord.runtime import checkout

CUSTOM = "custom"


@dataclass(frozen=True)
class KnownContig:
    """Length (bp) of a build's contig, and the MD5 of each sequence that counts as it."""

    length_bp: int
    md5s: tuple[str, ...]


def known_contigs(build: str) -> dict[str, KnownContig]:
    """
    Primary contigs of a known build by their name in the tables.

    Distributions of one build may differ in a contig's ambiguity codes or masks, so that a
    contig may have several MD5s.
    """
    path = checkout.root() / "resources/builds" / f"{build}.tsv"
    lines = (line for line in path.read_text().splitlines() if not line.startswith("#"))
    contigs: dict[str, KnownContig] = {}
    for row in csv.DictReader(lines, delimiter="\t"):
        before = contigs[row["chrom"]].md5s if row["chrom"] in contigs else ()
        contigs[row["chrom"]] = KnownContig(int(row["length_bp"]), (*before, row["md5"]))
    return contigs


def length_faults(source: str, build: str, lengths: Mapping[str, int]) -> list[Fault]:
    """
    Contigs whose length is not that of the build that the configuration names.

    Args:
        source: name of the FASTA, for messages.
        build: a known build, or custom, which has no faults.
        lengths: bases by native contig name.
    """
    if build == CUSTOM:
        return []
    known = known_contigs(build)
    if not any(table_chrom(name) in known for name in lengths):
        message = f'no contig of {build} is in it: write "build: custom" for another genome.'
        return [Fault(source, message)]
    return [
        Fault(source, _not_the_build(name, build, f"{length} bases", expected.length_bp))
        for name, length in lengths.items()
        if (expected := known.get(table_chrom(name))) and length != expected.length_bp
    ]


def digest_faults(source: str, build: str, rows: Iterable[ContigRow]) -> list[Fault]:
    """Contigs of the right length whose sequence is not that of the build that is named."""
    if build == CUSTOM:
        return []
    known = known_contigs(build)
    return [
        Fault(
            source,
            _not_the_build(row.source_name, build, f"MD5 {row.md5}", " or ".join(expected.md5s)),
        )
        for row in rows
        if (expected := known.get(row.chrom))
        and row.length_bp == expected.length_bp
        and row.md5 not in expected.md5s
    ]


def _not_the_build(name: str, build: str, fact: str, expected: object) -> str:
    return (
        f'contig "{name}" has {fact}, but {build} has {expected}: give the FASTA of {build}, '
        'or write "build: custom" under reference.'
    )
