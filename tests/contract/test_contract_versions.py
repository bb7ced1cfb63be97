"""The contract itself: its settled points, its pages and schemas, and what a change of it needs."""

import copy
import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from contract_rows import SMALL_VARIANT_KEY, decision, evidence, row_of
from onconcord import contract
from onconcord.cli import app
from onconcord.cli import contract as _commands  # noqa: F401
from onconcord.contract import artefacts, digest, versions
from onconcord.errors import InputError
from onconcord.evidence.normal_form import MAX_LENGTH_BP
from onconcord.release.aggregate import SMALLEST

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "resources" / "contract"


def test_settled_points_hold_in_every_table():
    for table in contract.load().tables.values():
        names = [field.name for field in table.fields]
        assert table.key[0] == names[0] == "center_id", table.name
        if "run" not in (table.name,) and {"pos", "start0", "pos1", "variant_key"} & set(names):
            assert "reference_id" in names, table.name
        assert [f.field_id for f in table.fields] == sorted(f.field_id for f in table.fields)
        assert set(table.sets) == {f.name for f in table.fields if f.type == "list<string>"}
        for field in table.fields:
            assert not field.name.endswith("_pct"), field.name
            if field.name.endswith(("_depth", "_count")) and "mean" not in field.name:
                assert field.type in ("int32", "float64"), (table.name, field.name)
    tables = contract.load().tables
    assert tables["decision"].tier == "controlled"
    assert {n for n, t in tables.items() if not t.equivalence} == {"run", "tool", "input_file"}


def test_every_vocabulary_is_used():
    used = {f.vocabulary for t in contract.load().tables.values() for f in t.fields}
    assert set(contract.load().vocabularies) == used - {None}


def test_the_page_of_tables_is_up_to_date():
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == artefacts.tables_page(), (
        "run `onconcord contract docs`"
    )


def current():
    return json.loads(json.dumps(artefacts.contract_mapping(contract.load())))


def test_the_contract_moved_by_enough_since_it_was_last_released():
    paths = sorted(
        SNAPSHOTS.glob("*.json"), key=lambda p: [int(part) for part in p.stem.split(".")]
    )
    old, new = versions.read_contract(paths[-1]), current()
    found = versions.changes(old, new)
    bumps = versions.made(old["version"], new["version"]), versions.needed(found)
    made, needed = map(versions.BUMPS.index, bumps)
    assert made >= needed, "\n".join(f"{c.bump} {c.where}: {c.what}" for c in found)


def field_of(raw, table, name):
    return next(field for field in raw["tables"][table]["fields"] if field["name"] == name)


def new_field(**changes):
    field = {"name": "new", "type": "string", "nullable": True, "tier": "consortium"}
    return field | {"description": "x", "since": "1.1.0", "field_id": 99} | changes


