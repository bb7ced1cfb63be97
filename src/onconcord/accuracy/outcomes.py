"""What became of every true variant and of every call of one pair, method by method."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pysam

from onconcord.accuracy.haplotypes import match
from onconcord.accuracy.places import CHROM, class_of
from onconcord.errors import Fault, InputError
from onconcord.evidence.normal_form import Allele, extent0, normalise
from onconcord.inputs.pair_spec import PairSpec
from onconcord.inputs.tabular import read_table
from onconcord.reference.bed import read_bed
from onconcord.reference.sequence import Genome

DECISION, UNION = "decision", "union"
TRUTH_COLUMNS = ("chrom", "pos", "ref", "alt", "class", "vaf", "origin", "haplotype")
LOWEST_FRACTION = 0.05
"""Events below it are neither asked for nor wrong when they are called."""
_RUN = re.compile(r"(A+|C+|G+|T+)")
_UNITS = re.compile(r"([ACGT]{2,4}?)\1{2,}")
_BASES = frozenset("ACGT")


@dataclass(frozen=True)
class Known:
    """One variant of the truth; `fraction` is that of the tumour's reads which should show it."""

    allele: Allele
    variant_class: str
    fraction: float
    somatic: bool


@dataclass(frozen=True)
class Outcome:
    """
    One true event, found or missed, or one call that is wrong.

    Args:
        method: a caller's own PASS, `union` of those, or `decision`.
        outcome: tp, fn or fp.
        fraction: simulated allele fraction of a true event; None for a wrong call.
        context: none, run of 5 to 7 or of 8 and more equal bases, or other repeat.
        inherited: whether a wrong call is a germline variant of the patient.
    """

    profile: str
    pair: str
    method: str
    variant_class: str
    outcome: str
    fraction: float | None
    context: str
    allele: Allele
    inherited: bool


@dataclass(frozen=True)
class Candidate:
    """A row of small_variant with a probability, and whether it is (a part of) a true event."""

    profile: str
    variant_class: str
    p: float
    true: bool


def methods(outcomes: Iterable[Outcome]) -> list[str]:
    """Methods that pass anything, in order; a source of candidates alone passes nothing."""
    return sorted({outcome.method for outcome in outcomes if outcome.outcome != "fn"})


def read_truth(path: Path) -> list[Known]:
    """
    The truth of a pair as `cohort.write_cohort` writes it.

    Raises:
        InputError: a column is missing, or a value is none it may be.
    """
    table = read_table(path, TRUTH_COLUMNS, TRUTH_COLUMNS)
    found, faults = [], list(table.faults)
    for row in table.rows if not faults else ():
        cells = row.cells
        try:
            allele = Allele(cells["chrom"], int(cells["pos"]), cells["ref"], cells["alt"])
            fraction = float(cells["vaf"])
        except ValueError as error:
            faults.append(Fault(path.name, f"{error}: expected numbers as pos and vaf.", row.line))
            continue
        found.append(Known(allele, cells["class"], fraction, cells["origin"] == "somatic"))
    if faults:
        raise InputError(faults)
    return found


class Targets:
    """Intervals of a BED, 0-based half-open, ascending."""

    def __init__(self, path: Path) -> None:
        intervals = read_bed(path)
        self._starts = intervals["start0"].to_list()
        self._ends = intervals["end0"].to_list()

    def __contains__(self, allele: Allele) -> bool:
        """Whether the first changed base lies on a target."""
        at = allele.start0 + (len(allele.ref) != len(allele.alt) and allele.ref[0] == allele.alt[0])
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self._ends[place]


def passing(vcf: Path) -> Iterator[Allele]:
    """Alternate alleles of the records that a caller passes, as it writes them."""
    with pysam.VariantFile(str(vcf)) as file:
        for record in file:
            if list(record.filter) == ["PASS"]:
                for alt in record.alts or ():
                    if _BASES.issuperset(alt):
                        yield Allele(record.chrom, record.pos, record.ref or "", alt)


