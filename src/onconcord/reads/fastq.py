"""
FASTQ: the one reader of it, which a check, the count of reads and the aligner's stream share.

Trimmers and aligners stop quietly at the end of the shorter mate file, and take mates that are out
of step for single reads. Here every record is looked at, and every pair by its name.
"""

import hashlib
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from onconcord.compressed import (
    COPY_AGAIN,
    Inflater,
    PackedOtherwiseError,
    hold_readable,
    is_gzip,
    read_chunks,
)
from onconcord.errors import Fault, InputError

HEAD_BYTES = 1 << 16
_MATE_END = re.compile(rb"([/._]|[/._:-]R)[123]$")
"""How the names of mates end: `/1` of Illumina, `.1` of the SRA, `_1`, `_R1` or `:R1` of others."""
PHRED64_LOWEST, PHRED64_TOP = 59, 84
"""Qualities of offset 64 begin at ";" (-5) and reach "T" (20); of offset 33 that would be 26 to 51
and more in every base of a file, which no sequencer writes."""
LONGEST_NAME = 254
"""Bytes of a name in SAM and BAM. Source: SAM specification, section 1.4."""
_BASES = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv."
_QUALITIES = bytes(range(33, 127))
_COMMENT = re.compile(rb"[ \t]")


class Records(NamedTuple):
    """Some records in a row: names without comment, bases, qualities; of equal number."""

    names: list[bytes]
    bases: list[bytes]
    qualities: list[bytes]


@dataclass(frozen=True)
class FastqFile:
    """
    One FASTQ that was read to its end.

    Args:
        format: fastq.gz, or fastq where it is not compressed.
        bytes: size of the file.
        sha256: hex digest of the file's bytes.
        reads: number of records.
    """

    format: str
    bytes: int
    sha256: str
    reads: int


def fastq_format(path: Path) -> str:
    """What a FASTQ is by its content: fastq.gz or fastq."""
    return "fastq.gz" if is_gzip(path) else "fastq"


Sink = Callable[[list[bytes], Records, Records], None]
"""Takes the names that both mates share, and the records of the first and the second mates."""


