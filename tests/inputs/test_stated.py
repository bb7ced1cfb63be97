"""What a centre states of patients, samples and assays: taken as codes and numbers, or refused."""

import pytest

from onconcord import contract
from onconcord.inputs import cohort, config
from onconcord.inputs.stated import OF_ASSAY, STATED

CELLS = {
    "age": ("63", 63),
    "vital_status": ("deceased", "deceased"),
    "sample_type": ("metastasis", "metastasis"),
    "preservation": ("ffpe", "ffpe"),
    "tissue": ("UBERON:0000310", "UBERON:0000310"),
    "diagnosis_ncit": ("C4194", "C4194"),
    "diagnosis_icdo3": ("8500/3", "8500/3"),
    "days_from_index": ("-14", -14),
    "cellularity": ("0.6", 0.6),
    "ega": ("EGAN00001234567", "EGAN00001234567"),
}
"""A good cell of each column, and what it becomes."""
HEADER = ["patient", "sample", "role", "read_group", "fastq_1", "fastq_2"]


def sheet(tmp_path, column, tumour, normal="", second=""):
    rows = [
        [*HEADER, column],
        ["P1", "T1", "tumour", "L1", "t_1.gz", "t_2.gz", tumour],
        ["P1", "T2", "tumour", "L1", "u_1.gz", "u_2.gz", second],
        ["P1", "N1", "normal", "L1", "n_1.gz", "n_2.gz", normal],
    ]
    (tmp_path / "samples.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    return tmp_path, {"centre": "A", "reference": {"fasta": "g.fa"}}


def faults_of(*given, **more):
    return [str(fault) for fault in cohort.check(*sheet(*given, **more))[1]]


def test_every_column_goes_to_a_column_of_the_contract():
    tables = contract.load().tables
    names = {name: {field.name for field in tables[name].fields} for name in tables}
    assert CELLS.keys() == STATED.keys()
    assert [one.field for one in STATED.values() if one.field not in names[one.table]] == []
    assert set(OF_ASSAY.values()) <= names["assay"]


@pytest.mark.parametrize("column", CELLS)
def test_a_good_cell_stands_in_the_spec_under_the_name_of_its_column(tmp_path, column):
    text, value = CELLS[column]
    spec = cohort.pair_spec(cohort.load(*sheet(tmp_path, column, text)), "T1")
    one = STATED[column]
    assert spec.stated == ({one.field: value} if one.table == "subject" else {})
    assert spec.tumour.stated == ({one.field: value} if one.table == "sample" else {})
    assert spec.normal.stated == {}


def test_what_one_sample_says_of_its_patient_every_pair_knows(tmp_path):
    known = cohort.load(*sheet(tmp_path, "age", "", normal="70"))
    assert [cohort.pair_spec(known, pair).stated for pair in known.pairs] == 2 * [
        {"age_years_at_index": 70}
    ]


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("age", "6x", "no whole number from 0 to 120: expected one such as 63."),
        ("age", "121", "no whole number from 0 to 120: expected one such as 63."),
        ("age", "1962-03-04", "no whole number from 0 to 120: expected one such as 63."),
        ("vital_status", "Alive", 'not one of "alive", "deceased". Did you mean "alive"?'),
        ("preservation", "frozen", 'not one of "ffpe", "fresh_frozen", "blood", "other".'),
        ("tissue", "breast", "not such a code: expected one such as UBERON:0000310."),
        ("diagnosis_ncit", "carcinoma", "not such a code: expected one such as C4194."),
        ("diagnosis_icdo3", "a word", "not such a code: expected one such as 8500/3."),
        ("days_from_index", "36526", "no whole number from -36525 to 36525: expected one such as"),
        ("days_from_index", "20240102", "no whole number from -36525 to 36525: expected one such"),
        ("days_from_index", "1.5", "no whole number from -36525 to 36525: expected one such as"),
        ("cellularity", "60", "no number from 0 to 1: expected one such as 0.6."),
        ("cellularity", "inf", "no number from 0 to 1: expected one such as 0.6."),
        ("ega", "EGA1", "not such a code: expected one such as EGAN00001234567."),
    ],
)
def test_a_cell_that_is_no_value_of_its_column_is_refused_with_its_line(
    tmp_path, column, cell, message
):
    (found,) = faults_of(tmp_path, column, cell)
    assert found.startswith(f'samples.tsv, line 2, column "{column}": "{cell}" is {message}')


def test_every_fault_is_said_at_once(tmp_path):
    found = faults_of(tmp_path, "age", "old", "young")
    assert [one.split(":")[0] for one in found] == [
        'samples.tsv, line 2, column "age"',
        'samples.tsv, line 4, column "age"',
    ]


def test_a_normal_has_no_tumour_cells(tmp_path):
    (found,) = faults_of(tmp_path, "cellularity", "", "0.4")
    assert found == (
        'samples.tsv, line 4, column "cellularity": a normal has none: leave it empty.'
    )


def test_a_patient_of_two_ages_is_refused(tmp_path):
    (found,) = faults_of(tmp_path, "age", "63", second="64")
    assert found == (
        'samples.tsv, line 3, column "age": patient "P1" has "63", "64" here and there: '
        "expected one."
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("capture_kit", "a kit", '"a kit" is not a code: use'),
        ("platform", "run.2024-05-06", '"run.2024-05-06" has a date in it, which does not leave'),
        ("read_length_bp", 0, "0 is below 1, the lowest that makes sense."),
        ("umi", "yes", '"yes" is not true or false or null.'),
    ],
)
def test_an_assay_is_described_by_codes(tmp_path, key, value, message):
    raw = {"centre": "A", "reference": {"fasta": "g.fa"}, "assays": {"x": {key: value}}}
    (found,) = (str(fault) for fault in config.check(tmp_path, raw).faults)
    assert found.startswith(f'config.yaml, "assays.x.{key}": {message}')


def test_a_described_assay_stands_in_the_spec(tmp_path):
    folder, raw = sheet(tmp_path, "age", "")
    raw["assays"] = {"x": {"capture_kit": "SureSelect-V6", "read_length_bp": 150, "umi": False}}
    spec = cohort.pair_spec(cohort.load(folder, raw), "T1")
    said = {"capture_kit": "SureSelect-V6", "read_length_bp": 150, "umi": False}
    assert {key: value for key, value in spec.assay.stated.items() if value is not None} == said
