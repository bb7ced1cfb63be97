"""
A released pair, made once more from the local reads, and what came out otherwise.

The parameters are those that the release records. Nothing is run where the reads, the tools, the
resources or the reference are not those of the release: a difference would prove nothing.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from onconcord import contract
from onconcord.canonical_json import json_sha256
from onconcord.contract.artefacts import text
from onconcord.contract.model import Table
from onconcord.errors import Fault, InputError, ToolError
from onconcord.files import file_sha256, write_text
from onconcord.harmonised import provenance
from onconcord.inputs import cohort as cohorts
from onconcord.inputs import config as configuration
from onconcord.inputs.cohort import Cohort
from onconcord.questions.compare_tables import TableDifference, table_difference
from onconcord.questions.reading import read
from onconcord.reads.account import InputFile
from onconcord.reads.bam import alignment_format
from onconcord.reads.fastq import fastq_format
from onconcord.reference.resources import read_counts
from onconcord.reference.transcript_set import read_set
from onconcord.release.build import build_release
from onconcord.release.key import load_key
from onconcord.release.manifest import Release, read_release
from onconcord.release.order import Order
from onconcord.release.pseudonyms import Pseudonymiser
from onconcord.release.tiers import BY_VARIANT, released_tables
from onconcord.runtime import checkout
from onconcord.runtime.running import run
from onconcord.sealed import read_sealed_json

OF_RUN = ("pipeline_version", "contract_version", "lock_sha256", "reference_digest")
"""Columns of `run` that have to be the same before anything is run."""

OF_TOOL = ("version", "command_sha256", "resource_sha256")
"""Columns of `tool` that have to be the same."""

ROLES = (("tumour", "tumor_sample_id"), ("normal", "normal_sample_id"))


@dataclass(frozen=True)
class Request:
    """
    What to reproduce.

    Args:
        release: folder of a release, of one centre or pooled, of a tier that has pairs.
        pair: id of the pair as the release has it, or the centre's own.
        folder: the centre's working folder: config.yaml, the sheet and the reads.
        out: folder to run in; missing or empty.
        cores: cores to use at once.
        options: further words for Snakemake.
        key_file: the centre's key; None = the configuration's, else the variable ONCONCORD_KEY.
    """

    release: Path
    pair: str
    folder: Path
    out: Path
    cores: int
    options: tuple[str, ...] = ()
    key_file: Path | None = None


@dataclass(frozen=True)
class Reproduction:
    """
    How a reproduction came out.

    Args:
        pair: id of the pair in the release.
        tables: every table compared; A is the release, B what was made anew.
    """

    pair: str
    tables: tuple[TableDifference, ...]

    @property
    def identical(self) -> bool:
        return all(table.identical for table in self.tables)


@dataclass(frozen=True)
class _Recorded:
    """What a release says of one pair: its rows of pair, run, tool and input_file."""

    release: Release
    folder: Path
    pair: dict[str, Any]
    run: dict[str, Any]
    tools: list[dict[str, Any]]
    inputs: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: Path, release: Release, pair: str) -> "_Recorded":
        def rows(table: str, **where: str) -> list[dict[str, Any]]:
            condition = " AND ".join(f"{name} = {text(value)}" for name, value in where.items())
            return read(folder, table, where=condition, as_="arrow").to_pylist()  # type: ignore[no-any-return]

        (row,) = rows("pair", pair_id=pair)
        of_run = {"center_id": row["center_id"], "run_id": row["run_id"]}
        (run_row,) = rows("run", **of_run)
        inputs = rows("input_file", **of_run)
        return cls(release, folder, row, run_row, rows("tool", **of_run), inputs)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the run, once they are those that its digest is of."""
        text = next((row["params_json"] for row in self.tools if row["params_json"]), "{}")
        parameters: dict[str, Any] = json.loads(text)
        if json_sha256(parameters) != self.run["config_sha256"]:
            message = "these are not the parameters of the run's config_sha256: verify the release"
            raise InputError.at(self.folder, message, column="tool.params_json")
        return parameters


