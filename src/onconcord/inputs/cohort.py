"""The sample sheet: patients, their samples and lanes, and the pairs that come of them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onconcord.errors import Fault, InputError
from onconcord.inputs import config as configuration
from onconcord.inputs.pair_spec import (
    AssaySpec,
    LaneSpec,
    PairSpec,
    Parameters,
    ReferenceSpec,
    ResourceSpec,
    SampleSpec,
)
from onconcord.inputs.schema_faults import listed, nearest
from onconcord.inputs.sheet_rows import OF_SAMPLE, cell_faults, read_sheet
from onconcord.inputs.stated import OF_ASSAY, OF_PATIENT, STATED, Value, stated_of
from onconcord.inputs.tabular import Row

KIT_SIGN = "+"
"""Between the ids of two assays whose targets a pair has in common; no id has it."""


@dataclass(frozen=True)
class Lane:
    """
    Reads of one row of the sheet.

    Args:
        read_group: id of the read group, unique within the sample; for a BAM without one, the
            sample id.
        fastq_1: absolute path, null where the reads come as BAM or CRAM.
        fastq_2: absolute path of the mates, null as above.
        bam: absolute path of a BAM or CRAM, null where the reads come as FASTQ.
        realign: whether the BAM is aligned again; false takes it as it is.
        library: id of the library, the sample id where the sheet has none.
        line: 1-based line of the sheet.
    """

    read_group: str
    fastq_1: str | None
    fastq_2: str | None
    bam: str | None
    realign: bool
    library: str
    line: int


@dataclass(frozen=True)
class Sample:
    """
    One sample, its lanes in the order of their read groups; null = the sheet does not say.

    Args:
        stated: columns of the table `sample` that the sheet states.
        of_patient: columns of the table `subject` that it states.
    """

    sample_id: str
    patient: str
    role: str
    centre: str
    assay: str
    specimen: str | None
    sex: str | None
    diagnosis: str | None
    consent: str | None
    stated: Mapping[str, Value]
    of_patient: Mapping[str, Value]
    lanes: tuple[Lane, ...]

    @property
    def line(self) -> int:
        """1-based line of the sheet on which the sample is first named."""
        return min(lane.line for lane in self.lanes)

    @property
    def library(self) -> str | None:
        """Id of the sample's library; null where it has several, or the sheet names none."""
        names = {lane.library for lane in self.lanes} - {self.sample_id}
        return names.pop() if len(names) == 1 else None


@dataclass(frozen=True)
class Pair:
    """
    A tumour and its patient's normal, which is None for a tumour on its own.

    Args:
        kits: ids of the assays whose targets the pair has in common: the tumour's, and the
            normal's where its targets are others.
    """

    pair_id: str
    centre: str
    patient: str
    kits: tuple[str, ...]
    tumour: Sample
    normal: Sample | None

    @property
    def assay(self) -> str:
        """Id of the pair's assay in the tables: both ids where the kits differ."""
        return KIT_SIGN.join(self.kits)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The tumour, then the normal if there is one."""
        return (self.tumour, self.normal) if self.normal else (self.tumour,)


@dataclass(frozen=True)
class Cohort:
    """
    What one working folder processes.

    Args:
        folder: the working folder, absolute.
        sheet: the sample sheet, absolute.
        config: every key of config/schema.yaml, paths absolute.
        qc: QC thresholds by name.
        models: files of the decision's models by name.
        samples: by sample id, sorted.
        pairs: by pair id, sorted; a pair's id is the sample id of its tumour.
        centres: codes of the centres that have pairs, sorted.
        config_lines: 1-based line in config.yaml of each key that stands there.
    """

    folder: Path
    sheet: Path
    config: dict[str, Any]
    qc: dict[str, dict[str, Any]]
    models: dict[str, Path]
    samples: dict[str, Sample]
    pairs: dict[str, Pair]
    centres: tuple[str, ...]
    config_lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def kits(self) -> dict[str, tuple[str, ...]]:
        """The kits of each assay that pairs have, by its id in the tables, sorted."""
        return {pair.assay: pair.kits for _, pair in sorted(self.pairs.items())}

    def targets(self, assay: str) -> tuple[str, ...]:
        """BEDs, absolute, whose common bases are the targets of a pair's assay; none = no BED."""
        beds = (self.config["assays"][kit]["targets"] for kit in self.kits[assay])
        return tuple(bed for bed in beds if bed)


