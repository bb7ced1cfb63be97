"""A PYTHONPATH of somebody else, whose modules have the names of ours, changes nothing."""

import os
import subprocess
import sys

import pytest

from onconcord.runtime.foreign import OWN, leave_foreign_modules


def test_modules_of_somebody_else_are_left_out(tmp_path):
    for name in ("typer", "polars", "snakemake"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('of somebody else')\n")
    done = subprocess.run(
        [sys.executable, "-m", "onconcord", "--version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("onconcord ")


@pytest.mark.parametrize("with_own", [True, False])
def test_what_is_started_has_no_foreign_path_and_keeps_our_own(tmp_path, monkeypatch, with_own):
    named = [str(tmp_path), *([str(OWN)] if with_own else [])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(named))
    monkeypatch.setattr(sys, "path", ["", *named, "/elsewhere"])
    leave_foreign_modules()
    assert os.environ.get("PYTHONPATH") == (str(OWN) if with_own else None)
    assert sys.path == ["", *named[1:], "/elsewhere"]
