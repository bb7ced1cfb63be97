"""What a job runs on: host, processor, scheduler, image. It counts in no comparison of results."""

import os
import platform
import socket
from pathlib import Path

from onconcord.files import file_sha256

EXECUTORS = {
    "SLURM_JOB_ID": "slurm",
    "LSB_JOBID": "lsf",
    "KUBERNETES_SERVICE_HOST": "kubernetes",
    "PBS_JOBID": "pbs",
    "JOB_ID": "sge",
}
"""Variables that a scheduler sets in its jobs."""

IMAGES = ("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER")
"""Variables with the path of the image that a process runs in."""

LEVELS = (("avx512f", "v4"), ("avx2", "v3"), ("sse4_2", "v2"))
"""Instruction sets that tell the levels of x86-64 apart, highest first."""


def machine() -> dict[str, str | None]:
    """Columns of `run`: host, executor, cpu_family, container_digest."""
    executors = (name for variable, name in EXECUTORS.items() if variable in os.environ)
    return {
        "host": socket.gethostname() or None,
        "executor": next(executors, "local"),
        "cpu_family": cpu_family(Path("/proc/cpuinfo")),
        "container_digest": _image(),
    }


def cpu_family(cpuinfo: Path) -> str:
    """Such as x86_64-v3, or aarch64: what may change how a program computes, and no more."""
    kind = platform.machine()
    try:
        words = set(cpuinfo.read_text().split())
    except OSError:
        return kind
    level = next((level for flag, level in LEVELS if flag in words), None)
    return f"{kind}-{level}" if level else kind


def _image() -> str | None:
    paths = [Path(os.environ[name]) for name in IMAGES if name in os.environ]
    path = next((path for path in paths if path.is_file()), None)
    return f"sha256:{file_sha256(path)}" if path else None