class FastqReader:
    """
    The records of one FASTQ, in blocks.

    Args:
        path: gzip of any members, or plain; whatever its name.
        head_only: of a file of more than HEAD_BYTES read those, and say nothing of its end.
    """

    def __init__(self, path: Path, head_only: bool = False) -> None:
        self.path = path
        self.reads = 0
        self.mate: bytes | None = None
        self.whole = not head_only or path.stat().st_size <= HEAD_BYTES
        self._digest = hashlib.sha256()
        self._lowest, self._highest = 255, 0
        self._first_name = b""

    def summary(self) -> FastqFile:
        """What the file is, once it was read to its end."""
        size = self.path.stat().st_size
        return FastqFile(fastq_format(self.path), size, self._digest.hexdigest(), self.reads)

    def blocks(self) -> Iterator[Records]:
        """
        Records in the order of the file.

        Raises:
            InputError: damaged or cut off, no record in a plain file, a record that is not of four
                lines or has not one quality per base, a name that BAM cannot hold or that is there
                already, qualities of offset 64; with the line.
        """
        lines: list[bytes] = []
        rest = b""
        try:
            for chunk in self._chunks():
                *complete, rest = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n")
                lines += complete
                whole = len(lines) // 4 * 4
                if whole:
                    yield self._records(lines[:whole])
                    lines = lines[whole:]
        except PackedOtherwiseError as error:
            raise self._fault(f"{error}.") from error
        except (ValueError, OSError) as error:
            message = f"{error}, after {self.reads} whole reads. {COPY_AGAIN}"
            raise self._fault(message) from error
        if self.whole:
            yield from self._last([*lines, rest.removesuffix(b"\r")])
        # A whole gzip of nothing is what a sequencer writes of a dead sample.
        if not self.reads and not is_gzip(self.path):
            message = "holds no read. Give the lane's reads, or remove the lane from the sheet."
            raise self._fault(message)
        if self._lowest >= PHRED64_LOWEST and self._highest >= PHRED64_TOP:
            raise self._fault(
                f"its qualities go from {chr(self._lowest)!r} to {chr(self._highest)!r}, which is "
                "the offset 64 of Illumina 1.3 to 1.7; expected offset 33. Convert the file with "
                "seqtk seq -Q64 -V."
            )

    def _chunks(self) -> Iterator[bytes]:
        if self.whole:
            yield from read_chunks(self.path, self._digest)
            return
        with self.path.open("rb") as handle:
            head = handle.read(HEAD_BYTES)
        hold_readable(head)
        yield Inflater().feed(head) if is_gzip(self.path) else head

    def _last(self, lines: list[bytes]) -> Iterator[Records]:
        """What is left at the end of the file: empty lines, or a record that is cut off."""
        while lines and not lines[-1].strip():
            lines.pop()
        # A read of no base ends in an empty line.
        if len(lines) == 3 and not lines[1].strip():
            lines.append(b"")
        if len(lines) == 4:
            yield self._records(lines)
        elif lines:
            self._start(lines[:1])
            message = f"the last read has {len(lines)} of its four lines. {COPY_AGAIN}"
            raise self._fault(message, self.reads * 4 + 1)

    def _records(self, lines: list[bytes]) -> Records:
        heads, bases, qualities = lines[0::4], lines[1::4], lines[3::4]
        self._start(heads)
        self._start(lines[2::4], b"+", 2)
        if list(map(len, bases)) != list(map(len, qualities)):
            at = next(
                at
                for at, (of_read, of_quality) in enumerate(zip(bases, qualities, strict=True))
                if len(of_read) != len(of_quality)
            )
            message = f"{len(bases[at])} bases, but {len(qualities[at])} qualities. {COPY_AGAIN}"
            raise self._fault(message, (self.reads + at) * 4 + 4)
        self._signs(bases, _BASES, 1, "no base")
        scores = self._signs(qualities, _QUALITIES, 3, "no quality")
        if scores:
            values = np.frombuffer(scores, dtype=np.uint8)
            self._lowest = min(self._lowest, int(values.min()))
            self._highest = max(self._highest, int(values.max()))
        if b"\t" in b"".join(heads):
            names = [_COMMENT.split(head, maxsplit=1)[0][1:] for head in heads]
        else:
            names = [head.partition(b" ")[0][1:] for head in heads]
        self._hold_names(names)
        if not self.reads:
            self.mate = _mate(heads[0])
            self._first_name = names[0]
        self.reads += len(heads)
        return Records(names, bases, qualities)

    def _start(self, lines: list[bytes], sign: bytes = b"@", offset: int = 0) -> None:
        """Hold that every one of some lines begins with its sign."""
        text = b"\n" + b"\n".join(lines)
        if text.count(b"\n" + sign) == len(lines):
            return
        at = next(at for at, line in enumerate(lines) if not line.startswith(sign))
        message = (
            f'begins with "{_shown(lines[at][:40])}", expected "{sign.decode()}": a record of '
            "FASTQ has four lines, @name, bases, + and qualities. Give the FASTQ of the lane."
        )
        raise self._fault(message, (self.reads + at) * 4 + 1 + offset)

    def _hold_names(self, names: list[bytes]) -> None:
        """
        Hold that SAM can have every one of some names, and that it is the name of one read.

        A file that was appended to itself begins again with its first name.
        """
        shortest, longest = min(map(len, names)), max(map(len, names))
        if not shortest or longest > LONGEST_NAME or b"\n@" in b"\n" + b"\n".join(names):
            at = next(
                at
                for at, name in enumerate(names)
                if not 0 < len(name) <= LONGEST_NAME or name.startswith(b"@")
            )
            message = (
                f'"{_shown(names[at][:40])}" is no name of a read: expected 1 to {LONGEST_NAME} '
                "signs, of which the first is not @. Rename the reads (seqkit replace)."
            )
            raise self._fault(message, (self.reads + at) * 4 + 1)
        at = len(names)
        if any(map(operator.eq, names, names[1:])):
            at = next(at for at, name in enumerate(names[1:], 1) if name == names[at - 1])
        again = names if self.reads else names[1:]
        first = self._first_name or names[0]
        if first in again:
            at = min(at, again.index(first) + len(names) - len(again))
        if at < len(names):
            message = (
                f'the name "{_shown(names[at])}" is there already: every read of a file has a name '
                "of its own. Was the file appended to itself? Give each read once."
            )
            raise self._fault(message, (self.reads + at) * 4 + 1)

    def _signs(self, lines: list[bytes], allowed: bytes, offset: int, fault: str) -> bytes:
        """The text of some lines, which have no sign that is not allowed."""
        text = b"".join(lines)
        if text.translate(None, allowed):
            at, odd = next(
                (at, odd) for at, line in enumerate(lines) if (odd := line.translate(None, allowed))
            )
            message = f'"{_shown(odd[:1])}" is {fault}. {COPY_AGAIN}'
            raise self._fault(message, (self.reads + at) * 4 + 1 + offset)
        return text

    def _fault(self, message: str, line: int = 0) -> InputError:
        return InputError.at(self.path, message, line)


