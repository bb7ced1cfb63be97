"""
Evidence: the records of every caller of a pair, in one normal form.

Reading, splitting and left-alignment are `bcftools norm` and `bcftools query`; the tables are
columns from there on. Only records that are not one base for one base are looked at one by one.
"""

import hashlib
import io
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pysam

from onconcord.callers import Caller
from onconcord.errors import ToolError
from onconcord.files import whole_file
from onconcord.normal_form import (
    MAX_LENGTH_BP,
    PHASED_GAP_BP,
    Allele,
    atoms,
    join,
    split,
    variant_class,
)
from onconcord.sequence import ContigNames, Genome

EVIDENCE_SCHEMA: dict[str, Any] = {
    "caller": pl.String,
    "chrom": pl.String,
    "pos": pl.Int64,
    "ref": pl.String,
    "alt": pl.String,
    "match": pl.String,
    "raw_record_key": pl.String,
    "raw_gt": pl.String,
    "filters": pl.List(pl.String),
    "is_pass": pl.Boolean,
    "qual": pl.Float64,
    "score": pl.Float64,
    "tumor_depth": pl.Int64,
    "tumor_alt_count": pl.Int64,
    "normal_depth": pl.Int64,
    "normal_alt_count": pl.Int64,
    "phase_set": pl.String,
    "n_source_records": pl.Int64,
}
REJECTED_SCHEMA: dict[str, Any] = {
    "caller": pl.String,
    "line_sha256": pl.String,
    "reason": pl.String,
    "chrom": pl.String,
    "pos": pl.Int64,
}
KEY = ["chrom", "pos", "ref", "alt"]


def collect_evidence(
    calls: dict[str, Path],
    callers: dict[str, Caller],
    tumour: str,
    normal: str | None,
    fasta: Path,
    contigs_tsv: Path,
    evidence: Path,
    rejected: Path,
    candidates: Path,
) -> None:
    """
    Write one row per caller and event, the records without a normal form, and the sites.

    Args:
        calls: final VCF of each caller, bgzipped.
        callers: how to read each of them.
        tumour: sample id of the tumour, the name of its column in every VCF.
        normal: the same of the normal, None for a tumour on its own.
        fasta: reference with its `.fai`.
        contigs_tsv: names of its contigs in the tables.
        evidence: Parquet with EVIDENCE_SCHEMA; positions are 1-based, contigs native.
        rejected: Parquet with REJECTED_SCHEMA.
        candidates: bgzipped VCF of the distinct events, with its index.
    Raises:
        ToolError: bcftools failed.
    """
    genome = Genome(fasta)
    names = ContigNames.read(contigs_tsv)
    kept, refused = [], []
    for caller, path in sorted(calls.items()):
        raw = _read_records(path, callers[caller], tumour, normal)
        bad = _rejections(genome, names, raw)
        refused.append(_rejected_rows(caller, raw, bad))
        kept.append(
            _events(
                genome,
                caller,
                raw.filter(pl.Series([not reason for reason in bad], dtype=pl.Boolean)),
            )
        )
    table = _match_atoms(pl.concat(kept))
    with whole_file(evidence) as path:
        table.write_parquet(path)
    with whole_file(rejected) as path:
        pl.concat(refused).sort(list(REJECTED_SCHEMA)).write_parquet(path)
    write_sites(genome, {Allele(*row) for row in table.select(KEY).iter_rows()}, candidates)


def write_sites(genome: Genome, alleles: Iterable[Allele], out: Path) -> None:
    """Write alleles as a bgzipped and indexed VCF of sites, in the order of the reference."""
    order = {name: place for place, name in enumerate(genome.contigs)}
    header = pysam.VariantHeader()
    for contig in genome.contigs.values():
        header.contigs.add(contig.name, length=contig.length)
    with whole_file(out) as path:
        with pysam.VariantFile(str(path), "wz", header=header) as file:
            for allele in sorted(alleles, key=lambda one: (order[one.chrom], one)):
                file.write(
                    file.new_record(
                        contig=allele.chrom,
                        start=allele.start0,
                        alleles=(allele.ref, allele.alt),
                    )
                )
        pysam.tabix_index(str(path), preset="vcf", force=True)
        Path(f"{path}.tbi").replace(f"{out}.tbi")


def _run(command: list[str], given: bytes | None = None) -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        raise ToolError(f"{' '.join(command[:2])}: {done.stderr.decode().strip()}")
    return done.stdout


