"""Forms in which a text file may come, all of them with the same content."""

import gzip
import zlib

from onconcord.compressed import BGZF_END


def bgzip(data, block=3000):
    """BGZF of small blocks, so that a short text has several."""
    found = b""
    for at in range(0, len(data), block):
        deflate = zlib.compressobj(wbits=-15)
        part = data[at : at + block]
        body = deflate.compress(part) + deflate.flush()
        head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0"
        size = (len(head) + 2 + len(body) + 8 - 1).to_bytes(2, "little")
        found += head + size + body
        found += zlib.crc32(part).to_bytes(4, "little") + len(part).to_bytes(4, "little")
    return found + BGZF_END


FORMS = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "bgzip": bgzip,
    "members": lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:]),
    "empty first member": lambda data: gzip.compress(b"") + gzip.compress(data),
    "empty last member": lambda data: gzip.compress(data) + gzip.compress(b""),
    "bgzip, then gzip": lambda data: bgzip(data[:200]) + gzip.compress(data[200:]),
    "gzip, then bgzip": lambda data: gzip.compress(data[:200]) + bgzip(data[200:]),
    "zeros at the end": lambda data: gzip.compress(data) + bytes(512),
    "no last line end": lambda data: gzip.compress(data.removesuffix(b"\n")),
    "empty lines at the end": lambda data: gzip.compress(data + b"\n\n"),
    "lines of Windows": lambda data: gzip.compress(data.replace(b"\n", b"\r\n")),
}

TEXT_FORMS = {
    "as it is": lambda text: text.encode(),
    "Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "an old Macintosh": lambda text: text.replace("\n", "\r").encode(),
    "a mark at its beginning": lambda text: text.encode("utf-8-sig"),
    "Unicode text": lambda text: text.encode("utf-16"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "no last line end": lambda text: text.rstrip("\n").encode(),
    "spaces around cells": lambda text: text.replace("\t", " \t\u00a0").encode(),
    "empty columns": lambda text: text.replace("\n", "\t\t\n").encode(),
    "empty lines": lambda text: text.replace("\n", "\n\n \t \n").encode(),
    "comments": lambda text: f"# by hand\n{text} # end\n".encode(),
}
"""Forms in which people save a table."""
