"""The profiles of `config/accuracy/profiles.yaml`: what is simulated, with which seeds."""

import dataclasses
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from onconcord.errors import Fault, InputError

CLASSES = ("SNV", "indel", "MNV", "delins")
PURPOSES = ("fit", "score", "slice")
LAYOUTS = ("capture", "primer")
QUALITIES = ("full", "binned")


@dataclass(frozen=True)
class Assay:
    """Pairs that share a working folder. Sizes in target bases: of a whole run and of a slice."""

    name: str
    strategy: str
    qc: str
    target_bp: int
    slice_bp: int


@dataclass(frozen=True)
class Profile:
    """
    How one pair is made.

    Depths are reads over a target base, duplicates left out; `normal_depth` is None for a tumour
    without a normal. `fractions` are (share of events, lowest, highest allele fraction); where
    `purity` is given, clonal events have half of it instead. `oxog` and `ffpe` are mean damage per
    fragment and base, `stutter` a factor on the usual slippage, `tumour_in_normal` and
    `contamination` fractions of fragments. `purposes` are those of PURPOSES that it is made for.
    """

    name: str
    assay: str
    tumour_depth: int
    normal_depth: int | None
    sequencer: str
    read_bp: int
    insert_mean_bp: int
    insert_sd_bp: int
    layout: str
    qualities: str
    fractions: tuple[tuple[float, float, float], ...]
    purity: float | None
    oxog: float
    ffpe: float
    recurrent_per_kb: float
    stutter: float
    tumour_in_normal: float
    contamination: float
    purposes: tuple[str, ...]

    def draw(self, seed: int, what: str) -> np.random.Generator:
        """Random numbers of one purpose: a change of one profile leaves the others as they are."""
        return np.random.default_rng([seed, zlib.crc32(f"{self.name} {what}".encode())])


@dataclass(frozen=True)
class Plan:
    """All profiles, assays and seeds; seeds and density of events by purpose."""

    profiles: tuple[Profile, ...]
    assays: dict[str, Assay]
    seeds: dict[str, tuple[int, ...]]
    event_every_bp: dict[str, int]
    classes: dict[str, float]

    def made_for(self, purpose: str, assay: str) -> tuple[Profile, ...]:
        """Profiles of one purpose and assay, in the order of the file."""
        return tuple(
            profile
            for profile in self.profiles
            if purpose in profile.purposes and profile.assay == assay
        )


def read_plan(path: Path) -> Plan:
    """
    The plan of a YAML file.

    Raises:
        InputError: a key is unknown or missing, or a value is none of those it may have; all
            faults at once.
    """
    text = yaml.safe_load(path.read_text())
    faults: list[Fault] = []
    keys = {field.name for field in dataclasses.fields(Profile)} - {"name"}
    profiles = []
    for name, own in text["profiles"].items():
        values: dict[str, Any] = {**text["defaults"], **own}
        if odd := sorted(keys ^ values.keys()):
            message = f"the profile has {', '.join(odd)} too much or too little."
            faults.append(Fault(path.name, message, column=name))
            continue
        for key, known in (
            ("assay", tuple(text["assays"])),
            ("layout", LAYOUTS),
            ("qualities", QUALITIES),
        ):
            if values[key] not in known:
                message = f'{key} is "{values[key]}": expected one of {", ".join(known)}.'
                faults.append(Fault(path.name, message, column=name))
        for purpose in values["purposes"]:
            if purpose not in PURPOSES:
                message = f'"{purpose}": expected purposes of {", ".join(PURPOSES)}.'
                faults.append(Fault(path.name, message, column=name))
        values["fractions"] = tuple(tuple(part) for part in values["fractions"])
        values["purposes"] = tuple(values["purposes"])
        profiles.append(Profile(name, **values))
    seeds = {purpose: tuple(text["seeds"][purpose]) for purpose in PURPOSES}
    drawn = [seed for purpose in PURPOSES for seed in seeds[purpose]]
    if twice := sorted({seed for seed in drawn if drawn.count(seed) > 1}):
        message = f"seeds are listed twice: {', '.join(map(str, twice))}. Use each for one purpose."
        faults.append(Fault(path.name, message, column="seeds"))
    if faults:
        raise InputError(faults)
    assays = {name: Assay(name, **values) for name, values in text["assays"].items()}
    event_every_bp = {purpose: int(text["event_every_bp"][purpose]) for purpose in PURPOSES}
    classes = {name: float(text["classes"][name]) for name in CLASSES}
    return Plan(tuple(profiles), assays, seeds, event_every_bp, classes)
