"""Reference and resources before a run: they exist, and all of them are of one genome."""

import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pysam
from pysam.utils import SamtoolsError

from onconcord.errors import Fault, InputError
from onconcord.evidence.normal_form import Allele, normalise
from onconcord.files import refused_path
from onconcord.inputs.cohort import KIT_SIGN
from onconcord.inputs.config import NAME as CONFIG
from onconcord.inputs.config import files_of
from onconcord.inputs.hotspots import read_hotspot_list
from onconcord.inputs.knowledge import KEYS as KNOWLEDGE
from onconcord.inputs.knowledge import read_knowledge
from onconcord.inputs.resource_vcf import ResourceVcf, unmet_fields, vcf_lines
from onconcord.inputs.transcripts import read_choices
from onconcord.reads.bam import GivenReference
from onconcord.reference.builds import CUSTOM, digest_faults, length_faults
from onconcord.reference.conserved import contigs_of_bwa
from onconcord.reference.contigs import contig_rows, name_faults, native_name
from onconcord.reference.fasta import text_faults, uneven_line
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import OpenFasta, Sequences
from onconcord.reference.targets import apart, check_bed, shared_targets
from onconcord.reference.transcript_set import unmet

Content = TypeVar("Content")

DIGEST_BYTES = 500_000_000
"""Largest FASTA whose digests are taken before a run; of a larger one the run itself takes them."""
CHECKED_RECORDS = 2000
NEAR_BP = 50
"""How far from its place in normal form a site of a panel may be written."""
BWA_SUFFIXES = (".amb", ".ann", ".bwt", ".pac", ".sa")
VCF_KEYS = (
    ("resources", "population"),
    ("resources", "panel_of_normals"),
    ("resources", "clinical"),
    ("alignment", "known_sites"),
)


@dataclass(frozen=True)
class ReferenceReport:
    """The genome as far as it can be read, None where it cannot, and every fault found."""

    genome: GivenReference | None
    faults: tuple[Fault, ...]


def check_reference(
    config: Mapping[str, Any],
    assays: set[str],
    kits: Iterable[tuple[str, ...]],
    deep: bool = False,
) -> ReferenceReport:
    """
    Check the FASTA, and against it targets, gene model and resources.

    Args:
        config: complete configuration; keys that are faulty themselves are passed over.
        assays: ids of the assays that samples use.
        kits: assays of the tumour and of the normal, where their targets differ; others are
            passed over.
        deep: take digests of a large FASTA too, and compare every record of every VCF.
    """
    reference = config["reference"] if isinstance(config["reference"], dict) else {}
    faults = list(_missing_files(config, assays))
    broken = {fault.column for fault in faults}
    fasta = reference.get("fasta")
    if not isinstance(fasta, str) or not fasta or "reference.fasta" in broken:
        return ReferenceReport(None, tuple(faults))
    looked_at_whole = deep or os.path.getsize(fasta) <= DIGEST_BYTES
    try:
        with _indexed(Path(fasta)) as sequences:
            of_text = text_faults(Path(fasta)) if looked_at_whole else []
            faults += of_text
            genome = GivenReference(
                Path(fasta),
                dict(zip(sequences.references, sequences.lengths, strict=True)),
                {},
            )
            twins = name_faults(Path(fasta).name, sequences.references)
            faults += twins
            hotspots = _given(config, "resources.hotspots", broken)
            if hotspots:
                faults += read_hotspot_list(hotspots, OpenFasta(sequences))[1]
            for section, key in VCF_KEYS:
                faults += _vcf_faults(config, section, key, broken, OpenFasta(sequences), deep)
    except SamtoolsError:
        message = (
            "its lines cannot be indexed: of a contig all but the last have to be of one length, "
            "and none may be empty (seqkit seq -w 60 writes it so)."
        )
        of_text = text_faults(Path(fasta))
        if not of_text:
            of_text = [Fault(Path(fasta).name, message, uneven_line(Path(fasta)) or 0)]
        return ReferenceReport(None, (*faults, *of_text))
    except (OSError, ValueError) as error:
        text = " ".join(str(error).split())
        message = f"{fasta} cannot be read as FASTA ({text}): plain text, or compressed with bgzip."
        return ReferenceReport(None, (*faults, Fault(CONFIG, message, column="reference.fasta")))
    build = reference.get("build")
    build = build if build in ("GRCh37", "GRCh38") else CUSTOM
    faults += length_faults(Path(fasta).name, build, genome.lengths)
    if looked_at_whole and not (twins or of_text):
        with _indexed(Path(fasta)) as sequences:
            rows = contig_rows(Path(fasta).name, sequences)
        faults += digest_faults(Path(fasta).name, build, rows)
        genome = GivenReference(
            genome.fasta, genome.lengths, {row.source_name: row.md5 for row in rows}
        )
    faults += _bwa_index_faults(reference.get("bwa_index"), broken, genome)
    beds = {assay: bed for assay in sorted(assays) if (bed := _targets(config, assay, broken))}
    of_beds = {bed: check_bed(bed, genome.lengths)[1] for bed in beds.values()}
    faults += [fault for of_bed in of_beds.values() for fault in of_bed]
    for pair in kits:
        given = [beds[assay] for assay in pair if assay in beds]
        if len(given) > 1 and not any(of_beds[bed] for bed in given):
            faults += [] if shared_targets(given, genome.lengths) else [apart(given)]
    genes = _given(config, "reference.genes", broken)
    model = _read(faults, lambda: GeneModel(genes, genome.lengths)) if genes else None
    tables = {key: _given(config, f"resources.{key}", broken) for key in KNOWLEDGE}
    _read(faults, lambda: read_knowledge({key: path for key, path in tables.items() if path}, {}))
    if transcripts := _given(config, "reference.transcripts", broken):
        wanted = _read(faults, lambda: read_choices(transcripts))
        if not reference.get("genes"):
            message = "chooses among the transcripts of reference.genes, which is null: name both."
            faults.append(Fault(CONFIG, message, column="reference.transcripts"))
        elif model and wanted is not None:
            faults += unmet(transcripts, wanted, model.transcripts)
    return ReferenceReport(genome, tuple(faults))


