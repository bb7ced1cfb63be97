"""
Tools that end well and lie: half of their records, cut bytes, a header alone.

Each rule's own commands are run as Snakemake would, with one tool hidden by one that lies
(`lying_tool.py`). UNSEEN is what no count can tell: nothing else says how much there was.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_runs import AS_IT_IS, CHECKOUT, copy_of, snakemake
from workflow_text import shell_blocks

PAIR, SAMPLES = "TUM-A01", ("TUM-A01", "NOR-A01")
ALL = ("half", "cut", "header")
LIARS = {
    "reference": {"samtools faidx": ALL, "samtools dict": ("cut",)},
    "resource_vcf": {"bcftools norm": ALL, "bcftools sort": ALL, "bcftools index": ALL},
    "snpeff_database": {"snpEff build": ALL},
    "align": {
        "fastp": ALL,
        "samblaster": ALL,
        "samtools sort": (*ALL, "no end"),
        "samtools index": ALL,
        "samtools flagstat": ALL,
    },
    "sample_qc": {"mosdepth": ALL, "samtools stats": ALL, "gatk GetPileupSummaries": ALL},
    "pair_qc": {"gatk CalculateContamination": ("cut", "header")},
    "mutect2_call": {"gatk Mutect2": ("cut", "no end")},
    "mutect2_filter": {
        "bcftools view": ALL,
        "bcftools concat": ALL,
        "gatk LearnReadOrientationModel": ALL,
        "gatk MergeMutectStats": ALL,
        "gatk FilterMutectCalls": (*ALL, "no end"),
    },
    "freebayes_call": {"freebayes": ("cut",), "bgzip": ("cut", "no end")},
    "freebayes_join": {
        "bcftools view": ALL,
        "bcftools concat": ALL,
        "bcftools norm": ALL,
        "bcftools sort": (*ALL, "no end"),
    },
    "pileup_call": {"bcftools norm": ALL, "bcftools view": ("cut",), "bcftools sort": ALL},
    "pileup_join": {"bcftools view": ALL, "bcftools concat": ALL, "bcftools sort": ALL},
    "evidence": {"bcftools query": ALL, "bcftools view": (*ALL, "no end")},
    "annotate_pair": {
        "snpEff ann": ALL,
        "vcfanno": ALL,
        "bgzip": (*ALL, "no end"),
        "bcftools index": ALL,
    },
    "harmonise": {"bcftools query": ALL},
}
"""The tools of each rule, and how they lie where it shows."""

UNSEEN = {
    ("mutect2_call", "gatk Mutect2"): "a caller that finds less: half of it, or nothing",
    ("freebayes_call", "freebayes"): "the same",
    ("freebayes_call", "bgzip"): "what a caller handed on of it",
    ("pileup_call", "bcftools mpileup"): "the same",
    ("pileup_call", "bcftools view"): "the same: it filters what mpileup says",
    ("pair_qc", "gatk CalculateContamination"): "half of its segments, which only a filter reads",
}
"""What nothing else can be held against, and why; docs/robustness.md says so too."""

ORDER = tuple(LIARS)
WITH_COMMANDS = {"bcftools", "samtools", "gatk", "snpEff", "bwa"}
COMMAND = re.compile(
    r"^\s*(?:\| )?(bcftools|samtools|gatk|snpEff|bwa|mosdepth|vcfanno|bgzip|tabix|freebayes)"
    r"(?: --java-options \S+)?(?: -Xmx\S+)?(?: ([A-Za-z0-9]+))?",
    re.M,
)
FILES = [*CHECKOUT.glob("workflow/rules/*.smk"), *CHECKOUT.glob("workflow/callers/*/rules.smk")]


@pytest.fixture(scope="module")
def jobs(finished, tmp_path_factory):
    """A copy of the finished slice; command and outputs of each rule's job, all run once."""
    folder = copy_of(finished, tmp_path_factory.mktemp("lies") / "w")
    return Jobs(folder)


