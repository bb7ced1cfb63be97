"""The sample sheet: what pairs come of it, and every fault with its line."""

import time
from dataclasses import asdict

import pytest

from onconcord.errors import InputError
from onconcord.inputs import cohort
from onconcord.inputs.sheet_rows import COLUMNS
from onconcord.inputs.stated import OF_ASSAY

HEADER = "patient sample role read_group fastq_1 fastq_2"
PAIR = ["P1 T1 tumour L1 t_1.gz t_2.gz", "P1 N1 normal L1 n_1.gz n_2.gz"]


def working_folder(tmp_path, rows, header=HEADER, **config):
    """A folder whose sheet has these rows; cells are separated by spaces, "-" is an empty cell."""
    lines = [line.replace(" ", "\t").replace("-\t", "\t") for line in (header, *rows)]
    lines = [line[:-1] if line.endswith("\t-") else line for line in lines]
    (tmp_path / "samples.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path, {"centre": "A", "reference": {"fasta": "g.fa"}, **config}


def load(tmp_path, rows, **more):
    return cohort.load(*working_folder(tmp_path, rows, **more))


def faults_of(tmp_path, rows, **more):
    return [
        str(fault) for fault in sorted(cohort.check(*working_folder(tmp_path, rows, **more))[1])
    ]


def test_every_tumour_of_a_patient_is_a_pair_with_its_one_normal(tmp_path):
    found = load(tmp_path, ["P1 T2 tumour L1 x_1.gz x_2.gz", *PAIR])
    assert {
        pair.pair_id: (pair.tumour.sample_id, pair.normal.sample_id)
        for pair in found.pairs.values()
    } == {"T1": ("T1", "N1"), "T2": ("T2", "N1")}
    assert list(found.pairs) == ["T1", "T2"]
    assert found.centres == ("A",)


def test_a_tumour_alone_is_a_pair_where_the_assay_allows_it(tmp_path):
    found = load(tmp_path, PAIR[:1], assays={"x": {"tumour_only": True}})
    assert found.pairs["T1"].normal is None
    assert found.pairs["T1"].assay == "x"


def test_lanes_are_in_the_order_of_their_read_groups_and_paths_start_at_the_sheet(tmp_path):
    found = load(tmp_path, ["P1 T1 tumour L2 b_1.gz b_2.gz", *PAIR])
    assert [(lane.read_group, lane.fastq_1) for lane in found.samples["T1"].lanes] == [
        ("L1", str(tmp_path / "t_1.gz")),
        ("L2", str(tmp_path / "b_1.gz")),
    ]


def test_leading_zeros_survive(tmp_path):
    found = load(tmp_path, ["007 0012 tumour 01 a.gz b.gz", "007 0013 normal 01 c.gz d.gz"])
    assert found.pairs["0012"].patient == "007"
    assert found.samples["0012"].lanes[0].read_group == "01"


def test_what_spreadsheet_programs_do_to_a_sheet_is_taken_in_stride(tmp_path):
    plain = load(tmp_path, PAIR)
    text = (tmp_path / "samples.tsv").read_text().rstrip("\n").replace("\n", " \t\t\r\n")
    text = f"\ufeff{text}\r\n\t\t\t\r\n"
    (tmp_path / "samples.tsv").write_text(text, encoding="utf-8", newline="")
    assert cohort.load(tmp_path, plain_config()) == plain


def plain_config():
    return {"centre": "A", "reference": {"fasta": "g.fa"}}


def test_one_patient_id_in_two_centres_is_two_patients(tmp_path):
    rows = [
        "P1 T1 tumour L1 a.gz b.gz A",
        "P1 N1 normal L1 c.gz d.gz A",
        "P1 T2 tumour L1 e.gz f.gz B",
        "P1 N2 normal L1 g.gz h.gz B",
    ]
    found = load(tmp_path, rows, header=f"{HEADER} centre")
    assert found.centres == ("A", "B")
    assert found.pairs["T2"].normal.sample_id == "N2"


def test_the_pair_spec_holds_everything_and_no_other_pair(tmp_path):
    spec = cohort.pair_spec(load(tmp_path, [*PAIR, *more_pair()]), "T1")
    assert asdict(spec.tumour) == {
        "sample": "T1",
        "role": "tumour",
        "library": None,
        "specimen": None,
        "sex": None,
        "diagnosis": None,
        "consent": None,
        "stated": {},
        "lanes": (
            {
                "read_group": "L1",
                "fastq_1": str(tmp_path / "t_1.gz"),
                "fastq_2": str(tmp_path / "t_2.gz"),
                "bam": None,
                "realign": False,
                "library": "T1",
            },
        ),
    }
    assert (spec.centre, spec.pair, spec.patient) == ("A", "T1", "P1")
    assert asdict(spec.assay) == {
        "assay_id": "default",
        "kits": ("default",),
        "strategy": "WES",
        "padding": 100,
        "tumour_only": False,
        "duplicates": "mark",
        "qc": "wes",
        "stated": dict.fromkeys(OF_ASSAY.values()),
    }
    assert spec.resources.fasta == str(tmp_path / "g.fa")
    assert "T9" not in str(spec)


def more_pair():
    return ["P9 T9 tumour L1 y_1.gz y_2.gz", "P9 N9 normal L1 z_1.gz z_2.gz"]


def test_no_path_and_no_id_is_among_the_parameters(tmp_path):
    raw = {"alignment": {"bqsr": True, "known_sites": "k.vcf"}}
    spec = cohort.pair_spec(load(tmp_path, PAIR, **raw), "T1")
    assert spec.resources.known_sites == str(tmp_path / "k.vcf")
    assert str(tmp_path) not in str(spec.parameters)
    assert spec.parameters.alignment == {"format": "bam", "bqsr": True, "realigned": []}


def test_aligning_a_bam_again_is_a_parameter(tmp_path):
    header = "patient sample role read_group bam realign"
    rows = ["P1 T1 tumour L1 t.bam yes", "P1 N1 normal L1 n.bam no"]
    spec = cohort.pair_spec(load(tmp_path, rows, header=header), "T1")
    assert spec.parameters.alignment["realigned"] == ["tumour"]


KNOWN = ", ".join(COLUMNS)


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        pytest.param(
            "patient sample role fastq_1 fastq_2",
            ["P1 T1 tumour a.gz b.gz", "P1 N1 normal c.gz d.gz"],
            [
                'samples.tsv, line 1, column "read_group": this column is missing, and required.',
            ],
            id="a column is missing",
        ),
        pytest.param(
            "patient sample read_group fastq_1 fastq_2",
            ["P1 T1 L1 a.gz b.gz", "P1 N1 L1 c.gz d.gz"],
            ['samples.tsv, line 1, column "role": this column is missing, and required.'],
            id="a column is missing, which is no fault of each row",
        ),
        pytest.param(
            "patient sampel role read_group fastq_1 fastq_2",
            PAIR,
            [
                'samples.tsv, line 1, column "sampel": unknown column. Did you mean "sample"? '
                f"Known: {KNOWN}."
            ],
            id="a column is misspelled, and its cells are still read",
        ),
        pytest.param(
            f"{HEADER} role",
            [f"{row} tumour" for row in PAIR],
            ['samples.tsv, line 1, column "role": this column is there twice: keep one.'],
            id="a column is there twice",
        ),
        pytest.param(
            HEADER,
            [*PAIR, "P1 T1 tumour L1 x_1.gz x_2.gz"],
            [
                'samples.tsv, line 4, column "read_group": lane "L1" of sample "T1" is there '
                "already, on line 2: remove one, or give it its own read group."
            ],
            id="a lane is there twice",
        ),
        pytest.param(
            HEADER,
            [*PAIR, "P2 T1 tumour L2 x_1.gz x_2.gz"],
            [
                'samples.tsv, line 4, column "patient": sample "T1" has "P2" here and "P1" on '
                "line 2: one sample has one patient."
            ],
            id="a sample of two patients",
        ),
        pytest.param(
            HEADER,
            [*PAIR, *more_pair()[:1], "P9 N1 normal L2 z_1.gz z_2.gz"],
            [
                'samples.tsv, line 4, column "role": patient "P9" has the tumour T9 and no normal: '
                'name its normal, or set "tumour_only: true" for assay "default".',
                'samples.tsv, line 5, column "patient": sample "N1" has "P9" here and "P1" on '
                "line 3: one sample has one patient.",
            ],
            id="a normal of another patient",
        ),
        pytest.param(
            HEADER,
            [PAIR[0], "P1 N1 normall L1 n_1.gz n_2.gz"],
            [
                'samples.tsv, line 3, column "role": "normall" is neither "tumour" nor "normal". '
                'Did you mean "normal"?'
            ],
            id="a role is misspelled",
        ),
        pytest.param(
            HEADER,
            PAIR[:1],
            [
                'samples.tsv, line 2, column "role": patient "P1" has the tumour T1 and no normal: '
                'name its normal, or set "tumour_only: true" for assay "default".'
            ],
            id="a tumour without the normal that its assay needs",
        ),
        pytest.param(
            HEADER,
            PAIR[1:],
            [
                'samples.tsv, line 2, column "role": patient "P1" has the normal N1 and no tumour: '
                "add the tumour, or remove the line."
            ],
            id="a normal without a tumour",
        ),
        pytest.param(
            HEADER,
            [*PAIR, "P1 N2 normal L1 x_1.gz x_2.gz"],
            [
                'samples.tsv, line 4, column "role": patient "P1" has the normals N1 and N2: keep '
                "one, or give both one sample id and different read groups."
            ],
            id="two normals",
        ),
        pytest.param(
            HEADER,
            ["Müller T1 tumour L1 a.gz b.gz", "Müller N1 normal L1 c.gz d.gz"],
            [
                f'samples.tsv, line {line}, column "patient": "Müller" has "ü": ids are plain '
                "ASCII, since they become file names."
                for line in (2, 3)
            ],
            id="an id that is not ASCII",
        ),
        pytest.param(
            HEADER,
            ["P1 ../T1 tumour L1 a.gz b.gz", PAIR[1]],
            [
                'samples.tsv, line 2, column "sample": "../T1" is not an id: use letters, digits, '
                '".", "_" and "-", a letter or digit first.'
            ],
            id="an id that would leave the folder",
        ),
        pytest.param(
            HEADER,
            [f"{PAIR[0]} extra", PAIR[1]],
            ['samples.tsv, line 2: 7 cells, but the header has 6: "extra".'],
            id="more cells than columns",
        ),
        pytest.param(
            f"{HEADER} bam",
            [f"{PAIR[0]} t.bam", f"{PAIR[1]} -"],
            [
                'samples.tsv, line 2, column "bam": a row has FASTQ or a BAM, not both: leave one '
                "of them empty."
            ],
            id="FASTQ and BAM in one row",
        ),
        pytest.param(
            f"{HEADER} specimen",
            [f"{PAIR[0]} S1", f"{PAIR[1]} S1"],
            [
                'samples.tsv, line 3, column "specimen": specimen "S1" is of role "normal" here '
                'and of role "tumour" on line 2 (sample "T1"): a specimen has one role, so one of '
                "the two rows is wrong."
            ],
            id="one specimen is tumour and normal",
        ),
        pytest.param(
            f"{HEADER} sex",
            [f"{PAIR[0]} male", f"{PAIR[1]} female"],
            [
                'samples.tsv, line 3, column "sex": patient "P1" has the sexes "female", "male": '
                "expected one."
            ],
            id="two sexes of one patient",
        ),
        pytest.param(
            f"{HEADER} assay",
            [f"{PAIR[0]} defalt", f"{PAIR[1]} defalt"],
            [
                f'samples.tsv, line {line}, column "assay": there is no assay "defalt" in '
                'config.yaml. Did you mean "default"? Assays: default.'
                for line in (2, 3)
            ],
            id="an assay that does not exist",
        ),
    ],
)
def test_a_faulty_sheet_is_refused_with_line_and_column(tmp_path, header, rows, expected):
    assert faults_of(tmp_path, rows, header=header) == expected


