"""The report: its numbers are the tables', it needs no network, and it trusts no value."""

import json
import os
import random
import re
from itertools import pairwise
from pathlib import Path

import pysam
import pytest

from builders import PairOf, write_pair
from cohort_tables import GNAS_R201C, variant, write_cohort
from onconcord import report
from onconcord.errors import InputError
from onconcord.questions.compare import compare_callers
from onconcord.questions.sources import open_source
from onconcord.report import figures, write_report
from onconcord.report.cohort import consequence_class, pyrimidine_change, read_cohort
from onconcord.report.compare_page import write_comparison
from onconcord.report.page import metric_table, not_measured, number, render, verdict_reasons
from onconcord.report.read_pages import igv_script
from onconcord.report.svg import Scale, nice_ticks

HOSTILE = "<img src=x onerror=\"alert('&')\"></script><script>alert(1)</script>"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A cohort of a few variants, for reading."""
    return read_cohort(open_source(write_cohort(tmp_path_factory.mktemp("few"))))


@pytest.fixture(scope="module")
def many_folder(tmp_path_factory):
    """The working folder of a cohort of many variants, for reading."""
    return write_cohort(tmp_path_factory.mktemp("many"), many=True)


@pytest.fixture(scope="module")
def many(many_folder):
    """A cohort of many variants, for reading."""
    return read_cohort(open_source(many_folder))


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        pytest.param("missense_variant", "missense", id="one term"),
        pytest.param("missense_variant&splice_region_variant", "missense", id="joined"),
        pytest.param("splice_donor_variant&stop_gained", "truncating", id="most severe first"),
        pytest.param("intron_variant", "silent", id="not coding"),
        pytest.param(None, "silent", id="no gene"),
    ],
)
def test_consequence_class(term, expected):
    assert consequence_class(term) == expected


def test_a_metric_that_was_not_measured_is_one_short_cell_and_a_sentence_below(few):
    names, rows = metric_table(few)
    cells = dict(rows)["TUM-B01"]
    assert cells[names.index("identity_lod")]["text"] == "n/a"
    assert not_measured(few) == [("TUM-B01", "identity lod", "tumour without a normal")]


def test_the_reasons_of_a_verdict_are_sentences(few):
    reasons = {row["pair_id"]: verdict_reasons(few, row) for row in few.pairs.iter_rows(named=True)}
    assert reasons == {
        "TUM-A01": [],
        "TUM-A02": [
            "WARN contamination_frac of the pair: 0.031 is above 0.02 (reads of another person in "
            "the tumour): extract and sequence again."
        ],
        "TUM-B01": [],
        "TUM-B02": [
            "FAIL identity_lod of the pair: -12.5 is below -3 (log10 odds that tumour and normal "
            "are of one person): compare the samples with those of the other patients: two may be "
            "exchanged."
        ],
    }


@pytest.mark.parametrize(
    ("p_germline", "qc", "expected"),
    [
        pytest.param(0.08, "PASS", (1, 0.08), id="judged"),
        pytest.param(None, "PASS", (1, None), id="not judged"),
        pytest.param(0.08, "FAIL", (0, 0.0), id="nothing leaves of a pair that fails"),
    ],
)
def test_how_many_germline_variants_leave_of_a_tumour_alone(tmp_path, p_germline, qc, expected):
    alone = PairOf("ONE", "TUM-ONLY", "PAT-ONLY", None, qc=qc)
    tables = alone.tables()
    leaves = alone.variant(1700, "G", "C", method="forced") | {"p_germline": p_germline}
    alone.add(tables, leaves)
    tables["qc_metric"] = []
    write_pair(tmp_path, alone, tables)
    write_pair(tmp_path, PairOf("ONE", "TUM-2", "PAT-2", "NRM-2"))
    cohort = read_cohort(open_source(tmp_path))
    assert cohort.alone.rows() == [("ONE", "TUM-ONLY", *expected)]
    page = render(cohort, [], tmp_path / "report.html")
    cell = "n/a" if expected[1] is None else f"{expected[1]:.2f}"
    assert f'<td class="n">{expected[0]}</td><td class="n">{cell}</td>' in page


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [
        pytest.param("C", "T", "C>T", id="pyrimidine"),
        pytest.param("G", "A", "C>T", id="purine is turned over"),
        pytest.param("A", "C", "T>G", id="A to C"),
        pytest.param("CA", "C", None, id="deletion"),
        pytest.param("N", "A", None, id="unknown base"),
    ],
)
def test_pyrimidine_change(ref, alt, expected):
    assert pyrimidine_change(ref, alt) == expected


@pytest.mark.parametrize(
    ("high", "expected"),
    [(0, [0, 1]), (7, [0, 2, 4, 6, 8]), (121, [0, 50, 100, 150])],
)
def test_ticks_are_round_and_reach_the_top(high, expected):
    assert nice_ticks(high) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(74390.0, "74\u2009390"), (0.0, "0"), (0.0076543, "0.007654"), (129.26, "129.3")],
)
def test_numbers_of_metrics(value, expected):
    assert number(value) == expected


def test_a_logarithmic_scale_is_even_in_powers_of_ten():
    scale = Scale(10, 1000, 0, 100, log=True)
    assert [scale(value) for value in (10, 100, 1000, 5000)] == [0, 50, 100, 100]


def test_status_of_a_variant_follows_is_pass_and_the_trail(many):
    counts = many.pairs.select("pair_id", "^variants_.*$").rows()
    assert counts == [
        ("TUM-A01", 23, 3, 0, 45),
        ("TUM-A02", 22, 3, 0, 46),
        ("TUM-B01", 22, 3, 0, 45),
        ("TUM-B02", 22, 3, 0, 45),
    ]
    dropped = many.variants.filter(pair_id="TUM-A02", pos=GNAS_R201C[1])
    assert dropped.select("status", "reason").row(0) == ("dropped", "model")


def embedded(page: str) -> dict:
    return json.loads(re.search(r'id="variant-data">(.*?)</script>', page, re.DOTALL)[1])


def test_numbers_of_the_page_are_those_of_the_tables(many_folder, tmp_path):
    written = write_report(many_folder, tmp_path / "report.html")
    assert written == [tmp_path / "report.html"]
    page = written[0].read_text()
    data = embedded(page)
    table = open_source(many_folder).read("small_variant")
    columns = data["columns"]
    seen = {
        (row[columns.index("pair_id")], row[columns.index("variant_key")]): row[
            columns.index("tumor_vaf")
        ]
        for row in data["rows"]
    }
    pairs = table.select("pair_id", "variant_key", "tumor_vaf").iter_rows()
    assert seen == {(pair, key): vaf for pair, key, vaf in pairs}
    tiles = dict(re.findall(r"<b>([^<]+)</b><span>([^<]+)</span>", page))
    assert tiles["89"] == "somatic variants kept"
    assert tiles["0"] == "unresolved: somatic or inherited"
    assert tiles["181"] == "candidates dropped"
    assert tiles["4"] == "pairs: 2 pass, 1 warn, 1 fail"


def test_what_may_be_inherited_stands_apart_from_what_is_somatic(tmp_path):
    alone = PairOf("ONE", "TUM-ONLY", "PAT-ONLY", None)
    tables = alone.tables()
    for row in tables["small_variant"]:
        row["origin"] = "unresolved" if row["is_pass"] else row["origin"]
        row["gene_symbol"], row["consequence_so"] = "GENE", "missense_variant"
    write_pair(tmp_path, alone, tables)
    cohort = read_cohort(open_source(tmp_path))
    passing = cohort.variants.filter("is_pass").height
    (pair,) = cohort.pairs.iter_rows(named=True)
    assert passing > 0
    assert (pair["variants_kept"], pair["variants_unresolved"]) == (0, passing)
    assert figures.somatic(cohort).height == 0
    styles = {mark.style for kind, mark in figures.oncoprint(cohort).kinds() if kind == "rect"}
    assert "unsure" in styles
    assert not {style for style in styles if style.startswith("c-")}
    page = write_report(tmp_path, tmp_path / "report.html")[0].read_text()
    assert f'<td class="n">{pair["leaving"]} of {passing}</td>' in page
    assert re.search(r"<b>0</b><span>genes altered</span>", page)


def test_a_gene_that_could_not_be_searched_is_not_shown_as_unaltered(few):
    titles = {
        mark.title: mark.style for kind, mark in figures.oncoprint(few).kinds() if kind == "rect"
    }
    assert titles["TOP1 in TUM-B01: not callable"] == "blind"
    assert titles["TOP1 in TUM-A01: no passing variant"] == "empty"
    assert titles["GNAS in TUM-A01: p.Arg201Cys"] == "c-missense"


def test_the_page_is_the_same_every_time_and_names_no_path(many_folder, tmp_path):
    again = write_cohort(tmp_path / "again", many=True)
    pages = [
        write_report(folder, tmp_path / "report.html")[0].read_bytes()
        for folder in (many_folder, again)
    ]
    assert pages[0] == pages[1]
    assert str(tmp_path).encode() not in pages[0]
    assert str(many_folder).encode() not in pages[0]


def test_a_hostile_value_is_text_on_the_page(tmp_path):
    write_cohort(tmp_path, hostile=HOSTILE)
    page = write_report(tmp_path, tmp_path / "report.html")[0].read_text()
    assert "<img" not in page
    assert page.count("</script>") == 2
    columns = embedded(page)["columns"]
    assert HOSTILE in [row[columns.index("gene_symbol")] for row in embedded(page)["rows"]]


def test_a_cohort_without_variants_has_a_page(tmp_path):
    write_cohort(tmp_path, variants=[], decisions=[], calls=[])
    page = write_report(tmp_path, tmp_path / "report.html")[0].read_text()
    assert embedded(page)["rows"] == []


def test_pairs_without_tables_are_named(tmp_path):
    write_cohort(tmp_path)
    (tmp_path / "results/0_inputs").mkdir(parents=True)
    (tmp_path / "results/0_inputs/TUM-C01.json").write_text("{}")
    page = write_report(tmp_path, tmp_path / "report.html")[0].read_text()
    assert "without finished tables, so not on this page: TUM-C01." in page


def test_rows_beyond_the_limit_are_counted(many):
    data = figures.variant_data(many, 10)
    assert (len(data["rows"]), data["left_out"]) == (10, 272)
    assert {row[0] for row in data["rows"]} <= {"kept", "flagged"}


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(InputError) as error:
        write_report(tmp_path, tmp_path / "r.html")
    assert str(error.value) == (
        f"{tmp_path}: expected a release (contract.json at its top) or a working folder "
        "with finished pairs (results/8_harmonised/PAIR/pair.parquet): run the pipeline there "
        "first"
    )
    with pytest.raises(InputError, match="no such folder"):
        open_source(tmp_path / "nowhere")


def add_reads(folder: Path) -> None:
    """A contig `20` whose base at GNAS R201C is C in half of the tumour's 40 reads, else T."""
    draw = random.Random(1)
    pos = 300
    reference = folder / "results/1_reference/genome.fa"
    reference.parent.mkdir(parents=True)
    sequence = "".join(draw.choices("ACGT", k=1000))
    sequence = sequence[: pos - 1] + "C" + sequence[pos:]
    reference.write_text(f">20\n{sequence}\n")
    pysam.faidx(str(reference))
    (reference.parent / "contigs.tsv").write_text(
        "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp\n"
        f"chr20\t20\t{len(sequence)}\tx\tSQ.x\t1\t0\n"
    )
    bam = folder / "results/3_alignments/TUM-A01.bam"
    bam.parent.mkdir()
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": "20", "LN": 1000}],
        "RG": [{"ID": "L1", "SM": "TUM-A01"}],
    }
    with pysam.AlignmentFile(str(bam), "wb", header=header) as out:
        for number in range(40):
            read = pysam.AlignedSegment(out.header)
            start = 210 + number
            bases = sequence[start : start + 100]
            if number % 2:
                at = pos - 1 - start
                bases = bases[:at] + "T" + bases[at + 1 :]
            read.query_name, read.query_sequence = f"r{number}", bases
            read.reference_id, read.reference_start = 0, start
            read.mapping_quality, read.cigarstring = 60, "100M"
            read.query_qualities = pysam.qualitystring_to_array("I" * 100)
            read.set_tag("RG", "L1")
            out.write(read)
    pysam.index(str(bam))


