"""Runs of the pipeline on the slice of the demo, for the tests that need one."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import yaml

from onconcord.inputs import config as configuration

CHECKOUT = Path(__file__).resolve().parents[2]
DEMO = CHECKOUT / "resources/demo"
REFERENCE = CHECKOUT / ".tools/demo/reference"
# A copy of a finished folder is another place, which alone would make Snakemake do all again.
AS_IT_IS = ("--rerun-triggers", "mtime")
OUTSIDE_EQUIVALENCE = {"run", "tool", "input_file"}


def command(folder, *words, cores=2):
    """Words that start the pipeline in a folder."""
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")),
        *("--directory", str(folder), "--cores", str(cores), *words),
    ]


def environment(tools=None):
    """The environment of a run; programs of the folder `tools` hide those of their name."""
    path = [str(tools)] if tools else []
    return {**os.environ, "PATH": os.pathsep.join([*path, os.environ["PATH"]])}


def snakemake(folder, *words, cores=2, check=True, tools=None):
    """Run the pipeline in a folder; returns what it printed, both streams as `stdout`."""
    done = subprocess.run(
        command(folder, *words, cores=cores),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(tools),
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout[-9000:]
    return done


def jobs(folder, *words):
    """Number of jobs of each rule that a dry run would start."""
    table = snakemake(folder, "--dry-run", *words).stdout.split("Job stats:")
    counts = {}
    if len(table) > 1:
        for line in table[1].splitlines()[3:]:
            cells = line.split()
            if len(cells) != 2 or not cells[1].isdigit():
                break
            counts[cells[0]] = int(cells[1])
    counts.pop("total", None)
    return counts


def working_folder(folder, a_slice, pairs=("TUM-A01", "TUM-B02")):
    """A working folder of some pairs of the slice; its reads are those of the slice."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.yaml", "targets.bed", "genes.gtf"):
        shutil.copy2(a_slice / name, folder)
    if not (folder / "reads").exists():
        (folder / "reads").symlink_to(a_slice / "reads")
    patients = {f"PAT-{pair.removeprefix('TUM-')}" for pair in pairs}
    with (a_slice / "samples.tsv").open(newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    kept = [row for row in rows if row[header.index("patient")] in patients]
    (folder / "samples.tsv").write_text("".join("\t".join(row) + "\n" for row in (header, *kept)))
    return folder


def copy_of(finished, folder):
    """
    A copy of a finished folder, to be run with AS_IT_IS.

    Its configuration names the files of the original: other paths are other settings, which would
    make everything again.
    """
    shutil.copytree(finished, folder, symlinks=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(configuration.load(finished)))
    return folder


def digests(folder, pair="*"):
    """Content digest of every table that counts for equivalence, by pair and table."""
    return {
        (path.parent.name, table): entry["content_sha256"]
        for path in folder.glob(f"results/8_harmonised/{pair}/MANIFEST.json")
        for table, entry in json.loads(path.read_text())["tables"].items()
        if table not in OUTSIDE_EQUIVALENCE
    }


def table(folder, pair, name):
    return pl.read_parquet(folder / f"results/8_harmonised/{pair}/{name}.parquet")


def program(path, text):
    """Write a shell program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
