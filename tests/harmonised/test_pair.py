"""A pair's folder: every table of the contract, whatever was found, and what its rows state."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pysam
import pytest

from onconcord import contract
from onconcord.contract.digest import table_digest
from onconcord.decision.model import Model
from onconcord.errors import InputError
from onconcord.evidence.background import rows_of
from onconcord.evidence.events import KEY
from onconcord.evidence.records import REJECTED_SCHEMA
from onconcord.evidence.recount import SCHEMA as RECOUNT_SCHEMA
from onconcord.evidence.tables import EVIDENCE_SCHEMA
from onconcord.harmonised import pair, variants
from onconcord.harmonised.pair import PairFiles, harmonise_pair
from onconcord.qc.thresholds import METRICS
from onconcord.reference.transcript_set import Chosen, write_set
from onconcord.runtime import checkout
from onconcord.runtime.tools import COLUMNS
from pair_specs import pair_spec
from real_ids import rule_definitions
from recounted import estimates, model
from text_rows import write_rows

LENGTH = 400
CALLERS = ("freebayes", "mutect2")
GENE_COLUMNS = ("gene_id", "gene_symbol", "transcript_id", "chrom", "start0", "end0")


def metric(metric_id, entity="TUM", kind="pair", value=None, text=None, status="NA"):
    return {
        "subject_kind": kind,
        "entity_id": entity,
        "metric_id": metric_id,
        "value": value,
        "value_text": text,
        "unit": METRICS[metric_id].unit,
        "status": status,
        "threshold_warn": None,
        "threshold_fail": None,
        "tool": METRICS[metric_id].tool,
    }


def files_in(folder):
    """What the earlier stages leave of a pair in which no caller reported anything."""
    reference = folder / "1_reference"
    reference.mkdir()
    (reference / "genome.fa").write_text(f">20\n{'ACGT' * (LENGTH // 4)}\n")
    pysam.faidx(str(reference / "genome.fa"))
    (reference / "reference.json").write_text(
        json.dumps({"reference_id": "custom-0", "build": "custom", "digest": "d" * 64})
    )
    columns = ("chrom", "source_name", "length_bp", "md5", "refget_sq", "is_primary", "masked_bp")
    contig = ("chr20", "20", LENGTH, "0" * 32, f"SQ.{'a' * 32}", 1, 0)
    write_rows(reference / "contigs.tsv", columns, contig)
    assay = reference / "assays/exome"
    assay.mkdir(parents=True)
    write_rows(assay / "targets.bed", ("20", 100, 300))
    write_rows(assay / "gene_regions.tsv", GENE_COLUMNS, ("G", "GNAS", "T1", "20", 100, 200))
    of_file = ("name", "bytes", "sha256")
    write_rows(reference / "resources.tsv", of_file, ("fasta", 9, "f" * 64))
    write_rows(assay / "resources.tsv", of_file, ("targets", 9, "a" * 64))
    chosen = Chosen("G", "GNAS", "T1.1", "longest_cds", "model", "20", "ok", 33, "c" * 64)
    write_set([chosen], reference / "transcript_set.tsv")
    tools = [("annotated", "snpEff", "5.1d", "cli", "snpEff")]
    tools += [("calls", name, "1.0", "cli", name) for name in ("freebayes", "gatk")]
    inputs = ("file_role", "ordinal", "format", "bytes", "sha256", "reads")
    spec = folder / "TUM.json"
    spec.write_text(pair_spec().to_json())
    verdict = {
        "pair": "TUM",
        "status": "WARN",
        "reasons": ["contamination_frac"],
        "metrics": [
            metric("contamination_frac", value=0.03, status="WARN"),
            metric("sex_inferred", text="XY"),
            metric("mean_target_coverage", kind="sample", value=90.0, status="PASS"),
        ],
    }
    (folder / "qc.json").write_text(json.dumps(verdict))
    for name, schema in (
        ("evidence", EVIDENCE_SCHEMA),
        ("recount", RECOUNT_SCHEMA),
        ("rejected", REJECTED_SCHEMA),
    ):
        pl.DataFrame(schema=schema).write_parquet(folder / f"{name}.parquet")
    nothing = np.zeros((4, 4), np.int64)
    shown = pl.concat(rows_of(role, nothing) for role in ("tumour", "normal"))
    shown.write_parquet(folder / "background.parquet")
    head = f"##fileformat=VCFv4.2\n##contig=<ID=20,length={LENGTH}>\n"
    filters = '##FILTER=<ID=PASS,Description="All">\n##FILTER=<ID=low,Description="Few reads">\n'
    line = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    for name in (*CALLERS, "annotated"):
        plain = folder / f"{name}.vcf"
        plain.write_text(head + filters + line)
        pysam.tabix_index(str(plain), preset="vcf", force=True)
    roles = ("tumour", "normal")
    states = (("20", 0, 250, "80:100"), ("20", 250, LENGTH, "1:10"))
    regions = (("20", 100, 200, 90.0), ("20", 200, 300, 60.0))
    return PairFiles(
        spec=spec,
        reference=reference,
        assay=assay,
        tools=(write_rows(folder / "tools.tsv", COLUMNS, *tools),),
        inputs={
            role: write_rows(
                folder / f"{role}.inputs.tsv",
                inputs,
                ("fastq_1", 1, "fastq.gz", 10, str(number) * 64, 5),
            )
            for number, role in enumerate(roles)
        },
        qc=folder / "qc.json",
        quantized={role: write_rows(folder / f"{role}.q.bed.gz", *states) for role in roles},
        anymapq={role: write_rows(folder / f"{role}.any.bed.gz", *states) for role in roles},
        regions={role: write_rows(folder / f"{role}.r.bed.gz", *regions) for role in roles},
        evidence=folder / "evidence.parquet",
        rejected=folder / "rejected.parquet",
        recount=folder / "recount.parquet",
        background=folder / "background.parquet",
        conserved=(),
        model=checkout.root() / "config/models/exome.yaml",
        annotated=folder / "annotated.vcf.gz",
        calls={name: folder / f"{name}.vcf.gz" for name in CALLERS},
        callers_dir=checkout.root() / "workflow/callers",
        lock=write_rows(folder / "uv.lock", ("lock",)),
    )


@pytest.fixture
def files(tmp_path):
    """Files of a pair, to be changed."""
    return files_in(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The tables of a pair, for reading."""
    folder = tmp_path_factory.mktemp("made")
    harmonise_pair(files_in(folder), folder / "TUM")
    return folder / "TUM"