def reproduce(
    request: Request, start: Callable[[Sequence[str]], int] | None = None
) -> Reproduction:
    """
    Make a released pair once more and compare it with the release.

    Args:
        start: starts one command and returns its exit code, as `running.run` has it.
    Raises:
        InputError: no such pair, an unfit folder, or every difference in what the pair is made
            from: key, reads, tools, resources, reference, parameters.
        ToolError: the pipeline failed.
    """
    release = read_release(request.release)
    if "pair" not in released_tables(release.tier):
        message = f"a release of tier {release.tier} has no pairs: name one of a tighter tier"
        raise InputError.at(request.release, message, column="tier")
    if request.out.exists() and (not request.out.is_dir() or any(request.out.iterdir())):
        message = "is there already and not an empty folder: name another with --out"
        raise InputError.at(request.out, message)
    here = cohorts.load(request.folder)
    key_file = request.key_file or _given_key(here)
    local, name = _find_pair(request, release, here, key_file)
    recorded = _Recorded.read(request.release, release, name)
    again = _write_folder(request.out, here, local, recorded.parameters())
    _make(request, again, "made_with", start)
    if faults := _differences(recorded, again, local):
        raise InputError(faults)
    manifest = f"results/8_harmonised/{local}/MANIFEST.json"
    _make(request, again, manifest, start)
    order = Order(
        manifests=(request.out / manifest,),
        centre=here.pairs[local].centre,
        name=release.name,
        tier=release.tier,
        out=request.out / "results/9_release" / here.pairs[local].centre,
        ledger=request.out / "open_releases.json",
        key_file=key_file,
    )
    build_release(order)
    return Reproduction(name, tuple(_compared(recorded, order.out)))


def _given_key(cohort: Cohort) -> Path | None:
    given = cohort.config["release"]["key_file"]
    return Path(given) if given else None


def _make(
    request: Request, cohort: Cohort, target: str, start: Callable[[Sequence[str]], int] | None
) -> None:
    outcome = run(cohort, request.cores, (target, *request.options), start)
    if outcome.commands_failed:
        raise ToolError(f"the pipeline failed on {target}: see {request.out / 'logs'}")


def _find_pair(
    request: Request, release: Release, cohort: Cohort, key_file: Path | None
) -> tuple[str, str]:
    """
    A pair's local id, and its id in the release.

    Raises:
        InputError: neither the folder nor the release has it, or the key is another.
    """
    centres = sorted(centre.center_id for centre in release.centres)
    there = set(read(request.release, "pair", as_="arrow")["pair_id"].to_pylist())
    names: dict[str, str] = {}
    for centre in sorted(set(centres) & set(cohort.centres)):
        of_centre = [pair for pair, spec in cohort.pairs.items() if spec.centre == centre]
        if release.tier == "local":
            names |= {pair: pair for pair in of_centre}
            continue
        pseudonym = Pseudonymiser(load_key(key_file, centre), centre)
        of_key = {pair: pseudonym("sample", pair) for pair in of_centre}
        if of_key and not there & set(of_key.values()):
            message = (
                f"no pair of {cohort.sheet} is in the release under this key of centre {centre}: "
                "name the key that the release was made with"
            )
            raise InputError.at(key_file or "ONCONCORD_KEY", message)
        names |= of_key
    for local, name in names.items():
        if request.pair in (local, name):
            if name in there:
                return local, name
            message = f"the release has no pair {name}, which is {local} here: name another"
            raise InputError.at(request.release, message, column="--pair")
    message = (
        f'"{request.pair}" is not a pair of {cohort.sheet} of a centre of the release '
        f"({', '.join(centres)}): name its local id, or its id in the release"
    )
    raise InputError.at(request.folder, message, column="--pair")


