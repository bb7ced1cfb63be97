"""A local id is found in every disguise, in every tier, whoever's patient it is."""

import base64
import codecs
import hashlib
import json
import time

import pyarrow as pa
import pytest

from builders import PairOf, pairs_of, release_of, write_pair, write_pairs
from onconcord.contract import load
from onconcord.errors import InputError
from onconcord.release.order import Retraction
from onconcord.release.text import (
    CLOSED,
    DATED,
    FORMS,
    PLACES,
    PROSE,
    WRITTEN_BY_HAND,
    text_faults,
)
from onconcord.release.words import Words

ID = "Pat-Zürich_00417"
OTHER = "TUM0815B"
WORDS = Words({ID, OTHER, "12-345-678", "P03", "NKI-7", "61", "MRN-0451.7788/T", "S20190314"})

FULL_WIDTH = {ord(" ") + n: 0xFF00 + n for n in range(1, 95)}

DISGUISES = {
    "as it is": ID,
    "in other case": ID.upper(),
    "casefolded": "PAT-ZÜRICH_00417".casefold(),
    "composed otherwise": "Pat-Zu\u0308rich_00417",
    "other separators": "pat.zürich 00417",
    "no separators": "patzürich00417",
    "zero-width": "\u200b".join(ID),
    "soft hyphens": "Pat\u00ad-Zü\u00adrich_0\u00ad0417",
    "full-width": OTHER.translate(FULL_WIDTH),
    "inside other text": f"x{OTHER}_lane2",
    "hex": ID.encode().hex(),
    "hex of the length of an id of an event": OTHER.encode().hex(),
    "hex in capitals": ID.encode().hex().upper(),
    "escapes": "".join(f"\\x{byte:02x}" for byte in ID.encode()),
    "percent": "".join(f"%{byte:02x}" for byte in OTHER.encode()),
    "partly percent": "Pat%2DZ%C3%BCrich%5F00417",
    "percent twice": "".join(f"%25{byte:02x}" for byte in OTHER.encode()),
    "unicode escapes": "".join(f"\\u{ord(sign):04x}" for sign in OTHER),
    "UTF-16 in hex": OTHER.encode("utf-16-le").hex(),
    "HTML": "".join(f"&#{ord(sign)};" for sign in OTHER),
    "HTML in hex": "".join(f"&#x{ord(sign):x};" for sign in ID),
    "signs by number": " ".join(str(byte) for byte in OTHER.encode()),
    "Cyrillic letters": OTHER.replace("T", "\u0422").replace("B", "\u0412"),
    "Greek letters": OTHER.replace("T", "\u03a4").replace("M", "\u039c"),
    "backwards": ID[::-1],
    "ROT13": codecs.encode(OTHER, "rot13"),
    "base32": base64.b32encode(OTHER.encode()).decode(),
    "base64": base64.b64encode(ID.encode()).decode(),
    "base64 inside": base64.b64encode(f"a{OTHER}bc".encode()).decode(),
    "base64 inside, later": base64.b64encode(f"ab{OTHER}c".encode()).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(ID.encode()).decode(),
    **{name: hashlib.new(name, ID.encode()).hexdigest() for name in ("md5", "sha1", "sha256")},
    "sha256 cut": hashlib.sha256(OTHER.encode()).hexdigest()[:20],
    "sha256 of small letters": hashlib.sha256(OTHER.casefold().encode()).hexdigest(),
    "sha256 in base64": base64.b64encode(hashlib.sha256(ID.encode()).digest()).decode(),
    "digits with separators": "of 12-345-678.",
    "digits without": "of 12345678 there",
    "without its umlaut": "pat-zurich-00417",
    "its umlaut in two letters": "pat-zuerich-00417",
    "with an accent more": "TÜM0815B",
    "Arabic digits": "TUM\u0660\u0668\u0661\u0665B",
    "md5sum of echo": hashlib.md5(f"{ID}\n".encode()).hexdigest(),
    "sha256sum of echo": hashlib.sha256(f"{OTHER}\n".encode()).hexdigest(),
    "base64 of echo": base64.b64encode(f"{ID}\n".encode()).decode(),
    "the number alone": "exome-04517788",
    "the number with separators": "of 0451-7788.",
}


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES)
def test_an_id_is_found_in_every_disguise(text):
    assert WORDS.inside(text)


