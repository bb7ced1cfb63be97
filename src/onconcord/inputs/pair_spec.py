"""The pair spec: everything that the jobs of one pair need to know about it, as one JSON file."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Self, get_args, get_origin, get_type_hints

from onconcord.errors import Fault, InputError

Section = dict[str, Any]
"""A section of the configuration, by the keys of config/schema.yaml, or cells by column."""


@dataclass(frozen=True)
class LaneSpec:
    """
    Reads of one lane, as FASTQ or as a BAM; the other is null.

    Args:
        read_group: id of the read group, unique within the sample.
        fastq_1: absolute path.
        fastq_2: absolute path of the mates.
        bam: absolute path of a BAM or CRAM.
        realign: whether the BAM is aligned again.
        library: id of the library.
    """

    read_group: str
    fastq_1: str | None
    fastq_2: str | None
    bam: str | None
    realign: bool
    library: str


@dataclass(frozen=True)
class SampleSpec:
    """
    One sample and its lanes; null = the sheet does not say.

    Args:
        sample: the sample's id.
        role: tumour or normal.
        stated: further columns of the table `sample`, as the sheet states them.
    """

    sample: str
    role: str
    library: str | None
    specimen: str | None
    sex: str | None
    diagnosis: str | None
    consent: str | None
    stated: Section
    lanes: tuple[LaneSpec, ...]


@dataclass(frozen=True)
class AssaySpec:
    """
    How the samples were sequenced.

    Args:
        assay_id: id in the tables, which is both ids where tumour and normal are of two kits.
        kits: ids of the assays whose targets the pair has in common, the tumour's first.
        padding: bases that calling goes beyond each end of a target.
        duplicates: mark, or keep where they are not told apart from other reads (amplicons).
        qc: name of the QC thresholds.
        stated: further columns of the table `assay`; they change no result and are not in run_id.
    """

    assay_id: str
    kits: tuple[str, ...]
    strategy: str
    padding: int
    tumour_only: bool
    duplicates: str
    qc: str
    stated: Section


@dataclass(frozen=True)
class ResourceSpec:
    """Absolute paths of the reference and the resources; null or nothing = the centre has none."""

    fasta: str
    genes: str | None
    targets: tuple[str, ...]
    population: tuple[str, ...]
    panel_of_normals: str | None
    clinical: str | None
    hotspots: str | None
    residue_hotspots: str | None
    gene_roles: str | None
    civic: str | None
    known_sites: str | None


@dataclass(frozen=True)
class ReferenceSpec:
    """The reference as the configuration has it: build is GRCh37, GRCh38 or custom."""

    build: str


@dataclass(frozen=True)
class Parameters:
    """
    What changes a result and is part of run_id: no path and no id.

    Args:
        population_fields: INFO fields of the population resource that are frequencies, beside AF.
        model: SHA-256 of the model file that candidates are judged by.
    """

    callers: tuple[str, ...]
    reads: Section
    alignment: Section
    calling: Section
    decision: Section
    qc: Section
    population_fields: tuple[str, ...]
    model: str

    def to_dict(self) -> Section:
        """The parameters as JSON has them."""
        lists = {name: list(getattr(self, name)) for name in ("callers", "population_fields")}
        return {**asdict(self), **lists}


@dataclass(frozen=True)
class PairSpec:
    """
    One pair: where it is from, its samples, and what is done with them.

    Args:
        pair: the pair's id, which is the sample id of its tumour.
        stated: further columns of the table `subject`, as the sheet states them.
        normal: null for a tumour alone.
    """

    centre: str
    pair: str
    patient: str
    stated: Section
    tumour: SampleSpec
    normal: SampleSpec | None
    assay: AssaySpec
    resources: ResourceSpec
    reference: ReferenceSpec
    parameters: Parameters

    @property
    def samples(self) -> dict[str, SampleSpec]:
        """The samples by role, the tumour first."""
        return {"tumour": self.tumour} | ({"normal": self.normal} if self.normal else {})

    def to_json(self) -> str:
        """The spec as one line of JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, source: str = "the pair spec") -> Self:
        """
        The spec that a JSON text holds.

        Args:
            text: what `to_json` wrote.
            source: name of the text, for messages.
        Raises:
            InputError: not JSON, or every key that is unknown, missing or of another type.
        """
        try:
            raw = json.loads(text)
        except ValueError as error:
            raise InputError.at(source, f"not JSON: {error}.") from error
        faults = [
            Fault(source, message, column=key) for key, message in _faults_of_value(cls, raw, "")
        ]
        if faults:
            raise InputError(faults)
        spec: Self = _value(cls, raw)
        return spec

    @classmethod
    def read(cls, path: Path) -> Self:
        """The spec in `0_inputs/{pair}.json`; raises as `from_json`."""
        return cls.from_json(path.read_text(encoding="utf-8"), path.name)


def _faults_of_value(kind: Any, value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Dotted key and message of every place where a JSON value is not of a type."""
    options = get_args(kind) if NoneType in get_args(kind) else (kind,)
    if value is None and NoneType in options:
        return
    inner = options[0]
    if is_dataclass(inner) and isinstance(value, dict):
        types = get_type_hints(inner)
        for name in sorted(value.keys() | types.keys()):
            at = f"{key}.{name}" if key else name
            if name not in types:
                yield at, f"unknown key; expected {', '.join(types)}."
            elif name not in value:
                yield at, "the key is missing."
            else:
                yield from _faults_of_value(types[name], value[name], at)
    elif get_origin(inner) is tuple and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _faults_of_value(get_args(inner)[0], item, f"{key}.{number}")
    elif is_dataclass(inner) or type(value) is not (get_origin(inner) or inner):
        yield key, f"{json.dumps(value)} is not of the type {_name(inner, len(options) > 1)}."


def _name(inner: Any, may_be_null: bool) -> str:
    name = (get_origin(inner) or inner).__name__
    return f"{name} or null" if may_be_null else name


def _value(kind: Any, value: Any) -> Any:
    """A JSON value that has no fault, as its type has it."""
    inner = get_args(kind)[0] if NoneType in get_args(kind) else kind
    if value is None:
        return None
    if is_dataclass(inner):
        types = get_type_hints(inner)
        return inner(**{name: _value(types[name], value[name]) for name in types})  # type: ignore[operator]
    if get_origin(inner) is tuple:
        return tuple(_value(get_args(inner)[0], item) for item in value)
    return value
