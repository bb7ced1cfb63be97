"""
Speed of harmonising: callers' VCFs to contract tables, on one core.

    taskset -c 0 .venv/bin/python benchmarks/harmonise.py --fasta GENOME.fa

Two callers' VCFs are made up on the FASTA's longest contig (`made_up/calls.py`): nine in ten
records one base for one, the others insertions, deletions and MNVs; half of the sites are in both.
The work of other stages, annotation and recount, is made up too.

The rate is that of small_variant and variant_call_evidence, the model's judgement included and VRS
ids, which have a benchmark of their own, left out; a second one is of every table that holds
candidates. The peer reads the same VCFs the usual way: `bcftools norm`, then cyvcf2 record by
record, to a table of evidence and nothing more. Rates are of CPU seconds, which other work on the
machine disturbs less than the clock. Each step runs in a process of its own, imports included.

Exit code 1: a floor is missed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from cyvcf2 import VCF
from made_up import calls as made_up

from onconcord.reference.sequence import ContigNames, Genome

RECORDS_PER_SECOND = 50_000
PEAK_GIB = 1.0
HEADLINE = ("small_variant", "variant_call_evidence")
MODEL = Path(__file__).resolve().parent.parent / "config/models/exome.yaml"


def bring_together(folder: Path, _: str) -> Counter[str]:
    """The callers' VCFs to evidence, as scripts/evidence_collect.py does."""
    from onconcord.evidence import collect

    spent = Counter[str]()
    _timed(collect, "write_site_table", spent, lambda *_: "annotation")
    collect.collect_evidence(
        {name: folder / f"{name}.vcf.gz" for name in made_up.CALLERS},
        made_up.callers(),
        made_up.TUMOUR,
        made_up.NORMAL,
        folder / "genome.fa",
        folder / "contigs.tsv",
        folder / "evidence.parquet",
        folder / "rejected.parquet",
        folder / "candidates.vcf.gz",
    )
    return spent


