"""
Simulated reads of the demo: ART's error profile on real sequence with a known truth.

The same truth and reference give the same bytes, whatever the cores.
"""

import csv
import gzip
import hashlib
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from onconcord.errors import InputError, ToolError
from onconcord.files import whole_file, write_text
from onconcord.reference.bed import read_bed
from onconcord.reference.intervals import merged

FLANK_BP = 350
READ_BP = 100
DUPLICATE_FRAC = 0.08
TUMOUR_DEPTH, NORMAL_DEPTH = 110, 70
END_BP = 30
"""Events this close to the end of a region are left out, so that none runs over it."""

TRUTH = ("cohort.tsv", "targets.bed", "germline.tsv", "somatic.tsv")

Span = tuple[int, int]
"""0-based half-open part of chromosome 20."""
Variant = tuple[int, str, str]
ReadPair = tuple[str, str, str, str]
"""Bases and qualities of the first mate, then of the second."""


@dataclass(frozen=True)
class DemoSample:
    """One sample of the demo: its patient, its role, and the number of its lanes."""

    sample: str
    patient: str
    role: str
    lanes: int

    def files(self, out: Path) -> list[Path]:
        """FASTQ files of all lanes, both mates."""
        lanes = range(1, self.lanes + 1)
        return [out / f"{self.sample}_L{lane}_{mate}.fq.gz" for lane in lanes for mate in (1, 2)]


def read_samples(path: Path) -> list[DemoSample]:
    """Samples of `cohort.tsv`: sample, patient, role, lanes."""
    with path.open(newline="") as file:
        return [
            DemoSample(row["sample"], row["patient"], row["role"], int(row["lanes"]))
            for row in csv.DictReader(file, delimiter="\t")
        ]


