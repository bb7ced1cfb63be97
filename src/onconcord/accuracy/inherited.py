"""
Patients full of inherited alleles that look somatic, as reads: what no release may show.

A small genome of four contigs, cut from chromosome 20, has a place every SPACING_BP. Each patient
has one inherited allele in each place, in one of the guises in which such alleles slip through.
Many patients share some of them, as founders' alleles are shared; no resource knows most of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pysam
import yaml

from onconcord.accuracy.fragments import Fragment
from onconcord.accuracy.places import CHROM
from onconcord.accuracy.profiles import Profile
from onconcord.accuracy.reads import write_reads
from onconcord.evidence.normal_form import Allele, extent0, join, normalise
from onconcord.files import write_text, write_tsv
from onconcord.reference.sequence import Genome

SPACING_BP = 260
EDGE_BP = 400
"""Sequence of a contig before its first place and after its last one."""
FIRST0 = {"20": 3_000_000, "X": 10_000_000, "Y": 17_000_000, "MT": 43_000_000}
"""Where the contigs are cut from chromosome 20."""
SHARES = {"20": 0.76, "X": 0.14, "Y": 0.05, "MT": 0.05}
"""Of the places, by contig."""
TABLE_NAMES = {"20": "chr20", "X": "chrX", "Y": "chrY", "MT": "chrM"}
CENTRE = "RED"

PURITY = 0.8
TUMOUR_DEPTH = 90
NORMALS = ((60, 0.0), None, (12, 0.0), (30, 0.1), (20, 0.0), (8, 0.0))
"""Of the patients in turn: depth of the normal and the tumour in it; None: no normal."""
DROPPED = 0.15
"""Of the places of a patient: the normal has few reads there, or none."""
SHARED = 0.6
"""Of the places of a patient: as other patients have them."""
LISTED = ((0.75, 0.0), (0.08, 0.0002), (0.07, 0.002), (0.10, 0.2))
"""Shares of the inherited alleles by their frequency in the population resource; 0: not in it."""
DRIVERS = 0.1
"""Of the inherited alleles: on the list of known drivers."""
GUISES = ("alone", "cis", "near", "trans", "same base", "kept", "lost", "covered", "cut")
FRAGMENT_BP = (240, 40, 130, 400)
"""Length of fragments: mean, standard deviation, shortest, longest."""


@dataclass(frozen=True)
class Site:
    """
    One inherited allele of one patient.

    Args:
        allele: in normal form, under the FASTA's name of the contig.
        haplotypes: 1, 2, or both.
        guise: alone; a somatic event in cis, near in cis, in trans or at the same base; the other
            haplotype lost in the tumour (kept), or its own (lost); another haplotype's deletion
            over it (covered), or its own haplotype's deletion behind it (cut).
        somatic: the event beside it, None where there is none.
        on: haplotype of that event.
        share: share of that haplotype's fragments in the tumour that have the event.
        gone: haplotype that the tumour's cells have lost here; 0: none.
        frequency: what the population resource says; 0: it does not know it.
        driver: whether it is on the list of known drivers.
    """

    allele: Allele
    haplotypes: tuple[int, ...]
    guise: str
    somatic: Allele | None
    on: int
    share: float
    gone: int
    frequency: float
    driver: bool


@dataclass(frozen=True)
class Patient:
    """A patient; `thinned` is what is left of the normal's depth at each place."""

    name: str
    normal: tuple[int, float] | None
    sites: tuple[Site, ...]
    thinned: tuple[float, ...]


