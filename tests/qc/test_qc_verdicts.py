"""Metrics as the tools leave them, thresholds and verdicts of quality control."""

import json
from pathlib import Path

import pytest
import yaml

from onconcord import contract, qc
from onconcord.errors import InputError, ToolError
from onconcord.qc import SampleFiles, write_pair_qc
from onconcord.qc.identity import Answer
from onconcord.qc.measures import contamination, infer_sex, sample_metrics
from onconcord.qc.pair import _judge
from onconcord.qc.thresholds import METRICS, check_thresholds, read_thresholds
from onconcord.runtime import checkout
from pair_specs import pair_spec
from text_rows import write_rows

SHIPPED = sorted((checkout.root() / "config/qc").glob("*.yaml"))


# ---------------------------------------------------------------------------------------------
# Measures


def write_sample(folder, name, depth=100.0, tumour=True, **numbers):
    """What samtools, mosdepth and GATK leave of one sample."""
    values = {
        "sequences": 1000,
        "reads mapped": 980,
        "reads duplicated": 98,
        "average quality": 36.1,
        "total length": 98000,
        "bases mapped (cigar)": 97000,
        "mismatches": 490,
        "error rate": 0.005,
        **numbers,
    }
    prefix = folder / name
    lines = [f"SN\t{key}:\t{value}\n" for key, value in values.items()]
    lines += [
        f"IS\t{size}\t{pairs}\t{pairs}\t0\t0\n" for size, pairs in ((200, 3), (250, 6), (300, 2))
    ]
    Path(f"{prefix}.stats.txt").write_text("".join(lines))
    write_rows(
        Path(f"{prefix}.mosdepth.summary.txt"),
        ("chrom", "length", "bases", "mean", "min", "max"),
        ("1_region", 100, 100, depth, 0, 200),
        ("total_region", 100, 100, depth, 0, 200),
    )
    write_rows(Path(f"{prefix}.regions.bed.gz"), ("1", 100, 200, depth))
    split = 110 if tumour else 120
    write_rows(
        Path(f"{prefix}.quantized.bed.gz"),
        ("1", 0, split, "1:10"),
        ("1", split, 1000, "10:inf"),
    )
    write_rows(
        Path(f"{prefix}.pileups.table"),
        ("contig", "position", "ref_count", "alt_count", "other_alt_count", "allele_frequency"),
    )
    inputs = write_rows(
        folder / f"{name}.inputs.tsv",
        ("file_role", "ordinal", "format", "bytes", "sha256", "reads"),
        ("fastq_1", 1, "fastq.gz", 10, "ab", 500),
        ("fastq_2", 1, "fastq.gz", 10, "cd", 500),
    )
    flagstat = folder / f"{name}.flagstat.json"
    keys = ("primary", "primary mapped", "paired in sequencing", "properly paired")
    passed, failed = dict(zip(keys, (990, 980, 990, 950), strict=True)), dict.fromkeys(keys, 0)
    failed |= {"primary": 10, "paired in sequencing": 10}
    flagstat.write_text(json.dumps({"QC-passed reads": passed, "QC-failed reads": failed}))
    return SampleFiles(prefix, inputs, flagstat)


def values_of(files):
    found = sample_metrics(files.prefix, files.inputs, files.flagstat, 10)
    return {name: (answer.value, answer.text) for name, answer in found.items()}


def test_metrics_of_a_sample(tmp_path):
    assert values_of(write_sample(tmp_path, "T")) == {
        "reads_total": (1000.0, None),
        "mapped_frac": (0.98, None),
        "proper_pair_frac": (0.95, None),
        "dup_frac": (0.1, None),
        "insert_median_bp": (250.0, None),
        "mean_base_quality": (36.1, None),
        "mismatch_frac": (0.005, None),
        "mean_target_coverage": (100.0, None),
        "target_min_depth_frac": (0.9, None),
    }


