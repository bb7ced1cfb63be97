"""
What an HGVS name says, read back without the code that wrote it.

A c. or n. name is applied to the genome, base by base; a p. name to a protein. Both are slow and
plain on purpose.
"""

import random
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from onconcord.reference.transcripts import Transcript

CODE = {
    a + b + c: "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"[
        16 * "TCAG".index(a) + 4 * "TCAG".index(b) + "TCAG".index(c)
    ]
    for a in "TCAG"
    for b in "TCAG"
    for c in "TCAG"
}
LONG = (
    *("Ala", "Arg", "Asn", "Asp", "Cys", "Gln", "Glu", "Gly", "His", "Ile", "Leu", "Lys"),
    *("Met", "Phe", "Pro", "Ser", "Thr", "Trp", "Tyr", "Val", "Ter"),
)
THREE = dict(zip("ARNDCQEGHILKMFPSTWYV*", LONG, strict=True))
ONE = {long: short for short, long in THREE.items()}
STOPS = ("TAA", "TAG", "TGA")


def other_strand(bases):
    return "".join({"A": "T", "C": "G", "G": "C", "T": "A"}[base] for base in reversed(bases))


def translated(bases):
    """Residues up to and with the first stop, or all of them."""
    residues = "".join(CODE[bases[at : at + 3]] for at in range(0, len(bases) - 2, 3))
    return residues.split("*")[0] + "*" if "*" in residues else residues


@dataclass(frozen=True)
class Numbered:
    """
    A transcript with every base of its gene numbered.

    Args:
        bases: of the gene and some beside it, in the transcript's direction.
        at: number in HGVS -> index in `bases`.
        exonic: index in `bases` of each base of the transcript.
        coding: the CDS, 0-based half-open in bases of the transcript.
        first: position0 on the genome of the first base, in the genome's direction.
        strand: 1 or -1.
    """

    bases: str
    at: dict[str, int]
    exonic: list[int]
    coding: tuple[int, int]
    first: int
    strand: int

    @cached_property
    def base_of(self):
        """Base of the transcript by index in `bases`."""
        return {index: base for base, index in enumerate(self.exonic)}

    @cached_property
    def mrna(self):
        return "".join(self.bases[index] for index in self.exonic)

    def changed(self, pos, ref, alt):
        """The bases with a VCF's event in them."""
        start = pos - 1 - self.first
        if self.strand < 0:
            start = len(self.bases) - start - len(ref)
            ref, alt = other_strand(ref), other_strand(alt)
        assert self.bases[start : start + len(ref)] == ref
        return self.bases[:start] + alt + self.bases[start + len(ref) :]

    def applied(self, name):
        """The bases with what a c. name says in them."""
        found = re.fullmatch(
            r"c\.(?P<a>[-*+0-9]+)(_(?P<b>[-*+0-9]+))?"
            r"((?P<old>[ACGT])>(?P<new>[ACGT])|(?P<what>delins|del|ins|dup|inv)(?P<seq>[ACGT]*))",
            name,
        )
        assert found, name
        start, end = self.at[found["a"]], self.at[found["b"] or found["a"]] + 1
        assert start < end, name
        held = self.bases[start:end]
        if found["new"]:
            assert held == found["old"], name
            new = found["new"]
        elif found["what"] == "ins":
            assert end - start == 2, name
            new = held[0] + found["seq"] + held[1]
        else:
            assert bool(found["seq"]) == (found["what"] == "delins"), name
            new = {
                "delins": found["seq"],
                "del": "",
                "dup": held + held,
                "inv": other_strand(held),
            }[found["what"]]
        return self.bases[:start] + new + self.bases[end:]


