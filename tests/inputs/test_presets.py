"""Presets say what to download, and what they set is a configuration."""

import pytest
import yaml

from onconcord.inputs import config
from onconcord.runtime import checkout

PRESETS = sorted((checkout.root() / "config/presets").glob("*.yaml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_sets_keys_there_are_and_names_where_each_file_comes_from(path, tmp_path):
    preset = yaml.safe_load(path.read_text())
    raw = {
        "centre": "ONE",
        "reference": {"fasta": "g.fa", "build": path.stem, **preset["reference"]},
        "resources": preset["resources"],
    }
    assert config.check(tmp_path, raw).faults == ()
    assert all(set(one) == {"file", "from", "checksum", "licence"} for one in preset["download"])
    texts = [" ".join(one.values()) for one in preset["download"]]
    resources = {name: one for name, one in preset["resources"].items() if "fields" not in name}
    files = [name for one in resources.values() for name in config.files_of(one)]
    for file in (*files, preset["reference"]["transcripts"]):
        stem = file.split(".sites")[0]
        assert any(stem in text for text in texts), file
