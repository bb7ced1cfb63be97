"""How the tests run side by side, and what the tests that run the pipeline share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from onconcord.runtime.checkout import root
from pipeline_runs import DEMO, REFERENCE, jobs, snakemake, working_folder
from small_folder import SEQUENCE, configure, write_fastq, write_sheet

TOOLS = (str(root() / ".tools/bin"), str(Path(sys.executable).parent))


settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=750, deadline=None, derandomize=True)
settings.register_profile("explore", max_examples=20_000, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """
    Readers of input are tried on many random files, and on a few in the quick tests.

    They are the same in every run, so that a run says what a change did. Others are tried by
    `pytest --hypothesis-profile explore`.
    """
    if config.getoption("--hypothesis-profile"):
        return
    quick = "not slow" in str(config.option.markexpr)
    settings.load_profile("quick" if quick else "thorough")


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk():
    """No test cuts the power, so none needs what it writes to have reached the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Tests that run the pipeline go to one worker: they share what they made, and the cores.

    Those with reads of their own share nothing with them and are another group.
    """
    for item in items:
        if item.get_closest_marker("e2e") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def chr20():
    """The demo's FASTA, with the indexes that the pipeline takes beside it."""
    subprocess.run(
        [root() / "scripts/demo_reference.sh", REFERENCE, "index"],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return REFERENCE / "chr20.fa"


@pytest.fixture(scope="session")
def a_slice(tmp_path_factory, chr20):
    """The slice of the demo as a working folder that is never run: copies of it are."""
    # Imported here: the quick tests do without it, and each of their processes reads this file.
    from onconcord.demo.slice import write_slice

    out = tmp_path_factory.mktemp("slice")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join([*TOOLS, os.environ["PATH"]]))
        write_slice(chr20, REFERENCE / "bwa/chr20", DEMO, out, cores=2)
    return out


@pytest.fixture(scope="session")
def grown(tmp_path_factory, a_slice):
    """The slice, run pair by pair on two cores; with the jobs that the second pair asked for."""
    folder = working_folder(tmp_path_factory.mktemp("grown") / "w", a_slice, ["TUM-A01"])
    snakemake(folder, "tables")
    working_folder(folder, a_slice)
    asked = jobs(folder, "tables")
    snakemake(folder)
    return folder, asked


@pytest.fixture(scope="session")
def finished(grown):
    """The slice, finished, with the releases of both centres."""
    return grown[0]


@pytest.fixture
def folder(tmp_path):
    """A working folder without a fault: one pair of FASTQ, and a genome of one contig."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n")
    for sample in ("t", "n"):
        for mate in (1, 2):
            write_fastq(work / f"{sample}_{mate}.gz", mate, names=f"{sample}_read")
    configure(work)
    write_sheet(work, "t_1.gz", "t_2.gz")
    return work


@pytest.fixture
def mount():
    """Mounts a file system of its own over a folder, for tests of one that is full or closed."""
    mounted = []

    def over(folder, options):
        folder.mkdir(parents=True, exist_ok=True)
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a file system")
        mounted.append(folder)

    yield over
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)
