"""What tells of the germline stays in the tier controlled, whoever kept it, wherever it stands."""

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from builders import PairOf, pair_tables
from onconcord.release.coarse import (
    WITHHELD_FILTER,
    coarse_definitions,
    coarse_filters,
    coarse_genes,
    coarse_phases,
    coarse_regions,
)
from onconcord.release.tiers import coarse_reads, released_rows
from onconcord.verify.rules import RULES
from real_ids import metric_id
from written_tables import prepared_table


def exported(pair, tables, tier="consortium"):
    rows = released_rows(pair_tables(pair, tables), tier)
    return {name: table.to_pylist() for name, table in rows.items()}


def change_atom(tables, pos, **values):
    for row in tables["small_variant_atom"]:
        if row["pos"] == pos:
            row.update(values)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"origin": "germline_likely"}, id="judged germline"),
        pytest.param({"origin": "unresolved"}, id="judged unresolved"),
        pytest.param({"origin": None}, id="not judged"),
        pytest.param({"gnomad_af_max": 0.31}, id="common in a population"),
        pytest.param({"normal_alt_count": 38}, id="in half of the normal's reads"),
        pytest.param({"normal_depth": 8, "normal_alt_count": 0}, id="a thin normal"),
        pytest.param({"normal_depth": None, "normal_alt_count": None}, id="not counted"),
    ],
)
def test_an_event_with_an_atom_that_may_be_germline_stays(values):
    pair = PairOf()
    tables = pair.tables()
    change_atom(tables, 1201, **values)
    found = exported(pair, tables)
    assert [row["pos"] for row in found["small_variant"]] == [1100, 1300]
    assert {row["pos"] for row in found["small_variant_atom"]} == {1100, 1300}
    assert {row["pos"] for row in found["variant_call_evidence"]} == {1100, 1300}
    assert "chr20:1200:AC:TG" not in {row["variant_key"] for row in found["variant_consequence"]}


def test_an_atom_that_is_a_germline_candidate_of_the_pair_stays():
    pair = PairOf()
    tables = pair.tables()
    pair.add(tables, pair.variant(1201, "C", "G", origin="germline_likely", passed=False))
    assert [v["pos"] for v in exported(pair, tables)["small_variant"]] == [1100, 1300]


@pytest.mark.parametrize(
    ("own", "pos", "origin", "alt", "leaves"),
    [
        pytest.param(("ACGT", "A"), 1512, "germline_likely", 30, False, id="beside a deletion"),
        pytest.param(("A", "ACGT"), 1501, "germline_likely", 30, False, id="beside an insertion"),
        pytest.param(("ACGT", "A"), 1502, "artefact", 30, False, id="the normal shows it"),
        pytest.param(("ACGT", "A"), 1502, "artefact", 0, True, id="the normal does not"),
        pytest.param(("ACGT", "A"), 1530, "germline_likely", 30, True, id="further away"),
        pytest.param(("A", "G"), 1502, "germline_likely", 30, True, id="no change of length"),
    ],
)
def test_a_change_of_length_may_hold_a_germline_allele_beside_it(own, pos, origin, alt, leaves):
    """In cis they are one event, of which the normal shows nothing and no atom bears the name."""
    pair = PairOf()
    tables = pair.tables()
    size = len(own[1]) - len(own[0])
    klass = "SNV" if not size else ("DEL" if size < 0 else "INS")
    pair.add(tables, pair.variant(1500, *own, klass=klass, length=size))
    beside = pair.variant(pos, "G", "C", origin=origin, passed=False)
    pair.add(tables, beside | {"normal_depth": 60, "normal_alt_count": alt})
    found = [v["pos"] for v in exported(pair, tables)["small_variant"]]
    assert (1500 in found) == leaves


@pytest.mark.parametrize(
    ("own", "kind", "ref_count", "leaves"),
    [
        pytest.param(("ACGTG", "TGC"), "DELINS", 41, False, id="half of the normal is another"),
        pytest.param(("ACGTG", "TGC"), "DELINS", None, False, id="not counted"),
        pytest.param(("ACGTG", "TGC"), "DELINS", 78, True, id="two reads of the normal are"),
        pytest.param(("ACG", "A"), "DEL", 41, False, id="a deletion"),
        pytest.param(("AC", "TG"), "MNV", 41, False, id="two bases"),
        pytest.param(("A", "G"), "SNV", 41, True, id="another allele of one base"),
    ],
)
def test_what_the_normal_shows_in_place_of_an_event_may_be_a_part_of_it(
    own, kind, ref_count, leaves
):
    """An inherited part that no caller reports leaves the normal without the reference."""
    pair = PairOf()
    tables = pair.tables()
    size = len(own[1]) - len(own[0])
    row = pair.variant(1600, *own, klass=kind, length=size) | {"normal_ref_count": ref_count}
    pair.add(tables, row)
    assert (1600 in [v["pos"] for v in exported(pair, tables)["small_variant"]]) is leaves


