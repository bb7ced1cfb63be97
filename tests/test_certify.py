"""Is an installation equivalent to the others?"""

import json
import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cohort_tables import write_cohort
from onconcord import contract
from onconcord.certify import certify, check_certificate, write_certificate
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.sources import open_source

SCRIPT = Path(__file__).parents[1] / "scripts/golden_digests.py"
PAIR = "TUM-A01"


@pytest.fixture
def run(tmp_path):
    return open_source(write_cohort(tmp_path / "run", pairs=(PAIR, "TUM-A02")))


@pytest.fixture
def golden(tmp_path, run):
    out = tmp_path / "golden.json"
    main = runpy.run_path(str(SCRIPT))["main"]
    assert main(["--folder", str(run.root), "--out", str(out)]) == 0
    return out


def change(run, table, **values):
    """Changes the first row of a table of PAIR."""
    shard = run.root / f"results/8_harmonised/{PAIR}/{table}.parquet"
    rows = contract.read_file(table, shard).to_pylist()
    contract.write(table, [rows[0] | values, *rows[1:]], shard)


def test_the_same_results_are_equivalent(run, golden):
    found = certify(run, golden)
    assert found.equivalent
    assert (found.faults, found.other_tools) == ((), {})
    assert found.tables > 20


def test_another_centre_code_and_run_record_do_not_count(run, golden):
    for table in ("run", "small_variant", "pair"):
        change(run, table, center_id="ELSEWHERE")
    change(run, "run", host="node7")
    assert certify(run, golden).equivalent


def test_a_changed_value_is_named_by_table_column_and_row(run, golden):
    change(run, "small_variant", tumor_alt_count=46)
    (fault,) = certify(run, golden).faults
    assert (fault.pair, fault.table, fault.columns) == (PAIR, "small_variant", ("tumor_alt_count",))
    assert fault.rows == (
        f"pair_id={PAIR}, reference_id=GRCh37, chrom=chr20, pos=57484420, ref=C, alt=T",
    )
    assert fault.missing == (1,)
    assert fault.message == (
        "1 rows here, 1 published; 1 here are not published, 1 published are not here"
    )


def test_a_missing_table_and_a_missing_pair_are_faults(run, golden):
    (run.root / f"results/8_harmonised/{PAIR}/decision.parquet").unlink()
    for shard in (run.root / "results/8_harmonised/TUM-A02").iterdir():
        shard.unlink()
    faults = [(fault.pair, fault.table, fault.message) for fault in certify(run, golden).faults]
    assert faults == [
        (PAIR, "decision", "the run has no such table"),
        ("TUM-A02", "", "the run has no such pair"),
    ]


def test_another_version_of_a_program_is_told(run, golden):
    change(run, "tool", version="1.1")
    found = certify(run, golden)
    assert found.equivalent
    assert found.other_tools == {"freebayes": ["1.0", "1.0, 1.1"]}


def test_a_golden_file_of_another_major_contract_is_refused(run, golden):
    golden.write_text(
        golden.read_text().replace('"contract_version": "1', '"contract_version": "0')
    )
    with pytest.raises(InputError, match="take the digests that were published with it"):
        certify(run, golden)


def test_a_certificate_that_was_edited_is_found(run, golden, tmp_path):
    out = tmp_path / "certificate.json"
    change(run, "small_variant", tumor_alt_count=46)
    write_certificate(certify(run, golden), out)
    assert [fault.column for fault in check_certificate(out)] == [f"{PAIR} small_variant"]
    whole = json.loads(out.read_text())
    out.write_text(json.dumps(whole | {"faults": [], "equivalent": True}))
    assert [fault.message for fault in check_certificate(out)] == [
        "changed after it was written: certify again"
    ]


def test_the_command_writes_json_and_a_page(run, golden):
    same = CliRunner().invoke(app, ["certify", str(run.root), "--golden", str(golden)])
    assert same.exit_code == 0, same.output
    change(run, "small_variant", tumor_alt_count=46)
    other = CliRunner().invoke(app, ["certify", str(run.root), "--golden", str(golden)])
    assert other.exit_code == 1
    assert json.loads((run.root / "certificate.json").read_text())["equivalent"] is False
    assert "tumor_alt_count" in (run.root / "certificate.html").read_text()
