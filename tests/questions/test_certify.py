"""Is an installation equivalent to the others?"""

import json
import runpy
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cohort_tables import write_cohort
from onconcord import contract
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.questions.accuracy import ALL, TRUTH_COLUMNS
from onconcord.questions.certify import certify, write_certificate
from onconcord.questions.golden import compared_tables
from onconcord.questions.sources import open_source
from onconcord.verify import verify_certificate

SCRIPT = Path(__file__).parents[2] / "scripts/demo_golden.py"
PAIR = "TUM-A01"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """
    A run, its golden files, and a truth in which the first passing variant of PAIR is true, and one
    more that no run finds.
    """
    folder = tmp_path_factory.mktemp("made")
    source = open_source(write_cohort(folder / "run", pairs=(PAIR, "TUM-A02")))
    row = source.read("small_variant", PAIR).filter(pl.col("is_pass")).row(0, named=True)
    known = [PAIR, *(str(row[name]) for name in ("chrom", "pos", "ref", "alt", "variant_class"))]
    absent = [PAIR, "chr20", "9", "A", "T", "SNV"]
    lines = ("\t".join(row) for row in (TRUTH_COLUMNS, known, absent))
    (folder / "truth.tsv").write_text("\n".join(lines) + "\n")
    main = runpy.run_path(str(SCRIPT))["main"]
    words = ["--folder", str(source.root), "--truth", str(folder / "truth.tsv")]
    assert main([*words, "--out", str(folder / "golden")]) == 0
    return folder


@pytest.fixture
def copied(tmp_path, made):
    return Path(shutil.copytree(made, tmp_path / "copied"))


@pytest.fixture
def run(copied):
    return open_source(copied / "run")


@pytest.fixture
def truth(copied):
    return copied / "truth.tsv"


@pytest.fixture
def golden(copied):
    return copied / "golden"


def change(run, table, **values):
    """Changes the first row of a table of PAIR."""
    parquet = run.root / f"results/8_harmonised/{PAIR}/{table}.parquet"
    rows = contract.read_file(table, parquet).to_pylist()
    contract.write(table, [rows[0] | values, *rows[1:]], parquet)


def test_the_same_results_are_equivalent(run, golden, truth):
    found = certify(run, golden, truth)
    assert found.equivalent
    assert (found.faults, found.other_tools) == ((), {})
    written = {
        parquet.stem for parquet in (run.root / f"results/8_harmonised/{PAIR}").glob("*.parquet")
    }
    assert found.tables == 2 * len(written & set(compared_tables()))


def test_another_centre_code_and_run_record_do_not_count(run, golden, truth):
    for table in ("run", "small_variant", "pair"):
        change(run, table, center_id="ELSEWHERE")
    change(run, "run", host="node7")
    assert certify(run, golden, truth).equivalent


def test_a_changed_value_is_named_by_table_column_and_row(run, golden, truth):
    change(run, "small_variant", tumor_alt_count=46)
    (fault,) = certify(run, golden, truth).faults
    assert (fault.pair, fault.table, fault.columns) == (PAIR, "small_variant", ("tumor_alt_count",))
    assert fault.rows == (
        f"pair_id={PAIR}, reference_id=GRCh37, chrom=chr20, pos=57484420, ref=C, alt=T",
    )
    assert fault.missing == (1,)
    assert fault.message == (
        "1 rows here, 1 published; 1 here are not published, 1 published are not here"
    )


def test_rows_that_are_gone_are_named_by_their_number(run, golden, truth):
    parquet = run.root / f"results/8_harmonised/{PAIR}/small_variant.parquet"
    contract.write("small_variant", [], parquet)
    (fault,) = certify(run, golden, truth).faults
    assert (fault.rows, fault.missing) == ((), (1,))


