"""verify finds every planted fault by the name of its rule, with table, row key and column."""

import json
import shutil
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from builders import PairOf, change, pairs_of, release_of, seal, write_key, write_pair, write_pairs
from onconcord import contract
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.release import pool_releases, read_release
from onconcord.release.retractions import Retraction
from onconcord.verify import verify_release, verify_releases
from onconcord.verify.rules import RULES, foreign_keys
from onconcord.verify.slices import cut
from real_ids import metric_id


@pytest.fixture(scope="module")
def pooled(tmp_path_factory):
    """A pooled release of two centres without faults."""
    folder = tmp_path_factory.mktemp("pooled")
    pairs = [
        *pairs_of("ONE", 3),
        PairOf("ONE", "TUM-FAIL", "PAT-FAIL", "NRM-FAIL", qc="FAIL"),
        *pairs_of("TWO", 2),
    ]
    only = PairOf("ONE", "TUM-ONLY", "PAT-ONLY", None)
    with_driver = only.tables()
    only.add(with_driver, only.variant(1700, "G", "C", method="forced"))
    with_driver["hotspot_status"] = [
        *(only.hotspot(1700, "G", "C"), only.hotspot(1990, "A", "G")),
        *(only.hotspot(pos, "A", "G", "wildtype") for pos in (1980, 5100)),
    ]
    manifests = [*write_pairs(folder, pairs), write_pair(folder, only, with_driver)]
    releases = [release_of(folder, manifests, centre) for centre in ("ONE", "TWO")]
    return_to = folder / "pooled"
    pool_releases(releases, return_to, lambda _: None)
    return return_to


@pytest.fixture
def release(pooled, tmp_path):
    """A copy of the pooled release, to be broken."""
    return Path(shutil.copytree(pooled, tmp_path / "release"))


@pytest.mark.slow
def test_a_release_without_faults_has_none_and_every_rule_was_checked(pooled):
    report = verify_release(pooled)
    assert report.faults == []
    assert report.not_checked == {"signature": "the release is not signed"}
    rules = {rule.name for rule in (*RULES, *foreign_keys()) if "consortium" in rule.tiers}
    assert rules <= set(report.checked)


@pytest.mark.slow
def test_a_gene_of_a_chromosome_of_descent_was_not_searched(release):
    change(release, "assay_region", "ONE", each({"start0": 1000}, chrom="chrY"))
    faults = verify_release(release).of("no_lineage")
    assert {(fault.source, fault.column) for fault in faults} == {("gene_callability", "status")}


@dataclass(frozen=True)
class Plant:
    """A change of one table of centre ONE, and the fault that must be found for it."""

    rule: str
    table: str
    column: str
    found: str
    edit: object


def put(row, **values):
    def edit(rows):
        rows[row].update(values)

    return edit


def each(where, **values):
    def edit(rows):
        for row in rows:
            if where.items() <= row.items():
                row.update(values)

    return edit


def of_failed_pair(rows):
    """One row more, of the pair that failed."""
    rows.append({**rows[0], "pair_id": FAILED["pair_id"]})
    rows.sort(key=lambda row: (row["pair_id"], row["reference_id"], row["chrom"], row["start0"]))


def off_grid(rows):
    """The second pair is not searched from a place of its own on."""
    rows[3]["end0"] = rows[4]["start0"] = 1870


def in_turn(edits):
    """One change of a table that makes these one after the other."""

    def edit(rows):
        for step in edits:
            step(rows)

    return edit


FAILED: dict[str, str] = {}
VARIANT = "small_variant"