def load(folder: Path, raw_config: dict[str, Any] | None = None) -> Cohort:
    """
    The cohort of a working folder.

    Args:
        folder: working folder that holds config.yaml and the sheet.
        raw_config: what was read from config.yaml already, or None to read it here.
    Raises:
        InputError: every fault of the configuration and of the sheet.
    """
    cohort, faults = check(folder, raw_config)
    if faults:
        raise InputError(faults)
    return cohort


def check(
    folder: Path, raw_config: dict[str, Any] | None = None
) -> tuple[Cohort, tuple[Fault, ...]]:
    """The cohort as far as it can be understood, and every fault of configuration and sheet."""
    checked = configuration.check(folder, raw_config)
    given = checked.values["samples"]
    sheet = Path(given) if isinstance(given, str) and given else folder / "samples.tsv"
    rows, faults = read_sheet(sheet)
    samples = _samples(sheet, rows, checked.values, faults)
    pairs = _pairs(sheet.name, samples, checked.values, faults)
    cohort = Cohort(
        folder=folder.absolute(),
        sheet=sheet.absolute(),
        config=checked.values,
        qc=checked.qc,
        models=checked.models,
        samples=dict(sorted(samples.items())),
        pairs=dict(sorted(pairs.items())),
        centres=tuple(sorted({pair.centre for pair in pairs.values()})),
        config_lines=checked.lines,
    )
    return cohort, (*checked.faults, *faults)


def pair_spec(cohort: Cohort, pair_id: str) -> PairSpec:
    """
    Everything a pair's jobs need to know about it, as written to 0_inputs/{pair}.json.

    Raises:
        KeyError: there is no such pair, which is our own mistake.
    """
    pair, config = cohort.pairs[pair_id], cohort.config
    resources = dict(config["resources"])
    fields = tuple(resources.pop("population_fields"))
    assay, *others = (config["assays"][kit] for kit in pair.kits)
    alignment = {key: value for key, value in config["alignment"].items() if key != "known_sites"}
    # Whether a BAM was aligned again changes the result, so it belongs to what run_id is made of.
    alignment["realigned"] = sorted(
        sample.role for sample in pair.samples if any(lane.realign for lane in sample.lanes)
    )
    return PairSpec(
        centre=pair.centre,
        pair=pair.pair_id,
        patient=pair.patient,
        stated=_of_patient(cohort, pair),
        tumour=_sample_spec(pair.tumour),
        normal=_sample_spec(pair.normal) if pair.normal else None,
        assay=AssaySpec(
            assay_id=pair.assay,
            kits=pair.kits,
            strategy=assay["strategy"],
            padding=assay["padding"],
            tumour_only=assay["tumour_only"],
            duplicates=assay["duplicates"],
            qc=Path(assay["qc"]).stem,
            stated={
                column: assay[key] if all(other[key] == assay[key] for other in others) else None
                for key, column in OF_ASSAY.items()
            },
        ),
        resources=ResourceSpec(
            fasta=config["reference"]["fasta"],
            genes=config["reference"]["genes"],
            targets=cohort.targets(pair.assay),
            known_sites=config["alignment"]["known_sites"],
            **{**resources, "population": configuration.files_of(resources["population"])},
        ),
        reference=ReferenceSpec(build=config["reference"]["build"]),
        parameters=Parameters(
            callers=tuple(sorted(config["callers"])),
            reads=config["reads"],
            alignment=alignment,
            calling=config["calling"],
            decision=config["decision"],
            qc=cohort.qc[assay["qc"]],
            population_fields=fields,
            model=hashlib.sha256(cohort.models[assay["model"]].read_bytes()).hexdigest(),
        ),
    )


def _of_patient(cohort: Cohort, pair: Pair) -> dict[str, Value]:
    """What the sheet states of the pair's patient, on whichever of the samples' lines."""
    return {
        column: value
        for sample in cohort.samples.values()
        if (sample.centre, sample.patient) == (pair.centre, pair.patient)
        for column, value in sample.of_patient.items()
    }


def _sample_spec(sample: Sample) -> SampleSpec:
    return SampleSpec(
        sample=sample.sample_id,
        role=sample.role,
        library=sample.library,
        specimen=sample.specimen,
        sex=sample.sex,
        diagnosis=sample.diagnosis,
        consent=sample.consent,
        stated=dict(sample.stated),
        lanes=tuple(
            LaneSpec(
                read_group=lane.read_group,
                fastq_1=lane.fastq_1,
                fastq_2=lane.fastq_2,
                bam=lane.bam,
                realign=lane.realign,
                library=lane.library,
            )
            for lane in sample.lanes
        ),
    )


