"""The tools of a run: which step runs which, and what version each says it is."""

import csv
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version as package_version
from pathlib import Path

from onconcord.callers import read_callers
from onconcord.errors import ToolError
from onconcord.files import whole_file


@dataclass(frozen=True)
class Tool:
    """A program: the step it serves, how it tells its version, its command without paths."""

    step: str
    name: str
    ask: tuple[str, ...]
    pattern: str
    command: str


TOOLS = (
    Tool(
        "alignment",
        "bwa",
        ("bwa",),
        r"Version: (\S+)",
        "bwa mem -K 10000000 -Y -p -t {threads} -R {read_group} {index} -",
    ),
    Tool("alignment", "samblaster", ("samblaster", "--version"), r"Version (\S+)", "samblaster"),
    Tool("alignment", "samtools", ("samtools", "--version"), r"samtools (\S+)", "samtools sort"),
    Tool("reads", "fastp", ("fastp", "--version"), r"fastp (\S+)", "fastp --in1 --in2 --stdout"),
    Tool(
        "qc",
        "mosdepth",
        ("mosdepth", "--version"),
        r"mosdepth (\S+)",
        "mosdepth --no-per-base --by {targets} --mapq {min_mapping_quality} --quantize",
    ),
    Tool("evidence", "bcftools", ("bcftools", "--version"), r"bcftools (\S+)", "bcftools norm"),
    Tool(
        "annotation",
        "snpeff",
        ("snpEff", "-version"),
        r"SnpEff\s+(\S+)",
        "snpEff ann -noLog -nodownload -noLof {database}",
    ),
    Tool("annotation", "vcfanno", ("vcfanno",), r"version (\S+)", "vcfanno {resources}"),
    Tool("calls", "gatk", ("gatk", "--version"), r"\(GATK\) v(\S+)", "gatk {caller}"),
    Tool(
        "calls",
        "freebayes",
        ("freebayes", "--version"),
        r"version:\s+v?(\S+)",
        "freebayes --pooled-continuous --min-alternate-fraction 0.02 --min-alternate-count 3",
    ),
)
PACKAGES = (
    ("evidence", "gbcms", "gbcms dna --format vcf"),
    ("harmonise", "onconcord", "onconcord"),
)


def write_tool_versions(callers_dir: Path, callers: list[str], out: Path) -> None:
    """
    Write step, tool, version, version_source and command_template of every tool of a run.

    Args:
        callers_dir: folder of the caller folders; only the named callers' tools are asked.
        callers: names of the run's callers.
        out: TSV with a header, sorted by step and tool.
    Raises:
        ToolError: a tool is missing, or does not say its version; all of them at once.
    """
    of_callers = {caller.tool for caller in read_callers(callers_dir, callers).values()}
    wanted = [tool for tool in TOOLS if tool.step != "calls" or tool.name in of_callers]
    rows, faults = [], []
    for tool in wanted:
        if shutil.which(tool.ask[0]) is None:
            faults.append(
                f"{tool.ask[0]} is not on the PATH: `onconcord doctor` says how to get it."
            )
            continue
        # Some tools tell their version on standard error, or with an exit code that is not 0.
        done = subprocess.run(tool.ask, capture_output=True, check=False)
        text = (done.stdout + done.stderr).decode(errors="replace")
        found = re.search(tool.pattern, text)
        if found is None:
            faults.append(f"`{' '.join(tool.ask)}` does not say its version: {text[:200]!r}.")
            continue
        rows.append((tool.step, tool.name, found[1], "cli", tool.command))
    if faults:
        raise ToolError("\n".join(faults))
    for step, name, command in PACKAGES:
        rows.append((step, name, package_version(name), "lockfile", command))
    with whole_file(out) as path, path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("step", "tool", "version", "version_source", "command_template"))
        writer.writerows(sorted(rows))
