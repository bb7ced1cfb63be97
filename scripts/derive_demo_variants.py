"""
Derive the variants of the demo: what the simulated patients carry, and what a resource knows.

Run once; the results are committed under resources/demo. Positions are drawn with a fixed seed
within the targets and their surroundings, drivers stand at their real positions. The germline
variants and their frequencies are made up: they are no person's, and no database's.
"""

import argparse
import csv
import random
import sys
from pathlib import Path

import pysam

PATIENTS = {
    "PAT-A01": ("TUM-A01",),
    "PAT-A02": ("TUM-A02a", "TUM-A02b"),
    "PAT-B01": ("TUM-B01",),
    "PAT-B02": ("TUM-B02",),
}
DRIVERS = {
    "TUM-A01": [(57484420, "C", "T", 0.35, "GNAS", "p.Arg201Cys")],
    "TUM-A02a": [(57484421, "G", "A", 0.28, "GNAS", "p.Arg201His")],
    "TUM-A02b": [(57484421, "G", "A", 0.41, "GNAS", "p.Arg201His")],
    "TUM-B01": [(31022441, "A", "AG", 0.32, "ASXL1", "p.Gly646fs")],
    "TUM-B02": [(31022441, "A", "AG", 0.30, "ASXL1", "p.Gly646fs")],
}
CLASSES = ["SNV"] * 12 + ["MNV"] * 3 + ["INS"] * 4 + ["DEL"] * 4
SURROUNDINGS = 150


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, required=True, help="chromosome 20 of GRCh37")
    parser.add_argument("--targets", type=Path, required=True, help="resources/demo/targets.bed")
    parser.add_argument("--out", type=Path, required=True, help="resources/demo")
    args = parser.parse_args(argv)
    draw = random.Random(20)
    with pysam.FastaFile(str(args.reference)) as genome:
        targets = [line.split("\t") for line in args.targets.read_text().splitlines()]
        regions = [(int(start), int(end), gene) for _, start, end, gene in targets]
        common = _common(draw, genome, regions)
        germline = _germline(draw, genome, regions, common)
        taken = {row[2] for row in germline} | {row[0] for row in common}
        somatic = _somatic(draw, genome, regions, taken)
    _write(
        args.out / "germline.tsv",
        ["patient", "chrom", "pos", "ref", "alt", "haplotype", "population_af"],
        sorted(germline),
    )
    _write(
        args.out / "somatic.tsv",
        ["sample", "chrom", "pos", "ref", "alt", "vaf", "class", "gene", "note"],
        sorted(somatic),
    )
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=20,length=63025520>"]
    lines.append('##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency, made up">')
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    lines += [f"20\t{pos}\t.\t{ref}\t{alt}\t.\t.\tAF={af}" for pos, ref, alt, af in sorted(common)]
    (args.out / "population.vcf").write_text("\n".join(lines) + "\n")
    return 0


def _other(draw: random.Random, base: str) -> str:
    return draw.choice([other for other in "ACGT" if other != base])


def _common(draw, genome, regions):
    """Common sites, at least 40 bases apart: position, REF, ALT, frequency."""
    sites = []
    for start, end, _ in regions:
        pos = start - SURROUNDINGS + draw.randint(1, 60)
        while pos < end + SURROUNDINGS:
            ref = genome.fetch("20", pos - 1, pos).upper()
            near = sites and abs(pos - sites[-1][0]) < 40
            if ref in "ACGT" and not near and pos not in range(57484410, 57484432):
                sites.append((pos, ref, _other(draw, ref), round(draw.uniform(0.05, 0.6), 3)))
            pos += draw.randint(100, 240)
    return list({site[0]: site for site in sites}.values())


def _germline(draw, genome, regions, common):
    rows = []
    for patient in PATIENTS:
        for pos, ref, alt, af in common:
            haplotypes = [number for number in (1, 2) if draw.random() < af]
            if haplotypes:
                which = "both" if len(haplotypes) == 2 else str(haplotypes[0])
                rows.append((patient, "20", pos, ref, alt, which, af))
        # What no resource knows: the reason why a tumour without a normal stays unresolved.
        for start, end, _ in draw.sample(regions, 12):
            pos = draw.randint(start + 5, end - 5)
            if all(abs(pos - row[2]) > 12 for row in rows) and not _near_driver(pos):
                ref = genome.fetch("20", pos - 1, pos).upper()
                rows.append((patient, "20", pos, ref, _other(draw, ref), "1", ""))
    return rows


def _near_driver(pos: int) -> bool:
    return any(abs(pos - driver[0]) < 60 for drivers in DRIVERS.values() for driver in drivers)


def _somatic(draw, genome, regions, taken):
    rows = []
    for tumours in PATIENTS.values():
        shared: list[tuple] = []
        for place, tumour in enumerate(tumours):
            for pos, ref, alt, vaf, gene, note in DRIVERS[tumour]:
                kind = "SNV" if len(ref) == len(alt) else "INS"
                rows.append((tumour, "20", pos, ref, alt, vaf, kind, gene, note))
            kept = shared[: len(shared) // 2] if place else []
            rows += [
                (tumour, *event[:4], round(draw.uniform(0.05, 0.5), 2), *event[5:])
                for event in kept
            ]
            used = {event[1] for event in kept}
            free = [
                region
                for region in regions
                if region[1] - region[0] > 60
                and not any(region[0] <= pos <= region[1] for pos in used)
                and not any(
                    region[0] - 300 <= driver[0] <= region[1] + 300 for driver in DRIVERS[tumour]
                )
            ]
            # A fraction is given to a haplotype of a region, so a region has one somatic event.
            regions_of_events = draw.sample(free, len(CLASSES) - len(kept))
            kinds = draw.sample(CLASSES, len(regions_of_events))
            for (start, end, gene), kind in zip(regions_of_events, kinds, strict=True):
                event = _event(draw, genome, start, end, kind, taken)
                vaf = round(draw.choice([draw.uniform(0.03, 0.1), draw.uniform(0.1, 0.5)]), 2)
                shared.append(("20", *event, vaf, kind, gene, ""))
                rows.append((tumour, "20", *event, vaf, kind, gene, ""))
    return rows


def _event(draw, genome, start, end, kind, taken):
    while True:
        pos = draw.randint(start + 10, end - 25)
        if any(abs(pos - other) < 15 for other in taken):
            continue
        window = genome.fetch("20", pos - 1, pos + 20).upper()
        before = genome.fetch("20", pos - 2, pos - 1).upper()
        if kind == "SNV":
            return pos, window[0], _other(draw, window[0])
        if kind == "MNV":
            size = draw.choice([2, 2, 3])
            alt = _other(draw, window[0]) + window[1 : size - 1] + _other(draw, window[size - 1])
            return pos, window[:size], alt
        size = draw.choice([1, 1, 2, 3, 5, 8, 12])
        if kind == "INS":
            added = "".join(draw.choice("ACGT") for _ in range(size))
            # Left-aligned as it stands: the last base that is added differs from the anchor.
            if added[-1] != window[0]:
                return pos, window[0], window[0] + added
        elif window[size] != window[0] and before:
            return pos, window[: size + 1], window[0]


def _write(path: Path, header: list[str], rows) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
