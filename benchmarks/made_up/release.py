"""
A made-up release of seven centres, tier consortium, written by the project's own writers.

Every pair has 60 to 300 variants as a rule, a few have thousands; each variant has its atoms, the
evidence of two callers and a consequence, and each pair its patient, samples, run, tools, reads,
QC, scope, and callable states of every chromosome and of the driver genes. The rows hold every
rule that `verify` checks. Tables are made and written piece by piece, so that memory does not
depend on their length.
"""

import hashlib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl

from made_up.exome import CHROMOSOMES, DRIVERS, Exome
from made_up.variants import (
    CALLERS,
    REFERENCE,
    atoms,
    by_normal,
    consequences,
    evidence,
    small_variants,
)
from onconcord import __version__, contract
from onconcord.release.coarse import GRID_BP
from onconcord.release.finish import write_descriptions
from onconcord.release.key import Key
from onconcord.release.manifest import Centre, Part, Release
from onconcord.release.merge import PartsWriter
from onconcord.release.pseudonyms import Pseudonymiser
from onconcord.release.tiers import released_tables

CENTRES = ("AMS", "BCN", "HEI", "LDN", "OSL", "PAR", "STO")
TIER = "consortium"
VARIANTS_PER_PAIR = 286
"""So that 10^8 rows are of 350,000 pairs."""
PIECE_PAIRS = 1_000

TARGET = (999_999, 200_000_000)
"""Start and end (0-based, half-open) of the one target of each chromosome."""
METRICS = ("callable_frac", "contamination_frac", "identity_lod", "mean_target_coverage")
TOOLS = ("bwa", "samblaster", "samtools", "gatk", "freebayes", "mosdepth", "SnpEff")
TISSUES = ("BRCA", "COADREAD", "LUAD", "PRAD", "SKCM", "PAAD", "GBM", "OV")

SOME_SHA256 = hashlib.sha256(b"made up").hexdigest()


def write_release(folder: Path, rows: int) -> int:
    """
    Write the release.

    Args:
        folder: does not exist.
        rows: rows of small_variant that are wanted, all centres together.
    Returns:
        Rows that it has: within some per cent of those wanted.
    """
    folder.mkdir(parents=True)
    exome, pairs = Exome.make(), max(rows // VARIANTS_PER_PAIR // len(CENTRES), 1)
    parts = []
    for number, centre in enumerate(CENTRES):
        parts += _write_centre(folder, centre, _pairs(centre, pairs), exome, number)
    centres = tuple(Centre(code, pairs) for code in CENTRES)
    write_descriptions(folder, Release("r2026-11", TIER, centres, tuple(parts)), None)
    return sum(part.digest.rows for part in parts if part.table == "small_variant")


def _write_centre(
    folder: Path, centre: str, pairs: pl.DataFrame, exome: Exome, number: int
) -> list[Part]:
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(PartsWriter(name, centre, folder, TIER))
            for name in released_tables(TIER)
        }

        def write(name: str, table: pl.DataFrame) -> None:
            columns = [f.name for f in contract.load().tables[name].fields_of(TIER)]
            table = table.with_columns(center_id=pl.lit(centre))
            writers[name].write(table.select(c for c in columns if c in table.columns).to_arrow())

        for name, table in _shared(centre).items():
            write(name, table)
        write("subject", _subjects(pairs))
        write("sample", _samples(pairs))
        for piece in pairs.sort("run_id").iter_slices(PIECE_PAIRS):
            for name, table in _of_runs(piece).items():
                write(name, table)
        used = np.zeros(exome.sites * 8, np.bool_)
        for piece in pairs.iter_slices(PIECE_PAIRS):
            draw = np.random.default_rng([number, piece["n"][0]])
            variants = small_variants(piece, exome, draw)
            used[variants["code"].to_numpy()] = True
            write("small_variant", variants)
            write("small_variant_atom", atoms(variants))
            write("variant_call_evidence", evidence(variants))
            for name, table in _of_pairs(piece, exome, draw).items():
                write(name, table)
        for piece in consequences(exome, used):
            write("variant_consequence", piece)
    return [part for writer in writers.values() for part in writer.parts]