def _bwa_index_faults(prefix: object, broken: set[str], genome: GivenReference) -> Iterator[Fault]:
    """Whether an index of bwa that is there already is of another genome."""
    if not isinstance(prefix, str) or not prefix or "reference.bwa_index" in broken:
        return
    listed = contigs_of_bwa(Path(prefix))
    if listed != list(genome.lengths.items()):
        shown = ", ".join(f"{name} of {bases} bases" for name, bases in listed[:3]) or "no contig"
        message = (
            f"{prefix} is an index of another genome than {genome.name}: it has {len(listed)} "
            f"contigs ({shown}), in this order. Leave the key out, and the run makes one."
        )
        yield Fault(CONFIG, message, column="reference.bwa_index")


def _read(faults: list[Fault], read: Callable[[], Content]) -> Content | None:
    """What a reader returns; None where it finds faults, which are added to those there are."""
    try:
        return read()
    except InputError as error:
        faults += error.faults
        return None


def _targets(config: Mapping[str, Any], assay_id: str, broken: set[str]) -> Path | None:
    assay = config["assays"].get(assay_id) if isinstance(config["assays"], dict) else None
    targets = assay.get("targets") if isinstance(assay, dict) else None
    good = isinstance(targets, str) and targets and f"assays.{assay_id}.targets" not in broken
    return Path(str(targets)) if good else None


