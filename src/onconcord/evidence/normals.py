"""
Building a panel of normals: what each normal shows, sample by sample, and all of them together.

Of each normal the alleles that a few of its fragments show are counted as the evidence of a pair is
(`fragments`), germline ones too. What a sample showed is kept beside the panel, so that the next
build counts new samples only.
"""

import json
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl
import pysam

from onconcord.canonical_json import json_sha256
from onconcord.contract.digest import table_digest
from onconcord.errors import Fault, InputError, ToolError
from onconcord.evidence.events import KEY
from onconcord.evidence.fragments import MEASURES, Limits, count_fragments
from onconcord.evidence.hotspots import read_hotspots
from onconcord.evidence.normal_form import Allele
from onconcord.evidence.panel import SAMPLE_LINE, SAMPLES, SEEN_IN, in_normal_form
from onconcord.files import file_sha256, whole_file, write_text
from onconcord.inputs.sheet_rows import ID
from onconcord.inputs.tabular import read_table
from onconcord.reference.sequence import Genome
from onconcord.reference.targets import check_bed

COLUMNS = ("sample", "patient", "reads")
"""Columns of a sheet of normals: ids as in the sheets of pairs, and an indexed BAM or CRAM."""
LEAST_FRAGMENTS, LEAST_FRACTION = 2, 0.015
"""What an allele must have in a sample to be shown by it."""
LEAST_SAMPLES = 2
"""Samples in which a site must be to be in the VCF: one person's variants are no artefact."""
VERSION = 1
"""Of the way a sample is counted; part of what its counts are kept under."""

COUNTED: dict[str, Any] = {
    **dict(zip(KEY, (pl.String, pl.Int64, pl.String, pl.String), strict=True)),
    **dict.fromkeys(("depth", "fragments", "f1r2", "f2r1"), pl.Int64),
}
"""Of one sample by allele in normal form (native contig, 1-based): fragments over the site, and
those that show the allele, in all and by orientation."""
SCHEMA: dict[str, Any] = {
    **COUNTED,
    "samples": pl.Int64,
    "seen_in": pl.List(pl.String),
    "known_driver": pl.String,
}
"""Of a panel: the counts summed over the samples that show the allele, how many and which these
are, and the id of the known driver that it is, null for none."""


@dataclass(frozen=True)
class Normal:
    """A sample of the sheet; its reads are an indexed BAM or CRAM."""

    sample: str
    patient: str
    reads: Path


@dataclass(frozen=True)
class Panel:
    """
    What was built.

    Args:
        samples: of all normals.
        counted: how many of these were counted now, the others having been before.
        alleles: of the panel; `in_vcf` of these are in the VCF.
        drivers: known drivers in the panel, each with the samples that show it.
        sha256: content digest of the table.
    """

    samples: int
    counted: int
    alleles: int
    in_vcf: int
    drivers: tuple[tuple[str, tuple[str, ...]], ...]
    sha256: str


def read_normals(sheet: Path) -> tuple[Normal, ...]:
    """
    The normals of a sheet, in the order of their ids; relative paths are from the sheet's folder.

    Raises:
        InputError: every fault of the sheet: cells that are empty, a sample twice, no such file,
            no index, reads of another sample.
    """
    table = read_table(sheet, COLUMNS, COLUMNS)
    faults = list(table.faults)
    found: dict[str, Normal] = {}
    for row in table.rows:
        lacking = [name for name in COLUMNS if row.lacks(name)]
        faults += [Fault(sheet.name, "is empty, and required.", row.line, name) for name in lacking]
        if lacking or row.absent:
            continue
        wrong = [name for name in COLUMNS[:2] if not ID.fullmatch(row.cells[name])]
        for name in wrong:
            message = f'"{row.cells[name]}" is not an id of a sheet of pairs.'
            faults.append(Fault(sheet.name, message, row.line, name))
        normal = Normal(
            row.cells["sample"], row.cells["patient"], sheet.parent / row.cells["reads"]
        )
        if normal.sample in found:
            message = f'the sample "{normal.sample}" is there already: name each once.'
            faults.append(Fault(sheet.name, message, row.line, "sample"))
        elif why := _unreadable(normal):
            faults.append(Fault(sheet.name, why, row.line, "reads"))
        found[normal.sample] = normal
    if not found and not faults:
        faults.append(Fault(sheet.name, "names no normal: expected one a line."))
    if faults:
        raise InputError(faults)
    return tuple(found[name] for name in sorted(found))