def test_what_was_not_measured_is_null_with_its_reason(tmp_path):
    numbers = {"reads mapped": 0, "reads duplicated": 0, "total length": 0, "mismatches": 0}
    files = write_sample(tmp_path, "T", depth=0.0, **numbers)
    Path(f"{files.prefix}.stats.txt").write_text(
        "".join(
            line
            for line in Path(f"{files.prefix}.stats.txt").read_text().splitlines(keepends=True)
            if line.startswith("SN")
        )
    )
    found = values_of(SampleFiles(files.prefix, files.inputs))
    assert found["mapped_frac"] == (None, "no flagstat of the whole alignment")
    assert found["dup_frac"] == (None, "no read on target")
    assert found["mean_base_quality"] == (None, "no read on target")
    assert found["insert_median_bp"] == (None, "no read pair on target")
    assert found["mismatch_frac"] == (
        None,
        "no mismatch seen: the alignments have no NM tags, or too few bases",
    )
    assert found["mean_target_coverage"] == (0.0, None)


@pytest.mark.parametrize(
    ("suffix", "text", "message"),
    [
        pytest.param(
            ".stats.txt",
            "SN\treads mapped:\t1\n",
            "not a whole report of samtools stats",
            id="stats",
        ),
        pytest.param(
            ".mosdepth.summary.txt",
            "chrom\tlength\tmean\n1\t5\t2.0\n",
            "has no line total_region",
            id="summary cut off",
        ),
        pytest.param(
            ".mosdepth.summary.txt",
            "nothing\n",
            "not a table with the columns chrom, length, mean",
            id="summary of another form",
        ),
        pytest.param(
            ".flagstat.json", "{}", "not a whole report of samtools flagstat", id="flagstat"
        ),
    ],
)
def test_a_report_that_is_cut_off_is_refused(tmp_path, suffix, text, message):
    files = write_sample(tmp_path, "T")
    Path(f"{files.prefix}{suffix}").write_text(text)
    with pytest.raises(ToolError, match=message):
        sample_metrics(files.prefix, files.inputs, files.flagstat, 10)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], (None, "no common site in the calling regions"), id="header alone"),
        pytest.param([("T", 0.0213, 0.004)], (0.0213, None), id="estimated"),
        pytest.param([("T", 0.0, 0.0001)], (0.0, None), id="measured as none"),
        pytest.param([("T", 0.0, 1.0)], (None, "too uncertain: standard error 1.00"), id="no site"),
        pytest.param([("T", "NaN", "NaN")], (None, "too uncertain: standard error nan"), id="NaN"),
    ],
)
def test_contamination_that_was_not_measured_is_null(tmp_path, rows, expected):
    table = write_rows(tmp_path / "c.table", ("sample", "contamination", "error"), *rows)
    found = contamination(table, "T", sites=len(rows), max_error=0.05)
    assert (found.value, found.text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("sample\tcontamination\terror\n", id="header alone"),
        pytest.param("sample\tcontamination\terror\nT\t0.0", id="cut off"),
        pytest.param("sample\tcontamination\terror\nT\t0.0\n", id="a value too few"),
        pytest.param("sample\tcontamination\terror\nX\t0.0\t0.1\n", id="another sample"),
    ],
)
def test_contamination_is_there_where_there_are_sites(tmp_path, text):
    table = tmp_path / "c.table"
    table.write_text(text)
    with pytest.raises(ToolError, match="of gatk CalculateContamination, which ended without"):
        contamination(table, "T", sites=5, max_error=0.05)


