"""
Prove the decision: simulated pairs with a known truth, the pipeline, and its scores by rules.

Exit code 1: a rule is broken; the summary says which.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from onconcord.accuracy.cohort import Folder, Sources, write_cohort
from onconcord.accuracy.profiles import PURPOSES, Plan, read_plan
from onconcord.accuracy.proof import baseline_of, broken_rules, score, table_text, write_all
from onconcord.errors import OnconcordError
from onconcord.files import whole_file
from onconcord.reference.sequence import Genome
from onconcord.report.accuracy_page import write_page

CHECKOUT = Path(__file__).resolve().parent.parent
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


def run_pipeline(folder: Path, cores: int) -> None:
    """Reads to tables; what is there already stays."""
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")),
        *("--directory", str(folder), "--profile", str(CHECKOUT / "profiles/default")),
        *("--cores", str(cores), "tables"),
    ]
    log = folder / "run.log"
    with log.open("w") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        print(log.read_text()[-4000:], file=sys.stderr)
        sys.exit(3)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purpose", choices=PURPOSES, default="score", help="whose seeds")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "accuracy", help="where it all goes")
    parser.add_argument("--cores", type=int, default=2, help="cores to use")
    parser.add_argument("--plan", type=Path, default=CHECKOUT / "config/accuracy/profiles.yaml")
    parser.add_argument(
        "--baseline", type=Path, default=CHECKOUT / "resources/accuracy/baseline.json"
    )
    parser.add_argument("--new-baseline", action="store_true", help="write this run's as baseline")
    args = parser.parse_args(argv)
    os.environ["PATH"] = os.pathsep.join(
        [str(CHECKOUT / ".tools/bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    try:
        plan = read_plan(args.plan)
        made = folders(plan, args.purpose, args.out)
        for folder in made:
            print(f"{folder.path.name}: reads", flush=True)
            write_cohort(folder, SOURCES, args.cores)
            print(f"{folder.path.name}: pipeline", flush=True)
            run_pipeline(folder.path, args.cores)
        scored = score(plan, Genome(SOURCES.fasta), [folder.path for folder in made])
        baselines = json.loads(args.baseline.read_text()) if args.baseline.exists() else {}
        if args.new_baseline:
            baselines[args.purpose] = baseline_of(scored)
            with whole_file(args.baseline) as path:
                path.write_text(json.dumps(baselines, indent=1) + "\n")
        whole = args.purpose != "slice"
        said = broken_rules(scored, baselines.get(args.purpose, {}), whole)
        write_all(scored, said, args.out)
        write_page(scored, said, args.out / "accuracy.html")
    except OnconcordError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(table_text(scored))
    for sentence in said:
        print(f"broken: {sentence}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
