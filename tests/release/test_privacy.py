"""Canaries in every input column: refused, or in no byte of a consortium release."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from builders import PairOf, pair_tables, pairs_of, release_of, write_pair, write_pairs
from onconcord import contract
from onconcord.accuracy.release_bytes import pieces
from onconcord.errors import ContractError, InputError
from onconcord.release.build import _leaks, _rows
from onconcord.release.key import Key
from onconcord.release.pseudonyms import KINDS, Pseudonymiser
from onconcord.release.text import DIGESTS, FORMS, PROSE, text_faults
from onconcord.release.tiers import PairTables
from onconcord.release.words import Words

CANARIES = {
    "sample name": "TUM-0001",
    "patient": "PAT-0001",
    "sample name in text": "x_TUM-0001_y",
    "path": "/data/wards/onc/run7/reads",
    "read name": "A00123:45:HXXXX:1:1101:1000:2000",
    "reads file": "lane1.fastq.gz",
    "date": "2019-03-14",
    "date of birth": "14.03.1961",
    "address": "canary@hospital.example",
    "free text": "Mrs Canary of ward 7",
}

CANARY_IDS = {"TUM-0001", "PAT-0001", "NRM-0001", "LIB-TUM-0001", "LIB-NRM-0001"}

TEXT = ("string", "list<string>")


def leaks(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Words that are anywhere in a release, with the file."""
    pattern = re.compile("|".join(re.escape(word) for word in words).encode())
    return sorted(
        {
            (path.name, hit.decode())
            for path, data in pieces(folder)
            for hit in pattern.findall(data)
        }
    )


@pytest.fixture(scope="module")
def pair() -> PairTables:
    """A pair with a row in every table, so that each column can hold a canary."""
    tables = PairOf().tables()
    # one canary in every event_id makes all events one, which a germline one would withhold
    somatic = {row["event_id"] for row in tables["small_variant"] if row["origin"] == "somatic"}
    for name in ("small_variant", "small_variant_atom"):
        tables[name] = [row for row in tables[name] if row["event_id"] in somatic]
    key = {"center_id": "ONE", "pair_id": "TUM-0001", "reference_id": "GRCh37"}
    for name, spec in contract.load().tables.items():
        if name not in tables:
            tables[name] = [_filled(spec, key)]
    return pair_tables(PairOf(), _without_centre(tables))


def _without_centre(tables):
    return {
        name: [{k: v for k, v in row.items() if k != "center_id"} for row in rows]
        for name, rows in tables.items()
    }


def _filled(spec, key):
    row = {}
    for field in spec.fields:
        codes = contract.load().vocabularies.get(field.vocabulary or "")
        value = next(iter(codes)) if codes else "x"
        row[field.name] = {
            "string": value,
            "list<string>": [value],
            "bool": True,
            "int32": 1,
            "int64": 1,
            "float64": 0.5,
        }.get(field.type)
    return {**row, **{name: value for name, value in key.items() if name in row}}


def _can_hold(name: str, field: contract.Field) -> bool:
    """Whether a column takes text that is neither an id, nor a code, nor about tools and rules."""
    return (
        field.type in TEXT
        and field.vocabulary is None
        and field.name not in ("center_id", *KINDS, *PROSE)
    )


COLUMNS = [
    pytest.param(table.name, field.name, id=f"{table.name}.{field.name}")
    for table in contract.load().tables.values()
    for field in table.fields
    if _can_hold(table.name, field)
]

ALLOWED = {
    # versions and dates of programs and resources, and what resources say of a variant
    "free text": {"caller_version", "tool_version", "version", "annotator_version", "value_text"},
    "date": {"caller_version", "tool_version", "version", "annotator_version"},
    "date of birth": {"caller_version", "tool_version", "version", "annotator_version"},
}


@pytest.fixture(scope="module")
def exported(pair):
    """
    What leaves when every text column of every table holds one canary: canary -> (rows, faults).

    The same canary is in all columns at once, so that keys still join and no row is lost.
    """
    names, words, found = Pseudonymiser(Key(b"k" * 32), "ONE"), Words(CANARY_IDS), {}
    for what, canary in CANARIES.items():
        tables = {}
        for name, table in pair.tables.items():
            spec = contract.load().tables[name]
            columns = [
                _filled_with(canary, field, table) if _can_hold(name, field) else table[field.name]
                for field in spec.fields
            ]
            tables[name] = pa.table(columns, schema=table.schema)
        rows = _rows(PairTables(pair.pair_id, tables), "consortium", names)
        faults = {
            (name, fault.column): str(fault)
            for name, table in rows.items()
            for fault in _leaks(pair.pair_id, name, table, "consortium", words)
        }
        found[what] = rows, faults
    return found