@pytest.fixture
def cohort_with_reads(tmp_path):
    if igv_script() is None:
        pytest.skip("igv-notebook, which carries igv.js, is not installed")
    row = variant("TUM-A01", ("chr20", 300, "C", "T"))
    write_cohort(tmp_path, variants=[row], decisions=[], calls=[])
    add_reads(tmp_path)
    return tmp_path


def test_a_pair_with_alignments_gets_a_page_of_reads(cohort_with_reads):
    written = write_report(cohort_with_reads, cohort_with_reads / "report.html")
    assert written[1] == cohort_with_reads / "report_reads/TUM-A01.html"
    assert embedded(written[0].read_text())["reads"] == {
        "TUM-A01": {"href": "report_reads/TUM-A01.html", "keys": ["chr20:300:C:T"]}
    }
    page = written[1].read_text()
    assert "@SESSION_DICTIONARY@" not in page
    assert str(cohort_with_reads) not in page


def test_every_page_that_is_read_states_what_it_may_load():
    pages = sorted(Path(report.__file__).parent.glob("*.html.j2"))
    whole = [page for page in pages if "<!doctype html>" in page.read_text()]
    assert len(whole) == 5
    for page in whole:
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page.read_text())
        assert policy, page.name
        assert policy[1].startswith("default-src 'none'"), page.name
        assert not re.search(r"https?:|\*", policy[1]), page.name


