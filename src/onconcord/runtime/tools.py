"""The tools of a run: which step starts which, what version each says it is, and its commands."""

import csv
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from onconcord.errors import ToolError
from onconcord.files import write_tsv
from onconcord.runtime.commands import commands_of_environment
from onconcord.runtime.doctor import BROKEN, CHECKOUT, MISSING, examine, read_tools
from onconcord.sealed import seal, sealed

COLUMNS = ("step", "tool", "version", "version_source", "command_template")
BETWEEN_COMMANDS = "; "


def write_tool_versions(
    environment: str, out: Path, unused: Collection[str] = (), checkout: Path = CHECKOUT
) -> None:
    """
    Write what the rules of one environment start: each tool's version, and its commands.

    Args:
        environment: name of a file in envs/, or of a caller, whose folder holds its own. Its tools
            are looked for on the PATH of this process, which has to be that of the rules.
        out: TSV with a header, sorted by step and tool.
        unused: STEP:TOOL of what this run's configuration leaves out.
        checkout: where the rules, scripts and callers are.
    Raises:
        ToolError: a tool is missing, or does not say its version; all of them at once.
    """
    tools = {tool.name: tool for tool in read_tools(checkout)}
    of_callers = {path.parent.name: path for path in checkout.glob("workflow/callers/*/env.yaml")}
    path = of_callers.get(environment, checkout / f"envs/{environment}.yaml")
    commands = commands_of_environment(path, checkout, tools)
    used = {key: texts for key, texts in commands.items() if ":".join(key) not in unused}
    names = sorted({tool for _, tool in used})
    findings = examine([tools[name] for name in names], os.environ["PATH"])
    if faults := [
        finding
        for finding in findings
        if finding.status in (BROKEN, MISSING) or not finding.version
    ]:
        raise ToolError(
            "\n".join(
                f"{finding.tool.name} is {finding.status}. {finding.remedy}" for finding in faults
            )
        )
    by_tool = {finding.tool.name: finding for finding in findings}
    rows = [
        (
            step,
            tool,
            by_tool[tool].version,
            "lockfile" if by_tool[tool].tool.package else "cli",
            BETWEEN_COMMANDS.join(texts),
        )
        for (step, tool), texts in used.items()
    ]
    write_tsv(out, COLUMNS, sorted(rows))
    seal(out)


def read_tool_versions(paths: Iterable[Path]) -> tuple[dict[str, str], ...]:
    """
    The tools of all environments of a run, as `write_tool_versions` wrote them.

    Returns:
        One row a step and tool, sorted by both; the keys are `COLUMNS`. What several environments
        start in one step are the commands of one row.
    Raises:
        ToolError: two environments have other versions of one tool.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    commands: dict[tuple[str, str], list[str]] = {}
    for path in sorted(paths):
        with sealed(path).open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                key = row["step"], row["tool"]
                known = rows.setdefault(key, row)
                if known["version"] != row["version"]:
                    raise ToolError(
                        f"{row['tool']} is {known['version']} in one environment of step "
                        f"{row['step']} and {row['version']} in another ({path}): pin one version."
                    )
                texts = commands.setdefault(key, [])
                texts += [
                    text
                    for text in row["command_template"].split(BETWEEN_COMMANDS)
                    if text not in texts
                ]
    return tuple(
        {**rows[key], "command_template": BETWEEN_COMMANDS.join(commands[key])}
        for key in sorted(rows)
    )


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
    others = [
        finding for finding in findings if finding.version not in (None, began[finding.tool.name])
    ]
    if others:
        changed = "\n".join(
            f"{finding.tool.name} {finding.version} in {finding.path}; "
            f"expected {began[finding.tool.name]}"
            for finding in others
        )
        raise ToolError(
            f"The results in this folder were made with other versions of tools than the PATH has "
            f"now:\n{changed}\nPut the expected versions back on the PATH, or remove results/ to "
            "make everything again with these: tables of two versions are not mixed."
        )
