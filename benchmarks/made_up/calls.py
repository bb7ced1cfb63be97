"""A made-up pair of two callers: their VCFs, and what the other stages say of their candidates."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pysam

from onconcord.calls.callers import Caller
from onconcord.evidence.events import KEY
from onconcord.evidence.recount import SCHEMA
from onconcord.inputs import config
from onconcord.inputs.pair_spec import (
    AssaySpec,
    LaneSpec,
    PairSpec,
    Parameters,
    ReferenceSpec,
    ResourceSpec,
    SampleSpec,
)
from onconcord.reference.genes import GeneModel
from onconcord.reference.sequence import Genome

CALLERS = ("one", "two")
CLASSES = ("SNV", "MNV", "INS", "DEL", "DELINS")
TUMOUR, NORMAL = "TUM", "NOR"
GERMLINE = 0.9
"""Share of the sites that the normal shows as well."""
GENE_BP, INTRON_BP, EXON_BP = 50_000, 5_000, 150
"""Genes lie end to end, each with one transcript; exons and introns take turns in it."""
HEADER = """##fileformat=VCFv4.2
##contig=<ID={contig},length={length}>
##FILTER=<ID=germline,Description="Germline">
##FILTER=<ID=weak,Description="Weak">
##INFO=<ID=SCORE,Number=A,Type=Float,Description="Score">
##INFO=<ID=SAF,Number=A,Type=Integer,Description="Forward">
##INFO=<ID=SAR,Number=A,Type=Integer,Description="Reverse">
##INFO=<ID=MQM,Number=A,Type=Float,Description="Mapping quality">
##INFO=<ID=RPP,Number=A,Type=Float,Description="Position">
##INFO=<ID=TYPE,Number=A,Type=String,Description="Type">
##INFO=<ID=ANN,Number=.,Type=String,Description="Consequences">
##INFO=<ID=population_af,Number=1,Type=Float,Description="Frequency">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="Fraction">
"""


def callers() -> dict[str, Caller]:
    """How the VCFs are read."""
    kept = ("MQM", "SAF", "SAR")
    return {
        name: Caller(name, "", name, CLASSES, True, "SCORE", "INFO/SCORE", None, kept)
        for name in CALLERS
    }


def pair_spec() -> PairSpec:
    """The pair, with the settings of a configuration that sets none."""
    values = config.defaults()

    def sample(name: str, role: str) -> SampleSpec:
        lane = LaneSpec("L1", f"/{name}_1.fq.gz", f"/{name}_2.fq.gz", None, False, name)
        return SampleSpec(name, role, None, None, None, None, None, {}, (lane,))

    return PairSpec(
        centre="BENCH",
        pair=TUMOUR,
        patient="PAT",
        stated={},
        tumour=sample(TUMOUR, "tumour"),
        normal=sample(NORMAL, "normal"),
        assay=AssaySpec("genome", ("genome",), "WGS", 0, False, "mark", "wgs", {}),
        resources=ResourceSpec("/genome.fa", None, (), ("/population.vcf.gz",), *[None] * 7),
        reference=ReferenceSpec("custom"),
        parameters=Parameters(
            callers=CALLERS,
            qc={"callable_vaf": 0.5},
            model="0" * 64,
            population_fields=(),
            **{name: values[name] for name in ("reads", "alignment", "calling", "decision")},
        ),
    )


def make_records(genome: Genome, contig: str, count: int) -> pl.DataFrame:
    """Distinct sites, three quarters of `count` records, which are in one caller or in both."""
    draw = np.random.default_rng(1)
    length = genome.contigs[contig].length
    sites = np.sort(draw.choice(length // 4, size=int(count / 1.5), replace=False)) * 4 + 100
    sites = sites[sites < length - 100]
    names = pl.Series([contig]).gather(np.zeros(len(sites), np.int64))
    bases = np.stack([genome.gather(names, sites + step) for step in range(3)], axis=1)
    sites, bases = (
        array[(bases > 64).all(axis=1) & (bases != 78).all(axis=1)] for array in (sites, bases)
    )
    letters = np.frombuffer(b"ACGT", np.uint8)
    other = letters[(np.searchsorted(letters, bases) + draw.integers(1, 4, bases.shape)) % 4]
    ref = pl.Series(np.ascontiguousarray(bases).view("S3").reshape(-1).astype("U3").tolist())
    alt = pl.Series(np.ascontiguousarray(other).view("S3").reshape(-1).astype("U3").tolist())
    kind = pl.Series(draw.choice(4, size=len(sites), p=[0.9, 0.04, 0.04, 0.02]))
    called_by = pl.Series(draw.choice(3, size=len(sites), p=[0.25, 0.25, 0.5]))
    frame = pl.DataFrame({"pos": sites + 1, "kind": kind, "in": called_by, "r": ref, "a": alt})
    first_ref, first_alt = pl.col("r").str.slice(0, 1), pl.col("a").str.slice(0, 1)
    by_kind = {
        0: (first_ref, first_alt),
        1: (first_ref, pl.concat_str(first_ref, "a")),
        2: (pl.col("r"), first_ref),
        3: (pl.col("r").str.slice(0, 2), pl.col("a").str.slice(0, 2)),
    }
    choose = [pl.when(pl.col("kind") == number) for number in by_kind]
    ref_of, alt_of = (
        pl.coalesce(
            case.then(pair[at]) for case, pair in zip(choose, by_kind.values(), strict=True)
        )
        for at in (0, 1)
    )
    germline = draw.random(len(frame)) < GERMLINE
    depth = draw.integers(40, 200, len(frame))
    return frame.select("pos", "in", ref=ref_of, alt=alt_of).with_columns(
        germline=pl.Series(germline),
        depth=pl.Series(depth),
        count=pl.Series(_supporting(depth, germline)),
        normal=pl.Series(np.where(germline, 30, 0)),
    )


def write_calls(folder: Path, contig: str, length: int, sites: pl.DataFrame) -> int:
    """One VCF per caller; returns the number of records in both."""
    written = 0
    depth, count = pl.col("depth"), pl.col("count")
    for place, caller in enumerate(CALLERS):
        rows = sites.filter(pl.col("in").is_in([place, 2]))
        written += rows.height
        info = "SCORE=20.5;SAF=10;SAR=12;MQM=60;RPP=3.1;TYPE=snp"
        table = rows.select(
            pl.lit(contig).alias("chrom"),
            "pos",
            pl.lit(".").alias("id"),
            "ref",
            "alt",
            pl.lit("50").alias("qual"),
            pl.when("germline").then(pl.lit("germline;weak")).otherwise(pl.lit("PASS")).alias("f"),
            pl.lit(info).alias("info"),
            pl.lit("GT:DP:AD:AF").alias("format"),
            pl.format("0/1:{}:{},{}:0.3", depth, depth - count, count).alias("tumour"),
            pl.format("0/0:60:{},{}:0.1", 60 - pl.col("normal"), "normal").alias("normal_column"),
        )
        samples = f"\tFORMAT\t{TUMOUR}\t{NORMAL}"
        _write_vcf(folder / f"{caller}.vcf.gz", contig, length, table, samples)
    return written


def read_sites(candidates: Path) -> pl.DataFrame:
    """Native keys of `6_evidence/{pair}.candidates.vcf.gz`."""
    with pysam.VariantFile(str(candidates)) as file:
        rows = [(one.chrom, one.pos, one.ref, (one.alts or ("",))[0]) for one in file]
    return pl.DataFrame(rows, schema={name: SCHEMA[name] for name in KEY}, orient="row")


def counts(sites: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """The recount of the sites, of which those in `own` are variants of their own."""
    draw = np.random.default_rng(2)
    germline = draw.random(sites.height) < GERMLINE
    depth = draw.integers(40, 200, sites.height)
    fragments = {
        "tumor": (depth, _supporting(depth, germline)),
        "normal": (np.full(sites.height, 60), np.where(germline, 30, 0)),
    }
    columns = {
        f"{role}_{name}": values
        for role, (depths, alternate) in fragments.items()
        for name, values in _measures(depths, alternate).items()
    }
    known = own.select(KEY).unique().with_columns(is_own=pl.lit(True))
    table = sites.with_columns(**columns).join(known, on=KEY, how="left", maintain_order="left")
    return table.with_columns(pl.col("is_own").fill_null(False)).select(
        pl.col(name).cast(type_) for name, type_ in SCHEMA.items()
    )


def _supporting(depth: Any, germline: Any) -> Any:
    """Alternate fragments: half of the depth where it is germline, else a fifth."""
    return np.maximum((depth * np.where(germline, 0.5, 0.2)).astype(int), 1)


def _measures(depth: Any, alt: Any) -> dict[str, Any]:
    """`fragments.MEASURES` of good reads; those that are not here are 0."""
    ref, none = depth - alt, np.zeros_like(alt)
    return {
        "depth": depth,
        "ref_count": ref,
        "alt_count": alt,
        "ref_f1r2": ref // 2,
        "alt_f1r2": alt // 2,
        "alt_base_quality": 36 * alt,
        "alt_mapping_quality": 60 * alt,
        "ref_mapping_quality": 60 * ref,
        "alt_end_distance": 26 * alt,
        "alt_near_end": alt // 8,
        "alt_mismatches": alt // 2,
        "ref_mismatches": ref // 2,
        **dict.fromkeys(("discordant", "alt_pairs", "low_mapq_alt"), none),
    }


def write_transcripts(folder: Path, contig: str, length: int) -> pl.DataFrame:
    """`transcripts.parquet` of genes end to end; returns its rows."""
    lines = []
    for number, start in enumerate(range(1, length - GENE_BP, GENE_BP)):
        exons = [(at, at + EXON_BP - 1) for at in range(start, start + GENE_BP, INTRON_BP)]
        words = f'gene_id "G{number}"; gene_name "GENE{number}"; transcript_id "T{number}.1"; '
        words += 'tag "Ensembl_canonical";'
        spans = [("transcript", (exons[0][0], exons[-1][1]))]
        spans += [(kind, exon) for exon in exons for kind in ("exon", "CDS")]
        strand = "+-"[number % 2]
        lines += [
            f"{contig}\tmade\t{kind}\t{first}\t{last}\t.\t{strand}\t.\t{words}\n"
            for kind, (first, last) in spans
        ]
    (folder / "genes.gtf").write_text("".join(lines))
    table = GeneModel(folder / "genes.gtf", {contig: length}).transcripts
    table = table.with_columns(is_mitochondrial=pl.lit(False))
    table.write_parquet(folder / "transcripts.parquet")
    return table


def write_annotation(folder: Path, contig: str, length: int, sites: pl.DataFrame) -> None:
    """`annotated.vcf.gz`: one consequence of each site, on the transcript it lies in."""
    gene = (pl.col("pos") - 1) // GENE_BP
    ann = "ANN={}|missense_variant|MODERATE|GENE{}|G{}|transcript|T{}.1|protein_coding|3/9|"
    ann += "c.12A>G|p.Lys4Arg|12/99|12/99|4/33||;population_af=0.01"
    table = sites.sort("chrom", "pos").select(
        "chrom",
        "pos",
        pl.lit(".").alias("id"),
        "ref",
        "alt",
        pl.lit(".").alias("qual"),
        pl.lit(".").alias("filter"),
        pl.format(ann, "alt", gene, gene, gene).alias("info"),
    )
    _write_vcf(folder / "annotated.vcf.gz", contig, length, table, "")


def _write_vcf(path: Path, contig: str, length: int, rows: pl.DataFrame, samples: str) -> None:
    text = HEADER.format(contig=contig, length=length).encode()
    text += f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO{samples}\n".encode()
    text += rows.write_csv(None, separator="\t", include_header=False, quote_style="never").encode()
    plain = path.with_suffix("")
    plain.write_bytes(text)
    subprocess.run(["bgzip", "--force", str(plain)], check=True)
    subprocess.run(["tabix", "--force", "--preset", "vcf", str(path)], check=True)
