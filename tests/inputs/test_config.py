"""The configuration: defaults, paths, and every fault at once in plain words."""

import stat
from pathlib import Path

import pytest
import yaml

from onconcord.errors import InputError
from onconcord.inputs import config, folder
from onconcord.inputs.stated import OF_ASSAY
from onconcord.runtime import checkout


def complete(tmp_path, **keys):
    return config.load(tmp_path, {"centre": "A", "reference": {"fasta": "g.fa"}, **keys})


def faults_of(tmp_path, raw):
    return [str(fault) for fault in config.check(tmp_path, raw).faults]


def test_a_minimal_configuration_has_every_default_and_absolute_paths(tmp_path):
    found = complete(tmp_path)
    defaults = yaml.safe_load((checkout.root() / "config/defaults.yaml").read_text())
    assert found["decision"] == defaults["decision"]
    assert found["samples"] == str(tmp_path / "samples.tsv")
    assert found["reference"]["fasta"] == str(tmp_path / "g.fa")
    assert found["reference"]["genes"] is None


def test_every_default_is_a_key_of_the_schema_and_every_other_key_is_required(tmp_path):
    assert faults_of(tmp_path, {}) == [
        'config.yaml, "centre": missing, and required. Code of the centre whose samples these '
        "are, where the sheet has no centre column.",
        'config.yaml, "reference.fasta": missing, and required. Genome as FASTA, plain or '
        "compressed with bgzip.",
    ]


def test_named_assays_replace_the_default_one_and_inherit_its_keys(tmp_path):
    found = complete(tmp_path, assays={"panel-1": {"strategy": "panel", "targets": "t.bed"}})
    assert found["assays"] == {
        "panel-1": {
            "strategy": "panel",
            "targets": str(tmp_path / "t.bed"),
            "padding": 100,
            "tumour_only": False,
            "duplicates": "mark",
            "qc": "wes",
            "model": "exome",
            **dict.fromkeys(OF_ASSAY),
        }
    }


def test_one_key_of_a_section_leaves_the_others_at_their_defaults(tmp_path):
    found = complete(tmp_path, decision={"min_tumour_depth": 30})
    assert found["decision"]["min_tumour_depth"] == 30
    assert found["decision"]["min_normal_depth"] == 8


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(
            {"decision": {"min_tumor_depth": 3}},
            'config.yaml, "decision.min_tumor_depth": unknown key. Did you mean '
            '"min_tumour_depth"? Known here: min_tumour_depth, min_normal_depth, '
            "min_tumour_vaf, max_population_af, fdr.",
            id="an unknown key, with the nearest one",
        ),
        pytest.param(
            {"assays": {"x": {"targetz": None}}},
            'config.yaml, "assays.x.targetz": unknown key. Did you mean "targets"? Known here: '
            "strategy, targets, padding, tumour_only, duplicates, qc, model, version, "
            "capture_kit, platform, instrument_model, read_length_bp, umi.",
            id="an unknown key of an assay",
        ),
        pytest.param(
            {"callers": ["mutect"]},
            'config.yaml, "callers": there is no caller "mutect". Did you mean "mutect2"? '
            f"Callers: {', '.join(checkout.callers())}.",
            id="a caller that does not exist",
        ),
        pytest.param(
            {"centre": 7},
            'config.yaml, "centre": 7 is not text. Put it in quotes.',
            id="a code that YAML reads as a number",
        ),
        pytest.param(
            {"centre": "Zürich"},
            'config.yaml, "centre": "Zürich" is not a code: use letters, digits, '
            "'.', '_' and '-', a letter or digit first.",
            id="a centre that is not ASCII",
        ),
        pytest.param(
            {"calling": {"min_base_quality": -1}},
            'config.yaml, "calling.min_base_quality": -1 is below 0, the lowest that makes sense.',
            id="too low",
        ),
        pytest.param(
            {"decision": {"min_tumour_vaf": 2}},
            'config.yaml, "decision.min_tumour_vaf": 2 is above 1, the highest that makes sense.',
            id="too high",
        ),
        pytest.param(
            {"alignment": {"format": "sam"}},
            'config.yaml, "alignment.format": "sam" is not one of "bam", "cram".',
            id="none of the choices",
        ),
        pytest.param(
            {"alignment": {"bqsr": True}},
            'config.yaml, "alignment.known_sites": is null, but alignment.bqsr is true and needs '
            "a VCF of known sites.",
            id="recalibration without known sites",
        ),
        pytest.param(
            {"assays": {"x": {"model": "exom"}}},
            'config.yaml, "assays.x.model": there are no models "exom". Did you mean "exome"? '
            "Models: {models}; or give the path of a .yaml file.",
            id="unknown model",
        ),
        pytest.param(
            {"assays": {"x": {"qc": "wess"}}},
            'config.yaml, "assays.x.qc": there are no thresholds "wess". Did you mean "wes"? '
            "Thresholds: {qc}; or give the path of a .yaml file.",
            id="unknown thresholds",
        ),
    ],
)
def test_a_fault_is_said_in_plain_words(tmp_path, raw, expected):
    names = sorted(path.stem for path in (checkout.root() / "config/qc").glob("*.yaml"))
    raw = {"centre": "A", "reference": {"fasta": "g.fa"}, **raw}
    models = sorted(path.stem for path in (checkout.root() / "config/models").glob("*.yaml"))
    expected = expected.replace("{qc}", ", ".join(names)).replace("{models}", ", ".join(models))
    assert faults_of(tmp_path, raw) == [expected]