def _filled_with(canary: str, field: contract.Field, table: pa.Table) -> pa.Array:
    value = [canary] if field.type == "list<string>" else canary
    return pa.array([value] * table.num_rows, field.arrow_type)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_canary_is_refused_or_withheld_in_every_column(exported, table, column):
    for what, (rows, faults) in exported.items():
        if column in ALLOWED.get(what, ()) or table not in rows:
            continue
        if column not in rows[table].column_names:
            continue
        there = CANARIES[what] in repr(rows[table][column].to_pylist())
        assert not there or (table, column) in faults, what
        assert CANARIES[what] not in faults.get((table, column), "").removeprefix("TUM-0001/")


def test_canaries_reach_every_table_of_the_consortium(exported):
    for rows, _ in exported.values():
        assert [name for name, table in rows.items() if table.num_rows == 0] == []


@pytest.mark.parametrize("column", sorted(PROSE))
@pytest.mark.parametrize("what", ["sample name in text", "path", "read name", "address"])
def test_texts_about_tools_hold_no_id_path_read_or_address(column, what):
    (name, *_) = [
        table.name
        for table in contract.load().tables.values()
        if column in (field.name for field in table.fields)
    ]
    table = pa.table({column: [f"see {CANARIES[what]} there"]})
    found = list(text_faults(name, table, "local", Words({"TUM-0001"})))
    assert [fault.column for fault in found] == [column]
    assert CANARIES[what] not in str(found[0])


@pytest.mark.parametrize("column", sorted(FORMS))
def test_every_special_form_is_one_that_arrow_can_search_for(column):
    pc.match_substring_regex(pa.array(["x"]), f"^(?:{FORMS[column]})$")


def test_every_special_form_is_of_a_column_that_there_is():
    known = {field.name for table in contract.load().tables.values() for field in table.fields}
    assert set(FORMS) | PROSE <= known
    assert {name for name in known if name.endswith(("sha256", "md5"))} <= set(DIGESTS)


def test_a_reason_is_the_id_of_a_metric_and_no_sentence_can_be_written(tmp_path):
    pair = PairOf("ONE")
    tables = pair.tables()
    tables["pair"][0]["qc_reasons"] = ["TUM-0001: mean_target_coverage below 30 (see ward 7)"]
    with pytest.raises(
        ContractError, match=r'"qc_reasons": .* expected a code of vocabulary metric_id'
    ):
        write_pair(tmp_path, pair, tables)


@pytest.mark.slow
def test_no_byte_of_a_release_tells_of_names_or_of_the_germline(tmp_path):
    one, two = pairs_of("ONE", 2)
    tables = one.tables()
    germline = one.variant(1777, "ACGTAC", "A", origin="germline_likely", passed=False)
    one.add(tables, {**germline, "normal_alt_count": 41_731, "normal_ref_count": 39_117})
    tables["decision"][-1]["detail_json"] = '{"seen":"only_in_detail"}'
    for row in tables["variant_annotation"]:
        if row["variant_key"] == germline["variant_key"]:
            row["value_text"] = "germline_canary"
    only = PairOf("ONE", "TUM-ONLY-3", "PAT-ONLY-3", None)
    of_only = only.tables()
    for row in of_only["small_variant"]:
        row.update(origin="unresolved", hgvsp="p.Unresolved9Canary")
    failed = PairOf("ONE", "TUM-FAIL-4", "PAT-FAIL-4", "NRM-FAIL-4", qc="FAIL")
    of_failed = failed.tables()
    of_failed["qc_metric"][0]["value_text"] = "TUM-FAIL-4 is below 30 (see ward 7)"
    of_failed["small_variant"][0]["hgvsp"] = "p.Failed9Canary"
    manifests = [
        write_pair(tmp_path, one, tables),
        *write_pairs(tmp_path, [two]),
        write_pair(tmp_path, only, of_only),
        write_pair(tmp_path, failed, of_failed),
    ]
    out = release_of(tmp_path, manifests, "ONE")
    words = [
        *(f"{kind}-{end}" for kind in ("TUM", "PAT", "NRM") for end in ("ONE-1", "ONE-2")),
        "TUM-ONLY",
        "PAT-ONLY",
        "TUM-FAIL",
        "PAT-FAIL",
        "NRM-FAIL",
        "LIB-",
        "secrethost",
        "ward 7",
        str(tmp_path),
        Path.home().name if len(Path.home().name) > 5 else str(tmp_path),
        "chr20:1777",
        "ACGTAC",
        "41731",
        "39117",
        "germline_canary",
        "only_in_detail",
        "Unresolved9Canary",
        "Failed9Canary",
    ]
    assert leaks(out, words) == []
    # the same words are found where they are, so the search works
    local = release_of(tmp_path, manifests, "ONE", tier="local")
    assert {word for _, word in leaks(local, words)} >= {"TUM-ONE-1", "secrethost", "PAT-ONLY"}


