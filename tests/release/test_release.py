"""Releases: what goes in, whole or not at all, the same bytes every time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from builders import (
    KEY_TEXT,
    PairOf,
    bytes_of,
    pair_tables,
    pairs_of,
    release_of,
    write_key,
    write_pair,
    write_pairs,
)
from onconcord import contract
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.harmonised.event_ids import event_id
from onconcord.release import pool_releases
from onconcord.release.key import load_key
from onconcord.release.merge import Memory, Merger
from onconcord.release.pseudonyms import Pseudonymiser
from onconcord.release.retractions import Retraction
from onconcord.release.tiers import released_rows
from onconcord.runtime import checkout
from onconcord.verify import verify_release


def rows(release: Path, table: str, centre: str = "ONE") -> list[dict]:
    path = release / table / f"center={centre}" / "part-0000.parquet"
    return pq.ParquetFile(path).read().to_pylist()


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Pairs of two centres: matched, tumour-only, two tumours of a patient, one that failed QC."""
    folder = tmp_path_factory.mktemp("cohort")
    first, second = pairs_of("ONE", 2)
    pairs = [
        first,
        second,
        PairOf("ONE", "TUM-ONE-1b", first.patient, first.normal),
        PairOf("ONE", "TUM-FAIL", "PAT-FAIL", "NRM-FAIL", qc="FAIL"),
        *pairs_of("TWO", 2),
    ]
    return folder, write_pairs(folder, pairs)


@pytest.fixture(scope="module")
def released(cohort):
    return release_of(*cohort, "ONE")


def test_a_release_has_every_table_of_its_tier_and_no_column_above_it(released):
    tables = {path.name for path in released.iterdir() if path.is_dir()} - {"workflow"}
    wanted = {n for n, t in contract.load().tables.items() if t.tier in ("open", "consortium")}
    assert tables == wanted
    for name in sorted(tables):
        schema = pq.read_schema(released / name / "center=ONE/part-0000.parquet")
        tiers = {column.metadata[b"tier"].decode() for column in schema}
        assert tiers <= {"open", "consortium"}, name


def test_rows_of_the_consortium(released):
    variants = rows(released, "small_variant")
    assert [(v["pos"], v["origin"]) for v in variants] == [
        (1100, "somatic"),
        (1200, "somatic"),
        (1300, "somatic"),
    ] * 3
    assert len(rows(released, "pair")) == 4
    assert {row["variant_key"] for row in rows(released, "variant_consequence")} == {
        "chr20:1100:A:G",
        "chr20:1200:AC:TG",
        "chr20:1300:C:CTT",
    }


def test_a_pair_that_failed_qc_says_so_and_shows_nothing_else(released):
    (failed,) = [p for p in rows(released, "pair") if p["qc_status"] == "FAIL"]
    assert failed["qc_reasons"] == ["mean_target_coverage"]
    scope = [s for s in rows(released, "analysis_scope") if s["pair_id"] == failed["pair_id"]]
    assert {(s["status"], s["reason_code"]) for s in scope} == {
        ("failed", "qc_fail"),
        ("not_run", "no_caller"),
    }
    for table in ("small_variant", "callable_region", "gene_callability", "small_variant_atom"):
        assert failed["pair_id"] not in {row["pair_id"] for row in rows(released, table)}, table


def test_ids_are_pseudonyms_under_one_key_and_kinds_stay_apart(cohort, released):
    names = Pseudonymiser(load_key(write_key(cohort[0]), "ONE"), "ONE")
    pairs = {row["pair_id"] for row in rows(released, "pair")}
    assert names("sample", "TUM-ONE-1") in pairs
    assert names("sample", "TUM-ONE-1").startswith("ONE-")
    assert len(names("sample", "TUM-ONE-1")) == len("ONE-") + 20
    assert names("subject", "X") != names("sample", "X")
    patients = [row["subject_id"] for row in rows(released, "sample") if row["role"] == "tumor"]
    assert patients.count(names("subject", "PAT-ONE-1")) == 2
    assert {row["entity_id"] for row in rows(released, "qc_metric")} == {
        row["sample_id"] for row in rows(released, "sample")
    }