def test_an_event_without_atoms_was_not_judged():
    pair = PairOf()
    tables = pair.tables()
    tables["small_variant_atom"] = [a for a in tables["small_variant_atom"] if a["pos"] != 1100]
    assert [v["pos"] for v in exported(pair, tables)["small_variant"]] == [1200, 1300]


@pytest.mark.parametrize(
    ("depth", "alt", "leaves"),
    [
        pytest.param(5, 0, False, id="depth 5"),
        pytest.param(8, 1, False, id="one read of eight"),
        pytest.param(19, 0, False, id="a chance of 1.2 in 100,000"),
        pytest.param(20, 0, True, id="a chance of 0.6 in 100,000"),
        pytest.param(20, 1, False, id="one read of twenty"),
        pytest.param(60, 8, True, id="a tumour's cells in the normal"),
        pytest.param(60, 20, False, id="a third of the reads"),
        pytest.param(None, None, False, id="not counted"),
    ],
)
def test_the_normal_must_exclude_a_germline_allele(depth, alt, leaves):
    pair = PairOf()
    tables = pair.tables()
    row = pair.variant(1600, "G", "C", method="forced")
    pair.add(tables, row | {"normal_depth": depth, "normal_alt_count": alt})
    found = exported(pair, tables)
    assert (1600 in {v["pos"] for v in found["small_variant"]}) is leaves
    (scope,) = [s for s in found["analysis_scope"] if s["analysis"] == "small_variant"]
    assert scope["n_withheld"] == (0 if leaves else 1)
    assert scope["reason_code"] == (None if leaves else "partly_withheld")
    # nothing is said not to be there where a row was withheld
    searched = any(
        r["state"] == "CALLABLE" and r["start0"] < 1600 <= r["end0"]
        for r in found["callable_region"]
    )
    assert searched is leaves


@pytest.mark.parametrize(
    ("share", "alt", "leaves"),
    [
        pytest.param(None, 6, True, id="not measured"),
        pytest.param(0.0, 6, True, id="none"),
        pytest.param(0.05, 6, False, id="as often as the other person"),
        pytest.param(0.05, 17, False, id="the other person may show as often by chance"),
        pytest.param(0.05, 40, True, id="far more often"),
        pytest.param(0.001, 6, True, id="far more often than so little"),
    ],
)
def test_what_another_persons_dna_in_the_tube_may_show_stays(share, alt, leaves):
    """The normal shows nothing of it, and it is inherited all the same, by somebody else."""
    pair = PairOf()
    tables = pair.tables()
    tables["pair"][0]["contamination_frac"] = share
    pair.add(tables, pair.variant(1600, "G", "C") | {"tumor_alt_count": alt})
    assert (1600 in [v["pos"] for v in exported(pair, tables)["small_variant"]]) is leaves


@pytest.mark.parametrize(
    ("values", "leaves"),
    [
        pytest.param({"tumor_alt_count": 30}, True, id="a quarter of the reads"),
        pytest.param({"tumor_alt_count": 55}, False, id="as a heterozygous allele"),
        pytest.param({"tumor_alt_count": 118}, False, id="as a homozygous allele"),
        pytest.param({"tumor_alt_count": 30, "gnomad_af_max": 0.3}, False, id="common"),
        pytest.param({"origin_method": "tumor_only_model"}, False, id="no known driver"),
    ],
)
def test_without_a_normal_only_what_no_germline_allele_looks_like_leaves(values, leaves):
    pair = PairOf(normal=None)
    tables = pair.tables()
    pair.add(tables, pair.variant(1600, "G", "C", method="forced") | values)
    found = exported(pair, tables)
    assert [v["pos"] for v in found["small_variant"]] == [1600] * leaves
    (scope,) = [s for s in found["analysis_scope"] if s["analysis"] == "small_variant"]
    assert (scope["status"], scope["reason_code"]) == ("partial", "tumor_only_unresolved")
    assert scope["n_withheld"] == (3 if leaves else 4)
    # where the others are would tell of them
    states = [(r["start0"], r["state"]) for r in found["callable_region"]]
    assert states == [(1000, "CALLABLE"), (1900, "NOT_CALLABLE"), (5000, "CALLABLE")]