PLANTS = [
    Plant(
        "only_somatic", VARIANT, "origin", "found germline_likely", put(0, origin="germline_likely")
    ),
    Plant(
        "rare_in_populations", VARIANT, "gnomad_af_max", "found 0.01", put(0, gnomad_af_max=0.01)
    ),
    Plant("vaf", VARIANT, "tumor_vaf", "found 0.9", put(1, tumor_vaf=0.9)),
    Plant("vaf", VARIANT, "tumor_vaf", "found None", put(2, tumor_vaf=None)),
    Plant("counts", VARIANT, "tumor_alt_count", "found 121", put(3, tumor_alt_count=121)),
    Plant("numbered_phases", VARIANT, "phase_set", "found 9_A_C", put(3, phase_set="9_A_C")),
    Plant(
        "known_driver_alone",
        VARIANT,
        "origin_method",
        "found tumor_only_model",
        each({"origin_method": "forced"}, origin_method="tumor_only_model"),
    ),
    Plant(
        "somatic_atoms",
        "small_variant_atom",
        "origin",
        "found germline_likely",
        put(0, origin="germline_likely"),
    ),
    Plant(
        "rare_in_populations",
        "small_variant_atom",
        "gnomad_af_max",
        "found 0.2",
        put(1, gnomad_af_max=0.2),
    ),
    Plant(
        "hotspots_shown",
        "hotspot_status",
        "status",
        "mutated without its row",
        each({"pos": 1990}, status="mutated"),
    ),
    Plant(
        "hotspots_by_cell",
        "hotspot_status",
        "status",
        "found wildtype; wild type beside one",
        each({"pos": 1980}, status="wildtype"),
    ),
    Plant(
        "hotspots_by_cell",
        "hotspot_status",
        "status",
        "found indeterminate; not stated where the pair was searched",
        each({"pos": 5100}, status="indeterminate", tumor_depth=None),
    ),
    Plant(
        "coarse_reads",
        "qc_metric",
        "value",
        "found 12345678.0",
        put(2, metric_id=metric_id("reads_total"), value=12_345_678.0),
    ),
    Plant("coded_metrics", "qc_metric", "value_text", "found rs7_CC", put(1, value_text="rs7_CC")),
    Plant(
        "withheld_stated",
        "analysis_scope",
        "n_withheld",
        "found None",
        each({"analysis": "small_variant", "status": "done"}, n_withheld=None),
    ),
    Plant(
        "text",
        "analysis_scope",
        "reason_code",
        "not codes of this column",
        each({"analysis": "msi"}, reason_code="chr20-1400-G-T"),
    ),
    Plant(
        "coarse_genes",
        "gene_callability",
        "callable_frac",
        "found 0.75",
        put(0, callable_frac=0.75),
    ),
    Plant("coarse_states", "callable_region", "start0", "start0=1000", put(0, state="LOW_NORMAL")),
    Plant("coarse_states", "callable_region", "start0", "start0=1870", off_grid),
    Plant(
        "listed_filters",
        "variant_call_evidence",
        "filters",
        "found ['mutect2.germline']",
        put(0, filters=["mutect2.germline"]),
    ),
    Plant(
        "tumor_only_is_partial",
        "analysis_scope",
        "status",
        "found done",
        each({"status": "partial"}, status="done"),
    ),
    Plant(
        "variant_key",
        VARIANT,
        "variant_key",
        "found chr20:1:A:G",
        put(4, variant_key="chr20:1:A:G"),
    ),
    Plant("length", VARIANT, "length_bp", "found 7", put(4, length_bp=7)),
    Plant("event_id", VARIANT, "event_id", f"found {'0' * 16}", put(5, event_id="0" * 16)),
    Plant("consensus", VARIANT, "n_callers_pass", "found 2", put(6, n_callers_pass=2)),
    Plant("consensus", VARIANT, "n_callers_called", "found 1", put(6, n_callers_called=1)),
    Plant(
        "consensus",
        VARIANT,
        "callers_pass",
        "found ['freebayes']",
        put(7, callers_pass=["freebayes"]),
    ),
    Plant("consensus", VARIANT, "n_callers_capable", "found 0", put(7, n_callers_capable=0)),
    Plant(
        "foreign_keys",
        VARIANT,
        "filters",
        "points to no row of filter_definition",
        put(8, filters=["onconcord.none"]),
    ),
    Plant(
        "text", VARIANT, "gene_symbol", "not codes of this column", put(8, gene_symbol="Mrs Canary")
    ),
    Plant(
        "annotation_of_released_variants",
        "variant_consequence",
        "variant_key",
        "chr20:9:A:G",
        put(-1, variant_key="chr20:9:A:G"),
    ),
    Plant(
        "foreign_keys",
        "variant_call_evidence",
        "alt",
        "points to no row of small_variant",
        put(-1, caller="zz", alt="GG"),
    ),
    Plant(
        "masked_ages", "subject", "age_years_at_index", "found 93", put(0, age_years_at_index=93)
    ),
    Plant(
        "pseudonyms",
        "sample",
        "sample_id",
        "such as TUM-ONE-1",
        put(-1, sample_id="TUM-ONE-1"),
    ),
    Plant(
        "foreign_keys",
        "sample",
        "subject_id",
        "points to no row of subject",
        put(0, subject_id="ONE-" + "A" * 20),
    ),
    Plant(
        "design",
        "pair",
        "design",
        "matched is a pair with a normal",
        each({"design": "matched"}, normal_sample_id=None),
    ),
    Plant(
        "done_has_rows",
        "analysis_scope",
        "status",
        "there is no row in structural_variant",
        each({"analysis": "sv"}, status="done"),
    ),
    Plant(
        "not_done_has_no_rows",
        "analysis_scope",
        "status",
        "found done_none_found",
        each({"status": "done", "analysis": "small_variant"}, status="done_none_found"),
    ),
    Plant("scope_complete", "pair", "pair_id", "analysis_scope has no row of the pair", None),
    Plant("callable_overlap", "callable_region", "start0", "start0=1850", put(1, start0=1850)),
    Plant("callable_outside", "callable_region", "end0", "found 5700", put(2, end0=5700)),
    Plant("callable_sum", "pair", "pair_id", "leave target bases without one", None),
    Plant(
        "failed_qc_withheld",
        "callable_region",
        "pair_id",
        "the pair failed QC",
        of_failed_pair,
    ),
    Plant("contract", "qc_metric", "unit", "found null", put(0, unit=None)),
    Plant(
        "contract", "qc_metric", "status", "a code of vocabulary qc_status", put(1, status="FINE")
    ),
    Plant(
        "contract",
        "input_file",
        "",
        "expected a key after that of the row before",
        lambda rows: rows.reverse(),
    ),
    Plant(
        "contract", "tool", "", "two rows have this one", lambda rows: rows.append(dict(rows[-1]))
    ),
    Plant(
        "contract",
        "gene_callability",
        "gene_symbol",
        "null where there is no value",
        put(0, gene_symbol=""),
    ),
    Plant("centres", "run", "center_id", "the file is of centre ONE", put(-1, center_id="TWO")),
    Plant("licence", "variant_annotation", "source", "source=COSMIC", put(-1, source="COSMIC")),
    Plant("retracted", "pair", "pair_id", "was retracted", None),
]


