"""One version of every tool: local set-up, lock file, GATK's pom and conda environments agree."""

import csv
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from onconcord.runtime.doctor import CHECKOUT, SET_UP, read_tools

TOOLS = {tool.name: tool for tool in read_tools()}
ENVIRONMENTS = sorted(
    [*CHECKOUT.glob("envs/*.yaml"), *CHECKOUT.glob("workflow/callers/*/env.yaml")]
)
RULES = sorted([*CHECKOUT.glob("workflow/rules/*.smk"), *CHECKOUT.glob("workflow/callers/*/*.smk")])
SNAKEMAKE = (sys.executable, "-m", "snakemake")
PROFILES = sorted(CHECKOUT.glob("profiles/*/config.yaml"))


def name_of(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def pins_of(environment: Path) -> dict[str, str]:
    pins = {}
    for entry in yaml.safe_load(environment.read_text())["dependencies"]:
        package, separator, version = entry.partition("=")
        assert separator, f"{name_of(environment)}: {entry} has no version"
        pins[package] = version
    return pins


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=name_of)
def test_every_environment_pins_the_versions_of_the_local_set_up(environment):
    wanted = {tool.conda.package: tool.conda.version for tool in TOOLS.values() if tool.conda}
    pins = pins_of(environment)
    assert {package: wanted.get(package) for package in pins} == pins


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=name_of)
def test_channels_have_the_order_that_bioconda_asks_for(environment):
    assert yaml.safe_load(environment.read_text())["channels"] == ["conda-forge", "bioconda"]


@pytest.mark.parametrize("tool", [t for t in TOOLS.values() if t.conda], ids=lambda tool: tool.name)
def test_a_version_that_differs_from_the_local_one_says_why(tool):
    if tool.conda.version != tool.accepts[0]:
        assert tool.conda.because, f"conda has {tool.conda.version}, apt {tool.accepts[0]}"
    else:
        assert tool.conda.because is None


def test_every_conda_package_stands_in_an_environment_and_workstation_has_the_tools():
    pinned = {package for environment in ENVIRONMENTS for package in pins_of(environment)}
    assert pinned == {tool.conda.package for tool in TOOLS.values() if tool.conda}
    # What the lock file installs need not be in the environment it is installed beside.
    programs = {t.conda.package for t in TOOLS.values() if t.conda and t.package is None}
    assert set(pins_of(CHECKOUT / "envs/workstation.yaml")) == programs


@pytest.mark.parametrize(
    "tool", [t for t in TOOLS.values() if t.package], ids=lambda tool: tool.name
)
def test_the_lock_file_has_the_version_that_doctor_accepts(tool):
    locked = tomllib.loads((CHECKOUT / "uv.lock").read_text())["package"]
    (version,) = [package["version"] for package in locked if package["name"] == tool.package]
    assert tool.accepts == (version,)


def test_every_locked_file_has_a_digest():
    without = set()
    for package in tomllib.loads((CHECKOUT / "uv.lock").read_text())["package"]:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]) for file in files)
        if not files:
            without.add(package["name"])
    # This project itself, and a package that pyproject.toml leaves out everywhere.
    assert without == {"onconcord", "kaleido"}


def test_gatk_is_the_version_that_doctor_accepts_and_every_jar_has_a_digest():
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    pom = ElementTree.parse(SET_UP / "gatk/pom.xml")
    jars = {}
    for dependency in pom.findall("m:dependencies/m:dependency", space):
        artefact, version = (
            dependency.findtext(f"m:{t}", "", space) for t in ("artifactId", "version")
        )
        jars[artefact] = version
        excluded = [e.text for e in dependency.findall("m:exclusions/m:exclusion/*", space)]
        assert excluded == ["*", "*"], f"{artefact} brings others"
    assert jars["gatk"] == TOOLS["gatk"].accepts[0]
    lines = (SET_UP / "gatk/jars.sha256").read_text().splitlines()
    names = [re.fullmatch(r"[0-9a-f]{64}  (\S+)", line)[1] for line in lines]
    assert sorted(names) == sorted(
        f"{artefact}-{version}.jar" for artefact, version in jars.items()
    )


def test_rules_name_environments_that_exist():
    for rules in RULES:
        for named in re.findall(r'conda:\s*"([^"]+)"', rules.read_text()):
            assert (rules.parent / named).resolve() in ENVIRONMENTS, f"{name_of(rules)}: {named}"


