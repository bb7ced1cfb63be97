"""A model that is fitted on made-up pairs: the same bytes each time, and nothing of what scores."""

import json
import sys

import numpy as np
import polars as pl
import pytest

from onconcord.cli import main
from onconcord.decision.model import Model, judge
from onconcord.evidence.background import SCHEMA as BACKGROUND_SCHEMA
from onconcord.evidence.recount import SCHEMA as RECOUNT_SCHEMA
from onconcord.runtime import checkout
from recounted import candidate, estimates, frame, said

BASES = "ACGTTGCAAGCTCAGATCGA" * 100
TRUE_EVERY = 2


def rows_of(pair, count, normal=True):
    """Substitutions by key: every other one is somatic, the others are a few wrong fragments."""
    draw = np.random.default_rng(len(pair) + ord(pair[0]))
    for number in range(count):
        pos = 20 + 30 * number
        ref = BASES[pos - 1]
        alt = int(draw.integers(12, 60) if number % TRUE_EVERY == 0 else draw.integers(3, 6))
        one = candidate(
            tumour=(alt, 120 - alt),
            normal=((0, 60) if number % TRUE_EVERY == 0 else (2, 58)) if normal else None,
            ref=ref,
            alt="A" if ref != "A" else "C",
            callers=said("pileup", alt=alt),
        )
        yield {"chrom": "20", "pos": pos, "is_own": True} | one


def write_pair(folder, pair, count=20, normal=True):
    """One finished pair: what a fit reads of it."""
    rows = list(rows_of(pair, count, normal))
    results = folder / "results"
    for stage in ("1_reference", "6_evidence", f"8_harmonised/{pair}"):
        (results / stage).mkdir(parents=True, exist_ok=True)
    size = len(BASES)
    (results / "1_reference/genome.fa").write_text(f">20\n{BASES}\n")
    (results / "1_reference/genome.fa.fai").write_text(f"20\t{size}\t4\t{size}\t{size + 1}\n")
    (results / "1_reference/contigs.tsv").write_text(
        "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp\n"
        f"chr20\t20\t{size}\tx\tSQ.x\t1\t0\n"
    )
    counts = pl.DataFrame(rows, schema_overrides=RECOUNT_SCHEMA).select(
        pl.col(name).cast(kind) for name, kind in RECOUNT_SCHEMA.items()
    )
    counts.write_parquet(results / f"6_evidence/{pair}.recount.parquet")
    shown = [
        (role, one, two, 100, 1_000_000)
        for role in ("tumour", "normal")[: 1 + normal]
        for one in "ACGT"
        for two in "ACGT"
        if one != two
    ]
    pl.DataFrame(shown, schema=BACKGROUND_SCHEMA, orient="row").write_parquet(
        results / f"6_evidence/{pair}.background.parquet"
    )
    tables = results / f"8_harmonised/{pair}"
    small = counts.select(
        pl.lit("chr20").alias("chrom"), pl.col("pos").cast(pl.Int32), "ref", "alt"
    )
    small.with_columns(
        variant_class=pl.lit("SNV"),
        repeat_unit=pl.lit(None, dtype=pl.String),
        repeat_count=pl.lit(None, dtype=pl.Int32),
        gnomad_af_max=pl.lit(None, dtype=pl.Float64),
        pon_count=pl.lit(None, dtype=pl.Int32),
        tumor_depth=pl.lit(1, dtype=pl.Int32),
    ).write_parquet(tables / "small_variant.parquet")
    words = [row["callers"][0] for row in rows]
    small.with_columns(
        match=pl.lit("exact"),
        caller=pl.lit("pileup"),
        score=pl.Series([one["score"] for one in words]),
        info_json=pl.Series([one["info"] for one in words]),
    ).write_parquet(tables / "variant_call_evidence.parquet")
    scope = {"analysis": ["small_variant"], "params_json": [json.dumps({"contamination": 0.0})]}
    pl.DataFrame(scope).write_parquet(tables / "analysis_scope.parquet")
    (tables / "MANIFEST.json").write_text("{}")
    (folder / "truth").mkdir(exist_ok=True)
    header = "chrom\tpos\tref\talt\tclass\tvaf\torigin\thaplotype"
    somatic = [
        f"20\t{row['pos']}\t{row['ref']}\t{row['alt']}\tSNV\t0.2\tsomatic\t1"
        for row in rows[::TRUE_EVERY]
    ]
    (folder / f"truth/{pair}.tsv").write_text("\n".join([header, *somatic]) + "\n")