@pytest.mark.parametrize(
    ("of_x", "of_y", "expected"),
    [
        pytest.param((10**6, 100.0), (10**5, 0.5), "XX", id="female"),
        pytest.param((10**6, 50.0), (10**5, 45.0), "XY", id="male"),
        pytest.param((10**6, 50.0), (0, 0.0), "XY", id="targets without Y"),
        pytest.param(
            (10**6, 98.0),
            (10**5, 45.0),
            "unclear: X 0.98 and Y 0.45 of the autosomes' depth",
            id="XXY",
        ),
        pytest.param(
            (10**6, 72.0),
            (10**5, 0.0),
            "unclear: X 0.72 and Y 0.00 of the autosomes' depth",
            id="between",
        ),
        pytest.param(
            (500, 50.0), (10**5, 45.0), "no sex chromosomes in the targets", id="too little of X"
        ),
    ],
)
def test_sex_by_depth(tmp_path, of_x, of_y, expected):
    summary = write_rows(
        tmp_path / "summary.txt",
        ("chrom", "length", "mean"),
        ("1", 10**8, 3.0),
        ("1_region", 10**6, 120.0),
        ("2_region", 10**6, 80.0),
        ("X_region", *of_x),
        ("Y_region", *of_y),
    )
    found = infer_sex(summary)
    assert (found.value, found.text) == (None, expected)


# ---------------------------------------------------------------------------------------------
# Thresholds and verdicts


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_thresholds_are_whole(path):
    found = read_thresholds(path)
    gated = {metric for metric, _ in found.limits}
    assert {"mean_target_coverage", "contamination_frac", "identity_lod"} <= gated


def threshold(**changes):
    row = {
        "metric": "dup_frac",
        "applies_to": "tumour",
        "direction": "at_most",
        "warn": 0.4,
        "fail": 0.6,
    }
    return {**row, **changes}


def thresholds_with(*rows, **changes):
    sites = {"min_depth": 10, "min_informative": 20, "min_distance_bp": 10000}
    return {"callable_vaf": 0.1, "sites": sites, "thresholds": list(rows), **changes}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(thresholds_with(threshold(), threshold(applies_to="normal")), [], id="good"),
        pytest.param(
            {"callable_vaf": 0.1, "thresholds": []},
            ['q.yaml, "sites": missing, and required.'],
            id="no rules of sites",
        ),
        pytest.param(
            thresholds_with(extra=1),
            ['q.yaml, "extra": unknown key. Known here: callable_vaf, sites, thresholds.'],
            id="unknown key",
        ),
        pytest.param(
            thresholds_with(threshold(applies_to="sample"), threshold(warn="high")),
            [
                'q.yaml, "thresholds.0.applies_to": "sample" is not one of "tumour", "normal", '
                '"pair".',
                'q.yaml, "thresholds.1.warn": "high" is not a number or null.',
            ],
            id="all faults at once",
        ),
        pytest.param(
            thresholds_with(threshold(), threshold()),
            [
                'q.yaml, "thresholds.1": "dup_frac" of the tumour has two thresholds of one '
                "direction: give one."
            ],
            id="twice",
        ),
        pytest.param(
            thresholds_with(threshold(applies_to="pair")),
            [
                'q.yaml, "thresholds.0.applies_to": "dup_frac" applies to "tumour" or "normal", '
                'not to "pair".'
            ],
            id="metric of a sample",
        ),
        pytest.param(
            thresholds_with(threshold(metric="identity_lod")),
            [
                'q.yaml, "thresholds.0.applies_to": "identity_lod" applies to "pair", '
                'not to "tumour".'
            ],
            id="metric of a pair",
        ),
        pytest.param(
            thresholds_with(threshold(warn=0.6, fail=0.4)),
            ['q.yaml, "thresholds.0.fail": fail (0.4) is milder than warn (0.6): exchange them.'],
            id="limits exchanged",
        ),
    ],
)
def test_faults_of_thresholds(raw, expected):
    assert [str(fault) for fault in check_thresholds(raw, "q.yaml")] == expected


def test_thresholds_that_are_not_yaml_are_refused(tmp_path):
    path = tmp_path / "q.yaml"
    path.write_text("sites: [\n")
    with pytest.raises(InputError, match=r"^q\.yaml, line 2: not YAML"):
        read_thresholds(path)


def judge(folder, *rows, sex=None, normal="N", samples=None):
    """Verdict of a pair of which nothing is wrong but what the thresholds say."""
    samples = samples or {
        "tumour": write_sample(folder, "T"),
        "normal": write_sample(folder, "N", tumour=False),
    }
    path = folder / "q.yaml"
    path.write_text(yaml.safe_dump(thresholds_with(*rows)))
    table = write_rows(folder / "c.table", ("sample", "contamination", "error"), ("T", 0.03, 0.001))
    out = folder / "qc.json"
    write_pair_qc(pair_spec("T", normal, sex), path, samples, table, out)
    return json.loads(out.read_text())


