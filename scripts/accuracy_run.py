"""
Prove the decision: simulated pairs with a known truth, the pipeline, and its scores by rules.

Exit code 1: a rule is broken; the summary says which.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from onconcord.accuracy.cohort import Folder, Sources, write_cohort
from onconcord.accuracy.profiles import PURPOSES, Plan, read_plan
from onconcord.accuracy.proof import (
    BrokenRules,
    baseline_of,
    broken_rules,
    score,
    table_text,
    write_all,
)
from onconcord.errors import ToolError
from onconcord.files import write_text
from onconcord.reference.sequence import Genome
from onconcord.report.accuracy_page import write_page
from onconcord.runtime.script import script

CHECKOUT = Path(__file__).resolve().parent.parent
PLAN = CHECKOUT / "config/accuracy/profiles.yaml"
BASELINE = CHECKOUT / "resources/accuracy/baseline.json"
STAGES = (
    *("0_inputs", "1_reference", "3_alignments", "4_qc", "5_calls"),
    *("6_evidence", "7_annotated", "8_harmonised"),
)
REFERENCE = CHECKOUT / ".tools/demo/reference"
SOURCES = Sources(
    fasta=REFERENCE / "chr20.fa",
    bwa_index=REFERENCE / "bwa/chr20",
    exome=CHECKOUT / "resources/accuracy/exome.bed",
    genes=CHECKOUT / "resources/demo/genes.gtf",
)


def folders(plan: Plan, purpose: str, out: Path) -> list[Folder]:
    """Working folders of a purpose: one for each assay and seed."""
    return [
        Folder(plan, assay, seed, purpose, out / f"{purpose}-{assay.name}-{seed}")
        for seed in plan.seeds[purpose]
        for assay in plan.assays.values()
    ]


def run_pipeline(folder: Path, cores: int, keep_calls: bool) -> None:
    """
    Reads to tables by this checkout's code.

    Raises:
        ToolError: a pair has no tables.
    """
    made = STAGES[5:] if keep_calls else STAGES
    for stage in made:
        shutil.rmtree(folder / "results" / stage, ignore_errors=True)
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")),
        *("--directory", str(folder), "--profile", str(CHECKOUT / "profiles/default")),
        # Snakemake looks at waiting jobs once in a timespan for each job that it started: with its
        # default, a second, the manager takes a quarter of a core from several hundred jobs.
        *("--max-jobs-per-timespan", "1000/10s"),
        *("--cores", str(cores), "tables"),
    ]
    log = folder / "run.log"
    with log.open("w") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise ToolError(f"the pipeline failed in {folder}:\n{log.read_text()[-3000:]}")


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purpose", choices=PURPOSES, default="score", help="whose seeds")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "accuracy", help="where it all goes")
    parser.add_argument("--cores", type=int, default=2, help="cores to use")
    parser.add_argument("--plan", type=Path, default=PLAN, help="profiles and seeds")
    parser.add_argument("--baseline", type=Path, default=BASELINE, help="what it is held to")
    parser.add_argument("--new-baseline", action="store_true", help="hold later runs to this one")
    parser.add_argument("--keep-calls", action="store_true", help="callers and reads are as before")
    args = parser.parse_args(argv)
    os.environ["PATH"] = os.pathsep.join(
        [str(CHECKOUT / ".tools/bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    plan = read_plan(args.plan)
    made = folders(plan, args.purpose, args.out)
    for folder in made:
        print(f"{folder.path.name}: reads", flush=True)
        write_cohort(folder, SOURCES, args.cores)
        print(f"{folder.path.name}: pipeline", flush=True)
        run_pipeline(folder.path, args.cores, args.keep_calls)
    scored = score(plan, Genome(SOURCES.fasta), [folder.path for folder in made])
    baselines = json.loads(args.baseline.read_text()) if args.baseline.exists() else {}
    if args.new_baseline:
        baselines[args.purpose] = baseline_of(scored)
        write_text(args.baseline, json.dumps(baselines, indent=1) + "\n")
    broken = broken_rules(scored, baselines.get(args.purpose, {}), args.purpose != "slice")
    write_all(scored, broken, args.out)
    write_page(scored, broken, args.out / "accuracy.html")
    print(table_text(scored))
    if broken:
        raise BrokenRules("\n".join(broken))


if __name__ == "__main__":
    sys.exit(main())