def with_controlled_column(path):
    """Add a column to a file that no release of the consortium has."""
    table = pq.ParquetFile(path).read()
    counts = pa.array([1] * table.num_rows, pa.int32())
    pq.write_table(table.append_column("normal_alt_count", counts), path)


@pytest.fixture(scope="module")
def planted(faulty):
    """The report on the release that has every planted fault."""
    return verify_release(faulty)


@pytest.fixture(scope="module")
def faulty(pooled, tmp_path_factory):
    """One release that has every planted fault, resealed so that digests hold."""
    folder = Path(shutil.copytree(pooled, tmp_path_factory.mktemp("planted") / "release"))
    pairs = pq.ParquetFile(folder / "pair/center=ONE/part-0000.parquet").read().to_pylist()
    FAILED.update(next(pair for pair in pairs if pair["qc_status"] == "FAIL"))
    edits = [(plant.table, plant.edit) for plant in PLANTS if plant.edit is not None]
    gone = {"center_id": "ONE", "pair_id": pairs[0]["pair_id"], "from_release": "r2026-10"}
    edits += [
        ("analysis_scope", lambda rows: rows.pop()),
        ("retraction", lambda rows: rows.append({**gone, "reason_code": "quality"})),
    ]
    for table in dict.fromkeys(table for table, _ in edits):
        of_table = [edit for name, edit in edits if name == table]
        change(folder, table, "ONE", in_turn(of_table), reseal=False)
    with_controlled_column(folder / "small_variant/center=TWO/part-0000.parquet")
    seal(folder)
    return folder


