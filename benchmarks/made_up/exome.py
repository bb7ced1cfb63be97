"""
A made-up exome, and every small variant that it could have.

A variant is a number, `code` = 8 * site + kind: the site is a coding base, numbered in the order of
the tables' keys (chr1, chr10, chr11, ...); kinds 0 to 2 are the other bases, 3 a deletion, 4 an
insertion, 5 two changed bases. Everything about a variant follows from its code, so that it is the
same in every pair and at every centre. Identifiers of VRS are random digests of the right length,
since there is no reference that they could be computed on.
"""

import base64
from dataclasses import dataclass

import numpy as np
import polars as pl

CHROMOSOMES = sorted(f"chr{name}" for name in (*range(1, 23), "X"))
"""In the order of keys; chrY and chrM are of no consortium release."""
GENES = 19_000
DRIVERS = ("TP53", "PIK3CA", "KRAS", "APC", "ARID1A", "PTEN", "BRAF", "EGFR", "NRAS", "ATM")
EXON_BP, INTRON_BP, GENE_BP = 150, 900, 240_000
HOTSPOTS = 300
KINDS = ("SNV", "SNV", "SNV", "DEL", "INS", "MNV")
BASES = np.array(list("ACGT"))
RESIDUES = np.array(
    ["Ala", "Arg", "Asn", "Asp", "Cys", "Gln", "Glu", "Gly", "His", "Ile", "Leu", "Lys"]
)
CONSEQUENCES = np.array(
    [
        *("missense_variant", "synonymous_variant", "stop_gained", "splice_region_variant"),
        *("frameshift_variant", "inframe_deletion", "inframe_insertion"),
    ]
)
IMPACTS = np.array(["MODERATE", "LOW", "HIGH", "LOW", "HIGH", "MODERATE", "MODERATE"])

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Words = np.ndarray[tuple[int], np.dtype[np.str_]]


def scrambled(numbers: np.ndarray, salt: int) -> np.ndarray:
    """64 even bits per number, always the same ones (splitmix64)."""
    bits = numbers.astype(np.uint64) + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))


def below(numbers: np.ndarray, salt: int, limit: int) -> Numbers:
    """A number in [0, limit) per number, always the same one."""
    return (scrambled(numbers, salt) % np.uint64(limit)).astype(np.int64)


def pick(words: list[str], index: np.ndarray) -> pl.Series:
    """The words at the indexes; -1 gives null."""
    return pl.Series(words, dtype=pl.String).gather(pl.Series(index).replace(-1, None))


