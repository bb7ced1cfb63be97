"""
Merging the pairs of a release by key, beside DuckDB's sort of a stream and Arrow's in memory.

    .venv/bin/python benchmarks/merge.py                        # 2,400,000 rows of small_variant

The pairs come one after another in no order, as they do when a release is made. Each way runs in a
process of its own, on one thread, and gives the whole table back in pieces; their content digest
must be the same. Seconds are CPU seconds. The peers know all pairs of one table beforehand, and do
not look for two rows of one key; ours takes them as they come, beside those of other tables.

Exit code 1: the digests differ, or ours takes more memory than it may.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from onconcord import contract
from onconcord.contract.digest import Digester

TABLE, TIER = "small_variant", "consortium"
MEMORY = "1GB"
MOST_GIB = 1.5
"""Memory of ours: the rows that may be kept before they are sorted, and what sorting may take."""
KEY = contract.load().tables[TABLE].key


def write_pairs(path: Path, rows: int) -> None:
    """Tables of pairs, each a record batch in key order; the pairs are in no order."""
    from made_up.exome import Exome
    from made_up.release import VARIANTS_PER_PAIR, _pairs
    from made_up.variants import small_variants

    exome, draw = Exome.make(), np.random.default_rng(1)
    columns = [field.name for field in contract.load().tables[TABLE].fields_of(TIER)]
    tables = []
    pairs = _pairs("MADE", max(rows // VARIANTS_PER_PAIR, 1))
    for piece in pairs.iter_slices(500):
        made = small_variants(piece, exome, draw)
        for (_,), of_pair in made.partition_by("pair", as_dict=True).items():
            kept = of_pair.select(name for name in columns if name in of_pair.columns)
            kept = kept.with_columns(center_id=pl.lit("MADE"))
            tables.append(contract.prepare(TABLE, kept.to_arrow(), tier=TIER))
    draw.shuffle(tables)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, tables[0].schema) as writer:
        for table in tables:
            writer.write_batch(table.combine_chunks().to_batches()[0])


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The pairs, one at a time."""
    with pa.OSFile(str(path)) as source:
        file = pa.ipc.open_file(source)
        for number in range(file.num_record_batches):
            yield file.get_batch(number)


def schema_of(path: Path) -> pa.Schema:
    with pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).schema


def ours(path: Path, spool: Path) -> Iterator[pa.Table]:
    from onconcord.release.merge import Merger

    merger = Merger(TABLE, spool)
    for batch in batches(path):
        merger.add(pa.Table.from_batches([batch]))
    yield from merger.pieces()


def duckdb(path: Path, spool: Path) -> Iterator[pa.Table]:
    import duckdb

    settings = {"memory_limit": MEMORY, "threads": 1, "temp_directory": str(spool)}
    pairs = pa.RecordBatchReader.from_batches(schema_of(path), batches(path))
    with duckdb.connect(config=settings) as connection:
        connection.register("pairs", pairs)
        found = connection.sql(f"SELECT * FROM pairs ORDER BY {', '.join(KEY)}")
        for batch in found.to_arrow_reader(32_768):
            yield pa.Table.from_batches([batch])


def arrow(path: Path, _: Path) -> Iterator[pa.Table]:
    table = pa.Table.from_batches(batches(path))
    yield table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in KEY]))


WAYS = {"ours": ours, "duckdb": duckdb, "arrow": arrow}


def run(way: str, path: Path) -> dict[str, float | str]:
    """Merge, and say what it took."""
    with tempfile.TemporaryDirectory() as spool:
        digester, rows = Digester(schema_of(path)), 0
        for piece in WAYS[way](path, Path(spool)):
            digester.update(piece)
            rows += piece.num_rows
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rows": rows,
        "CPU s": used.ru_utime + used.ru_stime,
        "peak GiB": used.ru_maxrss / 2**20,
        "digest": digester.finish().sha256,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rows", type=float, default=2.4e6)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--pairs", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        print(json.dumps(run(args.way, args.pairs)))
        return 0
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "pairs.arrow"
        write_pairs(pairs, int(args.rows))
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way, "--pairs", str(pairs)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[way] = json.loads(done.stdout)
            print(f"{way:8}{found[way]['CPU s']:8.1f} CPU s{found[way]['peak GiB']:8.2f} GiB")
    print(f"{found['ours']['rows']} rows")
    same = len({one["digest"] for one in found.values()}) == 1
    if not same:
        print("the digests differ", file=sys.stderr)
    return 0 if same and found["ours"]["peak GiB"] <= MOST_GIB else 1


if __name__ == "__main__":
    sys.exit(main())
