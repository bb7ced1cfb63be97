"""Checks of one file of a table at a time, in bounded memory: form, content, text, centre."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onconcord import contract
from onconcord.contract.checking import EXAMPLES, row_key
from onconcord.contract.digest import Digest, Digester
from onconcord.errors import Fault
from onconcord.release.manifest import Part
from onconcord.release.pseudonyms import KINDS, is_pseudonym
from onconcord.release.text import text_faults
from onconcord.verify.footer import footer_faults

DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError, ValueError, TypeError)
"""What reading a damaged Parquet file raises, depending on where the damage is."""


@dataclass
class PartFaults:
    """
    Faults of one file by check.

    `readable` says whether rows can be read from it at all; `first` and `last` are the keys of its
    first and last row, None where it has none that are sound.
    """

    content: list[Fault] = field(default_factory=list)
    contract: list[Fault] = field(default_factory=list)
    centres: list[Fault] = field(default_factory=list)
    pseudonyms: list[Fault] = field(default_factory=list)
    text: list[Fault] = field(default_factory=list)
    readable: bool = True
    first: tuple[Any, ...] | None = None
    last: tuple[Any, ...] | None = None


def part_faults(folder: Path, part: Part, tier: str) -> PartFaults:
    """
    Everything that can be said of one file without the others.

    Args:
        folder: the release.
        part: what release.json says of the file.
        tier: tier of the release.
    """
    faults = PartFaults()
    try:
        with pq.ParquetFile(folder / part.path) as file:
            _check(file, part, tier, faults)
            if _version(file.schema_arrow) == contract.CONTRACT_VERSION:
                faults.contract += footer_faults(file, folder / part.path, part, tier)
    except FileNotFoundError:
        faults.content.append(Fault(part.path, "the file is missing"))
        faults.readable = False
    except DAMAGED as why:
        reason = str(why).splitlines()[0] if str(why) else type(why).__name__
        message = f"table {part.table} cannot be read from it, the file is damaged: {reason}"
        faults.content.append(Fault(part.path, message))
        faults.readable = False
    return faults


def _check(file: pq.ParquetFile, part: Part, tier: str, result: PartFaults) -> None:
    spec, schema = contract.load().tables[part.table], file.schema_arrow
    version = _version(schema)
    if version.split(".")[0] != contract.CONTRACT_VERSION.split(".")[0]:
        message = f'contract version "{version}"; expected {contract.CONTRACT_VERSION}'
        result.contract.append(Fault(part.path, message))
    unknown = {name for name in schema.names if name not in {f.name for f in spec.fields}}
    newer = _numbers(version) > _numbers(contract.CONTRACT_VERSION)
    digester, last = Digester(schema), None
    for batch in file.iter_batches(batch_size=contract.ROW_GROUP_ROWS):
        piece = pa.Table.from_batches([batch])
        digester.update(piece)
        # a newer minor version may have columns that this one does not know
        known = piece.drop_columns(sorted(unknown)) if newer and unknown else piece
        faults = contract.validate(part.table, known, tier)
        result.contract += [
            Fault(part.path, fault.message, column=fault.column) for fault in faults
        ]
        if faults:
            last = None
        elif piece.num_rows:
            first = tuple(piece.column(name)[0].as_py() for name in spec.key)
            if last is not None and first <= last:
                message = (
                    f"row {row_key(spec, piece, 0)}: expected a key after that of the row before"
                )
                result.contract.append(Fault(part.path, message))
            last = tuple(piece.column(name)[-1].as_py() for name in spec.key)
            result.first, result.last = result.first or first, last
            _check_rows(known, part, tier, result)
    if file.metadata.num_rows == 0:
        empty = contract.validate(part.table, schema.empty_table(), tier)
        result.contract += [Fault(part.path, fault.message, column=fault.column) for fault in empty]
    _compare(part, digester.finish().columns, file.metadata.num_rows, result)


def _version(schema: pa.Schema) -> str:
    """Version of the contract that a file says it follows; empty where it says none."""
    return str((schema.metadata or {}).get(b"onconcord.contract_version", b"").decode())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split(".") if number.isdigit())


def _check_rows(rows: pa.Table, part: Part, tier: str, faults: PartFaults) -> None:
    spec = contract.load().tables[part.table]
    others = pc.invert(pc.equal(rows["center_id"], part.centre))
    for row in pc.indices_nonzero(others).to_pylist()[:EXAMPLES]:
        message = f"row {row_key(spec, rows, row)}: the file is of centre {part.centre}"
        faults.centres.append(Fault(part.path, message, column="center_id"))
    if tier == "local":
        return
    for column in KINDS:
        if column in rows.column_names:
            ids = pc.unique(rows[column]).drop_null().to_pylist()
            plain = [local_id for local_id in ids if not is_pseudonym(local_id, part.centre)]
            if plain:
                message = (
                    f"{len(plain)} ids are not pseudonyms of {part.centre}, such as {plain[0]}"
                )
                faults.pseudonyms.append(Fault(part.path, message, column=column))
    for fault in text_faults(part.table, rows, tier):
        faults.text.append(Fault(part.path, fault.message, column=fault.column))


def _compare(part: Part, columns: dict[str, str], rows: int, faults: PartFaults) -> None:
    if rows != part.digest.rows:
        message = f"{rows} rows, release.json says {part.digest.rows}"
        faults.content.append(Fault(part.path, message))
    stated = part.digest.columns
    for name in sorted(stated.keys() | columns.keys()):
        if stated.get(name) == columns.get(name):
            continue
        if name not in columns:
            message = "the column is missing, and release.json has it"
        elif name not in stated:
            message = "the column is not in release.json"
        else:
            message = (
                f"content digest {columns[name]}, release.json says {stated[name]}: a value, null, "
                "order or type was changed"
            )
        faults.content.append(Fault(part.path, message, column=name))


def order_faults(parts: Sequence[tuple[Part, PartFaults]]) -> Iterator[Fault]:
    """
    Files of a table that do not go on where the one before ends, so that a row may be in both.

    Args:
        parts: files with what was found of each, sorted by path.
    """
    before: dict[tuple[str, str], tuple[str, tuple[Any, ...]]] = {}
    for part, found in parts:
        if found.first is None or found.last is None:
            continue
        path, last = before.get((part.table, part.centre), (None, None))
        if last is not None and found.first <= last:
            yield Fault(part.path, f"expected keys after those of {path}")
        before[part.table, part.centre] = part.path, found.last


def described_digest_faults(part: Part) -> Iterator[Fault]:
    """A table digest in release.json that does not follow from the columns' digests there."""
    if part.digest != Digest.of(part.digest.rows, part.digest.columns):
        message = f"the digest of {part.path} does not follow from those of its columns"
        yield Fault("release.json", message, column=part.table)
