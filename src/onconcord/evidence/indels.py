"""
The normal form of many plain changes at once, as arrays.

Nearly all records that are not one base for one are an insertion or a deletion after an anchor
base, or a few bases for as many. What `normal_form` says of each of them is said of all here; any
other spelling is left to it.
"""

import numpy as np
import polars as pl
import pyarrow as pa

from onconcord.evidence.normal_form import PHASED_GAP_BP
from onconcord.reference.rolling import Integers, rolled_many
from onconcord.reference.sequence import Bases, Genome

_LONGEST_ROLL_BP = 200
"""Bases by which an indel is moved here; each is a step of its own, for all indels together."""


def place_plain(genome: Genome, alleles: pl.DataFrame) -> pl.DataFrame:
    """
    Normal form and extent of the alleles that are plain; the others are left out.

    Args:
        genome: the reference.
        alleles: chrom, pos (1-based), ref, alt, which agree with the reference; shape (n, 4).
    Returns:
        The columns of `alleles`; e_pos, e_ref and e_alt as `normal_form.normalise` has them;
        start0 and end0 as `normal_form.extent0` has them. `normal_form.split` would leave each of
        these alleles whole.
    """
    long_ref, long_alt = pl.col("ref").str.len_bytes(), pl.col("alt").str.len_bytes()
    ends_differ = pl.all_horizontal(
        pl.col("ref").str.slice(place, 1) != pl.col("alt").str.slice(place, 1) for place in (0, -1)
    )
    short = (long_ref == long_alt) & (long_ref <= PHASED_GAP_BP + 2) & ends_differ
    start0 = pl.col("pos") - 1
    substitutions = alleles.filter(short).with_columns(
        e_pos="pos", e_ref="ref", e_alt="alt", start0=start0, end0=start0 + long_ref.cast(pl.Int64)
    )
    inserted = (long_ref == 1) & pl.col("alt").str.starts_with(pl.col("ref"))
    deleted = (long_alt == 1) & pl.col("ref").str.starts_with(pl.col("alt"))
    indels = alleles.with_columns(inserted=inserted).filter(
        (inserted | deleted) & (long_ref != long_alt)
    )
    return pl.concat([substitutions, _place_indels(genome, indels)])


def _place_indels(genome: Genome, indels: pl.DataFrame) -> pl.DataFrame:
    """The columns of `place_plain` for alleles with an anchor base; `inserted` tells them apart."""
    longer = pl.when("inserted").then("alt").otherwise("ref").str.slice(1)
    changed = indels.select(longer).to_series()
    lengths = changed.str.len_bytes().to_numpy().astype(np.int64)
    text = np.frombuffer("".join(changed).encode("ascii"), np.uint8)
    before0 = indels["pos"].to_numpy()
    after0 = before0 + np.where(indels["inserted"].to_numpy(), 0, lengths)
    of_all = (genome, indels["chrom"], text, lengths)
    left = rolled_many(*of_all, before0 - 1, step=-1, longest=_LONGEST_ROLL_BP)
    right = rolled_many(*of_all, after0, step=1, longest=_LONGEST_ROLL_BP)
    anchor = before0 - left
    # Nothing stands before the first base of a contig, so that its anchor is another one.
    done = (anchor > 0) & (left < _LONGEST_ROLL_BP) & (right < _LONGEST_ROLL_BP)
    bases = genome.gather(indels["chrom"], anchor - 1)
    spelt = _spelt(bases, text, lengths, left)
    whole, first = pl.lit(spelt), pl.lit(spelt.str.slice(0, 1))
    return (
        indels.with_columns(
            e_pos=pl.Series(anchor),
            e_ref=pl.when("inserted").then(first).otherwise(whole),
            e_alt=pl.when("inserted").then(whole).otherwise(first),
            start0=pl.Series(anchor),
            end0=pl.Series(after0 + right),
        )
        .filter(pl.Series(done))
        .drop("inserted")
    )


def _spelt(anchors: Bases, text: Bases, lengths: Integers, left: Integers) -> pl.Series:
    """The anchor base of each indel and its bases after moving by `left`; shape (n,)."""
    firsts = np.cumsum(lengths) - lengths
    within = np.arange(lengths.sum()) - np.repeat(firsts, lengths)
    turned = (within - np.repeat(left, lengths)) % np.repeat(lengths, lengths)
    spelt = np.insert(text[np.repeat(firsts, lengths) + turned], firsts, anchors)
    ends = np.concatenate([[0], np.cumsum(lengths + 1)])
    array = pa.LargeStringArray.from_buffers(
        len(lengths), pa.py_buffer(ends.astype(np.int64)), pa.py_buffer(spelt)
    )
    return pl.Series(array, dtype=pl.String)
