"""`make accuracy` on a slice of every profile: simulated reads to scores and rules."""

import json
import subprocess
import sys

import pytest

from onconcord.accuracy.profiles import read_plan
from pipeline_runs import CHECKOUT

PLAN = CHECKOUT / "config/accuracy/profiles.yaml"


@pytest.mark.e2e
@pytest.mark.xdist_group("own_reads")
def test_the_decision_wins_on_a_slice_of_every_profile(chr20, tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, CHECKOUT / "scripts/accuracy_run.py"),
            *("--purpose", "slice", "--out", tmp_path, "--cores", "2"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["broken_rules"] == []
    scored = [row["profile"] for row in summary["profiles"]]
    plan = read_plan(PLAN)
    assert scored == [profile.name for profile in plan.profiles if "slice" in profile.purposes]
    assert (tmp_path / "accuracy.html").read_text().count("<svg") >= 8
