"""The contract as data: one YAML file per table, one of vocabularies, read into frozen rows."""

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import pyarrow as pa
import yaml

CONTRACT_VERSION = "2.0.0"
"""Semantic version of the contract, independent of the pipeline's."""

TIERS = ("open", "consortium", "controlled", "local")
"""Access tiers, loosest first; a release of one tier has nothing of a tighter one."""

ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp_us_utc": pa.timestamp("us", tz="UTC"),
    "list<string>": pa.list_(pa.field("element", pa.string())),
}
"""The closed list of types; its names are also what a column's digest starts with."""


@dataclass(frozen=True)
class Field:
    """
    One column.

    Args:
        type: a key of ARROW_TYPES.
        nullable: whether null (not measured, or not applicable) is allowed.
        tier: loosest tier of a release that may hold the column.
        argument: id in `arguments.yaml` of why it may leave; None where it is of tier local.
        unit: UCUM unit, None where the column has none.
        vocabulary: id of the vocabulary its codes are of, None where it is free.
        decimals: decimals a float is rounded to when written, None where it is kept whole.
        minimum, maximum: inclusive bounds of a number, None where there is none.
        standard: standard the column follows, None where there is none.
        planned: whether nothing fills it yet; it is null in every row.
        since: contract version that has it first.
        field_id: stable number within the table, never used again for another column.
    """

    name: str
    type: str
    nullable: bool
    tier: str
    description: str
    since: str
    field_id: int
    argument: str | None = None
    unit: str | None = None
    vocabulary: str | None = None
    decimals: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    standard: str | None = None
    planned: bool = False

    @property
    def arrow_type(self) -> pa.DataType:
        return ARROW_TYPES[self.type]

    def arrow_field(self) -> pa.Field:
        """The Arrow field, with everything a reader may ask of the column as its metadata."""
        metadata = {
            "description": self.description,
            "unit": self.unit,
            "vocabulary": self.vocabulary,
            "standard": self.standard,
            "tier": self.tier,
            "since": self.since,
            "PARQUET:field_id": str(self.field_id),
        }
        return pa.field(
            self.name,
            self.arrow_type,
            nullable=self.nullable,
            metadata={name: value for name, value in metadata.items() if value is not None},
        )


@dataclass(frozen=True)
class ForeignKey:
    """`columns` of a table point to `to` of another; a null, or an empty list, points nowhere."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """
    One table.

    Args:
        key: columns of the primary key, which is also the sort order (binary for strings).
        sets: list columns that are sets: their elements are sorted and distinct.
        plain: string columns of nearly distinct values, which are stored without a dictionary.
        equivalence: whether the table counts when two centres' results are compared.
        rows: further rules on rows, in words; verify and the exporter enforce them.
        planned: whether nothing writes rows of it yet; a release has it without rows.
    """

    name: str
    description: str
    tier: str
    since: str
    equivalence: bool
    key: tuple[str, ...]
    sets: tuple[str, ...]
    plain: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    rows: tuple[str, ...]
    fields: tuple[Field, ...]
    planned: bool = False

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def fields_of(self, tier: str = "local") -> tuple[Field, ...]:
        """The columns that a release of `tier` may hold, in order."""
        allowed = TIERS[: TIERS.index(tier) + 1]
        return tuple(field for field in self.fields if field.tier in allowed)

    @cached_property
    def _arrow_fields(self) -> dict[str, pa.Field]:
        return {field.name: field.arrow_field() for field in self.fields}

    def schema(self, tier: str = "local") -> pa.Schema:
        """Arrow schema of the columns of `tier`; the contract's version is in its metadata."""
        return pa.schema(
            [self._arrow_fields[field.name] for field in self.fields_of(tier)],
            metadata={
                "onconcord.contract_version": CONTRACT_VERSION,
                "onconcord.table": self.name,
            },
        )


@dataclass(frozen=True)
class Code:
    """One code of a vocabulary; `curie` is None where no ontology has the term."""

    code: str
    label: str
    since: str = "1.0.0"
    curie: str | None = None
    deprecated: bool = False


@dataclass(frozen=True)
class Constant:
    """A number or word whose change changes what the tables mean."""

    value: int | float | str
    description: str


