"""The demo's chromosome 20 is taken from a file only if it is that sequence."""

import gzip
import os
import subprocess

import pytest

from onconcord.runtime import checkout

SCRIPT = checkout.root() / "scripts/demo_reference.sh"
MD5 = "0dec9660ec1efaaf33281c0d5ea2560f"
BWA = """#!/bin/sh
echo once >> "$MADE"
sleep 0.3
echo index > "$3.sa"
"""


def run(folder, given):
    environment = {**os.environ, "ONCONCORD_CHR20": str(given)}
    return subprocess.run(
        [SCRIPT, folder, "fasta"], capture_output=True, text=True, env=environment, check=False
    )


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path):
    done = run(tmp_path / "out", tmp_path / "no.fa")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {tmp_path}/no.fa is not there: install Debian's vt-examples, or set "
        f"ONCONCORD_CHR20 to chromosome 20 of GRCh37 as FASTA (contig 20, MD5 {MD5}).\n"
    )


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_another_sequence_is_refused_by_its_digest_and_leaves_nothing(tmp_path, packed):
    given = tmp_path / ("other.fa.gz" if packed else "other.fa")
    text = b">20\nACGTAC\nGT\n"
    given.write_bytes(gzip.compress(text) if packed else text)
    done = run(tmp_path / "out", given)
    assert done.returncode == 2
    # md5 of ACGTACGT
    assert done.stderr == (
        f"error: {given}: the MD5 of its sequence is cc0af3a4fedb18378b4b57b98068e69f, expected "
        f"{MD5}: give chromosome 20 of GRCh37.\n"
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reference_that_is_there_is_left_alone(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("chr20.fa", "chr20.fa.fai"):
        (out / name).write_text("there\n")
    assert run(out, tmp_path / "no.fa").returncode == 0
    assert (out / "chr20.fa").read_text() == "there\n"


def test_of_two_that_begin_at_once_one_makes_the_index(tmp_path):
    folder, made = tmp_path / "reference", tmp_path / "made"
    folder.mkdir()
    for name in ("chr20.fa", "chr20.fa.fai"):
        (folder / name).write_text("there already\n")
    (tmp_path / "bwa").write_text(BWA)
    (tmp_path / "bwa").chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    both = [
        subprocess.Popen(
            [SCRIPT, folder, "index"],
            env={**os.environ, "PATH": path, "MADE": str(made)},
        )
        for _ in range(2)
    ]
    assert [script.wait(timeout=60) for script in both] == [0, 0]
    assert made.read_text() == "once\n"
    assert (folder / "bwa/chr20.sa").is_file()
