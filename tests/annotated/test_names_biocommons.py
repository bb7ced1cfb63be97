"""
Names and the reference implementation of HGVS, biocommons hgvs: its grammar takes every name, and
what its mapper makes of a c. name is the p. name, but for what is listed here.
"""

import random
import re
from collections import Counter

import pytest
from hgvs.dataproviders.interface import Interface
from hgvs.exceptions import HGVSInvalidIntervalError
from hgvs.parser import Parser
from hgvs.variantmapper import VariantMapper

from hgvs_oracle import random_event
from onconcord.annotated.names import Namer
from real_genes import real_models, sound_transcripts
from synthetic_genes import synthetic_model

EXPLAINED = {
    "behind a stop": "HGVS ends a name at the first stop; the mapper writes on behind it",
    "up to a stop": "what comes ends in a new stop; the mapper trims more of what it replaces",
    "one of two": "of a synonymous change of several residues the mapper names the first alone",
    "the stop kept": "a stop codon that is another one, or has one before it, is the same protein",
    "the start kept": "the bases before the CDS complete its start codon; the mapper asks no more",
    "not predicted": "no stop is left, or a duplication brings a splice site; the mapper looks at "
    "the bases of the transcript alone",
    "none of theirs": "hgvs 1.5.7 fails where an event reaches to the transcript's end or beyond",
    "over the stop": "what takes the stop and residues before it is a frame shift in HGVS; the "
    "mapper writes all residues where as many bases come as go",
}
"""Kinds of names that differ, and why: what `difference` sorts them into."""


class Transcripts(Interface):
    """Transcripts of the tests, as the mapper asks for them."""

    required_version = "1.1"

    def __init__(self, namer, transcripts):
        super().__init__()
        self.codings = {one.transcript_id: namer.coding_sequence(one) for one in transcripts}

    def get_tx_identity_info(self, tx_ac):
        coding = self.codings[tx_ac]
        return {
            "cds_start_i": coding.start,
            "cds_end_i": coding.end,
            "lengths": [len(coding.bases)],
        }

    def get_seq(self, ac, start_i=None, end_i=None):
        bases = self.codings[ac.removeprefix("P-")].bases
        return bases[start_i:end_i]

    def get_pro_ac_for_tx_ac(self, tx_ac):
        return f"P-{tx_ac}"

    def data_version(self):
        return "tests"

    def schema_version(self):
        return "1.1"

    def _not_asked(self, *_, **__):
        raise AssertionError("coding and protein names alone are mapped, which needs no genome")

    get_acs_for_protein_seq = get_assembly_map = get_gene_info = _not_asked
    get_similar_transcripts = get_tx_exons = get_tx_for_gene = _not_asked
    get_tx_for_region = get_tx_info = get_tx_mapping_options = _not_asked


def compared(genome, table, count, seed):
    """
    Random events, named and held to the parser and the mapper.

    Returns:
        How many protein names were the same, and how many differ by kind of EXPLAINED.
    """
    chance, namer, parser = random.Random(seed), Namer(genome), Parser()
    transcripts = sound_transcripts(namer, table)
    mapper = VariantMapper(
        Transcripts(namer, transcripts), replace_reference=False, prevalidation_level=None
    )
    found = Counter()
    for one in transcripts:
        contig = genome.bases(one.chrom, 0, genome.contigs[one.chrom].length)
        first, last = one.coding
        exons = [exon for exon in one.exons if exon[1] > first and exon[0] < last]
        for _ in range(-(-count // len(transcripts))):
            low, high = chance.choice(exons)
            event = random_event(chance, contig, max(low, first), min(high, last))
            names = namer.names(one, *event)
            parser.parse_hgvs_variant(f"{one.transcript_id}:{names.coding}")
            for name in (names.protein.short, names.protein.full):
                if name is not None:
                    parser.parse_hgvs_variant(f"P:{name}")
            if names.protein.full is None or re.search(r"[0-9][+-][0-9]|[*.]-", names.coding):
                continue
            variant = parser.parse_hgvs_variant(f"{one.transcript_id}:{names.coding}")
            try:
                theirs = re.sub("[()]", "", str(mapper.c_to_p(variant)).split(":")[1])
            except (IndexError, HGVSInvalidIntervalError):
                found["none of theirs"] += 1
                continue
            kind = difference(names, theirs, namer.coding_sequence(one).protein)
            assert kind is None or kind in EXPLAINED, (one.transcript_id, event, names, theirs)
            found[kind or "same"] += 1
    return found


def difference(names, theirs, protein):
    """None where both say the same; else the kind of difference, or what both say."""
    ours = names.protein.full
    if ours == theirs:
        return None
    if ours == "p.?":
        return "not predicted"
    if (ours, theirs) == ("p.Met1=", "p.Met1?"):
        return "the start kept"
    if re.fullmatch("p.Ter[0-9]+=", ours):
        return "the stop kept"
    if "_" in ours and ours.endswith("=") and theirs == ours.split("_")[0] + "=":
        return "one of two"
    if ours.endswith("Ter") and re.search("Ter([A-Z][a-z]{2})+$", theirs):
        return "behind a stop"
    if ours.endswith("Ter") and ours.split("ins")[-1] == theirs.split("ins")[-1]:
        return "up to a stop"
    if "ext" in ours and ours.split("Ter")[:-1] == theirs.split("Ter")[:-1]:
        return "behind a stop"
    cds = [int(number) for number in re.findall(r"(?<![*0-9-])[0-9]+", names.coding)]
    if "*" in names.coding or max(cds) > 3 * len(protein) - 3:
        return "over the stop"
    return f"{names.coding} {ours} {theirs}"


@pytest.mark.slow
def test_names_of_made_up_genes_are_those_of_biocommons(tmp_path):
    genome, table = synthetic_model(tmp_path, genes=6)
    found = compared(genome, table, 600, seed=5)
    assert found["same"] > 0.9 * found.total()


@pytest.mark.slow
def test_names_of_real_genes_are_those_of_biocommons(tmp_path):
    models = real_models(tmp_path)
    if models is None:
        pytest.skip("no gene models beside the checkout")
    found = compared(*models, 2_000, seed=6)
    assert found["same"] > 0.98 * found.total()
