"""What a page saves as TSV is text to a spreadsheet program, whatever is in it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "src/onconcord/report/table.js"
CELLS = {
    '=HYPERLINK("http://x.example","y")': '"\'=HYPERLINK(""http://x.example"",""y"")"',
    "+1+cmd|' /C calc'!A0": "'+1+cmd|' /C calc'!A0",
    "-2+3": "'-2+3",
    "@SUM(A1)": "'@SUM(A1)",
    "  =1": "'  =1",
    "\t=1": "' =1",
    "p.Arg201Cys": "p.Arg201Cys",
    "a\tb\nc": "a b c",
    # a spreadsheet takes what stands in quotation marks without them
    '"=1+1"': '"""=1+1"""',
    '"=1+1': '"""=1+1"',
    'say "x"': '"say ""x"""',
    '="1"': '"\'=""1"""',
    "\uff1d1+1": "'\uff1d1+1",
    "\u200b=1": "'\u200b=1",
    "\x00@x": "'\x00@x",
}


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the page's script")
def test_a_cell_that_a_spreadsheet_would_run_is_text():
    function = SCRIPT.read_text().split("(function () {")[0]
    cells = [*CELLS, -0.5, 7, None]
    program = f"{function}\nconsole.log(JSON.stringify({json.dumps(cells)}.map(tsvCell)))"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [*CELLS.values(), "-0.5", "7", ""]


def test_the_page_saves_its_cells_that_way():
    assert ".map(tsvCell)" in SCRIPT.read_text()
