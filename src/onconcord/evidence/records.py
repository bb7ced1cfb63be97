"""The records of one caller, as columns: one row per record and alternate allele."""

import gzip
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pysam

from onconcord.calls.callers import Caller
from onconcord.errors import InputError
from onconcord.evidence.normal_form import MAX_LENGTH_BP
from onconcord.reference.sequence import ContigNames, Genome
from onconcord.runtime.conserved import broken, conserve, record_count
from onconcord.runtime.programs import Program

QUERY = Program(
    "evidence_collect.py",
    "bcftools query --allow-undef-tags --samples {samples} --format {format} {vcf}",
)
RECORD_SCHEMA: dict[str, Any] = {
    "line": pl.UInt32,
    "caller": pl.String,
    "chrom": pl.String,
    "pos": pl.Int64,
    "ref": pl.String,
    "alt": pl.String,
    "raw_record_key": pl.String,
    "raw_gt": pl.Categorical,
    "filter": pl.Categorical,
    "is_pass": pl.Boolean,
    "qual": pl.Float64,
    "score": pl.Float64,
    "tumor_depth": pl.Int32,
    "tumor_alt_count": pl.Int32,
    "normal_depth": pl.Int32,
    "normal_alt_count": pl.Int32,
    "phase_set": pl.String,
    "info_json": pl.String,
}
_COLUMN_TYPES: dict[str, Any] = {"pos": pl.Int64, "qual": pl.Float64, "filter": pl.Categorical}
REJECTED_SCHEMA: dict[str, Any] = {
    "caller": pl.String,
    "line_sha256": pl.String,
    "reason": pl.String,
    "chrom": pl.String,
    "pos": pl.Int64,
}


def read_records(
    path: Path, caller: Caller, tumour: str, normal: str | None, names: ContigNames
) -> pl.DataFrame:
    """
    Every record of a caller's VCF, one row per alternate allele, as the caller wrote it.

    Args:
        path: bgzipped VCF.
        caller: how to read it.
        tumour, normal: names of the sample columns; None for no normal.
        names: names of the contigs in the tables, for raw_record_key.
    Returns:
        Columns of RECORD_SCHEMA; `line` is the number of the record in the file from 0, `alt` is
        null where a record has none, `pos` is 1-based, counts are reads as the caller counted.
    Raises:
        InputError: a sample is not in the VCF, or its header lacks a field that caller.yaml names.
        ToolError: it is not a whole file, or bcftools does not give every record of it.
    """
    roles = {tumour: "tumor", **({normal: "normal"} if normal else {})}
    with pysam.VariantFile(str(path)) as file:
        header = file.header
        undefined = _undefined(caller, header)
        found, per_allele = set(header.samples), {}
        for name, definition in header.info.items():
            per_allele[name] = str(definition.number) == "A"
        # Columns come in the order of the file, whatever order they are asked for in.
        samples = [name for name in header.samples if name in roles]
    if set(samples) != set(roles):
        message = f"the samples are {sorted(found)}: expected {' and '.join(sorted(roles))}."
        raise InputError.at(path.name, message)
    if undefined:
        message = (
            f"the header defines no {' and no '.join(undefined)}, where caller.yaml of "
            f"{caller.name} says that the numbers of its records stand: mend counts or score there."
        )
        raise InputError.at(path.name, message)
    score = caller.score_field.removeprefix("INFO/")
    info = sorted({*caller.info_fields, *(() if score == "QUAL" else (score,))})
    fixed = ["CHROM", "POS", "REF", "ALT", "QUAL", "FILTER", *(f"INFO/{name}" for name in info)]
    of_sample = [
        "GT",
        caller.depth,
        caller.counts,
        *([caller.phase_set] if caller.phase_set else []),
    ]
    columns = ["chrom", "pos", "ref", "alt", "qual", "filter", *(f"info_{field}" for field in info)]
    columns += [f"{roles[sample]}_{tag}" for sample in samples for tag in of_sample]
    query = "\\t".join(f"%{name}" for name in fixed)
    query += "[\\t" + "\\t".join(f"%{tag}" for tag in of_sample) + "]\\n"
    text = QUERY.run(samples=",".join(samples), format=query, vcf=str(path))
    entered = record_count(path, caller.name)
    if not text.endswith(b"\n") and text:
        raise broken("bcftools query", path, "the last line is cut off in the answer")
    types = _COLUMN_TYPES | {
        name: pl.Categorical if name.endswith("_GT") else pl.Int32
        for name in columns
        if name.endswith(("_GT", f"_{caller.depth}"))
    }
    schema: dict[str, Any] = {name: types.get(name, pl.String) for name in columns}
    raw = pl.DataFrame(schema=schema)
    if text:
        raw = pl.read_csv(
            io.BytesIO(text),
            separator="\t",
            has_header=False,
            schema=schema,
            quote_char=None,
            null_values=".",
        )
    del text
    conserve("bcftools query", path, "records", entered, raw.height)
    emitted = pl.concat_str(
        pl.col("chrom").replace(names.table_of),
        "pos",
        "ref",
        pl.col("alt").fill_null("."),
        separator=":",
    )
    raw = raw.with_row_index("line").with_columns(raw_record_key=emitted)
    return _alleles(raw, caller, score, per_allele)


