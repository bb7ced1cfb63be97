"""The tools of a run: which step runs which, what version each says it is, and its command."""

import csv
from importlib.metadata import version as package_version
from pathlib import Path

from onconcord.callers import read_callers
from onconcord.doctor import BROKEN, MISSING, examine, read_tools, search_path
from onconcord.errors import ToolError
from onconcord.files import whole_file

CALLS = "calls"
COMMANDS: dict[str, tuple[str, str]] = {
    "bwa": ("alignment", "bwa mem -K 10000000 -Y -p -t {threads} -R {read_group} {index} -"),
    "samblaster": ("alignment", "samblaster"),
    "samtools": ("alignment", "samtools sort"),
    "fastp": ("reads", "fastp --in1 --in2 --stdout"),
    "mosdepth": (
        "qc",
        "mosdepth --no-per-base --by {targets} --mapq {min_mapping_quality} --quantize",
    ),
    "gatk": (CALLS, "gatk {caller}"),
    "freebayes": (
        CALLS,
        "freebayes --pooled-continuous --min-alternate-fraction 0.02 --min-alternate-count 3",
    ),
    "bcftools": ("evidence", "bcftools norm"),
    "gbcms": ("evidence", "gbcms dna --format vcf"),
    "snpEff": ("annotation", "snpEff ann -noLog -nodownload -noLof {database}"),
    "vcfanno": ("annotation", "vcfanno {resources}"),
}
"""Step and command template of each tool, without threads, paths or hosts."""


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
    wanted = {name for name, (step, _) in COMMANDS.items() if step != CALLS or name in of_callers}
    findings = examine([tool for tool in read_tools() if tool.name in wanted], search_path())
    if faults := [one for one in findings if one.status in (BROKEN, MISSING) or not one.version]:
        raise ToolError(
            "\n".join(f"{one.tool.name} is {one.status}. {one.remedy}" for one in faults)
        )
    rows = [
        (step, one.tool.name, one.version, "lockfile" if one.tool.package else "cli", command)
        for one in findings
        for step, command in [COMMANDS[one.tool.name]]
    ]
    rows.append(("harmonise", "onconcord", package_version("onconcord"), "lockfile", "onconcord"))
    with whole_file(out) as path, path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("step", "tool", "version", "version_source", "command_template"))
        writer.writerows(sorted(rows))