def _unreadable(normal: Normal) -> str | None:
    """What is wrong with the reads of a normal; None for nothing."""
    if not normal.reads.is_file():
        return f'"{normal.reads}" is not a file.'
    try:
        with pysam.AlignmentFile(str(normal.reads), check_sq=False) as file:
            if not file.has_index():
                return f'"{normal.reads}" has no index: make one with samtools index.'
            named = {group.get("SM") for group in file.header.to_dict().get("RG", [])} - {None}
    except (OSError, ValueError) as error:
        return f'"{normal.reads}" cannot be read as BAM or CRAM: {error}.'
    if named - {normal.sample}:
        others = ", ".join(sorted(map(str, named)))
        return (
            f'the read groups are of the sample "{others}", not of "{normal.sample}": a panel '
            "leaves a pair's own normal out by its id."
        )
    return None


def _of_other_genomes(
    normals: Sequence[Normal], genome: Genome, contigs: Collection[str]
) -> Iterator[Fault]:
    """Faults of normals that were not aligned to the contigs of the targets."""
    for normal in normals:
        with pysam.AlignmentFile(str(normal.reads), check_sq=False) as file:
            lengths = dict(zip(file.references, file.lengths, strict=True))
        lacking = sorted(name for name in contigs if lengths.get(name) != genome.lengths[name])
        if lacking:
            message = (
                f'was aligned to another reference: its contig "{lacking[0]}" is '
                f"{lengths.get(lacking[0], 'not there')}, the FASTA's has "
                f"{genome.lengths[lacking[0]]} bases."
            )
            yield Fault(str(normal.reads), message)


def build_panel(
    sheet: Path,
    fasta: Path,
    targets: Path,
    hotspots: Path | None,
    limits: Limits,
    out: Path,
    cores: int = 1,
) -> Panel:
    """
    Write panel.parquet (SCHEMA), panel.vcf.gz, panel.json and, by sample, what it showed.

    A sample is counted where its reads, bcftools, the FASTA, targets or limits are not those it was
    counted with before. Of one that is no longer in the sheet nothing stays in the panel. The VCF
    has the alleles of LEAST_SAMPLES samples or more, but no known driver: a caller finds nothing at
    a site of its panel.

    Args:
        sheet: see `read_normals`.
        fasta: reference with its `.fai`.
        targets: BED of where the panel is of, native contig names.
        hotspots: list of known drivers; None for none.
        limits: which reads and bases count.
        out: folder of the panel.
        cores: samples that are counted at once.
    Raises:
        InputError: a fault of the sheet, the targets or the list of hotspots; the FASTA has no
            index; or a normal was aligned to another reference.
        ToolError: bcftools failed.
    """
    normals = read_normals(sheet)
    if not Path(f"{fasta}.fai").is_file():
        raise InputError.at(fasta, "has no index: make one with samtools faidx.")
    genome = Genome(fasta)
    regions, faults = check_bed(targets, genome.lengths)
    if faults := [*faults, *_of_other_genomes(normals, genome, {chrom for chrom, *_ in regions})]:
        raise InputError(faults)
    drivers = read_hotspots(str(hotspots) if hotspots else None, genome)
    of_all = {
        "version": VERSION,
        "bcftools": _piped([["bcftools", "--version"]]).decode().splitlines()[0],
        "fasta": file_sha256(fasta),
        "targets": file_sha256(targets),
        "limits": asdict(limits),
        "least": [LEAST_FRAGMENTS, LEAST_FRACTION],
    }
    (out / "samples").mkdir(parents=True, exist_ok=True)
    made_from = {
        normal.sample: {**of_all, "reads": file_sha256(normal.reads)} for normal in normals
    }
    kept = {
        normal.sample: out / f"samples/{json_sha256(made_from[normal.sample])}.parquet"
        for normal in normals
    }
    new = [normal for normal in normals if not kept[normal.sample].is_file()]
    jobs = [(normal.reads, fasta, targets, limits, kept[normal.sample]) for normal in new]
    if min(cores, len(jobs)) > 1:
        with ProcessPoolExecutor(min(cores, len(jobs)), get_context("spawn")) as pool:
            for done in [pool.submit(count_sample, *job) for job in jobs]:
                done.result()
    else:
        for job in jobs:
            count_sample(*job)
    table = _together(genome, kept, drivers)
    in_vcf = _write_vcf(genome, table, normals, out / "panel.vcf.gz")
    digest = table_digest(table.to_arrow()).sha256
    with whole_file(out / "panel.parquet") as path:
        table.write_parquet(path)
    found = tuple(
        (driver, tuple(samples))
        for driver, samples in table.drop_nulls("known_driver")
        .select("known_driver", "seen_in")
        .iter_rows()
    )
    stated = {
        "samples": [
            {
                "sample": normal.sample,
                "patient": normal.patient,
                "reads_sha256": made_from[normal.sample]["reads"],
            }
            for normal in normals
        ],
        "made_from": of_all,
        "alleles": table.height,
        "content_sha256": digest,
        "known_drivers": {driver: list(samples) for driver, samples in found},
    }
    write_text(out / "panel.json", json.dumps(stated, indent=1, sort_keys=True) + "\n")
    return Panel(len(normals), len(new), table.height, in_vcf, found, digest)


