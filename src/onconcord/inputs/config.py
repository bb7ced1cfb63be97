"""The configuration of one working folder: config.yaml over the defaults, checked as a whole."""

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from onconcord.decision.model import model_faults
from onconcord.errors import Fault, InputError
from onconcord.inputs.knowledge import KEYS as KNOWLEDGE
from onconcord.inputs.schema_faults import nearest, schema_faults, shown
from onconcord.inputs.stated import OF_ASSAY, forbidden_in
from onconcord.inputs.yaml_file import YamlFile, located, read_yaml
from onconcord.placeholders import PLACEHOLDERS
from onconcord.qc.thresholds import check_thresholds
from onconcord.runtime import checkout

NAME = "config.yaml"
RETRACTIONS = "retractions.tsv"
"""The centre's table of withdrawn pairs, beside its configuration; there may be none."""
RETIRED = ("min_tumour_alt_reads", "max_normal_vaf", "min_callers_pass")
"""Keys of `decision` that the model of the reads took the place of: a configuration of before is
taken, and a check says that they have no effect."""
PATH_KEYS = (
    ("samples",),
    ("reference", "fasta"),
    ("reference", "genes"),
    ("reference", "transcripts"),
    ("reference", "bwa_index"),
    ("resources", "population"),
    ("resources", "panel_of_normals"),
    ("resources", "clinical"),
    ("resources", "hotspots"),
    *(("resources", key) for key in KNOWLEDGE),
    ("alignment", "known_sites"),
    ("release", "key_file"),
)


@dataclass(frozen=True)
class Checked:
    """
    A configuration and everything that is wrong with it.

    Args:
        values: every key of the schema, paths absolute; a faulty key keeps what was given.
        qc: thresholds by the name an assay's `qc` has, as read from their YAML files.
        models: files of the decision's models by the name an assay's `model` has.
        faults: every fault, unsorted.
        lines: 1-based line in config.yaml of each key that stands there, by its dotted path.
    """

    values: dict[str, Any]
    qc: dict[str, dict[str, Any]]
    models: dict[str, Path]
    faults: tuple[Fault, ...]
    lines: Mapping[str, int] = field(default_factory=dict)


def load(folder: Path, raw: dict[str, Any] | None = None) -> dict[str, Any]:
    """
    The complete configuration of a working folder.

    Args:
        folder: working folder; relative paths of the configuration start there.
        raw: what was read from its config.yaml already, or None to read it here.
    Returns:
        Every key of config/schema.yaml, nested as there, with absolute paths.
    Raises:
        InputError: every fault of the configuration.
    """
    checked = check(folder, raw)
    if checked.faults:
        raise InputError(checked.faults)
    return checked.values


def release_name(config: dict[str, Any]) -> str:
    """Name of the release that a configuration makes: its own, or rYYYY-MM of today."""
    return config["release"]["name"] or f"r{date.today():%Y-%m}"


def check(folder: Path, raw: dict[str, Any] | None = None) -> Checked:
    """The configuration of a folder beside its faults, so that a sheet can be read all the same."""
    file = _read(folder / NAME) if raw is None else YamlFile(raw)
    values = _complete(file.values or {})
    # Of a file that cannot be read every key would be missing, which says nothing more.
    of_schema = [] if file.faults else schema_faults(values, schema(), NAME)
    faulty = {fault.column.split(".")[0] for fault in of_schema}
    qc, qc_faults = _thresholds(folder, values)
    models, faults_of_models = _models(folder, values)
    faults = (
        *file.faults,
        *of_schema,
        *_rule_faults(values, faulty),
        *qc_faults,
        *faults_of_models,
    )
    _make_paths_absolute(folder, values)
    return Checked(values, qc, models, tuple(located(faults, NAME, file.lines)), file.lines)


@functools.cache
def schema() -> dict[str, Any]:
    """JSON schema of the configuration (config/schema.yaml)."""
    whole: dict[str, Any] = yaml.safe_load((checkout.root() / "config/schema.yaml").read_text())
    return whole


@functools.cache
def defaults() -> dict[str, Any]:
    """Every key that has a default (config/defaults.yaml); not to be changed in place."""
    values: dict[str, Any] = yaml.safe_load((checkout.root() / "config/defaults.yaml").read_text())
    return values


def _read(path: Path) -> YamlFile:
    """What config.yaml holds: a group of keys, or nothing and the fault."""
    if not path.exists():
        message = (
            f'there is no such file in {path.parent.absolute()}: "onconcord init DIR" writes one.'
        )
        return YamlFile(faults=(Fault(path.name, message),))
    file = read_yaml(path)
    if file.values is not None and not isinstance(file.values, dict):
        message = f"holds {shown(file.values)}, expected keys such as centre and reference."
        return YamlFile(faults=(Fault(path.name, message),))
    return file


def files_of(value: Any) -> tuple[str, ...]:
    """The files that a key names which takes one path, several or null."""
    paths = value if isinstance(value, list) else [value]
    return tuple(path for path in paths if isinstance(path, str) and path)


def retired_keys(folder: Path) -> tuple[str, ...]:
    """Dotted keys of a config.yaml that once had a meaning, and have no effect any more."""
    given = _read(folder / NAME).values
    decision = given.get("decision") if isinstance(given, dict) else None
    named = decision if isinstance(decision, dict) else {}
    return tuple(f"decision.{key}" for key in RETIRED if key in named)


