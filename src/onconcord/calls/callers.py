"""The caller folders: what each caller can find, and how its VCF is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from onconcord.errors import Fault, InputError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "description", "tool", "variant_classes", "tumour_only", "score"],
    "properties": {
        "name": {"type": "string"},
        "description": {"type": "string"},
        "tool": {"type": "string"},
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
    },
}


@dataclass(frozen=True)
class Caller:
    """
    One caller folder.

    Args:
        name: name of the folder, and of the caller in every table.
        tool: name of its program in `resources/setup/tools.yaml`.
        variant_classes: classes it is able to find; the denominator of a consensus.
        tumour_only: whether it can call a tumour without its normal.
        score_name: name of its score in the tables.
        score_field: `QUAL`, or a number of INFO such as `INFO/TLOD`.
        phase_set: FORMAT field that names the haplotype of a record, None where there is none.
        info_fields: fields of INFO that are kept beside the counts.
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


def read_caller(folder: Path) -> Caller:
    """
    The caller of a folder that holds `caller.yaml`.

    Raises:
        InputError: every fault of the file.
    """
    path = folder / "caller.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = [
        Fault(str(path), f"{error.message}.", column=".".join(map(str, error.absolute_path)))
        for error in Draft202012Validator(SCHEMA).iter_errors(raw)
    ]
    if not found and raw["name"] != folder.name:
        message = f'is "{raw["name"]}", and the folder is "{folder.name}": give both one name.'
        found = [Fault(str(path), message, column="name")]
    if found:
        raise InputError(found)
    return Caller(
        name=raw["name"],
        description=raw["description"],
        tool=raw["tool"],
        variant_classes=tuple(raw["variant_classes"]),
        tumour_only=raw["tumour_only"],
        score_name=raw["score"]["name"],
        score_field=raw["score"]["field"],
        phase_set=raw.get("phase_set"),
        info_fields=tuple(raw.get("info_fields", ())),
    )


def read_callers(callers_dir: Path, names: list[str]) -> dict[str, Caller]:
    """The named callers, by name."""
    return {name: read_caller(callers_dir / name) for name in sorted(names)}
