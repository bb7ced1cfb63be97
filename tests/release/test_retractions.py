"""Withdrawn pairs: they are in no release, whoever makes it."""

import csv
import os
import subprocess
import sys

import pytest
import yaml
from test_release import rows
from typer.testing import CliRunner

from builders import KEY_TEXT, bytes_of, pairs_of, write_key, write_pairs
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.release import order_of_folder
from onconcord.release.retractions import Retraction, read_retractions
from onconcord.runtime import checkout

HEADER = "pair_id\tfrom_release\treason_code"
WITHDRAWN = "TUM-ONE-2\tr2026-10\tconsent_withdrawn"


@pytest.fixture
def folder(tmp_path):
    """A working folder of two centres with finished pairs; its reads and genome are empty files."""
    pairs = [*pairs_of("ONE", 3), *pairs_of("TWO", 2)]
    write_pairs(tmp_path, pairs)
    config = {
        "centre": "ONE",
        "reference": {"fasta": "genome.fa"},
        "release": {"name": "r2026-11", "key_file": str(write_key(tmp_path))},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    for name in ("genome.fa", "1.fq.gz", "2.fq.gz"):
        (tmp_path / name).touch()
    with (tmp_path / "samples.tsv").open("w", newline="") as file:
        sheet = csv.writer(file, delimiter="\t")
        sheet.writerow(("centre", "patient", "sample", "role", "read_group", "fastq_1", "fastq_2"))
        for pair in pairs:
            for role, sample in (("tumour", pair.pair), ("normal", pair.normal)):
                sheet.writerow(
                    (pair.centre, pair.patient, sample, role, "L1", "1.fq.gz", "2.fq.gz")
                )
    return tmp_path


def withdraw(folder, *lines, header=HEADER):
    path = folder / "retractions.tsv"
    path.write_text("\n".join((header, *lines)) + "\n")
    return path


def manifests(folder):
    return sorted(folder.glob("results/8_harmonised/*/MANIFEST.json"))


def order(folder, centre="ONE", pairs=("TUM-ONE-1", "TUM-ONE-2"), **more):
    return order_of_folder(
        folder, centre=centre, pairs=pairs, name="r2026-11", tier="consortium", **more
    )


def test_a_folders_withdrawn_pairs_are_part_of_its_order(folder):
    assert order(folder).retractions == ()
    withdraw(folder, WITHDRAWN)
    gone = (Retraction("TUM-ONE-2", "r2026-10", "consent_withdrawn"),)
    assert order(folder).retractions == gone
    assert order(folder, "TWO", ["TUM-TWO-1"]).retractions == ()
    other = folder / "other.tsv"
    other.write_text(f"{HEADER}\nTUM-ONE-1\tr2026-10\tquality\n")
    assert order(folder, retractions=other).retractions == (
        Retraction("TUM-ONE-1", "r2026-10", "quality"),
    )


def test_a_pair_without_tables_is_in_no_order(folder):
    named = [path.parent.name for path in order(folder, pairs=["TUM-ONE-1", "TUM-ONE-9"]).manifests]
    assert named == ["TUM-ONE-1"]


def test_a_withdrawn_pair_whose_tables_are_gone_stays_withdrawn(folder):
    path = withdraw(folder, "TUM-GONE\tr2026-10\tquality")
    gone = (Retraction("TUM-GONE", "r2026-10", "quality"),)
    of_one = [one for one in manifests(folder) if "ONE" in one.parent.name]
    assert read_retractions(path, "ONE", of_one) == gone
    with pytest.raises(InputError) as caught:
        read_retractions(path, "ONE", manifests(folder))
    assert str(caught.value) == (
        'retractions.tsv, line 2, column "pair_id": "TUM-GONE" is not a finished pair of this '
        "folder, which has pairs of several centres: say whose it was in a column center_id."
    )
    path = withdraw(folder, "TUM-GONE\tr2026-10\tquality\tONE", header=f"{HEADER}\tcenter_id")
    assert read_retractions(path, "ONE", manifests(folder)) == gone
    assert read_retractions(path, "TWO", manifests(folder)) == ()


def test_every_fault_of_the_table_is_named_at_once(folder):
    path = withdraw(
        folder,
        "TUM-ONE-1\tr2026-10\tbored",
        "\tr2026-10\tquality",
        "",
        "TUM-ONE-2",
        "TUM-ONE-2\tr2026-10\tquality",
    )
    with pytest.raises(InputError) as caught:
        read_retractions(path, "ONE", manifests(folder)[:3])
    said = [str(fault).removeprefix("retractions.tsv, ") for fault in caught.value.faults]
    assert said == [
        'line 2, column "reason_code": "bored" is not a reason: expected consent_withdrawn, '
        "sample_swap, quality, duplicate, other.",
        'line 3, column "pair_id": is empty, and required.',
        'line 5, column "from_release": is empty, and required.',
        'line 5, column "reason_code": is empty, and required.',
        'line 6, column "pair_id": pair "TUM-ONE-2" is there already, on line 5: remove one.',
    ]


def test_a_table_that_a_spreadsheet_saved_is_taken(folder):
    path = withdraw(folder)
    text = f"{HEADER.upper()}\t\r\n# by hand\r\n\r\n {WITHDRAWN} \t\r\n"
    path.write_bytes(text.encode("utf-16"))
    gone = (Retraction("TUM-ONE-2", "r2026-10", "consent_withdrawn"),)
    assert read_retractions(path, "ONE", manifests(folder)) == gone


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "pair\twhy\n", 'from_release": this column is missing, and required', id="columns"
        ),
        pytest.param(None, "there is no such file", id="no file"),
    ],
)
def test_a_table_that_is_none_is_refused(folder, text, message):
    path = folder / "retractions.tsv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message):
        order(folder, retractions=path)