def _read_records(path: Path, caller: Caller, tumour: str, normal: str | None) -> pl.DataFrame:
    """One row per record and alternate allele, as the caller spelt it."""
    samples = [tumour, normal] if normal else [tumour]
    split_up = _run(
        [
            *("bcftools", "norm", "--multiallelics", "-any", "--old-rec-tag", "ONCONCORD_RAW"),
            *("--no-version", "--output-type", "u", str(path)),
        ]
    )
    phase = f"%{caller.phase_set}" if caller.phase_set else "."
    score = "%QUAL" if caller.score_field == "QUAL" else f"%{caller.score_field}"
    fields = ["%CHROM", "%POS", "%REF", "%ALT", "%QUAL", "%FILTER", "%INFO/ONCONCORD_RAW", score]
    per_sample = f"[\\t%GT\\t%DP\\t%AD\\t{phase}]"
    text = _run(
        [
            *("bcftools", "query", "--allow-undef-tags", "--samples", ",".join(samples)),
            *("--format", "\\t".join(fields) + per_sample + "\\n", "-"),
        ],
        split_up,
    )
    columns = ["chrom", "pos", "ref", "alt", "qual", "filter", "raw", "score"]
    for role in ("tumor", "normal")[: len(samples)]:
        columns += [f"{role}_{name}" for name in ("gt", "depth", "ad", "phase")]
    if not text:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String)).with_columns(
            pl.col("pos").cast(pl.Int64)
        )
    return pl.read_csv(
        io.BytesIO(text),
        separator="\t",
        has_header=False,
        new_columns=columns,
        quote_char=None,
        infer_schema=False,
        null_values=".",
    ).with_columns(pl.col("pos").cast(pl.Int64))


def _rejections(genome: Genome, names: ContigNames, raw: pl.DataFrame) -> list[str | None]:
    """Why each record has no normal form, None where it has one."""
    first = genome.gather(
        raw["chrom"].replace_strict(
            {name: name for name in genome.contigs},
            default=next(iter(genome.contigs)),
            return_dtype=pl.String,
        ),
        raw["pos"].to_numpy() - 1,
    )
    reasons: list[str | None] = []
    columns = zip(raw["chrom"], raw["pos"], raw["ref"], raw["alt"], first, strict=True)
    for chrom, pos, ref, alt, base in columns:
        if chrom not in genome.contigs or chrom not in names.primary:
            reasons.append("off_contig")
        elif alt is None:
            reasons.append("no_alt")
        elif alt == "*":
            reasons.append("star_allele")
        elif not alt.isalpha() or not ref.isalpha():
            reasons.append("symbolic")
        elif max(len(ref), len(alt)) > MAX_LENGTH_BP:
            reasons.append("too_long")
        elif ord(ref[0].upper()) != base or (
            len(ref) > 1 and genome.bases(chrom, pos - 1, pos - 1 + len(ref)) != ref.upper()
        ):
            reasons.append("ref_mismatch")
        else:
            reasons.append(None)
    return reasons


def _rejected_rows(caller: str, raw: pl.DataFrame, reasons: list[str | None]) -> pl.DataFrame:
    frame = raw.with_columns(
        pl.Series("reason", reasons, dtype=pl.String), pl.lit(caller).alias("caller")
    ).filter(pl.col("reason").is_not_null())
    lines = [
        hashlib.sha256("\t".join(str(value) for value in row).encode()).hexdigest()
        for row in frame.select(["chrom", "pos", "ref", "alt", "filter"]).iter_rows()
    ]
    return frame.with_columns(pl.Series("line_sha256", lines, dtype=pl.String)).select(
        pl.col(name).cast(type_) for name, type_ in REJECTED_SCHEMA.items()
    )


def _number(column: str) -> pl.Expr:
    return pl.col(column).str.split(",").list.first().cast(pl.Float64, strict=False)


def _depth_of(role: str, columns: list[str], what: str) -> pl.Expr:
    if f"{role}_ad" not in columns:
        return pl.lit(None, dtype=pl.Int64)
    if what == "alt":
        return (
            pl.col(f"{role}_ad")
            .str.split(",")
            .list.get(1, null_on_oob=True)
            .cast(pl.Int64, strict=False)
        )
    return pl.col(f"{role}_depth").cast(pl.Int64, strict=False)


