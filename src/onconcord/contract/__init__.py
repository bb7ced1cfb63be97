"""
The data contract: tables, their columns, vocabularies, and how they are written and checked.

The source is one YAML file per table in `tables/` and `vocabularies.yaml`; everything else
(schemas, documents, views) is generated from them.
"""

from onconcord.contract.checking import validate
from onconcord.contract.model import (
    ARROW_TYPES,
    CONTRACT_VERSION,
    TIERS,
    Code,
    Contract,
    Field,
    ForeignKey,
    Table,
    arguments,
    load,
    vocabulary_rows,
    whole_number,
)
from onconcord.contract.tableio import (
    ROW_GROUP_ROWS,
    Rows,
    TableWriter,
    prepare,
    read_file,
    write,
)

__all__ = [
    "ARROW_TYPES",
    "CONTRACT_VERSION",
    "ROW_GROUP_ROWS",
    "TIERS",
    "Code",
    "Contract",
    "Field",
    "ForeignKey",
    "Rows",
    "Table",
    "TableWriter",
    "arguments",
    "load",
    "prepare",
    "read_file",
    "validate",
    "vocabulary_rows",
    "whole_number",
    "write",
]
