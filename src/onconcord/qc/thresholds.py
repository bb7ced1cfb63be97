"""Thresholds of an assay: data, one YAML file in config/qc or of the centre's own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from onconcord.errors import Fault, InputError

SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["metric", "applies_to", "direction", "warn", "fail"],
        "properties": {
            "metric": {"type": "string"},
            "applies_to": {"enum": ["tumour", "normal", "pair"]},
            "direction": {"enum": ["at_least", "at_most"]},
            "warn": {"type": ["number", "null"]},
            "fail": {"type": ["number", "null"]},
        },
    },
}


@dataclass(frozen=True)
class Threshold:
    """Limits of one metric; null = no such limit."""

    at_least: bool
    warn: float | None
    fail: float | None

    def verdict(self, value: float) -> str:
        """PASS, WARN or FAIL; a value that equals its limit is within it."""
        for status, limit in (("FAIL", self.fail), ("WARN", self.warn)):
            if limit is not None and (value < limit if self.at_least else value > limit):
                return status
        return "PASS"


def read_thresholds(path: Path) -> dict[tuple[str, str], Threshold]:
    """
    Thresholds by metric and what it applies to (tumour, normal, pair).

    Raises:
        InputError: every fault of the file.
    """
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))["thresholds"]
    faults = [
        Fault(path.name, 0, ".".join(map(str, error.absolute_path)), f"{error.message}.")
        for error in Draft202012Validator(SCHEMA).iter_errors(raw)
    ]
    if faults:
        raise InputError(faults)
    return {
        (row["metric"], row["applies_to"]): Threshold(
            row["direction"] == "at_least", row["warn"], row["fail"]
        )
        for row in raw
    }
