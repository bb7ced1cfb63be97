"""Which external tools are there, in which version, from where, and how to get the others."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import yaml

from onconcord.calls.callers import own_tools
from onconcord.errors import ToolError

CHECKOUT = Path(__file__).resolve().parents[3]
SET_UP = CHECKOUT / "resources" / "setup"

# What a purpose needs beside its own tools: the demo and the tests run the pipeline.
PURPOSES = {
    "run": ("run",),
    "demo": ("run", "demo"),
    "test": ("run", "demo", "test"),
}

OK, MISSING, OTHER_VERSION, BROKEN = "ok", "missing", "other version", "broken"


@dataclass(frozen=True)
class Conda:
    """A package of conda-forge or bioconda; `because` says why its version differs in form."""

    package: str
    version: str
    because: str | None = None


@dataclass(frozen=True)
class Tool:
    """
    A program of another project.

    Args:
        name: the program, as it is called.
        purpose: what onconcord uses it for.
        needed_for: run, demo, test or setup.
        command: prints the version; empty for a Python package.
        pattern: finds the version in what the command prints, as its first group.
        package: name of the Python package, None for any other tool.
        accepts: accepted versions, the first being the one that is installed; empty takes any.
        apt: package of Debian bookworm, or None.
        conda: package in the conda environments, or None.
    """

    name: str
    purpose: str
    needed_for: str
    command: tuple[str, ...]
    pattern: str
    package: str | None
    accepts: tuple[str, ...]
    apt: str | None
    conda: Conda | None


@dataclass(frozen=True)
class Finding:
    """What was found of one tool: version and path are None where there is none to tell."""

    tool: Tool
    status: str
    version: str | None
    path: str | None
    remedy: str


def read_tools(checkout: Path = CHECKOUT) -> tuple[Tool, ...]:
    """
    Every tool: those of `resources/setup/tools.yaml`, in its order, then those of caller folders.

    Raises:
        InputError: the faults of a caller.yaml.
        ToolError: two files say different things of one tool.
    """
    rows = yaml.safe_load((checkout / "resources/setup/tools.yaml").read_text())["tools"]
    rows += [{**tool, "for": "run"} for tool in own_tools(checkout / "workflow/callers")]
    tools: dict[str, Tool] = {}
    for tool in map(_tool, rows):
        if tools.setdefault(tool.name, tool) != tool:
            raise ToolError(
                f"{tool.name} is described twice, and not in the same words: keep one, in "
                "resources/setup/tools.yaml or in the caller.yaml of one caller."
            )
    return tuple(tools.values())


def _tool(row: dict[str, Any]) -> Tool:
    return Tool(
        name=row["name"],
        purpose=row["purpose"],
        needed_for=row["for"],
        command=tuple(row.get("command", ())),
        pattern=row.get("pattern", ""),
        package=row.get("python"),
        accepts=tuple(row["accepts"]),
        apt=row["apt"],
        conda=Conda(**row["conda"]) if row["conda"] else None,
    )


def search_path() -> str:
    """The PATH that rules see: tools of this checkout, then of its environment, then the user's."""
    folders = (str(CHECKOUT / ".tools" / "bin"), str(Path(sys.executable).parent))
    return os.pathsep.join((*folders, os.environ.get("PATH", os.defpath)))


def environments(package: str, checkout: Path = CHECKOUT) -> tuple[str, ...]:
    """The conda environments that pin a package, as paths from the checkout, sorted."""
    files = [*checkout.glob("envs/*.yaml"), *checkout.glob("workflow/callers/*/env.yaml")]
    pins = re.compile(rf"^\s*-\s*{re.escape(package)}=", re.MULTILINE)
    pinning = (file for file in files if pins.search(file.read_text()))
    return tuple(sorted(str(file.relative_to(checkout)) for file in pinning))


def remedy(tool: Tool) -> str:
    """How to get a tool: by make, and where conda has it, by which environments."""
    ways = []
    if tool.apt:
        ways.append(f"apt-get install {tool.apt}")
    elif tool.package:
        ways.append("uv sync (uv.lock)")
    if tool.conda:
        ways.append(f"conda {tool.conda.package}={tool.conda.version}")
    targets = {"run": "make tools", "demo": "make demo", "test": "make test", "setup": "make tools"}
    return f"{targets[tool.needed_for]}: {' | '.join(ways)}" if ways else targets[tool.needed_for]


def examine(tools: Sequence[Tool], path: str) -> tuple[Finding, ...]:
    """
    Look for every tool and ask it for its version.

    Args:
        tools: what to look for.
        path: folders to look in, as in the environment variable PATH.
    Returns:
        One finding a tool, in the order of `tools`.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return tuple(pool.map(lambda tool: _examine(tool, path), tools))


def faults_of(findings: Iterable[Finding], purpose: str) -> list[Finding]:
    """The findings that stand in the way of a purpose (run, demo or test)."""
    levels = PURPOSES[purpose]
    return [
        finding
        for finding in findings
        if finding.tool.needed_for in levels and finding.status != OK
    ]


def _examine(tool: Tool, path: str) -> Finding:
    where = shutil.which(tool.name, path=path)
    if where is None:
        return Finding(tool, MISSING, None, None, remedy(tool))
    if tool.package is not None:
        try:
            return _judge(tool, package_version(tool.package), where)
        except PackageNotFoundError:
            return Finding(tool, OTHER_VERSION, None, where, remedy(tool))
    try:
        # Some programs tell their version on standard error, or only with an exit code above 0.
        done = subprocess.run(
            tool.command,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(tool, BROKEN, None, where, f"{error}. {remedy(tool)}")
    text = (done.stdout + done.stderr).decode(errors="replace")
    version = re.search(tool.pattern, text)
    if version is None:
        lines = text.strip().splitlines()
        words = f'it says "{lines[0]}"' if lines else "it says nothing"
        return Finding(tool, BROKEN, None, where, f"{words} instead of a version. {remedy(tool)}")
    return _judge(tool, version[1], where)


def _judge(tool: Tool, version: str, where: str | None) -> Finding:
    if tool.accepts and version not in tool.accepts:
        return Finding(tool, OTHER_VERSION, version, where, remedy(tool))
    return Finding(tool, OK, version, where, remedy(tool))