def test_event_ids_follow_the_pseudonym(released):
    atoms = rows(released, "small_variant_atom")
    (mnv, *_) = [v for v in rows(released, "small_variant") if v["variant_class"] == "MNV"]
    steps = ["chr20:1200:A:T", "chr20:1201:C:G"]
    assert mnv["event_id"] == event_id(mnv["pair_id"], steps)
    of_event = [a for a in atoms if a["event_id"] == mnv["event_id"]]
    assert [a["pos"] for a in of_event] == [1200, 1201]


def test_two_releases_of_the_same_pairs_are_the_same_bytes(cohort, released, tmp_path):
    folder, manifests = cohort
    again = release_of(folder, list(reversed(manifests)), "ONE", out=tmp_path / "again")
    assert bytes_of(again) == bytes_of(released)


def test_tumour_only_rows_stay_controlled_and_the_scope_says_why(tmp_path):
    pair = PairOf("ONE", "TUM-ONLY", "PAT-ONLY", None)
    tables = pair.tables()
    for row in tables["small_variant"]:
        row["origin"] = "unresolved"
    out = release_of(tmp_path, [write_pair(tmp_path, pair, tables)], "ONE")
    assert rows(out, "small_variant") == []
    (scope,) = [s for s in rows(out, "analysis_scope") if s["analysis"] == "small_variant"]
    assert (scope["status"], scope["reason_code"]) == ("partial", "tumor_only_unresolved")
    assert scope["n_withheld"] == 3


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        pytest.param({}, True, id="somatic"),
        pytest.param({"chrom": "chrY"}, False, id="a site of descent"),
        pytest.param({"af": 0.0006}, False, id="common in a population"),
        pytest.param({"af": 0.0005}, True, id="at the limit"),
        pytest.param({"af": 0.2, "method": "forced"}, False, id="common, and on a hotspot list"),
        pytest.param({"method": "forced"}, True, id="rare, and on a hotspot list"),
        pytest.param({"origin": "germline_likely"}, False, id="germline"),
        pytest.param({"origin": "unresolved"}, False, id="unresolved"),
        pytest.param({"passed": False}, False, id="did not pass"),
    ],
)
def test_which_variants_the_consortium_gets(what, kept):
    pair = PairOf()
    tables = pair.tables()
    pair.add(tables, pair.variant(1600, "G", "C", **what))
    exported = released_rows(pair_tables(pair, tables), "consortium")["small_variant"]
    assert (1600 in exported["pos"].to_pylist()) is kept


def test_identical_rows_of_two_pairs_are_one_and_different_ones_a_fault(tmp_path):
    one, two = PairOf(), PairOf(pair="TUM-0002")
    tables = two.tables()
    tables["subject"][0]["sex_karyotypic"] = "XY"
    manifests = [write_pair(tmp_path, one), write_pair(tmp_path, two, tables)]
    with pytest.raises(InputError, match=r"row center_id=ONE, subject_id=ONE-.*'XX', another 'XY'"):
        release_of(tmp_path, manifests, "ONE")
    assert not (tmp_path / "releases/consortium/ONE").exists()


def test_a_damaged_shard_is_refused_by_name(tmp_path):
    manifest = write_pair(tmp_path, PairOf())
    path = manifest.with_name("qc_metric.parquet")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match=r"qc_metric.parquet: the file's SHA-256 is not that"):
        release_of(tmp_path, [manifest], "ONE")


def test_a_merge_is_the_same_whether_it_spills_or_not(tmp_path, monkeypatch):
    table = pa.Table.from_pylist(contract.vocabulary_rows("ONE"))
    expected = contract.prepare("vocabulary", table)

    def merged() -> pa.Table:
        merger = Merger("vocabulary", tmp_path)
        for start in range(0, table.num_rows, 7):
            merger.add(table.slice(start, 11))  # 4 rows of each piece are in the next one too
        return pa.concat_tables(merger.pieces())

    assert merged().equals(expected.cast(table.schema))
    monkeypatch.setattr("onconcord.release.merge.SPILL_BYTES", 1)
    assert merged().equals(expected.cast(table.schema))
    assert list(tmp_path.iterdir()) == []


