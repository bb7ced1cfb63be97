"""
Local ids of a centre, searched for in text in every disguise that a spreadsheet or a person gives
them: other case, other separators, no accents, full-width or unseen signs, letters of other scripts
that look alike, backwards, hex, base64, base32, percent, HTML, numbers of signs, ROT13, a digest.
"""

import base64
import codecs
import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from itertools import product
from urllib.parse import unquote

SHORTEST = 6
"""Letters and digits of an id from which on it is searched for inside other text."""

SHORTEST_CODE = 2
"""Signs from which on a shorter id with a letter is searched for as a whole code."""

SHORTEST_NUMBER = 7
"""Digits of a number within an id from which on it is searched for alone: an id is often stated
without its letters. A shorter one is in text by chance."""

_DATE = re.compile("(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")

_PREFIX = 16
"""Signs of a digest that are enough to know it."""

_HASHES = ("md5", "sha1", "sha256", "sha512")

_LOOK_ALIKE = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
    "\u0430\u0435\u0455\u0456\u0458\u043e\u0440\u0441\u0443\u0445\u0391\u0392\u0395\u0396\u0397"
    "\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03c1\u03bd\u0131",
    "ABESIJKMHOPCTYXaesijopcyxABEZHIKMNOPTYXopvi",
)
"""Letters of the Cyrillic and Greek scripts, and the Latin ones that nobody can tell them from."""


_IN_TWO_LETTERS = str.maketrans(
    {
        **{"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00e5": "aa", "\u00f8": "oe"},
        **{"\u00c4": "Ae", "\u00d6": "Oe", "\u00dc": "Ue", "\u00c5": "Aa", "\u00d8": "Oe"},
    }
)
"""Letters that are written as two where a keyboard lacks them."""

_WITHOUT_MARKS = str.maketrans("\u00f8\u00d8\u0142\u0141\u0111\u0110", "oOlLdD")
"""Letters with a stroke, which Unicode does not take apart."""


def plain(text: str) -> str:
    """Text without case, width, unseen signs and everything that is not a letter or digit."""
    return re.sub(r"[\W_]+", "", seen(text).casefold())


def seen(text: str) -> str:
    """Text in one width, script and kind of digits, without accents and signs that are not seen."""
    if text.isascii():
        return text
    wide = unicodedata.normalize("NFKC", text).translate(_LOOK_ALIKE).translate(_WITHOUT_MARKS)
    return "".join(
        str(unicodedata.decimal(sign, sign))
        for sign in unicodedata.normalize("NFKD", wide)
        if unicodedata.category(sign) not in ("Cf", "Mn")
    )


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
        bare = {plain(local_id) for local_id in self.ids}
        # a version of a resource is a date as often as a part of an id is
        within = {
            number
            for text in bare
            for number in re.findall("[0-9]+", text)
            if len(number) >= SHORTEST_NUMBER and not _DATE.fullmatch(number)
        }
        whole = {number for number in bare if number.isdecimal() and len(number) >= SHORTEST}
        return frozenset(whole | within)

    @cached_property
    def _codes(self) -> frozenset[str]:
        bare = (plain(local_id) for local_id in self.ids)
        return frozenset(
            code for code in bare if SHORTEST_CODE <= len(code) < SHORTEST and not code.isdecimal()
        )

    @cached_property
    def _needles(self) -> dict[int, frozenset[str]]:
        """What to look for in plain text, by its length."""
        needles: set[str] = set()
        for local_id in self.ids:
            bare = plain(local_id)
            if len(bare) < SHORTEST:
                continue
            if not bare.isdecimal():
                spelled_out = plain(
                    unicodedata.normalize("NFC", local_id).translate(_IN_TWO_LETTERS)
                )
                needles |= {bare, spelled_out, bare[::-1], codecs.encode(bare, "rot13")}
            for spelt in {local_id, local_id.casefold(), local_id.upper()}:
                needles |= self._encoded(spelt.encode())
        by_length: dict[int, set[str]] = {}
        for needle in needles:
            by_length.setdefault(len(needle), set()).add(needle)
        return {length: frozenset(needles) for length, needles in sorted(by_length.items())}

    @staticmethod
    def _encoded(spelt: bytes) -> set[str]:
        """
        Hex (and so percent and escapes), signs by number, base32, base64 at each offset, and
        digests of an id.
        """
        disguises = {spelt.hex(), "".join(map(str, spelt))}
        # without the first byte both orders of bytes have it
        disguises.add(spelt.decode().encode("utf-16-be").hex()[2:])
        # the last sign depends on what follows
        disguises.add(plain(base64.b32encode(spelt).decode().rstrip("=")[:-1]))
        for offset in range(3):
            # the first and the last sign depend on the neighbours
            text = base64.b64encode(b"\0" * offset + spelt).decode().rstrip("=")
            disguises.add(
                plain(text[-(-offset * 4 // 3) : len(text) - bool((offset + len(spelt)) % 3)])
            )
        # "echo ID | md5sum" has the end of the line in it
        for name, line in product(_HASHES, (spelt, spelt + b"\n")):
            digest = hashlib.new(name, line, usedforsecurity=False)
            disguises.add(digest.hexdigest()[:_PREFIX])
            disguises.add(plain(base64.b64encode(digest.digest()).decode()[:_PREFIX]))
        return disguises

    def inside(self, text: str) -> bool:
        """Whether a long id is in a text, in whatever disguise."""
        if not self.ids:
            return False
        holds_one = self._known.get(text)
        if holds_one is None:
            holds_one = self._known[text] = self._look(text)
        return holds_one

    def _look(self, text: str) -> bool:
        bare = re.sub(r"\\x|\\u00|0x", "", text)
        for variant in {text, unquote(text), unquote(unquote(text)), html.unescape(text), bare}:
            bare = plain(variant)
            for length, needles in self._needles.items():
                for start in range(len(bare) - length + 1):
                    if bare[start : start + length] in needles:
                        return True
            if self._numbers:
                # 12-34-5678 is a number of an id with separators; 0.12345678 is a fraction
                for number in re.findall(
                    r"(?<![0-9.])[0-9](?:[0-9]|[-_/ ](?=[0-9]))*", seen(variant)
                ):
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
        """What an id is in hex, and its digests, whole: a column of digests has room for them."""
        in_hex: set[str] = set()
        for local_id in self.ids:
            for spelt in {local_id, local_id.casefold(), local_id.upper()}:
                in_hex |= {spelt.encode(code).hex() for code in ("utf-8", "utf-16-le", "utf-16-be")}
                in_hex |= {
                    hashlib.new(name, line.encode(), usedforsecurity=False).hexdigest()
                    for name, line in product(_HASHES, (spelt, f"{spelt}\n"))
                }
        return frozenset(in_hex)


NO_WORDS = Words()
