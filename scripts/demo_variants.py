"""
Derive the variants of the demo: what the simulated patients carry, and what a resource knows.

Run once; the results are committed under resources/demo. To repeat it:

    scripts/demo_variants.py --reference chr20.fa --targets resources/demo/targets.bed \
        --out resources/demo

Positions are drawn with a fixed seed within the targets and their surroundings; drivers stand at
their real positions. The germline variants and their frequencies are made up: they are no
person's and no database's, but for GNAS R201H, whose frequency is that of ExAC.
"""

import argparse
import csv
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onconcord.demo.simulate import Span, simulated_regions
from onconcord.evidence.normal_form import Allele, normalise, variant_class
from onconcord.reference.bed import read_bed
from onconcord.reference.sequence import Genome
from onconcord.runtime.script import script

PATIENTS = {
    "PAT-A01": ("TUM-A01",),
    "PAT-A02": ("TUM-A02a", "TUM-A02b"),
    "PAT-B01": ("TUM-B01",),
    "PAT-B02": ("TUM-B02",),
}
R201C = Allele("20", 57484420, "C", "T")
R201H = Allele("20", 57484421, "G", "A")
G646FS = Allele("20", 31022441, "A", "AG")
DRIVERS = {
    "TUM-A01": (R201C, 0.35, "GNAS", "p.Arg201Cys"),
    "TUM-A02a": (R201H, 0.28, "GNAS", "p.Arg201His"),
    "TUM-A02b": (R201H, 0.41, "GNAS", "p.Arg201His"),
    "TUM-B01": (G646FS, 0.32, "ASXL1", "p.Gly646fs"),
    "TUM-B02": (G646FS, 0.30, "ASXL1", "p.Gly646fs"),
}
# Somatic events of a tumour beside its driver.
CLASSES = ["SNV"] * 12 + ["MNV"] * 3 + ["INS"] * 4 + ["DEL"] * 4
SIZES = [1, 1, 1, 2, 3, 4, 6, 9, 15, 24]
GERMLINE_SIZES = [1, 1, 2, 3, 4, 6]
GERMLINE_INDELS = 0.12
PRIVATE = 12
RARE = 60
SURROUNDINGS = 150


@dataclass(frozen=True)
class Target:
    """One interval of targets.bed, 0-based half-open, with its gene."""

    start: int
    end: int
    gene: str


class Draw:
    """Alleles at random places, none of them near another."""

    def __init__(self, genome: Genome) -> None:
        self.random = random.Random(20)
        self._genome = genome
        self._taken = [allele.pos for allele, *_ in DRIVERS.values()]

    def allele(
        self, kind: str, first: int, last: int, sizes: Sequence[int], distance: int
    ) -> Allele | None:
        """An allele of a class in normal form, or None where a few attempts found no free place."""
        for _ in range(50):
            pos = self.random.randint(first, last)
            drawn = normalise(self._genome, self._drawn(kind, pos, sizes))
            near = any(abs(drawn.pos - other) < distance for other in self._taken)
            if not near and first <= drawn.pos and variant_class(drawn.ref, drawn.alt) == kind:
                self._taken.append(drawn.pos)
                return drawn
        return None

    def _drawn(self, kind: str, pos: int, sizes: Sequence[int]) -> Allele:
        window = self._genome.bases("20", pos - 1, pos + 30)
        if kind == "SNV":
            return Allele("20", pos, window[0], self._substitute(window[0]))
        if kind == "MNV":
            size = self.random.choice([2, 2, 3])
            ends = self._substitute(window[0]), self._substitute(window[size - 1])
            return Allele("20", pos, window[:size], ends[0] + window[1 : size - 1] + ends[1])
        size = self.random.choice(sizes)
        if kind == "DEL":
            return Allele("20", pos, window[: size + 1], window[0])
        added = "".join(self.random.choice("ACGT") for _ in range(size))
        return Allele("20", pos, window[0], window[0] + added)

    def _substitute(self, base: str) -> str:
        """Transitions twice as often as each transversion, as in human variation."""
        transition = dict(zip("ACGT", "GTAC", strict=True))[base]
        return self.random.choice([*(other for other in "ACGT" if other != base), transition])

    def frequency(self) -> float:
        """Of a common site: most of them below a fifth, which contamination is estimated from."""
        low, high = self.random.choice([(0.05, 0.2), (0.05, 0.2), (0.2, 0.6)])
        return round(self.random.uniform(low, high), 3)

    def fraction(self) -> float:
        """Of a somatic event: one in three is low."""
        low, high = self.random.choice([(0.03, 0.1), (0.1, 0.6), (0.1, 0.6)])
        return round(self.random.uniform(low, high), 2)