def _samples(
    sheet: Path, rows: Sequence[Row], config: dict[str, Any], faults: list[Fault]
) -> dict[str, Sample]:
    """Samples by id, in the order of the sheet; rows that no sample can be made of are faults."""
    by_sample: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        faults += cell_faults(sheet.name, row)
        if row.cells["sample"]:
            by_sample[row.cells["sample"]].append(row)
    samples = {}
    assays = _assay_ids(config)
    for sample_id, of_sample in by_sample.items():
        faults += _lane_faults(sheet.name, of_sample)
        first = of_sample[0].cells
        for row in of_sample[1:]:
            faults += _disagreements(sheet.name, of_sample[0], row)
        if first["assay"] and assays and first["assay"] not in assays:
            message = (
                f'there is no assay "{first["assay"]}" in config.yaml.'
                f"{nearest(first['assay'], assays)} Assays: {', '.join(assays)}."
            )
            faults.append(Fault(sheet.name, message, of_sample[0].line, "assay"))
        if not first["assay"] and len(assays) > 1 and "default" not in assays:
            message = f"config.yaml has several assays: name one of {', '.join(assays)}."
            faults.append(Fault(sheet.name, message, of_sample[0].line, "assay"))
        samples[sample_id] = _sample(sheet.parent, sample_id, of_sample, config, assays)
    faults += _specimen_faults(sheet.name, samples.values())
    return samples


def _assay_ids(config: dict[str, Any]) -> tuple[str, ...]:
    return tuple(config["assays"]) if isinstance(config["assays"], dict) else ()


def _lane_faults(name: str, rows: Sequence[Row]) -> Iterator[Fault]:
    """Faults between the rows of one sample: a lane twice, or reads that cannot be one stream."""
    seen: dict[str, int] = {}
    for row in rows:
        lane = row.cells["read_group"]
        if lane in seen:
            message = (
                f'lane "{lane}" of sample "{row.cells["sample"]}" is there already, on line '
                f"{seen[lane]}: remove one, or give it its own read group."
            )
            yield Fault(name, message, row.line, "read_group")
        seen.setdefault(lane, row.line)
    as_is = [row for row in rows if row.cells["bam"] and row.cells["realign"] != "yes"]
    if as_is and len(rows) > 1:
        message = (
            f'sample "{rows[0].cells["sample"]}" has {len(rows)} rows, and a BAM that is taken as '
            'it is must be its only one: write "yes" under "realign" to align it with the others.'
        )
        yield Fault(name, message, as_is[0].line, "bam")


def _disagreements(name: str, first: Row, row: Row) -> Iterator[Fault]:
    """What a later row says about its sample that the first row says otherwise."""
    for column in OF_SAMPLE:
        if first.cells[column] != row.cells[column]:
            message = (
                f'sample "{row.cells["sample"]}" has "{row.cells[column]}" here and '
                f'"{first.cells[column]}" on line {first.line}: one sample has one {column}.'
            )
            yield Fault(name, message, row.line, column)


def _sample(
    base: Path, sample_id: str, rows: Sequence[Row], config: dict[str, Any], assays: tuple[str, ...]
) -> Sample:
    first = rows[0].cells
    only = assays[0] if len(assays) == 1 else "default"

    def path(text: str) -> str | None:
        return str((base / text).absolute()) if text else None

    lanes = tuple(
        Lane(
            read_group=row.cells["read_group"] or sample_id,
            fastq_1=path(row.cells["fastq_1"]),
            fastq_2=path(row.cells["fastq_2"]),
            bam=path(row.cells["bam"]),
            realign=row.cells["realign"] == "yes",
            library=row.cells["library"] or sample_id,
            line=row.line,
        )
        for row in rows
    )
    return Sample(
        sample_id=sample_id,
        patient=first["patient"],
        role=first["role"],
        centre=first["centre"] or str(config.get("centre") or ""),
        assay=first["assay"] or only,
        specimen=first["specimen"] or None,
        sex=first["sex"] or None,
        diagnosis=first["diagnosis"] or None,
        consent=first["consent"] or None,
        stated=stated_of("sample", first),
        of_patient=stated_of("subject", first),
        lanes=tuple(sorted(lanes, key=lambda lane: (lane.read_group, lane.line))),
    )


