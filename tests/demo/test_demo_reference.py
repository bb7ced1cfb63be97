"""The demo's reference is made once, also where two ask for it at the same time."""

import os
import subprocess

from onconcord.runtime.checkout import root

BWA = """#!/bin/sh
echo once >> "$MADE"
sleep 0.3
touch "$3.sa"
"""


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
            [root() / "scripts/demo_reference.sh", folder, "index"],
            env={**os.environ, "PATH": path, "MADE": str(made)},
        )
        for _ in range(2)
    ]
    assert [script.wait(timeout=60) for script in both] == [0, 0]
    assert made.read_text() == "once\n"
    assert (folder / "bwa/chr20.sa").is_file()
