"""What failed in a run, said once more at its end: whose job, its rule, its log, its last words."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAST_LINES = 8
CALLS = "results/5_calls/"
UNKEPT = ("MissingOutputException", "WorkflowError")
"""What Snakemake raises where a job ended well, but an output is missing or empty."""
CONTENTS = re.compile(r" \(missing locally.*\)$", re.MULTILINE)
"""What else is in the folder of a missing output, which hides what is missing."""


@dataclass(frozen=True)
class _Failure:
    """
    A failed job: rule, log files and outputs as Snakemake names them.

    `message` is what its executor says of it, such as that a cluster killed it; "" on one machine.
    """

    rule: str
    message: str
    wildcards: Mapping[str, str]
    logs: tuple[str, ...]
    outputs: tuple[str, ...]


class FailedJobs(logging.Handler):
    """
    Listens to Snakemake's log events; keeps the jobs that failed and that no retry mended.

    Args:
        samples_of_pairs: sample ids by pair id, to say which pairs a failed sample is of.
    """

    def __init__(self, samples_of_pairs: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._samples_of_pairs = samples_of_pairs
        self._wildcards: dict[int, dict[str, str]] = {}
        self._failures: dict[int, _Failure] = {}
        self._unkept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event; other log records are ignored."""
        event = getattr(getattr(record, "event", None), "name", None)
        values = record.__dict__
        if event == "JOB_INFO":
            self._wildcards[values["jobid"]] = dict(values["wildcards"] or {})
        elif event == "JOB_ERROR":
            self._add(values)
        elif event == "GROUP_ERROR":
            for job in values["job_error_info"]:
                self._add(job)
        elif event == "JOB_FINISHED":
            self._failures.pop(values["job_id"], None)
        elif event == "ERROR" and values["exception"] in UNKEPT:
            self._unkept.append(CONTENTS.sub("", record.getMessage()))

    def _add(self, job: Mapping[str, Any]) -> None:
        self._failures[job["jobid"]] = _Failure(
            rule=job["rule_name"],
            message=job["rule_msg"] or "",
            wildcards=self._wildcards.get(job["jobid"], {}),
            logs=tuple(job["log"]),
            outputs=tuple(job["output"]),
        )

    def summary(self, folder: Path) -> str:
        """
        One paragraph a failed job: those that say so, then those that only lack an output.

        Args:
            folder: the working folder, which the logs' paths start from.
        """
        failures = self._failures.values()
        count = len(failures) + len(self._unkept)
        number = "1 job" if count == 1 else f"{count} jobs"
        lines = [f"error: {number} failed, and what depends on it was not made."]
        for failure in failures:
            lines.append(f"{self._whose(failure)}rule {failure.rule} failed.")
            lines += [f"  {line}" for line in failure.message.splitlines() if line.strip()]
            for log in failure.logs:
                lines += _last_words(folder / log)
        for message in self._unkept:
            lines.append("A tool ended without an error and without what it had to make:")
            lines += [f"    {line}" for line in message.splitlines()]
        lines.append("Mend the cause and run again: what is finished is kept.")
        return "\n".join(lines)

    def _whose(self, failure: _Failure) -> str:
        words = [f"{name} {value}" for name, value in failure.wildcards.items() if name != "shard"]
        sample = failure.wildcards.get("sample")
        if sample:
            pairs = [pair for pair, ids in self._samples_of_pairs.items() if sample in ids]
            words.append(f"of pair {', '.join(pairs)}")
        callers = {path.split("/")[2] for path in failure.outputs if path.startswith(CALLS)}
        words += [f"caller {caller}" for caller in sorted(callers)]
        return f"{', '.join(words)}: " if words else ""


def _last_words(log: Path) -> list[str]:
    """Path of a log and its last lines that are not empty."""
    text = log.read_text(errors="replace") if log.is_file() else ""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if not lines:
        return [f"  {log} says nothing."]
    return [f"  {log} ends with:", *(f"    {line}" for line in lines[-LAST_LINES:])]