def count_sample(reads: Path, fasta: Path, targets: Path, limits: Limits, out: Path) -> None:
    """Write what one sample shows: COUNTED, a row an allele, in the order of the reference."""
    genome = Genome(fasta)
    shown = _shown(reads, fasta, targets, limits)
    placed = in_normal_form(genome, shown).unique()
    alleles = sorted(Allele(*key) for key in placed.iter_rows())
    with pysam.AlignmentFile(str(reads), reference_filename=str(fasta)) as file:
        counted = [
            dict(zip(MEASURES, measures, strict=True))
            for measures, _ in count_fragments(file, genome, alleles, limits)
        ]
    rows = [
        (
            *(site.chrom, site.pos, site.ref, site.alt),
            *(found["depth"], found["alt_count"], found["alt_f1r2"]),
            found["alt_count"] - found["alt_f1r2"],
        )
        for site, found in zip(alleles, counted, strict=True)
        if found["alt_count"] >= LEAST_FRAGMENTS
        and found["alt_count"] >= LEAST_FRACTION * found["depth"]
    ]
    with whole_file(out) as path:
        pl.DataFrame(rows, schema=COUNTED, orient="row").write_parquet(path)


def _shown(reads: Path, fasta: Path, targets: Path, limits: Limits) -> pl.DataFrame:
    """Keys of the alleles that the reads of a sample show often enough, as bcftools has them."""
    of_sample = "FMT/AD[0:1] / (SUM(FMT/AD[0:*]) + 0.001)"
    steps = [
        [
            *("bcftools", "mpileup", "--fasta-ref", str(fasta), "--regions-file", str(targets)),
            *("--min-MQ", str(limits.mapping_quality), "--min-BQ", str(limits.base_quality)),
            *("--no-BAQ", "--max-depth", "20000", "--annotate", "FORMAT/AD"),
            *("--output-type", "u", str(reads)),
        ],
        [
            *("bcftools", "view", "--output-type", "u"),
            *("--include", f"MAX(FMT/AD[0:1-]) >= {LEAST_FRAGMENTS}"),
        ],
        [
            *("bcftools", "norm", "--fasta-ref", str(fasta), "--multiallelics", "-any"),
            *("--output-type", "u"),
        ],
        [
            *("bcftools", "query", "--format", "%CHROM\\t%POS\\t%REF\\t%ALT\\n"),
            *("--include", f"FMT/AD[0:1] >= {LEAST_FRAGMENTS} && {of_sample} >= {LEAST_FRACTION}"),
        ],
    ]
    lines = [line.split("\t") for line in _piped(steps).decode().splitlines()]
    rows = [
        (chrom, int(pos), ref.upper(), alt.upper())
        for chrom, pos, ref, alt in lines
        if set(alt.upper()) <= set("ACGT") and set(ref.upper()) <= set("ACGT")
    ]
    return pl.DataFrame(rows, schema={name: COUNTED[name] for name in KEY}, orient="row").unique()


