"""Every check of a release, each named; a fault names table, row key and column."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa

from onconcord import contract
from onconcord.digest import table_digest
from onconcord.errors import ContractError, Fault, InputError
from onconcord.release import layout
from onconcord.release.manifest import Release, read_manifest, read_release
from onconcord.release.shards import file_sha256
from onconcord.release.tiers import released_tables

MOST_ROWS = 5
EVENT = ["center_id", "pair_id", "reference_id", "chrom", "pos", "ref", "alt"]


@dataclass
class Report:
    """
    What was checked of a release, what could not be, and what is wrong.

    Args:
        faults: by the id of the check that found them.
    """

    release: str
    tier: str
    checked: list[str] = field(default_factory=list)
    not_checked: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, Fault]] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """The report for `--json`."""
        return {
            "release": self.release,
            "tier": self.tier,
            "checked": self.checked,
            "not_checked": self.not_checked,
            "faults": [
                {
                    "check": check,
                    "source": fault.source,
                    "column": fault.column,
                    "message": fault.message,
                }
                for check, fault in self.faults
            ],
        }


def verify_release(folder: Path) -> Report:
    """
    Check a release against its manifest, its contract and itself.

    Args:
        folder: a release.
    Returns:
        The report; a fault in one table does not keep the others from being checked.
    Raises:
        InputError: the folder is no release.
    """
    release = read_release(folder)
    report = Report(release.name, release.tier)

    def check(name: str, faults: Iterator[Fault]) -> None:
        report.faults += [(name, fault) for fault in faults]
        report.checked.append(name)

    check("files", _file_faults(folder))
    tables: dict[str, list[pa.Table]] = {}
    unreadable: set[str] = set()
    content: list[Fault] = []
    for part in release.parts:
        try:
            table = contract.read_file(part.table, folder / part.path, fill=False)
        except ContractError as error:
            content += [Fault(part.path, 0, one.column, one.message) for one in error.faults]
            unreadable.add(part.table)
            continue
        tables.setdefault(part.table, []).append(table)
        content += _digest_faults(part.path, table, part.digest.columns, part.digest.sha256)
    check("content_digests", iter(content))
    check("tables", _missing_tables(release))
    check(
        "contract",
        (
            Fault(f"{name}/center={part.centre}", 0, fault.column, fault.message)
            for name, found in sorted(tables.items())
            for part, table in zip(
                [part for part in release.parts if part.table == name], found, strict=False
            )
            for fault in contract.validate(name, table, release.tier)
        ),
    )
    whole = {
        name: pa.concat_tables(found, promote_options="default") for name, found in tables.items()
    }
    frames = {name: _frame(table) for name, table in whole.items()}
    needs: dict[str, tuple[Callable[[dict[str, pl.DataFrame], str], Iterator[Fault]], set[str]]] = {
        "foreign_keys": (_foreign_key_faults, set()),
        "tiers": (_tier_faults, {"small_variant"}),
        "analysis_scope": (_scope_faults, {"pair", "analysis_scope", "small_variant"}),
        "callable_partition": (
            _partition_faults,
            {"pair", "assay_region", "callable_region"},
        ),
        "derived_ratios": (_ratio_faults, {"small_variant"}),
        "consensus": (_consensus_faults, {"small_variant", "variant_call_evidence"}),
        "retractions": (_retraction_faults, {"pair", "retraction"}),
    }
    for name, (function, wanted) in needs.items():
        lacking = sorted(table for table in wanted if table not in frames or table in unreadable)
        if lacking:
            report.not_checked[name] = (
                f"no readable {', '.join(lacking)} in a {release.tier} release"
            )
        else:
            check(name, function(frames, release.tier))
    if not (folder / layout.SIGNATURE).exists():
        report.not_checked["signature"] = "the release is not signed"
    return report


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _file_faults(folder: Path) -> Iterator[Fault]:
    try:
        lines = {line.path: line for line in read_manifest(folder)}
    except InputError as error:
        yield from error.faults
        return
    there = set(layout.files(folder)) - layout.UNLISTED
    for path in sorted(lines.keys() - there):
        yield Fault(path, 0, "", "is in MANIFEST.tsv and not in the release")
    for path in sorted(there - lines.keys()):
        yield Fault(path, 0, "", "is in the release and not in MANIFEST.tsv")
    for path in sorted(there & lines.keys()):
        found = file_sha256(folder / path)
        if found != lines[path].file_sha256:
            message = f"its SHA-256 is {found}, MANIFEST.tsv says {lines[path].file_sha256}"
            yield Fault(path, 0, "", message)


def _digest_faults(
    path: str, table: pa.Table, columns: dict[str, str], sha256: str
) -> Iterator[Fault]:
    found = table_digest(table)
    for name in sorted(columns.keys() | found.columns.keys()):
        if columns.get(name) != found.columns.get(name):
            message = (
                f"its content digest is {found.columns.get(name, 'missing')}, release.json says "
                f"{columns.get(name, 'nothing of it')}: values, nulls, order or type were changed"
            )
            yield Fault(path, 0, name, message)
    if found.sha256 != sha256 and found.columns == columns:
        yield Fault(path, 0, "", f"{found.rows} rows; the digest of the table differs")


def _missing_tables(release: Release) -> Iterator[Fault]:
    there = {(part.table, part.centre) for part in release.parts}
    for centre in release.centres:
        for table in released_tables(release.tier):
            if (table, centre.center_id) not in there:
                yield Fault(layout.part(table, centre.center_id), 0, "", "the table is missing")


def _rows(table: str, frame: pl.DataFrame, column: str, message: str) -> Iterator[Fault]:
    """A fault for the first rows of a frame, and one that counts the others."""
    key = [name for name in contract.load().tables[table].key if name in frame.columns]
    for row in frame.select(key).head(MOST_ROWS).iter_rows(named=True):
        named = ", ".join(f"{name}={value}" for name, value in row.items())
        yield Fault(table, 0, column, f"row {named}: {message}")
    if frame.height > MOST_ROWS:
        yield Fault(table, 0, column, f"{frame.height - MOST_ROWS} more rows: {message}")


def _foreign_key_faults(frames: dict[str, pl.DataFrame], tier: str) -> Iterator[Fault]:
    for name, frame in sorted(frames.items()):
        for key in contract.load().tables[name].foreign_keys:
            if key.table not in frames or not set(key.columns) <= set(frame.columns):
                continue
            parents = frames[key.table].select(key.to).unique()
            children = frame
            for column in key.columns:
                if isinstance(frame.schema[column], pl.List):
                    children = children.explode(column)
            children = children.drop_nulls(key.columns)
            orphans = children.join(parents, left_on=key.columns, right_on=key.to, how="anti").sort(
                key.columns
            )
            message = f"points to no row of {key.table} ({', '.join(key.to)})"
            yield from _rows(name, orphans, key.columns[-1], message)


def _tier_faults(frames: dict[str, pl.DataFrame], tier: str) -> Iterator[Fault]:
    if tier in ("consortium", "open"):
        small = frames["small_variant"]
        loose = small.filter(~pl.col("is_pass") | (pl.col("origin") != "somatic"))
        message = f"only somatic variants that pass may be in a {tier} release"
        yield from _rows("small_variant", loose, "origin", message)


def _scope_faults(frames: dict[str, pl.DataFrame], tier: str) -> Iterator[Fault]:
    pairs = frames["pair"].select("center_id", "pair_id")
    codes = pl.DataFrame({"analysis": list(contract.load().vocabularies["analysis"])})
    scope = frames["analysis_scope"]
    absent = pairs.join(codes, how="cross").join(
        scope, on=["center_id", "pair_id", "analysis"], how="anti"
    )
    yield from _rows("analysis_scope", absent, "analysis", "every pair has a row of each analysis")
    passing = (
        frames["small_variant"].filter(pl.col("is_pass")).select("center_id", "pair_id").unique()
    )
    of_variants = scope.filter(pl.col("analysis") == "small_variant")
    key = ["center_id", "pair_id"]
    empty = of_variants.filter(pl.col("status") == "done").join(passing, on=key, how="anti")
    message = 'no variant is there, so the status is "done_none_found", never "done"'
    yield from _rows("analysis_scope", empty, "status", message)
    full = of_variants.filter(pl.col("status") != "done").join(passing, on=key, how="semi")
    yield from _rows(
        "analysis_scope", full, "status", 'variants are there, so the status is "done"'
    )


def _partition_faults(frames: dict[str, pl.DataFrame], tier: str) -> Iterator[Fault]:
    """Every target base of a pair has one callable state: no gap, no overlap."""
    key = ["center_id", "pair_id"]
    size = (pl.col("end0").cast(pl.Int64) - pl.col("start0")).sum()
    wanted = frames["assay_region"].group_by("center_id", "assay_id").agg(size.alias("target_bp"))
    regions = frames["callable_region"].sort(*key, "chrom", "start0")
    found = regions.group_by(key).agg(size.alias("found_bp"))
    passed = (
        frames["pair"].filter(pl.col("qc_status") != "FAIL") if tier != "local" else frames["pair"]
    )
    table = (
        passed.join(wanted, on=["center_id", "assay_id"], how="left")
        .join(found, on=key, how="left")
        .filter(pl.col("target_bp") != pl.col("found_bp").fill_null(0))
        .sort(key)
    )
    message = "callable states do not add up to the assay's targets"
    yield from _rows("callable_region", table, "end0", message)
    overlap = regions.filter(pl.col("start0") < pl.col("end0").shift(1).over([*key, "chrom"]))
    yield from _rows("callable_region", overlap, "start0", "overlaps the interval before it")


def _ratio_faults(frames: dict[str, pl.DataFrame], tier: str) -> Iterator[Fault]:
    small = frames["small_variant"]
    counts = small.filter(pl.col("tumor_depth") > 0)
    vaf = pl.col("tumor_alt_count") / pl.col("tumor_depth")
    wrong = counts.filter((vaf - pl.col("tumor_vaf")).abs().fill_null(1.0) > 1e-6)
    yield from _rows("small_variant", wrong, "tumor_vaf", "is not tumor_alt_count / tumor_depth")
    above = small.filter(
        pl.col("tumor_alt_count") + pl.col("tumor_ref_count") > pl.col("tumor_depth")
    )
    yield from _rows("small_variant", above, "tumor_alt_count", "more reads than tumor_depth")


def _consensus_faults(frames: dict[str, pl.DataFrame], tier: str) -> Iterator[Fault]:
    evidence = frames["variant_call_evidence"].filter(pl.col("match") != "atoms_partial")
    voted = evidence.group_by(EVENT).agg(
        pl.len().cast(pl.Int64).alias("called"),
        pl.col("caller").filter(pl.col("is_pass")).sort().alias("passing"),
    )
    table = frames["small_variant"].join(voted, on=EVENT, how="left")
    called = table.filter(pl.col("n_callers_called") != pl.col("called").fill_null(0))
    message = "does not follow from variant_call_evidence"
    yield from _rows("small_variant", called, "n_callers_called", message)
    empty = pl.lit([], dtype=pl.List(pl.String))
    passing = table.filter(pl.col("callers_pass") != pl.col("passing").fill_null(empty))
    yield from _rows("small_variant", passing, "callers_pass", message)
    counted = table.filter(pl.col("n_callers_pass") != pl.col("callers_pass").list.len())
    yield from _rows(
        "small_variant", counted, "n_callers_pass", "is not the length of callers_pass"
    )


def _retraction_faults(frames: dict[str, pl.DataFrame], tier: str) -> Iterator[Fault]:
    there = frames["pair"].join(frames["retraction"], on=["center_id", "pair_id"], how="semi")
    yield from _rows("pair", there, "pair_id", "was retracted, and is still in the release")
