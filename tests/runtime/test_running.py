"""A run is cut into chunks of patients, and ends with a code that says how it went."""

import os
import shutil

import pytest
from typer.testing import CliRunner

from onconcord.cli import app
from onconcord.inputs import preflight
from onconcord.runtime import running
from small_folder import write_fastq


def big_cohort(folder, patients):
    rows = ["patient\tsample\trole\tread_group\tfastq_1\tfastq_2"]
    for number in range(patients):
        for role in ("tumour", "normal"):
            cells = [f"P{number:03}", f"{role}{number:03}", role, "L1", f"{role}{number}_1", "x"]
            rows.append("\t".join(cells))
    (folder / "samples.tsv").write_text("\n".join(rows))
    return preflight.cohorts.check(folder)[0]


def test_a_large_cohort_is_run_in_chunks_of_patients_and_then_as_a_whole(folder):
    started = []
    cohort = big_cohort(folder, 60)
    running.run(cohort, 2, ["--keep-going"], start=lambda words: started.append(words) or 0)
    targets = [words[9:-1] for words in started]
    assert [len(found) for found in targets] == [25, 25, 10, 1]
    assert targets[0][0] == "results/8_harmonised/tumour000/MANIFEST.json"
    assert targets[3] == ["all"]
    assert {words[-1] for words in started} == {"--keep-going"}
    assert len({target for found in targets[:3] for target in found}) == 60


def test_a_small_cohort_is_one_run(folder):
    started = []
    running.run(big_cohort(folder, 3), 2, start=lambda words: started.append(words) or 0)
    assert [words[-3:] for words in started] == [["--cores", "2", "all"]]


def test_a_chunk_that_fails_leaves_the_others_and_ends_before_the_release(folder):
    codes = iter([0, 1, 0])
    outcome = running.run(big_cohort(folder, 60), 2, start=lambda words: next(codes))
    assert outcome.commands_failed == 1
    assert len(outcome.unfinished) == 60


def test_a_home_that_cannot_be_written_is_not_needed(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("HOME", str(folder / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", "")  # put back, whatever the run sets
    cohort = big_cohort(folder, 1)
    seen = []
    running.run(cohort, 1, start=lambda words: seen.append(os.environ["XDG_CACHE_HOME"]) or 0)
    assert seen == [str(cohort.folder / ".snakemake/cache")]


def test_targets_given_are_made_in_one_run(folder):
    started = []
    words = ["annotate", "--dry-run"]
    running.run(big_cohort(folder, 60), 2, words, start=lambda words: started.append(words) or 0)
    assert [words[-2:] for words in started] == [["annotate", "--dry-run"]]


@pytest.mark.parametrize(
    ("code", "done", "expected"),
    [
        pytest.param(0, ["T1", "T2"], 0, id="all done"),
        pytest.param(1, ["T1"], 1, id="a pair failed"),
        pytest.param(1, [], 3, id="nothing is done"),
        pytest.param(1, ["T1", "T2"], 3, id="what comes after the pairs failed"),
    ],
)
def test_the_exit_code_of_a_run(folder, monkeypatch, code, done, expected):
    with (folder / "samples.tsv").open("a") as sheet:
        sheet.write("\nP1\tT2\ttumour\tL1\tx_1.gz\tx_2.gz\n")
    for mate in (1, 2):
        write_fastq(folder / f"x_{mate}.gz", mate, names="x")

    def start(words, lock):
        for pair in done:
            (folder / "results/8_harmonised" / pair).mkdir(parents=True)
            (folder / "results/8_harmonised" / pair / "MANIFEST.json").touch()
        return code

    monkeypatch.setattr(running, "run_supervised", start)
    result = CliRunner().invoke(app, ["run", str(folder), "--cores", "1"])
    assert result.exit_code == expected
    assert ("without tables: T2" in result.output) == (done == ["T1"])


def test_a_run_that_fails_on_a_full_disk_says_how_much_is_missing(folder, monkeypatch):
    full = iter([10**12, 10**6])
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(full)))
    monkeypatch.setattr(running, "run_supervised", lambda words, lock: 1)
    result = CliRunner().invoke(app, ["run", str(folder), "--cores", "1"])
    assert result.exit_code == 3
    assert (
        f"The disk of {folder} is full: 0.0 GB are free, what is left to do needs about 0.1 GB"
        in result.output
    )


def test_a_run_with_a_fault_starts_nothing(folder, monkeypatch):
    (folder / "t_1.gz").unlink()
    monkeypatch.setattr(running, "run_supervised", lambda words, lock: pytest.fail("started"))
    result = CliRunner().invoke(app, ["run", str(folder), "--cores", "1"])
    assert result.exception.exit_code == 2


def test_a_lock_of_snakemake_that_nobody_holds_is_taken_away(folder, capsys):
    (folder / ".snakemake/locks").mkdir(parents=True)
    (folder / ".snakemake/locks/0.input.lock").touch()
    started = []
    running.run(big_cohort(folder, 3), 2, start=lambda words: started.append(words) or 0)
    assert [words[9:] for words in started] == [["--unlock"], ["all"]]
    assert "was killed. This one goes on from what it finished." in capsys.readouterr().out


def test_a_dry_run_lists_all_jobs_at_once_and_takes_no_lock(folder):
    started = []
    running.run(big_cohort(folder, 60), 2, ["-n"], start=lambda words: started.append(words) or 0)
    assert [words[9:] for words in started] == [["all", "-n"]]
    assert not (folder / ".onconcord.lock").exists()


def test_dry_run_is_an_option_of_run(folder, monkeypatch):
    started = []
    monkeypatch.setattr(running, "run_supervised", lambda words: started.append(words) or 0)
    result = CliRunner().invoke(app, ["run", str(folder), "--cores", "1", "--dry-run"])
    assert result.exit_code == 0
    assert [words[9:] for words in started] == [["all", "--dry-run"]]
    assert "without tables" not in result.output