def _complete(raw: dict[str, Any]) -> dict[str, Any]:
    """
    Defaults with the centre's keys over them, section by section.

    The assays a centre names are all the assays there are: a default one beside them would let
    a sheet without an assay column run on the whole genome by accident. A group of which every key
    is a comment is as if it was not there.
    """
    values = copy.deepcopy(defaults())
    for key, given in raw.items():
        if given is None and isinstance(values.get(key), dict):
            continue
        if key == "assays" and isinstance(given, dict):
            template = values["assays"]["default"]
            # An id such as 500 is text, which YAML takes for a number.
            values["assays"] = {
                str(name): {**template, **assay} if isinstance(assay, dict) else assay
                for name, assay in given.items()
            }
        elif isinstance(values.get(key), dict) and isinstance(given, dict):
            kept = {name: value for name, value in given.items() if name not in RETIRED}
            values[key] = {**values[key], **(kept if key == "decision" else given)}
        else:
            values[key] = copy.deepcopy(given)
    return values


def _rule_faults(values: dict[str, Any], faulty: set[str]) -> list[Fault]:
    """What a schema cannot say, of the sections that the schema found no fault with."""
    faults = []
    there = checkout.callers()
    for caller in values["callers"] if "callers" not in faulty else ():
        if caller not in there:
            message = f'there is no caller "{caller}".{nearest(caller, there)}'
            faults.append(Fault(NAME, f"{message} Callers: {', '.join(there)}.", column="callers"))
    for assay_id, assay in values["assays"].items() if "assays" not in faulty else ():
        for key in OF_ASSAY:
            if assay[key] in PLACEHOLDERS:
                message = f'"{assay[key]}" means in a table that there is no value: leave it null.'
                faults.append(Fault(NAME, message, column=f"assays.{assay_id}.{key}"))
            if kind := forbidden_in(assay[key]):
                message = f'"{assay[key]}" has {kind} in it, which does not leave a centre.'
                faults.append(Fault(NAME, message, column=f"assays.{assay_id}.{key}"))
    alignment = values["alignment"]
    if "alignment" not in faulty and alignment["bqsr"] and alignment["known_sites"] is None:
        message = "is null, but alignment.bqsr is true and needs a VCF of known sites."
        faults.append(Fault(NAME, message, column="alignment.known_sites"))
    return faults


def _files_of_assays(
    folder: Path, values: dict[str, Any], key: str, label: str
) -> tuple[dict[str, Path], list[Fault]]:
    """
    Files that assays name under a key: by a name in config/, or by the path of a YAML file.

    Args:
        key: qc or model.
        what: what such a file is, in the plural.
    """
    shipped = checkout.root() / {"qc": "config/qc", "model": "config/models"}[key]
    paths: dict[str, Path] = {}
    faults = []
    assays = values["assays"] if isinstance(values["assays"], dict) else {}
    for assay_id, assay in assays.items():
        wanted = assay.get(key) if isinstance(assay, dict) else None
        if not isinstance(wanted, str) or not wanted or wanted in paths:
            continue
        own = wanted.endswith((".yaml", ".yml"))
        path = folder / wanted if own else shipped / f"{wanted}.yaml"
        if path.is_file():
            paths[wanted] = path
            continue
        names = sorted(shipped_file.stem for shipped_file in shipped.glob("*.yaml"))
        message = (
            f"there is no file {path.absolute()}."
            if own
            else f'there are no {label} "{wanted}".{nearest(wanted, names)} '
            f"{label.capitalize()}: {', '.join(names)}; or give the path of a .yaml file."
        )
        faults.append(Fault(NAME, message, column=f"assays.{assay_id}.{key}"))
    return paths, faults


def _thresholds(
    folder: Path, values: dict[str, Any]
) -> tuple[dict[str, dict[str, Any]], list[Fault]]:
    """QC thresholds by what an assay has as `qc`."""
    paths, faults = _files_of_assays(folder, values, "qc", "thresholds")
    by_name: dict[str, dict[str, Any]] = {}
    for wanted, path in paths.items():
        file = read_yaml(path)
        by_name[wanted] = file.values
        faults += [replace(fault, source=wanted) for fault in file.faults]
        if not file.faults:
            faults += located(check_thresholds(file.values, wanted), wanted, file.lines)
    return by_name, faults


def _models(folder: Path, values: dict[str, Any]) -> tuple[dict[str, Path], list[Fault]]:
    """Files of the decision's models by what an assay has as `model`."""
    paths, faults = _files_of_assays(folder, values, "model", "models")
    for wanted, path in paths.items():
        faults += model_faults(path, wanted)
    return paths, faults


def _make_paths_absolute(folder: Path, values: dict[str, Any]) -> None:
    """Paths of the configuration start at its folder; a null or faulty one is left as it is."""

    def absolute(path: Any) -> Any:
        return str((folder / path).absolute()) if isinstance(path, str) and path else path

    def resolve(section: Any, key: str) -> None:
        if isinstance(section, dict) and isinstance(section.get(key), list):
            section[key] = [absolute(path) for path in section[key]]
        elif isinstance(section, dict) and key in section:
            section[key] = absolute(section[key])

    for *sections, key in PATH_KEYS:
        section: Any = values
        for name in sections:
            section = section.get(name) if isinstance(section, dict) else None
        resolve(section, key)
    if isinstance(values["assays"], dict):
        for assay in values["assays"].values():
            resolve(assay, "targets")
