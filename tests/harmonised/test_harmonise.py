"""Events, counts and annotation become tables; how they are cut into pieces does not matter."""

import random
from dataclasses import astuple

import polars as pl
import pysam
import pytest

from annotated_vcf import annotated, entry
from onconcord import contract
from onconcord.calls.callers import Caller
from onconcord.decision import normal_clone
from onconcord.decision.power import Power
from onconcord.evidence.background import SCHEMA as BACKGROUND
from onconcord.evidence.collect import write_site_table
from onconcord.evidence.events import KEY
from onconcord.evidence.fragments import Limits
from onconcord.evidence.normal_form import Allele, atoms, steps
from onconcord.evidence.panel import SCHEMA as PANEL
from onconcord.evidence.recount import SCHEMA, recount
from onconcord.evidence.tables import EVIDENCE_SCHEMA, read_checked
from onconcord.harmonised import pieces
from onconcord.harmonised.features import (
    changed_bases,
    frequencies,
    known_drivers,
    repeats,
    trinucleotides,
)
from onconcord.harmonised.variants import Facts
from onconcord.reference.intervals import covered
from onconcord.reference.sequence import ContigNames, Genome
from pair_specs import pair_spec
from recounted import estimates, model, sample

BASES = "".join(random.Random(2).choices("ACGT", k=2000))
SEQUENCE = BASES[:600] + "C" + "A" * 8 + "T" + BASES[610:]


@pytest.fixture
def genome(tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">20\n{SEQUENCE}\n")
    pysam.faidx(str(fasta))
    return Genome(fasta)


def change(base):
    return {"A": "C", "C": "G", "G": "T", "T": "A"}[base]


def snv(pos):
    return Allele("20", pos, SEQUENCE[pos - 1], change(SEQUENCE[pos - 1]))


MNV = Allele("20", 300, SEQUENCE[299:301], change(SEQUENCE[299]) + change(SEQUENCE[300]))
DELETION = Allele("20", 400, SEQUENCE[399:404], SEQUENCE[399])
INSERTION = Allele("20", 601, "C", "CA")


def read_with(allele, start0, name, header, length=100):
    """A read of `length` bases from `start0` (0-based) that carries the allele, or none."""
    read = pysam.AlignedSegment(header)
    bases, cigar = SEQUENCE[start0 : start0 + length], [(0, length)]
    if allele is not None:
        offset = allele.start0 - start0
        bases = (SEQUENCE[start0 : start0 + offset] + allele.alt + SEQUENCE[allele.end0 :])[:length]
        size = len(allele.alt) - len(allele.ref)
        if size:
            middle = (1, size) if size > 0 else (2, -size)
            rest = length - offset - 1 - max(size, 0)
            cigar = [(0, offset + 1), middle, (0, rest)]
    read.query_name, read.query_sequence = name, bases
    read.reference_id, read.reference_start = 0, start0
    read.mapping_quality, read.cigartuples = 60, cigar
    read.query_qualities = pysam.qualitystring_to_array("I" * length)
    read.flag = 0
    read.set_tag("RG", "lane")
    return read


def write_reads(path, carriers):
    """Twenty reads over each allele, `carriers` of which carry it; some duplicates and bad ones."""
    header = pysam.AlignmentHeader.from_dict(
        {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": [{"SN": "20", "LN": len(SEQUENCE)}],
            "RG": [{"ID": "lane", "SM": path.stem}],
        }
    )
    reads = []
    for allele in (snv(200), MNV, DELETION, INSERTION):
        for number in range(20):
            start0 = allele.start0 - 70 + 2 * number
            carries = allele if number < carriers else None
            reads.append(read_with(carries, start0, f"{allele.pos}.{number}", header))
        for kind in ("duplicate", "badly mapped"):
            extra = read_with(allele, allele.start0 - 50, f"{allele.pos}.{kind}", header)
            extra.is_duplicate = kind == "duplicate"
            extra.mapping_quality = 60 if extra.is_duplicate else 5
            reads.append(extra)
    reads.sort(key=lambda one: one.reference_start)
    with pysam.AlignmentFile(str(path), "wb", header=header) as file:
        for read in reads:
            file.write(read)
    pysam.index(str(path))