def grey(style):
    """How light the fill of a class of the page is on paper without colour, 0 to 1."""
    css = (Path(report.__file__).parent / "style.css").read_text()
    named = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", css))
    found = re.search(rf"\.{style} {{ fill: (?:var\(--([a-z]+)\)|(#[0-9a-f]{{3,6}}))", css)
    colour = (named[found[1]] if found[1] else found[2]).removeprefix("#")
    colour = colour if len(colour) == 6 else "".join(2 * one for one in colour)
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    "styles",
    [
        pytest.param(("a-only", "b-only", "both-other"), id="sides of a comparison"),
        pytest.param(("s-kept", "s-flagged", "s-unresolved"), id="states of variants"),
        pytest.param(("bar-vaf", "bar-unsure"), id="fractions"),
        pytest.param(("h-1", "h-2", "h-3", "h-4", "h-5"), id="parts that are callable"),
    ],
)
def test_what_has_no_letter_is_told_apart_without_colours(styles):
    light = sorted(grey(style) for style in styles)
    assert all((b + 0.05) / (a + 0.05) >= 1.25 for a, b in pairwise(light)), light


def test_what_has_a_colour_alone_has_its_name_on_it(many):
    letters = set(figures.LETTERS.values())
    assert len(letters) == len(figures.LETTERS)
    marks = figures.oncoprint(many).marks
    for one, behind in pairwise(marks):
        if one.style.startswith("c-"):
            assert behind.text in letters
    for one, behind in pairwise(figures.spectrum(many).marks):
        if one.style.startswith("m-") and one.width > 26:
            assert f" {behind.text.split()[0]}: " in one.title


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not installed: make tools-test")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield made
        made.close()


