"""Valid rows of contract tables, for the tests that break them."""

import datetime

from onconcord import contract
from real_ids import TUMOUR_DEPTH

SMALL_VARIANT_KEY = ("center_id", "pair_id", "reference_id", "chrom", "pos", "ref", "alt")
VALUES = {
    "int32": 1,
    "int64": 1,
    "float64": 0.5,
    "bool": True,
    "timestamp_us_utc": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
}


def row_of(name, **changes):
    """One valid row of a table with every column filled."""
    table = contract.load().tables[name]

    def value(field):
        if field.type in VALUES:
            return VALUES[field.type]
        codes = list(contract.load().vocabularies.get(field.vocabulary, ["word"]))
        return codes[:2] if field.type == "list<string>" else codes[0]

    return {field.name: value(field) for field in table.fields} | changes


def decision(**changes):
    row = {"center_id": "A", "pair_id": "P", "reference_id": "GRCh37", "chrom": "chr20", "pos": 5}
    row |= {"ref": "A", "alt": "C", "ordinal": 1, "rule_id": TUMOUR_DEPTH, "outcome": "keep"}
    return row | changes


def evidence(**changes):
    row = {"center_id": "A", "pair_id": "P", "reference_id": "GRCh37", "chrom": "chr20", "pos": 5}
    row |= {"ref": "A", "alt": "C", "caller": "one", "match": "exact", "is_pass": True}
    return row | {"raw_record_key": "20:5:A:C"} | changes
