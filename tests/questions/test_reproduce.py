"""A released pair, made once more: the same, otherwise, or refused."""

import dataclasses
import gzip
import hashlib
import json
import secrets
import shutil

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from onconcord import contract
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.questions.reproduce import Request, reproduce
from onconcord.sealed import seal
from pipeline_runs import DEMO, working_folder

pytestmark = pytest.mark.e2e


@pytest.fixture
def request_again(finished, a_slice, tmp_path):
    """TUM-B02 of the release of the slice, over a folder with the sheet and nothing made yet."""
    folder = working_folder(tmp_path / "w", a_slice)
    return Request(finished / "results/9_release/DEMO-B", "TUM-B02", folder, tmp_path / "out", 2)


def as_made(finished, out, change=lambda results: None):
    """Stands for Snakemake: what the slice made is there at once, after a change to it."""

    def start(words):
        for stage in ("1_reference", "8_harmonised/TUM-B02"):
            if not (target := out / "results" / stage).exists():
                shutil.copytree(finished / "results" / stage, target, symlinks=True)
        change(out / "results")
        return 0

    return start


def test_a_released_pair_is_reproduced_with_the_parameters_of_the_release(request_again):
    config = request_again.folder / "config.yaml"
    # Harsher than the release, so that parameters of today would lose variants.
    values = yaml.safe_load(config.read_text())
    values["decision"] = {"min_tumour_vaf": 0.9}
    config.write_text(yaml.safe_dump(values))
    words = ["reproduce", str(request_again.release), "--pair", "TUM-B02", "--cores", "2"]
    words += ["--in", str(request_again.folder), "--out", str(request_again.out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "reproduced: pair DEMO-B-" in done.output
    assert (request_again.out / "results/5_calls/mutect2/TUM-B02.vcf.gz").is_file()


def test_other_reads_tools_and_resources_are_refused_before_anything_is_called(
    finished, a_slice, request_again, tmp_path
):
    sheet = request_again.folder / "samples.tsv"
    other = tmp_path / "other_1.fq.gz"
    other.write_bytes((a_slice / "reads/TUM-B02_L1_1.fq.gz").read_bytes() + gzip.compress(b""))
    sheet.write_text(sheet.read_text().replace("reads/TUM-B02_L1_1.fq.gz", str(other)))

    def change(results):
        tools = results / "1_reference/tools/alignment.tsv"
        tools.write_text(tools.read_text().replace("0.7.17", "0.7.18"))
        resources = results / "1_reference/resources.tsv"
        table = pl.read_csv(resources, separator="\t", infer_schema=False)
        hotspots = pl.col("name") == "hotspots"
        digest = pl.when(hotspots).then(pl.lit("0" * 64)).otherwise("sha256").alias("sha256")
        table.with_columns(digest).write_csv(resources, separator="\t")
        seal(tools)
        seal(resources)

    with pytest.raises(InputError) as caught:
        reproduce(request_again, as_made(finished, request_again.out, change))
    found = {(fault.source, fault.column): fault.message for fault in caught.value.faults}
    assert "these are other reads" in found[str(other), "sha256"]
    assert found["alignments bwa", "version"].startswith("0.7.18")
    assert found["resource hotspots", "resource_sha256"].startswith("0" * 64)
    assert {source for source, _ in found} == {str(other), "alignments bwa", "resource hotspots"}
    assert not (request_again.out / "results/9_release").exists()


def test_what_came_out_otherwise_is_named_by_table_row_and_column(finished, request_again):
    def change(results):
        parquet = results / "8_harmonised/TUM-B02/pair.parquet"
        rows = contract.read_file("pair", parquet).to_pylist()
        rows[0]["contamination_frac"] = 0.4
        digest = contract.write("pair", rows, parquet)
        manifest = parquet.with_name("MANIFEST.json")
        whole = json.loads(manifest.read_text())
        file_sha256 = hashlib.sha256(parquet.read_bytes()).hexdigest()
        whole["tables"]["pair"] |= {
            "content_sha256": digest.sha256,
            "file_sha256": file_sha256,
        }
        manifest.write_text(json.dumps(whole))

    found = reproduce(request_again, as_made(finished, request_again.out, change))
    assert not found.identical
    (other,) = [table for table in found.tables if not table.identical]
    assert (other.table, other.columns, other.different) == ("pair", ("contamination_frac",), 1)
    assert "contamination_frac" in other.rows[0]
    assert other.rows[0].endswith("in A, 0.4 in B")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pair": "TUM-B03"}, '"TUM-B03" is not a pair of '),
        ({"pair": "TUM-A01"}, "under this key of centre DEMO-B: name the key"),
        ({"out": DEMO}, "not an empty folder: name another with --out"),
    ],
    ids=["unknown pair", "another key", "folder in use"],
)
def test_what_cannot_be_reproduced_is_refused(request_again, tmp_path, change, message):
    if change == {"pair": "TUM-A01"}:
        key = tmp_path / "other.key"
        key.write_text(secrets.token_hex(32) + "\n")
        key.chmod(0o600)
        change = {**change, "key_file": key}
    with pytest.raises(InputError, match=message):
        reproduce(dataclasses.replace(request_again, **change))