def numbered(transcript: Transcript, genome: str, beside: int = 60) -> Numbered:
    """Number the bases of a coding transcript; `genome` is its contig."""
    first = max(transcript.exons[0][0] - beside, 0)
    last = min(transcript.exons[-1][1] + beside, len(genome))
    bases = genome[first:last]
    exonic = [at - first for start, end in transcript.exons for at in range(start, end)]
    cds = [at - first for at in range(*transcript.coding)]
    if transcript.strand < 0:
        bases = other_strand(bases)
        exonic = [len(bases) - 1 - at for at in reversed(exonic)]
        cds = [len(bases) - 1 - at for at in reversed(cds)]
    start, end = exonic.index(cds[0]), exonic.index(cds[-1]) + 1

    def label(base):
        if base < start:
            return str(base - start)
        return str(base - start + 1) if base < end else f"*{base - end + 1}"

    at = {label(base): index for base, index in enumerate(exonic)}
    for base, (before, after) in enumerate(pairwise(exonic)):
        gap = after - before - 1
        for inside in range(1, gap + 1):
            near_start = inside <= gap + 1 - inside
            name = f"{label(base)}+{inside}"
            if not near_start:
                name = f"{label(base + 1)}-{gap + 1 - inside}"
            at[name] = before + inside
    for outside in range(1, exonic[0] + 1):
        at[label(-outside)] = exonic[0] - outside
    for outside in range(len(bases) - exonic[-1] - 1):
        at[label(len(exonic) + outside)] = exonic[-1] + 1 + outside
    return Numbered(bases, at, exonic, (start, end), first, transcript.strand)


def protein_said(name, protein, full):
    """
    The protein that a p. name makes of one, stop included.

    Args:
        name: the short name; full: the long one, which tells the length behind a frame shift.
    Returns:
        The protein; of a frame shift or an extension the residues that are kept and the new one,
        and the length of the whole.
    """
    residue = r"(?P<{0}>[A-Z][a-z]{{2}})(?P<{0}n>[0-9]+)"
    if name.endswith("="):
        for long, number in re.findall(r"([A-Z][a-z]{2})([0-9]+)", name):
            assert THREE[protein[int(number) - 1]] == long, name
        return protein, len(protein)
    found = re.fullmatch(
        "p\\." + residue.format("a") + "(?P<new>[A-Z][a-z]{2})?(?P<what>fs|ext)"
        "(Ter(?P<ter>[0-9]+|\\?))?",
        full,
    )
    if found:
        at = int(found["an"]) - 1
        assert THREE[protein[at]] == found["a"], full
        length = None
        if found["ter"] != "?":
            length = at + int(found["ter"]) + (found["what"] == "ext")
        if found["what"] == "fs":
            assert name == f"p.{found['a']}{found['an']}fs", (name, full)
        return protein[:at] + ONE[found["new"]], length
    assert name == full
    found = re.fullmatch(
        "p\\." + residue.format("a") + "(_" + residue.format("b") + ")?"
        "((?P<what>delins|del|ins|dup)(?P<seq>([A-Z][a-z]{2})*)|(?P<sub>[A-Z][a-z]{2}))",
        name,
    )
    assert found, name
    start = int(found["an"]) - 1
    end = int(found["bn"] or found["an"])
    assert THREE[protein[start]] == found["a"], name
    assert found["b"] is None or THREE[protein[end - 1]] == found["b"], name
    assert end > start, name
    new = "".join(ONE[one] for one in re.findall("[A-Z][a-z]{2}", found["seq"] or ""))
    if found["sub"]:
        new = ONE[found["sub"]]
        assert new != protein[start], name
    elif found["what"] == "ins":
        assert end == start + 2, name
        assert new, name
        start, end = start + 1, start + 1
    elif found["what"] == "dup":
        new = 2 * protein[start:end]
    elif found["what"] == "delins":
        assert new, name
    whole = protein[:start] + new + protein[end:]
    whole = whole.split("*")[0] + "*"
    return whole, len(whole)


def random_event(chance: random.Random, genome: str, low: int, high: int):
    """An event of a VCF, left-aligned or not, between two positions0 of a contig."""
    start = chance.randrange(low, high)
    kind = chance.choice(("snv", "snv", "mnv", "ins", "ins", "del", "del", "delins", "dup", "inv"))
    length = chance.choice((1, 1, 2, 3, 3, 4, 6, 9, chance.randrange(1, 40)))
    held = genome[start : start + length]
    some = "".join(chance.choice("ACGT") for _ in range(length))
    if kind == "snv":
        ref = genome[start]
        return start + 1, ref, chance.choice([base for base in "ACGT" if base != ref])
    if kind == "ins":
        return start + 1, genome[start], genome[start] + some
    if kind == "dup":
        anchor = genome[start - 1]
        return start, anchor, anchor + held
    if kind == "del":
        anchor = genome[start - 1]
        return start, anchor + held, anchor
    new = {"mnv": some, "inv": other_strand(held)}.get(kind, some[: chance.randrange(1, 9)])
    if new == held or not held:
        return random_event(chance, genome, low, high)
    return start + 1, held, new