CHANGES = {
    "nothing": ("none", lambda c: None),
    "description": (
        "patch",
        lambda c: field_of(c, "decision", "pos").update(description="x"),
    ),
    "planned": ("patch", lambda c: c["tables"]["decision"].update(planned=True)),
    "planned column": (
        "patch",
        lambda c: field_of(c, "pair", "contamination_frac").update(planned=True),
    ),
    "label": ("patch", lambda c: c["vocabularies"]["sex"]["XX"].update(label="x")),
    "nullable column appended": (
        "minor",
        lambda c: c["tables"]["decision"]["fields"].append(new_field()),
    ),
    "table added": (
        "minor",
        lambda c: c["tables"].update(new=c["tables"]["retraction"]),
    ),
    "code added": (
        "minor",
        lambda c: c["vocabularies"]["sex"].update(X0=c["vocabularies"]["sex"]["XX"]),
    ),
    "code deprecated": (
        "minor",
        lambda c: c["vocabularies"]["sex"]["XX"].update(deprecated=True),
    ),
    "column that may not be null": (
        "major",
        lambda c: c["tables"]["decision"]["fields"].append(new_field(nullable=False)),
    ),
    "column in the middle": (
        "major",
        lambda c: c["tables"]["decision"]["fields"].insert(3, new_field()),
    ),
    "field_id used again": (
        "major",
        lambda c: c["tables"]["decision"]["fields"].append(new_field(field_id=3)),
    ),
    "column removed": ("major", lambda c: c["tables"]["decision"]["fields"].pop()),
    "column renamed": ("major", lambda c: field_of(c, "decision", "pos").update(name="position")),
    "columns swapped": ("major", lambda c: c["tables"]["decision"]["fields"].reverse()),
    "type": ("major", lambda c: field_of(c, "decision", "pos").update(type="int64")),
    "unit": ("major", lambda c: field_of(c, "decision", "pos").update(unit="kb")),
    "null to not null": (
        "major",
        lambda c: field_of(c, "decision", "detail_json").update(nullable=False),
    ),
    "tier": ("major", lambda c: field_of(c, "decision", "pos").update(tier="open")),
    "decimals": ("major", lambda c: field_of(c, "pair", "purity").update(decimals=3)),
    "key": ("major", lambda c: c["tables"]["decision"]["key"].pop()),
    "table removed": ("major", lambda c: c["tables"].pop("decision")),
    "code removed": ("major", lambda c: c["vocabularies"]["sex"].pop("XX")),
    "vocabulary removed": ("major", lambda c: c["vocabularies"].pop("sex")),
    "constant": ("major", lambda c: c["constants"]["min_callable_mb"].update(value=1)),
    "tier order": ("major", lambda c: c["tiers"].reverse()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_change_needs(name):
    needed, change = CHANGES[name]
    changed = copy.deepcopy(current())
    change(changed)
    assert versions.needed(versions.changes(current(), changed)) == needed


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("1.0.0", "1.0.0", "none"),
        ("1.0.0", "1.0.1", "patch"),
        ("1.9.0", "1.10.0", "minor"),
        ("1.9.9", "2.0.0", "major"),
        ("1.1.0", "1.0.9", "none"),
    ],
)
def test_what_a_version_number_says(old, new, expected):
    assert versions.made(old, new) == expected


def test_diff_says_when_the_version_is_too_low(tmp_path):
    changed = current()
    changed["tables"]["decision"]["fields"].append(new_field())
    (tmp_path / "contract.json").write_text(json.dumps(current()))
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps(changed))
    version = contract.CONTRACT_VERSION
    major, minor, _ = version.split(".")
    result = CliRunner().invoke(app, ["contract", "diff", str(tmp_path), str(newer)])
    assert result.output.splitlines() == [
        "minor  decision.new: nullable column appended",
        f"{version} to {version} is none; the changes need minor",
    ]
    assert result.exit_code == 1
    newer.write_text(json.dumps(changed | {"version": f"{major}.{int(minor) + 1}.0"}))
    result = CliRunner().invoke(app, ["contract", "diff", str(tmp_path), str(newer), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output)["enough"] is True


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("{", "not a readable contract.json", id="not JSON"),
        pytest.param("{}", "not a contract: expected the keys constants, tables", id="no contract"),
    ],
)
def test_diff_refuses_what_is_no_contract(tmp_path, content, expected):
    (tmp_path / "contract.json").write_text(content)
    with pytest.raises(InputError, match=expected):
        versions.read_contract(tmp_path)


# Planned tables and constants


def test_a_planned_table_says_so_to_every_reader(tmp_path):
    texts = {path.name: path.read_text() for path in artefacts.write_all(tmp_path)}
    tables = json.loads(texts["contract.json"])["tables"]
    assert tables["biomarker"]["planned"] is True
    assert "planned" not in tables["decision"]
    package = {r["name"]: r for r in json.loads(texts["datapackage.json"])["resources"]}
    for name, table in contract.load().tables.items():
        stated = f"{table.description} Planned: no rows yet."
        assert (package[name]["description"] == stated) == table.planned
        assert (f"-- {stated}\n" in texts["views.sql"]) == table.planned
    page = artefacts.tables_page()
    assert page.count("- Planned: nothing writes rows of it yet") == sum(
        table.planned for table in contract.load().tables.values()
    )


