"""Settings as files: they change when, and only when, what they hold does."""

import gzip
import json
import os
import re

import pytest
import yaml

from onconcord.compressed import BGZF_END
from onconcord.files import file_sha256
from onconcord.inputs import cohort as cohorts
from onconcord.inputs.preflight import check_inputs
from onconcord.inputs.settings import keep_settings, outdated_settings, setting_file
from onconcord.reads.account import LaneFiles, count_reads, write_inputs
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


def test_a_folder_without_results_has_nothing_outdated(folder):
    assert outdated_settings(cohorts.load(folder)) == []


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


def swap(path, place):
    """Other bytes at one place, and all else as it was."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_reads_of_the_same_size_and_time_are_noticed_by_their_ends(folder):
    kept(folder)
    swap(folder / "t_1.gz", -1)
    (changed,) = kept(folder)
    assert changed.startswith("results/0_inputs/samples/")


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("reference.fasta", ("reference", "fasta")),
        ("resources.population", ("resources", "population")),
        ("resources.hotspots", ("resources", "hotspots")),
        ("targets.x", ("assays", "x", "targets")),
    ],
)
def test_another_file_of_the_same_name_size_and_time_is_noticed(folder, key, place):
    (folder / "f").write_text("one")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    inner = config
    for name in place[:-1]:
        inner = inner.setdefault(name, {})
    inner[place[-1]] = ["f", "f2"] if key == "resources.population" else "f"
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    kept(folder)
    assert kept(folder) == set()
    swap(folder / "f", -1)
    assert outdated_settings(cohorts.load(folder)) == [key]
    assert kept(folder) == {str(setting_file(key))}
    assert outdated_settings(cohorts.load(folder)) == []


def test_nothing_of_the_key_is_kept(folder):
    (folder / "key").write_text("secret")
    config = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(f"{config}release: {{key_file: key}}\n")
    kept(folder)
    text = (folder / setting_file("release.key_file")).read_text()
    assert json.loads(text) == str(folder / "key")


def test_a_deep_check_notices_reads_of_which_only_the_middle_is_another(folder, monkeypatch):
    monkeypatch.setattr("onconcord.files.END_BYTES", 20)
    reads = [folder / f"t_{mate}.gz" for mate in (1, 2)]
    whole = reads[0].read_bytes().removesuffix(BGZF_END)
    reads[0].write_bytes(gzip.compress(b"", mtime=0) + whole + BGZF_END)
    cohort = cohorts.load(folder)
    (sample,) = (one for one in cohort.samples.values() if one.role == "tumour")
    counted = folder / f"results/2_reads/{sample.sample_id}.inputs.tsv"
    write_inputs(count_reads([LaneFiles("L1", *reads)]), counted)
    kept(folder)
    assert check_inputs(cohort, deep=True) == []
    # The time in the header of a gzip member, which no reader looks at.
    swap(reads[0], 5 + len(gzip.compress(b"")))
    assert kept(folder) == set()
    assert check_inputs(cohort) == []
    (fault,) = check_inputs(cohort, deep=True)
    assert f"{reads[0]} has other reads than those the results are made from" in str(fault)


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


def write_tables(folder, pair):
    """Two tables of a pair and their manifest."""
    tables = folder / f"results/8_harmonised/{pair}"
    tables.mkdir(parents=True, exist_ok=True)
    for name in ("pair", "small_variant"):
        (tables / f"{name}.parquet").write_text(name)
    digests = {path.stem: {"file_sha256": file_sha256(path)} for path in tables.glob("*.parquet")}
    (tables / "MANIFEST.json").write_text(json.dumps({"tables": digests}))
    for path in tables.iterdir():
        os.utime(path, ns=(0, 10))
    return tables


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        pytest.param(lambda tables: None, "", id="whole"),
        pytest.param(
            lambda tables: os.utime(tables / "pair.parquet"), "", id="copied without its time"
        ),
        pytest.param(
            lambda tables: (tables / "pair.parquet").unlink(), "pair.parquet is missing", id="gone"
        ),
        pytest.param(
            lambda tables: (tables / "pair.parquet").write_text("peir"),
            "pair.parquet was changed after it was made",
            id="damaged",
        ),
        pytest.param(
            lambda tables: (tables / "MANIFEST.json").write_text("{"),
            "MANIFEST.json is damaged",
            id="damaged manifest",
        ),
    ],
)
def test_tables_that_are_gone_or_damaged_are_made_again(folder, capsys, breaks, said):
    cohort = cohorts.load(folder)
    (pair,) = cohort.pairs
    tables = write_tables(folder, pair)
    breaks(tables)
    keep_settings(cohort)
    assert (tables / "MANIFEST.json").exists() == (not said)
    expected = f"pair {pair}: {said}: its tables are made again\n" if said else ""
    assert capsys.readouterr().err == expected


def rules():
    for path in sorted(ROOT.glob("workflow/**/*.smk")):
        for name, body in RULE.findall(path.read_text()):
            yield pytest.param(body, id=f"{path.parent.name}/{path.stem}:{name}")


@pytest.mark.parametrize("body", rules())
def test_a_rule_that_uses_a_key_has_its_file_or_the_pair_spec_as_input(body):
    for section, key in USED.findall(body):
        assert f'"{section}.{key}"' in body or "results/0_inputs/{pair}.json" in body