def plain_counts(path, allele):
    """Reads over an allele's place and those that carry it, by their bases and CIGAR alone."""
    depth = carried = 0
    with pysam.AlignmentFile(str(path)) as file:
        for read in file.fetch("20", allele.start0, allele.end0):
            if read.is_duplicate or read.mapping_quality < 20:
                continue
            pairs = read.get_aligned_pairs()
            where = [ref for _, ref in pairs]
            if allele.start0 not in where or allele.end0 not in where:
                continue
            depth += 1
            inside = pairs[where.index(allele.start0) : where.index(allele.end0)]
            bases = "".join(read.query_sequence[at] for at, _ in inside if at is not None)
            carried += bases == allele.alt
    return depth, carried


@pytest.mark.parametrize("kind", ["bam", "cram"])
def test_counts_are_those_of_a_plain_look_at_the_reads(genome, tmp_path, kind):
    paths = {}
    for role, carriers in (("tumour", 6), ("normal", 0)):
        bam = tmp_path / f"{role}.bam"
        write_reads(bam, carriers)
        paths[role] = tmp_path / f"{role}.{kind}"
        if kind == "cram":
            pysam.view(
                *("-C", "-T", str(genome.path), "-o", str(paths[role]), str(bam)),
                catch_stdout=False,
            )
            pysam.index(str(paths[role]))
    events = [snv(200), MNV, DELETION, INSERTION]
    alleles = pl.DataFrame([astuple(event) for event in events], schema=list(KEY), orient="row")
    write_site_table(genome, alleles, tmp_path / "sites.vcf.gz")
    out = tmp_path / "recount.parquet"
    targets = tmp_path / "targets.bed"
    targets.write_text(f"20\t0\t{len(SEQUENCE)}\n")
    background = tmp_path / "background.parquet"
    sites = tmp_path / "sites.vcf.gz"
    recount(sites, [snv(250)], genome.path, targets, paths, Limits(20, 15), out, background)
    table = {tuple(row[name] for name in KEY): row for row in read_checked(out, SCHEMA).to_dicts()}
    for event in events:
        found = table[event.chrom, event.pos, event.ref, event.alt]
        assert found["is_own"]
        for role, name in (("tumour", "tumor"), ("normal", "normal")):
            depth, alternate = plain_counts(tmp_path / f"{role}.bam", event)
            assert (found[f"{name}_depth"], found[f"{name}_alt_count"]) == (depth, alternate)
            assert found[f"{name}_ref_count"] == depth - alternate
    # The atoms of the MNV and the hotspot are counted beside the events; they are parts of it.
    for at in (0, 1):
        atom = table["20", 300 + at, MNV.ref[at], MNV.alt[at]]
        assert (atom["tumor_alt_count"], atom["is_own"]) == (6, False)
    assert len(table) == len(events) + 3
    shown = read_checked(background, BACKGROUND)
    assert shown.height == 24
    assert shown["shown"].sum() == 0
    assert shown["bases"].min() > 0


def test_places(genome):
    regions = pl.DataFrame({"chrom": ["c", "c", "d"], "start0": [0, 20, 5], "end0": [10, 30, 6]})
    chrom = pl.Series(["c", "c", "c", "c", "d", "e", "c"])
    start0 = pl.Series([0, 9, 10, 20, 5, 5, 8])
    end0 = pl.Series([1, 10, 11, 30, 6, 6, 11])
    expected = [True, True, False, True, True, False, False]
    assert covered(regions, chrom, start0, end0).to_list() == expected
    at = pl.Series([1, 3, len(SEQUENCE)])
    names = pl.Series(["20"] * 3)
    assert trinucleotides(genome, names, at).to_list() == [None, SEQUENCE[1:4], None]


def test_the_bases_that_an_event_changes():
    events = pl.DataFrame(
        [
            (5, "A", "C", "SNV"),
            (5, "AC", "GT", "MNV"),
            (5, "ACG", "A", "DEL"),
            (5, "A", "AT", "INS"),
        ],
        schema=["pos", "ref", "alt", "variant_class"],
        orient="row",
    )
    start0, end0 = changed_bases(events)
    assert list(zip(start0, end0, strict=True)) == [(4, 5), (4, 6), (5, 7), (4, 5)]


def test_repeats(genome):
    events = pl.DataFrame(
        [("20", 601, "C", "CA", "INS"), ("20", 601, "CAA", "C", "DEL"), ("20", 5, "A", "C", "SNV")],
        schema=[*KEY, "variant_class"],
        orient="row",
    )
    assert repeats(genome, events).rows() == [("A", 8), ("A", 8), (None, None)]


