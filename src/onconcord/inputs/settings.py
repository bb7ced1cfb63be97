"""
What results depend on beside files, as files: a result that is older than them is made again.

Snakemake remembers parameters in a hidden folder that people delete and that copies leave out.
These files are kept with the results, and are written only when what they hold changes.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onconcord.files import write_text
from onconcord.inputs.cohort import Cohort, Lane, Sample, pair_spec

FOLDER = Path("results/0_inputs")


def setting_file(key: str) -> Path:
    """The file of one key of the configuration such as `calling.min_base_quality`."""
    return FOLDER / "settings" / f"{key}.json"


def sample_file(sample_id: str) -> Path:
    """The file of the reads of one sample."""
    return FOLDER / "samples" / f"{sample_id}.json"


def keep_settings(cohort: Cohort) -> None:
    """
    Write the files of keys and samples that changed; remove pair specs that are outdated.

    The rule that makes a pair spec makes it again. What has not changed keeps its time, and so do
    the results that were made with it.
    """
    values = {setting_file(key): value for key, value in _keys(cohort.config)}
    values |= {sample_file(name): _reads(sample) for name, sample in cohort.samples.items()}
    for path, value in values.items():
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        if _text(cohort.folder / path) != text:
            write_text(cohort.folder / path, text)
    for pair in cohort.pairs:
        spec = cohort.folder / FOLDER / f"{pair}.json"
        if _text(spec) not in (None, pair_spec(cohort, pair).to_json() + "\n"):
            spec.unlink()


def _keys(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys of the first two levels, as `section.key`, and sections that have none."""
    for section, value in config.items():
        if isinstance(value, Mapping):
            yield from ((f"{section}.{key}", inner) for key, inner in value.items())
        else:
            yield section, value


def _reads(sample: Sample) -> dict[str, Any]:
    return {"role": sample.role, "lanes": [_lane(lane) for lane in sample.lanes]}


def _lane(lane: Lane) -> dict[str, Any]:
    files = [file for file in (lane.fastq_1, lane.fastq_2, lane.bam) if file]
    return {
        "read_group": lane.read_group,
        "library": lane.library,
        "realign": lane.realign,
        "files": [{"path": file, **_seen(Path(file))} for file in files],
    }


def _seen(path: Path) -> dict[str, int]:
    """Size (bytes) and time (ns) of a file: other reads of the same name differ in one of them."""
    if not path.exists():
        return {}
    seen = path.stat()
    return {"bytes": seen.st_size, "mtime_ns": seen.st_mtime_ns}


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
