"""The one text and the one digest of a JSON value, wherever it is written."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """
    A value as compact JSON: keys sorted, no spaces, every character as itself.

    Raises:
        ValueError: a number is NaN or infinite, which JSON does not have.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def json_sha256(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value in UTF-8, as hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