def _cpu() -> float:
    """CPU seconds of this process and of those it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _timed(owner: Any, name: str, spent: Counter[str], what: Callable[..., str]) -> None:
    """Let a function add its CPU seconds to `spent`, under what `what` makes of its arguments."""
    function = getattr(owner, name)

    def timed(*arguments: Any, **named: Any) -> Any:
        started = _cpu()
        try:
            return function(*arguments, **named)
        finally:
            spent[what(*arguments)] += _cpu() - started

    setattr(owner, name, timed)


def harmonise(folder: Path, contig: str) -> Counter[str]:
    """Evidence to tables, as scripts/harmonised_pair.py does; returns seconds by what took them."""
    from onconcord import contract
    from onconcord.annotated.annotation import Annotation
    from onconcord.annotated.clinical import Clinical
    from onconcord.decision import decide
    from onconcord.decision.model import Model
    from onconcord.decision.power import Power
    from onconcord.decision.terms import PairEstimates
    from onconcord.evidence.panel import SCHEMA as PANEL
    from onconcord.harmonised import pieces, variants
    from onconcord.reference.transcript_set import choose_transcripts

    spent = Counter[str]()
    _timed(variants, "allele_ids", spent, lambda *_: "vrs")
    _timed(variants, "judge", spent, lambda *_: "model")
    _timed(pieces, "read_annotation", spent, lambda *_: "annotation")
    for owner, name in (
        *((decide, "_trail"), (variants, "_atom_rows"), (pieces, "oncogenicity_rows")),
        *((pieces, "_narrow"), (pieces, "_write_gathered")),
    ):
        _timed(owner, name, spent, lambda *_: "other tables")
    _timed(
        contract.TableWriter,
        "write",
        spent,
        lambda writer, _: "headline" if writer._spec.name in HEADLINE else "other tables",
    )
    names = ContigNames.read(folder / "contigs.tsv")
    genome = Genome(folder / "genome.fa")
    transcripts = pl.read_parquet(folder / "transcripts.parquet")
    recount = pl.read_parquet(folder / "recount.parquet")
    region = pl.DataFrame({"chrom": [names.table_of[contig]], "start0": [0], "end0": [2**31 - 1]})
    spec, model = made_up.pair_spec(), Model.read(MODEL)
    rates = np.full((4, 4), 1e-4)
    estimates = PairEstimates({"tumour": rates, "normal": rates}, 0.0, 0.0)
    decision = spec.parameters.decision
    facts = variants.Facts(
        spec=spec,
        reference_id="custom-bench",
        genome=genome,
        names=names,
        callers=made_up.callers(),
        versions={},
        targets=region,
        states=region.with_columns(state=pl.lit("CALLABLE")),
        hotspots=recount.select("chrom", "pos", "ref", "alt").clear(),
        refget={contig: "SQ." + "x" * 32},
        panel=pl.DataFrame(schema=PANEL),
        model=model,
        estimates=estimates,
        power=Power(model, estimates, decision["min_tumour_depth"], decision["min_tumour_vaf"]),
    )
    annotation = Annotation(
        folder / "annotated.vcf.gz",
        names.table_of,
        genome,
        folder / "transcripts.parquet",
        choose_transcripts(transcripts, None, genome, frozenset()),
        "5",
        Clinical.of(None),
    )
    evidence = folder / "evidence.parquet"
    pieces.write_variant_tables(facts, "BENCH", evidence, recount, annotation, folder)
    return spent


def read_plainly(folder: Path, _: str) -> Counter[str]:
    """The peer: every record of every caller looked at by itself, in normal form, to a table."""
    rows = []
    for caller in made_up.CALLERS:
        command = ["bcftools", "norm", "--multiallelics", "-", "--output-type", "u"]
        command += ["--fasta-ref", str(folder / "genome.fa"), str(folder / f"{caller}.vcf.gz")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as normalised:
            assert normalised.stdout is not None
            rows += [
                {
                    "caller": caller,
                    "chrom": record.CHROM,
                    "pos": record.POS,
                    "ref": record.REF,
                    "alt": record.ALT[0],
                    "filters": [] if record.FILTER is None else record.FILTER.split(";"),
                    "qual": record.QUAL,
                    "score": record.INFO.get("SCORE"),
                    "depths": record.format("AD").reshape(-1).tolist(),
                    "depth": record.format("DP").reshape(-1).tolist(),
                    "key": f"{record.CHROM}:{record.POS}:{record.REF}:{record.ALT[0]}",
                }
                for record in VCF(normalised.stdout)
            ]
        if normalised.returncode:
            raise subprocess.CalledProcessError(normalised.returncode, command)
    rows.sort(key=lambda row: (row["pos"], row["ref"], row["alt"], row["caller"]))
    pq.write_table(pa.Table.from_pylist(rows), folder / "plain.parquet")
    return Counter()


STEPS = {"evidence": bring_together, "tables": harmonise, "peer": read_plainly}


def prepare(folder: Path, fasta: Path, count: int) -> tuple[str, int]:
    """Everything that the steps read, in `folder`; the contig, and the number of records."""
    for suffix in ("", ".fai"):
        (folder / f"genome.fa{suffix}").symlink_to(f"{fasta.resolve()}{suffix}")
    genome = Genome(folder / "genome.fa")
    longest = max(genome.contigs.values(), key=lambda contig: contig.length)
    columns = "chrom\tsource_name\tlength_bp\tmd5\trefget_sq\tis_primary\tmasked_bp"
    table_of = longest.name if longest.name.startswith("chr") else f"chr{longest.name}"
    row = f"{table_of}\t{longest.name}\t{longest.length}\tx\tSQ.x\t1\t0"
    (folder / "contigs.tsv").write_text(f"{columns}\n{row}\n")
    sites = made_up.make_records(genome, longest.name, count)
    records = made_up.write_calls(folder, longest.name, longest.length, sites)
    # A first pass gives the candidates, whose counts and annotation are then made up.
    _in_process("evidence", folder, longest.name)
    candidates = made_up.read_sites(folder / "candidates.vcf.gz")
    own = pl.read_parquet(folder / "evidence.parquet").filter(pl.col("match") == "exact")
    made_up.counts(candidates, own).write_parquet(folder / "recount.parquet")
    made_up.write_transcripts(folder, longest.name, longest.length)
    made_up.write_annotation(folder, longest.name, longest.length, candidates)
    return longest.name, records


def _in_process(step: str, folder: Path, contig: str) -> dict[str, float]:
    """
    Run a step in a process of its own, as the pipeline does, with its start and its imports.

    Returns:
        CPU `seconds` of it and of the programs it starts, those on the clock (`wall`), `peak` GiB,
        and CPU seconds by what.
    """
    started = time.perf_counter()
    reading, writing = os.pipe()
    subprocess.run(
        [
            *(sys.executable, __file__, "--step", step, "--work", str(folder)),
            *("--contig", contig, "--to", str(writing)),
        ],
        pass_fds=[writing],
        check=True,
    )
    os.close(writing)
    with os.fdopen(reading) as file:
        cost: dict[str, float] = json.load(file)
    return {**cost, "wall": time.perf_counter() - started}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fasta", type=Path, help="FASTA with its .fai")
    parser.add_argument("--records", type=int, default=1_000_000, help="of both callers together")
    for name in ("--step", "--work", "--contig", "--to"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.step:
        spent = STEPS[args.step](Path(args.work), args.contig)
        used = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peak = max(resource.getrusage(who).ru_maxrss for who in used) / 2**20
        os.write(int(args.to), json.dumps({**spent, "seconds": _cpu(), "peak": peak}).encode())
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contig, records = prepare(folder, args.fasta, args.records)
        cost = {step: _in_process(step, folder, contig) for step in STEPS}
        rows = {
            path.stem: pq.read_metadata(path).num_rows for path in sorted(folder.glob("*.parquet"))
        }
    evidence, tables, peer = cost["evidence"], cost["tables"], cost["peer"]
    peak = max(evidence["peak"], tables["peak"])
    vrs, others = tables["vrs"], tables["other tables"]
    annotation = evidence["annotation"] + tables["annotation"]
    every = evidence["seconds"] + tables["seconds"] - vrs
    rate, rate_of_all = records / (every - annotation - others), records / every
    rate_of_peer = records / peer["seconds"]
    print(f"raw records: {records:,}; rows: {rows}")
    for step, used_by in cost.items():
        print(
            f"{step}: {used_by['seconds']:.1f} CPU s, {used_by['wall']:.1f} s on the clock,",
            end=" ",
        )
        print(f"peak {used_by['peak']:.2f} GiB")
    print(f"of that VRS ids {vrs:.1f}, the model {tables['model']:.1f}, sites for annotation and")
    print(f"names {annotation:.1f}, tables beside {' and '.join(HEADLINE)} {others:.1f} CPU s")
    print(f"{' and '.join(HEADLINE)}: {rate:,.0f} raw records a CPU second", end=" ")
    print(f"(promised {RECORDS_PER_SECOND:,})")
    apart = records / (every - annotation - others - tables["model"])
    print(f"the same, the model apart: {apart:,.0f}")
    print(f"with every table, VRS ids apart: {rate_of_all:,.0f}")
    print(f"bcftools norm and cyvcf2, evidence only: {rate_of_peer:,.0f};", end=" ")
    print(f"ratio {rate / rate_of_peer:.2f}x, with every table {rate_of_all / rate_of_peer:.2f}x")
    print(f"peak memory {peak:.2f} GiB (promised below {PEAK_GIB})")
    return 0 if rate >= RECORDS_PER_SECOND and peak < PEAK_GIB else 1


if __name__ == "__main__":
    sys.exit(main())