def _pairs(centre: str, count: int) -> pl.DataFrame:
    """One row per pair, sorted by its pseudonym; n numbers them before that."""
    name = Pseudonymiser(Key(b"made up, and no secret of anyone"), centre)
    rows = [
        (
            n,
            name("sample", f"TUM-{n}"),
            name("sample", f"NRM-{n}") if (n + 1) % 20 else None,
            name("subject", f"PAT-{n}"),
            hashlib.sha256(f"{centre}{n}".encode()).hexdigest()[:16],
        )
        for n in range(count)
    ]
    schema = ["n", "pair_id", "normal_sample_id", "subject_id", "run_id"]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("pair_id")


def _shared(centre: str) -> dict[str, pl.DataFrame]:
    """Tables that say the same of every pair of a centre."""
    contigs = pl.DataFrame({"chrom": CHROMOSOMES}).with_columns(
        reference_id=pl.lit(REFERENCE),
        length_bp=pl.lit(250_000_000, pl.Int64),
        md5=_hex("chrom").str.slice(0, 32),
        refget_sq="SQ." + _hex("chrom").str.slice(0, 32),
        is_primary=pl.lit(True),
        masked_bp=pl.lit(0, pl.Int64),
    )
    regions = pl.DataFrame({"chrom": CHROMOSOMES}).with_columns(
        assay_id=pl.lit("exome"),
        reference_id=pl.lit(REFERENCE),
        start0=pl.lit(TARGET[0], pl.Int32),
        end0=pl.lit(TARGET[1], pl.Int32),
        purpose=pl.lit(["variant"]),
    )
    assay = {"assay_id": "exome", "strategy": "WES", "callable_padding_bp": 100}
    filters = {"filter_id": "mutect2.weak_evidence", "scope": "caller", "caller": "mutect2"}
    return {
        "reference_contig": contigs,
        "assay_region": regions,
        "assay": pl.DataFrame([{**assay, "alteration_types": ["small_variant"]}]),
        "filter_definition": pl.DataFrame(
            [{**filters, "description": "Too few reads", "effect": "fail"}]
        ),
        "vocabulary": pl.DataFrame(contract.vocabulary_rows(centre), infer_schema_length=None),
    }


def _hex(*columns: str) -> pl.Expr:
    """64 hex digits of the text in some columns."""
    text = pl.concat_str(*columns)
    return text.map_elements(lambda one: hashlib.sha256(one.encode()).hexdigest(), pl.String)


def _subjects(pairs: pl.DataFrame) -> pl.DataFrame:
    n = pl.col("n")
    return pairs.select(
        "subject_id",
        sex_karyotypic=pl.when(n % 2 == 0).then(pl.lit("XX")).otherwise(pl.lit("XY")),
        age_years_at_index=n % 60 + 25,
    )


def _samples(pairs: pl.DataFrame) -> pl.DataFrame:
    diagnosis = pl.Series(TISSUES).gather(pairs["n"] % len(TISSUES))
    tumours = pairs.select(
        "subject_id", sample_id="pair_id", role=pl.lit("tumor"), diagnosis_oncotree=diagnosis
    )
    normals = pairs.select("subject_id", sample_id="normal_sample_id", role=pl.lit("normal"))
    both = pl.concat([tumours, normals.drop_nulls("sample_id")], how="diagonal")
    return both.sort("sample_id")


