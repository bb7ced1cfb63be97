"""The genetic code, standard and of vertebrate mitochondria, and how HGVS writes residues."""

from collections.abc import Mapping
from itertools import product

STOP = "*"
UNKNOWN = "X"
"""Residue of a codon with an unknown base."""
SELENOCYSTEINE = "U"

THREE_LETTERS = {
    **{"A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu"},
    **{"G": "Gly", "H": "His", "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe"},
    **{"P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val"},
    **{STOP: "Ter", UNKNOWN: "Xaa", SELENOCYSTEINE: "Sec"},
}
"""One-letter to three-letter codes of HGVS; a stop is Ter."""

_BASES = "TCAG"
_CODONS = ["".join(bases) for bases in product(_BASES, repeat=3)]
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")

Code = Mapping[str, str]

# NCBI's translation tables 1 and 2, codons in the order of _CODONS.
STANDARD: Code = dict(
    zip(
        _CODONS,
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
MITOCHONDRIAL: Code = {**STANDARD, "AGA": STOP, "AGG": STOP, "ATA": "M", "TGA": "W"}

MITOCHONDRIAL_STARTS = frozenset({"ATT", "ATC", "ATA", "ATG", "GTG"})


def is_start(codon: str, code: Code) -> bool:
    """Whether a codon begins a protein, as methionine."""
    return codon in (MITOCHONDRIAL_STARTS if code is MITOCHONDRIAL else ("ATG",))


def reverse_complement(bases: str) -> str:
    """The other strand, read in its own direction."""
    return bases.translate(_COMPLEMENT)[::-1]


def translate(bases: str, code: Code) -> str:
    """Residues of whole codons in one-letter codes; bases left over at the end say nothing."""
    return "".join(
        code.get(bases[at : at + 3], UNKNOWN) for at in range(0, len(bases) - len(bases) % 3, 3)
    )


def translate_to_stop(bases: str, code: Code) -> str:
    """As `translate`, up to and with the first stop; without a stop all of it."""
    residues = []
    for at in range(0, len(bases) - len(bases) % 3, 3):
        residue = code.get(bases[at : at + 3], UNKNOWN)
        residues.append(residue)
        if residue == STOP:
            break
    return "".join(residues)


def spelt(residues: str) -> str:
    """Residues in three-letter codes, one after another."""
    return "".join(THREE_LETTERS[residue] for residue in residues)