def _undefined(caller: Caller, header: pysam.VariantHeader) -> list[str]:
    """Fields that caller.yaml names and the header of its VCF does not define."""
    named = [("FORMAT", caller.depth), ("FORMAT", caller.counts)]
    if caller.score_field != "QUAL":
        named.append(("INFO", caller.score_field.removeprefix("INFO/")))
    defined = {"FORMAT": header.formats, "INFO": header.info}
    return [f"{where}/{name}" for where, name in named if name not in defined[where]]


def _alleles(
    raw: pl.DataFrame, caller: Caller, score: str, per_allele: dict[str, bool]
) -> pl.DataFrame:
    """The records with one row per alternate allele; `place` is its number, from 1."""
    several = raw["alt"].str.contains(",", literal=True).fill_null(False)
    single = raw.filter(~several).with_columns(place=pl.lit(1, dtype=pl.Int64))
    parts = [_columns(single, caller, score, per_allele, _first_of)]
    if several.any():
        more = (
            raw.filter(several)
            .with_columns(alt=pl.col("alt").str.split(","))
            .with_columns(place=pl.int_ranges(1, pl.col("alt").list.len() + 1))
            .explode("alt", "place")
        )
        parts.append(_columns(more, caller, score, per_allele, _any_of))
    return pl.concat(parts)


def _first_of(column: str, after: int) -> pl.Expr:
    """The value of the only alternate allele, after `after` values that stand before it."""
    return pl.col(column).str.splitn(",", after + 2).struct.field(f"field_{after}")


def _any_of(column: str, after: int) -> pl.Expr:
    """The value of the row's alternate allele, after `after` values that stand before the first."""
    return pl.col(column).str.split(",").list.get(pl.col("place") - 1 + after, null_on_oob=True)


def _columns(
    rows: pl.DataFrame,
    caller: Caller,
    score: str,
    per_allele: dict[str, bool],
    of_allele: Callable[[str, int], pl.Expr],
) -> pl.DataFrame:
    of_score: pl.Expr = pl.col("qual")
    if score != "QUAL":
        of_score = pl.col(f"info_{score}")
        if per_allele.get(score):
            of_score = of_allele(f"info_{score}", 0)
    depth, counts, before = caller.depth, caller.counts, caller.reference_counts
    has_normal = f"normal_{counts}" in rows.columns
    nothing = pl.lit(None, dtype=pl.String)
    values = {
        "caller": pl.lit(caller.name),
        "ref": pl.col("ref").str.to_uppercase(),
        "alt": pl.col("alt").str.to_uppercase(),
        "raw_gt": pl.col("tumor_GT"),
        "is_pass": pl.col("filter").eq_missing("PASS"),
        "score": of_score.cast(pl.Float64, strict=False),
        "tumor_depth": pl.col(f"tumor_{depth}"),
        "tumor_alt_count": of_allele(f"tumor_{counts}", before).cast(pl.Int32, strict=False),
        "normal_depth": pl.col(f"normal_{depth}") if has_normal else nothing,
        "normal_alt_count": of_allele(f"normal_{counts}", before).cast(pl.Int32, strict=False)
        if has_normal
        else nothing,
        "phase_set": pl.col(f"tumor_{caller.phase_set}") if caller.phase_set else nothing,
        "info_json": _json(caller.info_fields),
    }
    return rows.select(
        values.get(name, pl.col(name)).cast(type_).alias(name)
        for name, type_ in RECORD_SCHEMA.items()
    )


