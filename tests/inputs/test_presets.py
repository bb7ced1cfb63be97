"""Presets say what to download, with which checksum or why none, and set a configuration."""

import re

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
    keys = {"file", "from", "checksum", "why", "licence"}
    assert all(set(one) == keys for one in preset["download"])
    texts = [" ".join(one[key] for key in keys - {"checksum"}) for one in preset["download"]]
    resources = {name: one for name, one in preset["resources"].items() if "fields" not in name}
    files = [name for one in resources.values() for name in config.files_of(one)]
    for file in (*files, preset["reference"]["transcripts"]):
        stem = file.split(".sites")[0]
        assert any(stem in text for text in texts), file


CHROMOSOMES = [*map(str, range(1, 23)), "X", "Y"]


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_file_has_a_checksum_or_says_why_none(path):
    lines = [line.split("  ") for line in path.with_suffix(".md5").read_text().splitlines()]
    digests = {name: digest for digest, name in lines}
    assert len(set(digests.values())) == len(digests) == len(lines)
    assert all(re.fullmatch("[0-9a-f]{32}", digest) for digest in digests.values())
    listed = set()
    for one in yaml.safe_load(path.read_text())["download"]:
        assert one["why"], one["file"]
        if one["checksum"] == f"{path.stem}.md5":
            head, found, tail = one["file"].partition("{1-22,X,Y}")
            listed |= {f"{head}{name}{tail}" for name in CHROMOSOMES} if found else {head}
        elif one["checksum"] is not None:
            assert re.fullmatch("sha256:[0-9a-f]{64}", one["checksum"]), one["file"]
    assert set(digests) == listed