@pytest.mark.slow
def test_the_command_and_the_pipelines_script_make_the_same_release_without_it(folder, tmp_path):
    withdraw(folder, WITHDRAWN, "TUM-TWO-1\tr2026-10\tquality")
    done = CliRunner().invoke(app, ["release", str(folder), "--out", str(tmp_path / "command")])
    assert done.exit_code == 0, done.output
    assert "left out, withdrawn: TUM-ONE-2\n" in done.output
    script = [sys.executable, checkout.root() / "scripts/release_centre.py", "--folder", folder]
    script += ["--centre", "ONE", "--name", "r2026-11", "--tier", "consortium"]
    script += ["--pairs", "TUM-ONE-1", "TUM-ONE-2", "TUM-ONE-3", "--out", tmp_path / "script"]
    subprocess.run(script, env={**os.environ, "ONCONCORD_KEY": KEY_TEXT}, check=True)
    assert bytes_of(tmp_path / "command") == bytes_of(tmp_path / "script")
    assert len(rows(tmp_path / "script", "pair")) == 2
    (gone,) = rows(tmp_path / "script", "retraction")
    assert gone["from_release"] == "r2026-10"
    assert gone["pair_id"] not in {row["pair_id"] for row in rows(tmp_path / "script", "pair")}


@pytest.mark.slow
def test_the_command_says_which_pairs_it_leaves_out(folder, tmp_path):
    sheet = folder / "samples.tsv"
    lines = sheet.read_text().splitlines()
    sheet.write_text("\n".join(line for line in lines if "ONE-3" not in line) + "\n")
    (folder / "results/8_harmonised/TUM-ONE-1/MANIFEST.json").unlink()
    done = CliRunner().invoke(app, ["release", str(folder), "--out", str(tmp_path / "r")])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[:2] == [
        "left out, no tables yet: TUM-ONE-1",
        "left out, not in the sheet: TUM-ONE-3",
    ]
    assert len(rows(tmp_path / "r", "pair")) == 1
