"""
Speed of harmonising: callers' VCFs to contract tables, on one core.

    taskset -c 0 .venv/bin/python benchmarks/harmonise.py --fasta GENOME.fa

Makes up two callers' VCFs on the FASTA's longest contig: nine in ten records one base for one, the
others insertions, deletions and MNVs; half of the sites are in both. Annotation and recount, which
are other stages' work, are made up too. Prints raw records per second, VRS ids (which have a
benchmark of their own) taken off, for the tables of variants and of evidence, and for all that hold
candidates; the peak of memory; and what a plain reader does that takes the same VCFs record by
record. Rates are of CPU seconds, which others on the machine disturb
less than those on the clock, and these are printed beside them; imports stand in the steps, so that
each has those of its script.
Exit code 1: below the floor that the project promises.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from cyvcf2 import VCF

from onconcord.calls.callers import Caller
from onconcord.evidence.events import KEY
from onconcord.reference.sequence import ContigNames, Genome

RECORDS_PER_SECOND = 50_000
PEAK_GIB = 1.0
PLAIN_PART = 50_000

CALLERS = ("one", "two")
CLASSES = ("SNV", "MNV", "INS", "DEL", "DELINS")
LIMITS = {
    "min_tumour_depth": 10,
    "min_normal_depth": 8,
    "min_tumour_alt_reads": 3,
    "min_tumour_vaf": 0.02,
    "max_normal_vaf": 0.02,
    "max_population_af": 0.0005,
    "min_callers_pass": 1,
}
SPEC: dict[str, Any] = {
    "centre": "BENCH",
    "pair": "TUM-BENCH",
    "normal": {"sample": "NOR"},
    "resources": {"population": "given"},
    "parameters": {"decision": LIMITS},
}
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
""".replace("> \n", ">\n")


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
    callers = pl.Series(draw.choice(3, size=len(sites), p=[0.25, 0.25, 0.5]))
    frame = pl.DataFrame({"pos": sites + 1, "kind": kind, "in": callers, "r": ref, "a": alt})
    first_ref, first_alt = pl.col("r").str.slice(0, 1), pl.col("a").str.slice(0, 1)
    by_kind = {
        0: (first_ref, first_alt),
        1: (first_ref, pl.concat_str(first_ref, "a")),
        2: (pl.col("r"), first_ref),
        3: (pl.col("r").str.slice(0, 2), pl.col("a").str.slice(0, 2)),
    }
    choose = [pl.when(pl.col("kind") == one) for one in by_kind]
    ref_of, alt_of = (
        pl.coalesce(
            case.then(pair[at]) for case, pair in zip(choose, by_kind.values(), strict=True)
        )
        for at in (0, 1)
    )
    germline = draw.random(len(frame)) < 0.9
    depth = draw.integers(40, 200, len(frame))
    return frame.select("pos", "in", ref=ref_of, alt=alt_of).with_columns(
        germline=pl.Series(germline),
        depth=pl.Series(depth),
        count=pl.Series(np.maximum((depth * np.where(germline, 0.5, 0.2)).astype(int), 1)),
        normal=pl.Series(np.where(germline, 30, 0)),
    )


def write_vcf(path: Path, contig: str, length: int, rows: pl.DataFrame, samples: str) -> None:
    text = HEADER.format(contig=contig, length=length).encode()
    text += f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO{samples}\n".encode()
    text += rows.write_csv(None, separator="\t", include_header=False, quote_style="never").encode()
    plain = path.with_suffix("")
    plain.write_bytes(text)
    subprocess.run(["bgzip", "--force", str(plain)], check=True)
    subprocess.run(["tabix", "--force", "--preset", "vcf", str(path)], check=True)


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
        write_vcf(folder / f"{caller}.vcf.gz", contig, length, table, "\tFORMAT\tTUM\tNOR")
    return written


def write_annotation(folder: Path, contig: str, length: int, events: pl.DataFrame) -> None:
    ann = "ANN={}|missense_variant|MODERATE|GENE|ENSG1|transcript|ENST1|protein_coding|3/9|"
    ann += "c.12A>G|p.Lys4Arg|12/99|12/99|4/33||;population_af=0.01"
    table = events.select(
        "chrom",
        "pos",
        pl.lit(".").alias("id"),
        "ref",
        "alt",
        pl.lit(".").alias("qual"),
        pl.lit(".").alias("filter"),
        pl.format(ann, "alt").alias("info"),
    )
    write_vcf(folder / "annotated.vcf.gz", contig, length, table, "")