def test_an_id_that_means_no_value_is_refused_before_everything_is_called(tmp_path):
    rows = [PAIR[0].replace("T1", "NA") + " NaN", PAIR[1] + " lib1"]
    assert faults_of(tmp_path, rows, header=f"{HEADER} library") == [
        f'samples.tsv, line 2, column "{column}": "{word}" means in a table that there is no '
        f"value: {advice}."
        for column, word, advice in (
            ("library", "NaN", "leave it empty"),
            ("sample", "NA", "give another id"),
        )
    ]
    header = f"{HEADER} bam specimen diagnosis sex"
    rows = [f"{PAIR[0]} . NA None N/A", f"{PAIR[1]} - - - -"]
    assert faults_of(tmp_path, rows, header=header) == [
        f'samples.tsv, line 2, column "{column}": "{word}" means in a table that there is no '
        "value: leave it empty."
        for column, word in (
            *(("bam", "."), ("diagnosis", "None"), ("sex", "N/A"), ("specimen", "NA")),
        )
    ]
    words = ["null T9 tumour 1e5 a b", "null TRUE normal L1 c d"]
    assert faults_of(tmp_path, words) == []


def test_an_id_that_no_name_of_a_file_has_room_for_is_refused(tmp_path):
    rows = [PAIR[0].replace("T1", "T" * 81), PAIR[1].replace("N1", "N" * 80)]
    assert faults_of(tmp_path, rows) == [
        f'samples.tsv, line 2, column "sample": "{"T" * 40}..." has 81 signs: ids become parts of '
        "file names, so they have at most 80."
    ]