def test_without_a_normal_and_a_population_nothing_leaves():
    pair = PairOf(normal=None)
    tables = pair.tables()
    pair.add(tables, pair.variant(1600, "G", "C", method="forced"))
    tables["tool"] = [row for row in tables["tool"] if row["step"] != "resource"]
    assert exported(pair, tables)["small_variant"] == []


def test_a_hotspot_is_mutated_with_its_row_alone():
    pair = PairOf()
    tables = pair.tables()
    pair.add(tables, pair.variant(1600, "G", "C", method="forced", af=0.3))
    tables["hotspot_status"] = [
        pair.hotspot(1100, "A", "G"),
        pair.hotspot(1600, "G", "C"),
        pair.hotspot(1700, "G", "C", "wildtype"),
        pair.hotspot(1800, "G", "C", "not_covered"),
        pair.hotspot(1810, "G", "C") | {"chrom": "chrY"},
    ]
    found = exported(pair, tables)["hotspot_status"]
    shown = [(r["pos"], r["status"], r["tumor_depth"], r["tumor_alt_count"]) for r in found]
    assert shown == [
        (1100, "mutated", 120, 30),
        (1600, "indeterminate", None, None),
        (1700, "wildtype", 120, None),
        (1800, "indeterminate", None, None),
    ]


@pytest.mark.parametrize(
    ("others", "shown", "searched"),
    [
        pytest.param(["wildtype", "wildtype"], ["wildtype"] * 3, True, id="all wild type"),
        pytest.param(["germline", "wildtype"], ["indeterminate"] * 3, False, id="inherited"),
        pytest.param(["low_level", "wildtype"], ["indeterminate"] * 3, False, id="a few reads"),
        pytest.param(["not_covered"] * 2, ["indeterminate"] * 3, False, id="not covered"),
        pytest.param(
            ["mutated", "wildtype"],
            ["indeterminate", "mutated", "indeterminate"],
            True,
            id="mutated, with its row",
        ),
    ],
)
@pytest.mark.parametrize("normal", ["NRM-0001", None])
def test_which_allele_of_a_cell_is_not_wild_type_is_not_told(normal, others, shown, searched):
    """Of three alleles of one base, two of which are wild type, the third is the patient's."""
    pair = PairOf(normal=normal)
    tables = pair.tables()
    if "mutated" in others:
        pair.add(tables, pair.variant(1602, "G", "T", method="forced"))
    tables["hotspot_status"] = [
        pair.hotspot(1602, "G", "C", "wildtype"),
        pair.hotspot(1602, "G", "T", others[0]),
        pair.hotspot(1690, "G", "T", others[1]),
        pair.hotspot(1710, "G", "T", "wildtype"),
    ]
    found = exported(pair, tables)
    rows = [(row["status"], row["tumor_depth"]) for row in found["hotspot_status"]]
    depths = {"wildtype": 120, "mutated": 120, "indeterminate": None}
    assert rows == [(status, depths[status]) for status in (*shown, "wildtype")]
    # as little is said of the place, which looks like any other that was not searched
    states = {
        row["state"] for row in found["callable_region"] if row["start0"] < 1650 <= row["end0"]
    }
    assert states == ({"CALLABLE"} if searched else {"NOT_CALLABLE"})


def test_hotspots_that_are_all_withheld_are_said_to_be():
    pair = PairOf()
    tables = pair.tables()
    tables["hotspot_status"] = [pair.hotspot(1600, "G", "C") | {"chrom": "chrM"}]
    for row in tables["analysis_scope"]:
        if row["analysis"] == "hotspot":
            row.update(status="done", reason_code=None)
    found = exported(pair, tables)
    assert found["hotspot_status"] == []
    (scope,) = [row for row in found["analysis_scope"] if row["analysis"] == "hotspot"]
    assert (scope["status"], scope["reason_code"]) == ("done_none_found", "withheld_by_tier")