def read_lane(
    read_group: str,
    paths: Sequence[Path],
    sink: Sink | None = None,
    head_only: bool = False,
) -> tuple[FastqFile, ...]:
    """
    Read the mate files of a lane side by side and hold that they are the mates of the same reads.

    Args:
        read_group: id of the lane, for messages.
        paths: FASTQ of the first and the second mates, or one of single reads.
        sink: takes every pair as it is read; None to look only.
        head_only: look at the beginning of the files only.
    Returns:
        One per path; without head_only their reads are all there are.
    Raises:
        InputError: every fault of each file (see `FastqReader.blocks`), and of the two together:
            another name, other numbers of reads, or the second mates first.
    """
    streams = [_Stream(FastqReader(path, head_only)) for path in paths]
    lane = _Lane(read_group, streams, sink)
    with ThreadPoolExecutor(len(streams)) as pool:
        while not all(stream.ended for stream in streams):
            # zlib and hashlib let go of the interpreter's lock, so the two do run side by side.
            list(pool.map(_Stream.pull, streams))
            lane.compare()
    faults = [fault for stream in streams for fault in stream.faults]
    if not faults:
        faults = lane.faults()
    if faults:
        raise InputError(faults)
    return tuple(stream.reader.summary() for stream in streams)


class _Stream:
    """One file of a lane: what was read and not compared yet, and the fault that ended it."""

    def __init__(self, reader: FastqReader) -> None:
        self.reader = reader
        self.pending = Records([], [], [])
        self.faults: tuple[Fault, ...] = ()
        self.ended = False
        self._blocks = reader.blocks()

    def pull(self) -> None:
        """Read on, where nothing is left to compare."""
        if self.ended or self.pending.names:
            return
        try:
            block = next(self._blocks, None)
        except InputError as error:
            self.faults, block = error.faults, None
        self.ended = block is None
        self.pending = block or Records([], [], [])

    def take(self, count: int) -> Records:
        """The next records, which are not pending any more."""
        taken = Records(*(column[:count] for column in self.pending))
        self.pending = Records(*(column[count:] for column in self.pending))
        return taken