def remove(path):
    """Remove a file or folder, where there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Jobs:
    """The jobs of one pair, to be run with one tool that lies."""

    def __init__(self, folder):
        self.folder, self.store = folder, folder.parent / "store"
        self.whole, tools = folder.parent / "whole", folder.parent / "tools"
        self.store.mkdir()
        tools.mkdir()
        text = (CHECKOUT / "tests/support/lying_tool.py").read_text()
        for name in {tool.split()[0] for liars in LIARS.values() for tool in liars}:
            (tools / name).write_text(f"#!{sys.executable} -SE\n{text}")
            (tools / name).chmod(0o755)
        own = [str(tools), str(CHECKOUT / ".tools/bin"), str(Path(sys.executable).parent)]
        self.path = os.pathsep.join([*own, os.environ["PATH"]])
        words = ("--dry-run", "--forceall", "--printshellcmds", *AS_IT_IS)
        said = snakemake(folder, f"results/8_harmonised/{PAIR}/MANIFEST.json", *words).stdout
        self.jobs = dict(reversed([*self._jobs(said)]))
        for rule in ORDER:
            done = self.run(rule)
            assert done.returncode == 0, f"{rule}: {self.said(rule)}{done.stdout}"
        shutil.copytree(folder / "results", self.whole, symlinks=True)

    @staticmethod
    def _jobs(said):
        """Rule, command, outputs and log of each job that a dry run names."""
        for part in re.split(r"^\[.*\]\n(?=(?:local)?rule )", said, flags=re.M)[1:]:
            rule = re.match(r"(?:local)?rule (\w+):", part)[1]
            command = re.search(r"^Shell command: \n((?: .*\n|\n)+)", part, re.M)
            outputs = re.search(r"^    output: (.*)$", part, re.M)
            log = re.search(r"^    log: (.*)$", part, re.M)
            if command and outputs and log:
                yield rule, (command[1], outputs[1].split(", "), log[1])

    def run(self, rule, lie=""):
        """Run the command of a rule, in the shell and with the modes that Snakemake uses."""
        command, outputs, log = self.jobs[rule]
        for path in (log, *outputs):
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        # As Snakemake does: an index of the same second as its file is not written anew.
        for path in outputs:
            remove(self.folder / path)
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail; {command}"],
            cwd=self.folder,
            env={**os.environ, "PATH": self.path, "STORE": str(self.store), "LIES": lie},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def said(self, rule):
        return (self.folder / self.jobs[rule][2]).read_text(errors="replace")

    def restore(self, rule):
        """Put the outputs of a rule back as they were."""
        for path in self.jobs[rule][1]:
            whole, here = self.whole / Path(path).relative_to("results"), self.folder / path
            remove(here)
            if whole.is_dir():
                shutil.copytree(whole, here)
            else:
                shutil.copy(whole, here, follow_symlinks=False)


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "tool", "lie"),
    [
        pytest.param(rule, tool, lie, id=f"{rule}: {tool}, {lie}")
        for rule, liars in LIARS.items()
        for tool, lies in liars.items()
        for lie in lies
    ],
)
def test_a_tool_that_lies_fails_its_rule_and_is_named(jobs, rule, tool, lie):
    (jobs.store / "lied").unlink(missing_ok=True)
    try:
        done = jobs.run(rule, f"{tool}={lie}")
        said = jobs.said(rule) + done.stdout
    finally:
        jobs.restore(rule)
    assert (jobs.store / "lied").exists(), "the tool was not asked"
    assert done.returncode != 0, said[-3000:]
    assert "Traceback" not in said
    assert all(word in said for word in tool.split()), said[-3000:]


@pytest.mark.e2e
@pytest.mark.slow
def test_frequencies_of_another_form_fail_the_annotation(jobs):
    """vcfanno warns of a field that the population file lacks, and ends well."""
    path = jobs.folder / "results/1_reference/population.vcf.gz"
    whole = {file: file.read_bytes() for file in (path, path.with_name(f"{path.name}.tbi"))}
    plain = subprocess.run(["bgzip", "-dc", path], check=True, capture_output=True).stdout
    other = plain.replace(b"AF_MAX", b"AF_TOP")
    try:
        path.write_bytes(
            subprocess.run(["bgzip"], input=other, check=True, capture_output=True).stdout
        )
        subprocess.run(["tabix", "--force", "--preset", "vcf", path], check=True)
        done = jobs.run("annotate_pair")
        said = jobs.said("annotate_pair") + done.stdout
    finally:
        for file, content in whole.items():
            file.write_bytes(content)
        jobs.restore("annotate_pair")
    assert done.returncode != 0, said[-3000:]
    where = "results/1_reference/population.vcf.gz"
    assert f"error: {where} is not in the pipeline's normal form: remove it" in said


ELSEWHERE = {
    ("reference", "bgzip"): "tests/reference/test_reference_conserved.py",
    ("bwa_index", "bwa index"): "the same; it takes a minute",
    ("align", "gatk BaseRecalibrator"): "off by default; reads are counted behind it",
    ("align", "gatk ApplyBQSR"): "the same",
    ("align", "samtools merge"): "samples of several libraries; reads are counted behind it",
    ("mutect2_filter", "tabix"): "FilterMutectCalls refuses what it cannot read",
    ("freebayes_join", "tabix"): "an index of calls, which no rule reads",
    ("pileup_join", "tabix"): "the same",
    ("annotate_pair", "bcftools view"): "a folder without a gene model",
    ("annotate_pair", "snpEff genome"): "the name of the database",
}
"""Tools that lie in another test, or in no folder of the slice."""


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".smk"], ids=str)
def test_every_tool_of_the_rules_lies_or_it_is_said_why_not(path):
    for rule, text in shell_blocks(path).items():
        shown = {
            f"{tool} {command}" if tool in WITH_COMMANDS else tool
            for tool, command in COMMAND.findall(re.sub(r"(trap '|--step \w+ ')[^']*'", "", text))
        }
        for tool in shown:
            assert (
                tool in LIARS.get(rule, {}) or (rule, tool) in UNSEEN or (rule, tool) in ELSEWHERE
            ), f"{rule}: {tool}"


def test_what_cannot_be_seen_is_said_in_the_documentation():
    docs = (CHECKOUT / "docs/robustness.md").read_text()
    for rule, tool in UNSEEN:
        assert f"| `{rule}` | `{tool}` |" in docs
