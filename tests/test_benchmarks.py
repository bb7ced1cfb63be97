"""Every benchmark runs; that of the pipeline counts all that ran, and fails on a missed floor."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from annotated_vcf import write_fasta

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
MEASURE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from pipeline import measure
cost = measure(["bash", "-c", sys.argv[2]], Path(sys.argv[3]))
print(json.dumps({**cost.figures(), **cost.by_step}))
"""
SPIN = """
import time
while time.process_time() < 0.5: pass
open('used', 'a').write(str(time.process_time()))
"""
HOLD = """
import os, time
held = b'x' * (100 << 20)
open(str(os.getpid()), 'w')
while len(os.listdir()) < 2: time.sleep(0.05)
time.sleep(1.5)
"""

SMALLEST = {
    "gene_model": (["--genes", "20"], "250 transcripts"),
    "harmonise": (["--records", "400", "--fasta", "genome.fa"], "bcftools norm and cyvcf2"),
    "merge": (["--rows", "2000"], "CPU s"),
    "open_tier": (["--patients", "70", "140"], "share_of_counts"),
    "scale": (["--rows", "2000"], "floor"),
    "vrs_digest": (["--variants", "50", "--rows", "50", "--fasta", "genome.fa"], "differing 0"),
    # These run the pipeline or what it made; what they import has to be there all the same.
    "annotators": (["--help"], "--folder"),
    "pipeline": (["--help"], "--fasta"),
    "red_team": (["--help"], "--places"),
}
"""The smallest size of each benchmark, and words of the last thing it prints."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_every_benchmark_runs_at_its_smallest_size(name, tmp_path):
    arguments, words = SMALLEST[name]
    bases = "".join(random.Random(5).choices("ACGT", k=120_000))
    write_fasta(tmp_path / "genome.fa", {"20": bases})
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    # A floor may be missed at this size, with exit code 1; a traceback has that code too.
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1)
    assert words in done.stdout


@pytest.fixture
def measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spin.py").write_text(SPIN)

    def run(script):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(BENCHMARKS), script, str(tmp_path / "log")],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr, json.loads(done.stdout or "{}")

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(f'bash -c "{sys.executable} spin.py; true"', id="a grandchild"),
        pytest.param(f"({sys.executable} spin.py &)", id="an orphan"),
    ],
)
def test_the_time_of_every_descendant_counts_once(measured, script, tmp_path):
    _, _, cost = measured(script)
    used = float((tmp_path / "used").read_text())
    assert used <= cost["CPU s"] < 2 * used


@pytest.mark.slow
def test_the_memory_of_processes_alive_together_is_summed(measured, tmp_path):
    (tmp_path / "alive").mkdir()
    hold = f"{sys.executable} ../hold.py"
    (tmp_path / "hold.py").write_text(HOLD)
    _, _, cost = measured(f"cd alive; {hold} & {hold} & wait")
    assert 0.2 < cost["peak GiB"] < 0.3


@pytest.mark.slow
def test_time_goes_to_the_step_whose_log_a_job_names(measured):
    _, _, cost = measured(
        f": logs/5_calls/x; bash -c ': logs/4_qc/x; {sys.executable} spin.py; true'; true"
    )
    steps = cost.keys() - {"wall s", "CPU s", "peak GiB"}
    assert max(steps, key=cost.get) == "QC, MultiQC included"
    assert sum(cost[step] for step in steps) <= cost["CPU s"]


def test_a_command_that_fails_ends_the_benchmark_with_its_last_words(measured):
    code, error, _ = measured("echo what went wrong; exit 3")
    assert (code, error) == (1, "what went wrong\n\nerror: bash ended with exit code 3\n")


@pytest.mark.parametrize(
    ("ours", "kept"),
    [
        pytest.param((40.0, 60.0, 1.0), True, id="every floor kept"),
        pytest.param((46.0, 60.0, 1.0), False, id="too long"),
        pytest.param((40.0, 61.0, 1.0), False, id="too much work"),
        pytest.param((40.0, 60.0, 1.1), False, id="too much memory"),
    ],
)
def test_a_missed_ratio_fails(monkeypatch, capsys, ours, kept):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from pipeline import Cost, show

    assert show(Cost(100.0, 100.0, 1.0), Cost(*ours)) is kept


@pytest.mark.parametrize(
    "ours", [(111.0, 1.0, 1.0), (1.0, 191.0, 1.0), (1.0, 1.0, 2.5)], ids=["wall", "CPU", "memory"]
)
def test_a_missed_floor_fails_though_the_ratio_is_kept(monkeypatch, capsys, ours):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from pipeline import Cost, show

    assert not show(Cost(1000.0, 1000.0, 10.0), Cost(*ours))
