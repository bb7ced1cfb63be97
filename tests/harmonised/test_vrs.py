"""VRS 2 identifiers against the reference implementation, and refget digests."""

import random

import pysam
import pytest
from ga4gh.core import ga4gh_identify
from ga4gh.vrs import VRS_VERSION, models
from ga4gh.vrs.dataproxy import _DataProxy
from ga4gh.vrs.normalize import normalize

from onconcord import contract
from onconcord.harmonised import vrs
from onconcord.reference import refget
from onconcord.reference.sequence import Genome

UNITS = ("A", "T", "CA", "CAG", "AAAT", "GGCC", "ACGTA")


def contig_with_repeats(seed: int) -> str:
    """About 3,000 bases, half of them in tandem repeats, which also stand at both ends."""
    source = random.Random(seed)
    pieces = ["CAG" * 9]
    while sum(map(len, pieces)) < 3000:
        pieces.append("".join(source.choices("ACGT", k=source.randint(5, 60))))
        pieces.append(source.choice(UNITS) * source.randint(2, 40))
    return "".join([*pieces, "T" * 150])


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    sequence = contig_with_repeats(1)
    fasta = tmp_path_factory.mktemp("vrs") / "genome.fa"
    lines = [sequence[i : i + 60] for i in range(0, len(sequence), 60)]
    fasta.write_text(">c1\n" + "\n".join(lines).lower() + "\n")
    pysam.faidx(str(fasta))
    return Genome(fasta), sequence


class Proxy(_DataProxy):
    """The one sequence the library may ask for."""

    def __init__(self, accession: str, sequence: str) -> None:
        self.accession, self.sequence = accession, sequence

    def get_sequence(self, identifier, start=None, end=None):
        assert identifier == f"ga4gh:{self.accession}"
        return self.sequence[start:end]

    def get_metadata(self, identifier):
        return {"length": len(self.sequence), "aliases": [f"ga4gh:{self.accession}"]}


def library_id(proxy: Proxy, pos: int, ref: str, alt: str) -> str:
    allele = models.Allele(
        location=models.SequenceLocation(
            sequenceReference=models.SequenceReference(refgetAccession=proxy.accession),
            start=pos - 1,
            end=pos - 1 + len(ref),
        ),
        state=models.LiteralSequenceExpression(sequence=alt),
    )
    return ga4gh_identify(normalize(allele, proxy))


def random_variants(sequence: str, count: int, seed: int) -> list[tuple[str, int, str, str]]:
    """SNVs, MNVs, insertions (tandem ones too), deletions, delins, and alleles equal to REF."""
    source, rows = random.Random(seed), []
    while len(rows) < count:
        start = source.randrange(0, len(sequence) - 30)
        size = source.randint(1, 12)
        bases = "".join(source.choices("ACGT", k=size))
        anchor, here = sequence[start], sequence[start : start + size + 1]
        ref, alt = source.choice(
            [
                (anchor, source.choice("ACGT")),
                (here[:size], bases),
                (anchor, anchor + bases),
                (anchor, anchor + sequence[start + 1 : start + 1 + size]),
                (here, anchor),
                (here, anchor + bases),
                (here + bases[:0], here + sequence[start + size + 1 : start + size + 4]),
            ]
        )
        rows.append(("c1", start + 1, ref, alt))
    return rows


def test_every_id_is_that_of_the_reference_implementation(genome):
    reference, sequence = genome
    accession = refget.sq_digest(sequence.encode())
    proxy = Proxy(accession, sequence)
    rows = random_variants(sequence, 1500, seed=2)
    rows += [
        ("c1", 1, sequence[:4], sequence[3]),
        ("c1", len(sequence), "T", "TT"),
        ("c1", len(sequence) - 30, "T" * 31, "T"),
    ]
    found = vrs.allele_ids(reference, {"c1": accession}, rows)
    wrong = [
        (row, mine)
        for row, mine in zip(rows, found, strict=True)
        if mine != library_id(proxy, *row[1:])
    ]
    assert wrong == []


def test_every_spelling_of_one_deletion_in_a_repeat_has_one_id(genome):
    reference, sequence = genome
    spellings = [
        ("c1", 3, "GCAG", "G"),
        ("c1", 9, "GCAG", "G"),
        ("c1", 7, "CAGCAG", "CAG"),
        ("c1", 1, sequence[:10], sequence[3:10]),
    ]
    assert len(set(vrs.allele_ids(reference, {"c1": "SQ.x"}, spellings))) == 1


def test_a_deletion_of_another_unit_has_another_id(genome):
    reference, _ = genome
    one, two = vrs.allele_ids(
        reference, {"c1": "SQ.x"}, [("c1", 3, "GCAG", "G"), ("c1", 3, "GCAGCAG", "G")]
    )
    assert one != two


def test_the_published_example_of_the_specification():
    """The location that the VRS 2 validation suite has."""
    location = (
        '{"end":44908822,"sequenceReference":{"refgetAccession":'
        '"SQ.F-LrLMe1SRpfUZHkQmvkVKFEGaoDeHul","type":"SequenceReference"},'
        '"start":44908821,"type":"SequenceLocation"}'
    )
    assert refget.sha512t24u(location.encode()) == "4t6JnYWqHwYw9WzBT_lmWBb3tLQNalkT"


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        pytest.param(b"ACGT", "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2", id="upper case"),
        pytest.param(b"acGt", "SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2", id="case does not count"),
        pytest.param(b"", "SQ.z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXc", id="no bases"),
    ],
)
def test_refget_identifier(sequence, expected):
    assert refget.sq_digest(sequence) == expected


def test_md5_is_that_of_sam_headers():
    assert refget.md5_digest(b"acgt") == "f1f8f4bf413b16ad135722aa4591043e"


def test_a_contig_without_digest_is_named(genome):
    with pytest.raises(KeyError, match="c1"):
        vrs.allele_ids(genome[0], {}, [("c1", 1, "C", "A")])


def test_the_library_these_ids_are_held_to_is_of_the_version_that_the_contract_states():
    stated = contract.load().constants["vrs_spec_version"].value
    assert VRS_VERSION.startswith(f"{stated}.")