@pytest.mark.parametrize(
    ("row", "status", "reasons"),
    [
        pytest.param(threshold(warn=0.1, fail=0.2), "PASS", [], id="at its limit"),
        pytest.param(
            threshold(warn=0.05, fail=0.2), "WARN", ["dup_frac"], id="beyond warn, and once"
        ),
        pytest.param(
            threshold(
                metric="callable_frac", applies_to="pair", direction="at_least", warn=0.95, fail=0.9
            ),
            "FAIL",
            ["callable_frac"],
            id="beyond fail",
        ),
        pytest.param(
            threshold(
                metric="identity_lod", applies_to="pair", direction="at_least", warn=3, fail=-3
            ),
            "WARN",
            ["identity_lod"],
            id="nobody has shown that it is one person",
        ),
        pytest.param(
            threshold(metric="reversal_lod", applies_to="pair", warn=-3, fail=3),
            "PASS",
            [],
            id="not measured changes no verdict",
        ),
        pytest.param(threshold(warn=None, fail=None), "PASS", [], id="no limit"),
    ],
)
def test_verdict_of_a_pair(tmp_path, row, status, reasons):
    found = judge(tmp_path, row)
    assert (found["pair"], found["status"], found["reasons"]) == ("T", status, reasons)


def test_every_metric_is_a_row_of_the_contract(tmp_path):
    found = judge(tmp_path, threshold(warn=0.05, fail=0.2))
    rows = {
        (row["entity_id"], row["subject_kind"], row["metric_id"]): row for row in found["metrics"]
    }
    assert len(rows) == len(found["metrics"])
    of_sample = {name for name, one in METRICS.items() if not one.of_pair}
    assert set(rows) == {
        *(("T", "sample", name) for name in of_sample),
        *(("N", "sample", name) for name in of_sample),
        *(("T", "pair", name) for name in METRICS if name not in of_sample),
    }
    assert rows["T", "sample", "dup_frac"] == {
        "subject_kind": "sample",
        "entity_id": "T",
        "metric_id": "dup_frac",
        "value": 0.1,
        "value_text": None,
        "unit": "1",
        "status": "WARN",
        "threshold_warn": 0.05,
        "threshold_fail": 0.2,
        "tool": "samtools",
    }
    assert rows["N", "sample", "dup_frac"]["status"] == "NA"
    lod = rows["T", "pair", "identity_lod"]
    assert (lod["value"], lod["value_text"], lod["status"]) == (
        None,
        "0 informative common sites, 20 needed",
        "NA",
    )


def test_a_tumour_without_a_normal_is_judged_on_its_own(tmp_path):
    found = judge(tmp_path, normal=None, samples={"tumour": write_sample(tmp_path, "T")})
    of_pair = {row["metric_id"]: row for row in found["metrics"] if row["subject_kind"] == "pair"}
    assert of_pair["callable_frac"]["value"] == 0.9
    for name in ("identity_sites", "identity_lod", "reversal_lod", "tumor_in_normal_frac"):
        assert (of_pair[name]["value"], of_pair[name]["value_text"]) == (
            None,
            "tumour without a normal",
        )
    assert of_pair["identity_lod"]["status"] == "NA"


@pytest.mark.parametrize(
    ("stated", "status"),
    [("female", "WARN"), ("male", "PASS"), ("other", "NA"), (None, "NA")],
)
def test_sex_is_held_against_the_sheet(tmp_path, stated, status):
    samples = {"tumour": write_sample(tmp_path, "T"), "normal": write_sample(tmp_path, "N")}
    with Path(tmp_path / "N.mosdepth.summary.txt").open("a") as handle:
        handle.write("X_region\t1000000\t1\t50.0\t0\t1\nY_region\t100000\t1\t45.0\t0\t1\n")
    found = judge(tmp_path, sex=stated, samples=samples)
    (row,) = [row for row in found["metrics"] if row["metric_id"] == "sex_inferred"]
    assert (row["value_text"], row["status"]) == ("XY", status)
    assert found["status"] == ("WARN" if status == "WARN" else "PASS")
    assert found["reasons"] == (["sex_inferred"] if status == "WARN" else [])


