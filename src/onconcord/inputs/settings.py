"""
What results depend on beside files, as files: a result that is older than them is made again.

Snakemake remembers parameters in a hidden folder that people delete and that copies leave out.
These files are kept with the results, and are written only when what they hold changes.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onconcord.files import ends_sha256, file_sha256, write_text
from onconcord.inputs.cohort import Cohort, Lane, Sample, pair_spec
from onconcord.inputs.config import PATH_KEYS, files_of
from onconcord.reads.account import read_inputs

FOLDER = Path("results/0_inputs")
FILE_KEYS = {".".join(key) for key in PATH_KEYS} - {"samples", "release.key_file"}
"""Keys that name files which results are made of: the sheet is kept by samples, and nothing is
kept of the key."""


def setting_file(key: str) -> Path:
    """
    The file of one key of the configuration such as `calling.min_base_quality`; of a key that names
    files, it says what they look like, so that others of the same name are told.
    """
    return FOLDER / "settings" / f"{key}.json"


def sample_file(sample_id: str) -> Path:
    """The file of the reads of one sample."""
    return FOLDER / "samples" / f"{sample_id}.json"


def keep_settings(cohort: Cohort) -> None:
    """
    Write the files of keys and samples that changed; remove pair specs that are outdated, and the
    manifests of pairs whose tables are missing or damaged.

    The rules that make them make them again. What has not changed keeps its time, and so do the
    results that were made with it.
    """
    for path, value in _values(cohort).items():
        if _text(cohort.folder / path) != _json(value):
            write_text(cohort.folder / path, _json(value))
    for pair in cohort.pairs:
        spec = cohort.folder / FOLDER / f"{pair}.json"
        if _text(spec) not in (None, pair_spec(cohort, pair).to_json() + "\n"):
            spec.unlink()
        manifest = cohort.folder / f"results/8_harmonised/{pair}/MANIFEST.json"
        if manifest.is_file() and (broken := _broken_table(manifest)):
            print(f"pair {pair}: {broken}: its tables are made again", file=sys.stderr)
            manifest.unlink()


def outdated_settings(cohort: Cohort) -> list[str]:
    """
    Keys and samples that are no longer what results were made with, which a run would write; what
    follows from them is not among the jobs that a dry run lists.
    """
    return [
        path.stem
        for path, value in _values(cohort).items()
        if _text(cohort.folder / path) not in (None, _json(value))
    ]


def _values(cohort: Cohort) -> dict[Path, Any]:
    """What the files of keys and samples are to hold."""
    values = {setting_file(key): _with_files(key, value) for key, value in _keys(cohort.config)}
    return values | {sample_file(name): _reads(one) for name, one in cohort.samples.items()}


def _broken_table(manifest: Path) -> str | None:
    """
    What is wrong with the tables beside a manifest, as far as a look at each tells.

    Digests are taken of what was written after the manifest; a release takes those of all.
    """
    try:
        tables = json.loads(manifest.read_text(encoding="utf-8"))["tables"]
        digests = {name: table["file_sha256"] for name, table in tables.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{manifest.name} is damaged"
    made = manifest.stat().st_mtime_ns
    for name, digest in digests.items():
        path = manifest.with_name(f"{name}.parquet")
        if not path.is_file():
            return f"{path.name} is missing"
        if path.stat().st_mtime_ns > made and file_sha256(path) != digest:
            return f"{path.name} was changed after it was made"
    return None


def counted_reads(cohort: Cohort) -> dict[str, str]:
    """
    SHA-256 of the reads files that results were made from and that a run takes for unchanged.

    Returns:
        By path; a file that a run would read again is left out.
    """
    known: dict[str, str] = {}
    for name, sample in cohort.samples.items():
        counted = cohort.folder / f"results/2_reads/{name}.inputs.tsv"
        if counted.is_file() and _text(cohort.folder / sample_file(name)) == _json(_reads(sample)):
            files = [file for lane in sample.lanes for file in _files(lane)]
            rows = read_inputs(counted)
            known |= {file: row.sha256 for file, row in zip(files, rows, strict=True)}
    return known


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _keys(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """
    Keys of the first two levels, as `section.key`, and sections that have none; the targets of an
    assay too, as `targets.assay`, since reads are aligned whatever they are.
    """
    for section, value in config.items():
        if isinstance(value, Mapping):
            yield from ((f"{section}.{key}", inner) for key, inner in value.items())
            if section == "assays":
                yield from ((f"targets.{key}", one["targets"]) for key, one in value.items())
        else:
            yield section, value


def _with_files(key: str, value: Any) -> Any:
    """The value of a key, and what the files that it names look like."""
    if key not in FILE_KEYS and not key.startswith("targets."):
        return value
    end = ".bwt" if key == "reference.bwa_index" else ""
    files = [_seen(Path(f"{path}{end}")) for path in files_of(value)]
    return {"value": value, "files": files} if files else value


def _reads(sample: Sample) -> dict[str, Any]:
    return {"role": sample.role, "lanes": [_lane(lane) for lane in sample.lanes]}


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "read_group": lane.read_group,
        "library": lane.library,
        "realign": lane.realign,
        "files": [{"path": file, **_seen(Path(file))} for file in _files(lane)],
    }


def _files(lane: Lane) -> list[str]:
    return [file for file in (lane.fastq_1, lane.fastq_2, lane.bam) if file]


def _seen(path: Path) -> dict[str, int | str]:
    """Size (bytes), time (ns) and digest of a file's ends: other reads differ in one of them."""
    if not path.is_file() or not os.access(path, os.R_OK):
        return {}
    seen = path.stat()
    return {"bytes": seen.st_size, "mtime_ns": seen.st_mtime_ns, "ends_sha256": ends_sha256(path)}


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