def test_a_bam_taken_as_it_is_must_be_the_only_row_of_its_sample(tmp_path):
    header = "patient sample role read_group bam"
    rows = ["P1 T1 tumour L1 a.bam", "P1 T1 tumour L2 b.bam", "P1 N1 normal L1 c.bam"]
    assert faults_of(tmp_path, rows, header=header) == [
        'samples.tsv, line 2, column "bam": sample "T1" has 2 rows, and a BAM that is taken as it '
        'is must be its only one: write "yes" under "realign" to align it with the others.'
    ]


def test_assays_of_one_sheet_have_targets_of_their_own_and_a_pair_of_two_kits_has_both(tmp_path):
    rows = [
        *(f"{row} {assay}" for row, assay in zip([*PAIR, *more_pair()], "xyzz", strict=True)),
        "P9 T8 tumour L1 x_1.gz x_2.gz x",
    ]
    assays = {
        "x": {"targets": "t.bed", "capture_kit": "V6", "platform": "ILLUMINA", "padding": 7},
        "y": {"targets": "u.bed", "capture_kit": "V7", "platform": "ILLUMINA"},
        "z": {"targets": "t.bed"},
    }
    found = load(tmp_path, rows, header=f"{HEADER} assay", assays=assays)
    assert found.kits == {"x+y": ("x", "y"), "x": ("x",), "z": ("z",)}
    assert found.pairs["T8"].assay == "x", "its normal is of another assay with the same targets"
    spec = cohort.pair_spec(found, "T1")
    assert (spec.assay.assay_id, spec.assay.padding) == ("x+y", 7)
    assert spec.resources.targets == (str(tmp_path / "t.bed"), str(tmp_path / "u.bed"))
    stated = spec.assay.stated
    assert (stated["capture_kit"], stated["platform"]) == (None, "ILLUMINA")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            b"patient,sample,role\n",
            "samples.tsv, line 1: the header has no tab: save it as tab-separated text.",
            id="commas",
        ),
        pytest.param(
            "patient\tsample\nPaci\xf1o\n".encode("latin-1"),
            "samples.tsv, line 2: byte 20 is not UTF-8: save it as tab-separated UTF-8.",
            id="another encoding",
        ),
        pytest.param(
            HEADER.replace(" ", "\t").encode(),
            "samples.tsv: has no sample: write one line per lane under the header, see "
            "docs/samples.md.",
            id="only a header",
        ),
    ],
)
def test_a_file_that_is_no_sheet_is_refused(tmp_path, content, expected):
    (tmp_path / "samples.tsv").write_bytes(content)
    assert expected in [str(fault) for fault in cohort.check(tmp_path, plain_config())[1]]


