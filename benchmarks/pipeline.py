"""
Speed and memory of the whole pipeline, reads to tables and report, on two cores.

    .venv/bin/python benchmarks/pipeline.py --fasta CHR20.fa
    .venv/bin/python benchmarks/pipeline.py --pair FOLDER

Peers: the usual steps one after another by a plain shell script (benchmarks/plain_pipeline.sh: same
reads, tools and cores, GATK as its own launcher starts it), of whose wall time the pipeline may
need 0.45 and of whose CPU time 0.6, in no more memory; and nf-core/sarek 3.5.1 with the same
callers, which took 327 s, 485 CPU s and 7.2 GiB for a pair of 90 million bases of chr17:43.0-44.0
Mb (60x and 30x). For a pair of that size 110 s, 190 CPU s and 2.4 GiB are promised; a script of
streams without any manager needed 78 s and 132 CPU s there.

FOLDER holds a pair on one small reference:
    ref/genome.fa                    and its .fai
    ref/genes.gtf                    gene model
    ref/germline_resource.vcf.gz     and its .tbi; population resource with INFO/AF, known sites too
    fastq/tumour_R1.fastq.gz, tumour_R2.fastq.gz, normal_R1.fastq.gz, normal_R2.fastq.gz
Without one, such a pair of as many bases is simulated on half a megabase of the FASTA, which is
chromosome 20 of GRCh37.

CPU time is that of all descendants, orphans included, as the kernel counts it. Memory is the
largest sum of resident sets of all processes alive at a moment, looked at every fifth of a second;
what processes share counts for each. CPU time of a step is that of the shell which Snakemake starts
for it, last looked at a fifth of a second before its end; the manager is what remains.
Exit code 1: a floor was missed.
"""

import argparse
import ctypes
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pysam

from onconcord.demo.simulate import simulate

CHECKOUT = Path(__file__).resolve().parent.parent
CORES = 2
RATIOS = {"wall s": 0.45, "CPU s": 0.6, "peak GiB": 1.0}
FLOORS = {"wall s": 110.0, "CPU s": 190.0, "peak GiB": 2.4}
SAREK = {"wall s": 327.0, "CPU s": 485.0, "peak GiB": 7.2}
STREAMED = {"wall s": 78.0, "CPU s": 132.0}

STEPS = (
    (r"logs/1_reference/snpeff", "annotation"),
    (r"results/0_inputs", "reference and inputs"),
    (r"logs/1_reference", "reference and inputs"),
    (r"logs/3_alignments", "alignment"),
    (r"logs/4_qc", "QC, MultiQC included"),
    # The shell of a caller may have become the caller before it is looked at.
    (r"logs/5_calls| Mutect2 ", "calling"),
    (r"logs/7_annotated", "annotation"),
    (r"logs/6_evidence|logs/8_harmonised", "harmonising, recount included"),
)
MANAGER, REPORT = "manager", "report"

WINDOW_START0, WINDOW_BP, REGION_BP = 30_600_000, 500_000, 2_000
GERMLINE_PER_REGION = 4

CONFIG = """centre: BENCH
reference: {{fasta: {pair}/ref/genome.fa, genes: {pair}/ref/genes.gtf}}
assays: {{window: {{qc: window}}}}
resources: {{population: {pair}/ref/germline_resource.vcf.gz}}
"""
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Cost:
    """What commands took: seconds, CPU seconds, GiB, and CPU seconds by step."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    by_step: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, float]:
        return {"wall s": self.wall, "CPU s": self.cpu, "peak GiB": self.peak}


class Watch(threading.Thread):
    """Looks at a process and its descendants until it is told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._over = threading.Event()
        self._jobs: dict[psutil.Process, tuple[str, float]] = {}
        self.peak_bytes = 0

    def run(self) -> None:
        while not self._over.wait(0.2):
            try:
                self._look()
            except psutil.NoSuchProcess:
                continue

    def _look(self) -> None:
        resident, used, job_of = _resident(self._root), Counter[psutil.Process](), {}
        # Parents come before their children.
        for one in self._root.children(recursive=True):
            parent = _parent_of(one)
            job = one if parent == self._root.pid else job_of.get(parent, one)
            job_of[one.pid] = job
            resident += _resident(one)
            used[job] += _cpu_of(one)
        self.peak_bytes = max(self.peak_bytes, resident)
        for job, now in used.items():
            step, before = self._jobs.get(job, (MANAGER, 0.0))
            # A job that has only just been forked still has the words of the manager.
            step = _step_of(job) if step == MANAGER else step
            self._jobs[job] = (step, max(before, now))

    def stop(self) -> Counter[str]:
        """End the watch; CPU seconds by step."""
        self._over.set()
        self.join()
        spent = Counter[str]()
        for step, used in self._jobs.values():
            spent[step] += used
        return spent