def test_a_missing_table_and_a_missing_pair_are_faults(run, golden, truth):
    (run.root / f"results/8_harmonised/{PAIR}/decision.parquet").unlink()
    for parquet in (run.root / "results/8_harmonised/TUM-A02").iterdir():
        parquet.unlink()
    faults = [
        (fault.pair, fault.table, fault.message) for fault in certify(run, golden, truth).faults
    ]
    assert faults == [
        (PAIR, "decision", "the run has no such table"),
        ("TUM-A02", "", "the run has no such pair"),
    ]


def test_another_version_of_a_program_is_told(run, golden, truth):
    change(run, "tool", version="1.1")
    found = certify(run, golden, truth)
    assert found.equivalent
    assert found.other_tools == {"freebayes": ["1.0", "1.0, 1.1"]}


def test_a_golden_file_of_another_major_contract_is_refused(run, golden, truth):
    about = golden / "about.json"
    about.write_text(about.read_text().replace('"contract_version": "', '"contract_version": "9'))
    with pytest.raises(InputError, match="take the digests that were published with it"):
        certify(run, golden, truth)


def test_accuracy_is_told_beside_the_published_one(run, golden, truth):
    whole = certify(run, golden, truth)
    assert whole.other_accuracy == ()
    assert [(row.found, row.missed) for row in whole.accuracy if row.variant_class == ALL] == [
        (1, 1)
    ]
    change(run, "small_variant", is_pass=False)
    assert [row.found for row in certify(run, golden, truth).other_accuracy] == [1, 1]


def test_verify_names_what_a_certificate_found_and_that_it_was_edited(run, golden, truth, tmp_path):
    out = tmp_path / "certificate.json"
    write_certificate(certify(run, golden, truth), out)
    assert verify_certificate(out, golden).faults == []
    change(run, "small_variant", tumor_alt_count=46)
    write_certificate(certify(run, golden, truth), out)
    ((check, fault),) = verify_certificate(out, golden).faults
    assert (check, fault.column) == ("equivalence", f"{PAIR} small_variant")
    whole = json.loads(out.read_text())
    out.write_text(json.dumps(whole | {"faults": [], "equivalent": True}))
    ((check, fault),) = verify_certificate(out, golden).faults
    assert (check, fault.message) == ("seal", "changed after it was written: certify again")


def test_a_certificate_against_other_digests_than_ours_is_a_fault(run, golden, truth, tmp_path):
    out = tmp_path / "certificate.json"
    write_certificate(certify(run, golden, truth), out)
    about = golden / "about.json"
    about.write_text(about.read_text().replace('"freebayes"', '"other"'))
    ((check, fault),) = verify_certificate(out, golden).faults
    assert (check, fault.column) == ("published", "golden_sha256")


def test_verify_refuses_a_file_that_is_no_certificate(golden):
    with pytest.raises(InputError, match="neither a certificate"):
        verify_certificate(golden / "about.json", golden)


def test_the_commands_write_json_and_a_page_and_verify_it(run, golden, truth, monkeypatch):
    monkeypatch.setattr("onconcord.cli.release.golden_cohort", lambda _: golden)
    options = ["--golden", str(golden), "--truth", str(truth)]
    same = CliRunner().invoke(app, ["certify", str(run.root), *options])
    assert same.exit_code == 0, same.output
    change(run, "small_variant", tumor_alt_count=46)
    other = CliRunner().invoke(app, ["certify", str(run.root), *options])
    assert other.exit_code == 1
    certificate = run.root / "certificate.json"
    assert json.loads(certificate.read_text())["equivalent"] is False
    assert "tumor_alt_count" in (run.root / "certificate.html").read_text()
    verified = CliRunner().invoke(app, ["verify", str(certificate)])
    assert verified.exit_code == 1
    assert "equivalence: 1 faults" in verified.output


def test_options_for_a_run_that_is_not_made_are_refused(run):
    refused = CliRunner().invoke(app, ["certify", str(run.root), "--", "--profile", "x"])
    assert refused.exit_code == 2
    assert "give --cores as well" in refused.output
