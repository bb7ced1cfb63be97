"""A slice of the demo: two patients, two genes, an ordinary working folder for end-to-end tests."""

import csv
from pathlib import Path

import yaml

from onconcord.demo.simulate import simulate
from onconcord.files import write_text, write_tsv
from onconcord.inputs import config
from onconcord.runtime import checkout

PATIENTS = frozenset({"PAT-A01", "PAT-B02"})
"""One with a matched pair, of two lanes, and one without a normal; of different centres."""

GENES = frozenset({"ASXL1", "GNAS"})


def write_slice(reference: Path, index: Path, demo: Path, out: Path, cores: int) -> None:
    """
    Write `config.yaml`, `samples.tsv`, `targets.bed`, `genes.gtf` and `reads/` of the slice.

    Configuration and sheet are those of the demo's own working folder, cut to the slice. Reads
    that are there already are left alone.

    Args:
        reference: chromosome 20 of GRCh37 with its `.fai`.
        index: prefix of its bwa index.
        demo: resources/demo.
        out: the working folder, made when missing.
        cores: samples simulated side by side.
    Raises:
        InputError: the truth does not stand on this reference.
        ToolError: ART failed.
    """
    folder = out.absolute()
    working = checkout.root() / "demo"
    with (working / "samples.tsv").open(newline="") as file:
        table = csv.DictReader(file, delimiter="\t")
        columns = list(table.fieldnames or ())
        rows = [row for row in table if row["patient"] in PATIENTS]
    samples = frozenset(row["sample"] for row in rows)
    simulate(reference, demo, folder / "reads", cores, samples, GENES)
    for row in rows:
        for mate in ("fastq_1", "fastq_2"):
            row[mate] = f"reads/{Path(row[mate]).name}"
    cells = [[row[column] for column in columns] for row in rows]
    write_tsv(folder / "samples.tsv", columns, cells)
    for name, marks in (
        ("targets.bed", [f"\t{gene}" for gene in GENES]),
        ("genes.gtf", [f'gene_name "{gene}"' for gene in GENES]),
    ):
        lines = (demo / name).read_text().splitlines(keepends=True)
        kept = [line for line in lines if any(mark in line for mark in marks)]
        write_text(folder / name, "".join(kept))
    values = config.load(working)
    values["samples"] = "samples.tsv"
    values["reference"] |= {
        "fasta": str(reference.absolute()),
        "bwa_index": str(index.absolute()),
        "genes": "genes.gtf",
    }
    for assay in values["assays"].values():
        assay["targets"] = "targets.bed"
    write_text(folder / "config.yaml", yaml.safe_dump(values, sort_keys=False))
