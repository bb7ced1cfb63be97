"""Every column that leaves has an argument, and is of the kind that the argument speaks of."""

import pytest

from onconcord import contract
from onconcord.release.pseudonyms import KINDS
from onconcord.release.text import DIGESTS

TABLES = contract.load().tables.values()
LEAVING = [(table, field) for table in TABLES for field in table.fields if field.tier != "local"]


def of(argument):
    return [(table.name, field) for table, field in LEAVING if field.argument == argument]


def test_every_argument_is_one_of_a_column():
    assert {field.argument for _, field in LEAVING} == set(contract.arguments())


def test_what_stays_needs_none():
    local = [field for table in TABLES for field in table.fields if field.tier == "local"]
    assert {field.argument for field in local} == {None}


@pytest.mark.parametrize(
    ("argument", "holds"),
    [
        ("centre", lambda table, field: field.name == "center_id"),
        ("pseudonym", lambda table, field: field.name in KINDS),
        ("code", lambda table, field: field.vocabulary is not None),
        (
            "digest",
            lambda table, field: field.name in {*DIGESTS, "git_commit", "container_digest"},
        ),
        (
            "somatic_number",
            lambda table, field: field.type in ("int32", "int64", "float64", "bool"),
        ),
        ("listed_filter", lambda table, field: field.name == "filters"),
        ("number_of_haplotype", lambda table, field: field.name == "phase_set"),
        ("controlled", lambda table, field: field.tier == "controlled"),
        ("planned", lambda table, field: contract.load().tables[table].planned),
        ("hotspot", lambda table, field: table == "hotspot_status"),
        ("aggregate", lambda table, field: table == "aggregate_variant"),
    ],
)
def test_an_argument_is_of_columns_of_its_kind(argument, holds):
    assert [one for one in of(argument) if not holds(*one)] == []


def test_no_local_id_has_another_argument_than_its_pseudonym():
    ids = {field.argument for _, field in LEAVING if field.name in KINDS}
    assert ids <= {"pseudonym", "controlled", "planned"}


def test_tiers_below_controlled_have_no_argument_of_it():
    for table in TABLES:
        for tier in ("open", "consortium"):
            assert "controlled" not in {field.argument for field in table.fields_of(tier)}