def test_a_planned_column_says_so_to_every_reader(tmp_path):
    texts = {path.name: path.read_text() for path in artefacts.write_all(tmp_path)}
    raw = json.loads(texts["contract.json"])
    assert field_of(raw, "pair", "purity")["planned"] is True
    assert "planned" not in field_of(raw, "pair", "contamination_frac")
    package = {r["name"]: r["schema"] for r in json.loads(texts["datapackage.json"])["resources"]}
    stated = f"Planned: null in every row of contract {contract.CONTRACT_VERSION}."
    planned = 0
    for name, table in contract.load().tables.items():
        described = {one["name"]: one["description"] for one in package[name]["fields"]}
        for field in table.fields:
            assert described[field.name].endswith(stated) == field.planned
            assert field.nullable or not field.planned
            planned += field.planned
    assert artefacts.tables_page().count(stated) == planned


def test_constants_are_read_from_the_contract_and_repeated_nowhere():
    constants = {name: constant.value for name, constant in contract.load().constants.items()}
    read = {
        "digest_block_rows": digest.BLOCK_ROWS,
        "small_variant_max_bp": MAX_LENGTH_BP,
        "aggregate_min_count": SMALLEST,
    }
    assert {name: constants[name] for name in read} == read
    source = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    for name in read:
        assert source.count(f'whole_number("{name}")') == 1


# Generated artefacts


def test_a_release_of_a_tier_describes_no_tighter_column(tmp_path):
    for path in artefacts.write_all(tmp_path, "consortium"):
        if path.name != "contract.json":
            assert "info_json" not in path.read_text(encoding="utf-8"), path.name


def test_the_data_package_lists_files_keys_and_codes(tmp_path):
    folder = tmp_path / "decision" / "center=A"
    folder.mkdir(parents=True)
    contract.write("decision", [decision()], folder / "part-0000.parquet")
    artefacts.write_all(tmp_path)
    package = json.loads((tmp_path / "datapackage.json").read_text())
    resource = next(r for r in package["resources"] if r["name"] == "decision")
    assert resource["path"] == ["decision/center=A/part-0000.parquet"]
    assert resource["schema"]["primaryKey"] == list(contract.load().tables["decision"].key)
    assert resource["schema"]["foreignKeys"] == [
        {
            "fields": ["center_id", "pair_id"],
            "reference": {"resource": "pair", "fields": ["center_id", "pair_id"]},
        },
        {
            "fields": ["center_id", "rule_id"],
            "reference": {"resource": "filter_definition", "fields": ["center_id", "filter_id"]},
        },
    ]
    outcome = next(f for f in resource["schema"]["fields"] if f["name"] == "outcome")
    assert outcome["constraints"] == {"required": True, "enum": ["keep", "flag", "drop", "rescue"]}


def test_the_wide_view_has_the_columns_of_each_caller(tmp_path):
    pieces = {
        "variant_call_evidence": [
            evidence(caller="one", tumor_depth=30, vaf_reported=0.5),
            evidence(caller="two", tumor_depth=31, is_pass=False),
            evidence(caller="two", pos=9),
        ],
        "small_variant": [
            row_of("small_variant") | {k: evidence(pos=p)[k] for k in SMALL_VARIANT_KEY}
            for p in (5, 9, 11)
        ],
    }
    for name in contract.load().tables:
        folder = tmp_path / name / "center=A"
        folder.mkdir(parents=True)
        contract.write(name, pieces.get(name, []), folder / "part-0000.parquet")
    artefacts.write_all(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(f"SET VARIABLE release = '{tmp_path}/'")
        connection.execute((tmp_path / "views.sql").read_text())
        wide = connection.sql(
            "SELECT pos, one_tumor_depth, two_tumor_depth, two_is_pass, one_vaf_reported "
            "FROM small_variant_wide ORDER BY pos"
        ).fetchall()
        views = {row[0] for row in connection.sql("SHOW TABLES").fetchall()}
    assert wide == [(5, 30, 31, False, 0.5), (9, None, None, True, None), (11,) + (None,) * 4]
    assert views == {*contract.load().tables, "small_variant_wide"}
