"""The end of a run names every job that failed, whose it was, its log and its last words."""

import logging
from enum import Enum

import pytest

from onconcord.runtime.failures import LAST_LINES, FailedJobs

Event = Enum("Event", ["JOB_INFO", "JOB_ERROR", "GROUP_ERROR", "ERROR", "JOB_FINISHED", "PROGRESS"])


def say(failed, event, **values):
    record = logging.makeLogRecord({"event": event, **values})
    failed.handle(record)


def job(number, rule, log, output="results/4_qc/x", message=None):
    named = {"jobid": number, "rule_name": rule, "rule_msg": message}
    return {**named, "log": [log], "output": [output]}


def started_and_failed(failed, number, rule, wildcards, log, **more):
    say(failed, Event.JOB_INFO, jobid=number, wildcards=wildcards)
    say(failed, Event.JOB_ERROR, **job(number, rule, log, **more))


@pytest.fixture
def failed():
    return FailedJobs({"T1": ["T1", "N1"], "T2": ["T2", "N1"], "T3": ["T3"]})


def test_a_failed_caller_is_named_with_its_pair_log_and_last_words(failed, tmp_path):
    (tmp_path / "c.log").write_text("starting\n\nout of memory\n")
    output = "results/5_calls/freebayes/T1.0.raw.vcf.gz"
    started_and_failed(
        failed, 7, "freebayes_call", {"pair": "T1", "shard": "0"}, "c.log", output=output
    )
    assert failed.summary(tmp_path).splitlines() == [
        "error: 1 job failed, and what depends on it was not made.",
        "pair T1, caller freebayes: rule freebayes_call failed.",
        f"  {tmp_path}/c.log ends with:",
        "    starting",
        "    out of memory",
        "Mend the cause and run again: what is finished is kept.",
    ]


def test_a_failed_sample_is_named_with_the_pairs_it_is_of(failed, tmp_path):
    started_and_failed(failed, 1, "align", {"sample": "N1"}, "none.log")
    lines = failed.summary(tmp_path).splitlines()
    assert lines[1:3] == [
        "sample N1, of pair T1, T2: rule align failed.",
        f"  {tmp_path}/none.log says nothing.",
    ]


def test_what_the_cluster_says_of_a_job_is_said(failed, tmp_path):
    message = "SLURM-job '9' failed, SLURM status is: 'OUT_OF_MEMORY'.\n"
    started_and_failed(failed, 1, "align", {"sample": "T3"}, "none.log", message=message)
    assert failed.summary(tmp_path).splitlines()[1:4] == [
        "sample T3, of pair T3: rule align failed.",
        "  SLURM-job '9' failed, SLURM status is: 'OUT_OF_MEMORY'.",
        f"  {tmp_path}/none.log says nothing.",
    ]


def test_every_failed_job_is_named_those_of_a_group_too(failed, tmp_path):
    started_and_failed(failed, 1, "reference", None, "a.log")
    say(failed, Event.GROUP_ERROR, job_error_info=[job(2, "evidence", "b.log")])
    said = failed.summary(tmp_path)
    assert said.startswith("error: 2 jobs failed")
    assert "\nrule reference failed.\n" in said
    assert "\nrule evidence failed.\n" in said


def test_a_job_that_a_retry_mended_is_not_named(failed, tmp_path):
    started_and_failed(failed, 1, "align", {"sample": "N1"}, "a.log")
    started_and_failed(failed, 2, "align", {"sample": "T1"}, "a.log")
    say(failed, Event.JOB_FINISHED, job_id=1)
    say(failed, Event.PROGRESS, done=1, total=2)
    failed.handle(logging.makeLogRecord({"msg": "a message that is not an event"}))
    said = failed.summary(tmp_path)
    assert "sample T1" in said
    assert "sample N1" not in said


def test_an_output_that_is_missing_is_named_without_what_else_is_in_its_folder(failed, tmp_path):
    message = (
        "MissingOutputException in rule sample_qc:\nresults/4_qc/samples/T1.stats.txt"
        " (missing locally, parent dir contents: a, b)\nresults/x (missing locally)"
    )
    say(failed, Event.ERROR, msg=message, exception="MissingOutputException")
    say(failed, Event.ERROR, msg="said as a failed job already", exception="RuleException")
    assert failed.summary(tmp_path).splitlines() == [
        "error: 1 job failed, and what depends on it was not made.",
        "A tool ended without an error and without what it had to make:",
        "    MissingOutputException in rule sample_qc:",
        "    results/4_qc/samples/T1.stats.txt",
        "    results/x",
        "Mend the cause and run again: what is finished is kept.",
    ]


def test_only_the_end_of_a_long_log_is_shown(failed, tmp_path):
    (tmp_path / "a.log").write_text("".join(f"line {number}\n" for number in range(100)))
    started_and_failed(failed, 1, "align", {"sample": "T3"}, "a.log")
    shown = [line for line in failed.summary(tmp_path).splitlines() if line.startswith("    ")]
    assert len(shown) == LAST_LINES
    assert shown[-1] == "    line 99"