def rows(folder, table):
    return contract.read_file(table, folder / f"{table}.parquet").to_pylist()


def test_a_pair_without_candidates_has_every_table_and_says_that_nothing_was_found(made):
    tables = contract.load().tables
    assert {path.stem for path in made.glob("*.parquet")} == set(tables)
    empty = {name for name in tables if not rows(made, name)}
    assert {name for name, table in tables.items() if table.planned} <= empty
    assert {"small_variant", "decision", "variant_call_evidence"} <= empty
    scope = {row["analysis"]: row for row in rows(made, "analysis_scope")}
    assert set(scope) == set(contract.load().vocabularies["analysis"])
    assert scope["small_variant"]["status"] == "done_none_found"
    assert scope["small_variant"]["callers"] == list(CALLERS)
    assert scope["small_variant"]["region_bp"] == 200
    assert {row["reason_code"] for name, row in scope.items() if name != "small_variant"} == {
        "no_hotspot_list",
        "no_caller",
    }


def test_nothing_fills_a_planned_column(made):
    planned = {
        (name, field.name)
        for name, table in contract.load().tables.items()
        for field in table.fields
        if field.planned
    }
    filled = {(name, column) for name, column in planned for row in rows(made, name) if row[column]}
    assert filled == set()


@pytest.mark.parametrize("role", ["tumour", "normal"])
def test_a_pair_with_a_dead_sample_has_every_table_and_was_not_searched(files, tmp_path, role):
    nothing = {
        role: write_rows(tmp_path / "dead.q.bed.gz", ("20", 0, LENGTH, "0:1")),
    }
    without_reads = {role: write_rows(tmp_path / "dead.r.bed.gz", ("20", 100, 300, 0.0))}
    dead = replace(
        files,
        quantized=files.quantized | nothing,
        anymapq=files.anymapq | nothing,
        regions=files.regions | without_reads,
    )
    harmonise_pair(dead, tmp_path / "TUM")
    scope = {row["analysis"]: row for row in rows(tmp_path / "TUM", "analysis_scope")}
    small = scope["small_variant"]
    assert (small["status"], small["reason_code"]) == ("failed", "no_callable_base")
    assert small["region_bp"] is None
    (gene,) = rows(tmp_path / "TUM", "gene_callability")
    assert gene["status"] == "not_callable"


