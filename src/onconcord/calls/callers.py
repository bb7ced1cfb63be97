"""The caller folders: what each caller can find, how its VCF is read and how to get its tool."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from onconcord.errors import Fault, InputError

VOTER, SOURCE = ROLES = ("voter", "source")
"""What a caller's records are: votes for a variant, or candidates and nothing more."""

TOOL: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "purpose", "command", "pattern", "accepts", "apt", "conda"],
    "properties": {
        "name": {"type": "string"},
        "purpose": {"type": "string"},
        "command": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "pattern": {"type": "string"},
        "accepts": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "apt": {"type": ["string", "null"]},
        "conda": {
            "type": "object",
            "additionalProperties": False,
            "required": ["package", "version"],
            "properties": {
                "package": {"type": "string"},
                "version": {"type": "string"},
                "because": {"type": "string"},
            },
        },
    },
}
"""A program that only this caller needs; the keys are those of `resources/setup/tools.yaml`."""

COUNTS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["depth"],
    "oneOf": [{"required": ["alleles"]}, {"required": ["alternates"]}],
    "properties": {name: {"type": "string"} for name in ("depth", "alleles", "alternates")},
}
"""FORMAT fields: reads over the site, and reads per allele with the reference first (`alleles`) or
without it (`alternates`)."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        *("name", "description", "tool", "role", "variant_classes", "tumour_only", "counts"),
        "score",
    ],
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "tool": {"if": {"type": "object"}, "then": TOOL, "else": {"type": "string"}},
        "role": {"enum": list(ROLES)},
        "counts": COUNTS,
        "variant_classes": {
            "type": "array",
            "items": {"enum": ["SNV", "MNV", "INS", "DEL", "DELINS"]},
            "minItems": 1,
        },
        "tumour_only": {"type": "boolean"},
        "score": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "field"],
            "properties": {"name": {"type": "string"}, "field": {"type": "string"}},
        },
        "phase_set": {"type": "string"},
        "info_fields": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
        "thresholds": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}


@dataclass(frozen=True)
class Caller:
    """
    One caller folder.

    Args:
        name: name of the folder, and of the caller in every table.
        tool: name of its program: one of its own `tool`, or of `resources/setup/tools.yaml`.
        role: one of ROLES.
        variant_classes: classes it is able to find; the denominator of a consensus.
        tumour_only: whether it can call a tumour without its normal.
        score_name: name of its score in the tables.
        score_field: `QUAL`, or a number of INFO such as `INFO/TLOD`.
        phase_set: FORMAT field that names the haplotype of a record, None where there is none.
        info_fields: fields of INFO that are kept beside the counts.
        role: one of ROLES.
        depth: FORMAT field of the reads over a site.
        counts: FORMAT field of the reads per allele.
        reference_counts: values of `counts` that stand before the first alternate allele's: 1
            where the reference has one, else 0.
        thresholds: numbers that its rules give to its tool, by name.
    """

    name: str
    description: str
    tool: str
    variant_classes: tuple[str, ...]
    tumour_only: bool
    score_name: str
    score_field: str
    phase_set: str | None
    info_fields: tuple[str, ...] = ()
    role: str = VOTER
    depth: str = "DP"
    counts: str = "AD"
    reference_counts: int = 1
    thresholds: Mapping[str, float] = field(default_factory=dict)


def _read(folder: Path) -> dict[str, Any]:
    """
    What a folder's `caller.yaml` says.

    Raises:
        InputError: every fault of the file.
    """
    path = folder / "caller.yaml"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as why:
        raise InputError.at(path, f"cannot be read: {why}") from why
    # Imported here: `--help` reads no caller, and does without it.
    from jsonschema import Draft202012Validator

    faults = [
        Fault(str(path), f"{error.message}.", column=".".join(map(str, error.absolute_path)))
        for error in Draft202012Validator(SCHEMA).iter_errors(raw)
    ]
    if not faults and raw["name"] != folder.name:
        message = f'is "{raw["name"]}", and the folder is "{folder.name}": give both one name.'
        faults = [Fault(str(path), message, column="name")]
    if faults:
        raise InputError(faults)
    return dict(raw)


def own_tools(callers_dir: Path) -> list[dict[str, Any]]:
    """The programs that caller folders describe themselves; the keys are those of TOOL."""
    tools = [_read(path.parent)["tool"] for path in sorted(callers_dir.glob("*/caller.yaml"))]
    return [tool for tool in tools if isinstance(tool, dict)]


def read_caller(folder: Path) -> Caller:
    """
    The caller of a folder that holds `caller.yaml`.

    Raises:
        InputError: every fault of the file.
    """
    raw = _read(folder)
    return Caller(
        name=raw["name"],
        description=raw["description"],
        tool=raw["tool"] if isinstance(raw["tool"], str) else raw["tool"]["name"],
        variant_classes=tuple(raw["variant_classes"]),
        tumour_only=raw["tumour_only"],
        score_name=raw["score"]["name"],
        score_field=raw["score"]["field"],
        phase_set=raw.get("phase_set"),
        info_fields=tuple(raw.get("info_fields", ())),
        role=raw["role"],
        depth=raw["counts"]["depth"],
        counts=raw["counts"].get("alleles") or raw["counts"]["alternates"],
        reference_counts=1 if "alleles" in raw["counts"] else 0,
        thresholds=raw.get("thresholds", {}),
    )


def read_callers(callers_dir: Path, names: list[str]) -> dict[str, Caller]:
    """The named callers, by name."""
    return {name: read_caller(callers_dir / name) for name in sorted(names)}
