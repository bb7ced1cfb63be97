"""The summary of a run on the terminal."""

import shutil
import subprocess

import duckdb
from typer.testing import CliRunner

from cohort_tables import write_cohort
from onconcord.cli import app
from onconcord.questions.summary import Driver, PairLine, duckdb_query, summarise

TWO = ("TUM-A01", "TUM-A02")


def test_a_summary_counts_every_candidate_once(tmp_path):
    found = summarise(write_cohort(tmp_path, many=True))
    assert found.pairs[1] == PairLine(
        "DEMO-A", "TUM-A02", "matched", "WARN", ("contamination_frac",), 22, 3, 0, 46, 0
    )
    assert found.drivers == (
        Driver("TUM-A01", "GNAS", "p.Arg201Cys", "chr20:57484420:C:T", 0.3, 45, 150, "kept"),
    )
    assert (found.release, found.report) == (None, None)


def test_the_query_works_as_it_is_pasted(tmp_path):
    found = summarise(write_cohort(tmp_path, pairs=TWO))
    done = subprocess.run(found.query, shell=True, capture_output=True, text=True, check=True)
    assert "p.Arg201Cys" in done.stdout
    assert "TUM-A01" in done.stdout
    assert "TUM-A02" not in done.stdout


def test_what_a_killed_job_left_is_not_a_pair(tmp_path):
    write_cohort(tmp_path, pairs=TWO)
    before = summarise(tmp_path)
    done = tmp_path / "results/8_harmonised"
    shutil.copytree(done / "TUM-A01", done / ".TUM-A01.building")
    assert summarise(tmp_path).pairs == before.pairs
    rows = [duckdb.sql(duckdb_query(tmp_path, None)).fetchall()]
    shutil.rmtree(done / ".TUM-A01.building")
    rows.append(duckdb.sql(duckdb_query(tmp_path, None)).fetchall())
    assert rows[0] == rows[1]
    assert rows[0]


def test_the_query_reads_the_release_when_there_is_one(tmp_path):
    write_cohort(tmp_path, pairs=TWO)
    release = tmp_path / "release"
    (release / "small_variant/center=DEMO-A").mkdir(parents=True)
    (release / "contract.json").write_text("{}")
    found = summarise(tmp_path)
    assert found.release == release
    assert f"{release}/small_variant/*/*.parquet" in found.query


def test_the_summary_is_plain_text_where_there_is_no_terminal(tmp_path):
    result = CliRunner().invoke(app, ["summary", str(write_cohort(tmp_path))])
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "DEMO-B TUM-B02 matched FAIL identity_lod 0 0 0 0 0 of 0" in lines
    assert "TUM-A01 GNAS p.Arg201Cys chr20:57484420:C:T 0.300 45/150 kept" in lines
    assert "release: not made" in lines
    assert "\x1b" not in result.stdout


def test_the_summary_scores_itself_against_a_truth(tmp_path):
    truth = tmp_path / "somatic.tsv"
    truth.write_text(
        "sample\tchrom\tpos\tref\talt\tclass\n"
        "TUM-A01\t20\t57484420\tC\tT\tSNV\nTUM-A02\t20\t57484420\tC\tT\tSNV\n"
    )
    folder = write_cohort(tmp_path / "run", pairs=TWO)
    result = CliRunner().invoke(app, ["summary", str(folder), "--truth", str(truth)])
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "matched SNV 2 1 1 0 1.000 0.500" in lines
