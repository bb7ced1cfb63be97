"""Reads of fragments, with ART's error profiles: FASTQ whose bytes follow from the fragments."""

import gzip
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from onconcord.accuracy.fragments import Fragment
from onconcord.accuracy.profiles import Profile
from onconcord.errors import ToolError
from onconcord.files import whole_file

BINS = ((2, 2), (14, 12), (30, 23), (99, 37))
"""Highest Phred quality of a bin and what stands for it, as newer sequencers write them."""
_COMPLEMENT = bytes.maketrans(b"ACGT", b"TGCA")
_OFFSET = 33


def binned(quality: int) -> int:
    """The quality that stands for its bin."""
    return next(value for highest, value in BINS if quality <= highest)


_TO_BINS = {_OFFSET + quality: _OFFSET + binned(quality) for quality in range(60)}


def write_reads(
    profile: Profile, fragments: Sequence[Fragment], seed: int, first: Path, second: Path
) -> None:
    """
    Write the mates of all fragments, in their order.

    Args:
        seed: of ART.
        first, second: FASTQ of each mate, compressed.
    Raises:
        ToolError: ART failed.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        whole_file(first) as one,
        whole_file(second) as two,
    ):
        _run_art(profile, fragments, seed, Path(folder))
        with (
            gzip.GzipFile("", "wb", 1, one.open("wb"), 0) as out1,
            gzip.GzipFile("", "wb", 1, two.open("wb"), 0) as out2,
        ):
            mates = zip(_reads(Path(folder), 1), _reads(Path(folder), 2), strict=True)
            for (number, *read1), (_, *read2) in mates:
                fragment = fragments[number]
                name = f"@SIM:1:FC:1:{1101 + number // 10000}:{number % 10000}:1"
                for mate, (bases, qualities), out in ((1, read1, out1), (2, read2, out2)):
                    text = _spoilt(profile, fragment, mate, qualities)
                    out.write(f"{name} {mate}:N:0:1\n{bases}\n+\n{text}\n".encode())


def _run_art(profile: Profile, fragments: Sequence[Fragment], seed: int, folder: Path) -> None:
    with (folder / "fragments.fa").open("wb") as file:
        for number, fragment in enumerate(fragments):
            bases = (
                fragment.bases if fragment.forward else fragment.bases.translate(_COMPLEMENT)[::-1]
            )
            file.write(b">%d\n%s\n" % (number, bases))
    # One pair of reads from the two ends of each record: read 1 is on its forward strand.
    command = [
        *("art_illumina", "-ss", profile.sequencer, "-amp", "-p", "-na", "-q"),
        *("-l", str(profile.read_bp), "-f", "1", "-rs", str(seed)),
        *("-i", str(folder / "fragments.fa"), "-o", f"{folder}/reads"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"art_illumina failed: {done.stderr.strip() or done.stdout.strip()}")


def _reads(folder: Path, mate: int) -> Iterator[tuple[int, str, str]]:
    """Number of the fragment, bases and qualities of each read; ART writes four lines a read."""
    with (folder / f"reads{mate}.fq").open() as file:
        for name in file:
            bases = next(file).rstrip("\n")
            next(file)
            yield int(name[1 : name.index("-")]), bases, next(file).rstrip("\n")


def _spoilt(profile: Profile, fragment: Fragment, mate: int, qualities: str) -> str:
    """Qualities with the poor bases of the fragment, in bins where the profile says so."""
    if fragment.poor:
        values = list(qualities)
        from_left = (mate == 1) == fragment.forward
        for place, quality in fragment.poor:
            at = place if from_left else len(fragment.bases) - 1 - place
            if 0 <= at < len(values):
                values[at] = min(values[at], chr(_OFFSET + quality))
        qualities = "".join(values)
    return qualities.translate(_TO_BINS) if profile.qualities == "binned" else qualities