def _write_folder(out: Path, cohort: Cohort, pair: str, parameters: dict[str, Any]) -> Cohort:
    """A working folder over the same sheet and files, with the parameters of the release."""
    config = json.loads(json.dumps(cohort.config))
    known_sites = config["alignment"]["known_sites"]
    qc = f"{Path(config['assays'][cohort.pairs[pair].tumour.assay]['qc']).stem}.yaml"
    alignment = {key: value for key, value in parameters["alignment"].items() if key != "realigned"}
    config |= {name: parameters[name] for name in ("callers", "reads", "calling", "decision")}
    config |= {
        "samples": str(cohort.sheet),
        "alignment": {**alignment, "known_sites": known_sites},
        "assays": {
            name: {**assay, "qc": qc, "model": str(cohort.models[assay["model"]].absolute())}
            for name, assay in config["assays"].items()
        },
        "release": {**config["release"], "name": None},
    }
    for path, value in ((out / configuration.NAME, config), (out / qc, parameters["qc"])):
        write_text(path, yaml.safe_dump(value, sort_keys=False))
    return cohorts.load(out)


def _differences(recorded: _Recorded, again: Cohort, local: str) -> list[Fault]:
    """Everything that the pair is made from here and that the release was not made from."""
    spec = cohorts.pair_spec(again, local)
    reference = again.folder / "results/1_reference"
    assay = reference / "assays" / spec.assay.assay_id
    resources = provenance.read_resources(reference / "resources.tsv", assay / "resources.tsv")
    digest = read_sealed_json(reference / "reference.json")["digest"]
    inputs = _inputs(again, local)
    faults = [*_parameter_faults(recorded.parameters(), spec.parameters.to_dict())]
    faults += _input_faults(recorded, inputs)
    run_id = provenance.run_id(
        spec,
        {role: tuple(file for _, file in files) for role, files in inputs.items()},
        resources,
        digest,
    )
    chosen = read_set(reference / "transcript_set.tsv")
    (row,) = provenance.run_rows(spec, run_id, checkout.root() / "uv.lock", digest, chosen)
    faults += _value_faults("run", recorded.run, row, OF_RUN)
    tools = sorted((reference / "tools").glob("*.tsv"))
    counts = read_counts(reference, resources)
    rows = provenance.tool_rows(run_id, tools, resources, counts, spec.parameters.to_dict())
    faults += _tool_faults(recorded.tools, rows)
    if not faults and run_id != recorded.run["run_id"]:
        message = (
            f"{run_id} here, {recorded.run['run_id']} in the release: reads, tools, resources and "
            "parameters are the same, so strategy, padding, tumour_only, duplicates or the name of "
            "the QC thresholds of its assay is another"
        )
        faults.append(Fault("run", message, column="run_id"))
    return faults


def _inputs(cohort: Cohort, pair: str) -> dict[str, list[tuple[Path, InputFile]]]:
    """The reads files of a pair by role, with their checksums; their reads are not counted."""
    of_role: dict[str, list[tuple[Path, InputFile]]] = {}
    faults = []
    for sample in cohort.pairs[pair].samples:
        files = of_role.setdefault(sample.role, [])
        for ordinal, lane in enumerate(sample.lanes, 1):
            for role in ("fastq_1", "fastq_2", "bam"):
                if (name := getattr(lane, role)) is None:
                    continue
                path = Path(name)
                if not path.is_file():
                    message = "there is no such file: put the reads of the release back"
                    faults.append(Fault(name, message))
                    continue
                kind = (alignment_format if role == "bam" else fastq_format)(path) or "unknown"
                size, digest = path.stat().st_size, file_sha256(path)
                files.append((path, InputFile(role, ordinal, kind, size, digest, 0)))
    if faults:
        raise InputError(faults)
    return of_role


def _parameter_faults(released: Any, here: Any, name: str = "parameters") -> Iterator[Fault]:
    """Parameters that cannot be taken from the release, such as the sheet's `realign`."""
    if isinstance(released, dict) and isinstance(here, dict):
        for key in sorted(released.keys() | here.keys()):
            yield from _parameter_faults(released.get(key), here.get(key), f"{name}.{key}")
    elif released != here:
        yield Fault("config.yaml", f"{here} here, {released} in the release", column=name)