def test_the_largest_table_makes_room_for_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr("onconcord.release.merge.SPILL_BYTES", 1_000)
    memory = Memory()
    small, large = (Merger(name, tmp_path, memory) for name in ("subject", "pair"))

    def rows(column: str, count: int) -> pa.Table:
        ids = [f"{n:020d}" for n in range(count)]
        return pa.table({"center_id": ["ONE"] * count, column: ids})

    small.add(rows("subject_id", 10))
    large.add(rows("pair_id", 20))
    assert list(tmp_path.iterdir()) == []
    small.add(rows("subject_id", 5))
    assert [path.name for path in tmp_path.iterdir()] == ["pair.000000.arrow"]
    assert large.bytes == 0
    for merger, name, count in ((small, "subject_id", 10), (large, "pair_id", 20)):
        assert pa.concat_tables(merger.pieces()).equals(rows(name, count))


@pytest.mark.slow
def test_a_large_table_is_several_files(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("onconcord.release.merge.PART_ROWS", 4)
    out = release_of(*cohort, "ONE", out=tmp_path / "parts")
    parts = sorted((out / "small_variant/center=ONE").iterdir())
    assert [pq.read_metadata(part).num_rows for part in parts] == [4, 4, 1]
    assert verify_release(out).faults == []


@pytest.mark.slow
def test_adding_a_pair_leaves_the_other_centre_alone(cohort, released, tmp_path):
    folder, manifests = cohort
    before = bytes_of(release_of(folder, manifests, "TWO"))
    (more,) = write_pairs(tmp_path, pairs_of("ONE", 1, first=7))
    out = release_of(folder, [*manifests, more], "ONE", out=tmp_path / "more")
    assert bytes_of(folder / "releases/consortium/TWO") == before
    assert len(rows(out, "pair")) == len(rows(released, "pair")) + 1
    # tables that the pair adds nothing to are the same bytes
    for table in ("vocabulary", "reference_contig", "variant_consequence"):
        path = Path(table, "center=ONE/part-0000.parquet")
        assert (out / path).read_bytes() == (released / path).read_bytes(), table


def test_a_retracted_pair_is_gone_and_named_by_its_pseudonym(tmp_path):
    withdrawn = (Retraction("TUM-ONE-2", "r2026-10", "quality"),)
    manifests = write_pairs(tmp_path, pairs_of("ONE", 2))
    out = release_of(tmp_path, manifests, "ONE", retractions=withdrawn)
    (gone,) = rows(out, "retraction")
    (left,) = rows(out, "pair")
    assert gone["pair_id"] != left["pair_id"]
    assert gone["pair_id"].startswith("ONE-")


def test_without_a_key_nothing_is_released_and_no_message_has_it(cohort, tmp_path, monkeypatch):
    monkeypatch.delenv("ONCONCORD_KEY", raising=False)
    with pytest.raises(InputError, match="no key: pseudonyms need the centre's secret"):
        release_of(*cohort, "ONE", key_file=None, out=tmp_path / "r")
    monkeypatch.setenv("ONCONCORD_KEY", KEY_TEXT[:20])
    with pytest.raises(InputError) as error:
        release_of(*cohort, "ONE", key_file=None, out=tmp_path / "r")
    assert KEY_TEXT[:20] not in str(error.value)
    monkeypatch.setenv("ONCONCORD_KEY", KEY_TEXT)
    assert KEY_TEXT not in repr(load_key(None, "ONE"))


@pytest.mark.parametrize("name", ["1.10", "2026-11", "", "r 1"])
def test_a_name_that_a_reader_takes_for_a_number_is_refused(cohort, name, tmp_path):
    with pytest.raises(InputError, match="cannot name a release"):
        release_of(*cohort, "ONE", name=name, out=tmp_path / "r")


@pytest.mark.slow
def test_pooled_tables_are_the_same_files(cohort, released, tmp_path):
    two = release_of(*cohort, "TWO")
    held = []
    pool_releases([released, two], tmp_path / "pool", held.append)
    assert held[:2] == [released, two]
    assert verify_release(tmp_path / "pool").faults == []
    for release in (released, two):
        for path, content in bytes_of(release).items():
            if path.endswith(".parquet"):
                assert (tmp_path / "pool" / path).read_bytes() == content


def test_what_cannot_be_pooled_is_said_at_once(released, tmp_path):
    local = tmp_path / "local"
    local.mkdir()
    stated = json.loads((released / "release.json").read_text())
    stated.update(tier="local", name="r2026-12")
    (local / "release.json").write_text(json.dumps(stated))
    with pytest.raises(InputError) as error:
        pool_releases([released, local], tmp_path / "pool", lambda _: None)
    message = str(error.value)
    assert "centre ONE is in" in message
    assert 'its tier is "local"' in message
    assert "the releases are named r2026-11, r2026-12" in message
    assert not (tmp_path / "pool").exists()


def test_pool_refuses_a_release_with_faults(released, tmp_path):
    broken = tmp_path / "broken"
    subprocess.run(["cp", "-r", released, broken], check=True)
    (broken / "views.sql").write_text("")
    done = CliRunner().invoke(app, ["pool", str(broken), "--out", str(tmp_path / "pool")])
    assert isinstance(done.exception, InputError)
    assert "views.sql" in str(done.exception)
    assert not (tmp_path / "pool").exists()


def test_statement_and_crate_name_every_file_and_no_time(released):
    statement = json.loads((released / "provenance.intoto.json").read_text())
    named = {subject["name"] for subject in statement["subject"]}
    assert named == set(bytes_of(released)) - {"provenance.intoto.json"}
    assert "metadata" not in statement["predicate"]["runDetails"]
    graph = json.loads((released / "ro-crate-metadata.json").read_text())["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert entities["./"]["datePublished"] == "2026-11-01"
    assert entities["./"]["mainEntity"] == {"@id": "workflow/Snakefile"}
    assert "small_variant/center%3DONE/part-0000.parquet" in entities
    actions = [entities[one["@id"]] for one in entities["./"]["mentions"]]
    assert len(actions) == 1 + len(rows(released, "run"))


@pytest.mark.e2e
def test_the_script_makes_the_same_release_and_says_what_it_made(cohort, released, tmp_path):
    folder, manifests = cohort
    pairs = [path.parent.name for path in manifests if "TWO" not in path.parent.name]
    script = checkout.root() / "scripts/release_centre.py"
    command = [sys.executable, script, "--folder", folder, "--centre", "ONE", "--name", "r2026-11"]
    command += ["--tier", "consortium", "--out", tmp_path / "r", "--summary", tmp_path / "r.json"]
    command += ["--pairs", *pairs]
    done = subprocess.run(
        command, env={**os.environ, "ONCONCORD_KEY": KEY_TEXT}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert bytes_of(tmp_path / "r") == bytes_of(released)
    stated = json.loads((tmp_path / "r/release.json").read_text())["content_sha256"]
    facts = {"name": "r2026-11", "tier": "consortium", "pairs": 4, "content_sha256": stated}
    assert json.loads((tmp_path / "r.json").read_text()) == facts
    done = subprocess.run([*command, "--key-file", "/none"], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"error: /none: the key cannot be read" in done.stderr


CONTEXT = checkout.root() / ".tools/ro-crate/context.json"
VALIDATE = """
import io, json, sys
import requests
from requests_cache import CachedResponse, CachedSession
from urllib3 import HTTPResponse
from rocrate_validator import services
from rocrate_validator.models import Severity
context, cache, crate, profile = sys.argv[1:]
session = CachedSession(cache_name=cache, expire_after=-1)
url, body = "https://w3id.org/ro/crate/1.1/context", open(context, "rb").read()
answer = requests.Response()
answer.status_code, answer._content, answer.url = 200, body, url
answer.headers["Content-Type"] = "application/ld+json"
for headers in ({}, {"Accept": "application/ld+json, application/json;q=0.5"}):
    request = session.prepare_request(requests.Request("GET", url, headers=headers))
    answer.request = request
    answer.raw = HTTPResponse(
        body=io.BytesIO(body), headers=answer.headers, status=200, preload_content=False
    )
    session.cache.save_response(
        CachedResponse.from_response(answer), session.cache.create_key(request)
    )
result = services.validate(
    services.ValidationSettings(
        rocrate_uri=crate,
        profile_identifier=profile,
        requirement_severity=Severity.REQUIRED,
        cache_path=cache,
        offline=True,
    )
)
print(json.dumps([issue.message for issue in result.get_issues()]))
"""


@pytest.mark.e2e
@pytest.mark.skipif(
    not CONTEXT.is_file(),
    reason="no RO-Crate context: resources/setup/fetch_crate_context.py could not fetch it",
)
@pytest.mark.parametrize("profile", ["workflow-run-crate", "provenance-run-crate"])
def test_the_crate_holds_its_profiles(released, tmp_path, profile):
    # the package has the context of RO-Crate 1.2, whose terms include those of 1.1
    command = [sys.executable, "-c", VALIDATE, CONTEXT, tmp_path / "cache", released, profile]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