def test_every_table_that_is_not_planned_has_a_writer(made):
    """Of what harmonising leaves empty, candidates fill some; the release writes two of its own."""
    of_candidates = {
        *("small_variant", "small_variant_atom", "variant_call_evidence", "decision"),
        *("variant_consequence", "variant_annotation", "oncogenicity"),
        *("hotspot_status", "rejected_record"),
    }
    of_release = {"aggregate_variant", "retraction"}
    tables = contract.load().tables
    empty = {name for name in tables if not rows(made, name)}
    planned = {name for name, table in tables.items() if table.planned}
    assert empty - of_candidates - of_release == planned


def test_the_row_of_the_pair_repeats_its_verdict_and_the_metrics_of_the_pair(made):
    (row,) = rows(made, "pair")
    assert (row["qc_status"], row["qc_reasons"]) == ("WARN", ["contamination_frac"])
    assert (row["contamination_frac"], row["tumor_in_normal_frac"]) == (0.03, None)
    assert (row["sex_inferred"], row["design"]) == ("XY", "matched")
    (run,) = rows(made, "run")
    assert {one["run_id"] for one in rows(made, "qc_metric")} == {row["run_id"]} == {run["run_id"]}
    assert {one["center_id"] for name in ("pair", "run") for one in rows(made, name)} == {"CENTRE"}


def test_filters_are_those_of_the_rules_and_of_the_headers_of_the_callers(made):
    found = {row["filter_id"]: row for row in rows(made, "filter_definition")}
    of_callers = {name for name in found if not name.startswith("onconcord.")}
    assert of_callers == {"freebayes.low", "mutect2.low"}
    assert found["mutect2.low"]["description"] == "Few reads"
    assert {row["filter_id"] for row in rule_definitions()} == found.keys() - of_callers


def test_the_rules_of_a_pair_and_of_a_tumour_alone_are_defined_alike():
    model = Model.read(checkout.root() / "config/models/exome.yaml")
    of_pair, of_tumour = pair_spec(), pair_spec(normal=None)
    assert variants.decision_limits(of_pair, model) != variants.decision_limits(of_tumour, model)
    assert variants.rule_definitions(of_pair, model) == variants.rule_definitions(of_tumour, model)


def test_what_could_be_seen_is_stated_beside_what_was(made):
    states = [(row["start0"], row["end0"], row["state"]) for row in rows(made, "callable_region")]
    assert states == [(100, 250, "CALLABLE"), (250, 300, "LOW_TUMOR")]
    (gene,) = rows(made, "gene_callability")
    assert (gene["target_bp"], gene["callable_frac"], gene["status"]) == (100, 1.0, "callable")


def test_the_manifest_has_the_digests_of_the_files(made):
    manifest = json.loads((made / "MANIFEST.json").read_text())
    assert (manifest["pair"], manifest["centre"]) == ("TUM", "CENTRE")
    assert manifest["contract_version"] == contract.CONTRACT_VERSION
    assert set(manifest["tables"]) == set(contract.load().tables)
    for name, stated in manifest["tables"].items():
        table = contract.read_file(name, made / f"{name}.parquet")
        assert (stated["rows"], stated["content_sha256"]) == (
            table.num_rows,
            table_digest(table).sha256,
        )


def test_the_same_files_give_the_same_tables(files, made, tmp_path):
    harmonise_pair(files, tmp_path / "again")
    digests = [
        {
            name: table["content_sha256"]
            for name, table in json.loads((folder / "MANIFEST.json").read_text())["tables"].items()
            if contract.load().tables[name].equivalence
        }
        for folder in (made, tmp_path / "again")
    ]
    assert digests[0] == digests[1]


def test_a_table_that_is_not_what_the_stage_before_writes_is_refused(files, tmp_path):
    pl.DataFrame({name: [] for name in KEY}).write_parquet(files.recount)
    with pytest.raises(InputError, match="recount"):
        harmonise_pair(files, tmp_path / "TUM")
    assert not (tmp_path / "TUM").exists()


def test_a_tumour_alone_names_only_the_callers_that_can_do_without_a_normal():
    class Caller:
        def __init__(self, tumour_only):
            self.tumour_only = tumour_only

    able = {"alone": Caller(True), "paired": Caller(False)}
    none = pl.DataFrame()
    for spec, expected in ((pair_spec(), ["alone", "paired"]), (pair_spec(normal=None), ["alone"])):
        of_pair = estimates(spec.normal is not None)
        facts = SimpleNamespace(
            spec=spec,
            states=pl.DataFrame({"state": ["CALLABLE"]}),
            callers=able,
            model=model(),
            estimates=of_pair,
        )
        row = pair._scope(facts, 1, none, 5)[0]
        assert (row["callers"], row["status"]) == (expected, "done")
