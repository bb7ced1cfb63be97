"""The made-up cohorts of the tests have the ids that the pipeline writes, and no others."""

import polars as pl
import pytest

from builders import PairOf, write_pair
from cohort_tables import write_cohort
from contract_rows import decision
from onconcord.calls.callers import read_callers
from onconcord.questions.sources import open_source
from onconcord.runtime import checkout
from real_ids import MODEL, rule_definitions

RULES = {row["filter_id"] for row in rule_definitions()}


def cohort(folder):
    return open_source(write_cohort(folder, many=True))


def pair(folder):
    write_pair(folder, PairOf())
    return open_source(folder)


@pytest.mark.parametrize("made", [cohort, pair])
def test_rules_filters_and_callers_are_real(tmp_path, made):
    tables = made(tmp_path)
    defined = set(tables.read("filter_definition")["filter_id"])
    decided = set(tables.read("decision")["rule_id"])
    assert decided
    assert decided <= RULES <= defined
    for table in ("small_variant", "variant_call_evidence"):
        assert set(tables.read(table)["filters"].explode().drop_nulls()) <= defined, table
    assert set(tables.read("small_variant")["consensus_rule_id"]) == {MODEL}
    callers = set(tables.read("variant_call_evidence")["caller"])
    assert callers == set(read_callers(checkout.root() / "workflow/callers", sorted(callers)))


def test_a_pair_has_the_reasons_that_its_metrics_give(tmp_path):
    tables = cohort(tmp_path)
    beyond = tables.read("qc_metric").filter(pl.col("status").is_in(["WARN", "FAIL"]))
    by_run = {run: set(rows["metric_id"]) for (run,), rows in beyond.group_by("run_id")}
    for row in tables.read("pair").iter_rows(named=True):
        assert set(row["qc_reasons"]) == by_run.get(row["run_id"], set()), row["pair_id"]


def test_the_rule_of_a_single_row_is_real():
    assert decision()["rule_id"] in RULES