@pytest.mark.parametrize(
    ("tier", "reads"), [("consortium", 12_000_000), ("controlled", 12_345_678)]
)
def test_the_number_of_reads_tells_of_no_file(tier, reads):
    """A delivery note has it: with all its digits it would say whose row it is."""
    pair = PairOf()
    tables = pair.tables()
    one = tables["qc_metric"][0] | {"metric_id": metric_id("reads_total"), "value": 12_345_678.0}
    tables["qc_metric"].append(one)
    values = {row["metric_id"]: row["value"] for row in exported(pair, tables, tier)["qc_metric"]}
    assert values == {"reads_total": reads, "mean_target_coverage": 98.5}


def test_numbers_of_reads_of_every_size_hold_in_verify():
    numbers = [*(value * 10**power for power in range(10) for value in (67_951, 9, 99_961)), 0]
    reads = {"run_id": "0" * 16, "subject_kind": "sample", "unit": "1", "status": "PASS"}
    rows = [
        {**reads, "center_id": "ONE", "entity_id": f"S{at}", "tool": "x", "value": float(value)}
        | {"metric_id": metric_id("reads_total")}
        for at, value in enumerate(numbers)
    ]
    metrics = coarse_reads(prepared_table("qc_metric", rows))
    assert set(metrics["value"].to_pylist()) == {
        float(f"{value:.1e}") if value else 0.0 for value in numbers
    }
    (rule,) = (rule for rule in RULES if rule.name == "coarse_reads")
    with duckdb.connect() as database:
        database.register("qc_metric", metrics)
        assert database.execute(rule.sql).fetchall() == []


def test_phases_are_numbers_of_haplotypes_with_two_released_variants():
    names = ["1042_TGA_T", "1042_TGA_T", "77_A_C", None, "5_G_A", "5_G_A"]
    rows = pl.DataFrame({"phase_set": names})
    assert coarse_phases(rows)["phase_set"].to_list() == ["1", "1", None, None, "2", "2"]


def test_filters_of_reads_keep_their_names_and_all_others_have_one():
    filters = [
        ["freebayes.near_germline_indel", "freebayes.strand"],
        ["mutect2.germline", "mutect2.normal_artifact"],
        [],
        None,
    ]
    rows = pl.DataFrame({"filters": filters})
    assert coarse_filters(rows)["filters"].to_list() == [
        ["freebayes.strand", WITHHELD_FILTER],
        [WITHHELD_FILTER],
        [],
        None,
    ]


def test_a_callers_own_words_do_not_leave():
    rows = pl.DataFrame(
        {
            "center_id": ["ONE"] * 3,
            "filter_id": ["mutect2.strand_bias", "old.Mrs_Canary", "onconcord.hotspot"],
            "scope": ["caller", "caller", "pipeline"],
            "description": ["as seen by Dr Canary", "Mrs Canary of ward 7", "A known driver"],
            "effect": ["fail", "fail", "flag"],
        }
    )
    found = coarse_definitions(rows).select("filter_id", "description").rows()
    assert found == [
        ("mutect2.strand_bias", "Alternate reads of one strand"),
        ("onconcord.hotspot", "A known driver"),
        (WITHHELD_FILTER, "A filter of a caller that the tier does not name"),
    ]


REGION = {"center_id": "ONE", "pair_id": "P", "reference_id": "R"}


def regions(*rows, chrom="chr1"):
    return pl.DataFrame(
        [
            REGION | {"chrom": chrom, "start0": start, "end0": end, "state": state}
            for start, end, state in rows
        ],
        schema_overrides={"start0": pl.Int32, "end0": pl.Int32},
    )


NOTHING = pl.DataFrame(schema={"chrom": pl.String, "pos": pl.Int32, "ref": pl.String})