class _Lane:
    """The two files of a lane beside each other; with one file there is nothing to compare."""

    def __init__(self, read_group: str, streams: list[_Stream], sink: Sink | None) -> None:
        self._read_group = read_group
        self._streams = streams
        self._sink = sink
        self._pairs = 0
        self._fault: Fault | None = None

    def compare(self) -> None:
        """Compare the names of the pairs that both files have by now, and hand them on."""
        pending = [len(stream.pending.names) for stream in self._streams]
        if len(pending) < 2 or self._fault or not all(pending):
            # What has no counterpart is read all the same: a message says how many reads there are.
            for stream in self._streams:
                stream.take(max(pending))
            return
        first, second = (stream.take(min(pending)) for stream in self._streams)
        names = first.names
        if names != second.names:
            shared = list(map(shared_name, names, second.names))
            if None in shared:
                self._fault = self._out_of_step(shared.index(None), first, second)
                return
            names = [name for name in shared if name is not None]
        self._pairs += len(names)
        if self._sink:
            self._sink(names, first, second)

    def _out_of_step(self, at: int, first: Records, second: Records) -> Fault:
        here, there = (stream.reader.path for stream in self._streams)
        names = [_shown(records.names[at]) for records in (first, second)]
        number = self._pairs + at + 1
        if number == 1:
            message = (
                f"R1 and R2 of lane {self._read_group} do not belong together: the first read of "
                f'{here.name} is "{names[0]}", of {there.name} "{names[1]}". Give the two mate '
                "files of one lane."
            )
            return Fault(str(there), message)
        message = (
            f"R1 and R2 of lane {self._read_group} are out of step: read {number} of {here.name} "
            f'is "{names[0]}", of {there.name} "{names[1]}". Copy both again from their source, or '
            "pair them by name (seqkit pair)."
        )
        return Fault(str(there), message, number * 4 - 3)

    def faults(self) -> list[Fault]:
        """What is wrong with the two files together, each of them being whole."""
        if len(self._streams) < 2:
            return []
        if self._fault:
            return [self._fault]
        first, second = (stream.reader for stream in self._streams)
        if (first.mate, second.mate) == (b"2", b"1"):
            message = (
                f"{first.path.name} has the second mates of lane {self._read_group} and "
                f"{second.path.name} the first: exchange fastq_1 and fastq_2."
            )
            return [Fault(str(second.path), message)]
        if first.mate is not None and first.mate == second.mate:
            message = (
                f"{first.path.name} and {second.path.name} of lane {self._read_group} both say "
                f"that they have mates {first.mate.decode()}: give the first mates as fastq_1 and "
                "the second as fastq_2."
            )
            return [Fault(str(second.path), message)]
        # Where only the beginnings were read, a file that ends in its own is the shorter one.
        lacking = [
            reader
            for reader in (first, second)
            if reader.whole and reader.reads < max(first.reads, second.reads)
        ]
        if lacking:
            counts = [
                f"{'' if reader.whole else 'at least '}{reader.reads}" for reader in (first, second)
            ]
            message = (
                f"R1 and R2 of lane {self._read_group} differ in length: {first.path.name} has "
                f"{counts[0]} reads, {second.path.name} has {counts[1]}. The two files must hold "
                "the mates of the same reads in the same order: copy the shorter one again."
            )
            return [Fault(str(second.path), message)]
        return []


def shared_name(first: bytes, second: bytes) -> bytes | None:
    """The name that two mates share, without what tells them apart; None where they share none."""
    if first == second:
        return first
    if first[:-1] != second[:-1] or first[-1:] + second[-1:] not in (b"12", b"13"):
        return None
    end = _MATE_END.search(first)
    return first[: end.start()] if end else None


def _mate(head: bytes) -> bytes | None:
    """Which mate a record says it is, 1 or 2: `/1` at the end of its name, or `1:N:0:` after it."""
    mate = re.match(rb"@\S*?(?:/([12])(?:\s|$)|[ \t]([12]):[YN]:\d)", head)
    return (mate[1] or mate[2]) if mate else None


def write_pairs(read_group: str, first: Path, second: Path, out: BinaryIO) -> None:
    """
    Write the pairs of a lane interleaved, as aligners read them: shared names, no comments.

    Args:
        read_group: id of the lane, for messages.
        first, second: FASTQ of the first and the second mates.
        out: takes FASTQ, the mates of a pair in a row.
    Raises:
        InputError: see `read_lane`; what was read before has been written.
    """

    def sink(names: list[bytes], ones: Records, twos: Records) -> None:
        lines: list[bytes] = [b"+"] * (8 * len(names))
        lines[0::8] = lines[4::8] = [b"@" + name for name in names]
        lines[1::8], lines[3::8] = ones.bases, ones.qualities
        lines[5::8], lines[7::8] = twos.bases, twos.qualities
        lines.append(b"")
        out.write(b"\n".join(lines))

    read_lane(read_group, (first, second), sink)


def _shown(text: bytes) -> str:
    return repr(text)[2:-1]
