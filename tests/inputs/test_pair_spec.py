"""The pair spec: the same JSON as ever, and every fault of one that is not as it should be."""

import json

import pytest

from onconcord.errors import InputError
from onconcord.inputs.pair_spec import PairSpec
from pair_specs import pair_spec


@pytest.mark.parametrize("normal", ["NOR", None])
def test_a_spec_is_read_as_it_was_written(normal):
    spec = pair_spec(normal=normal)
    assert PairSpec.from_json(spec.to_json()) == spec


def test_the_json_is_one_line_with_sorted_keys():
    text = pair_spec().to_json()
    raw = json.loads(text)
    assert text == json.dumps(raw, sort_keys=True)
    assert raw["parameters"]["callers"] == ["freebayes", "mutect2"]
    assert raw["tumour"]["lanes"][0] == {
        "read_group": "L1",
        "fastq_1": "/TUM_1.fq.gz",
        "fastq_2": "/TUM_2.fq.gz",
        "bam": None,
        "realign": False,
        "library": "TUM",
    }


def test_the_samples_are_those_that_there_are():
    assert list(pair_spec().samples) == ["tumour", "normal"]
    assert list(pair_spec(normal=None).samples) == ["tumour"]


def test_every_fault_is_named_at_once():
    raw = json.loads(pair_spec().to_json())
    raw["extra"] = 1
    del raw["centre"]
    raw["tumour"]["lanes"][0]["realign"] = 0
    raw["assay"]["padding"] = True
    raw["normal"] = "NOR"
    raw["parameters"]["decision"] = []
    with pytest.raises(InputError) as error:
        PairSpec.from_json(json.dumps(raw), "TUM.json")
    assert str(error.value).splitlines() == [
        'TUM.json, "assay.padding": true is not of the type int.',
        'TUM.json, "centre": the key is missing.',
        'TUM.json, "extra": unknown key; expected centre, pair, patient, stated, tumour, normal, '
        "assay, resources, reference, parameters.",
        'TUM.json, "normal": "NOR" is not of the type SampleSpec or null.',
        'TUM.json, "parameters.decision": [] is not of the type dict.',
        'TUM.json, "tumour.lanes.0.realign": 0 is not of the type bool.',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{", "TUM.json: not JSON", id="cut off"),
        pytest.param("[]", r"TUM.json: \[\] is not of the type PairSpec", id="a list"),
        pytest.param("null", "TUM.json: null is not of the type PairSpec", id="null"),
    ],
)
def test_what_is_no_spec_is_refused(tmp_path, text, expected):
    (tmp_path / "TUM.json").write_text(text)
    with pytest.raises(InputError, match=expected):
        PairSpec.read(tmp_path / "TUM.json")