def test_faults_of_all_sections_come_at_once(tmp_path):
    with pytest.raises(InputError) as error:
        config.load(tmp_path, {"centre": None, "callers": ["x"], "calling": {"shard_mb": 0}})
    assert [fault.column for fault in error.value.faults] == [
        "callers",
        "calling.shard_mb",
        "centre",
        "reference.fasta",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "centre: A\ncentre: B\n",
            'config.yaml, line 2: not YAML: the key "centre" is given twice.',
            id="a key twice",
        ),
        pytest.param(
            "centre: A\n[b, c]: B\n",
            "config.yaml, line 2: not YAML: a key is a word, not a list or a group.",
            id="a list for a key",
        ),
        pytest.param(
            "- a\n",
            "config.yaml: holds - a, expected keys such as centre and reference.",
            id="not a mapping",
        ),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text, expected):
    (tmp_path / "config.yaml").write_text(text)
    assert expected in [str(fault) for fault in config.check(tmp_path).faults]


WHOLE = """\
centre: A
reference:
  fasta: g.fa
decision:
  min_tumour_depth: ten   # text
  min_tumor_vaf: 0.1      # no such key
  min_tumour_vaf: 2       # too high
callers:
  - freebayes
  - mutect
assays:
  exome: {strategy: WES,
          qc: own.yaml}
alignment:
  bqsr: yes
"""
OWN_QC = """\
callable_vaf: 2
sites: {min_depth: 10, min_informative: 0, min_distance_bp: 1}
thresholds:
  - {metric: dup_frac, applies_to: tumour, direction: at_most, warn: 0.4, fail: high}
  - metric: dup_frac
    applies_to: tumour
    direction: most
    warn: 0.4
    fail: null
    why: x
"""


def test_every_fault_of_yaml_names_its_line(tmp_path):
    (tmp_path / "config.yaml").write_text(WHOLE)
    (tmp_path / "own.yaml").write_text(OWN_QC)
    faults = config.check(tmp_path).faults
    assert sorted((fault.source, fault.line, fault.column) for fault in faults) == [
        ("config.yaml", 5, "decision.min_tumour_depth"),
        ("config.yaml", 6, "decision.min_tumor_vaf"),
        ("config.yaml", 7, "decision.min_tumour_vaf"),
        ("config.yaml", 8, "callers"),
        ("config.yaml", 14, "alignment.known_sites"),
        ("own.yaml", 1, "callable_vaf"),
        ("own.yaml", 2, "sites.min_informative"),
        ("own.yaml", 4, "thresholds.0.fail"),
        ("own.yaml", 7, "thresholds.1.direction"),
        ("own.yaml", 10, "thresholds.1.why"),
    ]
    assert 'config.yaml, line 7, "decision.min_tumour_vaf": 2 is above 1' in str(InputError(faults))


def test_keys_of_another_group_may_be_taken_over(tmp_path):
    text = "assays:\n  a: &a\n    padding: 50\n    qc: wgs\n  b:\n    <<: *a\n    padding: x\n"
    (tmp_path / "config.yaml").write_text(f"centre: A\nreference: {{fasta: g.fa}}\n{text}")
    checked = config.check(tmp_path)
    assert checked.values["assays"]["b"]["qc"] == "wgs"
    assert [str(fault) for fault in checked.faults] == [
        'config.yaml, line 9, "assays.b.padding": "x" is not a whole number.'
    ]


