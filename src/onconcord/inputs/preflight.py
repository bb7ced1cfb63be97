"""The check before a run: every fault of everything it needs, before its first job."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onconcord.errors import Fault, InputError
from onconcord.inputs import cohort as cohorts
from onconcord.inputs import config as configuration
from onconcord.inputs.cohort import Cohort
from onconcord.inputs.preflight_reads import reads_faults
from onconcord.inputs.preflight_reference import check_reference, drivers_in_panel, what_kits_share
from onconcord.inputs.schema_faults import nearest
from onconcord.inputs.settings import counted_reads
from onconcord.inputs.tabular import Row
from onconcord.inputs.yaml_file import located

JOBS_PER_PAIR = 17
ALIGNMENT_SHARE = 1.6
"""Bytes of a sample's alignment and of its sorting at work, per byte of its reads files."""
BWA_INDEX_SHARE = 1.8
"""Bytes of a bwa index and the other indexes, per base of the genome."""
RESULT_BYTES_PER_PAIR = 50_000_000
WRITTEN_FOLDERS = ("", "results", "logs", "timings", ".snakemake")


@dataclass(frozen=True)
class Preflight:
    """
    What a check found.

    Args:
        cohort: as far as it could be understood.
        faults: every fault, sorted by file, line and column.
        checked: what was looked at, one line each, for people.
        needed_bytes: estimate of what the run will write.
        free_bytes: what the file system of the folder has left.
    """

    cohort: Cohort
    faults: tuple[Fault, ...]
    checked: tuple[str, ...]
    needed_bytes: int
    free_bytes: int


def preflight(folder: Path, deep: bool = False) -> Preflight:
    """
    Check a working folder; nothing is written.

    Args:
        folder: working folder with config.yaml and the sheet.
        deep: read every reads file and every VCF to its end, and take digests of any FASTA.
    """
    cohort, faults = cohorts.check(folder)
    all_faults = [*faults, *check_inputs(cohort, deep)]
    needed = needed_bytes(cohort)
    free = shutil.disk_usage(_existing(cohort.folder)).free
    if needed > free:
        message = (
            f"{_gigabytes(free)} are free, but the run needs about {_gigabytes(needed)}: free some "
            "space, or work in another folder."
        )
        all_faults.append(Fault(str(folder), message))
    return Preflight(
        cohort=cohort,
        faults=tuple(sorted(set(all_faults))),
        checked=(*_checked(cohort, deep), *(() if all_faults else _remarks(cohort))),
        needed_bytes=needed,
        free_bytes=free,
    )


def check_inputs(cohort: Cohort, deep: bool = False) -> list[Fault]:
    """
    Every fault of the files that a cohort names, and of the folder it is to be written to.

    Args:
        cohort: as `cohort.check` returns it, with faults of its own or without.
        deep: see `preflight`.
    """
    assays = {sample.assay for sample in cohort.samples.values()}
    kits = cohort.kits.values()
    reference = check_reference(cohort.config, assays, kits, deep)
    counted = counted_reads(cohort) if deep else {}
    reads = reads_faults(
        cohort.sheet.name, cohort.samples.values(), reference.genome, deep, counted
    )
    faults = [
        *reference.faults,
        *reads,
        *_retraction_faults(cohort),
        *_key_faults(cohort),
        *_permission_faults(cohort.folder),
    ]
    return located(faults, configuration.NAME, cohort.config_lines)


def needed_bytes(cohort: Cohort) -> int:
    """
    Estimate of the bytes that a run will write.

    Samples and references that are done already need nothing more.
    """
    folder = cohort.folder / "results"
    needed = RESULT_BYTES_PER_PAIR * sum(
        not (folder / "8_harmonised" / pair / "MANIFEST.json").exists() for pair in cohort.pairs
    )
    for sample in cohort.samples.values():
        done = any(
            (folder / "3_alignments" / f"{sample.sample_id}.{suffix}").exists()
            for suffix in ("bam", "cram")
        )
        if not done:
            paths = (
                path for lane in sample.lanes for path in (lane.fastq_1, lane.fastq_2, lane.bam)
            )
            needed += int(ALIGNMENT_SHARE * sum(_size(path) for path in paths))
    reference: Any = cohort.config["reference"]
    if isinstance(reference, dict) and not (folder / "1_reference/bwa/genome.bwt").exists():
        share = 0.0 if reference.get("bwa_index") else BWA_INDEX_SHARE
        needed += int(share * _size(reference.get("fasta")))
    return needed


