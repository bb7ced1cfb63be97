"""
Speed of VRS allele ids and of the content digest, on one core.

    taskset -c 0 .venv/bin/python benchmarks/vrs_digest.py --fasta GENOME.fa

Draws variants from the FASTA's longest contig (SNV 88 %, insertions and deletions 12 %, as in exome
calls), and prints ids per second with reading of the FASTA included, the ratio to the ga4gh.vrs
library on a part of the same variants, whether all of those ids agree, and the megabytes of Arrow
data that are digested per second. Exit code 1: below the floor that the project promises.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pysam
from ga4gh.core import ga4gh_identify
from ga4gh.vrs import models
from ga4gh.vrs.dataproxy import _DataProxy
from ga4gh.vrs.normalize import normalize

from onconcord.contract.digest import table_digest
from onconcord.harmonised import vrs
from onconcord.reference import refget
from onconcord.reference.sequence import Genome

IDS_PER_SECOND = 70_000
MEGABYTES_PER_SECOND = 200
LIBRARY_PART = 2_000

Row = tuple[str, int, str, str]


class Proxy(_DataProxy):
    """One contig for the library."""

    def __init__(self, accession: str, sequence: str) -> None:
        self.accession, self.sequence = accession, sequence

    def get_sequence(
        self, identifier: str, start: int | None = None, end: int | None = None
    ) -> str:
        return self.sequence[start:end]

    def get_metadata(self, identifier: str) -> dict[str, Any]:
        return {"length": len(self.sequence), "aliases": [f"ga4gh:{self.accession}"]}


def library_ids(proxy: Proxy, rows: list[Row]) -> list[str]:
    """The same ids by the reference implementation."""
    ids = []
    for _, pos, ref, alt in rows:
        reference = models.SequenceReference(refgetAccession=proxy.accession)
        location = models.SequenceLocation(
            sequenceReference=reference, start=pos - 1, end=pos - 1 + len(ref)
        )
        state = models.LiteralSequenceExpression(sequence=alt)
        ids.append(ga4gh_identify(normalize(models.Allele(location=location, state=state), proxy)))
    return ids


def draw(name: str, sequence: str, count: int) -> list[Row]:
    """Variants in genome order, from a fixed seed."""
    source, rows = random.Random(1), []
    while len(rows) < count:
        start = source.randrange(len(sequence) - 20)
        size, here = source.randint(1, 12), sequence[start : start + 13]
        if "N" in here:
            continue
        chance = source.random()
        if chance < 0.88:
            alt = source.choice([base for base in "ACGT" if base != here[0]])
            rows.append((name, start + 1, here[0], alt))
        elif chance < 0.94:
            rows.append((name, start + 1, here[: size + 1], here[0]))
        else:
            bases = "".join(source.choices("ACGT", k=size))
            rows.append((name, start + 1, here[0], here[0] + bases))
    return sorted(rows, key=lambda row: row[1])


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of the fastest of three runs, and the result."""
    times = []
    for _ in range(3):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return min(times), result


def digest_table(rows: int) -> pa.Table:
    """Columns of all kinds, as small_variant has them."""
    source = np.random.default_rng(1)
    numbers = source.integers(0, 2**31, rows)
    words = pa.array(["SNV", "DEL", None, "INS"])
    lists = pa.array([["one.a", "two.b"], [], None])
    return pa.table(
        {
            "key": pa.array([f"chr20:{n}:A:C" for n in numbers]),
            "pos": pa.array(numbers, pa.int32(), mask=numbers % 11 == 0),
            "vaf": pa.array(source.random(rows)),
            "is_pass": pa.array(numbers % 2 == 0),
            "class": words.take(pa.array(numbers % 4)),
            "filters": lists.take(pa.array(numbers % 3)),
        }
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fasta", type=Path, required=True, help="FASTA with its .fai")
    parser.add_argument("--variants", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the digested table")
    args = parser.parse_args(argv)

    with pysam.FastaFile(str(args.fasta)) as file:
        name = max(file.references, key=file.get_reference_length)
        sequence = file.fetch(name).upper()
    accession = refget.sq_digest(sequence.encode())
    rows = draw(name, sequence, args.variants)
    genome = Genome(args.fasta)

    ours, ids = seconds(lambda: vrs.allele_ids(genome, {name: accession}, rows))
    part = random.Random(2).sample(range(len(rows)), min(LIBRARY_PART, len(rows)))
    proxy = Proxy(accession, sequence)
    theirs, expected = seconds(lambda: library_ids(proxy, [rows[i] for i in part]))
    wrong = sum(ids[i] != value for i, value in zip(part, expected, strict=True))
    rate, library_rate = len(rows) / ours, len(part) / theirs

    table = digest_table(args.rows)
    digesting, _ = seconds(lambda: table_digest(table))
    megabytes = table.nbytes / 1e6 / digesting

    print(f"VRS ids: {rate:,.0f}/s (floor {IDS_PER_SECOND:,}), {len(rows):,} variants of {name}")
    print(f"ga4gh.vrs: {library_rate:,.0f}/s; ratio {rate / library_rate:.1f}x; differing {wrong}")
    print(f"digest: {megabytes:,.0f} MB/s (floor {MEGABYTES_PER_SECOND}), {args.rows:,} rows")
    fast = rate >= IDS_PER_SECOND and megabytes >= MEGABYTES_PER_SECOND
    return 0 if fast and wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
