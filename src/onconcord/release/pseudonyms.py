"""Pseudonyms: one per id at one centre, and nobody without the key can undo it."""

import base64
import hmac
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from onconcord.errors import InputError
from onconcord.release.key import Key

LENGTH = 20
"""Base32 characters of a pseudonym, after the centre's code and a hyphen: 100 bits."""

KINDS: Mapping[str, str] = {
    "subject_id": "subject",
    "sample_id": "sample",
    "tumor_sample_id": "sample",
    "normal_sample_id": "sample",
    "pair_id": "sample",
    "entity_id": "sample",
}
"""Columns that hold local ids, with the kind of id. A pair is named by its tumour sample, so both
have one pseudonym; a subject that is called like its sample has another than the sample."""


class Pseudonymiser:
    """
    Local ids of one centre to pseudonyms, CENTRE-xxxxxxxxxxxxxxxxxxxx.

    HMAC-SHA256 of kind, centre and id under the centre's key, in base32. Links the rows of one
    patient at one centre, and nothing between centres.
    """

    def __init__(self, key: Key, centre: str) -> None:
        self._key = key
        self._centre = centre

    def __call__(self, kind: str, local: str) -> str:
        """The pseudonym of one id; kind is "subject" or "sample"."""
        text = "\x1f".join((kind, self._centre, local)).encode()
        digest = hmac.digest(self._key.secret, text, "sha256")
        return f"{self._centre}-{base64.b32encode(digest)[:LENGTH].decode()}"

    def column(self, kind: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """A column of ids as pseudonyms; null stays null."""
        encoded = pc.dictionary_encode(column).unify_dictionaries()
        if encoded.num_chunks == 0:
            return column
        known = encoded.chunk(0).dictionary.to_pylist()
        names = pa.array([self(kind, local) for local in known], pa.string())
        chunks = [names.take(chunk.indices) for chunk in encoded.chunks]
        return pa.chunked_array(chunks, pa.string())


def is_pseudonym(text: str, centre: str) -> bool:
    """Whether a text has the form of this centre's pseudonyms."""
    head, _, tail = text.rpartition("-")
    return (
        head == centre
        and len(tail) == LENGTH
        and set(tail) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    )


def check_centres(table: str, column: pa.ChunkedArray, centre: str) -> None:
    """
    Hold that rows belong to the centre that releases them.

    Raises:
        InputError: a row of another centre.
    """
    others = sorted(set(pc.unique(column).to_pylist()) - {centre})
    if others:
        message = f'rows of centre {", ".join(others)}; expected only "{centre}"'
        raise InputError.at(table, message, column="center_id")
