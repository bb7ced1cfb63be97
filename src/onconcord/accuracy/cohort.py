"""A working folder whose cohort is the pairs of one assay and seed: what `onconcord run` takes."""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pysam
import yaml

from onconcord.accuracy.fragments import fragments
from onconcord.accuracy.outcomes import TRUTH_COLUMNS
from onconcord.accuracy.places import CHROM, class_of
from onconcord.accuracy.profiles import Assay, Plan, Profile
from onconcord.accuracy.reads import write_reads
from onconcord.accuracy.tumour import Truth, make_truth
from onconcord.accuracy.world import World, make_world, panel_vcf, population_vcf
from onconcord.evidence.normal_form import Allele
from onconcord.files import write_text, write_tsv
from onconcord.reference.sequence import Genome

MAKERS = ("profiles", "places", "world", "tumour", "fragments", "reads", "cohort")
"""Modules whose code the reads follow from."""
SHEET = ("patient", "sample", "role", "read_group", "fastq_1", "fastq_2")


@dataclass(frozen=True)
class Sources:
    """Where the sequence is: FASTA of chromosome 20, its bwa index, exome intervals, genes."""

    fasta: Path
    bwa_index: Path
    exome: Path
    genes: Path


@dataclass(frozen=True)
class Folder:
    """One working folder: an assay, a seed, and whether it is a slice."""

    plan: Plan
    assay: Assay
    seed: int
    purpose: str
    path: Path

    @property
    def target_bp(self) -> int:
        return self.assay.slice_bp if self.purpose == "slice" else self.assay.target_bp


def pair_name(profile: Profile, seed: int) -> str:
    """Id of a pair, which is that of its tumour."""
    return f"{profile.name}-{seed}"


def write_cohort(folder: Folder, sources: Sources, cores: int) -> None:
    """
    Write `config.yaml`, `samples.tsv`, resources, `truth/` and `reads/`.

    A folder that was made from the same plan by the same code is left alone. The same plan, seed
    and reference give the same bytes, whatever the cores.

    Raises:
        ToolError: ART failed.
    """
    path, stamp = folder.path, folder.path / "made_from"
    path.mkdir(parents=True, exist_ok=True)
    made_from = _made_from(folder)
    if stamp.exists() and stamp.read_text() == made_from:
        return
    stamp.unlink(missing_ok=True)
    genome = Genome(sources.fasta)
    world = _world(folder, sources)
    profiles = folder.plan.made_for(folder.purpose, folder.assay.name)
    length = genome.contigs[CHROM].length
    draw = profiles[0].draw(folder.seed, "population")
    files = {
        "targets.bed": "".join(f"{CHROM}\t{first}\t{last}\n" for first, last in world.targets),
        "population.vcf": population_vcf(world, length, draw),
        "panel.vcf": panel_vcf(world, length),
        "config.yaml": yaml.safe_dump(_config(folder, sources), sort_keys=False),
    }
    for name, text in files.items():
        write_text(path / name, text)
    # A caller asks for an index.
    pysam.tabix_index(str(path / "panel.vcf"), preset="vcf", force=True)
    write_tsv(path / "samples.tsv", SHEET, _sheet(folder, profiles))
    jobs = [(folder, sources, profile, role) for profile in profiles for role in _roles(profile)]
    # The largest first, so that no core waits for it in the end.
    jobs.sort(key=lambda job: -(job[2].tumour_depth if job[3] == "tumour" else 0))
    # A fork would inherit the locks of the table library's threads.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        list(pool.map(_write_sample, jobs))
    write_text(stamp, made_from)


def _made_from(folder: Folder) -> str:
    """Digest of what the reads follow from: the plan, the seed and the code that makes them."""
    code = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in MAKERS]
    what = f"{folder.plan} {folder.assay} {folder.seed} {folder.purpose}".encode()
    return hashlib.sha256(b"".join((*code, what))).hexdigest()


def _world(folder: Folder, sources: Sources) -> World:
    scoring = folder.purpose != "fit"
    genome = Genome(sources.fasta)
    return make_world(genome, sources.exome, folder.target_bp, folder.seed, scoring)


def _roles(profile: Profile) -> tuple[str, ...]:
    return ("tumour", "normal") if profile.normal_depth else ("tumour",)


def _write_sample(job: tuple[Folder, Sources, Profile, str]) -> None:
    folder, sources, profile, role = job
    genome = Genome(sources.fasta)
    world = _world(folder, sources)
    truth = make_truth(folder.plan, folder.purpose, profile, genome, world, folder.seed)
    pair = pair_name(profile, folder.seed)
    if role == "tumour":
        write_tsv(folder.path / f"truth/{pair}.tsv", TRUTH_COLUMNS, truth_rows(truth))
    made = fragments(profile, role, genome, world, truth, folder.seed)
    seed = int(profile.draw(folder.seed, f"reads of {role}").integers(2**31))
    mates = [folder.path / f"reads/{pair}_{role}_{mate}.fq.gz" for mate in (1, 2)]
    write_reads(profile, made, seed, *mates)


def truth_rows(truth: Truth) -> Iterable[Sequence[object]]:
    """Rows of TRUTH_COLUMNS: somatic events with their fraction, germline variants with theirs."""
    for event in truth.acquired:
        yield (*_columns(event.allele), event.kind, event.fraction, "somatic", event.haplotype)
    for own in truth.inherited:
        fraction = len(own.haplotypes) / 2
        kind = class_of(own.allele)
        yield (*_columns(own.allele), kind, fraction, "germline", own.haplotypes)


def _columns(allele: Allele) -> tuple[object, ...]:
    return allele.chrom, allele.pos, allele.ref, allele.alt


def _sheet(folder: Folder, profiles: Iterable[Profile]) -> Iterable[Sequence[str]]:
    for profile in profiles:
        pair = pair_name(profile, folder.seed)
        for role in _roles(profile):
            mates = [f"reads/{pair}_{role}_{mate}.fq.gz" for mate in (1, 2)]
            sample = pair if role == "tumour" else f"{pair}-normal"
            yield f"patient-{pair}", sample, role, "L1", *mates


def _config(folder: Folder, sources: Sources) -> dict[str, object]:
    assay = folder.assay
    return {
        "centre": "ACCURACY",
        "reference": {
            "fasta": str(sources.fasta.absolute()),
            "build": "GRCh37",
            "genes": str(sources.genes.absolute()),
            "bwa_index": str(sources.bwa_index.absolute()),
        },
        "assays": {
            assay.name: {
                "strategy": assay.strategy,
                "targets": "targets.bed",
                "padding": 100,
                "tumour_only": True,
                "qc": assay.qc,
            }
        },
        "resources": {"population": "population.vcf", "panel_of_normals": "panel.vcf.gz"},
    }
