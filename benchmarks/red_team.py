"""
The red team: thousands of inherited alleles in disguise, from reads to releases, and none in them.

    .venv/bin/python benchmarks/red_team.py                     # 24 patients with 100 alleles each

Patients are simulated (`onconcord.accuracy.inherited`), processed by the pipeline of this checkout,
and released in the tiers consortium and open. Each byte of both releases is searched.

Exit code 1: an inherited allele is in a release, or no somatic variant is.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import polars as pl

from onconcord.accuracy.inherited import CENTRE, Patient, write_folder
from onconcord.accuracy.leaks import inside, leaks
from onconcord.accuracy.profiles import read_plan
from onconcord.errors import ToolError
from onconcord.reference.sequence import Genome
from onconcord.release import build_release, order_of_folder
from onconcord.release.key import load_key, new_key
from onconcord.release.pseudonyms import Pseudonymiser
from onconcord.verify import verify_release

CHECKOUT = Path(__file__).resolve().parent.parent
FASTA = CHECKOUT / ".tools/demo/reference/chr20.fa"
PROFILE = "clean-100x-40x"
SURE = 3.0
"""Of n sites without one that leaks, at most SURE / n leak, with 95 % confidence."""


def run_pipeline(folder: Path, cores: int) -> None:
    """
    Reads to tables.

    Raises:
        ToolError: a pair has no tables.
    """
    tools = [str(CHECKOUT / ".tools/bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")),
        *("--directory", str(folder), "--profile", str(CHECKOUT / "profiles/default")),
        *("--cores", str(cores), "tables"),
    ]
    with (folder / "run.log").open("w") as log:
        done = subprocess.run(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": os.pathsep.join(tools)},
            check=False,
        )
    if done.returncode:
        raise ToolError(f"the pipeline failed: see {folder}/run.log")


def release_and_search(folder: Path, people: list[Patient], tier: str) -> tuple[list[str], int]:
    """What a release of a tier shows of inherited alleles, and its rows of somatic ones."""
    key = folder / "red-team.key"
    if not key.exists():
        new_key(key)
    out = folder / f"release-{tier}"
    order = order_of_folder(
        folder,
        centre=CENTRE,
        pairs=[one.name for one in people],
        name="red-team",
        tier=tier,
        out=out,
        key_file=key,
    )
    build_release(order)
    names = Pseudonymiser(load_key(key, CENTRE), CENTRE)
    found = leaks(out, folder, people, lambda pair: names("sample", pair))
    found += [str(fault) for _, fault in verify_release(out).faults]
    table = "aggregate_variant" if tier == "open" else "small_variant"
    rows = sum(pl.read_parquet(path).height for path in (out / table).rglob("*.parquet"))
    return found, rows


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=24, help="every sixth without a normal")
    parser.add_argument("--places", type=int, default=100, help="inherited alleles of each patient")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument("--cores", type=int, default=2, help="cores to use")
    parser.add_argument("--folder", type=Path, help="where it all goes; it is kept then")
    parser.add_argument("--tiers", nargs="+", default=["consortium", "open"], help="what is made")
    args = parser.parse_args(argv)
    profile = next(
        one
        for one in read_plan(CHECKOUT / "config/accuracy/profiles.yaml").profiles
        if one.name == PROFILE
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary) / "red-team"
        people = write_folder(folder, Genome(FASTA), profile, args.patients, args.places, args.seed)
        run_pipeline(folder, args.cores)
        known = inside(folder, people)
        figures = {**asdict(known), "at_most_by_rule_of_three": SURE / known.sites}
        missed = False
        for tier in args.tiers:
            found, rows = release_and_search(folder, people, tier)
            figures |= {f"{tier}_rows": rows, f"{tier}_leaks": len(found)}
            for one in found:
                print(f"{tier}: {one}", file=sys.stderr)
            missed |= bool(found) or not rows
    print(json.dumps(figures, indent=1))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
