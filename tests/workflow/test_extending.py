"""What docs/architecture.md says of adding something is done, word for word, in a copy, and run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

from onconcord.qc.thresholds import METRICS
from pipeline_runs import AS_IT_IS, CHECKOUT, copy_of, program, table

PAGE = (CHECKOUT / "docs/architecture.md").read_text(encoding="utf-8")
PAIR = "TUM-B02"
pytestmark = pytest.mark.e2e


def steps(section):
    """Language and text of each block of code in a section of the page."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


class Copy:
    """A copy of the checkout that its own package is run from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=CHECKOUT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (CHECKOUT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(CHECKOUT / name, folder / name)
        (folder / ".tools").symlink_to(CHECKOUT / ".tools")
        # make docs without the installation that comes before it.
        program(
            folder.parent / "bin/make", f'[ "$*" = docs ] && exec {sys.executable} scripts/docs.py'
        )
        path = [str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        # No bytecode: a file that changes twice within a second would be taken for unchanged.
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": str(folder / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, *words):
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:]
        return done.stdout

    def extend(self, section):
        """Do what a section says."""
        for language, text in steps(section):
            if language == "sh":
                self.run("bash", "-euo", "pipefail", "-c", text)
            else:
                patch = self.folder.parent / "step.diff"
                patch.write_text(text)
                self.run("git", "apply", "--verbose", patch)

    def test(self, *paths):
        self.run(sys.executable, "-m", "pytest", "-q", "-m", "not e2e and not slow", *paths)

    def make(self, folder, *targets):
        """Make results of a working folder that the checkout itself has finished."""
        words = ["--snakefile", self.folder / "Snakefile", "--directory", folder, "--cores", "2"]
        return self.run(*(sys.executable, "-m", "snakemake", *words, *targets, *AS_IT_IS))


@pytest.fixture
def extended(tmp_path):
    return Copy(tmp_path / "checkout")


@pytest.fixture
def work(finished, tmp_path):
    return copy_of(finished, tmp_path / "w")


def drop(folder, *paths):
    for path in paths:
        target = folder / "results" / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()


def test_a_caller(extended, work):
    extended.extend("Add a caller")
    extended.test(
        "tests/calls", "tests/workflow/test_workflow_text.py", "tests/runtime/test_written_pages.py"
    )
    config = yaml.safe_load((work / "config.yaml").read_text())
    config["callers"].append("mine")
    (work / "config.yaml").write_text(yaml.safe_dump(config))
    drop(work, f"6_evidence/{PAIR}.evidence.parquet")
    extended.make(work, f"results/6_evidence/{PAIR}.evidence.parquet")
    found = pl.read_parquet(work / f"results/6_evidence/{PAIR}.evidence.parquet")
    mine, other = (found.filter(pl.col("caller") == name) for name in ("mine", "freebayes"))
    assert mine.height > 0
    assert mine.drop("caller").equals(other.drop("caller"))


def test_a_table(extended, work):
    extended.extend("Add a table")
    extended.test("tests/contract", "tests/runtime/test_written_pages.py")
    drop(work, f"8_harmonised/{PAIR}", "9_release/DEMO-B.json")
    extended.make(work, "results/9_release/DEMO-B.json")
    bed = (work / "results/1_reference/assays/exome/targets.bed").read_text().splitlines()
    size = sum(int(line.split("\t")[2]) - int(line.split("\t")[1]) for line in bed)
    rows = table(work, PAIR, "target_contig")
    assert rows.select("pair_id", "chrom", "target_bp").rows() == [(PAIR, "chr20", size)]
    release = work / "results/9_release/DEMO-B"
    (released,) = (release / "target_contig").rglob("*.parquet")
    assert pl.read_parquet(released)["target_bp"].to_list() == [size]
    extended.run(sys.executable, "-m", "onconcord", "verify", release)


def test_a_metric(extended, work):
    assert "mapped_reads" not in METRICS
    extended.extend("Add a metric")
    extended.test("tests/qc", "tests/runtime/test_written_pages.py")
    qc = f"results/4_qc/pairs/{PAIR}.qc.json"
    (work / qc).unlink()
    extended.make(work, qc)
    metrics = json.loads((work / qc).read_text())["metrics"]
    (row,) = [one for one in metrics if one["metric_id"] == "mapped_reads"]
    stats = (work / f"results/4_qc/samples/exome/{PAIR}.stats.txt").read_text()
    assert row["value"] == float(re.search(r"^SN\treads mapped:\t(\d+)", stats, re.M)[1])
    assert (row["entity_id"], row["unit"], row["status"]) == (PAIR, "{reads}", "NA")


def test_a_decision_rule(extended, work):
    extended.extend("Add a decision rule")
    drop(work, f"8_harmonised/{PAIR}")
    extended.make(work, f"results/8_harmonised/{PAIR}/MANIFEST.json")
    (rule,) = re.findall(r'^\+ +"(onconcord\.\w+)",$', PAGE, re.M)
    defined = table(work, PAIR, "filter_definition").filter(filter_id=rule)
    assert defined["effect"].to_list() == ["flag"]
    small = table(work, PAIR, "small_variant")
    flagged = small.filter(pl.col("filters").list.contains(rule))
    few = small.filter(pl.col("tumor_alt_count") < 40)
    assert flagged.height == few.height > 0