def write_folder(
    folder: Path, source: Genome, profile: Profile, patients: int, places: int, seed: int
) -> list[Patient]:
    """
    Write a working folder of patients, ready to be run, and say what they have.

    Args:
        source: chromosome 20 of GRCh37.
        profile: how reads are made of fragments.
        patients, places: how many; their product is the number of inherited alleles.
        seed: the same gives the same bytes.
    Raises:
        ToolError: ART failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = {contig: max(round(share * places), 1) for contig, share in SHARES.items()}
    write_text(folder / "genome.fa", "".join(_contigs(source, counts)))
    pysam.faidx(str(folder / "genome.fa"))
    genome = Genome(folder / "genome.fa")
    starts = [
        (contig, EDGE_BP + SPACING_BP * at)
        for contig, count in counts.items()
        for at in range(count)
    ]
    people = [_patient(genome, starts, number, seed) for number in range(patients)]
    _write_lists(folder, genome, people)
    rows = []
    for number, patient in enumerate(people):
        for role, depth in _samples(patient):
            draw = np.random.default_rng([seed, number, depth])
            made = list(_fragments(genome, patient, starts, role, depth, draw))
            made = [made[place] for place in draw.permutation(len(made))]
            mates = [f"reads/{patient.name}_{role}_{mate}.fq.gz" for mate in (1, 2)]
            (folder / "reads").mkdir(exist_ok=True)
            write_reads(profile, made, seed + number, *(folder / mate for mate in mates))
            sample = patient.name if role == "tumour" else f"{patient.name}-normal"
            rows.append((f"patient-{patient.name}", sample, role, "L1", *mates))
    header = ("patient", "sample", "role", "read_group", "fastq_1", "fastq_2")
    write_tsv(folder / "samples.tsv", header, rows)
    return people


def _samples(patient: Patient) -> Iterator[tuple[str, int]]:
    yield "tumour", TUMOUR_DEPTH
    if patient.normal:
        yield "normal", patient.normal[0]


def _contigs(source: Genome, counts: dict[str, int]) -> Iterator[str]:
    for contig, count in counts.items():
        first0 = FIRST0[contig]
        length = 2 * EDGE_BP + SPACING_BP * count
        yield f">{contig}\n{source.bases(CHROM, first0, first0 + length)}\n"


def _patient(genome: Genome, starts: Sequence[tuple[str, int]], number: int, seed: int) -> Patient:
    own = np.random.default_rng([seed, 1 + number])
    sites, thinned = [], []
    for place, (contig, start0) in enumerate(starts):
        shared = own.random() < SHARED
        # What patients share is drawn by the place alone.
        key = [seed, 0, place] if shared else [seed, 1 + number, place]
        sites.append(_site(genome, contig, start0, np.random.default_rng(key)))
        few = own.random() < DROPPED
        thinned.append(float(own.uniform(0, 0.2)) if few else 1.0)
    name = f"inherited-{number:02d}"
    return Patient(name, NORMALS[number % len(NORMALS)], tuple(sites), tuple(thinned))


def _site(genome: Genome, contig: str, start0: int, draw: np.random.Generator) -> Site:
    """A site whose alleles can stand beside each other; drawn anew until they can."""
    while True:
        at0 = start0 + SPACING_BP // 2 + int(draw.integers(-20, 21))
        allele = normalise(genome, _inherited(genome, contig, at0, draw))
        which = int(draw.integers(1, 3))
        diploid = contig == "20"
        guise = str(draw.choice(GUISES)) if diploid else str(draw.choice(("alone", "near")))
        both = not diploid or (guise == "alone" and draw.random() < 0.3)
        other = 3 - which
        on = other if guise in ("trans", "same base", "covered") else which
        somatic = _somatic(genome, allele, guise, draw)
        shares, values = zip(*LISTED, strict=True)
        frequency = values[int(draw.choice(len(values), p=shares))]
        site = Site(
            allele,
            (1, 2) if both else (which,),
            guise,
            somatic,
            on,
            float(draw.uniform(0.35, 0.9)),
            {"kept": other, "lost": which}.get(guise, 0),
            frequency,
            bool(draw.random() < DRIVERS),
        )
        if somatic is None or _fits(genome, site):
            return site


def _fits(genome: Genome, site: Site) -> bool:
    """Whether the somatic event is another allele, and can stand on its haplotype."""
    assert site.somatic is not None
    if site.somatic == site.allele or "N" in site.somatic.ref:
        return False
    return site.on not in site.haplotypes or join(genome, [site.allele, site.somatic]) is not None


def _inherited(genome: Genome, contig: str, at0: int, draw: np.random.Generator) -> Allele:
    bases = genome.bases(contig, at0, at0 + 12)
    kind = draw.choice(("SNV", "INS", "DEL"), p=(0.74, 0.12, 0.14))
    size = int(draw.integers(1, 7))
    if kind == "SNV":
        return Allele(contig, at0 + 1, bases[0], _other(draw, bases[0]))
    if kind == "INS":
        return Allele(
            contig, at0 + 1, bases[0], bases[0] + "".join(draw.choice(list("ACGT"), size))
        )
    return Allele(contig, at0 + 1, bases[: size + 1], bases[0])


def _somatic(
    genome: Genome, beside: Allele, guise: str, draw: np.random.Generator
) -> Allele | None:
    contig, end0 = beside.chrom, beside.end0
    near = {"cis": (0, 2), "near": (3, 30), "trans": (0, 8)}
    if guise in near:
        at0 = end0 + int(draw.integers(*near[guise], endpoint=True))
        base = genome.bases(contig, at0, at0 + 1)
        return normalise(genome, Allele(contig, at0 + 1, base, _other(draw, base)))
    if guise == "same base":
        base = genome.bases(contig, beside.start0, beside.start0 + 1)
        return normalise(genome, Allele(contig, beside.pos, base, _other(draw, base)))
    if guise in ("covered", "cut"):
        first0 = beside.start0 - int(draw.integers(3, 9)) if guise == "covered" else end0 + 1
        size = int(draw.integers(12, 25)) if guise == "covered" else int(draw.integers(2, 9))
        bases = genome.bases(contig, first0, first0 + size + 1)
        return normalise(genome, Allele(contig, first0 + 1, bases, bases[0]))
    return None


def _other(draw: np.random.Generator, base: str) -> str:
    return str(draw.choice([other for other in "ACGT" if other != base]))


def _fragments(
    genome: Genome,
    patient: Patient,
    starts: Sequence[tuple[str, int]],
    role: str,
    depth: int,
    draw: np.random.Generator,
) -> Iterator[Fragment]:
    """Fragments of one sample over all contigs."""
    strayed = patient.normal[1] if role == "normal" and patient.normal else 0.0
    cells = PURITY if role == "tumour" else strayed
    mean, spread, shortest, longest = FRAGMENT_BP
    for contig, found in genome.contigs.items():
        places = [at for at, (name, _) in enumerate(starts) if name == contig]
        count = draw.poisson(found.length * depth / 200)
        lengths = np.clip(draw.normal(mean, spread, count), shortest, longest).astype(int)
        for length in lengths:
            start0 = int(draw.integers(0, found.length - length))
            first = max((start0 - EDGE_BP) // SPACING_BP, 0)
            last = (start0 + int(length) - EDGE_BP) // SPACING_BP
            over = places[first : max(last, 0) + 1]
            haplotype = int(draw.integers(1, 3))
            of_tumour = draw.random() < cells
            # A fragment is lost with the haplotype, or where the normal has few reads.
            if of_tumour and any(patient.sites[at].gone == haplotype for at in over):
                continue
            if role == "normal" and draw.random() > min(
                (patient.thinned[at] for at in over), default=1.0
            ):
                continue
            edits = []
            for at in over:
                site = patient.sites[at]
                if haplotype in site.haplotypes:
                    edits.append(site.allele)
                if site.somatic and site.on == haplotype and of_tumour:
                    edits += [site.somatic] if draw.random() < site.share else []
            bases = _molecule(genome, contig, start0, start0 + int(length), edits)
            if len(bases) >= shortest - 20 and "N" not in bases:
                yield Fragment(bases.encode(), bool(draw.random() < 0.5), [])


def _molecule(genome: Genome, contig: str, start0: int, end0: int, edits: list[Allele]) -> str:
    bases = genome.bases(contig, start0, end0)
    for allele in sorted(edits, reverse=True):
        at = allele.start0 - start0
        if at >= 0 and allele.end0 <= end0:
            bases = bases[:at] + allele.alt + bases[at + len(allele.ref) :]
    return bases


def _write_lists(folder: Path, genome: Genome, people: Iterable[Patient]) -> None:
    sites = sorted(
        {site.allele: site for patient in people for site in patient.sites}.values(),
        key=lambda site: (list(FIRST0).index(site.allele.chrom), site.allele),
    )
    lines = ["##fileformat=VCFv4.2"]
    lines += [f"##contig=<ID={name},length={bp}>" for name, bp in genome.lengths.items()]
    lines.append('##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">')
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for site in sites:
        if site.frequency:
            allele = site.allele
            lines.append(
                f"{allele.chrom}\t{allele.pos}\t.\t{allele.ref}\t{allele.alt}\t.\t.\tAF={site.frequency}"
            )
    write_text(folder / "population.vcf", "\n".join(lines) + "\n")
    drivers = [
        (f"D{number}", "GENE", *_columns(site.allele))
        for number, site in enumerate(sites)
        if site.driver
    ]
    header = ("hotspot_id", "gene_symbol", "chrom", "pos", "ref", "alt")
    write_tsv(folder / "hotspots.tsv", header, drivers)
    targets = [
        f"{name}\t{EDGE_BP // 2}\t{length - EDGE_BP // 2}\n"
        for name, length in genome.lengths.items()
    ]
    write_text(folder / "targets.bed", "".join(targets))
    # Nothing is held back by a verdict on quality: thin normals are the point.
    sites_of_qc = "{min_depth: 10, min_informative: 20, min_distance_bp: 10000}"
    write_text(folder / "qc.yaml", f"sites: {sites_of_qc}\ncallable_vaf: 0.1\nthresholds: []\n")
    config = {
        "centre": CENTRE,
        "reference": {"fasta": "genome.fa"},
        "assays": {
            "exome": {
                "strategy": "WES",
                "targets": "targets.bed",
                "padding": 0,
                "tumour_only": True,
                "qc": "qc.yaml",
            }
        },
        "resources": {"population": "population.vcf", "hotspots": "hotspots.tsv"},
    }
    write_text(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))


def _columns(allele: Allele) -> tuple[object, ...]:
    return allele.chrom, allele.pos, allele.ref, allele.alt


def table_name(allele: Allele) -> Allele:
    """The allele under the contig's name in the tables."""
    return replace(allele, chrom=TABLE_NAMES[allele.chrom])


def overlaps(genome: Genome, first: Allele, other: Allele) -> bool:
    """Whether two alleles of the FASTA's contigs touch, wherever they may be shifted to."""
    if first.chrom != other.chrom:
        return False
    (start0, end0), (first0, last0) = extent0(genome, first), extent0(genome, other)
    return start0 < last0 and first0 < end0
