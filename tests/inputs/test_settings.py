"""Settings as files: they change when, and only when, what they hold does."""

import json
import os
import re

import pytest

from onconcord.inputs import cohort as cohorts
from onconcord.inputs.settings import keep_settings, setting_file
from onconcord.runtime import checkout

ROOT = checkout.root()
RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", re.M | re.S)
USED = re.compile(r'config\["(\w+)"\]\["(\w+)"\]')


def times(folder):
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in (folder / "results/0_inputs").rglob("*.json")
    }


def kept(folder):
    """Keep the settings of a folder; every file is then as old as can be."""
    keep_settings(cohorts.load(folder))
    changed = {path for path, time in times(folder).items() if time}
    for path in changed:
        os.utime(folder / path, ns=(0, 0))
    return changed


def test_a_setting_that_changes_is_written_and_no_other(folder):
    assert str(setting_file("calling.min_base_quality")) in kept(folder)
    assert kept(folder) == set()
    config = folder / "config.yaml"
    config.write_text(config.read_text() + "\ncalling:\n  min_base_quality: 17\n")
    assert kept(folder) == {str(setting_file("calling.min_base_quality"))}
    assert json.loads((folder / setting_file("calling.min_base_quality")).read_text()) == 17


def test_reads_that_are_replaced_by_others_with_an_old_time_are_noticed(folder):
    kept(folder)
    reads = next(folder.glob("t_1.gz"))
    before = reads.stat()
    reads.write_bytes(reads.read_bytes() + b"more")
    os.utime(reads, ns=(before.st_atime_ns, before.st_mtime_ns))
    changed = kept(folder)
    assert len(changed) == 1
    assert changed.pop().startswith("results/0_inputs/samples/")


def test_a_pair_spec_that_is_outdated_is_removed(folder):
    cohort = cohorts.load(folder)
    keep_settings(cohort)
    (pair,) = cohort.pairs
    spec = folder / f"results/0_inputs/{pair}.json"
    spec.write_text(cohorts.pair_spec(cohort, pair).to_json() + "\n")
    keep_settings(cohort)
    assert spec.exists()
    spec.write_text(spec.read_text().replace('"min_tumour_vaf": 0.02', '"min_tumour_vaf": 0.6'))
    keep_settings(cohort)
    assert not spec.exists()


def rules():
    for path in sorted(ROOT.glob("workflow/**/*.smk")):
        for name, body in RULE.findall(path.read_text()):
            yield pytest.param(body, id=f"{path.parent.name}/{path.stem}:{name}")


@pytest.mark.parametrize("body", rules())
def test_a_rule_that_uses_a_key_has_its_file_or_the_pair_spec_as_input(body):
    for section, key in USED.findall(body):
        assert f'"{section}.{key}"' in body or "results/0_inputs/{pair}.json" in body
