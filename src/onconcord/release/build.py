"""One centre's release: finished pairs to a whole, checked folder."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from onconcord import contract
from onconcord.canonical_json import json_sha256
from onconcord.errors import Fault, InputError
from onconcord.files import leftovers, only_writer, whole_folder, write_text
from onconcord.harmonised.event_ids import event_id
from onconcord.release import layout
from onconcord.release.aggregate import UNKNOWN, aggregate_variants
from onconcord.release.cohorts import check_cohort, note_cohort
from onconcord.release.finish import write_descriptions
from onconcord.release.finished import FinishedPair, local_words, pairs_beside, read_finished
from onconcord.release.key import load_key
from onconcord.release.manifest import Centre, Part, Release, dumps, read_manifest
from onconcord.release.merge import Memory, Merger, PartsWriter
from onconcord.release.order import Order
from onconcord.release.pseudonyms import KINDS, Pseudonymiser, check_centres
from onconcord.release.text import text_faults
from onconcord.release.tiers import PairTables, released_rows, released_tables
from onconcord.release.words import NO_WORDS, Words

SHOWN_FAULTS = 200
"""Faults after which no more pairs are looked at: one slip of the set-up is in all of them."""


def build_release(order: Order, summary: Path | None = None) -> Release:
    """
    Write one centre's release, or leave the folder as it was.

    Args:
        order: what to release.
        summary: JSON with name, tier, pairs and content digest, written once the release is in its
            place; None for none.
    Raises:
        InputError: every fault of the pairs found: damaged tables, rows that contradict each other,
            text that must not leave; or a key, name, centre or tier that cannot be used.
        BusyError: another process makes this release now.
    """
    layout.check_centre(order.centre)
    layout.check_name(order.name)
    if order.tier not in contract.TIERS:
        message = f'"{order.tier}" is not a tier; expected {", ".join(contract.TIERS)}'
        raise InputError.at("--tier", message)
    check_target(order.out)
    names = (
        None
        if order.tier == "local"
        else Pseudonymiser(load_key(order.key_file, order.centre), order.centre)
    )
    finished = read_finished(order.manifests, order.centre)
    # what is withdrawn, or of others in the folder, is named by no text either
    words = NO_WORDS
    if order.tier != "local":
        words = local_words([*finished, *pairs_beside(finished)])
    if words.inside(order.name) or words.is_code(order.name):
        message = "holds a local id of a patient or sample: choose another name"
        raise InputError.at("--name", message)
    gone = {withdrawn.pair_id for withdrawn in order.retractions}
    kept = [pair for pair in finished if pair.pair not in gone]
    patients = _patients(kept) if order.tier == "open" else frozenset[str]()
    with ExitStack() as held:
        if order.tier == "open":
            # Of two open releases at once, neither would know of the other's patients.
            order.ledger.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(only_writer(order.ledger))
            check_cohort(order.ledger, order.name, patients)
        with whole_folder(order.out) as folder:
            parts = _write_tables(order, folder, kept, names, words)
            centre = Centre(order.centre, None if order.tier == "open" else len(kept))
            release = Release(order.name, order.tier, (centre,), tuple(parts))
            write_descriptions(folder, release, order.sign_key)
        if order.tier == "open":
            note_cohort(order.ledger, order.name, patients)
    if summary is not None:
        facts = {
            "name": release.name,
            "tier": release.tier,
            "pairs": len(kept),
            "content_sha256": release.digest,
        }
        write_text(summary, dumps(facts))
    return release


def _patients(finished: Sequence[FinishedPair]) -> frozenset[str]:
    """The patients that an open release counts, as `cohorts.check_cohort` takes them."""
    diagnoses: dict[str, set[str]] = {}
    counted: dict[str, list[str]] = {}
    for of_pair in finished:
        names = ("pair", "subject", "sample")
        tables = {name: contract.read_file(name, of_pair.path(name)) for name in names}
        (pair,) = tables["pair"].to_pylist()
        if pair["qc_status"] != "FAIL" and pair["design"] == "matched":
            digests = [str(of_pair.tables.get(name, {}).get("content_sha256")) for name in _TOLD]
            for patient in tables["subject"]["subject_id"].to_pylist():
                counted.setdefault(patient, []).extend(digests)
                diagnoses.setdefault(patient, set()).update(
                    row["diagnosis_oncotree"]
                    for row in tables["sample"].to_pylist()
                    if row["sample_id"] == pair["tumor_sample_id"] and row["diagnosis_oncotree"]
                )
    return frozenset(
        f"{patient} {min(stated, default=UNKNOWN)} {json_sha256(sorted(counted[patient]))[:16]}"
        for patient, stated in diagnoses.items()
    )


def check_target(out: Path) -> None:
    """
    Hold that a release may take a place: nothing is there, or a release and nothing beside it.

    Raises:
        InputError: a link, a file, or a folder that holds anything that no release put there.
    """
    if not out.name:
        raise InputError.at(out, "no place for a release: name a folder of its own with --out")
    for path in (out, *leftovers(out)):
        if path.is_symlink():
            raise InputError.at(path, "is a link: name a folder itself with --out, or remove it")
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError.at(out, "not a folder: name another with --out")
    there = set(layout.files(out))
    if not there and not any(out.iterdir()):
        return
    if layout.RELEASE not in there:
        message = "the folder holds something else than a release: name another with --out"
        raise InputError.at(out, message)
    ours = {line.path for line in read_manifest(out)} | layout.UNLISTED
    if strange := sorted(there - ours):
        message = (
            f"holds {len(strange)} files that are not part of its release, such as {strange[0]}: "
            "move them away, or name another folder with --out"
        )
        raise InputError.at(out, message)


def _write_tables(
    order: Order,
    folder: Path,
    finished: Sequence[FinishedPair],
    names: Pseudonymiser | None,
    words: Words,
) -> list[Part]:
    spool = folder / ".spool"
    spool.mkdir()
    memory = Memory()
    mergers = {name: Merger(name, spool, memory) for name in released_tables(order.tier)}
    # aggregates count what a release among the centres would say of each variant
    counted = {}
    if order.tier == "open":
        counted = {name: Merger(name, spool, memory) for name in _COUNTED}
    faults: list[Fault] = []
    for unread in finished:
        try:
            pair = unread.read()
            for name, table in pair.tables.items():
                check_centres(f"{unread.pair}/{name}", table.column("center_id"), order.centre)
        except InputError as error:
            faults.extend(error.faults)
            continue
        finally:
            if len(faults) > SHOWN_FAULTS:
                raise InputError(faults)
        for name, table in _rows(pair, order.tier, names).items():
            faults.extend(_leaks(unread.pair, name, table, order.tier, words))
            mergers[name].add(table)
        if counted:
            of_pair = _rows(pair, "consortium", names)
            for name, merger in counted.items():
                merger.add(of_pair[name])
    if "retraction" in mergers:
        withdrawn = _retraction_rows(order, names)
        faults.extend(_leaks(order.centre, "retraction", withdrawn, order.tier, words))
        mergers["retraction"].add(withdrawn)
    if faults:
        raise InputError(faults)
    if counted:
        mergers["aggregate_variant"].add(aggregate_variants(counted, order.centre))
    parts = []
    for name, merger in mergers.items():
        with PartsWriter(name, order.centre, folder, order.tier) as writer:
            for piece in merger.pieces():
                writer.write(piece)
        parts += writer.parts
    spool.rmdir()
    return parts


_COUNTED = ("small_variant", "callable_region", "pair", "sample")
_TOLD = ("small_variant", "small_variant_atom", "callable_region", "hotspot_status")
"""Tables of a pair that an aggregate follows from; those of one patient alone may not change."""


def _rows(pair: PairTables, tier: str, names: Pseudonymiser | None) -> dict[str, pa.Table]:
    """The released rows of a pair with the release's ids."""
    tables = released_rows(pair, tier)
    if names is None:
        return tables
    tables = {name: _pseudonymised(table, names) for name, table in tables.items()}
    return _with_event_ids(tables)