def test_a_group_of_comments_alone_is_as_if_it_was_not_there(tmp_path):
    text = "centre: A\nreference: {fasta: g.fa}\nresources:\n  # clinical: x.vcf\ndecision:\n"
    (tmp_path / "config.yaml").write_text(text)
    values = config.load(tmp_path)
    assert values["decision"] == config.defaults()["decision"]
    assert values["resources"] == config.defaults()["resources"]


@pytest.mark.parametrize(
    ("text", "meant"), [("1e-3", "0.001"), ("5%", "0.05"), ('"0,05"', "0.05"), ("a half", None)]
)
def test_how_a_number_is_written_is_said(tmp_path, text, meant):
    written = f"centre: A\nreference: {{fasta: g.fa}}\ndecision:\n  fdr: {text}\n"
    (tmp_path / "config.yaml").write_text(written)
    hint = f" YAML takes it for text: write {meant}." if meant else ""
    shown = text.strip('"')
    assert [str(fault) for fault in config.check(tmp_path).faults] == [
        f'config.yaml, line 4, "decision.fdr": "{shown}" is not a number.{hint}'
    ]


def test_of_a_file_that_is_no_yaml_nothing_else_is_said(tmp_path):
    (tmp_path / "config.yaml").write_bytes(b"centre: A\n# \xe9\n")
    assert [str(fault) for fault in config.check(tmp_path).faults] == [
        "config.yaml, line 2: byte 13 is not UTF-8: save it as UTF-8."
    ]


def test_a_key_that_is_missing_has_the_line_of_its_group(tmp_path):
    (tmp_path / "config.yaml").write_text("# a comment\ncentre: A\n\nreference:\n  genes: x.gtf\n")
    (fault,) = config.check(tmp_path).faults
    assert (fault.line, fault.column) == (4, "reference.fasta")


def test_values_that_snakemake_was_given_have_no_line(tmp_path):
    (tmp_path / "config.yaml").write_text("centre: A\n")
    (fault, *_) = config.check(tmp_path, {"centre": 7}).faults
    assert (fault.line, fault.column) == (0, "centre")


def test_yaml_that_points_to_itself_is_read_and_refused(tmp_path):
    (tmp_path / "config.yaml").write_text("callers: &x\n  - *x\n")
    assert ("callers.0", 1) in [(f.column, f.line) for f in config.check(tmp_path).faults]


def test_a_folder_without_a_configuration_says_how_to_get_one(tmp_path):
    message = f'there is no such file in {tmp_path}: "onconcord init DIR" writes one.'
    assert f"config.yaml: {message}" in [str(fault) for fault in config.check(tmp_path).faults]


def test_init_writes_a_configuration_that_lacks_only_what_a_centre_must_say(tmp_path):
    made = folder.write_templates(tmp_path / "new")
    assert [path.name for path in made] == ["config.yaml", "samples.tsv"]
    assert [fault.column for fault in config.check(tmp_path / "new").faults] == [
        "centre",
        "reference.fasta",
    ]
    defaults = yaml.safe_load((checkout.root() / "config/defaults.yaml").read_text())
    written = yaml.safe_load(made[0].read_text())
    assert {key: value for key, value in written.items() if key not in ("centre", "reference")} == {
        key: value for key, value in defaults.items() if key != "reference"
    }


def test_init_makes_a_folder_for_its_owner_alone_and_leaves_another_as_it_is(tmp_path):
    folder.write_templates(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    (tmp_path / "old").mkdir()
    (tmp_path / "old").chmod(0o750)
    folder.write_templates(tmp_path / "old")
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o750


def test_init_says_where_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/new: cannot be written \(Not a directory\)"):
        folder.write_templates(tmp_path / "file/new")


def test_init_overwrites_nothing(tmp_path):
    (tmp_path / "samples.tsv").write_text("mine")
    with pytest.raises(InputError, match=r"samples\.tsv: is there already, and is not overwritten"):
        folder.write_templates(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["samples.tsv"]


def test_the_page_about_the_configuration_is_what_the_schema_says():
    page = Path(checkout.root() / "docs/configuration.md").read_text()
    assert page == folder.config_page(), (
        'run: python -c "from onconcord.inputs.folder import config_page; '
        "print(config_page(), end='')\" > docs/configuration.md"
    )