@pytest.mark.parametrize(
    ("before", "withheld", "after"),
    [
        pytest.param(
            [(120, 337, "CALLABLE"), (337, 361, "NO_COVERAGE"), (361, 900, "CALLABLE")],
            [],
            [(120, 300, "CALLABLE"), (300, 400, "NOT_CALLABLE"), (400, 900, "CALLABLE")],
            id="a breakpoint becomes a cell",
        ),
        pytest.param(
            [(120, 190, "LOW_NORMAL"), (190, 210, "LOW_TUMOR"), (210, 240, "CALLABLE")],
            [],
            [(120, 240, "NOT_CALLABLE")],
            id="no reason, and within the target",
        ),
        pytest.param(
            [(100, 150, "CALLABLE"), (150, 333, "EXCLUDED"), (333, 500, "CALLABLE")],
            [],
            [(100, 150, "CALLABLE"), (150, 333, "EXCLUDED"), (333, 500, "CALLABLE")],
            id="what nobody was searched for is as it is",
        ),
        pytest.param(
            [(0, 1000, "CALLABLE")],
            [(400, "AC")],
            [(0, 300, "CALLABLE"), (300, 500, "NOT_CALLABLE"), (500, 1000, "CALLABLE")],
            id="a withheld variant that reaches over a line of the grid",
        ),
        pytest.param(
            [(100, 150, "NO_COVERAGE"), (400, 600, "CALLABLE"), (1000, 1100, "CALLABLE")],
            [(450, "A")],
            [
                *((100, 150, "NOT_CALLABLE"), (400, 500, "NOT_CALLABLE")),
                *((500, 600, "CALLABLE"), (1000, 1100, "CALLABLE")),
            ],
            id="targets apart",
        ),
    ],
)
def test_where_a_pair_was_searched_is_told_in_cells(before, withheld, after):
    rows = [{"chrom": "chr1", "pos": pos, "ref": ref} for pos, ref in withheld]
    found = coarse_regions(regions(*before), pl.DataFrame(rows) if rows else NOTHING)
    assert_frame_equal(found, regions(*after))


def test_chromosomes_of_descent_are_searched_in_nobody():
    found = coarse_regions(
        regions((5, 90, "NO_COVERAGE"), (90, 200, "CALLABLE"), chrom="chrY"), NOTHING
    )
    assert_frame_equal(found, regions((5, 200, "EXCLUDED"), chrom="chrY"))


GENES = pl.DataFrame(
    {
        "gene_id": ["G1", "G2", "G3", "G4", "GM"],
        "target_bp": [5000, 5000, 5000, 1000, 1000],
        "tumor_mean_depth": [163.7, 163.7, 163.7, None, 5000.0],
        "callable_frac": [1.0, 1.0, 0.996, 0.44, 1.0],
        "min_vaf_detectable": [0.03456, 0.03456, 0.03456, None, 0.01],
        "status": ["callable", "callable", "callable", "partial", "callable"],
    }
)


def test_a_gene_is_wholly_searched_or_it_is_not_told_why():
    """A withheld variant and a few bases without reads look the same; chrM was not searched."""
    found = coarse_genes(GENES, pl.DataFrame({"gene_id": ["G2", None]}), ["GM"])
    assert found.rows() == [
        ("G1", 5000, 160.0, 1.0, 0.03, "callable"),
        ("G2", 5000, 160.0, 0.9, 0.03, "partial"),
        ("G3", 5000, 160.0, 0.9, 0.03, "partial"),
        ("G4", 1000, None, 0.4, None, "partial"),
        ("GM", 1000, None, 0.0, None, "not_callable"),
    ]


def of_gene(found):
    return {row["gene_id"]: row["status"] for row in found["gene_callability"]}


def test_the_gene_of_a_place_that_is_not_stated_is_not_wholly_searched():
    pair = PairOf()
    tables = pair.tables()
    tables["gene_callability"][0].update(callable_frac=1.0, status="callable")
    assert of_gene(exported(pair, tables)) == {"ENSG01": "callable"}
    tables["hotspot_status"] = [pair.hotspot(1600, "G", "C", "germline")]
    assert of_gene(exported(pair, tables)) == {"ENSG01": "partial"}
    tables["hotspot_status"] = []
    # its own gene is another, in the same place
    withheld = pair.variant(1600, "G", "C") | {"normal_depth": 5, "gene_id": "ENSG02"}
    pair.add(tables, withheld)
    assert of_gene(exported(pair, tables)) == {"ENSG01": "partial"}


def test_genes_of_the_chromosomes_of_descent_were_not_searched():
    pair = PairOf()
    tables = pair.tables()
    tables["gene_callability"].append(
        tables["gene_callability"][0]
        | {"gene_id": "ENSGM", "tumor_mean_depth": 4000.0, "status": "callable"}
    )
    tables["assay_region"].append(tables["assay_region"][0] | {"chrom": "chrM", "gene_id": "ENSGM"})
    assert of_gene(exported(pair, tables)) == {"ENSG01": "partial", "ENSGM": "not_callable"}