@pytest.fixture
def visit(browser):
    """Opens a page; every console message, script error and network request is a fault."""
    faults: list[str] = []
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.on("console", lambda message: faults.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:", "blob:"))
            else faults.append(f"request: {request.url}")
        ),
    )

    def go(path: Path, fragment: str = ""):
        page.goto(path.as_uri() + fragment)
        return page

    yield go
    page.close()
    assert faults == []


@pytest.mark.e2e
@pytest.mark.parametrize("width", [390, 1400, 1920])
def test_no_page_is_wider_than_its_window(tmp_path, visit, width):
    folder = write_cohort(tmp_path / "work", many=True)
    source = open_source(folder)
    comparison = tmp_path / "compare.html"
    write_comparison(compare_callers(source, "mutect2", "freebayes"), comparison)
    for path in (write_report(folder, tmp_path / "report.html")[0], comparison):
        page = visit(path)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width, path.name
    assert page.locator("td.prose").first.bounding_box()["width"] >= 300


CUT_OFF = """() => [...document.querySelectorAll("td, th")]
    .filter((cell) => cell.offsetParent !== null)
    .filter((cell) => cell.scrollWidth > cell.clientWidth + 1
        || cell.getBoundingClientRect().right > innerWidth + 1)
    .map((cell) => cell.textContent.trim())"""
