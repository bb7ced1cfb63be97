"""The configuration of one working folder: config.yaml over the defaults, checked as a whole."""

import copy
import difflib
import functools
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from onconcord.errors import Fault, InputError
from onconcord.qc.thresholds import check_thresholds
from onconcord.runtime import checkout

NAME = "config.yaml"
RETRACTIONS = "retractions.tsv"
"""The centre's table of withdrawn pairs, beside its configuration; there may be none."""
PATH_KEYS = (
    ("samples",),
    ("reference", "fasta"),
    ("reference", "genes"),
    ("reference", "bwa_index"),
    ("resources", "population"),
    ("resources", "panel_of_normals"),
    ("resources", "clinical"),
    ("resources", "hotspots"),
    ("alignment", "known_sites"),
    ("release", "key_file"),
)
_ID_RULE = "letters, digits, '.', '_' and '-', a letter or digit first"
_TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a group of keys",
    "string": "text",
}
# What the schema library says is written for programmers; these are for a centre.
_LIMITS: dict[str, Callable[[Any, Any], str]] = {
    "enum": lambda found, allowed: f"{_shown(found)} is none of {listed(allowed)}.",
    "maximum": lambda found, limit: f"{found} is above {limit}, the highest that makes sense.",
    "minimum": lambda found, limit: f"{found} is below {limit}, the lowest that makes sense.",
    "minItems": lambda _, fewest: f"the list is empty: name at least {fewest}.",
    "minLength": lambda *_: "is empty: fill it in, or leave the key out.",
    "minProperties": lambda _, fewest: f"is empty: name at least {fewest}.",
    "pattern": lambda found, _: f'"{found}" is not a code: use {_ID_RULE}.',
    "uniqueItems": lambda found, _: f"{_shown(found)} names one item twice.",
}


@dataclass(frozen=True)
class Checked:
    """
    A configuration and everything that is wrong with it.

    Args:
        values: every key of the schema, paths absolute; a faulty key keeps what was given.
        qc: thresholds by the name an assay's `qc` has, as read from their YAML files.
        faults: every fault, unsorted.
    """

    values: dict[str, Any]
    qc: dict[str, dict[str, Any]]
    faults: tuple[Fault, ...]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML in which a key given twice is a fault; plain YAML silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f'the key "{key}" is given twice', problem_mark=key_node.start_mark
                )
            seen.add(key)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


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
    faults: list[Fault] = []
    if raw is None:
        raw, faults = _read(folder / NAME)
    values = _complete(raw)
    schema_faults = _schema_faults(values)
    faulty = {fault.column.split(".")[0] for fault in schema_faults}
    faults += schema_faults + _rule_faults(values, faulty)
    qc, qc_faults = _thresholds(folder, values)
    _make_paths_absolute(folder, values)
    return Checked(values, qc, tuple(faults + qc_faults))


@functools.cache
def schema() -> dict[str, Any]:
    """JSON schema of the configuration (config/schema.yaml)."""
    found: dict[str, Any] = yaml.safe_load((checkout.root() / "config/schema.yaml").read_text())
    return found


@functools.cache
def defaults() -> dict[str, Any]:
    """Every key that has a default (config/defaults.yaml); not to be changed in place."""
    found: dict[str, Any] = yaml.safe_load((checkout.root() / "config/defaults.yaml").read_text())
    return found


