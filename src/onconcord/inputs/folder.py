"""A new working folder, and the page about its configuration, both written from the schema."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from onconcord.errors import Fault, InputError
from onconcord.files import write_text
from onconcord.inputs import config as configuration

SHEET = "samples.tsv"
SHEET_COLUMNS = ("patient", "sample", "role", "read_group", "fastq_1", "fastq_2")
LINE = 100
REQUIRED_KEYS = ("centre", "reference.fasta")
CONFIG_HEAD = """\
# Configuration of one working folder. Fill in the two keys that have no value: centre and fasta.
# Every other key has its default, and may be left out. null = not used.
# Paths are relative to this file. What each key means: docs/configuration.md.
"""
SHEET_HEAD = """\
# One line per lane, with tabs between the columns; lines with # are comments. For example:
# P01\tP01-T\ttumour\tL1\treads/P01-T_1.fastq.gz\treads/P01-T_2.fastq.gz
# P01\tP01-N\tnormal\tL1\treads/P01-N_1.fastq.gz\treads/P01-N_2.fastq.gz
# Optional columns: bam, realign, centre, library, specimen, sex, assay, diagnosis, consent, and
# what is known of patient and sample, such as age, sample_type, cellularity (docs/samples.md).
"""
PAGE_HEAD = """\
# Configuration

Generated from `config/schema.yaml` and `config/defaults.yaml`; `onconcord init DIR` writes a
commented `config.yaml`. Paths are relative to the folder of that file. An unknown key is a fault.
`assays.default` stands for any assay: those that a configuration names replace it, and a key that
is left out has the value below.
The forms that each file may have, and the words that a wrong one is refused with, are in
[samples.md](samples.md#forms-that-are-taken-and-forms-that-are-refused).

| key | values | default | meaning |
|---|---|---|---|
"""


def write_templates(folder: Path) -> tuple[Path, ...]:
    """
    Write config.yaml and samples.tsv into a folder, which is made for its owner alone when missing.

    All that a run writes lies below it, so that nobody else gets there; a folder that exists keeps
    the rights that the centre gave it.

    Raises:
        InputError: a file of either name is there already, or the folder cannot be written.
    """
    texts = {
        folder / configuration.NAME: config_template(),
        folder / SHEET: SHEET_HEAD + "\t".join(SHEET_COLUMNS) + "\n",
    }
    faults = [
        Fault(str(path), "is there already, and is not overwritten: move it away first.")
        for path in texts
        if path.exists()
    ]
    if faults:
        raise InputError(faults)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, text in texts.items():
            write_text(path, text)
    except OSError as error:
        message = f"cannot be written ({error.strerror}): name a folder that this user may write."
        raise InputError.at(folder, message) from error
    return tuple(texts)


def config_template() -> str:
    """A config.yaml with every key at its default, its meaning above it."""
    lines = [CONFIG_HEAD]
    for key, value, section, text in _keys():
        name, indent = key.split(".")[-1], "  " * key.count(".")
        if not indent:
            lines.append("")
        required = key in REQUIRED_KEYS
        about = f"{text} Required." if required else text
        lines += textwrap.wrap(
            about, LINE, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
        )
        lines.append(
            f"{indent}{name}:" if section or required else f"{indent}{name}: {_inline(value)}"
        )
    return "\n".join(lines) + "\n"


def config_page() -> str:
    """docs/configuration.md: a row per key."""
    rows = []
    for key, value, section, text in _keys():
        if not section:
            shown = "required" if key in REQUIRED_KEYS else f"`{_inline(value)}`"
            rows.append(f"| `{key}` | {_values(_schema_of(key))} | {shown} | {text} |\n")
    return PAGE_HEAD + "".join(rows)


def _keys() -> Iterator[tuple[str, Any, bool, str]]:
    """Dotted key, default, whether it is a section, and description, in the schema's order."""
    yield from _walk("", configuration.schema(), configuration.defaults())


def _walk(
    prefix: str, schema: dict[str, Any], defaults: dict[str, Any]
) -> Iterator[tuple[str, Any, bool, str]]:
    for name, inner_schema in schema["properties"].items():
        key, value = f"{prefix}{name}", defaults.get(name)
        inner = inner_schema if "properties" in inner_schema else None
        yield key, value, inner is not None or name == "assays", inner_schema["description"]
        if inner is not None:
            yield from _walk(f"{key}.", inner, value or {})
        elif name == "assays":
            # The default assay stands for all: any id may take its place.
            assay = inner_schema["additionalProperties"]
            text = "An assay of any id; samples name it in the column assay."
            yield f"{key}.default", None, True, text
            yield from _walk(f"{key}.default.", assay, (value or {})["default"])


def _schema_of(key: str) -> dict[str, Any]:
    inner: dict[str, Any] = configuration.schema()
    for part in key.split("."):
        inner = inner.get("properties", {}).get(part) or inner["additionalProperties"]
    return inner


def _values(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        schema = {**configuration.schema()["$defs"][schema["$ref"].split("/")[-1]], **schema}
        kind = schema["$ref"].split("/")[-1].replace("_or_", " or ")
    elif "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    else:
        kinds = schema["type"]
        kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return str(kind)
    return f"{kind}, {low} to {high}" if high is not None else f"{kind}, at least {low}"


def _inline(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True)).split("\n")[0]