def bring_together(folder: Path, _: str) -> Counter[str]:
    """The callers' VCFs to evidence, as scripts/evidence_collect.py does."""
    from onconcord.evidence import collect as evidence

    spent = Counter[str]()
    _timed(evidence, "write_site_table", spent, lambda *_: "annotation")
    evidence.collect_evidence(
        {name: folder / f"{name}.vcf.gz" for name in CALLERS},
        how_to_read(),
        "TUM",
        "NOR",
        folder / "genome.fa",
        folder / "contigs.tsv",
        folder / "evidence.parquet",
        folder / "rejected.parquet",
        folder / "candidates.vcf.gz",
    )
    return spent


def how_to_read() -> dict[str, Caller]:
    kept = ("MQM", "SAF", "SAR")
    return {
        name: Caller(name, "", name, CLASSES, True, "SCORE", "INFO/SCORE", None, kept)
        for name in CALLERS
    }


def _cpu() -> float:
    """CPU seconds of this process and of those it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _timed(owner: Any, name: str, spent: Counter[str], what: Callable[..., str]) -> None:
    """Let a function add its CPU seconds to `spent`, under what `what` makes of its arguments."""
    function = getattr(owner, name)

    def timed(*arguments: Any) -> Any:
        started = _cpu()
        try:
            return function(*arguments)
        finally:
            spent[what(*arguments)] += _cpu() - started

    setattr(owner, name, timed)


def harmonise(folder: Path, contig: str) -> Counter[str]:
    """Evidence to tables, as scripts/harmonised_pair.py does; returns seconds by what took them."""
    from onconcord import contract
    from onconcord.annotated.annotation import Annotation
    from onconcord.decision import decide
    from onconcord.harmonised import pieces, variants

    names = ContigNames.read(folder / "contigs.tsv")
    spent = Counter[str]()
    _timed(variants, "allele_ids", spent, lambda *_: "vrs")
    _timed(pieces, "read_annotation", spent, lambda *_: "annotation")
    for owner, name in (
        *((decide, "_trail"), (variants, "_atom_rows"), (pieces, "_narrow")),
        (pieces, "_write_gathered"),
    ):
        _timed(owner, name, spent, lambda *_: "other tables")
    kept = ("small_variant", "variant_call_evidence")
    _timed(
        contract.TableWriter,
        "write",
        spent,
        lambda writer, _: "kept" if writer._spec.name in kept else "other tables",
    )
    hotspots = pl.DataFrame(
        schema={"chrom": pl.String, "pos": pl.Int64, "ref": pl.String, "alt": pl.String}
    )
    region = pl.DataFrame({"chrom": [names.table_of[contig]], "start0": [0], "end0": [2**31 - 1]})
    facts = variants.Facts(
        spec=SPEC,
        reference_id="custom-bench",
        genome=Genome(folder / "genome.fa"),
        names=names,
        callers=how_to_read(),
        versions={},
        targets=region,
        states=region.with_columns(state=pl.lit("CALLABLE")),
        hotspots=hotspots,
        refget={contig: "SQ." + "x" * 32},
    )
    pieces.write_variant_tables(
        facts,
        "BENCH",
        folder / "evidence.parquet",
        pl.read_parquet(folder / "recount.parquet"),
        Annotation(folder / "annotated.vcf.gz", names.table_of, frozenset(["ENST1"]), "5"),
        folder,
    )
    return spent


def read_plainly(folder: Path, part: int) -> int:
    """The usual way: every record of every caller looked at by itself, rows to a table."""

    rows = []
    for caller in CALLERS:
        for number, record in enumerate(VCF(str(folder / f"{caller}.vcf.gz"))):
            if number == part:
                break
            rows.append(
                {
                    "caller": caller,
                    "chrom": record.CHROM,
                    "pos": record.POS,
                    "ref": record.REF,
                    "alt": record.ALT[0],
                    "filters": [] if record.FILTER is None else record.FILTER.split(";"),
                    "qual": record.QUAL,
                    "score": record.INFO.get("SCORE"),
                    "depths": [int(one) for one in record.format("AD").reshape(-1)],
                    "depth": [int(one) for one in record.format("DP").reshape(-1)],
                    "key": f"{record.CHROM}:{record.POS}:{record.REF}:{record.ALT[0]}",
                }
            )
    rows.sort(key=lambda row: (row["pos"], row["ref"], row["alt"], row["caller"]))
    pq.write_table(pa.Table.from_pylist(rows), folder / "plain.parquet")
    return len(rows)


def prepare(folder: Path, fasta: Path, count: int) -> tuple[str, int]:
    """Calls, contigs, recount and annotation in `folder`; the contig, and the records there are."""
    for suffix in ("", ".fai"):
        (folder / f"genome.fa{suffix}").symlink_to(f"{fasta.resolve()}{suffix}")
    genome = Genome(folder / "genome.fa")
    longest = max(genome.contigs.values(), key=lambda one: one.length)
    columns = "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp"
    table_of = longest.name if longest.name.startswith("chr") else f"chr{longest.name}"
    row = f"{table_of}\t{longest.name}\t{longest.length}\tx\tSQ.x\t1\t0"
    (folder / "contigs.tsv").write_text(f"{columns}\n{row}\n")
    sites = make_records(genome, longest.name, count)
    records = write_calls(folder, longest.name, longest.length, sites)
    # A first pass gives the events, whose counts and annotation are then made up.
    _in_process("together", folder, longest.name)
    events = pl.read_parquet(folder / "evidence.parquet", columns=KEY).unique().sort(KEY)
    draw = np.random.default_rng(2)
    germline = draw.random(events.height) < 0.9
    depth = draw.integers(40, 200, events.height)
    alt = np.maximum((depth * np.where(germline, 0.5, 0.2)).astype(int), 1)
    of_normal = np.where(germline, 30, 0)
    events.with_columns(
        tumor_depth=depth,
        tumor_ref_count=depth - alt,
        tumor_alt_count=alt,
        normal_depth=np.full(events.height, 60),
        normal_ref_count=60 - of_normal,
        normal_alt_count=of_normal,
    ).write_parquet(folder / "recount.parquet")
    write_annotation(folder, longest.name, longest.length, events.sort("chrom", "pos"))
    return longest.name, records


def _in_process(step: str, folder: Path, contig: str) -> dict[str, float]:
    """
    Run a step in a process of its own, as the pipeline does, with its start and its imports.

    Returns:
        CPU `seconds` of it and of the programs it starts, those on the clock (`wall`), `peak` GiB,
        and CPU seconds by what.
    """
    started = time.perf_counter()
    reading, writing = os.pipe()
    subprocess.run(
        [
            *(sys.executable, __file__, "--step", step, "--work", str(folder)),
            *("--contig", contig, "--to", str(writing)),
        ],
        pass_fds=[writing],
        check=True,
    )
    os.close(writing)
    with os.fdopen(reading) as file:
        found: dict[str, float] = json.load(file)
    return {**found, "wall": time.perf_counter() - started}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fasta", type=Path)
    parser.add_argument("--records", type=int, default=1_000_000, help="of both callers together")
    for name in ("--step", "--work", "--contig", "--to"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        step = {"together": bring_together, "tables": harmonise}[args.step]
        spent = step(Path(args.work), args.contig)
        used = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peak = max(resource.getrusage(who).ru_maxrss for who in used) / 2**20
        os.write(int(args.to), json.dumps({**spent, "seconds": _cpu(), "peak": peak}).encode())
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contig, records = prepare(folder, args.fasta, args.records)
        first = _in_process("together", folder, contig)
        second = _in_process("tables", folder, contig)
        started = time.process_time()
        plain = read_plainly(folder, PLAIN_PART) / (time.process_time() - started)
        rows = {
            path.stem: pq.read_metadata(path).num_rows for path in sorted(folder.glob("*.parquet"))
        }
    peak = max(first["peak"], second["peak"])
    vrs, others = second["vrs"], second["other tables"]
    annotation = first["annotation"] + second["annotation"]
    every = first["seconds"] + second["seconds"] - vrs
    rate = records / (every - annotation - others)
    print(f"raw records: {records:,}; rows: {rows}")
    for name, one in (("evidence", first), ("tables", second)):
        print(f"{name}: {one['seconds']:.1f} CPU s, {one['wall']:.1f} s on the clock,", end=" ")
        print(f"peak {one['peak']:.2f} GiB")
    print(f"of that VRS ids {vrs:.1f}, sites for and reading of annotation {annotation:.1f},")
    print(f"decisions, atoms and consequences {others:.1f} CPU s")
    print(f"small_variant and variant_call_evidence: {rate:,.0f} raw records a CPU second", end=" ")
    print(f"(promised {RECORDS_PER_SECOND:,})")
    print(f"with all of that but VRS ids: {records / every:,.0f}")
    print(f"peak memory {peak:.2f} GiB (promised below {PEAK_GIB})")
    print(f"plain reader, no normal form, evidence only: {plain:,.0f} a second")
    return 0 if rate >= RECORDS_PER_SECOND and peak < PEAK_GIB else 1


if __name__ == "__main__":
    sys.exit(main())