def _of_runs(pairs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tables that are sorted by run."""
    runs = pairs.select("run_id", "pair_id", "normal_sample_id", value=pl.col("n") % 97 + 0.5)
    tools = pl.DataFrame({"tool": TOOLS, "step": [f"{name}_step" for name in TOOLS]})
    samples = pl.concat(
        [runs.with_columns(sample_id=pl.col(of)) for of in ("pair_id", "normal_sample_id")]
    ).drop_nulls("sample_id")
    reads = samples.join(pl.DataFrame({"file_role": ["fastq_1", "fastq_2"]}), how="cross")
    return {
        "run": runs.with_columns(
            pipeline_version=pl.lit(__version__),
            contract_version=pl.lit(contract.CONTRACT_VERSION),
            config_sha256=pl.lit(SOME_SHA256),
            lock_sha256=pl.lit(SOME_SHA256),
            reference_digest=pl.lit(SOME_SHA256),
            exit_status=pl.lit("ok"),
        ),
        "tool": runs.join(tools, how="cross")
        .with_columns(
            version=pl.lit("1.2.3"),
            version_source=pl.lit("cli"),
            command_template=pl.col("tool") + " --threads {threads} {reference} {reads}",
            params_json=pl.lit('{"calling":{"min_base_quality":15},"reads":{"trim":true}}'),
        )
        .sort("run_id", "step", "tool"),
        "input_file": reads.with_columns(
            ordinal=pl.lit(1),
            format=pl.lit("fastq.gz"),
            bytes=pl.col("value").cast(pl.Int64) * 10**8,
            sha256=_hex("run_id", "sample_id", "file_role"),
            reads=pl.col("value").cast(pl.Int64) * 10**6,
        ).sort("run_id", "sample_id", "file_role"),
        "qc_metric": runs.join(pl.DataFrame({"metric_id": METRICS}), how="cross")
        .with_columns(
            subject_kind=pl.lit("pair"),
            entity_id="pair_id",
            unit=pl.lit("1"),
            status=pl.lit("PASS"),
            tool=pl.lit("mosdepth"),
        )
        .sort("run_id", "metric_id"),
    }


def _of_pairs(
    pairs: pl.DataFrame, exome: Exome, draw: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Tables that are sorted by pair, but for those of variants."""
    analyses = sorted(contract.load().vocabularies["analysis"])
    scope = pairs.select("pair_id", "normal_sample_id").join(
        pl.DataFrame({"analysis": analyses}), how="cross"
    )
    done = pl.col("analysis") == "small_variant"
    genes = sorted((exome.names.index(name), name) for name in DRIVERS)
    driver = pl.DataFrame(
        {
            "gene_id": [f"ENSG{number:011d}" for number, _ in genes],
            "gene_symbol": [name for _, name in genes],
        }
    )
    callability = pairs.select("pair_id").join(driver, how="cross")
    # two of three genes are callable as a whole, and shares are in tenths
    share = np.floor(10 - 10 * np.maximum(draw.beta(1, 30, callability.height) - 0.033, 0)) / 10
    return {
        "pair": pairs.select(
            "pair_id",
            "normal_sample_id",
            "run_id",
            tumor_sample_id="pair_id",
            assay_id=pl.lit("exome"),
            design=by_normal("matched", "tumor_only"),
            reference_id=pl.lit(REFERENCE),
            purity_status=pl.lit("not_run"),
            qc_status=pl.lit("PASS"),
            qc_reasons=pl.lit([], pl.List(pl.String)),
        ),
        "analysis_scope": scope.with_columns(
            status=pl.when(done).then(by_normal("done", "partial")).otherwise(pl.lit("not_run")),
            reason_code=pl.when(done)
            .then(by_normal(None, "tumor_only_unresolved"))
            .otherwise(pl.lit("no_caller")),
            callers=pl.when(done).then(pl.lit(list(CALLERS))).otherwise(pl.lit([])),
            n_withheld=pl.when(done).then(pl.lit(0, pl.Int32)),
        ),
        "gene_callability": callability.with_columns(
            target_bp=pl.lit(1_500, pl.Int64),
            tumor_mean_depth=pl.Series(np.round(draw.gamma(30, 110 / 30, len(share)), 2)),
            callable_frac=share,
            status=pl.when(pl.Series(share) == 1)
            .then(pl.lit("callable"))
            .otherwise(pl.lit("partial")),
        ),
        "callable_region": _callable(pairs, draw),
    }


def _callable(pairs: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """Three intervals per chromosome, which are the target."""
    rows = pairs.select("pair_id").join(pl.DataFrame({"chrom": CHROMOSOMES}), how="cross")
    grid = (TARGET[0] // GRID_BP + 1, TARGET[1] // GRID_BP - 1)
    cuts = np.sort(draw.integers(*grid, (rows.height, 2)), axis=1) * GRID_BP
    cuts[:, 1] += (cuts[:, 0] == cuts[:, 1]) * GRID_BP
    edges = [
        np.full(rows.height, TARGET[0]),
        cuts[:, 0],
        cuts[:, 1],
        np.full(rows.height, TARGET[1]),
    ]
    states = ("CALLABLE", "NOT_CALLABLE", "CALLABLE")
    pieces = [
        rows.with_columns(start0=edges[i], end0=edges[i + 1], state=pl.lit(states[i]))
        for i in range(3)
    ]
    order = ["pair_id", "chrom", "start0"]
    return pl.concat(pieces).sort(order).with_columns(reference_id=pl.lit(REFERENCE))