@pytest.mark.parametrize(
    "plant",
    [pytest.param(p, id=f"{p.rule} {p.table}.{p.column} {n}") for n, p in enumerate(PLANTS)],
)
def test_a_planted_fault_is_found_by_name(planted, plant):
    found = [fault for fault in planted.of(plant.rule) if fault.source.startswith(plant.table)]
    assert [f for f in found if f.column == plant.column and plant.found in f.message], found
    assert plant.rule in ("text", "pseudonyms") or any("row center_id=" in f.message for f in found)


@pytest.mark.parametrize("check", ["manifest", "description", "statement", "content"])
def test_a_resealed_release_is_found_by_its_rules_not_its_digests(planted, check):
    assert planted.of(check) == []


@pytest.mark.slow
def test_a_release_in_slices_has_the_faults_of_the_whole(faulty, planted, monkeypatch):
    monkeypatch.setattr("onconcord.verify.slices.SLICE_ROWS", 1)
    sliced = verify_release(faulty)
    assert [str(fault) for fault in sliced.faults] == [str(fault) for fault in planted.faults]
    assert sliced.checked == planted.checked


def values(pieces, table, column):
    """The values of a column in each slice."""
    queries = (f"SELECT {column} FROM ({piece.query(table)})" for piece in pieces)
    return [[row[0] for row in duckdb.sql(query).fetchall()] for query in queries]


def test_slices_have_every_pair_once_and_other_tables_whole(pooled, monkeypatch):
    monkeypatch.setattr("onconcord.verify.slices.SLICE_ROWS", 1)
    parts = read_release(pooled).parts
    (whole,) = cut(pooled, parts, "release")
    by_pair, by_centre = cut(pooled, parts, "pair"), cut(pooled, parts, "centre")
    pairs = values(by_pair, "small_variant", "pair_id")
    assert len(pairs) == 3
    assert sorted(chain(*pairs)) == sorted(values([whole], "small_variant", "pair_id")[0])
    assert sum(len(set(piece)) for piece in pairs) == len(set(chain(*pairs)))
    assert values(by_pair, "assay_region", "start0") == 3 * values(
        [whole], "assay_region", "start0"
    )
    centres = values(by_centre, "variant_consequence", "center_id")
    assert [set(piece) for piece in centres] == [{"ONE"}, {"TWO"}]


def test_rules_within_pairs_join_tables_by_pair_with_small_ones_only():
    tables = {table for rule in RULES if rule.within == "pair" for table in rule.needs}
    assert {t for t in tables if "pair_id" not in contract.load().tables[t].key} == {"assay_region"}


@pytest.fixture(scope="module")
def tampered(pooled, tmp_path_factory):
    """The report on a release that was changed in several places, and not resealed."""
    folder = Path(shutil.copytree(pooled, tmp_path_factory.mktemp("tampered") / "release"))
    change(folder, "small_variant", "ONE", put(0, tumor_alt_count=29), reseal=False)
    change(folder, "subject", "ONE", put(0, age_years_at_index=93), reseal=False)
    damaged = folder / "variant_call_evidence/center=ONE/part-0000.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-200])
    (folder / "qc_metric/center=ONE/part-0000.parquet").unlink()
    (folder / "notes.txt").write_text("call me")
    stated = json.loads((folder / "release.json").read_text())
    del stated["tables"]["structural_variant"]
    (folder / "release.json").write_text(json.dumps(stated))
    return verify_release(folder)