def test_faults_of_configuration_and_sheet_come_together(tmp_path):
    folder, raw = working_folder(tmp_path, [PAIR[0], "P1 N1 norm L1 n_1.gz n_2.gz"])
    with pytest.raises(InputError) as error:
        cohort.load(folder, {**raw, "centre": None})
    assert [fault.source for fault in error.value.faults] == ["config.yaml", "samples.tsv"]


def test_a_thousand_pairs_are_read_in_a_second(tmp_path):
    rows = [
        f"P{number} {role[0]}{number} {role} L{lane} {role}{number}{lane}_1 {role}{number}{lane}_2"
        for number in range(1000)
        for role in ("tumour", "normal")
        for lane in (1, 2)
    ]
    folder, raw = working_folder(tmp_path, rows)
    before = time.process_time()
    found = cohort.load(folder, raw)
    assert len(found.pairs) == 1000
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        pytest.param(
            "diagnosis",
            "C50.9",
            '"C50.9" is not an OncoTree code: expected one such as BRCA or COAD (capital letters, '
            "digits and _). Other diagnoses and free text do not leave a centre.",
            id="another code of a diagnosis",
        ),
        pytest.param(
            "consent",
            "broad-consent",
            '"broad-consent" is not a data use code: expected one with its source before it, such '
            "as DUO:0000042 or DUO_GRU. Free text does not leave a centre.",
            id="consent in words",
        ),
        pytest.param(
            "library",
            "lib.2024-05-06",
            '"lib.2024-05-06" has a date in it, which does not leave a centre: rename it.',
            id="a date",
        ),
    ],
)
def test_what_a_release_will_refuse_is_refused_before(tmp_path, column, value, expected):
    rows = [f"{row} {value if at == 0 else '-'}" for at, row in enumerate(PAIR)]
    found = faults_of(tmp_path, rows, header=f"{HEADER} {column}")
    assert found == [f'samples.tsv, line 2, column "{column}": {expected}']


@pytest.mark.parametrize(("column", "value"), [("diagnosis", "BRCA"), ("consent", "DUO:0000042")])
def test_codes_that_a_release_takes_are_taken(tmp_path, column, value):
    rows = [f"{row} {value if at == 0 else '-'}" for at, row in enumerate(PAIR)]
    assert faults_of(tmp_path, rows, header=f"{HEADER} {column}") == []
