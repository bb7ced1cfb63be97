"""Run the demo: reads of two centres to a pooled, verified release and a report."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
DEMO = CHECKOUT / "demo"
DATA = CHECKOUT / ".tools/demo"
ONCONCORD = [sys.executable, "-m", "onconcord"]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=2, help="cores to use")
    args = parser.parse_args(argv)
    started = time.monotonic()

    def step(words: str, *commands: list[object], fine: tuple[int, ...] = (0,)) -> None:
        """Run commands side by side; a code that is not fine ends the demo with it."""
        print(f"[{time.monotonic() - started:4.0f} s] {words}", flush=True)
        running = [
            subprocess.Popen([str(word) for word in command], cwd=CHECKOUT) for command in commands
        ]
        codes = [process.wait() for process in running]
        if bad := [code for code in codes if code not in fine]:
            sys.exit(bad[0])

    os.environ["PATH"] = os.pathsep.join(
        [str(CHECKOUT / ".tools/bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    scripts = CHECKOUT / "scripts"
    reference = [scripts / "demo_reference.sh", DATA / "reference"]
    step("human chromosome 20 of GRCh37", [*reference, "fasta"])
    step(
        "its index, and beside it the reads of eight samples",
        [*reference, "index"],
        [
            *(sys.executable, scripts / "demo_reads.py"),
            *("--reference", DATA / "reference/chr20.fa"),
            *("--demo", CHECKOUT / "resources/demo", "--out", DATA / "reads", "--cores", 1),
        ],
    )
    step("preflight", [*ONCONCORD, "check", DEMO])
    step(
        "reads to tables and releases of both centres",
        [
            *("snakemake", "--snakefile", CHECKOUT / "Snakefile", "--directory", DEMO),
            *("--profile", CHECKOUT / "profiles/default", "--cores", args.cores),
        ],
    )
    releases = [DEMO / "results/9_release" / centre for centre in ("DEMO-A", "DEMO-B")]
    release = DEMO / "release"
    step("pool the two centres", [*ONCONCORD, "pool", *releases, "--out", release])
    step(
        "verify the pooled release; write the report",
        [*ONCONCORD, "verify", release],
        [*ONCONCORD, "report", DEMO, "--out", DEMO / "report.html"],
    )
    step(
        "explain one driver",
        [*ONCONCORD, "explain", "TUM-B02", "ASXL1:p.Gly646fs", "--in", DEMO],
    )
    step(
        "compare the two callers, variant by variant",
        [
            *(*ONCONCORD, "compare", release, "--callers", "mutect2", "freebayes"),
            *("--html", DEMO / "compare.html"),
        ],
        fine=(0, 1),  # 1 says that they differ, which two callers do
    )
    truth = CHECKOUT / "resources/demo/somatic.tsv"
    step("summary", [*ONCONCORD, "summary", DEMO, "--truth", truth, "--release", release])
    step("certify this installation", [*ONCONCORD, "certify", DEMO])
    step("verify the certificate", [*ONCONCORD, "verify", DEMO / "certificate.json"])
    print(f"[{time.monotonic() - started:4.0f} s] done: {release}, {DEMO / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