def test_a_driver_in_an_event_makes_it_one(genome):
    hotspots = pl.DataFrame([("20", 301, MNV.ref[1], MNV.alt[1])], schema=KEY, orient="row")
    events = pl.DataFrame(
        [("20", 300, MNV.ref, MNV.alt, "MNV"), ("20", 200, "A", "C", "SNV")],
        schema=[*KEY, "variant_class"],
        orient="row",
    )
    assert known_drivers(hotspots, events).to_list() == [True, False]


def counted(found):
    """Rows of the recount: (alternate, reference) fragments of tumour and normal, by allele."""
    rows = [
        {
            **dict(zip(KEY, (one.chrom, one.pos, one.ref, one.alt), strict=True)),
            "is_own": True,
            **sample("tumor", *tumour),
            **sample("normal", *normal),
        }
        for one, (tumour, normal) in found.items()
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def write_pair(folder, genome, events):
    """Evidence, counts and annotation of a pair of which both callers pass every event."""
    rows = [
        {
            "caller": caller,
            **dict(zip(KEY, (one.chrom, one.pos, one.ref, one.alt), strict=True)),
            "raw_record_key": f"chr20:{one.pos}:{one.ref}:{one.alt}",
            "filter": "PASS",
            "is_pass": True,
            "match": "exact",
            "n_source_records": 1,
        }
        for one in events
        for caller in ("one", "two")
    ]
    pl.DataFrame(rows, schema=EVIDENCE_SCHEMA).write_parquet(folder / "evidence")
    table = counted(
        {
            one: ((30, 70), (0, 60))
            for event in events
            for one in (event, *([] if event != MNV else [snv(300), snv(301)]))
        }
    )
    of = annotated(
        folder,
        SEQUENCE,
        [
            (one.pos, one.ref, one.alt, "ANN=" + entry("missense_variant", "MODERATE", "CANON"))
            for one in sorted({*events, *(step for one in events for step in steps(genome, one))})
        ],
    )
    region = pl.DataFrame({"chrom": ["chr20"], "start0": [0], "end0": [len(SEQUENCE)]})
    caller = [
        Caller(name, "", name, ("SNV", "MNV"), True, "QUAL", "QUAL", None)
        for name in ("one", "two")
    ]
    facts = Facts(
        spec=pair_spec(),
        reference_id="custom-0",
        genome=genome,
        names=ContigNames({"20": "chr20"}, frozenset({"20"})),
        callers={one.name: one for one in caller},
        versions={"one": "1.0"},
        targets=region,
        states=region.with_columns(state=pl.lit("CALLABLE")),
        hotspots=pl.DataFrame(schema=table.select(KEY).schema),
        refget={"20": "SQ." + "a" * 32},
        panel=pl.DataFrame(schema=PANEL),
        model=model(),
        estimates=estimates(),
        power=Power(model(), estimates(), 10, 0.02),
    )
    return facts, table, of


@pytest.mark.slow
def test_the_tables_of_a_pair_do_not_depend_on_the_pieces(genome, tmp_path, monkeypatch):
    events = sorted([MNV, *(snv(pos) for pos in range(50, 1900, 37))])
    facts, counts, of = write_pair(tmp_path, genome, events)
    digests = []
    for rows in (1, 7, 100_000):
        monkeypatch.setattr(pieces, "PIECE_ROWS", rows)
        folder = tmp_path / str(rows)
        folder.mkdir()
        found, passing = pieces.write_variant_tables(
            facts, "CENTRE", tmp_path / "evidence", counts, of, folder
        )
        assert passing == len(events)
        digests.append({name: one.sha256 for name, one in found.items()})
    assert digests[0] == digests[1] == digests[2]
    small = contract.read_file("small_variant", folder / "small_variant.parquet").to_pylist()
    assert [row["variant_class"] for row in small].count("MNV") == 1
    row = next(row for row in small if row["variant_class"] == "MNV")
    assert (row["n_callers_pass"], row["n_callers_called"], row["n_callers_capable"]) == (2, 2, 2)
    assert (row["tumor_vaf"], row["origin"], row["filters"]) == (0.3, "somatic", [])
    assert (row["gene_symbol"], row["consequence_so"]) == ("GENE", "missense_variant")
    points = contract.read_file("oncogenicity", folder / "oncogenicity.parquet").to_pylist()
    assert {row["variant_key"] for row in points} == {row["variant_key"] for row in small}
    assert {row["class"] for row in points} == {"vus"}
    atoms = contract.read_file(
        "small_variant_atom", folder / "small_variant_atom.parquet"
    ).to_pylist()
    of_event = [one for one in atoms if one["event_id"] == row["event_id"]]
    assert [(one["atom_index"], one["pos"], one["tumor_alt_count"]) for one in of_event] == [
        (1, 300, 30),
        (2, 301, 30),
    ]


def judged(genome, folder, event, germline):
    """Origins of an event and of its atoms, where `germline` is in the normal as in the tumour."""
    facts, counts, of = write_pair(folder, genome, [event])
    known = dict.fromkeys((event, *atoms(event)), ((30, 70), (0, 60)))
    for one in steps(genome, event):
        known.setdefault(one, ((0, 100), (0, 60)))
    counts = counted({**known, germline: ((99, 1), (30, 30))})
    pieces.write_variant_tables(facts, "CENTRE", folder / "evidence", counts, of, folder)
    (small,) = contract.read_file("small_variant", folder / "small_variant.parquet").to_pylist()
    of_event = contract.read_file("small_variant_atom", folder / "small_variant_atom.parquet")
    columns = ("pos", "origin", "tumor_alt_count", "normal_alt_count")
    return small["origin"], [tuple(one[name] for name in columns) for one in of_event.to_pylist()]


def test_each_atom_is_judged_by_its_own_counts(genome, tmp_path):
    whole, atoms = judged(genome, tmp_path, MNV, snv(301))
    assert whole == "somatic"
    assert [one for one in atoms if one[0] == 301] == [(301, "germline_likely", 99, 30)]


def test_a_change_behind_a_deletion_is_judged_though_no_atom_has_its_name(genome, tmp_path):
    event = Allele("20", 321, SEQUENCE[320:324], change(SEQUENCE[323]))
    assert snv(324) in steps(genome, event)
    whole, atoms = judged(genome, tmp_path, event, snv(324))
    assert whole == "somatic"
    assert [(pos, origin) for pos, origin, *_ in atoms] == [(321, "germline_likely")]


def test_a_step_that_no_read_shows_says_nothing_against_the_whole(genome, tmp_path):
    event = Allele("20", 321, SEQUENCE[320:324], change(SEQUENCE[323]))
    whole, atoms = judged(genome, tmp_path, event, snv(900))
    assert [whole, *(origin for _, origin, *_ in atoms)] == ["somatic", "somatic"]


def test_a_pair_without_candidates_has_empty_tables(genome, tmp_path):
    facts, counts, of = write_pair(tmp_path, genome, [])
    found, passing = pieces.write_variant_tables(
        facts, "CENTRE", tmp_path / "evidence", counts, of, tmp_path
    )
    assert passing == 0
    assert {one.rows for one in found.values()} == {0}


@pytest.mark.parametrize(
    ("own", "first", "second", "expected"),
    [
        pytest.param(0.001, 0.2, 0.3, 0.001, id="its own"),
        pytest.param(None, 0.2, 0.3, 0.2, id="that of the rarest atom"),
        pytest.param(None, 0.2, 0.0, 0.0, id="an atom that was looked for and not seen"),
        pytest.param(None, 0.2, None, None, id="an atom that is not known"),
    ],
)
def test_a_haplotype_is_at_most_as_frequent_as_its_rarest_atom(own, first, second, expected):
    parts = atoms(MNV)
    rows = [(MNV, own), (parts[0], first), (parts[1], second), (snv(200), 0.5)]
    known = pl.DataFrame(
        [(one.chrom, one.pos, one.ref, one.alt, frequency) for one, frequency in rows],
        schema=[*KEY, "gnomad_af_max"],
        orient="row",
    )
    events = known[[0, 3]]
    assert frequencies(events, {0: parts}, known).to_list() == [expected, 0.5]


def test_a_driver_of_blood_that_the_normal_has_a_clone_of_is_no_somatic_variant(
    genome, tmp_path, monkeypatch
):
    monkeypatch.setattr(normal_clone, "BLOOD_GENES", frozenset({"GENE"}))
    facts, _, of = write_pair(tmp_path, genome, [snv(200)])
    counts = counted({snv(200): ((20, 80), (8, 62))})
    pieces.write_variant_tables(facts, "CENTRE", tmp_path / "evidence", counts, of, tmp_path)
    (row,) = contract.read_file("small_variant", tmp_path / "small_variant.parquet").to_pylist()
    assert (row["origin"], row["is_pass"]) == ("clonal_hematopoiesis", False)
    assert "onconcord.normal_clone" in row["filters"]
    (atom,) = contract.read_file(
        "small_variant_atom", tmp_path / "small_variant_atom.parquet"
    ).to_pylist()
    assert atom["origin"] == "clonal_hematopoiesis"
