"""Making a release: the finished pairs of one centre merged, or releases of several pooled."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from onconcord import contract
from onconcord.contract import artefacts
from onconcord.errors import Fault, InputError
from onconcord.event_ids import event_id
from onconcord.release import layout
from onconcord.release.key import load_key
from onconcord.release.manifest import (
    Centre,
    Part,
    Release,
    entries,
    manifest_text,
    read_release,
)
from onconcord.release.merge import Merger
from onconcord.release.papers import crate_text, statement_text
from onconcord.release.pseudonyms import KINDS, Pseudonymiser, check_centres
from onconcord.release.publish import whole_folder
from onconcord.release.shards import file_sha256, local_words, read_shards
from onconcord.release.text import text_faults
from onconcord.release.tiers import released_rows, released_tables


def build_release(
    manifests: Iterable[Path], centre: str, name: str, tier: str, key_file: Path | None, out: Path
) -> Release:
    """
    Merge the finished pairs of one centre to a release, with its tier and pseudonyms applied.

    Args:
        manifests: MANIFEST.json of finished pairs, of any centres.
        centre: code of the centre that releases.
        name: name of the release, never a number.
        tier: local, controlled, consortium or open.
        key_file: the centre's key; None takes it from ONCONCORD_KEY. Not asked for at tier local.
        out: the release; it is replaced as a whole, and only by a whole one.
    Raises:
        InputError: no key, shards that are not what their manifests say, or text that must not
            leave; nothing is written then.
    """
    layout.check_name(name)
    layout.check_centre(centre)
    pseudonymiser = (
        None if tier == "local" else Pseudonymiser(load_key(key_file, centre), centre)
    )
    shards = read_shards(manifests, centre)
    with whole_folder(out) as folder, tempfile.TemporaryDirectory(dir=out.parent) as spill:
        mergers = {table: Merger(table, Path(spill)) for table in released_tables(tier)}
        faults: list[Fault] = []
        for shard in shards:
            pair = shard.read()
            words = local_words(pair)
            for table, rows in _pseudonymous(released_rows(pair, tier), pseudonymiser).items():
                check_centres(table, rows.column("center_id"), centre)
                if pseudonymiser is not None:
                    faults += text_faults(table, rows, tier, words)
                mergers[table].add(rows)
        if faults:
            raise InputError(faults)
        parts = []
        for table, merger in mergers.items():
            path = layout.part(table, centre)
            (folder / path).parent.mkdir(parents=True)
            with contract.TableWriter(table, folder / path, tier) as writer:
                for piece in merger.pieces():
                    writer.write(piece)
            parts.append(Part(table, centre, path, writer.digest))
        fingerprint = pseudonymiser.fingerprint() if pseudonymiser else None
        centres = (Centre(centre, len(shards), fingerprint),)
        release = Release(name, tier, centres, tuple(parts))
        _write_papers(folder, release)
    return release


def pool_releases(releases: list[Path], name: str | None, out: Path) -> Release:
    """
    Make one release of several centres' releases; their files are taken as they are.

    Args:
        releases: folders of releases of one tier.
        name: name of the pooled release; None takes theirs, which must be one.
        out: the pooled release; it is replaced as a whole.
    Raises:
        InputError: releases of other tiers or other major contracts, or one centre twice.
    """
    described = {path: read_release(path) for path in releases}
    faults = []
    seen: dict[str, Path] = {}
    first = next(iter(described.values()))
    for path, release in described.items():
        if release.tier != first.tier:
            message = f'its tier is "{release.tier}", the first has "{first.tier}": pool one tier.'
            faults.append(Fault(str(path), 0, "tier", message))
        if release.contract_version.split(".")[0] != first.contract_version.split(".")[0]:
            message = f"contract {release.contract_version}, the first has {first.contract_version}"
            faults.append(Fault(str(path), 0, "contract_version", message))
        for centre in release.centres:
            if centre.center_id in seen:
                message = f"centre {centre.center_id} is in {seen[centre.center_id]} too: name one."
                faults.append(Fault(str(path), 0, "centres", message))
            seen.setdefault(centre.center_id, path)
    names = {release.name for release in described.values()}
    if name is None and len(names) > 1:
        message = f"releases are named {', '.join(sorted(names))}: give the pool a --name."
        faults.append(Fault("--name", 0, "", message))
    if faults:
        raise InputError(faults)
    pooled = Release(
        layout.check_name(name or first.name),
        first.tier,
        tuple(centre for release in described.values() for centre in release.centres),
        tuple(part for release in described.values() for part in release.parts),
    )
    with whole_folder(out) as folder:
        for path, release in described.items():
            for part in release.parts:
                (folder / part.path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path / part.path, folder / part.path)
        _write_papers(folder, pooled)
    return pooled


def _write_papers(folder: Path, release: Release) -> None:
    """Everything beside the tables; the manifest and the statement over it come last."""
    artefacts.write_all(folder, release.tier)
    (folder / layout.RELEASE).write_text(release.as_json(), encoding="utf-8")
    (folder / layout.CRATE).write_text(crate_text(folder, release), encoding="utf-8")
    lines = entries(folder, release.parts)
    (folder / layout.MANIFEST).write_text(manifest_text(lines), encoding="utf-8")
    manifest = file_sha256(folder / layout.MANIFEST)
    statement = statement_text(release, lines, manifest)
    (folder / layout.STATEMENT).write_text(statement, encoding="utf-8")


def _pseudonymous(
    tables: dict[str, pa.Table], pseudonymiser: Pseudonymiser | None
) -> dict[str, pa.Table]:
    """Local ids as pseudonyms, and events under the id of their new pair."""
    if pseudonymiser is None:
        return tables
    named = {}
    for name, table in tables.items():
        for column, kind in KINDS.items():
            if column in table.column_names:
                values = pseudonymiser.column(kind, table.column(column))
                place = table.column_names.index(column)
                table = table.set_column(place, table.schema.field(column), values)
        named[name] = table
    atoms: dict[tuple[str, str], list[tuple[int, str]]] = {}
    if "small_variant_atom" in named:
        for row in named["small_variant_atom"].to_pylist():
            text = ":".join(str(row[column]) for column in ("chrom", "pos", "ref", "alt"))
            key = (row["pair_id"], row["event_id"])
            atoms.setdefault(key, []).append((row["atom_index"], text))
    for name in ("small_variant", "small_variant_atom"):
        if name in named:
            table = named[name]
            pairs = zip(table["pair_id"].to_pylist(), table["event_id"].to_pylist(), strict=True)
            ids = [
                event_id(pair, [text for _, text in sorted(atoms[pair, local])])
                for pair, local in pairs
            ]
            place = table.column_names.index("event_id")
            field = table.schema.field("event_id")
            named[name] = table.set_column(place, field, pa.array(ids, pa.string()))
    return named