def nearest(word: str, known: Iterable[str]) -> str:
    """A question that names the known word most like this one, or "" where none is near."""
    close = difflib.get_close_matches(word, tuple(known), n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""


def listed(items: Iterable[Any]) -> str:
    """Values in quotes, with commas, in their order."""
    return ", ".join(f'"{item}"' for item in items)


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else yaml.safe_dump(value).split("\n")[0]


def _read(path: Path) -> tuple[dict[str, Any], list[Fault]]:
    """What a YAML file holds, or {} and the fault that stops it from being read."""
    try:
        # A subclass of the safe loader, which builds plain values only.
        found = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except FileNotFoundError:
        message = (
            f'there is no such file in {path.parent.absolute()}: "onconcord init DIR" writes one.'
        )
        return {}, [Fault(path.name, message)]
    except (OSError, UnicodeDecodeError) as error:
        return {}, [Fault(path.name, f"cannot be read: {error}.")]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return {}, [Fault(path.name, f"not YAML: {error.problem}.", line)]
    except yaml.YAMLError as error:
        return {}, [Fault(path.name, f"not YAML: {error}.")]
    if found is None:
        return {}, []
    if not isinstance(found, dict):
        message = f"holds {_shown(found)}, expected keys such as centre and reference."
        return {}, [Fault(path.name, message)]
    return found, []


def _complete(raw: dict[str, Any]) -> dict[str, Any]:
    """
    Defaults with the centre's keys over them, section by section.

    The assays a centre names are all the assays there are: a default one beside them would let
    a sheet without an assay column run on the whole genome by accident.
    """
    values = copy.deepcopy(defaults())
    for key, given in raw.items():
        if key == "assays" and isinstance(given, dict):
            template = values["assays"]["default"]
            values["assays"] = {
                name: {**template, **assay} if isinstance(assay, dict) else assay
                for name, assay in given.items()
            }
        elif isinstance(values.get(key), dict) and isinstance(given, dict):
            values[key] = {**values[key], **given}
        else:
            values[key] = copy.deepcopy(given)
    return values


def _schema_faults(values: dict[str, Any]) -> list[Fault]:
    errors = Draft202012Validator(schema()).iter_errors(values)
    return [fault for error in errors for fault in _in_plain_words(error)]


def _in_plain_words(error: ValidationError) -> Iterator[Fault]:
    where = ".".join(str(part) for part in error.absolute_path)
    inside = f"{where}." if where else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        for key in error.instance:
            if key not in known:
                message = f"unknown key.{nearest(str(key), known)} Known here: {', '.join(known)}."
                yield Fault(NAME, message, column=f"{inside}{key}")
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                text = error.schema["properties"][key].get("description", "")
                yield Fault(NAME, f"missing, and required. {text}".strip(), column=f"{inside}{key}")
    elif error.validator == "type" and error.instance is None:
        yield Fault(NAME, f"is empty, and required. {_description(error)}".strip(), column=where)
    elif error.validator == "type":
        wanted = error.validator_value
        words = [_TYPE_WORDS[word] for word in ([wanted] if isinstance(wanted, str) else wanted)]
        # Yaml reads 007 as seven and 2026-11-24 as a date; quotes keep them as they are.
        hint = " Put it in quotes." if "text" in words else ""
        message = f"{_shown(error.instance)} is not {' or '.join(words)}.{hint}"
        yield Fault(NAME, message, column=where)
    elif str(error.validator) in _LIMITS:
        message = _LIMITS[str(error.validator)](error.instance, error.validator_value)
        yield Fault(NAME, message, column=where)
    else:
        yield Fault(NAME, error.message, column=where)


def _description(error: ValidationError) -> str:
    """What the schema says a key is for; beside a reference it is one level further up."""
    here: Any = schema()
    for part in error.absolute_path:
        properties = here.get("properties", {})
        here = properties.get(part, here.get("additionalProperties", {}))
        if not isinstance(here, dict):
            return ""
    return str(here.get("description", ""))


def _rule_faults(values: dict[str, Any], faulty: set[str]) -> list[Fault]:
    """What a schema cannot say, of the sections that the schema found no fault with."""
    faults = []
    there = checkout.callers()
    for caller in values["callers"] if "callers" not in faulty else ():
        if caller not in there:
            message = f'there is no caller "{caller}".{nearest(caller, there)}'
            faults.append(Fault(NAME, f"{message} Callers: {', '.join(there)}.", column="callers"))
    alignment = values["alignment"]
    if "alignment" not in faulty and alignment["bqsr"] and alignment["known_sites"] is None:
        message = "is null, but alignment.bqsr is true and needs a VCF of known sites."
        faults.append(Fault(NAME, message, column="alignment.known_sites"))
    if not faulty & {"callers", "decision"}:
        passing, named = values["decision"]["min_callers_pass"], len(values["callers"])
        if passing > named:
            message = f"{passing} callers must pass a variant, but only {named} are named."
            faults.append(Fault(NAME, message, column="decision.min_callers_pass"))
    return faults


def _thresholds(
    folder: Path, values: dict[str, Any]
) -> tuple[dict[str, dict[str, Any]], list[Fault]]:
    """QC thresholds by what an assay has as `qc`: a name in config/qc, or a path of YAML."""
    shipped = checkout.root() / "config/qc"
    found: dict[str, dict[str, Any]] = {}
    faults = []
    assays = values["assays"] if isinstance(values["assays"], dict) else {}
    for assay_id, assay in assays.items():
        wanted = assay.get("qc") if isinstance(assay, dict) else None
        if not isinstance(wanted, str) or not wanted or wanted in found:
            continue
        own = wanted.endswith((".yaml", ".yml"))
        path = folder / wanted if own else shipped / f"{wanted}.yaml"
        column = f"assays.{assay_id}.qc"
        if not path.is_file():
            names = sorted(shipped_file.stem for shipped_file in shipped.glob("*.yaml"))
            message = (
                f"there is no file {path.absolute()}."
                if own
                else f'there are no thresholds "{wanted}".{nearest(wanted, names)} '
                f"Thresholds: {', '.join(names)}; or give the path of a .yaml file."
            )
            faults.append(Fault(NAME, message, column=column))
            continue
        found[wanted], read_faults = _read(path)
        faults += [Fault(wanted, fault.message, fault.line, fault.column) for fault in read_faults]
        if not read_faults:
            faults += check_thresholds(found[wanted], wanted)
    return found, faults


def _make_paths_absolute(folder: Path, values: dict[str, Any]) -> None:
    """Paths of the configuration start at its folder; a null or faulty one is left as it is."""

    def resolve(section: Any, key: str) -> None:
        if isinstance(section, dict) and isinstance(section.get(key), str) and section[key]:
            section[key] = str((folder / section[key]).absolute())

    for *sections, key in PATH_KEYS:
        section: Any = values
        for name in sections:
            section = section.get(name) if isinstance(section, dict) else None
        resolve(section, key)
    if isinstance(values["assays"], dict):
        for assay in values["assays"].values():
            resolve(assay, "targets")