def _json(fields: tuple[str, ...]) -> pl.Expr:
    """Listed INFO values as they stand in the VCF, as JSON with sorted keys; null without any."""
    if not fields:
        return pl.lit(None, dtype=pl.String)
    pairs = [
        pl.concat_str(
            pl.lit(f'"{name}":"'),
            pl.col(f"info_{name}")
            .str.replace_all("\\", "\\\\", literal=True)
            .str.replace_all('"', '\\"', literal=True),
            pl.lit('"'),
        )
        for name in sorted(fields)
    ]
    joined = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined, pl.lit("}")))


def rejection_reasons(genome: Genome, names: ContigNames, records: pl.DataFrame) -> pl.Series:
    """Why each row of `read_records` has no normal form (`reject_reason`), null where it has."""
    known = pl.col("chrom").is_in(sorted(names.primary & set(genome.contigs)))
    symbol = pl.col("alt").str.contains(r"[<>\[\]]")
    lengths = (pl.col(allele).str.len_bytes() for allele in ("ref", "alt"))
    reasons = records.select(
        pl.when(~known)
        .then(pl.lit("off_contig"))
        .when(pl.col("alt").is_null())
        .then(pl.lit("no_alt"))
        .when(pl.col("alt") == "*")
        .then(pl.lit("star_allele"))
        .when(symbol)
        .then(pl.lit("symbolic"))
        .when(
            ~pl.col("alt").str.contains("^[ACGTN]+$")
            | ~pl.col("ref").str.contains("^[A-Z]+$")
            | (pl.col("alt") == pl.col("ref"))
        )
        .then(pl.lit("parse_error"))
        .when(pl.max_horizontal(*lengths) > MAX_LENGTH_BP)
        .then(pl.lit("too_long"))
        .alias("reason")
    )["reason"]
    readable = reasons.is_null()
    wrong = np.zeros(records.height, np.bool_)
    wrong[readable.to_numpy()] = ~_agrees(
        genome, records.select("chrom", "pos", "ref").filter(readable)
    )
    return pl.select(
        pl.when(pl.Series(wrong)).then(pl.lit("ref_mismatch")).otherwise(reasons).alias("reason")
    )["reason"]


def _agrees(genome: Genome, sites: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether `ref` (upper case) is what the reference has from `pos` (1-based) on, by row."""
    if not sites.height:
        return np.zeros(0, np.bool_)
    lengths = sites["ref"].str.len_bytes().to_numpy().astype(np.int64)
    firsts = np.cumsum(lengths) - lengths
    within = np.arange(lengths.sum()) - np.repeat(firsts, lengths)
    stated = np.frombuffer("".join(sites["ref"]).encode("ascii"), np.uint8)
    place = np.repeat(sites["pos"].to_numpy() - 1, lengths) + within
    chroms = sites["chrom"]
    if lengths.max() > 1:
        chroms = chroms.gather(np.repeat(np.arange(sites.height), lengths))
    same = genome.gather(chroms, place) == stated
    return np.logical_and.reduceat(same, firsts)


def rejected_rows(path: Path, records: pl.DataFrame) -> pl.DataFrame:
    """
    Rows of REJECTED_SCHEMA, with the digest of the line each record stands on.

    Args:
        path: the caller's VCF.
        records: rejected rows of `read_records`, with `reason`.
    """
    digests: dict[int, str] = {}
    wanted = set(records["line"])
    with gzip.open(path, "rb") as file:
        number = -1
        for line in file:
            if line.startswith(b"#"):
                continue
            number += 1
            if number in wanted:
                digests[number] = hashlib.sha256(line.rstrip(b"\r\n")).hexdigest()
                if len(digests) == len(wanted):
                    break
    return records.with_columns(
        line_sha256=pl.Series([digests[number] for number in records["line"]], dtype=pl.String)
    ).select(pl.col(name).cast(type_) for name, type_ in REJECTED_SCHEMA.items())