def _specimen_faults(name: str, samples: Iterable[Sample]) -> Iterator[Fault]:
    """A specimen is of one patient and either tumour or normal; anything else is a slip."""
    first: dict[tuple[str, str], Sample] = {}
    for sample in samples:
        if not sample.specimen:
            continue
        other = first.setdefault((sample.centre, sample.specimen), sample)
        for part in ("patient", "role"):
            here, there = getattr(sample, part), getattr(other, part)
            if here != there:
                message = (
                    f'specimen "{sample.specimen}" is of {part} "{here}" here and of {part} '
                    f'"{there}" on line {other.line} (sample "{other.sample_id}"): a specimen has '
                    f"one {part}, so one of the two rows is wrong."
                )
                yield Fault(name, message, sample.line, "specimen")


def _pairs(
    name: str, samples: dict[str, Sample], config: dict[str, Any], faults: list[Fault]
) -> dict[str, Pair]:
    """Every tumour with the one normal of its patient."""
    by_patient: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in samples.values():
        if sample.patient:
            by_patient[sample.centre, sample.patient].append(sample)
    pairs = {}
    for of_patient in by_patient.values():
        faults += _patient_faults(name, of_patient, config)
        normal = next((sample for sample in of_patient if sample.role == "normal"), None)
        for tumour in (sample for sample in of_patient if sample.role == "tumour"):
            pairs[tumour.sample_id] = Pair(
                pair_id=tumour.sample_id,
                centre=tumour.centre,
                patient=tumour.patient,
                kits=_kits(tumour, normal, config),
                tumour=tumour,
                normal=normal,
            )
    return pairs


def _patient_faults(name: str, of_patient: list[Sample], config: dict[str, Any]) -> Iterator[Fault]:
    patient = of_patient[0].patient
    tumours = [sample for sample in of_patient if sample.role == "tumour"]
    normals = [sample for sample in of_patient if sample.role == "normal"]
    for extra in normals[1:]:
        message = (
            f'patient "{patient}" has the normals {normals[0].sample_id} and {extra.sample_id}: '
            "keep one, or give both one sample id and different read groups."
        )
        yield Fault(name, message, extra.line, "role")
    sexes = {sample.sex: sample for sample in reversed(of_patient) if sample.sex}
    if len(sexes) > 1:
        message = f'patient "{patient}" has the sexes {listed(sorted(sexes))}: expected one.'
        yield Fault(name, message, max(sample.line for sample in sexes.values()), "sex")
    for column in OF_PATIENT:
        field = STATED[column].field
        by_value = {
            sample.of_patient[field]: sample for sample in of_patient if field in sample.of_patient
        }
        if len(by_value) > 1:
            message = f'patient "{patient}" has {listed(by_value)} here and there: expected one.'
            yield Fault(name, message, max(sample.line for sample in by_value.values()), column)
    # A misspelled role is a fault already, and may well be the one that is missed here.
    if len(tumours) + len(normals) < len(of_patient):
        return
    if not tumours:
        message = (
            f'patient "{patient}" has the normal {normals[0].sample_id} and no tumour: '
            "add the tumour, or remove the line."
        )
        yield Fault(name, message, normals[0].line, "role")
    for tumour in tumours if not normals else ():
        assay = config["assays"].get(tumour.assay) if _assay_ids(config) else None
        if isinstance(assay, dict) and assay["tumour_only"] is False:
            message = (
                f'patient "{patient}" has the tumour {tumour.sample_id} and no normal: name its '
                f'normal, or set "tumour_only: true" for assay "{tumour.assay}".'
            )
            yield Fault(name, message, tumour.line, "role")


def _kits(tumour: Sample, normal: Sample | None, config: dict[str, Any]) -> tuple[str, ...]:
    """The tumour's assay, and the normal's where its targets are others."""
    if normal is None or normal.assay == tumour.assay:
        return (tumour.assay,)
    assays = [
        config["assays"].get(sample.assay) if _assay_ids(config) else None
        for sample in (tumour, normal)
    ]
    targets = [assay.get("targets") if isinstance(assay, dict) else None for assay in assays]
    return (tumour.assay, normal.assay) if targets[0] != targets[1] else (tumour.assay,)
