"""
Random events on every gene model at hand: what a name says is what the event does.

The c. name, applied to the genome, gives the changed genome; the p. name, applied to the protein,
gives what translating the changed transcript gives; both parse as HGVS by another's parser, as far
as that knows the kind.
"""

import random
import re

import pytest
from mavehgvs import Variant

from hgvs_oracle import numbered, protein_said, random_event, translated
from onconcord.annotated.names import Namer
from real_genes import real_models, sound_transcripts
from synthetic_genes import synthetic_model

NOT_IN_MAVE = re.compile(r"inv|ext|\?|[0-9]_\*1ins|\+[0-9]+_[0-9]+-[0-9]+ins")
"""
What HGVS has and its subset for maps of variant effects has not: inversions, extensions, what
cannot be predicted, insertions behind the stop codon and in the middle of an intron.
"""


def check_events(genome, table, count, seed):
    """Check `count` events spread over the sound transcripts; the number of p. names seen."""
    chance = random.Random(seed)
    namer = Namer(genome)
    transcripts = sound_transcripts(namer, table)
    assert transcripts
    named = 0
    contigs = {}
    for one in transcripts:
        contig = contigs.setdefault(
            one.chrom, genome.bases(one.chrom, 0, genome.contigs[one.chrom].length)
        )
        gene = numbered(one, contig)
        first, last = one.coding
        exons = [exon for exon in one.exons if exon[1] > first and exon[0] < last]
        edges = [edge for exon in exons for edge in exon] + [first, last]
        for _ in range(-(-count // len(transcripts))):
            low, high = chance.choice(exons)
            if chance.random() < 0.4:
                edge = chance.choice(edges)
                low, high = edge - 12, edge + 12
            event = random_event(chance, contig, low, high)
            named += check_event(namer, one, gene, event)
    return named


def check_event(namer, transcript, gene, event):
    """Check one event; whether it has a protein name that says something."""
    found = namer.names(transcript, *event)
    short, full = found.protein.short, found.protein.full
    where = (transcript.transcript_id, event, found)
    changed = gene.changed(*event)
    assert gene.applied(found.coding) == changed, where
    for name in (found.coding, short):
        if name and not NOT_IN_MAVE.search(name):
            Variant(name)
    mrna = spliced(gene, changed)
    if mrna is None:
        assert short in (None, "p.?"), where
        return False
    start, end = gene.coding
    cds = gene.mrna[start:end]
    protein, after = translated(cds), translated(mrna[start:])
    if short is None:
        assert cds in mrna, where
        return False
    if short in ("p.Met1?", "p.Met1="):
        assert (cds in mrna) == (short == "p.Met1="), where
        return True
    if short == "p.?":
        # No stop is left, or what is doubled brings a splice site with it.
        assert not after.endswith("*") or doubles_a_splice_site(gene, found.coding), where
        return False
    said, length = protein_said(short, protein, full)
    if re.search("fs|ext", full):
        assert after.startswith(said), where
        assert (len(after) if after.endswith("*") else None) == length, where
    else:
        assert said == after, where
    return True


def doubles_a_splice_site(gene, name):
    """Whether a c. name doubles bases that are not all of one exon."""
    found = re.fullmatch(r"c\.([-*+0-9]+)(?:_([-*+0-9]+))?dup", name)
    if not found:
        return False
    places = range(gene.at[found[1]], gene.at[found[2] or found[1]] + 1)
    return any(at not in gene.base_of for at in places)


def spliced(gene, changed):
    """The transcript of the changed gene; None where the event is not within one exon."""
    start = common(gene.bases, changed)
    behind = common(gene.bases[start:][::-1], changed[start:][::-1])
    end = len(gene.bases) - behind
    new = changed[start : len(changed) - behind]
    touched = range(start, end) if end > start else (start - 1, start)
    bases = [gene.base_of.get(at) for at in touched]
    if None in bases or bases != list(range(bases[0], bases[0] + len(bases))):
        return None
    begin = gene.base_of[start]
    return gene.mrna[:begin] + new + gene.mrna[begin + end - start :]


def common(one, other):
    """How many bases two sequences begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def test_names_of_made_up_genes_say_what_events_do(tmp_path):
    genome, table = synthetic_model(tmp_path, genes=12)
    assert check_events(genome, table, 600, seed=1) > 300


@pytest.mark.slow
def test_twenty_thousand_names_say_what_events_do(tmp_path):
    genome, table = synthetic_model(tmp_path, genes=60)
    assert check_events(genome, table, 20_000, seed=2) > 10_000


@pytest.mark.slow
def test_names_of_real_genes_say_what_events_do(tmp_path):
    models = real_models(tmp_path)
    if models is None:
        pytest.skip("no gene models beside the checkout")
    assert check_events(*models, 10_000, seed=3) > 5_000
