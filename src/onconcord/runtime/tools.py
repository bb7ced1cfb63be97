"""The tools of a run: which step runs which, what version each says it is, and its command."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from onconcord.calls.callers import read_caller
from onconcord.errors import ToolError
from onconcord.files import write_tsv
from onconcord.runtime.doctor import BROKEN, MISSING, examine, read_tools

CALLS = "calls"
COLUMNS = ("step", "tool", "version", "version_source", "command_template")
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "alignment": {
        "bwa": ("alignment", "bwa mem -K 10000000 -Y -p -t {threads} -R {read_group} {index} -"),
        "samblaster": ("alignment", "samblaster"),
        "samtools": ("alignment", "samtools sort"),
        "fastp": ("reads", "fastp --in1 --in2 --stdout"),
    },
    "qc": {
        "mosdepth": (
            "qc",
            "mosdepth --no-per-base --by {targets} --mapq {min_mapping_quality} --quantize",
        ),
    },
    "evidence": {
        "bcftools": ("evidence", "bcftools norm"),
        "gbcms": ("evidence", "gbcms dna --format vcf"),
    },
    "annotation": {
        "snpEff": ("annotation", "snpEff ann -noLog -nodownload -noLof {database}"),
        "vcfanno": ("annotation", "vcfanno {resources}"),
    },
}
"""Step and command template of each tool, by the conda environment it is asked in."""
CALLER_COMMANDS = {
    "gatk": "gatk {caller}",
    "freebayes": (
        "freebayes --pooled-continuous --min-alternate-fraction 0.02 --min-alternate-count 3"
    ),
}
"""Command template of each caller's tool. Templates name no thread, path or host."""


def write_tool_versions(environment: str, callers_dir: Path, out: Path) -> None:
    """
    Write step, tool, version, version_source and command_template of one environment's tools.

    Args:
        environment: one of `COMMANDS`, or the name of a caller, whose folder holds its own. Its
            tools are looked for on the PATH of this process, which has to be that of the steps.
        callers_dir: folder of the caller folders.
        out: TSV with a header, sorted by step and tool.
    Raises:
        ToolError: a tool is missing, or does not say its version; all of them at once.
    """
    commands = COMMANDS.get(environment)
    if commands is None:
        tool = read_caller(callers_dir / environment).tool
        commands = {tool: (CALLS, CALLER_COMMANDS[tool])}
    findings = examine([tool for tool in read_tools() if tool.name in commands], os.environ["PATH"])
    if faults := [one for one in findings if one.status in (BROKEN, MISSING) or not one.version]:
        raise ToolError(
            "\n".join(f"{one.tool.name} is {one.status}. {one.remedy}" for one in faults)
        )
    rows = [
        (step, one.tool.name, one.version, "lockfile" if one.tool.package else "cli", command)
        for one in findings
        for step, command in [commands[one.tool.name]]
    ]
    write_tsv(out, COLUMNS, sorted(rows))


def read_tool_versions(paths: Iterable[Path]) -> tuple[dict[str, str], ...]:
    """
    The tools of all environments of a run, as `write_tool_versions` wrote them.

    Returns:
        One row a tool, sorted by step and tool; the keys are `COLUMNS`.
    Raises:
        ToolError: two environments have other versions of one tool.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in sorted(paths):
        with path.open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                known = found.setdefault((row["step"], row["tool"]), row)
                if known != row:
                    raise ToolError(
                        f"{row['tool']} is {known['version']} in one environment of step "
                        f"{row['step']} and {row['version']} in another ({path}): pin one version."
                    )
    return tuple(found[key] for key in sorted(found))


def refuse_other_versions(folder: Path, path: str) -> None:
    """
    Hold a run that goes on to the tools it began with: results of two versions are not mixed.

    Args:
        folder: the one with what `write_tool_versions` wrote; a run that begins has nothing there.
        path: folders to look for the tools in, as in the environment variable PATH. A tool that is
            in none of them is passed over: the step that needs it will say so.
    Raises:
        ToolError: the PATH has another version of a tool; all of them at once.
    """
    began = {row["tool"]: row["version"] for row in read_tool_versions(folder.glob("*.tsv"))}
    findings = examine([tool for tool in read_tools() if tool.name in began], path)
    others = [one for one in findings if one.version not in (None, began[one.tool.name])]
    if others:
        found = "\n".join(
            f"{one.tool.name} {one.version} in {one.path}; expected {began[one.tool.name]}"
            for one in others
        )
        raise ToolError(
            f"The results in this folder were made with other versions of tools than the PATH has "
            f"now:\n{found}\nPut the expected versions back on the PATH, or remove results/ to "
            "make everything again with these: tables of two versions are not mixed."
        )