def what_kits_share(config: Mapping[str, Any], kits: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """
    Of pairs whose tumour and normal are of two kits: what can be called, one line each.

    Args:
        config: complete configuration, without a fault.
        kits: assays of the tumour and of the normal; others are passed over.
    """
    of_two = sorted({pair for pair in kits if len(pair) > 1})
    if not of_two:
        return
    with _indexed(Path(config["reference"]["fasta"])) as sequences:
        lengths = dict(zip(sequences.references, sequences.lengths, strict=True))
    for tumour, normal in of_two:
        beds = [Path(bed) for kit in (tumour, normal) if (bed := config["assays"][kit]["targets"])]
        size = sum(end - start for _, start, end in shared_targets(beds, lengths))
        yield (
            f"tumours of assay {tumour} with normals of assay {normal}: only what both target can "
            f"be called, {size:,} bases; their assay in the tables is "
            f"{KIT_SIGN.join((tumour, normal))}"
        )


def _vcf_faults(
    config: Mapping[str, Any],
    section: str,
    key: str,
    broken: set[str],
    genome: Sequences,
    deep: bool,
) -> Iterator[Fault]:
    """Faults of the VCFs that a key names; of their first records, or with `deep` of all."""
    if f"{section}.{key}" in broken or not isinstance(config[section], dict):
        return
    fields = config[section].get("population_fields") if key == "population" else None
    fields = tuple(name for name in fields if isinstance(name, str)) if fields else ()
    resources = [
        ResourceVcf(Path(path), key, genome, None if deep else CHECKED_RECORDS, fields)
        for path in files_of(config[section].get(key))
    ]
    for resource in resources:
        for _ in resource.records():
            pass
        yield from resource.faults
    yield from unmet_fields(resources)


def drivers_in_panel(config: Mapping[str, Any]) -> Iterator[str]:
    """
    Known drivers that are sites of the panel of normals, one line each, for people.

    Args:
        config: complete configuration, without a fault.
    """
    hotspots, panel = config["resources"]["hotspots"], config["resources"]["panel_of_normals"]
    if hotspots is None or panel is None:
        return
    with _indexed(Path(config["reference"]["fasta"])) as sequences:
        genome = OpenFasta(sequences)
        sites = {
            hotspot.allele: hotspot.hotspot_id
            for hotspot in read_hotspot_list(Path(hotspots), genome)[0]
        }
        held = {sites[allele] for allele in _near(Path(panel), genome, sites) if allele in sites}
    for driver in sorted(held):
        yield (
            f"resources.panel_of_normals: the known driver {driver} is in it, so Mutect2 calls "
            "nothing there and other callers count for less: is there tumour in a normal?"
        )


def _near(panel: Path, genome: OpenFasta, sites: Collection[Allele]) -> Iterator[Allele]:
    """Alleles of a panel in normal form: with a sound index those near some sites, else all."""
    for line in _lines_near(panel, genome, sites):
        chrom, pos, _, ref, alts = line.split("\t", 5)[:5]
        native = native_name(chrom, genome.lengths)
        for alt in alts.upper().split(","):
            if native is not None and {*ref.upper(), *alt} <= set("ACGT"):
                yield normalise(genome, Allele(native, int(pos), ref.upper(), alt))


def _lines_near(panel: Path, genome: OpenFasta, sites: Collection[Allele]) -> Iterator[str]:
    try:
        file = pysam.TabixFile(str(panel))
    except (OSError, ValueError):
        yield from (line for _, line in vcf_lines(panel) if line[:1] not in ("#", ""))
        return
    with file:
        named = {native_name(name, genome.lengths): name for name in file.contigs}
        for allele in sites:
            if allele.chrom in named:
                ends = max(allele.pos - NEAR_BP, 0), allele.pos + len(allele.ref) + NEAR_BP
                yield from file.fetch(named[allele.chrom], *ends)


def _given(config: Mapping[str, Any], key: str, broken: set[str]) -> Path | None:
    """The file that a dotted key names; None where it names none, or is faulty itself."""
    value: Any = config
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return Path(value) if isinstance(value, str) and value and key not in broken else None


def _missing_files(config: Mapping[str, Any], assays: set[str]) -> Iterator[Fault]:
    """Files that the configuration names and that are not there, by their key."""
    files = [("reference", name) for name in ("fasta", "genes", "transcripts")]
    tables = [("resources", name) for name in ("hotspots", *KNOWLEDGE)]
    keys = [*files, *tables, *VCF_KEYS]
    named = {
        f"{section}.{key}": config[section].get(key)
        for section, key in (*keys, ("release", "key_file"))
        if isinstance(config[section], dict)
    }
    for assay_id in sorted(assays):
        assay = config["assays"].get(assay_id) if isinstance(config["assays"], dict) else None
        if isinstance(assay, dict):
            named[f"assays.{assay_id}.targets"] = assay.get("targets")
    index = config["reference"].get("bwa_index") if isinstance(config["reference"], dict) else None
    if isinstance(index, str) and index:
        named |= {f"reference.bwa_index{end}": f"{index}{end}" for end in BWA_SUFFIXES}
    for key, path in ((key, path) for key, value in named.items() for path in files_of(value)):
        column = "reference.bwa_index" if key.startswith("reference.bwa_index") else key
        if why := refused_path(Path(path)):
            yield Fault(CONFIG, why, column=column)
        elif not os.path.isfile(path):
            yield Fault(CONFIG, f"there is no file {path}.", column=column)
        elif not os.access(path, os.R_OK):
            yield Fault(CONFIG, f"{path} may not be read by this user.", column=column)
        elif os.path.getsize(path) == 0:
            yield Fault(CONFIG, f"{path} is empty.", column=column)


@contextmanager
def _indexed(fasta: Path) -> Iterator[pysam.FastaFile]:
    """A FASTA with an index made aside: a check writes nothing beside a centre's files."""
    with fasta.open("rb") as handle:
        head = handle.read(4)
    compressed = head.startswith(b"\x1f\x8b")
    if not compressed and not head.lstrip().startswith(b">"):
        raise ValueError("it does not begin with >")
    with tempfile.TemporaryDirectory() as scratch:
        index, blocks = f"{scratch}/genome.fai", f"{scratch}/genome.gzi"
        options = ["--fai-idx", index, *(["--gzi-idx", blocks] if compressed else [])]
        pysam.faidx(*options, str(fasta))
        with pysam.FastaFile(
            str(fasta),
            filepath_index=index,
            filepath_index_compressed=blocks if compressed else None,
        ) as sequences:
            yield sequences
