"""Inherited alleles in a release: looked for in its rows, and in every byte of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import TypeVar

import polars as pl

from onconcord.accuracy.inherited import TABLE_NAMES, Patient, Site, overlaps, table_name
from onconcord.accuracy.release_bytes import pieces
from onconcord.evidence.normal_form import Allele, atoms, join, normalise
from onconcord.harmonised.vrs import allele_ids
from onconcord.reference.contigs import read_contigs
from onconcord.reference.sequence import Genome

NEAR_BP = 60
"""Sites this close to a row are tried as what the row spells."""
ALLELE = ["chrom", "pos", "ref", "alt"]
Item = TypeVar("Item")
_NATIVE = {name: native for native, name in TABLE_NAMES.items()}


@dataclass(frozen=True)
class Inside:
    """
    What the centre's own tables say of the inherited alleles, before anything is released.

    Args:
        sites: inherited alleles of all patients.
        guises: how many of them in each guise.
        candidates: those that a caller or the recount has, by themselves.
        somatic: those of them that pass as somatic.
        unresolved: those that pass without a normal.
    """

    sites: int
    guises: Mapping[str, int]
    candidates: int
    somatic: int
    unresolved: int


def inside(folder: Path, people: Sequence[Patient]) -> Inside:
    """Count the inherited alleles in the tables of a finished folder."""
    candidates, passing = 0, Counter[str]()
    for patient in people:
        path = folder / f"results/8_harmonised/{patient.name}/small_variant.parquet"
        rows = pl.read_parquet(path, columns=[*ALLELE, "is_pass", "origin"])
        own = {table_name(site.allele) for site in patient.sites}
        for *allele, is_pass, origin in rows.iter_rows():
            if Allele(*allele) in own:
                candidates += 1
                passing[origin] += is_pass
    guises = Counter(site.guise for patient in people for site in patient.sites)
    sites = sum(guises.values())
    return Inside(
        sites, dict(sorted(guises.items())), candidates, passing["somatic"], passing["unresolved"]
    )


def leaks(
    release: Path, folder: Path, people: Sequence[Patient], pseudonym: Callable[[str], str]
) -> list[str]:
    """
    Each way in which a release shows an inherited allele, in words; none is what is wanted.

    Args:
        release: a release of the folder, of any tier.
        folder: the working folder.
        people: who is in it.
        pseudonym: of a pair.
    """
    genome = Genome(folder / "genome.fa")
    # those that are somatic in another patient may be there
    acquired = {site.somatic for patient in people for site in patient.sites if site.somatic}
    alleles = {site.allele for patient in people for site in patient.sites} - acquired
    found = list(_in_bytes(release, folder, genome, alleles))
    names = {pseudonym(patient.name): patient for patient in people}
    for path in sorted(release.rglob("*.parquet")):
        rows = pl.read_parquet(path, hive_partitioning=False)
        table = path.relative_to(release).parts[0]
        if not {*ALLELE, "pair_id"} <= set(rows.columns):
            continue
        if table == "hotspot_status":
            rows = rows.filter(pl.col("status") != "indeterminate")
        for pair, *columns in rows.select("pair_id", *ALLELE).unique().sort(pl.all()).iter_rows():
            chrom, pos, ref, alt = columns
            row = Allele(_NATIVE[chrom], pos, ref, alt)
            said = _spelt(genome, row, names[pair].sites, exactly=table == "hotspot_status")
            if said is not None:
                found.append(f"{table}: {names[pair].name} {row} shows {said.allele} {said.guise}")
    return found


def _spelt(genome: Genome, row: Allele, sites: Sequence[Site], exactly: bool) -> Site | None:
    """
    The inherited allele that a row of its patient shows, alone or in one event with others.

    A row that the patient's somatic events alone explain shows none; one that nothing explains
    shows each inherited allele that it touches.
    """
    near = [
        site
        for site in sites
        if site.allele.chrom == row.chrom and abs(site.allele.pos - row.pos) < NEAR_BP
    ]
    own = normalise(genome, row)
    same = next((site for site in near if site.allele == own), None)
    if same is not None or exactly:
        return same
    somatic = [site.somatic for site in near if site.somatic is not None]
    for inherited in _subsets(near):
        for acquired in _subsets(somatic):
            together = [*(site.allele for site in inherited), *acquired]
            if together and join(genome, together) == own:
                return inherited[0] if inherited else None
    for site in near:
        whole = site.somatic is not None and own in (site.somatic, *atoms(site.somatic))
        if not whole and overlaps(genome, own, site.allele):
            return site
    return None


def _subsets(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    return chain.from_iterable(combinations(items, size) for size in range(3))


def _in_bytes(
    release: Path, folder: Path, genome: Genome, alleles: Iterable[Allele]
) -> Iterator[str]:
    """
    Names of alleles in any byte of a release.

    Args:
        release: of any tier.
        folder: the working folder it is of.
        genome: of the folder, whose contigs the alleles are on.
        alleles: in normal form.
    """
    contigs = {
        row.source_name: row.refget_sq
        for row in read_contigs(folder / "results/1_reference/contigs.tsv")
    }
    ordered = sorted(alleles)
    columns = [(allele.chrom, allele.pos, allele.ref, allele.alt) for allele in ordered]
    data = b"\n".join(sorted({piece for _, piece in pieces(release)}))
    for allele, digest in zip(ordered, allele_ids(genome, contigs, columns), strict=True):
        chrom = TABLE_NAMES[allele.chrom]
        words = [digest, f"{allele.pos}_{allele.ref}_{allele.alt}"]
        words += [
            sign.join((name, str(allele.pos), allele.ref, allele.alt))
            for sign in ":-_\t"
            for name in (chrom, allele.chrom)
        ]
        for word in words:
            if word.encode() in data:
                yield f"bytes: {word}"