@pytest.mark.parametrize("profile", PROFILES, ids=name_of)
def test_profiles_keep_going_with_the_quick_scheduler_and_group_rules_that_exist(profile):
    settings = yaml.safe_load(profile.read_text())
    assert settings["scheduler"] == "greedy"
    assert settings["keep-going"] is True
    assert settings["rerun-incomplete"] is True
    assert "slurm-array-jobs" not in settings
    rules = {name for file in RULES for name in re.findall(r"^rule (\w+):", file.read_text(), re.M)}
    assert {group.partition("=")[0] for group in settings.get("groups", [])} <= rules


@pytest.mark.slow
def test_snakemake_finds_the_default_profile_beside_the_snakefile(tmp_path):
    (tmp_path / "profiles/default").mkdir(parents=True)
    own = yaml.safe_load((CHECKOUT / "profiles/default/config.yaml").read_text())
    (tmp_path / "profiles/default/config.yaml").write_text(yaml.safe_dump({**own, "quiet": "all"}))
    (tmp_path / "Snakefile").write_text('rule all:\n    shell: "true"\n')
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [*SNAKEMAKE, "--snakefile", tmp_path / "Snakefile", "--directory", work, "--dry-run"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = "Using workflow specific profile profiles/default"
    assert done.stderr == f"{found} for setting default command line arguments.\n"


def set_up(checkout: Path, path: str, purpose: str = "run", **variables: str):
    return subprocess.run(
        [checkout / "resources/setup/set-up.sh", purpose],
        env={"PATH": path, "HOME": str(checkout), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare_checkout(tmp_path):
    """A checkout with the set-up alone, and a PATH that has none of the tools and no root."""
    checkout, path = tmp_path / "checkout", tmp_path / "bin"
    (checkout / "resources").mkdir(parents=True)
    path.mkdir()
    subprocess.run(["cp", "-r", SET_UP, checkout / "resources/setup"], check=True)
    for program in ("bash", "env", "dirname", "cat", "sha256sum", "cut", "mkdir", "tail", "uname"):
        (path / program).symlink_to(shutil.which(program))
    # Not root, and no sudo: what most users of a cluster are. A Python that is fit is there.
    for program, words in (("id", "echo 1000"), ("python3", "exit 0"), ("apt-get", "exit 1")):
        (path / program).write_text(f"#!/bin/sh\n{words}\n")
        (path / program).chmod(0o755)
    return checkout, str(path)


def test_without_root_the_set_up_names_what_is_missing_and_the_conda_way(bare_checkout):
    done = set_up(*bare_checkout)
    assert done.returncode == 2
    with (SET_UP / "apt.tsv").open(newline="") as file:
        packages = list(csv.DictReader(file, delimiter="\t"))
    wanted = [row for row in packages if row["for"] in ("run", "gatk")]
    first, *others = done.stderr.splitlines()
    assert first in (
        f"error: {len(wanted)} packages are missing. apt-get needs root, and there is no sudo.",
        # Where the tests themselves run on another system.
        f"error: {len(wanted)} packages are missing. They are Debian bookworm's packages, and this "
        f'is "{system_name()}".',
    )
    assert others == [
        *(f"    {row['package']}: {row['why']}" for row in wanted),
        "The conda way works on any Linux, without root:",
        "    conda env create --file envs/workstation.yaml && conda activate onconcord",
        "Then call make again; the demo is given its reference as a file, GRCh37 chromosome 20:",
        "    make demo ONCONCORD_CHR20=/path/to/20.fa.gz",
    ]


def system_name() -> str:
    release = platform.freedesktop_os_release()
    return f"{release['ID']} {release.get('VERSION_CODENAME', '')}"


@pytest.mark.parametrize(
    ("purpose", "variables", "asks_for"),
    [
        pytest.param("run", {}, False, id="a run has its own reference"),
        pytest.param("demo", {}, True, id="the demo takes Debian's"),
        pytest.param("demo", {"ONCONCORD_CHR20": "/some/20.fa"}, False, id="a file is given"),
    ],
)
def test_only_the_demo_without_a_reference_asks_for_one(
    bare_checkout, purpose, variables, asks_for
):
    checkout, _ = bare_checkout
    packages = checkout / "resources/setup/apt.tsv"
    packages.write_text(packages.read_text().replace("/usr/share/doc/vt", "/not/installed"))
    said = set_up(*bare_checkout, purpose, **variables).stderr
    assert ("vt-examples: human chromosome 20 for the demo" in said) is asks_for