def _events(genome: Genome, caller: str, raw: pl.DataFrame) -> pl.DataFrame:
    """The records of one caller as events: phased neighbours joined, far edits split."""
    columns = raw.columns
    spelt = pl.concat_str(
        [pl.col("chrom"), pl.col("pos").cast(pl.String), pl.col("ref"), pl.col("alt")],
        separator=":",
    )
    origin = pl.col("raw").str.split("|")
    emitted = (
        pl.when(pl.col("raw").is_null())
        .then(spelt)
        .otherwise(pl.concat_str([origin.list.get(at) for at in range(4)], separator=":"))
    )
    table = raw.with_columns(
        caller=pl.lit(caller),
        match=pl.lit("exact"),
        raw_record_key=emitted,
        raw_gt=pl.col("tumor_gt"),
        filters=pl.when(pl.col("filter").is_null())
        .then(None)
        .when(pl.col("filter") == "PASS")
        .then(pl.lit([], dtype=pl.List(pl.String)))
        .otherwise(pl.col("filter").str.split(";").list.sort()),
        is_pass=pl.col("filter").fill_null("") == "PASS",
        qual=_number("qual"),
        score=_number("score"),
        tumor_alt_count=_depth_of("tumor", columns, "alt"),
        normal_alt_count=_depth_of("normal", columns, "alt"),
        phase_set=pl.col("tumor_phase"),
        n_source_records=pl.lit(1, dtype=pl.Int64),
        ref=pl.col("ref").str.to_uppercase(),
        alt=pl.col("alt").str.to_uppercase(),
    ).with_columns(
        tumor_depth=_depth_of("tumor", columns, "depth"),
        normal_depth=_depth_of("normal", columns, "depth"),
    )
    table = table.select(pl.col(name).cast(type_) for name, type_ in EVIDENCE_SCHEMA.items())
    lone = pl.col("ref").str.len_bytes().eq(1) & pl.col("alt").str.len_bytes().eq(1)
    plain = table.filter(lone & pl.col("phase_set").is_null())
    rows: list[dict[str, Any]] = []
    for row in table.filter(~lone & pl.col("phase_set").is_null()).iter_rows(named=True):
        rows += _spread(row, split(genome, _allele(row)))
    rows += _joined(genome, table.filter(pl.col("phase_set").is_not_null()))
    every = pl.concat([plain, pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row")])
    # Two records of one caller may have one normal form: the better of them stands for both.
    return (
        every.sort(
            [*KEY, "is_pass", "score", "raw_record_key"],
            descending=[False] * 4 + [True, True, False],
            nulls_last=True,
        )
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.exclude([*KEY, "n_source_records"]).first(),
            pl.col("n_source_records").sum(),
        )
        .select(list(EVIDENCE_SCHEMA))
    )


def _allele(row: dict[str, Any]) -> Allele:
    return Allele(row["chrom"], row["pos"], row["ref"], row["alt"])


def _spread(row: dict[str, Any], alleles: Iterable[Allele]) -> list[dict[str, Any]]:
    return [
        {**row, "chrom": one.chrom, "pos": one.pos, "ref": one.ref, "alt": one.alt}
        for one in alleles
    ]


def _joined(genome: Genome, phased: pl.DataFrame) -> list[dict[str, Any]]:
    """Records of one haplotype that lie within PHASED_GAP_BP of each other, as one event."""
    groups: dict[tuple[str, str, str | None], list[dict[str, Any]]] = defaultdict(list)
    for record in phased.sort(KEY).iter_rows(named=True):
        groups[record["chrom"], record["phase_set"], record["raw_gt"]].append(record)
    rows: list[dict[str, Any]] = []
    for members in groups.values():
        run: list[dict[str, Any]] = []
        following: list[dict[str, Any] | None] = [*members, None]
        for row in following:
            near = (
                row is not None
                and run
                and row["pos"] - (run[-1]["pos"] + len(run[-1]["ref"])) <= PHASED_GAP_BP
                and row["is_pass"] == run[-1]["is_pass"]
            )
            if run and not near:
                rows += _as_event(genome, run)
                run = []
            if row is not None:
                run.append(row)
    return rows


def _as_event(genome: Genome, run: list[dict[str, Any]]) -> list[dict[str, Any]]:
    whole = join(genome, [_allele(row) for row in run]) if len(run) > 1 else None
    if whole is None:
        return [one for row in run for one in _spread(row, split(genome, _allele(row)))]
    weakest = min(run, key=lambda row: (row["tumor_alt_count"] or 0, row["pos"]))
    event = {
        **weakest,
        "raw_record_key": run[0]["raw_record_key"],
        "filters": sorted({name for row in run for name in row["filters"] or ()}),
        "n_source_records": len(run),
    }
    return _spread(event, [whole])


def _match_atoms(table: pl.DataFrame) -> pl.DataFrame:
    """Let the atoms of one caller speak for the event another caller has as a whole."""
    by_caller: dict[str, dict[Allele, dict[str, Any]]] = defaultdict(dict)
    for row in table.iter_rows(named=True):
        by_caller[row["caller"]][_allele(row)] = row
    events = {
        allele
        for rows in by_caller.values()
        for allele in rows
        if variant_class(allele.ref, allele.alt) in ("MNV", "DELINS")
    }
    added: list[dict[str, Any]] = []
    used: set[tuple[str, Allele]] = set()
    for event in sorted(events):
        steps = atoms(event)
        for caller, rows in sorted(by_caller.items()):
            found = [rows[step] for step in steps if step in rows]
            if event in rows or not found:
                continue
            whole = len(found) == len(steps)
            weakest = min(found, key=lambda row: (row["tumor_alt_count"] or 0, row["pos"]))
            added += _spread(
                {
                    **weakest,
                    "match": "atoms_all" if whole else "atoms_partial",
                    "is_pass": whole and all(row["is_pass"] for row in found),
                    "filters": sorted({name for row in found for name in row["filters"] or ()}),
                    "n_source_records": len(found),
                },
                [event],
            )
            if whole:
                used |= {(caller, step) for step in steps}
    spare = np.array(
        [(row["caller"], _allele(row)) not in used for row in table.iter_rows(named=True)], bool
    )
    return pl.concat(
        [table.filter(pl.Series(spare)), pl.DataFrame(added, schema=EVIDENCE_SCHEMA, orient="row")]
    ).sort([*KEY, "caller"])