@dataclass(frozen=True)
class Contract:
    """All tables, vocabularies and constants, by name."""

    version: str
    tables: dict[str, Table]
    vocabularies: dict[str, dict[str, Code]]
    constants: dict[str, Constant]

    def tables_of(self, tier: str) -> tuple[Table, ...]:
        """The tables that a release of `tier` has, in the order of their names."""
        allowed = TIERS[: TIERS.index(tier) + 1]
        return tuple(table for table in self.tables.values() if table.tier in allowed)


def table_from_mapping(raw: dict[str, Any]) -> Table:
    """A table from its YAML or JSON form; an unknown or missing property is a TypeError."""
    keys = tuple(
        ForeignKey(tuple(fk["columns"]), fk["table"], tuple(fk["to"])) for fk in raw["foreign_keys"]
    )
    return Table(
        **{
            **raw,
            "key": tuple(raw["key"]),
            "sets": tuple(raw["sets"]),
            "plain": tuple(raw["plain"]),
            "rows": tuple(raw["rows"]),
            "foreign_keys": keys,
            "fields": tuple(Field(**field) for field in raw["fields"]),
        }
    )


def _code(code: str, raw: str | dict[str, Any]) -> Code:
    return Code(code, raw) if isinstance(raw, str) else Code(code, **raw)


def _read(file: Traversable) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def _constants() -> dict[str, Constant]:
    source = files("onconcord.contract") / "constants.yaml"
    return {name: Constant(**raw) for name, raw in _read(source).items()}


@cache
def arguments() -> dict[str, str]:
    """By id, why a column may leave a centre: no germline allele, no identifier, no date."""
    by_id: dict[str, str] = _read(files("onconcord.contract") / "arguments.yaml")
    return by_id


def whole_number(constant: str) -> int:
    """The value of a constant of the contract that is a whole number."""
    value = _constants()[constant].value
    assert isinstance(value, int), constant
    return value


@cache
def load() -> Contract:
    """
    The contract of this installation.

    Raises:
        AssertionError: the shipped YAML contradicts itself; a test holds that it does not.
    """
    folder = files("onconcord.contract")
    sources = sorted((folder / "tables").iterdir(), key=lambda file: file.name)
    tables = [table_from_mapping(_read(file)) for file in sources if file.name.endswith(".yaml")]
    vocabularies = {
        name: {code: _code(code, raw) for code, raw in codes.items()}
        for name, codes in _read(folder / "vocabularies.yaml").items()
    }
    by_name = {table.name: table for table in tables}
    contract = Contract(CONTRACT_VERSION, by_name, vocabularies, _constants())
    _check(contract)
    return contract


def _check(contract: Contract) -> None:
    for table in contract.tables.values():
        names = [field.name for field in table.fields]
        assert len(set(names)) == len(names), f"{table.name}: a column occurs twice"
        assert len({field.field_id for field in table.fields}) == len(names), table.name
        assert table.key[0] == "center_id", f"{table.name}: the key starts with center_id"
        assert {*table.key, *table.sets, *table.plain} <= set(names), table.name
        for field in table.fields:
            where = f"{table.name}.{field.name}"
            assert field.type in ARROW_TYPES, f"{where}: type {field.type}"
            assert field.tier in TIERS, f"{where}: tier {field.tier}"
            leaves = field.tier != "local"
            assert (field.argument in arguments()) is leaves, f"{where}: {field.argument}"
            assert not (field.name in table.key and field.nullable), f"{where}: a key is not null"
            withheld = TIERS.index(field.tier) > TIERS.index(table.tier)
            assert field.nullable or not withheld, f"{where}: a release of the table lacks it"
            assert field.vocabulary is None or field.vocabulary in contract.vocabularies, where
        for fk in table.foreign_keys:
            target = {field.name for field in contract.tables[fk.table].fields}
            assert set(fk.columns) <= set(names), f"{table.name}: {fk}"
            assert set(fk.to) <= target, f"{table.name}: {fk}"


def vocabulary_rows(center_id: str) -> list[dict[str, Any]]:
    """The rows of the table `vocabulary`, as one centre's release carries them."""
    return [
        {
            "center_id": center_id,
            "vocab_id": name,
            "code": code.code,
            "label": code.label,
            "ontology_curie": code.curie,
            "since": code.since,
            "deprecated": code.deprecated,
        }
        for name, codes in load().vocabularies.items()
        for code in codes.values()
    ]