def _piped(steps: Sequence[Sequence[str]]) -> bytes:
    """
    What the last of some commands writes, each reading what the one before it writes.

    Raises:
        ToolError: one is not there, or failed; with what it says.
    """
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as complaints:
        for words in steps:
            source = running[-1].stdout if running else None
            try:
                running.append(
                    subprocess.Popen(words, stdin=source, stdout=subprocess.PIPE, stderr=complaints)
                )
            except FileNotFoundError as error:
                message = f"{words[0]} is not there: onconcord doctor says how to get it"
                raise ToolError(message) from error
            if source is not None:
                source.close()
        made, _ = running[-1].communicate()
        for words, process in zip(steps, running, strict=True):
            if code := process.wait():
                complaints.seek(0)
                said = complaints.read().decode(errors="replace").strip()
                raise ToolError(f"{' '.join(words[:2])} ended with {code}: {said}")
    return made


def _together(genome: Genome, kept: Mapping[str, Path], drivers: pl.DataFrame) -> pl.DataFrame:
    """The panel: SCHEMA, in the order of the reference."""
    parts = [
        pl.read_parquet(path).with_columns(sample=pl.lit(sample))
        for sample, path in sorted(kept.items())
    ]
    sums = pl.col("depth", "fragments", "f1r2", "f2r1").sum()
    known = drivers.select(*KEY, known_driver="hotspot_id").unique(KEY, keep="first")
    place = pl.col("chrom").replace_strict(
        {name: at for at, name in enumerate(genome.contigs)}, return_dtype=pl.Int64
    )
    return (
        pl.concat(parts)
        .group_by(KEY)
        .agg(sums, samples=pl.len().cast(pl.Int64), seen_in=pl.col("sample").sort())
        .join(known, on=KEY, how="left")
        .sort(place, "pos", "ref", "alt")
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    )


def _write_vcf(genome: Genome, table: pl.DataFrame, normals: Sequence[Normal], out: Path) -> int:
    """Write the sites for callers and for `pon_count`; returns how many there are."""
    order = {normal.sample: at for at, normal in enumerate(normals)}
    lines = [
        "##fileformat=VCFv4.2",
        *(f"##{SAMPLE_LINE}=<ID={normal.sample},Patient={normal.patient}>" for normal in normals),
        *(
            f"##contig=<ID={contig.name},length={contig.length}>"
            for contig in genome.contigs.values()
        ),
        f'##INFO=<ID={SAMPLES},Number=1,Type=Integer,Description="Samples that show it">',
        f'##INFO=<ID={SEEN_IN},Number=.,Type=Integer,Description="Which of them, from 0">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    sites = table.filter(pl.col("samples") >= LEAST_SAMPLES, pl.col("known_driver").is_null())
    lines += [
        f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\t{SAMPLES}={count};{SEEN_IN}="
        + ",".join(str(order[sample]) for sample in seen_in)
        for chrom, pos, ref, alt, count, seen_in in sites.select(
            *KEY, "samples", "seen_in"
        ).iter_rows()
    ]
    with whole_file(out) as path:
        path.write_text("\n".join(lines) + "\n")
        packed = Path(f"{path}.bgz")
        pysam.tabix_compress(str(path), str(packed), force=True)
        pysam.tabix_index(str(packed), preset="vcf", force=True)
        packed.replace(path)
        Path(f"{packed}.tbi").replace(f"{out}.tbi")
    return sites.height
