"""Two results side by side: each difference has its cause."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cohort_tables import GNAS_R201C, evidence, rule, variant, write_cohort
from onconcord import contract
from onconcord.cli import app
from onconcord.errors import InputError
from onconcord.questions.compare import compare, compare_callers, read_map
from onconcord.questions.sources import open_source
from onconcord.report.compare_page import side_names, write_comparison
from real_ids import MODEL, POPULATION

PAIR = "TUM-A01"
WITH = (PAIR, "TUM-A02")
HOSTILE = "<script>alert(1)</script>"


def two(tmp_path, a, b, trail_a=(), trail_b=(), pairs=(PAIR,)):
    """Sources A and B of these pairs, with these rows of small_variant and decision."""
    made = []
    for name, rows, trail in (("a", a, trail_a), ("b", b, trail_b)):
        folder = write_cohort(
            tmp_path / name, variants=list(rows), decisions=list(trail), calls=[], pairs=pairs
        )
        made.append(open_source(folder))
    return made


def only(found):
    (one,) = found.variants
    return one.side, one.cause, one.detail


def test_a_result_is_identical_to_itself(tmp_path):
    source = open_source(write_cohort(tmp_path, many=True))
    found = compare(source, source)
    assert found.identical
    assert (found.pairs, found.shared, found.variants) == (4, 101, ())
    assert found.matrix["kept"]["kept"] == 89


@pytest.mark.parametrize(
    ("locus", "cause", "detail"),
    [
        pytest.param(
            GNAS_R201C,
            "not_called",
            "no caller reported it, though the position is callable",
            id="callable",
        ),
        pytest.param(
            ("chr20", 57485600, "C", "T"),
            "not_callable",
            "the position is LOW_TUMOR",
            id="not deep enough",
        ),
        pytest.param(
            ("chr20", 100, "C", "T"),
            "not_targeted",
            "the position is outside the targets",
            id="outside",
        ),
    ],
)
def test_what_only_a_has(tmp_path, locus, cause, detail):
    a, b = two(tmp_path, [variant(PAIR, locus)], [])
    assert only(compare(a, b)) == ("only_a", cause, detail)
    assert only(compare(b, a)) == ("only_b", cause, detail)


def test_a_filtered_variant_names_the_first_rule_that_dropped_it(tmp_path):
    kept = variant(PAIR, GNAS_R201C)
    lost = kept | {"is_pass": False, "filters": [MODEL]}
    trail = [rule(lost, 1, MODEL, "drop"), rule(lost, 2, POPULATION, "drop")]
    a, b = two(tmp_path, [kept], [lost], (), trail)
    found = compare(a, b)
    assert only(found) == ("only_a", "filtered", f"rule {MODEL}")
    assert found.matrix["kept"]["dropped"] == 1


def test_too_few_recounted_reads_are_their_own_cause(tmp_path):
    kept = variant(PAIR, GNAS_R201C)
    lost = kept | {"is_pass": False, "tumor_alt_count": 2, "tumor_ref_count": 148}
    a, b = two(tmp_path, [kept], [lost], (), [rule(lost, 1, "onconcord.tumour_alt_reads", "drop")])
    assert only(compare(a, b)) == (
        "only_a",
        "below_recount_threshold",
        "rule onconcord.tumour_alt_reads: 2 of 150 reads in the recount",
    )


def test_another_spelling_of_the_same_change_is_recognised(tmp_path):
    snv = variant(PAIR, ("chr20", 57484421, "G", "A"), hgvsp="p.Arg201His")
    mnv = variant(PAIR, ("chr20", 57484420, "CG", "TA"), hgvsp="p.Arg201Tyr")
    a, b = two(tmp_path, [snv], [mnv])
    found = {one.variant_key: (one.side, one.cause, one.detail) for one in compare(a, b).variants}
    assert found == {
        "chr20:57484421:G:A": (
            "only_a",
            "other_representation",
            "written as chr20:57484420:CG:TA",
        ),
        "chr20:57484420:CG:TA": (
            "only_b",
            "other_representation",
            "written as chr20:57484421:G:A",
        ),
    }


@pytest.mark.parametrize("name", ["p.?", "p.Arg201=", "p.Met1?"])
def test_two_changes_that_no_name_tells_apart_are_not_one(tmp_path, name):
    one = variant(PAIR, ("chr20", 57484421, "G", "A"), hgvsp=name)
    other = variant(PAIR, ("chr20", 57484422, "T", "C"), hgvsp=name)
    a, b = two(tmp_path, [one], [other])
    assert {one.cause for one in compare(a, b).variants} == {"not_called"}


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        pytest.param({"hgvsp": "p.Arg201Ser"}, "other_annotation", id="annotation"),
        pytest.param({"tumor_depth": 151, "tumor_vaf": 0.298013}, "other_counts", id="counts"),
        pytest.param({"n_callers_pass": 1}, "other_callers", id="callers"),
        pytest.param({"phase_set": "1"}, "other_values", id="anything else"),
    ],
)
def test_other_values_of_a_shared_variant(tmp_path, values, cause):
    row = variant(PAIR, GNAS_R201C)
    a, b = two(tmp_path, [row], [row | values])
    found = compare(a, b)
    assert only(found)[:2] == ("different", cause)
    assert found.variants[0].values == {
        name: [row.get(name), value] for name, value in values.items()
    }


def test_another_annotation_version_is_a_cause(tmp_path):
    row = variant(PAIR, GNAS_R201C)
    a, b = two(tmp_path, [row], [row | {"hgvsp": "p.Arg844Cys"}])
    parquet = b.root / f"results/8_harmonised/{PAIR}/variant_consequence.parquet"
    rows = contract.read_file("variant_consequence", parquet).to_pylist()
    newer = [one | {"transcript_set_version": "2"} for one in rows]
    contract.write("variant_consequence", newer, parquet)
    assert only(compare(a, b)) == (
        "different",
        "other_annotation_version",
        "annotated by snpeff 5.1 1 and by snpeff 5.1 2: hgvsp",
    )


def test_a_variant_that_is_named_on_another_transcript_says_so(tmp_path):
    row = variant(PAIR, GNAS_R201C, transcript_id="T1.1")
    a, b = two(tmp_path, [row], [row | {"transcript_id": "T2.1", "hgvsp": "p.Arg844Cys"}])
    assert only(compare(a, b)) == (
        "different",
        "other_transcript",
        "named on T1.1 and on T2.1: hgvsp, transcript_id",
    )


def test_a_missing_pair_is_named_once_and_causes_its_variants(tmp_path):
    row = variant(PAIR, GNAS_R201C)
    a, b = two(tmp_path, [row], [], pairs=WITH)
    for parquet in (b.root / f"results/8_harmonised/{PAIR}").iterdir():
        parquet.unlink()
    found = compare(a, b)
    assert (found.pairs, found.pairs_only_a) == (1, (PAIR,))
    assert only(found) == ("only_a", "pair_absent", f"there is no pair {PAIR}")


def test_tables_that_differ_say_in_which_column(tmp_path):
    a, b = (open_source(write_cohort(tmp_path / name, pairs=[PAIR])) for name in "ab")
    parquet = b.root / f"results/8_harmonised/{PAIR}/gene_callability.parquet"
    rows = contract.read_file("gene_callability", parquet).to_pylist()
    rows[0]["callable_frac"] = 0.5
    contract.write("gene_callability", rows, parquet)
    found = compare(a, b)
    assert not found.identical
    (moved,) = [one for one in found.tables if not one.identical]
    assert (moved.table, moved.different, moved.columns) == (
        "gene_callability",
        1,
        ("callable_frac",),
    )


def test_two_callers_of_one_result(tmp_path):
    one = variant(PAIR, GNAS_R201C)
    other = variant(PAIR, ("chr20", 57484421, "G", "A"))
    calls = [
        evidence(one, "freebayes"),
        evidence(one, "mutect2", is_pass=False, filters=["mutect2.slippage"]),
        evidence(other, "mutect2"),
    ]
    folder = write_cohort(tmp_path, variants=[one, other], decisions=[], calls=calls, pairs=[PAIR])
    found = compare_callers(open_source(folder), "freebayes", "mutect2")
    assert [(x.side, x.cause, x.detail) for x in found.variants] == [
        ("only_a", "filtered", "mutect2 reports it and filters it: mutect2.slippage"),
        ("only_b", "not_called", "freebayes does not report it"),
    ]
    with pytest.raises(InputError, match='no caller "strelka" has evidence'):
        compare_callers(open_source(folder), "strelka", "mutect2")


def test_pairs_of_other_names_are_compared_through_a_map(tmp_path):
    a, b = (open_source(write_cohort(tmp_path / name, pairs=WITH)) for name in "ab")
    for table in ("pair", "small_variant", "decision"):
        parquet = b.root / f"results/8_harmonised/{PAIR}/{table}.parquet"
        rows = contract.read_file(table, parquet).to_pylist()
        contract.write(table, [row | {"pair_id": "P1"} for row in rows], parquet)
    table = tmp_path / "map.tsv"
    table.write_text(f"a\tb\n{PAIR}\tP1\n")
    names = read_map(table, a.pair_ids(), b.pair_ids())
    assert compare(a, b).pairs_only_b == ("P1",)
    found = compare(a, b, names)
    assert (found.pairs, found.shared, found.variants) == (2, 1, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "a\tc\n",
            "map.tsv, line 1, column \"b\": the header has ['a', 'c']: expected the columns "
            '"a" and "b"',
            id="column missing",
        ),
        pytest.param(
            "a\tb\nX\tY\nX\tY\n",
            'map.tsv, line 2, column "a": "X" is not a pair of A, which has P\n'
            'map.tsv, line 3, column "a": "X" is not a pair of A, which has P\n'
            'map.tsv, line 3, column "b": "Y" is named twice',
            id="unknown",
        ),
    ],
)
def test_faults_of_a_map(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "map.tsv").write_text(text)
    with pytest.raises(InputError) as error:
        read_map(Path("map.tsv"), ["P"], ["Y"])
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param("/data/x/r1", "/data/x/r2", ("r1", "r2"), id="folders"),
        pytest.param("/data/x/r", "/data/y/r", ("x/r", "y/r"), id="folders of one name"),
        pytest.param("/data/x/r", "/data/x/r", ("r", "r"), id="the same folder"),
        pytest.param(
            "mutect2 in /data/a in b/r",
            "freebayes in /data/a in b/r",
            ("mutect2 in r", "freebayes in r"),
            id="callers",
        ),
    ],
)
def test_a_page_names_folders_without_what_is_above_them(a, b, expected):
    assert side_names(a, b) == expected


def test_the_page_shows_no_absolute_path(tmp_path):
    a, b = two(tmp_path, [variant(PAIR, GNAS_R201C)], [])
    write_comparison(compare(a, b), tmp_path / "page.html")
    assert str(tmp_path) not in (tmp_path / "page.html").read_text()


def test_the_page_shows_a_hostile_value_as_text(tmp_path):
    row = variant(PAIR, GNAS_R201C, gene_symbol=HOSTILE, hgvsp=HOSTILE)
    a, b = two(tmp_path, [row], [])
    write_comparison(compare(a, b), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_exit_codes_of_the_command(tmp_path):
    a, b = two(tmp_path, [variant(PAIR, GNAS_R201C)], [])
    run = CliRunner().invoke
    assert run(app, ["compare", str(a.root), str(a.root)]).exit_code == 0
    differ = run(app, ["compare", str(a.root), str(b.root), "--json"])
    assert differ.exit_code == 1
    assert json.loads(differ.stdout)["causes"] == {"only_a": {"not_called": 1}}
    bad = run(app, ["compare", str(a.root)])
    assert isinstance(bad.exception, InputError)
    assert str(bad.exception) == (
        "B: give a second folder or release, or --callers with two callers of A"
    )
