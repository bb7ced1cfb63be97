"""
What goes into a tool comes out of it: both sides are counted, and the rule fails where they differ.

A tool may end well and leave half of its work, a file without its end, or a header alone. Nothing
here uses the tool that is checked.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from onconcord.compressed import read_chunks
from onconcord.errors import ToolError
from onconcord.sealed import closed_lines

COUNTS = "ONCONCORD_COUNTS"
"""A rule exports the file that its counts go to, and closes it (`sealed.closed_lines`); they become
rows of the table `tool`."""
_BCF = b"BCF\2\2"
_LARGEST_HELD = 1 << 22


def conserve(tool: str, file: Path | str, what: str, entered: int, left: int) -> None:
    """
    Hold that as much came out of a tool as went in, say how much, and add it to the rule's counts.

    Args:
        tool: its name and, where it has several, the command: `bcftools sort`.
        file: what it wrote.
        what: what is counted, such as `records`.
        entered, left: how many went in, what the tool has to drop taken off, and came out.
    Raises:
        ToolError: the numbers differ.
    """
    if entered != left:
        raise broken(tool, file, f"{entered} {what} went in and {left} came out")
    print(f"{tool}: {entered} {what} went in and came out")
    if counts := os.environ.get(COUNTS):
        with Path(counts).open("a", encoding="utf-8") as kept:
            kept.write(f"{tool}\t{what}\t{entered}\n")


def read_conserved(paths: Iterable[Path]) -> dict[str, dict[str, int]]:
    """
    What went into tools and came out of them, as rules wrote it.

    Args:
        paths: files of one stage; counts of the same tool and things are added up.
    Returns:
        By the program's name, and by its command and what is counted, such as `norm alleles`.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for path in paths:
        for line in closed_lines(path):
            tool, what, number = line.split("\t")
            program, _, command = tool.partition(" ")
            counts[program, f"{command} {what}".strip()] += int(number)
    found: dict[str, dict[str, int]] = {}
    for (program, what), count in sorted(counts.items()):
        found.setdefault(program, {})[what] = count
    return found


def broken(tool: str, file: Path | str, found: str) -> ToolError:
    """The error of a tool that ended well and did not do its work, to be raised."""
    return ToolError(
        f"{file}: {found} of {tool}, which ended without an error. The file is not to be used: see "
        f"the log, look for a full disk, and run again. If it stays so, this {tool} is broken: "
        "`onconcord doctor` says which one is used."
    )


def record_count(path: Path, tool: str) -> int:
    """
    Records of a VCF or BCF, read to its end.

    Args:
        path: VCF, plain or compressed, or BCF.
        tool: what wrote it, for the error.
    Raises:
        ToolError: it is cut off, damaged or without its end block, its header is not whole, or its
            last line is not.
    """
    try:
        return _records_of_bcf(path) if _is_bcf(path) else _records_of_vcf(path)
    except (ValueError, OSError) as error:
        raise broken(tool, path, f"it is not a whole file ({error})") from error


def _is_bcf(path: Path) -> bool:
    return next(read_chunks(path), b"").startswith(_BCF)


def _records_of_vcf(path: Path) -> int:
    """Lines behind the line of column names."""
    found, rest, in_header = 0, b"", True
    for chunk in read_chunks(path):
        if not in_header:
            found += chunk.count(b"\n")
            rest = chunk[-1:] or rest
            continue
        *lines, rest = (rest + chunk).split(b"\n")
        for place, line in enumerate(lines):
            if not line.startswith(b"##"):
                if not line.startswith(b"#CHROM\t"):
                    break
                in_header, found = False, len(lines) - place - 1
                rest = rest or b"\n"
                break
    if in_header:
        raise ValueError("its header has no line of column names")
    if rest[-1:] != b"\n":
        raise ValueError("its last line is cut off")
    return found


def _records_of_bcf(path: Path) -> int:
    """
    Records by the sizes that each begins with.

    Source: VCF v4.3 specification, section 6.3: magic, length and text of the header; then of each
    record the lengths of its shared and its individual part, and both.
    """
    chunks = read_chunks(path)
    held = bytearray()

    def reach(end: int) -> bool:
        while len(held) < end and (more := next(chunks, None)) is not None:
            held.extend(more)
        return len(held) >= end

    def number(at: int) -> int:
        return int.from_bytes(held[at : at + 4], "little")

    at, found = 9, 0
    if not reach(at) or not reach(at := at + number(5)):
        raise ValueError("its header is cut off")
    while reach(at + 1):
        if not reach(at + 8) or not reach(at := at + 8 + number(at) + number(at + 4)):
            raise ValueError("its last record is cut off")
        found += 1
        if at > _LARGEST_HELD:
            del held[:at]
            at = 0
    return found