def fit(folders, out, *more):
    """The exit code of the command."""
    words = ["onconcord", "fit", *folders, "--id", "own-1", "--out", out, *more]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(word) for word in words])
        with pytest.raises(SystemExit) as ended:
            main()
    return ended.value.code or 0


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    for pair in ("clean-11", "oxog-11", "stutter-12"):
        write_pair(folder, pair)
    for pair in ("tumour-only-11", "alone-ffpe-11"):
        write_pair(folder, pair, normal=False)
    return folder


@pytest.fixture(scope="module")
def fitted(finished, tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "own.yaml"
    assert fit([finished], out) == 0
    return out


@pytest.mark.slow
def test_the_same_pairs_give_the_same_bytes(finished, fitted, tmp_path):
    write_pair(finished, "clean-11")
    assert fit([finished], tmp_path / "again.yaml") == 0
    assert (tmp_path / "again.yaml").read_bytes() == fitted.read_bytes()


@pytest.mark.parametrize("matched", [True, False])
def test_a_somatic_variant_ranks_above_an_error(fitted, matched):
    model = Model.read(fitted)
    assert (model.model_id, model.threshold) == ("own-1", 0.5)
    rows = list(rows_of("new-11", 20, matched))
    p = judge(
        frame(*({k: row[k] for k in frame().columns} for row in rows)), estimates(matched), model
    )
    true, wrong = p["p_somatic"][::TRUE_EVERY], p["p_somatic"].gather_every(TRUE_EVERY, 1)
    assert true.min() > 0.5 > wrong.max()


def test_every_pair_that_nothing_is_fitted_on_is_refused(finished, tmp_path, capsys):
    for pair in ("clean-101", "clean-201"):
        write_pair(tmp_path, pair)
    write_pair(tmp_path, "mixed-13")
    (tmp_path / "results/8_harmonised/mixed-13/MANIFEST.json").unlink()
    assert fit([tmp_path], tmp_path / "own.yaml") == 2
    assert capsys.readouterr().err.replace(f"{tmp_path}/", "").splitlines() == [
        'error: truth/clean-101.tsv: the pair "clean-101" is of seed 101, which is for "score": a '
        "model that has seen it would be scored on what it knows. Fit on pairs of the seeds 11, "
        "or of new ones.",
        'truth/clean-201.tsv: the pair "clean-201" is of seed 201, which is for "slice": a '
        "model that has seen it would be scored on what it knows. Fit on pairs of the seeds 11, "
        "or of new ones.",
        f'truth/mixed-13.tsv: the pair "mixed-13" has no tables: run the pipeline in {tmp_path}.',
    ]
    assert not (tmp_path / "own.yaml").exists()


def test_a_folder_that_says_nothing_is_refused(finished, tmp_path, capsys):
    assert fit([finished, finished, tmp_path], tmp_path / "own.yaml") == 2
    said_of = capsys.readouterr().err
    assert f'the pair "clean-11" is in {finished} too. Name each folder once.' in said_of
    assert f"{tmp_path}: expected truth/PAIR.tsv of at least one pair, found none." in said_of
    write_pair(tmp_path, "clean-11")
    assert fit([tmp_path], tmp_path / "own.yaml") == 2
    said_of = capsys.readouterr().err
    for what in ("1 of the 1 pairs with a normal", "0 of the 0 tumours alone"):
        assert f"{what} have a candidate that is in their truth: expected two or more." in said_of


def test_a_fault_of_the_settings_is_named(finished, tmp_path, capsys):
    path = tmp_path / "fit.yaml"
    given = (checkout.root() / "config/accuracy/fit.yaml").read_text()
    path.write_text(given.replace("threshold: 0.5", "threshold: 2"))
    assert fit([finished], tmp_path / "own.yaml", "--settings", path) == 2
    assert '"threshold": 2 is greater than the maximum of 1.' in capsys.readouterr().err