def _pseudonymised(table: pa.Table, names: Pseudonymiser) -> pa.Table:
    for index, field in enumerate(table.schema):
        if field.name in KINDS:
            values = names.column(KINDS[field.name], table.column(index))
            table = table.set_column(index, field, values)
    return table


def _with_event_ids(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Event ids hash the pair's id, so pseudonyms change them, in the atoms and in the events."""
    if "small_variant" not in tables:
        return tables
    atoms = tables["small_variant_atom"].sort_by(
        [("pair_id", "ascending"), ("event_id", "ascending"), ("atom_index", "ascending")]
    )
    events: dict[tuple[str, str], list[str]] = {}
    for row in atoms.to_pylist():
        atom = f"{row['chrom']}:{row['pos']}:{row['ref']}:{row['alt']}"
        events.setdefault((row["pair_id"], row["event_id"]), []).append(atom)
    new = {key: event_id(key[0], steps) for key, steps in events.items()}
    tables = dict(tables)
    for name in ("small_variant", "small_variant_atom"):
        table = tables[name]
        old = zip(table["pair_id"].to_pylist(), table["event_id"].to_pylist(), strict=True)
        values = pa.chunked_array([[new.get(key) for key in old]], pa.string())
        index = table.column_names.index("event_id")
        tables[name] = table.set_column(index, table.schema.field(index), values)
    return tables


def _leaks(pair: str, name: str, table: pa.Table, tier: str, words: Words) -> Iterator[Fault]:
    if tier == "local":
        return
    for fault in text_faults(name, table, tier, words):
        yield Fault(f"{pair}/{name}", fault.message, column=fault.column)


def _retraction_rows(order: Order, names: Pseudonymiser | None) -> pa.Table:
    rows = [{"center_id": order.centre, **asdict(retraction)} for retraction in order.retractions]
    table = contract.prepare("retraction", rows, order.tier)
    return table if names is None else _pseudonymised(table, names)