def test_a_changed_value_is_named(tampered):
    path = "small_variant/center=ONE/part-0000.parquet"
    content = [(f.source, f.column) for f in tampered.of("content")]
    assert [place for place in content if place[0] == path] == [(path, "tumor_alt_count")]
    assert path in [f.source for f in tampered.of("manifest")]
    assert path in [f.source for f in tampered.of("statement")]


def test_a_damaged_file_is_a_fault_and_the_other_tables_are_checked(tampered):
    (fault,) = [f for f in tampered.of("content") if "variant_call_evidence" in f.source]
    assert "table variant_call_evidence cannot be read from it" in fault.message
    assert tampered.of("masked_ages")[0].column == "age_years_at_index"
    assert tampered.not_checked["consensus: small_variant.n_callers_called"] == (
        "table variant_call_evidence cannot be read"
    )


def test_missing_and_unexpected_files_are_named(tampered):
    places = ("qc_metric/", "notes.txt")
    found = [(f.source, f.message) for f in tampered.of("manifest") if f.source.startswith(places)]
    assert found == [
        (
            "qc_metric/center=ONE/part-0000.parquet",
            "the file is in MANIFEST.tsv and missing here",
        ),
        ("notes.txt", "the file is not in MANIFEST.tsv: it is not part of this"),
        (
            "qc_metric/center=ONE",
            "neither a file nor a folder with files: it is not part of this",
        ),
    ]


def test_a_table_that_release_json_leaves_out_is_missing(tampered):
    assert [f.column for f in tampered.of("description") if "missing" in f.message] == [
        "structural_variant",
        "structural_variant",
    ]


def test_a_column_of_a_tighter_tier_is_a_fault(planted):
    (fault,) = [f for f in planted.of("contract") if f.column == "normal_alt_count"]
    assert fault.source == "small_variant/center=TWO/part-0000.parquet"
    assert "the column is of tier controlled" in fault.message


@pytest.mark.slow
def test_a_retraction_holds_in_later_releases(tmp_path):
    manifests = write_pairs(tmp_path, pairs_of("ONE", 2))
    gone = (Retraction("TUM-ONE-1", "r2026-10", "consent_withdrawn"),)
    first = {"name": "r2026-10", "out": tmp_path / "all/r2026-10", "retractions": gone}
    release_of(tmp_path, manifests, "ONE", **first)
    release_of(tmp_path, manifests, "ONE", name="r2026-11", out=tmp_path / "all/r2026-11")
    reports = verify_releases(tmp_path / "all")
    early, late = (reports[tmp_path / "all" / name] for name in ("r2026-10", "r2026-11"))
    assert early.faults == []
    ((check, fault),) = late.faults
    assert check == "retracted_earlier"
    assert "retracted in release r2026-10" in fault.message


@pytest.mark.slow
def test_exit_codes_and_json(release, tmp_path):
    runner = CliRunner()
    assert runner.invoke(app, ["verify", str(release)]).exit_code == 0
    change(release, "small_variant", "ONE", put(0, tumor_alt_count=29))
    done = runner.invoke(app, ["verify", str(release), "--json"])
    assert done.exit_code == 1
    (report,) = json.loads(done.stdout).values()
    assert [(f["check"], f["column"]) for f in report["faults"]] == [("vaf", "tumor_vaf")]
    with pytest.raises(InputError, match=r"neither a release .* nor a folder of releases") as error:
        verify_releases(tmp_path / "nothing")
    assert error.value.exit_code == 2


@pytest.mark.slow
def test_a_controlled_release_has_what_the_consortium_has_not(tmp_path):
    manifest = write_pair(tmp_path, PairOf("ONE", "TUM-ONLY", "PAT-ONLY", None))
    controlled = release_of(tmp_path, [manifest], "ONE", tier="controlled")
    assert verify_release(controlled).faults == []
    rows = pq.ParquetFile(controlled / "small_variant/center=ONE/part-0000.parquet").read()
    assert rows.num_rows == 5
    assert write_key(tmp_path).read_text().splitlines()[1] not in str(rows.to_pylist())