@pytest.mark.parametrize(
    "text",
    [
        "exome v7",
        "mutect2.strand_bias",
        "0.12345678",
        "112345678",
        "4.6.2.0",
        "BRCA",
        '{"min_tumour_vaf":0.02,"max_population_af":0.0005}',
        "ENST00000371085.8",
        "104517788",
        "20190314",
        hashlib.sha256(b"somebody else").hexdigest(),
    ],
)
def test_what_is_no_id_is_none(text):
    assert not WORDS.inside(text)


@pytest.mark.parametrize(
    ("column", "text", "found"),
    [
        ("assay_id", "P03", True),
        ("assay_id", "exome-p03", True),
        ("assay_id", "XP03", False),
        ("assay_id", "nki7", True),
        ("assay_id", "panel_61", False),
        ("gene_symbol", "P03", False),
    ],
)
def test_a_short_id_is_found_as_a_whole_code_where_a_centre_writes_codes(column, text, found):
    faults = list(text_faults("assay_region", pa.table({column: [text]}), "consortium", WORDS))
    assert ["holds a local id" in fault.message for fault in faults] == [True] * found


PSEUDONYMS = ("subject_id", "sample_id", "tumor_sample_id", "normal_sample_id", "pair_id")
PSEUDONYMS += ("entity_id",)
FREE = {
    (table.name, field.name): field.type
    for table in load().tables.values()
    for field in table.fields
    if field.type in ("string", "list<string>")
    and field.vocabulary is None
    and field.tier != "local"
}


def held_to(column, kind):
    """What the texts of a column are held to, which follows from its name and type alone."""
    named = column if column in ("center_id", *PSEUDONYMS) else FORMS.get(column)
    kinds = (PROSE, CLOSED, PLACES, DATED, WRITTEN_BY_HAND)
    return named, kind, *(column in columns for columns in kinds)


FIRST = {held_to(place[1], FREE[place]): place for place in reversed(FREE)}.values()
"""The first column that is held to something."""


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        pytest.param(
            *column, kind, id=".".join(column), marks=[] if column in FIRST else pytest.mark.slow
        )
        for column, kind in FREE.items()
    ],
)
def test_no_column_of_any_tier_takes_a_disguise(name, column, kind):
    """A pseudonym's column is checked by its form, which no disguise has."""
    for what, text in DISGUISES.items():
        value = [text] if kind == "list<string>" else text
        table = pa.table({column: [value]})
        faults = list(text_faults(name, table, "controlled", WORDS))
        hidden = column in ("center_id", *PSEUDONYMS)
        assert hidden or [f for f in faults if f.column == column], what
        assert not any(ID in str(fault) or OTHER in str(fault) for fault in faults)


@pytest.mark.parametrize("tier", ["open", "consortium", "controlled"])
def test_every_column_of_a_tier_is_searched(tier):
    for name, column in FREE:
        spec = load().tables[name]
        if column not in {field.name for field in spec.fields_of(tier)}:
            continue
        value = [ID.upper()] if FREE[name, column] == "list<string>" else ID.upper()
        faults = list(text_faults(name, pa.table({column: [value]}), tier, WORDS))
        assert column in ("center_id", *PSEUDONYMS) or faults, (name, column)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("seen 20190314", id="compact date"),
        pytest.param("v_20190314", id="compact date behind a line"),
        pytest.param("14 March 2019", id="written date"),
        pytest.param("14-Mar-19", id="short written date"),
        pytest.param("canary (at) hospital.example", id="an address in words"),
        pytest.param("canary[at]hospital", id="an address in brackets"),
        pytest.param("pa\u200bnel", id="a sign that is not seen"),
    ],
)
def test_dates_addresses_and_unseen_signs_in_any_spelling(text):
    table = pa.table({"params_json": [text]})
    assert [fault.column for fault in text_faults("tool", table, "consortium")] == ["params_json"]


