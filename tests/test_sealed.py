"""Files between stages: a byte that is not as it was written is one error, never other numbers."""

import hashlib
import json
import random

import polars as pl
import pytest

from onconcord.errors import InputError
from onconcord.evidence.background import SCHEMA as BACKGROUND_SCHEMA
from onconcord.evidence.records import REJECTED_SCHEMA
from onconcord.evidence.recount import SCHEMA as RECOUNT_SCHEMA
from onconcord.evidence.tables import EVIDENCE_SCHEMA, read_checked
from onconcord.files import write_tsv
from onconcord.harmonised.provenance import read_resources
from onconcord.reads.account import InputFile, read_inputs, write_inputs
from onconcord.reference.contigs import read_contigs
from onconcord.reference.resources import read_counts
from onconcord.reference.transcript_set import read_set
from onconcord.runtime.conserved import read_conserved
from onconcord.runtime.tools import COLUMNS, read_tool_versions
from onconcord.sealed import read_sealed_json, seal, sealed

TABLES = {
    "evidence": EVIDENCE_SCHEMA,
    "rejected": REJECTED_SCHEMA,
    "recount": RECOUNT_SCHEMA,
    "background": BACKGROUND_SCHEMA,
}
CONTIGS = ("chrom", "source_name", "length_bp", "md5", "refget_sq", "is_primary", "masked_bp")


def parquet(folder, name):
    schema = TABLES[name]
    rows = pl.DataFrame({column: [None] * 50 for column in schema}, schema=schema)
    rows.write_parquet(folder / f"{name}.parquet")
    return folder / f"{name}.parquet", lambda path: read_checked(path, schema)


def tsv(folder, name, header, row, read):
    write_tsv(folder / name, header, [row])
    return folder / name, read


def inputs(folder, name):
    write_inputs([InputFile("bam", 1, "bam", 1234, "ab" * 32, 5678)], folder / name)
    return folder / name, read_inputs


def of_json(folder, name, read):
    (folder / name).write_text(json.dumps({"status": "PASS", "metrics": [{"value": 0.25}]}))
    return folder / name, read


def conserved(folder):
    lines = b"mosdepth\tregions\t5\nsamtools stats\treads\t9\n"
    path = folder / "T.counts.tsv"
    path.write_bytes(lines + f"{hashlib.sha256(lines).hexdigest()}  -\n".encode())
    return path, lambda path: read_conserved([path])


KINDS = {
    **{name: lambda folder, name=name: parquet(folder, name) for name in TABLES},
    "inputs": lambda folder: inputs(folder, "T.inputs.tsv"),
    "contigs": lambda folder: tsv(
        folder, "contigs.tsv", CONTIGS, ("chr1", "1", 10, "ab", "SQ.x", 1, 0), read_contigs
    ),
    "resources": lambda folder: tsv(
        folder, "resources.tsv", ("name", "bytes", "sha256"), ("fasta", 9, "ab"), read_resources
    ),
    "tools": lambda folder: tsv(
        folder, "qc.tsv", COLUMNS, ["word"] * len(COLUMNS), lambda path: read_tool_versions([path])
    ),
    "transcript set": lambda folder: tsv(
        folder, "transcript_set.tsv", ("gene", "transcript"), ("G", "T"), read_set
    ),
    "qc": lambda folder: of_json(folder, "T.qc.json", read_sealed_json),
    "counts": lambda folder: of_json(
        folder,
        "population.counts.json",
        lambda path: read_counts(path.parent, ["population"]),
    ),
    "conserved": conserved,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_byte_is_one_error_that_names_the_file(tmp_path, kind):
    path, read = KINDS[kind](tmp_path)
    seal(path)
    whole = path.read_bytes()
    chance = random.Random(f"flip {kind}")
    for place in chance.choices(range(len(whole)), k=20):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(InputError) as caught:
            read(path)
        assert [str(fault) for fault in caught.value.faults] == [
            f"{path}: its bytes are not those it was written with: it is damaged. Delete the "
            "file; the next run makes it again."
        ]


def test_the_writers_seal_what_they_write(tmp_path):
    path, read = KINDS["inputs"](tmp_path)
    assert read(path)[0].reads == 5678
    path.write_text(path.read_text().replace("5678", "5679"))
    with pytest.raises(InputError, match="it is damaged"):
        read(path)


def test_counts_are_read_once_their_rule_has_closed_them(tmp_path):
    path, read = conserved(tmp_path)
    assert read(path) == {"mosdepth": {"regions": 5}, "samtools": {"stats reads": 9}}
    lines = path.read_bytes().splitlines(keepends=True)
    for left in ([], lines[:-1], lines[1:], lines[:1], [*lines, lines[0]]):
        path.write_bytes(b"".join(left))
        with pytest.raises(InputError, match="it is damaged"):
            read(path)
    path.unlink()
    with pytest.raises(InputError, match=r"T\.counts\.tsv: no such file"):
        read(path)


def test_a_file_without_a_digest_is_taken_and_a_missing_one_is_named(tmp_path):
    path = tmp_path / "by_hand.tsv"
    path.write_text("x\n")
    assert sealed(path) == path
    path.unlink()
    with pytest.raises(InputError, match=r"by_hand\.tsv: no such file"):
        sealed(path)
    seal_of_other = tmp_path / "by_hand.tsv.sha256"
    seal_of_other.write_text("\0")
    path.write_text("x\n")
    with pytest.raises(InputError, match="it is damaged"):
        sealed(path)