def _parent_of(process: psutil.Process) -> int:
    try:
        return int(process.ppid())
    except psutil.Error:
        return 0


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and of those it has waited for."""
    try:
        return sum(process.cpu_times()[:4])
    except psutil.Error:
        return 0.0


def _step_of(job: psutil.Process) -> str:
    """The step whose file a job's shell names first; the manager, where it names none."""
    try:
        words = " ".join(job.cmdline())
    except psutil.Error:
        return MANAGER
    found = [(match.start(), name) for text, name in STEPS if (match := re.search(text, words))]
    return min(found)[1] if found else MANAGER


def measure(command: list[object], log: Path) -> Cost:
    """
    Run a command to its end.

    Raises:
        SystemExit: the command failed; the end of its log is shown.
    """
    # Whoever loses its parent becomes our child, so that its CPU time is not lost.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, started = _cpu_of_children(), time.monotonic()
    with log.open("w") as file:
        process = subprocess.Popen([str(word) for word in command], stdout=file, stderr=file)
    watch = Watch(process.pid)
    watch.start()
    code = process.wait()
    wall = time.monotonic() - started
    spent = watch.stop()
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    if code:
        print(log.read_text()[-3000:], file=sys.stderr)
        sys.exit(f"error: {command[0]} ended with exit code {code}")
    return Cost(wall, _cpu_of_children() - before, watch.peak_bytes / 2**30, spent)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_plain(pair: Path, work: Path) -> Cost:
    script = CHECKOUT / "benchmarks/plain_pipeline.sh"
    return measure([script, pair, work / "plain"], work / "plain.log")


def run_onconcord(pair: Path, work: Path) -> Cost:
    """Snakemake to the tables of the pair, then the report; with CPU seconds by step."""
    folder = work / "onconcord"
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG.format(pair=pair))
    lines = ["patient\tsample\trole\tread_group\tfastq_1\tfastq_2"]
    for role in ("tumour", "normal"):
        mates = "\t".join(f"{pair}/fastq/{role}_R{mate}.fastq.gz" for mate in (1, 2))
        lines.append(f"PATIENT\t{role}-bench\t{role}\tL1\t{mates}")
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    run = measure(
        [
            *("snakemake", "--snakefile", CHECKOUT / "Snakefile", "--directory", folder),
            *("--profile", CHECKOUT / "profiles/default", "--cores", CORES),
        ],
        work / "onconcord.log",
    )
    report = measure(["onconcord", "report", folder], work / "report.log")
    steps = run.by_step
    steps[MANAGER] = 0
    steps[MANAGER] = run.cpu - steps.total()
    steps[REPORT] = report.cpu
    return Cost(
        run.wall + report.wall, run.cpu + report.cpu, max(run.peak, report.peak), run.by_step
    )


def simulate_pair(chr20: Path, folder: Path) -> None:
    """A pair in `folder`: half a megabase around ASXL1, 110x and 70x, 1,000 germline variants."""
    for name in ("ref", "fastq", "truth"):
        (folder / name).mkdir(parents=True)
    with pysam.FastaFile(str(chr20)) as genome:
        bases = genome.fetch("20", WINDOW_START0, WINDOW_START0 + WINDOW_BP).upper()
    fasta = folder / "ref/genome.fa"
    fasta.write_text(f">20\n{bases}\n")
    pysam.faidx(str(fasta))
    _write_genes(folder / "ref/genes.gtf")
    _write_truth(bases, folder / "truth", folder / "ref/germline_resource.vcf")
    simulate(fasta, folder / "truth", folder / "fastq", CORES, frozenset(), frozenset())
    for role in ("tumour", "normal"):
        for mate in (1, 2):
            made = folder / f"fastq/{role}_L1_{mate}.fq.gz"
            made.rename(folder / f"fastq/{role}_R{mate}.fastq.gz")


def _write_genes(path: Path) -> None:
    """The demo's genes that lie in the window, in its coordinates."""
    lines = []
    for line in (CHECKOUT / "resources/demo/genes.gtf").read_text().splitlines():
        fields = line.split("\t")
        start, end = (int(fields[place]) - WINDOW_START0 for place in (3, 4))
        if start > 0 and end <= WINDOW_BP:
            lines.append("\t".join((*fields[:3], str(start), str(end), *fields[5:])))
    path.write_text("\n".join(lines) + "\n")