@pytest.mark.parametrize("text", ["chr1:20190314:A:T", "chr20:19871224:C:G"])
def test_a_position_is_no_date(text):
    table = pa.table({"variant_key": [text]})
    assert list(text_faults("small_variant", table, "consortium")) == []


@pytest.mark.parametrize("tier", ["consortium", "controlled"])
def test_another_patients_id_stops_the_release_of_a_pair(tmp_path, tier):
    one, two = pairs_of("ONE", 2)
    tables = one.tables()
    tables["filter_definition"][0]["params_json"] = '{"for":"patone2"}'
    manifests = [write_pair(tmp_path, one, tables), *write_pairs(tmp_path, [two])]
    with pytest.raises(InputError) as error:
        release_of(tmp_path, manifests, "ONE", tier=tier)
    assert 'TUM-ONE-1/filter_definition, "params_json": holds a local id' in str(error.value)
    assert "patone2" not in str(error.value)


def test_the_id_of_a_specimen_stops_the_release(tmp_path):
    pair = PairOf()
    tables = pair.tables()
    tables["assay"][0]["assay_version"] = "h19.12345"
    manifest = write_pair(tmp_path, pair, tables)
    spec = tmp_path / "results/0_inputs" / f"{pair.pair}.json"
    spec.parent.mkdir()
    spec.write_text(json.dumps({"tumour": {"specimen": "H19/12345"}, "normal": None}))
    with pytest.raises(InputError, match='"assay_version": holds a local id'):
        release_of(tmp_path, [manifest], "ONE")
    spec.write_text("{")
    with pytest.raises(InputError, match=r"json: is not a pair spec, .* run the pair again"):
        release_of(tmp_path, [manifest], "ONE")


@pytest.mark.parametrize("centre", ["ONE", "TWO"])
def test_the_id_of_a_pair_that_is_not_released_stops_it_too(tmp_path, centre):
    """It is no longer in the sheet, or another centre's, and its tables are in the same folder."""
    one, other = PairOf(), PairOf(centre, "TUM-0002", "PAT-0002", "NRM-0002")
    tables = one.tables()
    tables["assay"][0]["assay_version"] = "v2-pat0002"
    manifest = write_pair(tmp_path, one, tables)
    beside = write_pair(tmp_path, other)
    with pytest.raises(InputError, match='"assay_version": holds a local id'):
        release_of(tmp_path, [manifest], "ONE")
    # one that cannot be read keeps nobody from releasing
    beside.write_text("{")
    release_of(tmp_path, [manifest], "ONE")


@pytest.mark.parametrize("name", ["r-pat-one-2", "r2026-TUMONE1", "rPATONE1"])
def test_the_name_of_a_release_is_no_local_id(tmp_path, name):
    manifests = write_pairs(tmp_path, pairs_of("ONE", 2))
    with pytest.raises(InputError, match="--name: holds a local id of a patient or sample"):
        release_of(tmp_path, manifests, "ONE", name=name)


def test_the_text_of_a_withdrawn_pair_is_searched_too(tmp_path):
    manifests = write_pairs(tmp_path, pairs_of("ONE", 2))
    gone = (Retraction("TUM-ONE-2", "r-pat-one-2", "quality"),)
    with pytest.raises(InputError, match='ONE/retraction, "from_release": holds a local id'):
        release_of(tmp_path, manifests, "ONE", retractions=gone)


@pytest.mark.slow
def test_a_centre_of_ten_thousand_patients_is_searched_in_time():
    words = Words({f"HOSP-{n:06d}-T" for n in range(10_000)})
    began = time.process_time()
    texts = [f'{{"value":{n},"name":"panel of {n} genes"}}' for n in range(1_000)]
    assert not any(words.inside(text) for text in texts)
    assert words.inside("of hosp004711t there")
    assert time.process_time() - began < 20
