"""On a machine that has the tools only in conda's environments, a run needs nothing else.

Conda itself is not here: a stand-in makes each environment of links to the tools its file pins, so
that a rule finds what its own environment pins and nothing more.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onconcord.runtime import doctor
from pipeline_runs import CHECKOUT, digests, program, working_folder

PARTS = (
    *("Snakefile", "workflow", "scripts", "envs", "config", "profiles", "resources"),
    *("src", "uv.lock"),
)
MORE_PROGRAMS = {"htslib": ["tabix"], "gatk4": ["java"], "snpeff": ["java"]}
"""Programs of a package beside those that the table of tools names, dependencies among them."""
pytestmark = pytest.mark.e2e


@pytest.fixture
def conda(tmp_path):
    """Folder of a `conda` that knows every package of the environments."""
    packages = {package: list(programs) for package, programs in MORE_PROGRAMS.items()}
    for tool in doctor.read_tools():
        if tool.conda:
            packages.setdefault(tool.conda.package, []).append(tool.name)
    for package, programs in packages.items():
        links = tmp_path / "packages" / package
        links.mkdir(parents=True)
        for name in programs:
            if where := shutil.which(name):
                # Started by its path, since some are wrappers that look for what is beside them.
                program(links / name, f'exec {Path(where)} "$@"')
    prefix = tmp_path / "conda"
    program(prefix / "bin/activate", 'export PATH="$1/bin:$PATH"')
    program(
        prefix / "bin/conda",
        f"""
case "$*" in
    "info --json") echo '{{"conda_prefix": "{prefix}", "platform": "linux-64"}}';;
    --version) echo conda 24.9.2;;
    clean*) ;;
    config*) echo '{{"get": {{"channel_priority": "strict"}}}}';;
    "env create"*)
        while [ $# -gt 0 ]; do
            case "$1" in --file) file=$2;; --file=*) file=${{1#*=}};; --prefix) out=$2;; esac
            shift
        done
        mkdir -p "$out/bin"
        for package in $(sed -n 's/^ *- *\\([a-z0-9-]*\\)=.*/\\1/p' "$file"); do
            cp {tmp_path}/packages/"$package"/* "$out/bin" 2>/dev/null || true
        done;;
    *) echo "conda $*: not known" >&2; exit 1;;
esac""",
    )
    return prefix / "bin"


@pytest.fixture
def bare_path(tmp_path):
    """A folder of every program of the system but the tools, and of the Python of the lock file."""
    tools = {tool.name for tool in doctor.read_tools() if tool.package is None}
    folder = tmp_path / "bare"
    folder.mkdir()
    for source in (Path(sys.executable).parent, Path("/usr/bin"), Path("/bin")):
        for path in source.iterdir():
            if path.name not in {*tools, "tabix"} and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    return folder


def tools_of(folder):
    """Step, tool, version, source and command of every tool of a run, by environment."""
    found = sorted(folder.glob("results/1_reference/tools/*.tsv"))
    return {path.stem: list(csv.reader(path.open(), delimiter="\t")) for path in found}


def test_a_run_takes_every_tool_from_the_environment_of_its_rule(
    tmp_path, a_slice, finished, conda, bare_path
):
    # A checkout without .tools, whose programs would be found before those of the PATH.
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for part in PARTS:
        (checkout / part).symlink_to(CHECKOUT / part)
    folder = working_folder(tmp_path / "w", a_slice, ["TUM-B02"])
    words = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(checkout / "Snakefile")),
        *("--directory", str(folder), "--cores", "2", "tables", "results/4_qc/multiqc.html"),
    ]
    environment = {**os.environ, "PATH": f"{conda}{os.pathsep}{bare_path}"}

    def run(*more):
        return subprocess.run(
            [*words, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            check=False,
        )

    without = run()
    assert without.returncode == 1
    assert re.search(r"(bwa|samtools).* not found|bwa is missing", without.stdout)
    done = run("--software-deployment-method", "conda")
    assert done.returncode == 0, done.stdout[-5000:]
    assert digests(folder) == digests(finished, "TUM-B02")
    assert tools_of(folder) == tools_of(finished)
