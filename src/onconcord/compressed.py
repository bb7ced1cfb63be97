"""Files by their content, never by their name: gzip of any kind, or plain, read to the end."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from onconcord.errors import InputError

CHUNK_BYTES = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
COPY_AGAIN = "Copy the file again from its source and compare its checksum."
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every whole BGZF file. Source: SAM specification, section 4.1.2."""
PACKED_OTHERWISE = {
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip, as workbooks of Excel are",
}
"""How files begin that are packed, but not as gzip."""
_BLOCK_MAGIC = b"\x1f\x8b\x08\x04"
_HEADER_BYTES = 18
_LARGEST_BLOCK = 1 << 16


class Hasher(Protocol):
    """What takes the bytes of a file as they are on the disk, such as hashlib.sha256."""

    def update(self, data: bytes, /) -> None: ...


class PackedOtherwiseError(ValueError):
    """The file is whole, but of a kind that nothing here reads; a copy of it would be no better."""


def hold_readable(head: bytes) -> None:
    """
    Hold that a file that begins so is gzip or plain.

    Raises:
        PackedOtherwiseError: it is packed in another way.
    """
    for magic, name in PACKED_OTHERWISE.items():
        if head.startswith(magic):
            raise PackedOtherwiseError(
                f"it is packed as {name}: expected plain text or gzip, so unpack it"
            )


def is_gzip(path: Path) -> bool:
    """Whether a file is gzip, BGZF included, by its first bytes."""
    with path.open("rb") as handle:
        return handle.read(2) == GZIP_MAGIC


def is_bgzf(head: bytes) -> bool:
    """Whether a gzip member that begins so is a BGZF block. Source: SAM specification, 4.1."""
    return len(head) >= _HEADER_BYTES and head[3] & 4 == 4 and head[12:14] == b"BC"


class Inflater:
    """
    The content of gzip data: any number of members, empty ones too, BGZF and plain gzip mixed.

    Raises:
        ValueError: of what is damaged or missing, for a message.
    """

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._head = b""
        self._in_member = False
        self._has_content = False

    def feed(self, data: bytes) -> bytes:
        """Content of the next bytes of the file."""
        found = []
        while data:
            if self._member.eof:
                # Tapes and some copies fill up the last block with zeros, which gzip ignores too.
                data = data.lstrip(b"\0")
                if not data:
                    break
                self._member, self._head = zlib.decompressobj(wbits=31), b""
                self._has_content = False
            self._head += data[: _HEADER_BYTES - len(self._head)]
            try:
                content = self._member.decompress(data)
            except zlib.error as error:
                raise ValueError(f"its gzip data are damaged ({error})") from error
            self._has_content = self._has_content or bool(content)
            found.append(content)
            self._in_member = not self._member.eof
            data = self._member.unused_data
        return b"".join(found)

    def close(self) -> None:
        """Hold that the last member has its end, and that BGZF ends in its empty block."""
        if self._in_member:
            raise ValueError("it stops in the middle of its gzip data")
        if self._has_content and is_bgzf(self._head):
            raise ValueError("it lacks the empty block that ends BGZF")


def is_cut_off(path: Path) -> bool:
    """
    Whether a file ends in the middle of a BGZF block, or in one that is not the empty last one.

    Only the end of the file is read; that of plain gzip tells nothing.
    """
    size = path.stat().st_size
    with path.open("rb") as handle:
        handle.seek(max(0, size - 2 * _LARGEST_BLOCK))
        tail = handle.read()
    if tail.endswith(BGZF_END):
        return False
    at = tail.rfind(_BLOCK_MAGIC)
    while at >= 0:
        head = tail[at : at + _HEADER_BYTES]
        if is_bgzf(head):
            return at + int.from_bytes(head[16:18], "little") + 1 >= len(tail)
        at = tail.rfind(_BLOCK_MAGIC, 0, at)
    return False


def read_chunks(path: Path, digest: Hasher | None = None) -> Iterator[bytes]:
    """
    Content of a file, decompressed where it is gzip, in chunks of any size.

    Args:
        path: gzip of any number of members, or plain.
        digest: takes the bytes as they are on the disk.
    Raises:
        ValueError: the gzip data are damaged or cut off; what was read before has been given.
        PackedOtherwiseError: it is neither.
    """
    with path.open("rb") as handle:
        data = handle.read(CHUNK_BYTES)
        hold_readable(data)
        inflater = Inflater() if data.startswith(GZIP_MAGIC) else None
        while data:
            if digest is not None:
                digest.update(data)
            yield inflater.feed(data) if inflater else data
            data = handle.read(CHUNK_BYTES)
    if inflater:
        inflater.close()


def beginning(path: Path, size: int) -> bytes:
    """
    The first bytes of what a file holds, at most `size` of them.

    Raises:
        ValueError: the gzip data are damaged there, or it is neither gzip nor plain.
    """
    with path.open("rb") as handle:
        head = handle.read(size)
    hold_readable(head)
    return (Inflater().feed(head) if head.startswith(GZIP_MAGIC) else head)[:size]


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """
    Lines of a text file with their 1-based numbers, without their ends; gzip or plain.

    Raises:
        InputError: the gzip data are damaged or cut off, or the text is not UTF-8.
    """
    number, rest = 0, b""
    try:
        for chunk in read_chunks(path):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                number += 1
                yield number, _text(line, number)
        if rest:
            yield number + 1, _text(rest, number + 1)
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1} of this line is not UTF-8: save the file as UTF-8."
        raise InputError.at(path.name, message, number) from error
    except PackedOtherwiseError as error:
        raise InputError.at(path.name, f"cannot be read: {error}.") from error
    except (ValueError, OSError) as error:
        message = f"cannot be read on after line {number}: {error}. {COPY_AGAIN}"
        raise InputError.at(path.name, message) from error


def _text(line: bytes, number: int) -> str:
    line = line.removesuffix(b"\r")
    return line.decode("utf-8-sig" if number == 1 else "utf-8")