def simulate(
    reference: Path, demo: Path, out: Path, cores: int, only: frozenset[str], genes: frozenset[str]
) -> None:
    """
    Write `{sample}_L{lane}_{1,2}.fq.gz` of every sample.

    A sample whose reads are there, made by this code from this truth, is left alone.

    Args:
        reference: chromosome 20 of GRCh37 with its `.fai`.
        demo: folder with the files of TRUTH.
        out: folder of the reads.
        cores: samples simulated side by side.
        only: sample ids; empty for all.
        genes: symbols whose targets are simulated; empty for all.
    Raises:
        InputError: the truth does not stand on this reference.
        ToolError: ART failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    samples = [one for one in read_samples(demo / "cohort.tsv") if not only or one.sample in only]
    regions = simulated_regions(demo / "targets.bed", FLANK_BP, genes)
    germline, somatic = _germline(demo / "germline.tsv"), _somatic(demo / "somatic.tsv")
    made_from = hashlib.sha256(
        b"".join((demo / name).read_bytes() for name in TRUTH)
        + Path(__file__).read_bytes()
        + ",".join(sorted(genes)).encode()
    ).hexdigest()

    def make(sample: DemoSample) -> None:
        stamp = out / f"{sample.sample}.made_from"
        there = stamp.exists() and all(path.exists() for path in sample.files(out))
        if there and stamp.read_text() == made_from:
            return
        with pysam.FastaFile(str(reference)) as genome:
            pairs = _pairs(
                sample, genome, regions, germline[sample.patient], somatic[sample.sample]
            )
        _write_lanes(sample, pairs, out)
        write_text(stamp, made_from)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(make, samples))


def simulated_regions(
    targets: Path, flank: int = FLANK_BP, genes: frozenset[str] = frozenset()
) -> list[Span]:
    """Targets with flanks (bp), merged where they meet, of all or some genes; 0-based half-open."""
    flanked = [
        (contig, start - flank, end + flank)
        for contig, start, end, gene in read_bed(targets).iter_rows()
        if not genes or gene in genes
    ]
    return [(start, end) for _, start, end in merged(flanked, ["20"])]


def _germline(path: Path) -> dict[str, list[tuple[Variant, str]]]:
    by_patient: dict[str, list[tuple[Variant, str]]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            variant = (int(row["pos"]), row["ref"], row["alt"])
            by_patient[row["patient"]].append((variant, row["haplotype"]))
    return by_patient


def _somatic(path: Path) -> dict[str, list[tuple[Variant, float]]]:
    by_sample: dict[str, list[tuple[Variant, float]]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            variant = (int(row["pos"]), row["ref"], row["alt"])
            by_sample[row["sample"]].append((variant, float(row["vaf"])))
    return by_sample


def _haplotype(sequence: str, start0: int, variants: Iterable[Variant]) -> str:
    for pos, ref, alt in sorted(variants, reverse=True):
        at = pos - 1 - start0
        if sequence[at : at + len(ref)] != ref:
            held = sequence[at : at + len(ref)]
            message = f"the truth has {ref} at {pos}, the reference {held}: take another FASTA."
            raise InputError.at("20", message)
        sequence = sequence[:at] + alt + sequence[at + len(ref) :]
    return sequence


def _records(
    genome: pysam.FastaFile,
    regions: list[Span],
    germline: list[tuple[Variant, str]],
    somatic: list[tuple[Variant, float]],
) -> Iterator[tuple[str, float]]:
    """
    Haplotypes of each region with their share of its fragments, at most a half each.

    The first of the two germline haplotypes acquires a region's somatic events, each in cells of
    its own; where they take more than half of the fragments, the second one has lost copies.
    """
    for start0, end0 in regions:
        sequence = genome.fetch("20", start0, end0).upper()
        own: tuple[list[Variant], list[Variant]] = ([], [])
        for variant, which in germline:
            if start0 < variant[0] <= end0 - END_BP:
                for number in "12" if which == "both" else which:
                    own[int(number) - 1].append(variant)
        left = 1.0
        for event, vaf in somatic:
            if start0 < event[0] <= end0 - END_BP:
                # Twice at half the share: an ART record gives at most half of the depth.
                for _ in "12":
                    yield _haplotype(sequence, start0, [*own[0], event]), vaf / 2
                left -= vaf
        of_first = max(left - 0.5, 0.0)
        yield _haplotype(sequence, start0, own[0]), of_first
        yield _haplotype(sequence, start0, own[1]), left - of_first


def _pairs(
    sample: DemoSample,
    genome: pysam.FastaFile,
    regions: list[Span],
    germline: list[tuple[Variant, str]],
    somatic: list[tuple[Variant, float]],
) -> list[ReadPair]:
    """Read pairs in random order, PCR duplicates among them."""
    seed = int(hashlib.sha256(sample.sample.encode()).hexdigest()[:7], 16)
    draw = np.random.default_rng(seed)
    depth = NORMAL_DEPTH if sample.role == "normal" else TUMOUR_DEPTH
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        fasta = Path(folder) / "haplotypes.fa"
        with fasta.open("w") as file:
            for number, (sequence, share) in enumerate(
                _records(genome, regions, germline, somatic)
            ):
                shares.append(share)
                file.write(f">h{number}\n{sequence}\n")
        # No haplotype has more than half of the fragments: simulate that much, thin what has less.
        done = subprocess.run(
            [
                *("art_illumina", "-ss", "HS25", "-na", "-p", "-q", "-l", str(READ_BP)),
                *("-m", "250", "-s", "40", "-f", str(depth / 2), "-rs", str(seed)),
                *("-i", str(fasta), "-o", f"{folder}/reads"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ToolError(f"art_illumina failed: {done.stderr.strip() or done.stdout.strip()}")
        pairs = list(_thinned(Path(folder), shares, draw))
    copies = draw.random(len(pairs)) < DUPLICATE_FRAC
    pairs += [pair for pair, copied in zip(pairs, copies, strict=True) if copied]
    return [pairs[place] for place in draw.permutation(len(pairs))]


def _thinned(folder: Path, shares: list[float], draw: np.random.Generator) -> Iterator[ReadPair]:
    """ART's pairs, as many of each haplotype as its share wants; ART writes four lines a read."""
    first, second = ((folder / f"reads{mate}.fq").read_text().splitlines() for mate in (1, 2))
    for name, *pair in zip(
        first[::4], first[1::4], first[3::4], second[1::4], second[3::4], strict=True
    ):
        # @h12-345/1: the record number comes before the first hyphen.
        if draw.random() < 2 * shares[int(name.split("-")[0][2:])]:
            yield pair[0], pair[1], pair[2], pair[3]


def _write_lanes(sample: DemoSample, pairs: list[ReadPair], out: Path) -> None:
    for lane in range(1, sample.lanes + 1):
        own = pairs[lane - 1 :: sample.lanes]
        for mate in (0, 1):
            text = "".join(
                f"@SIM:1:FC:{lane}:{number // 10000}:{number % 10000}:1 {mate + 1}:N:0:1\n"
                f"{pair[2 * mate]}\n+\n{pair[2 * mate + 1]}\n"
                for number, pair in enumerate(own)
            )
            with whole_file(sample.files(out)[2 * (lane - 1) + mate]) as path:
                path.write_bytes(gzip.compress(text.encode(), compresslevel=1, mtime=0))