def _checked(cohort: Cohort, deep: bool) -> Iterator[str]:
    samples, pairs = cohort.samples.values(), cohort.pairs.values()
    alone = sum(pair.normal is None for pair in pairs)
    lanes = sum(len(sample.lanes) for sample in samples)
    patients = len({(sample.centre, sample.patient) for sample in samples})
    yield "config.yaml: keys, values, callers, QC thresholds"
    for key in configuration.retired_keys(cohort.folder):
        yield f"config.yaml: {key} has no effect any more; remove it"
    yield (
        f"{cohort.sheet.name}: {patients} patients, "
        f"{len(samples)} samples, {lanes} lanes, {len(pairs)} pairs ({alone} without a normal), "
        f"centres {', '.join(cohort.centres) or 'none'}"
    )
    how = "read to their ends" if deep else "their ends (--deep reads all of them)"
    yield f"reads: there, once, gzip, BAM headers, {how}"
    how = "every VCF record" if deep else "the first VCF records"
    yield f"reference: build, contigs of targets, genes and resources, REF of {how}"
    yield "working folder: permission to write, space"


def _remarks(cohort: Cohort) -> Iterator[str]:
    """What people should know of a cohort without a fault, one line each."""
    yield from what_kits_share(cohort.config, cohort.kits.values())
    yield from drivers_in_panel(cohort.config)
    yield from _unknown_withdrawals(cohort)


def _retraction_faults(cohort: Cohort) -> list[Fault]:
    """
    Faults of the table of withdrawn pairs, which would stop the release at the end; and patients
    and normals in it, which would withdraw nothing.
    """
    rows, faults = _withdrawn(cohort.folder)
    by_patient = {pair.patient: pair.pair_id for pair in cohort.pairs.values()}
    by_sample = {one.sample_id: pair for pair, two in cohort.pairs.items() for one in two.samples}
    for row in rows:
        named = row.cells["pair_id"]
        pair = by_sample.get(named) or by_patient.get(named)
        if pair and pair != named:
            message = f'"{named}" is not a pair: name the tumour, such as "{pair}".'
            faults = [*faults, Fault(configuration.RETRACTIONS, message, row.line, "pair_id")]
    return faults


def _withdrawn(folder: Path) -> tuple[tuple[Row, ...], list[Fault]]:
    """Rows of the table of withdrawn pairs and their faults; none where there is no table."""
    table = folder / configuration.RETRACTIONS
    if not table.is_file():
        return (), []
    # Brings the contract with it, which only a folder with such a table should wait for.
    from onconcord.release.retractions import retraction_rows

    return retraction_rows(table)


def _unknown_withdrawals(cohort: Cohort) -> Iterator[str]:
    """Withdrawn pairs that the sheet has not, which may have left it, or be misspelled."""
    for row in _withdrawn(cohort.folder)[0]:
        named = row.cells["pair_id"]
        if named not in cohort.pairs:
            yield (
                f"{configuration.RETRACTIONS}, line {row.line}: {named} is not a pair of this "
                f"sheet, so nothing of the sheet is withdrawn by it.{nearest(named, cohort.pairs)}"
            )


def _key_faults(cohort: Cohort) -> Iterator[Fault]:
    """Why the release that a run makes at its end could not be made for want of a key."""
    release = cohort.config["release"]
    if not isinstance(release, dict) or not release.get("name") or release.get("tier") == "local":
        return
    given = release.get("key_file")
    if given is not None and not os.path.isfile(given):
        return
    from onconcord.release.key import load_key

    for centre in cohort.centres:
        try:
            load_key(Path(given) if given else None, centre)
        except InputError as error:
            for fault in error.faults:
                message = f"{fault.source}: {fault.message}."
                yield Fault(configuration.NAME, message, column="release.key_file")


def _permission_faults(folder: Path) -> Iterator[Fault]:
    for name in WRITTEN_FOLDERS:
        path = folder / name
        if path.exists() and not os.access(path, os.W_OK | os.X_OK):
            message = "this user may not write here: change its permissions, or work elsewhere."
            yield Fault(str(path), message)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _size(path: object) -> int:
    return os.path.getsize(path) if isinstance(path, str) and os.path.isfile(path) else 0


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