def _write_truth(bases: str, truth: Path, population: Path) -> None:
    """
    What simulate wants: cohort, targets, variants.

    Each region of REGION_BP has four germline variants, nine in ten of which the population
    resource knows, two sites of other people's, and four regions in five a somatic one.
    """
    draw = np.random.default_rng(20)
    germline, somatic, known, targets = [], [], [], []
    for number, start0 in enumerate(range(0, WINDOW_BP, REGION_BP)):
        # Regions stand a base apart: where they met, simulate would make one of them.
        targets.append(f"20\t{start0 + 350}\t{start0 + REGION_BP - 351}\tregion{number}")
        for place in range(GERMLINE_PER_REGION + 3):
            pos = start0 + 100 + 250 * place + int(draw.integers(100))
            ref, alt = _variant(bases, pos, draw)
            frequency = f"{draw.uniform(0.01, 0.5):.3f}"
            site = f"20\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\tAF={frequency}"
            if place < GERMLINE_PER_REGION:
                which = ("1", "2", "both")[draw.integers(3)]
                germline.append(f"BENCH\t20\t{pos}\t{ref}\t{alt}\t{which}\t{frequency}")
                if draw.random() < 0.9:
                    known.append(site)
            elif place > GERMLINE_PER_REGION:
                known.append(site)
            elif number % 5:
                somatic.append(f"tumour\t20\t{pos}\t{ref}\t{alt}\t0.4\t\t\t")
    tables = {
        "cohort.tsv": [
            "sample\tpatient\trole\tlanes",
            *(f"{role}\tBENCH\t{role}\t1" for role in ("tumour", "normal")),
        ],
        "targets.bed": targets,
        "germline.tsv": [
            "patient\tchrom\tpos\tref\talt\thaplotype\tpopulation_af",
            *germline,
        ],
        "somatic.tsv": ["sample\tchrom\tpos\tref\talt\tvaf\tclass\tgene\tnote", *somatic],
    }
    for name, lines in tables.items():
        (truth / name).write_text("\n".join(lines) + "\n")
    header = [
        "##fileformat=VCFv4.2",
        f"##contig=<ID=20,length={WINDOW_BP}>",
        '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    population.write_text("\n".join([*header, *known]) + "\n")
    pysam.tabix_index(str(population), preset="vcf", force=True)


def _variant(bases: str, pos: int, draw: np.random.Generator) -> tuple[str, str]:
    """REF and ALT at a 1-based position: a base for another, or in one of seven one to five more
    or less."""
    ref = bases[pos - 1]
    if draw.random() < 0.85:
        return ref, "ACGT".replace(ref, "")[draw.integers(3)]
    length = int(draw.integers(1, 6))
    if draw.random() < 0.5:
        return ref, ref + "".join("ACGT"[number] for number in draw.integers(0, 4, length))
    return bases[pos - 1 : pos + length], ref


def show(plain: Cost, ours: Cost) -> bool:
    """Print figures, ratios and steps; whether every floor was kept."""
    kept = True
    columns = ("", "onconcord", "plain script", "ratio", "at most", "promised", "sarek 3.5.1")
    print("".join(f"{name:>14}" for name in columns))
    for name, value in ours.figures().items():
        peer = plain.figures()[name]
        ratio = value / peer
        kept &= ratio <= RATIOS[name] and value <= FLOORS[name]
        row = (name, f"{value:.1f}", f"{peer:.1f}", f"{ratio:.2f}", f"{RATIOS[name]:.2f}")
        print("".join(f"{word:>14}" for word in (*row, FLOORS[name], SAREK[name])))
    print(f"memory is the sum of resident sets; a script of streams, no manager: {STREAMED}")
    print("CPU s of onconcord by step:")
    for step, used in ours.by_step.most_common():
        print(f"{used:8.1f} {used / ours.cpu:5.0%}  {step}")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--fasta", type=Path, help="chromosome 20 of GRCh37, to simulate a pair on")
    source.add_argument("--pair", type=Path, help="folder of a pair")
    args = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    tools = [str(CHECKOUT / ".tools/bin"), str(Path(sys.executable).parent)]
    os.environ["PATH"] = os.pathsep.join([*tools, os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        pair = args.pair.resolve() if args.pair else work / "pair"
        if not args.pair:
            simulate_pair(args.fasta, pair)
        kept = show(run_plain(pair, work), run_onconcord(pair, work))
    if not kept:
        print("a floor was missed", file=sys.stderr)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