def score_pair(
    genome: Genome, folder: Path, profile: str, pair: str, callers: Sequence[str]
) -> tuple[list[Outcome], list[Candidate]]:
    """
    Outcomes and candidates of one pair of a finished working folder.

    Raises:
        InputError: the truth cannot be read.
    """
    known = read_truth(folder / f"truth/{pair}.tsv")
    targets = Targets(folder / "targets.bed")
    variants = pl.read_parquet(folder / f"results/8_harmonised/{pair}/small_variant.parquet")
    calls = {
        caller: list(passing(folder / f"results/5_calls/{caller}/{pair}.vcf.gz"))
        for caller in callers
    }
    calls[UNION] = [call for caller in callers for call in calls[caller]]
    calls[DECISION] = list(_alleles(variants.filter(pl.col("is_pass"))))
    outcomes = []
    for method, alleles in calls.items():
        own = distinct(genome, [allele for allele in alleles if allele in targets])
        for one in judge(genome, known, own):
            outcomes.append(
                Outcome(profile, pair, method, *one[:3], context(genome, one[3]), one[3], one[4])
            )
    return outcomes, candidates(genome, profile, known, variants, targets)


def distinct(genome: Genome, alleles: Iterable[Allele]) -> list[Allele]:
    """One allele for each normal form, in the spelling that comes first."""
    found: dict[Allele, Allele] = {}
    for allele in alleles:
        found.setdefault(normalise(genome, allele), allele)
    return [found[key] for key in sorted(found)]


def judge(
    genome: Genome, known: Sequence[Known], calls: Sequence[Allele]
) -> Iterator[tuple[str, str, float | None, Allele, bool]]:
    """
    Class, outcome, fraction, allele in normal form and "is inherited" of truth and wrong calls.

    True events below LOWEST_FRACTION, and calls that spell them, are left out.
    """
    truth = [variant for variant in known if variant.somatic]
    inherited = [variant.allele for variant in known if not variant.somatic]
    found = match(genome, [variant.allele for variant in truth], inherited, calls)
    for index, variant in enumerate(truth):
        if variant.fraction >= LOWEST_FRACTION:
            outcome = "tp" if index in found.truth else "fn"
            yield variant.variant_class, outcome, variant.fraction, variant.allele, False
    for index, call in enumerate(calls):
        if index not in found.calls:
            normal = normalise(genome, call)
            yield class_of(normal), "fp", None, normal, index in found.inherited


def candidates(
    genome: Genome, profile: str, known: Sequence[Known], variants: pl.DataFrame, targets: Targets
) -> list[Candidate]:
    """Candidates on target with a probability; an event of any fraction is true."""
    if "p_somatic" not in variants.columns:
        return []
    rated = variants.filter(pl.col("p_somatic").is_not_null())
    pairs = [
        (allele, p)
        for allele, p in zip(_alleles(rated), rated["p_somatic"].to_list(), strict=True)
        if allele in targets
    ]
    inherited = [variant.allele for variant in known if not variant.somatic]
    truth = [variant.allele for variant in known if variant.somatic]
    found = match(genome, truth, inherited, [allele for allele, _ in pairs])
    return [
        Candidate(profile, class_of(allele), p, index in found.calls)
        for index, (allele, p) in enumerate(pairs)
    ]


def _alleles(variants: pl.DataFrame) -> Iterator[Allele]:
    for pos, ref, alt in variants.select("pos", "ref", "alt").iter_rows():
        yield Allele(CHROM, pos, ref, alt)


def context(genome: Genome, allele: Allele) -> str:
    """The repeat that an allele in normal form touches."""
    start0, end0 = extent0(genome, allele)
    first = max(start0 - 25, 0)
    bases = genome.bases(allele.chrom, first, end0 + 25)
    begin, end = start0 - first, end0 - first
    runs = [
        len(run[0]) for run in _RUN.finditer(bases) if run.start() <= end and run.end() >= begin
    ]
    longest = max(runs, default=0)
    if longest >= 5:
        return "run of 8 and more" if longest >= 8 else "run of 5 to 7"
    repeats = (hit for hit in _UNITS.finditer(bases) if len(hit[0]) >= 8)
    touched = any(hit.start() <= end and hit.end() >= begin for hit in repeats)
    return "other repeat" if touched else "none"


def callers_of(folder: Path, pair: str) -> list[str]:
    """Callers of a finished pair, as its inputs name them."""
    return sorted(PairSpec.read(folder / f"results/0_inputs/{pair}.json").parameters.callers)
