"""Nothing that a sheet or a configuration says is run, and no file is made of it."""

import contextlib
import csv
import io

import pytest
import yaml

from onconcord.errors import OnconcordError
from onconcord.inputs import cohort, preflight
from onconcord.inputs.stated import STATED
from small_folder import SEQUENCE, configure, write_fastq, write_sheet

pytestmark = pytest.mark.slow

PAYLOADS = [
    "$(touch PWNED)",
    "`touch PWNED`",
    "; touch PWNED",
    "& touch PWNED",
    "| touch PWNED",
    "|| touch PWNED #",
    "&& touch PWNED",
    "> PWNED",
    ">> PWNED",
    "\n touch PWNED",
    "' ; touch PWNED ; '",
    '" ; touch PWNED ; "',
    "${IFS}$(touch${IFS}PWNED)",
    "<(touch PWNED)",
    "--output=PWNED",
    "-oPWNED",
    "PWNED",
    "{__import__('os').system('touch PWNED')}",
    "!!python/object/apply:os.system ['touch PWNED']",
    "=cmd|' /C touch PWNED'!A0",
]
COLUMNS = ("patient", "sample", "role", "read_group", "fastq_1", "fastq_2", "bam", "realign")
OPTIONAL = ("centre", "library", "specimen", "sex", "assay", "diagnosis", "consent", *STATED)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (work / "genome.fa").write_text(f">chr20\n{SEQUENCE}\n")
    for name in ("t_1.gz", "t_2.gz", "n_1.gz", "n_2.gz"):
        write_fastq(work / name, mate=int(name[2]))
    write_sheet(work, "t_1.gz", "t_2.gz")
    configure(work)
    return work


def look(work):
    """Everything that reads sheet and configuration before a job; faults are as good as none."""
    with contextlib.suppress(OnconcordError):
        loaded = cohort.load(work)
        for pair in loaded.pairs:
            cohort.pair_spec(loaded, pair)
    preflight.preflight(work, False)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("column", [*COLUMNS, *OPTIONAL])
def test_no_field_of_a_sheet_is_run(folder, column, payload):
    rows = list(csv.DictReader(io.StringIO((folder / "samples.tsv").read_text()), delimiter="\t"))
    for row in rows:
        row[column] = f"{row.get(column) or ''}{payload}"
    with (folder / "samples.tsv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    before = {path.name for path in folder.parent.rglob("*")}
    look(folder)
    assert {path.name for path in folder.parent.rglob("*")} == before


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path


CONFIG = {
    "centre": "A",
    "samples": "samples.tsv",
    "reference": {"fasta": "genome.fa", "build": "custom", "genes": None, "bwa_index": None},
    "assays": {
        "x": {"strategy": "WES", "targets": None, "padding": 100, "tumour_only": False, "qc": "wes"}
    },
    "resources": dict.fromkeys(("population", "panel_of_normals", "clinical", "hotspots")),
    "callers": "mutect2",
    "alignment": {"format": "bam", "bqsr": False, "known_sites": None},
    "release": {"name": None, "tier": "consortium", "key_file": None},
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("path", leaves(CONFIG), ids=".".join)
def test_no_field_of_a_configuration_is_run(folder, path, payload):
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    inner = config
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = f"{inner[path[-1]] or ''}{payload}"
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    before = {path.name for path in folder.parent.rglob("*")}
    look(folder)
    assert {path.name for path in folder.parent.rglob("*")} == before


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_name_of_a_configuration_is_run(folder, payload):
    config = {**CONFIG, "assays": {f"x{payload}": CONFIG["assays"]["x"]}, f"y{payload}": 1}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    before = {path.name for path in folder.parent.rglob("*")}
    look(folder)
    assert {path.name for path in folder.parent.rglob("*")} == before
