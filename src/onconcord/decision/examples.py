"""Candidates of finished pairs whose truth is known: what a model is fitted on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from onconcord.accuracy.outcomes import read_truth
from onconcord.accuracy.profiles import Plan
from onconcord.decision.terms import CANDIDATE_COLUMNS
from onconcord.errors import Fault, InputError
from onconcord.evidence.background import SCHEMA as BACKGROUND_SCHEMA
from onconcord.evidence.events import KEY
from onconcord.evidence.normal_form import normalise
from onconcord.evidence.recount import COUNTS
from onconcord.evidence.recount import SCHEMA as RECOUNT_SCHEMA
from onconcord.evidence.tables import read_checked
from onconcord.files import file_sha256
from onconcord.reference.contigs import read_contigs
from onconcord.reference.sequence import ContigNames, Genome


@dataclass(frozen=True)
class Examples:
    """
    The candidates of one pair.

    Args:
        pair: its id.
        candidates: `terms.CANDIDATE_COLUMNS`, `recount.COUNTS`, is_hotspot (never) and truth,
            whether it is a somatic event of the truth; in the order of the tables.
        recount, background: rows of the pair's files of stage 6.
        contamination: share of the tumour sample that is another person's.
        made_of: SHA-256 of the truth and of the counts.
    """

    pair: str
    candidates: pl.DataFrame
    recount: pl.DataFrame
    background: pl.DataFrame
    contamination: float
    made_of: Mapping[str, str]

    @property
    def matched(self) -> bool:
        return "normal" in self.background["role"]


def read_all(folders: Sequence[Path], plan: Plan) -> list[Examples]:
    """
    The examples of every pair of finished working folders, by the names of the pairs.

    Args:
        folders: working folders with `truth/{pair}.tsv` as `accuracy.outcomes.read_truth` reads it,
            and `results/`. The id of a simulated pair ends in its seed.
        plan: whose seeds are for what.
    Raises:
        InputError: a pair is of a seed that nothing is fitted on, has no tables, or is there twice;
            a folder has no truth; all such faults at once.
    """
    apart = {seed: use for use, seeds in plan.seeds.items() if use != "fit" for seed in seeds}
    found: dict[str, Path] = {}
    faults = []
    for folder in folders:
        truths = sorted((folder / "truth").glob("*.tsv"))
        if not truths:
            message = "expected truth/PAIR.tsv of at least one pair, found none."
            faults.append(Fault(str(folder), message))
        for truth in truths:
            pair, seed = truth.stem, truth.stem.rpartition("-")[2]
            if seed.isdecimal() and int(seed) in apart:
                message = (
                    f'the pair "{pair}" is of seed {seed}, which is for "{apart[int(seed)]}": a '
                    "model that has seen it would be scored on what it knows. Fit on pairs of "
                    f"the seeds {', '.join(map(str, plan.seeds['fit']))}, or of new ones."
                )
                faults.append(Fault(str(truth), message))
            elif not (folder / f"results/8_harmonised/{pair}/MANIFEST.json").exists():
                message = f'the pair "{pair}" has no tables: run the pipeline in {folder}.'
                faults.append(Fault(str(truth), message))
            elif pair in found:
                message = f'the pair "{pair}" is in {found[pair]} too. Name each folder once.'
                faults.append(Fault(str(truth), message))
            else:
                found[pair] = folder
    if faults:
        raise InputError(faults)
    return [read_examples(folder, pair) for pair, folder in sorted(found.items())]


def read_examples(folder: Path, pair: str) -> Examples:
    """
    The examples of one pair of a finished working folder.

    Raises:
        InputError: the truth cannot be read, or a column of stage 6 is not as declared.
    """
    results, truth = folder / "results", folder / f"truth/{pair}.tsv"
    tables, counts = results / f"8_harmonised/{pair}", results / f"6_evidence/{pair}"
    recount_path = counts.with_name(f"{pair}.recount.parquet")
    recount = read_checked(recount_path, RECOUNT_SCHEMA)
    genome = Genome(results / "1_reference/genome.fa")
    names = ContigNames.of(read_contigs(results / "1_reference/contigs.tsv"))
    somatic = {
        (allele.chrom, allele.pos, allele.ref, allele.alt)
        for allele in (
            normalise(genome, known.allele) for known in read_truth(truth) if known.somatic
        )
    }
    small = _with_native(pl.read_parquet(tables / "small_variant.parquet"), names)
    calls = _with_native(pl.read_parquet(tables / "variant_call_evidence.parquet"), names)
    # As harmonising does: part of one's atoms is not a word on the whole.
    said = pl.struct("caller", "score", info="info_json").filter(pl.col("match") != "atoms_partial")
    callers = calls.group_by(KEY, maintain_order=True).agg(callers=said)
    candidates = (
        small.join(callers, on=KEY, how="left", maintain_order="left")
        .join(recount.select(*KEY, *COUNTS), on=KEY, how="left", maintain_order="left")
        .select(
            *(pl.col(name).cast(kind) for name, kind in CANDIDATE_COLUMNS.items()),
            *COUNTS,
            is_hotspot=pl.lit(False),
            truth=pl.Series(
                [key in somatic for key in small.select(KEY).iter_rows()], dtype=pl.Boolean
            ),
        )
    )
    scope = pl.read_parquet(tables / "analysis_scope.parquet")
    stated = scope.filter(pl.col("analysis") == "small_variant")["params_json"].item()
    return Examples(
        pair,
        candidates,
        recount,
        read_checked(counts.with_name(f"{pair}.background.parquet"), BACKGROUND_SCHEMA),
        json.loads(stated)["contamination"],
        {"truth": file_sha256(truth), "recount": file_sha256(recount_path)},
    )


def _with_native(table: pl.DataFrame, names: ContigNames) -> pl.DataFrame:
    """A table of a pair without its counts, with the reference's own names of contigs."""
    native = {of_table: name for name, of_table in names.table_of.items()}
    return table.drop(COUNTS, strict=False).with_columns(
        pl.col("chrom").replace_strict(native, return_dtype=pl.String), pl.col("pos").cast(pl.Int64)
    )