def _input_faults(
    recorded: _Recorded, inputs: dict[str, list[tuple[Path, InputFile]]]
) -> Iterator[Fault]:
    for role, column in ROLES:
        sample = recorded.pair[column]
        wanted = {
            (row["file_role"], row["ordinal"]): row["sha256"]
            for row in recorded.inputs
            if row["sample_id"] == sample
        }
        for path, file in inputs.get(role, []):
            released = wanted.pop((file.file_role, file.ordinal), None)
            if released is None:
                message = f"the release has no {file.file_role} of lane {file.ordinal} of {role}"
                yield Fault(str(path), f"{message}: take the lane out of the sheet")
            elif released != file.sha256:
                message = f"{file.sha256} here, {released} in the release: these are other reads"
                yield Fault(str(path), message, column="sha256")
        for (file_role, ordinal), released in wanted.items():
            message = f"no {file_role} of lane {ordinal} of {role} is here; the release has one"
            yield Fault("input_file", f"{message} with {released}", column="sha256")


def _value_faults(
    source: str, released: dict[str, Any], here: dict[str, Any], columns: Sequence[str]
) -> Iterator[Fault]:
    for column in columns:
        if released.get(column) != here.get(column):
            message = f"{here.get(column)} here, {released.get(column)} in the release"
            yield Fault(source, message, column=column)


def _tool_faults(released: list[dict[str, Any]], here: list[dict[str, Any]]) -> Iterator[Fault]:
    sides = [{(row["step"], row["tool"]): row for row in rows} for rows in (released, here)]
    for step, tool in sorted(sides[0].keys() | sides[1].keys()):
        then, now = (side.get((step, tool)) for side in sides)
        source = f"{step} {tool}"
        if then is None or now is None:
            where = "in the release" if now is None else "here"
            yield Fault(source, f"is only {where}")
        else:
            yield from _value_faults(source, then, now, OF_TOOL)


def _compared(recorded: _Recorded, again: Path) -> Iterator[TableDifference]:
    """Every table that counts for equivalence, cut to what is about the pair."""
    for name in released_tables(recorded.release.tier):
        spec = contract.load().tables[name]
        if spec.equivalence:
            made = read(again, name, as_="polars")
            kept = _of_pair(recorded, spec, made)
            values = [field.name for field in spec.fields if field.name not in spec.key]
            yield table_difference(name, kept, made, spec.key, values)


def _of_pair(recorded: _Recorded, spec: Table, made: pl.DataFrame) -> pl.DataFrame:
    """
    The released rows about the pair.

    Of tables that pairs share (assay, reference, vocabulary) these are the rows that the pair
    made, by their keys: a release says of no such row which pairs it came from.
    """
    pair = recorded.pair
    fields = {field.name for field in spec.fields}
    samples = [pair[column] for _, column in ROLES if pair[column]]
    conditions = {
        "pair_id": f"pair_id = {text(pair['pair_id'])}",
        "run_id": f"run_id = {text(pair['run_id'])}",
        "sample_id": f"sample_id IN ({', '.join(map(text, samples))})",
    }
    about = next(
        (condition for column, condition in conditions.items() if column in fields), "true"
    )
    where = f"center_id = {text(pair['center_id'])} AND {about}"
    rows: pl.DataFrame = read(recorded.folder, spec.name, where=where, as_="polars")
    if spec.name in BY_VARIANT:
        variants = read(
            recorded.folder,
            "small_variant",
            ["reference_id", "variant_key"],
            f"center_id = {text(pair['center_id'])} AND {conditions['pair_id']}",
            as_="polars",
        )
        return rows.join(variants, on=variants.columns, how="semi")
    if about == "true":
        return rows.join(made, on=list(spec.key), how="semi", nulls_equal=True)
    return rows
