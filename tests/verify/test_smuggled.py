"""Whoever seals a release again may lay nothing into it that onconcord does not write."""

import json
import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from builders import change, pairs_of, release_of, seal, write_pairs
from onconcord.release import layout, read_release
from onconcord.release.finish import write_descriptions
from onconcord.release.manifest import entries, manifest_text
from onconcord.release.statement import statement
from onconcord.verify import verify_release
from onconcord.verify.described import described_faults
from onconcord.verify.files import description_faults, manifest_faults
from onconcord.verify.footer import footer_faults

PAIR = "pair/center=ONE/part-0000.parquet"
WORDS = "Mrs Canary of ward 7"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return release_of(folder, write_pairs(folder, pairs_of("ONE", 1)), "ONE")


@pytest.fixture
def release(made, tmp_path):
    """A copy of a release, to be changed."""
    return shutil.copytree(made, tmp_path / "release")


def seal_as_it_is(release):
    """Manifest and statement again; the other descriptions stay as somebody wrote them."""
    stated = read_release(release)
    lines = entries(release, stated.parts)
    (release / layout.MANIFEST).write_text(manifest_text(lines))
    (release / layout.STATEMENT).write_text(statement(release, stated, lines))


def edit_json(path, edit):
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n")


def found(release):
    """What the checks of the files that are no tables say, without those of the rows."""
    stated = read_release(release)
    faults = {
        "manifest": manifest_faults(release, stated),
        "description": description_faults(release, stated),
        "described": described_faults(release, stated),
    }
    return [(check, fault.source) for check, of_check in faults.items() for fault in of_check]


@pytest.mark.parametrize(
    "path",
    [
        "patients.tsv",
        "small_variant/center=ONE/extra.parquet",
        "small_variant/center=ZZZ/part-0000.parquet",
        "workflow/notes.txt",
    ],
)
def test_a_file_that_no_release_has_is_a_fault_though_the_manifest_lists_it(release, path):
    (release / path).parent.mkdir(exist_ok=True)
    shutil.copy(release / "small_variant/center=ONE/part-0000.parquet", release / path)
    seal(release)
    assert path in (release / layout.MANIFEST).read_text()
    assert ("manifest", path) in found(release)


@pytest.mark.slow
def test_no_row_is_in_two_files_of_a_table(release):
    """Whoever reads the folder would count it twice."""
    (release / "small_variant/center=ONE/part-0001.parquet").write_bytes(
        (release / "small_variant/center=ONE/part-0000.parquet").read_bytes()
    )
    stated = read_release(release)
    (part,) = (part for part in stated.parts if part.table == "small_variant")
    again = replace(part, path="small_variant/center=ONE/part-0001.parquet")
    write_descriptions(release, replace(stated, parts=(*stated.parts, again)), None)
    ((check, fault),) = verify_release(release).faults
    assert (check, fault.source) == ("contract", again.path)
    assert "expected keys after those of small_variant/center=ONE/part-0000" in fault.message


@pytest.mark.parametrize(
    ("check", "name", "edit"),
    [
        pytest.param(
            "description",
            layout.RELEASE,
            lambda value: value.update(note=WORDS),
            id="a key of release.json",
        ),
        pytest.param(
            "description",
            layout.RELEASE,
            lambda value: value["centres"][0].update(pairs=99),
            id="the number of pairs",
        ),
        pytest.param(
            "description", layout.RELEASE, lambda value: value.update(name=WORDS), id="the name"
        ),
        pytest.param(
            "description",
            layout.RELEASE,
            lambda value: value.update(pipeline_version=WORDS),
            id="the version",
        ),
        pytest.param(
            "described",
            layout.CRATE,
            lambda value: value["@graph"].append({"@id": "#who", "@type": "Person", "name": WORDS}),
            id="somebody in the crate",
        ),
    ],
)
def test_a_description_says_what_follows_from_the_tables_alone(release, check, name, edit):
    edit_json(release / name, edit)
    seal_as_it_is(release)
    assert (check, name) in found(release)


def test_the_workflow_of_a_release_is_that_of_the_checkout(release):
    path = release / layout.WORKFLOW
    path.write_text(f"{path.read_text()}# {WORDS}\n")
    seal_as_it_is(release)
    assert found(release) == [("described", layout.WORKFLOW)]


def test_a_statement_has_nothing_else_in_it(release):
    path = release / layout.STATEMENT
    edit_json(path, lambda value: value["predicate"]["runDetails"].update(note=WORDS))
    assert found(release) == [("described", layout.STATEMENT)]


@pytest.mark.slow
def test_what_another_commit_describes_is_not_judged(release):
    change(release, "run", "ONE", lambda rows: rows[0].update(git_commit="c0" * 20))
    path = release / layout.WORKFLOW
    path.write_text(f"{path.read_text()}# another line\n")
    seal_as_it_is(release)
    report = verify_release(release)
    assert report.faults == []
    assert report.not_checked["described"].startswith("workflow/Snakefile: made at another commit")


def with_schema(edit):
    """Write the table `pair` again with its schema changed."""

    def write(path):
        table = pq.ParquetFile(path).read()
        pq.write_table(table.cast(edit(table.schema)), path)

    return write


def noted(metadata):
    return {**(metadata or {}), b"note": WORDS.encode()}


def beside(path):
    """Put bytes between the last column and the footer, where no reader looks."""
    data = path.read_bytes()
    size = int.from_bytes(data[-8:-4], "little") + 8
    path.write_bytes(data[:-size] + WORDS.encode() + data[-size:])


def by_somebody(path):
    data = path.read_bytes()
    path.write_bytes(data.replace(b"parquet-cpp-arrow", b"Canary of ward 7!"))


FOOTERS = {
    "a note in the footer": with_schema(lambda s: s.with_metadata(noted(s.metadata))),
    "a note at a column": with_schema(
        lambda s: s.set(1, s.field(1).with_metadata(noted(s.field(1).metadata)))
    ),
    "another description": with_schema(
        lambda s: s.set(1, s.field(1).with_metadata({**s.field(1).metadata, b"description": b"x"}))
    ),
    "bytes that no column has": beside,
    "another writer": by_somebody,
}


@pytest.mark.parametrize("write", [pytest.param(f, id=name) for name, f in FOOTERS.items()])
def test_a_file_holds_nothing_but_its_columns(release, write):
    (part,) = (part for part in read_release(release).parts if part.path == PAIR)
    path = release / PAIR
    assert found_in_footer(path, part) == []
    write(path)
    assert len(found_in_footer(path, part)) == 1
    rows = pq.ParquetFile(path).read()
    assert rows.num_rows == 1


def found_in_footer(path, part):
    with pq.ParquetFile(path) as file:
        return list(footer_faults(file, path, part, "consortium"))


@pytest.mark.slow
def test_verify_looks_at_footers_and_descriptions(release):
    FOOTERS["a note in the footer"](release / PAIR)
    seal(release)
    (release / layout.WORKFLOW).write_text(WORDS)
    seal_as_it_is(release)
    report = verify_release(release)
    assert [(check, fault.source) for check, fault in report.faults] == [
        ("contract", PAIR),
        ("described", layout.WORKFLOW),
    ]
