"""What a JSON schema finds wrong with YAML, in the words of a centre and not of a programmer."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from onconcord.errors import Fault

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
    "enum": lambda value, allowed: f"{shown(value)} is not one of {listed(allowed)}.",
    "maximum": lambda value, limit: f"{value} is above {limit}, the highest that makes sense.",
    "minimum": lambda value, limit: f"{value} is below {limit}, the lowest that makes sense.",
    "minItems": lambda _, fewest: f"the list is empty: name at least {fewest}.",
    "minLength": lambda *_: "is empty: fill it in, or leave the key out.",
    "minProperties": lambda _, fewest: f"is empty: name at least {fewest}.",
    "pattern": lambda value, _: f'"{value}" is not a code: use {_ID_RULE}.',
    "uniqueItems": lambda value, _: f"{shown(value)} names one item twice.",
}


def nearest(word: str, known: Iterable[str]) -> str:
    """A question that names the known word most like this one, or "" where none is near."""
    close = difflib.get_close_matches(word, tuple(known), n=1, cutoff=0.6)
    return f' Did you mean "{close[0]}"?' if close else ""


def listed(items: Iterable[Any]) -> str:
    """Values in quotes, with commas, in their order."""
    return ", ".join(f'"{item}"' for item in items)


def shown(value: Any) -> str:
    """A value as YAML has it: text in quotes, the first line of what has several."""
    return f'"{value}"' if isinstance(value, str) else yaml.safe_dump(value).split("\n")[0]


def schema_faults(values: Any, schema: Mapping[str, Any], source: str) -> list[Fault]:
    """
    Every fault that a JSON schema finds, with the dotted path of its key.

    Args:
        source: name of the file that the values are from.
    """
    errors = Draft202012Validator(schema).iter_errors(values)
    return [
        Fault(source, message, column=key)
        for error in errors
        for key, message in _in_plain_words(error, schema)
    ]


def _in_plain_words(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Dotted path and message of each fault in an error."""
    where = ".".join(str(part) for part in error.absolute_path)
    inside = f"{where}." if where else ""
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        for key in error.instance:
            if key not in known:
                message = f"unknown key.{nearest(str(key), known)} Known here: {', '.join(known)}."
                yield f"{inside}{key}", message
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                text = error.schema["properties"][key].get("description", "")
                yield f"{inside}{key}", f"missing, and required. {text}".strip()
    elif error.validator == "type" and error.instance is None:
        yield where, f"is empty, and required. {_description(error, schema)}".strip()
    elif error.validator == "type":
        wanted = error.validator_value
        wanted = [wanted] if isinstance(wanted, str) else wanted
        words = [_TYPE_WORDS[word] for word in wanted]
        # Yaml reads 007 as seven and 2026-11-24 as a date; quotes keep them as they are.
        hint = " Put it in quotes." if "text" in words else _number_meant(error.instance, wanted)
        message = f"{shown(error.instance)} is not {' or '.join(words)}.{hint}"
        yield where, message
    elif str(error.validator) in _LIMITS:
        message = _LIMITS[str(error.validator)](error.instance, error.validator_value)
        yield where, message
    else:
        yield where, error.message


def _number_meant(value: Any, wanted: Iterable[str]) -> str:
    """How to write a number that YAML takes for text, such as 1e-3; "" where none is meant."""
    if not isinstance(value, str) or not {"number", "integer"}.intersection(wanted):
        return ""
    plain = value.strip().replace(",", ".")
    try:
        number = Decimal(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
    except InvalidOperation:
        return ""
    return f" YAML takes it for text: write {number.normalize():f}." if number.is_finite() else ""


def _description(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """What the schema says a key is for; beside a reference it is one level further up."""
    here: Any = schema
    for part in error.absolute_path:
        properties = here.get("properties", {})
        here = properties.get(part, here.get("additionalProperties", {}))
        if not isinstance(here, dict):
            return ""
    return str(here.get("description", ""))
