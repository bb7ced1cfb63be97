"""What is published of the golden cohort: readable, whole, the same bytes from the same run."""

import dataclasses

import pytest

from cohort_tables import write_cohort
from onconcord.errors import InputError
from onconcord.questions.accuracy import ALL, TRUTH_COLUMNS
from onconcord.questions.golden import golden_of, read_golden, write_golden
from onconcord.questions.sources import open_source
from onconcord.runtime.checkout import golden_cohort

PAIR = "TUM-A01"


@pytest.fixture
def golden(tmp_path):
    truth = tmp_path / "truth.tsv"
    truth.write_text("\t".join(TRUTH_COLUMNS) + "\n")
    return golden_of(open_source(write_cohort(tmp_path / "run", pairs=(PAIR,))), truth)


def test_what_is_written_is_read_again(golden, tmp_path):
    write_golden(golden, tmp_path / "golden")
    assert read_golden(tmp_path / "golden") == golden
    assert golden.variant_keys() == {"TUM-A01 chr20:57484420:C:T"}


def test_the_same_run_gives_the_same_bytes(golden, tmp_path):
    for name in ("one", "two"):
        write_golden(golden, tmp_path / name)
    one, two = (
        {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two


def test_every_part_counts_in_the_digest(golden):
    for field in dataclasses.fields(golden):
        empty = type(getattr(golden, field.name))()
        other = dataclasses.replace(golden, **{field.name: empty})
        assert other.sha256() != golden.sha256(), field.name


@pytest.mark.parametrize("name", ["about.json", "digests.tsv", "rows.tsv.gz"])
def test_a_file_that_is_missing_or_cut_off_is_refused_with_the_way_to_make_it(
    golden, tmp_path, name
):
    folder = tmp_path / "golden"
    write_golden(golden, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:-9])
    with pytest.raises(InputError, match=r"scripts/demo_golden\.py writes one"):
        read_golden(folder)
    (folder / name).unlink()
    with pytest.raises(InputError, match="FileNotFoundError"):
        read_golden(folder)


def test_the_published_parts_are_of_one_run():
    golden = read_golden(golden_cohort("golden"))
    of_all = [row for row in golden.accuracy if row.variant_class == ALL]
    assert sum(row.found + row.wrong for row in of_all) == len(golden.variants)
    for pair, tables in golden.tables.items():
        for name, table in tables.items():
            assert len(table.row_digests) == table.rows, (pair, name)


def test_what_people_review_is_short():
    for file in golden_cohort("golden").iterdir():
        assert file.read_bytes().count(b"\n") < 3000, file.name
