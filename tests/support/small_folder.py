"""A working folder of one pair and a genome of one contig, and ways to break it."""

import gzip
import random

import pysam
import yaml

from onconcord.inputs import preflight

SEQUENCE = "".join(random.Random(20).choices("ACGT", k=3000))


def write_fastq(path, mate=1, reads=20, names="read", bgzf=True, quality="I" * 50):
    text = "".join(
        f"@{names}{number}/{mate}\n{SEQUENCE[number * mate :][:50]}\n+\n{quality}\n"
        for number in range(reads)
    ).encode()
    if bgzf:
        with pysam.BGZFile(str(path), "wb") as handle:
            handle.write(text)
    else:
        path.write_bytes(gzip.compress(text))


def write_bam(
    path,
    sample="T1",
    order="coordinate",
    contigs=(("chr20", 3000),),
    index=True,
    groups=None,
    starts=(5,),
    quality="IIII",
):
    header = {"HD": {"VN": "1.6", "SO": order}, "SQ": [{"SN": n, "LN": m} for n, m in contigs]}
    if sample:
        header["RG"] = groups or [{"ID": "L1", "SM": sample}]
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for start in starts:
            read = pysam.AlignedSegment(bam.header)
            read.query_name, read.query_sequence = f"of_{path.stem}", "ACGT"
            if quality != "*":
                read.query_qualities = pysam.qualitystring_to_array(quality)
            read.reference_id, read.reference_start, read.cigarstring = 0, start, "4M"
            bam.write(read)
    if index:
        pysam.index(str(path))


def write_vcf(path, records, info="AF"):
    lines = [
        "##fileformat=VCFv4.2",
        f'##INFO=<ID={info},Number=A,Type=Float,Description="x">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
        *(
            f"{chrom}\t{pos}\t.\t{ref}\t{'A' if ref != 'A' else 'C'}\t.\t.\t{info}=0.1"
            for chrom, pos, ref in records
        ),
    ]
    path.write_text("\n".join(lines) + "\n")


def configure(work, **sections):
    sites = "{min_depth: 10, min_informative: 20, min_distance_bp: 10000}"
    (work / "qc.yaml").write_text(f"callable_vaf: 0.1\nsites: {sites}\nthresholds: []\n")
    config = {
        "centre": "A",
        "reference": {"fasta": "genome.fa", **sections.pop("reference", {})},
        "assays": {"x": {"qc": "qc.yaml", **sections.pop("assay", {})}},
        **sections,
    }
    (work / "config.yaml").write_text(yaml.safe_dump(config))


def write_sheet(work, fastq_1="", fastq_2="", bam="", realign=""):
    rows = [
        ["patient", "sample", "role", "read_group", "fastq_1", "fastq_2", "bam", "realign"],
        ["P1", "T1", "tumour", "L1", fastq_1, fastq_2, bam, realign],
        ["P1", "N1", "normal", "L1", "n_1.gz", "n_2.gz", "", ""],
    ]
    (work / "samples.tsv").write_text("\n".join("\t".join(row) for row in rows))


def faults_of(folder, deep=False):
    """Faults as a user sees them, with the temporary folder's name left out."""
    faults = preflight.preflight(folder, deep).faults
    return [str(fault).replace(f"{folder}/", "").replace(str(folder), "DIR") for fault in faults]
