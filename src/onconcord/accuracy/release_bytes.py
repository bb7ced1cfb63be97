"""Everything that is in a release: bytes, and what Parquet pages and dictionaries hold."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def pieces(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every byte of a release: files as they are, and what Parquet pages and dictionaries hold."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".parquet":
            file = pq.ParquetFile(path)
            yield path, repr(file.metadata.to_dict()).encode()
            for held in _columns(path):
                yield path, repr(held).encode()


def _columns(path: Path) -> Iterator[list[object]]:
    file = pq.ParquetFile(path)
    leaves = [file.metadata.schema.column(i) for i in range(file.metadata.num_columns)]
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    # dictionaries may hold values that no row uses
    for batch in pq.ParquetFile(path, read_dictionary=texts).iter_batches():
        for column in batch.columns:
            array = column.flatten() if pa.types.is_list(column.type) else column
            held = array.dictionary if pa.types.is_dictionary(array.type) else array
            yield held.to_pylist()
