"""The command line: what asking for help loads."""

import json
import subprocess
import sys

import pytest

HEAVY = {"duckdb", "jsonschema", "numpy", "pandas", "plotly", "polars", "pyarrow", "pysam", "scipy"}

HELP = """
import json, sys
import typer
from typer.testing import CliRunner
from onconcord.cli import app

asked = [["--help"]] + [[name, "--help"] for name in typer.main.get_command(app).commands]
codes = {" ".join(words): CliRunner().invoke(app, words).exit_code for words in asked}
print(json.dumps({"codes": codes, "modules": sorted(sys.modules)}))
"""


@pytest.mark.slow
def test_help_of_every_command_loads_no_data_frame_library():
    words = [sys.executable, "-c", HELP]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    assert {"--help", "check --help", "release --help"} <= found["codes"].keys()
    assert set(found["codes"].values()) == {0}
    assert HEAVY & set(found["modules"]) == set()
