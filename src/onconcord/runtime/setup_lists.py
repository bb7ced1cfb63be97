"""The lists that the set-up installs from, written from what doctor knows of every tool."""

from pathlib import Path

import yaml

from onconcord.runtime.doctor import CHECKOUT, read_tools

APT, WORKSTATION = Path("resources/setup/apt.tsv"), Path("envs/workstation.yaml")
COLUMNS = ("package", "for", "provides", "why")


def setup_lists(checkout: Path = CHECKOUT) -> dict[Path, str]:
    """Text of each list by its path in the checkout."""
    return {APT: _apt(checkout), WORKSTATION: _workstation(checkout)}


def _apt(checkout: Path) -> str:
    """Debian packages; maven is wanted only where GATK is not there yet."""
    rows = [
        (tool.apt, {"setup": "gatk"}.get(tool.needed_for, tool.needed_for), tool.name, tool.purpose)
        for tool in read_tools(checkout)
        if tool.apt
    ]
    others = yaml.safe_load((checkout / "resources/setup/tools.yaml").read_text())["packages"]
    rows += [tuple(row[column] for column in COLUMNS) for row in others]
    return "".join("\t".join(row) + "\n" for row in (COLUMNS, *rows))


def _workstation(checkout: Path) -> str:
    """One conda environment of every program that the lock file does not install."""
    pins = [
        f"  - {tool.conda.package}={tool.conda.version}\n"
        for tool in read_tools(checkout)
        if tool.conda and tool.package is None
    ]
    return (
        "# Every tool of the pipeline and of the demo in one environment, where apt cannot install "
        "them.\n# Written by make docs.\n"
        "name: onconcord\nchannels:\n  - conda-forge\n  - bioconda\ndependencies:\n" + "".join(pins)
    )