def metric(metric_id, **values):
    """A metric beyond its limits, as `qc_metric` holds it."""
    row = {"subject_kind": "pair", "entity_id": "TUM-SECRET", "value": None, "value_text": None}
    row |= {"unit": "1", "status": "FAIL", "threshold_warn": None, "threshold_fail": None}
    return qc.Metric(**(row | {"metric_id": metric_id, "tool": "x"} | values))


@pytest.mark.parametrize(
    ("role", "row", "expected"),
    [
        pytest.param(
            "tumour",
            metric("dup_frac", value=0.1, status="WARN", threshold_warn=0.05, threshold_fail=0.2),
            "WARN dup_frac of the tumour: 0.1 is above 0.05 (mapped reads on target that are "
            "duplicates): the library holds too few molecules: sequence a new one.",
            id="above",
        ),
        pytest.param(
            "pair",
            metric("callable_frac", value=0.8, threshold_warn=0.95, threshold_fail=0.9),
            "FAIL callable_frac of the pair: 0.8 is below 0.9 (target bases deep enough in "
            "every sample of the pair): variants elsewhere cannot be excluded: sequence the "
            "poorer sample deeper.",
            id="below",
        ),
        pytest.param(
            "pair",
            metric(
                "identity_lod", value_text="3 informative common sites, 20 needed", status="WARN"
            ),
            "WARN identity_lod of the pair: not measured, 3 informative common sites, 20 needed "
            "(log10 odds that tumour and normal are of one person): compare the samples with those "
            "of the other patients: two may be exchanged.",
            id="not measured",
        ),
        pytest.param(
            "pair",
            metric("sex_inferred", value_text="XY", status="WARN"),
            "WARN sex_inferred: the depth of X and Y is that of XY, the sheet says otherwise: "
            "compare sheet and sample: two may be exchanged.",
            id="sex",
        ),
    ],
)
def test_a_verdict_is_put_in_a_sentence_that_names_no_sample(role, row, expected):
    assert qc.verdict_sentence(role, row) == expected


def test_every_metric_is_documented():
    page = (checkout.root() / "docs/qc.md").read_text().partition("## Thresholds")[0]
    rows = {
        line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")
    }
    assert list(rows) == list(METRICS)
    for name, definition in METRICS.items():
        assert definition.meaning in rows[name]


def test_the_contract_has_every_metric_as_a_code():
    codes = contract.load().vocabularies["metric_id"]
    assert {name: code.label.lower() for name, code in codes.items()} == {
        name: definition.meaning.lower() for name, definition in METRICS.items()
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(20.0, ("FAIL", 25, 22), id="too low"),
        pytest.param(36.0, ("PASS", 25, 22), id="between"),
        pytest.param(50.0, ("WARN", 45, 60), id="high"),
        pytest.param(67.0, ("FAIL", 45, 60), id="of another scale"),
        pytest.param(None, ("NA", 25, 22), id="not measured"),
    ],
)
def test_a_metric_may_have_a_limit_at_each_end(tmp_path, value, expected):
    row = "{metric: mean_base_quality, applies_to: tumour, direction: "
    path = tmp_path / "q.yaml"
    path.write_text(
        "callable_vaf: 0.1\nsites: {min_depth: 1, min_informative: 1, min_distance_bp: 1}\n"
        "thresholds:\n"
        f"  - {row}at_least, warn: 25, fail: 22}}\n  - {row}at_most, warn: 45, fail: 60}}\n"
    )
    found = _judge("tumour", "T", "mean_base_quality", Answer(value), read_thresholds(path))
    assert (found.status, found.threshold_warn, found.threshold_fail) == expected