@dataclass(frozen=True)
class Exome:
    """
    Genes along the coding bases.

    Args:
        offsets: first site of each gene and, last, the number of sites; shape (GENES + 1,).
        chrom: index in CHROMOSOMES of each gene.
        start: position (1-based) of each gene's first coding base.
        names: symbol of each gene.
        hotspots: codes of the variants that come back in many patients; shape (HOTSPOTS,).
    """

    offsets: Numbers
    chrom: Numbers
    start: Numbers
    names: list[str]
    hotspots: Numbers

    @staticmethod
    def make() -> "Exome":
        draw = np.random.default_rng(20)
        lengths = np.clip(draw.lognormal(7.1, 0.75, GENES), 150, 30_000).astype(np.int64)
        lengths -= lengths % 3
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        chrom = np.arange(GENES) * len(CHROMOSOMES) // GENES
        in_chrom = np.arange(GENES) - np.searchsorted(chrom, chrom)
        names = [f"GENE{number:05d}" for number in range(GENES)]
        drivers = draw.choice(GENES, len(DRIVERS), replace=False)
        for gene, name in zip(drivers, DRIVERS, strict=True):
            names[gene] = name
        of = drivers[np.minimum(draw.geometric(0.25, HOTSPOTS) - 1, len(DRIVERS) - 1)]
        sites = offsets[of] + draw.integers(0, lengths[of])
        # 30,000 coding bases and their 200 introns fit in GENE_BP
        return Exome(offsets, chrom, 1_000_000 + in_chrom * GENE_BP, names, np.unique(sites) * 8)

    @property
    def sites(self) -> int:
        return int(self.offsets[-1])

    def draw(self, draw: np.random.Generator, count: int) -> Numbers:
        """
        Codes of variants as tumours have them.

        One in 500 is a hotspot, so that a fifth of tumours have the commonest.
        """
        kinds = draw.choice(6, count, p=[0.31, 0.31, 0.30, 0.035, 0.02, 0.025])
        codes = draw.integers(0, self.sites, count) * 8 + kinds
        common = draw.random(count) < 0.002
        rank = np.minimum(draw.zipf(1.4, count) - 1, len(self.hotspots) - 1)
        return np.where(common, self.hotspots[rank], codes)

    def describe(self, codes: Numbers) -> pl.DataFrame:
        """What the tables say of each variant, whoever has it; shape (n,)."""
        site, kind = codes // 8, codes % 8
        gene = np.searchsorted(self.offsets, site, side="right") - 1
        coding = site - self.offsets[gene]
        pos = self.start[gene] + coding + coding // EXON_BP * INTRON_BP
        frame = self._alleles(site, kind).with_columns(
            code=codes,
            chrom=pick(CHROMOSOMES, self.chrom[gene]),
            pos=pl.Series(pos, dtype=pl.Int32),
            variant_class=pick(list(KINDS), kind),
            gene_id=pick([f"ENSG{number:011d}" for number in range(GENES)], gene),
            gene_symbol=pick(self.names, gene),
            transcript_id=pick([f"ENST{number:011d}" for number in range(GENES)], gene),
            vrs_id=_vrs_ids(codes),
            exon=pl.Series(coding // EXON_BP + 1),
            coding=pl.Series(coding + 1),
        )
        key = pl.concat_str("chrom", "pos", "ref", "alt", separator=":")
        return frame.with_columns(**_effects(codes, kind, coding), variant_key=key).with_columns(
            length_bp=(
                pl.col("alt").str.len_bytes().cast(pl.Int32) - pl.col("ref").str.len_bytes()
            ).cast(pl.Int32),
            hgvsc=pl.format("c.{}{}>{}", "coding", "ref", "alt"),
        )

    def _alleles(self, site: Numbers, kind: Numbers) -> pl.DataFrame:
        """Columns ref, alt and trinuc_context."""
        here = [below(site + step, 1, 4) for step in range(-1, 7)]
        letters = [pick(list(BASES), base) for base in here]
        length = below(site, 2, 6) + 2
        ahead = pl.DataFrame(letters[1:]).select(pl.concat_str(pl.all())).to_series()
        changed = pick(list(BASES), (here[1] + 1 + np.minimum(kind, 2)) % 4)
        second = pick(list(BASES), (here[2] + 1) % 4)
        inserted = pl.DataFrame({"a": ahead, "n": length - 1})
        frame = pl.DataFrame(
            {"kind": kind, "ahead": ahead, "n": length, "changed": changed, "second": second}
        ).with_columns(first=letters[1], before=letters[0], new=inserted["a"].str.reverse())
        chosen, first = pl.col("kind"), pl.col("first")
        return frame.select(
            ref=pl.when(chosen == 3)
            .then(pl.col("ahead").str.slice(0, pl.col("n")))
            .when(chosen == 5)
            .then(pl.col("ahead").str.slice(0, 2))
            .otherwise(first),
            alt=pl.when(chosen == 3)
            .then(first)
            .when(chosen == 4)
            .then(first + pl.col("new").str.slice(0, pl.col("n") - 1))
            .when(chosen == 5)
            .then(pl.col("changed") + pl.col("second"))
            .otherwise("changed"),
            trinuc_context=pl.when(chosen < 3).then(
                pl.col("before") + pl.col("ahead").str.slice(0, 2)
            ),
        )


def _effects(codes: Numbers, kind: Numbers, coding: Numbers) -> dict[str, pl.Series]:
    """Columns consequence_so, impact and hgvsp."""
    chance, length = below(codes, 3, 100), below(codes // 8, 2, 6) + 1
    effect = np.select([chance < 66, chance < 92, chance < 97], [0, 1, 2], 3)
    indel = np.where(length % 3 != 0, 4, np.where(kind == 3, 5, 6))
    effect = np.where((kind == 3) | (kind == 4), indel, np.where(kind == 5, 0, effect))
    codon = coding // 3 + 1
    before = below(codes // 24, 4, len(RESIDUES))
    after = (before + 1 + below(codes, 5, len(RESIDUES) - 1)) % len(RESIDUES)
    after_text = pick([*RESIDUES, "=", "*", "fs"], _after(effect, after))
    named = pl.DataFrame(
        {"before": pick(list(RESIDUES), before), "codon": codon, "after": after_text}
    )
    return {
        "consequence_so": pick(list(CONSEQUENCES), effect),
        "impact": pick(list(IMPACTS), effect),
        "hgvsp": named.select(pl.format("p.{}{}{}", "before", "codon", "after")).to_series(),
    }


def _after(effect: Numbers, after: Numbers) -> Numbers:
    count = len(RESIDUES)
    cases = [(effect == 1) | (effect == 3), effect == 2, effect == 4]
    return np.select(cases, [count, count + 1, count + 2], after)


def _vrs_ids(codes: Numbers) -> pl.Series:
    bits = np.stack([scrambled(codes, salt) for salt in (6, 7, 8)], axis=1)
    # 24 bytes are 32 signs, so all of them can be written at once
    signs = np.frombuffer(base64.urlsafe_b64encode(bits.tobytes()), "S32")
    text = pl.Series(signs.astype("U32"))
    return "ga4gh:VA." + text