OUT_OF_REACH = """() => [...document.querySelectorAll("table")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .filter((one) => (one.closest(".scroll") || one).tabIndex !== 0).length"""
UNREACHED = """() => [...document.querySelectorAll(
        "a[href], button:not([hidden]), input, select, summary, .scroll")]
    .filter((one) => one.tabIndex !== 0).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.e2e
@pytest.mark.parametrize("width", [390, 1400, 1920])
def test_no_column_is_cut_off(tmp_path, visit, width):
    write_cohort(tmp_path, many=True)
    page = visit(write_report(tmp_path, tmp_path / "report.html")[0])
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate(OUT_OF_REACH) == 0
    if width > 390:
        assert page.evaluate(CUT_OFF) == []


@pytest.mark.e2e
def test_paper_has_every_row_and_column(tmp_path, visit):
    write_cohort(tmp_path, many=True)
    page = visit(write_report(tmp_path, tmp_path / "report.html")[0])
    page.set_viewport_size({"width": 720, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#variants tbody tr").count() == 101
    assert page.locator("details:not([open])").count() == 0
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#variants tbody tr").count() == 25
    assert page.locator("details[open]").count() == 0


@pytest.mark.e2e
def test_everything_is_reached_by_keyboard(tmp_path, visit):
    write_cohort(tmp_path, many=True)
    page = visit(write_report(tmp_path, tmp_path / "report.html")[0])
    assert page.evaluate(UNREACHED) == []
    page.locator("button[data-column=tumor_vaf]").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("VAF")


@pytest.mark.e2e
def test_the_report_in_a_browser(tmp_path, visit):
    write_cohort(tmp_path, many=True)
    page = visit(write_report(tmp_path, tmp_path / "report.html")[0])
    table = open_source(tmp_path).read("small_variant")
    assert page.locator("#count").inner_text() == "25 of 101 shown"
    assert page.locator("#variants tbody tr").count() == 25
    page.locator("input[value=dropped]").check()
    assert page.locator("#count").inner_text() == f"25 of {table.height} shown"
    page.locator("#search").fill("p.Arg201Cys TUM-A01")
    cells = page.locator("#variants tbody tr td").all_inner_texts()
    assert cells[0:2] == ["kept", "TUM-A01"]
    assert [text.strip() for text in cells[6:9]] == ["0.300", "45 / 150", "0 / 100"]
    page.locator("#search").fill("")
    page.locator("#pair").select_option("TUM-B02")
    page.locator("button[data-column=tumor_vaf]").click()
    page.locator("button[data-column=tumor_vaf]").click()
    first = page.locator("#variants tbody tr").first.locator("td").nth(6).inner_text()
    highest = table.filter(pair_id="TUM-B02")["tumor_vaf"].max()
    assert first.strip() == f"{highest:.3f}"
    assert page.locator("svg[role=img]").count() == 10
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366


@pytest.mark.e2e
def test_a_hostile_value_does_nothing_in_a_browser(tmp_path, visit):
    write_cohort(tmp_path, hostile=HOSTILE)
    page = visit(write_report(tmp_path, tmp_path / "report.html")[0])
    assert HOSTILE in page.locator("#variants tbody td.g").first.inner_text()
    assert page.locator("img").count() == 0


@pytest.mark.e2e
def test_reads_in_a_browser_without_a_network(cohort_with_reads, visit):
    written = write_report(cohort_with_reads, cohort_with_reads / "report.html")
    page = visit(written[1], "#chr20%3A300%3AC%3AT")
    page.wait_for_selector("body[data-ready=yes]", timeout=20_000)
    assert "chr20:300:C:T" in page.locator("button[aria-current=true]").inner_text()
    assert "tumour: TUM-A01" in page.evaluate(
        "document.querySelector('#view').shadowRoot.textContent"
    )
