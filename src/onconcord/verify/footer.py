"""What a Parquet file has beside its rows: nothing but what the contract and its writer say."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from onconcord import contract
from onconcord.errors import Fault
from onconcord.release.manifest import Part

WRITER = re.compile(r"parquet-cpp-arrow version [0-9]+\.[0-9]+\.[0-9]+(-SNAPSHOT)?")
"""What pyarrow, which writes every file of a release, calls itself."""

ARROW_SCHEMA = b"ARROW:schema"
"""Key under which pyarrow keeps the schema; what is in it is looked at as the schema."""

FRAME_BYTES = 12
"""Of a file that are neither column nor footer: "PAR1" twice, and the footer's length."""


def footer_faults(file: pq.ParquetFile, path: Path, part: Part, tier: str) -> Iterator[Fault]:
    """
    Words in the footer that no writer of a release puts there, and bytes of no column.

    Args:
        file: the file at `path`, open; it follows this version of the contract.
        part: what release.json says of it.
        tier: tier of the release.
    """
    wanted = contract.load().tables[part.table].schema(tier)
    metadata, schema = file.metadata, file.schema_arrow
    stated = {**(metadata.metadata or {}), **(schema.metadata or {})}
    stated.pop(ARROW_SCHEMA, None)
    if stated != wanted.metadata:
        message = "the footer has keys or words that the contract does not write"
        yield Fault(part.path, message)
    for name in schema.names:
        if name not in wanted.names:
            continue
        there, expected = (one.field(name).with_nullable(True) for one in (schema, wanted))
        if there.type == expected.type and not there.equals(expected, check_metadata=True):
            yield Fault(part.path, "its description is not the contract's", column=name)
    if not WRITER.fullmatch(metadata.created_by):
        yield Fault(part.path, "was not written by pyarrow, as files of a release are")
    chunks = sum(
        metadata.row_group(group).column(column).total_compressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    if strange := path.stat().st_size - chunks - metadata.serialized_size - FRAME_BYTES:
        yield Fault(part.path, f"has {strange} bytes that belong to no column")