def population(draw: Draw, regions: Iterable[Span]) -> list[tuple[Allele, float]]:
    """Common sites all along the regions, and rare ones that no patient has."""
    regions = list(regions)
    sites = [(R201H, 0.00007)]
    for start0, end0 in regions:
        place = start0 + draw.random.randint(1, 120)
        while place < end0 - 40:
            indel = draw.random.random() < GERMLINE_INDELS
            kind = draw.random.choice(["INS", "DEL"]) if indel else "SNV"
            allele = draw.allele(kind, place, place + 20, GERMLINE_SIZES, 40)
            if allele:
                sites.append((allele, draw.frequency()))
            place += draw.random.randint(140, 420)
    for start0, end0 in draw.random.choices(regions, k=RARE):
        allele = draw.allele("SNV", start0 + 1, end0 - 40, [], 25)
        if allele:
            sites.append((allele, round(10 ** draw.random.uniform(-5, -2.5), 6)))
    return sites


def germline(
    draw: Draw, targets: Sequence[Target], sites: Sequence[tuple[Allele, float]]
) -> list[tuple[object, ...]]:
    """What each patient inherited: sites of the resource by their frequency, and private ones."""
    rows: list[tuple[object, ...]] = []
    for patient in PATIENTS:
        for allele, frequency in sites:
            carrying = [which for which in "12" if draw.random.random() < frequency]
            if carrying and frequency > 0.01:
                which = "both" if len(carrying) == 2 else carrying[0]
                rows.append((patient, *_columns(allele), which, frequency))
        for number, target in enumerate(draw.random.sample(targets, 2 * PRIVATE)):
            kind = "DEL" if number % 6 == 0 else "SNV"
            variant = draw.allele(kind, target.start + 5, target.end - 10, GERMLINE_SIZES, 15)
            if variant and sum(row[0] == patient and row[6] == "" for row in rows) < PRIVATE:
                rows.append((patient, *_columns(variant), draw.random.choice("12"), ""))
    return rows


def somatic(draw: Draw, targets: Sequence[Target], regions: Sequence[Span]) -> list[list[object]]:
    """One event per region and tumour; a second tumour shares half of the first one's events."""
    rows: list[list[object]] = []
    for tumours in PATIENTS.values():
        first: list[tuple[Allele, str]] = []
        for tumour in tumours:
            driver, fraction, gene, note = DRIVERS[tumour]
            rows.append([tumour, *_columns(driver), fraction, _class(driver), gene, note])
            events = draw.random.sample(first, len(first) // 2)
            kinds = list(CLASSES)
            for allele, _ in events:
                kinds.remove(_class(allele))
            shared = len(events)
            draw.random.shuffle(kinds)
            while kinds:
                target = draw.random.choice(targets)
                used = [driver.pos, *(allele.pos for allele, _ in events)]
                region = next(
                    candidate
                    for candidate in regions
                    if candidate[0] <= target.start < candidate[1]
                )
                if any(region[0] < pos <= region[1] for pos in used):
                    continue
                variant = draw.allele(kinds[-1], target.start + 5, target.end - 30, SIZES, 25)
                if variant:
                    events.append((variant, target.gene))
                    kinds.pop()
            for number, (allele, gene) in enumerate(events):
                note = f"shared with {tumours[0]}" if number < shared else ""
                rows.append(
                    [tumour, *_columns(allele), draw.fraction(), _class(allele), gene, note]
                )
            first = events
    return rows


def _columns(allele: Allele) -> tuple[str, int, str, str]:
    return allele.chrom, allele.pos, allele.ref, allele.alt


def _class(allele: Allele) -> str:
    return variant_class(allele.ref, allele.alt)


def _write(path: Path, header: list[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True, help="chromosome 20 of GRCh37")
    parser.add_argument("--targets", type=Path, required=True, help="resources/demo/targets.bed")
    parser.add_argument("--out", type=Path, required=True, help="resources/demo")
    args = parser.parse_args(argv)
    targets = [Target(*row[1:]) for row in read_bed(args.targets).iter_rows()]
    draw = Draw(Genome(args.reference))
    sites = population(draw, simulated_regions(args.targets, SURROUNDINGS))
    inherited = germline(draw, targets, sites)
    acquired = somatic(draw, targets, simulated_regions(args.targets))
    _write(
        args.out / "germline.tsv",
        ["patient", "chrom", "pos", "ref", "alt", "haplotype", "population_af"],
        sorted(inherited, key=lambda row: (row[0], row[2])),
    )
    _write(
        args.out / "somatic.tsv",
        ["sample", "chrom", "pos", "ref", "alt", "vaf", "class", "gene", "note"],
        sorted(acquired, key=lambda row: (row[0], row[2])),
    )
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=20,length=63025520>"]
    lines.append('##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency, made up">')
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for allele, frequency in sorted(sites):
        chrom, pos, ref, alt = _columns(allele)
        lines.append(f"{chrom}\t{pos}\t.\t{ref}\t{alt}\t.\t.\tAF={frequency:g}")
    (args.out / "population.vcf").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
