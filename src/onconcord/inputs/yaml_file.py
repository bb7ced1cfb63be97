"""YAML as plain values, with the line that each of them stands on."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from onconcord.errors import Fault


@dataclass(frozen=True)
class YamlFile:
    """
    What a YAML file holds.

    Args:
        values: plain values; None where the file is empty or cannot be read.
        lines: 1-based line of each key and list item, by its dotted path: `thresholds.0.warn`.
        faults: what stops the file from being read.
    """

    values: Any = None
    lines: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


_MERGE = "tag:yaml.org,2002:merge"
"""Tag of the key <<, which brings the keys of another group; a group's own keys win over them."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML in which a key given twice is a fault; plain YAML silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a key is a word, not a list or a group",
                    problem_mark=key_node.start_mark,
                )
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f'the key "{key}" is given twice', problem_mark=key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file; it is read by the library that Snakemake reads it with, to the same end."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start + 1} is not UTF-8: save it as UTF-8."
        return YamlFile(faults=(Fault(path.name, message, line),))
    except OSError as error:
        return YamlFile(faults=(Fault(path.name, f"cannot be read: {error.strerror}."),))
    except yaml.YAMLError as error:
        return YamlFile(faults=(Fault(path.name, f"not YAML: {error}."),))
    try:
        node = loader.get_single_node()
        if node is None:
            return YamlFile()
        return YamlFile(loader.construct_document(node), dict(_lines(node)))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return YamlFile(faults=(Fault(path.name, f"not YAML: {error.problem}.", line),))
    except yaml.YAMLError as error:
        return YamlFile(faults=(Fault(path.name, f"not YAML: {error}."),))
    finally:
        loader.dispose()


def _lines(
    node: yaml.Node, inside: str = "", above: tuple[int, ...] = ()
) -> Iterator[tuple[str, int]]:
    """Dotted path and line of every key and list item below a node."""
    if id(node) in above:  # an alias may point to what it stands in
        return
    if isinstance(node, yaml.MappingNode):
        parts = [(str(key.value), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        parts = [(str(place), item, item) for place, item in enumerate(node.value)]
    else:
        return
    for name, marked, value in parts:
        yield f"{inside}{name}", marked.start_mark.line + 1
        yield from _lines(value, f"{inside}{name}.", (*above, id(node)))


def located(faults: Iterable[Fault], source: str, lines: Mapping[str, int]) -> list[Fault]:
    """
    Faults with the line of the key they name, or of the nearest key above it that the file has.

    Args:
        source: the file whose lines these are; faults of other files, and faults that have a line
            or name no key, are left as they are.
    """
    return [
        replace(fault, line=_line(fault.column, lines))
        if fault.source == source and not fault.line
        else fault
        for fault in faults
    ]


def _line(key: str, lines: Mapping[str, int]) -> int:
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return lines.get(key, 0)
