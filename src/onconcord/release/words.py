"""
Local ids of a centre, searched for in text in every disguise that a spreadsheet or a person gives
them: other case, other separators, full-width or unseen signs, hex, base64, percent, a digest.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import unquote

SHORTEST = 6
"""Letters and digits of an id from which on it is searched for inside other text."""

SHORTEST_CODE = 2
"""Signs from which on a shorter id with a letter is searched for as a whole code."""

_PREFIX = 16
"""Signs of a digest that are enough to know it."""

_HASHES = ("md5", "sha1", "sha256", "sha512")


def plain(text: str) -> str:
    """Text without case, width, unseen signs and everything that is no letter or digit."""
    return re.sub(r"[\W_]+", "", seen(text).casefold())


def seen(text: str) -> str:
    """Text in one width, without the signs that are not seen (category Cf)."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in wide if unicodedata.category(sign) != "Cf")


class Words:
    """
    What must not be in any text of a release.

    Long ids are searched for inside text (`inside`), ids of digits alone as whole numbers, short
    ones with a letter as whole codes (`is_code`). A short id of digits alone is in too much by
    chance and is not searched for.

    Args:
        ids: local ids and names, of every pair of the centre.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.ids = frozenset(ids)
        self._known: dict[str, bool] = {}

    @cached_property
    def _numbers(self) -> frozenset[str]:
        found = (plain(one) for one in self.ids)
        return frozenset(one for one in found if one.isdecimal() and len(one) >= SHORTEST)

    @cached_property
    def _codes(self) -> frozenset[str]:
        found = (plain(one) for one in self.ids)
        return frozenset(
            one for one in found if SHORTEST_CODE <= len(one) < SHORTEST and not one.isdecimal()
        )

    @cached_property
    def _needles(self) -> dict[int, frozenset[str]]:
        """What to look for in plain text, by its length."""
        needles: set[str] = set()
        for one in self.ids:
            bare = plain(one)
            if len(bare) < SHORTEST:
                continue
            if not bare.isdecimal():
                needles.add(bare)
            for spelt in {one, one.casefold(), one.upper()}:
                needles |= self._encoded(spelt.encode())
        by_length: dict[int, set[str]] = {}
        for needle in needles:
            by_length.setdefault(len(needle), set()).add(needle)
        return {length: frozenset(found) for length, found in sorted(by_length.items())}

    @staticmethod
    def _encoded(spelt: bytes) -> set[str]:
        """Hex (and so percent and escapes), base64 at each offset, and digests of an id."""
        found = {spelt.hex()}
        for offset in range(3):
            # the first and the last sign depend on the neighbours
            text = base64.b64encode(b"\0" * offset + spelt).decode().rstrip("=")
            found.add(
                plain(text[-(-offset * 4 // 3) : len(text) - bool((offset + len(spelt)) % 3)])
            )
        for name in _HASHES:
            digest = hashlib.new(name, spelt, usedforsecurity=False)
            found.add(digest.hexdigest()[:_PREFIX])
            found.add(plain(base64.b64encode(digest.digest()).decode()[:_PREFIX]))
        return found

    def inside(self, text: str) -> bool:
        """Whether a long id is in a text, in whatever disguise."""
        if not self.ids:
            return False
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self._look(text)
        return found

    def _look(self, text: str) -> bool:
        for one in {text, unquote(text), re.sub(r"\\x|0x", "", text)}:
            bare = plain(one)
            for length, needles in self._needles.items():
                for start in range(len(bare) - length + 1):
                    if bare[start : start + length] in needles:
                        return True
            if self._numbers:
                # 12-34-5678 is a number of an id with separators; 0.12345678 is a fraction
                for number in re.findall(r"(?<![0-9.])[0-9](?:[0-9]|[-_/ ](?=[0-9]))*", seen(one)):
                    if plain(number) in self._numbers or any(
                        part in self._numbers for part in re.split(r"[-_/ ]", number)
                    ):
                        return True
        return False

    def is_code(self, text: str) -> bool:
        """Whether a short id is one of the codes that a text is made of."""
        parts = re.split(r"[\W_]+", seen(text).casefold())
        return any(part in self._codes for part in (*parts, plain(text)))

    @cached_property
    def digests(self) -> frozenset[str]:
        """Digests in hex of every id, whole."""
        return frozenset(
            hashlib.new(name, spelt.encode(), usedforsecurity=False).hexdigest()
            for one in self.ids
            for spelt in {one, one.casefold(), one.upper()}
            for name in _HASHES
        )


NO_WORDS = Words()