def test_free_text_in_a_sheet_stops_the_release_without_repeating_it(tmp_path):
    pair = PairOf(diagnosis="Mrs Canary of ward 7")
    with pytest.raises(InputError) as error:
        release_of(tmp_path, [write_pair(tmp_path, pair)], "ONE")
    message = str(error.value)
    assert 'TUM-0001/sample, "diagnosis_oncotree": 1 distinct values are not codes' in message
    assert "Canary" not in message
    assert not (tmp_path / "releases/consortium/ONE").exists()


@pytest.mark.parametrize(
    ("age", "shown", "mask"),
    [
        pytest.param(17, None, "lt18", id="a minor"),
        pytest.param(18, 18, None, id="of age"),
        pytest.param(89, 89, None, id="at the limit"),
        pytest.param(90, None, "gt89", id="above"),
    ],
)
def test_ages_are_masked(age, shown, mask):
    pair = PairOf()
    tables = pair.tables()
    tables["subject"][0]["age_years_at_index"] = age
    for row in tables["sample"]:
        row["days_from_index"] = 700
    rows = _rows(pair_tables(pair, tables), "consortium", None)
    (row,) = rows["subject"].to_pylist()
    assert (row["age_years_at_index"], row["age_mask"]) == (shown, mask)
    # days behind the index date would tell how old somebody is at least
    days = set(rows["sample"]["days_from_index"].to_pylist())
    assert days == {None if mask == "gt89" else 700}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("vrs_id", "ga4gh:VA.fq-" + "x" * 29, id="allele"),
        pytest.param("refget_sq", "SQ.bam-" + "x" * 28, id="contig"),
    ],
)
def test_a_digest_that_begins_like_the_end_of_a_file_name_is_no_leak(column, value):
    name = "small_variant" if column == "vrs_id" else "reference_contig"
    assert list(text_faults(name, pa.table({column: [value]}), "consortium")) == []


@pytest.mark.parametrize("value", ["ga4gh:VA.lane1.fastq.gz", "Mrs Canary of ward 7"])
def test_what_is_no_digest_does_not_leave_in_a_column_of_digests(value):
    (fault,) = text_faults("small_variant", pa.table({"vrs_id": [value]}), "consortium")
    assert fault.message == (
        "1 distinct values are not codes of this column: free text does not leave a centre. "
        r"Expected ga4gh:VA\.[A-Za-z0-9_-]{32}"
    )


NUMBER = Words({"20481234"})


@pytest.mark.parametrize(
    "text", ["20481234", "see 20481234.", "x20481234_L1", "20481234,20481235", "lane-20481234"]
)
def test_a_local_id_of_digits_is_found_where_it_is_a_whole_number(text):
    (fault,) = text_faults("tool", pa.table({"command_template": [text]}), "consortium", NUMBER)
    assert "holds a local id" in fault.message


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("small_variant", "variant_key", "chr1:20481234:A:T"),
        ("variant_call_evidence", "raw_record_key", "chr1:20481234:A:<DEL>"),
        ("variant_consequence", "hgvsc", "ENST00000371085.8:n.20481234C>T"),
        ("decision", "detail_json", '{"p":0.20481234}'),
        ("decision", "detail_json", '{"normal_depth":1204812340}'),
        ("small_variant", "event_id", "20481234abcdef00"),
        ("input_file", "sha256", "a20481234b" + "0" * 54),
    ],
)
def test_a_position_a_fraction_or_a_digest_is_no_local_id(table, column, value):
    assert list(text_faults(table, pa.table({column: [value]}), "controlled", NUMBER)) == []


@pytest.mark.parametrize("column", ["variant_key", "hgvsc", "event_id"])
def test_a_local_id_of_digits_alone_is_no_position_and_no_digest(column):
    faults = text_faults("small_variant", pa.table({column: ["20481234"]}), "consortium", NUMBER)
    assert "not codes of this column" in list(faults)[-1].message
