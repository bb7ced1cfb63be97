"""Releases of several centres as one; their tables are taken as they are."""

import shutil
from collections.abc import Callable
from pathlib import Path

from onconcord.errors import Fault, InputError
from onconcord.files import whole_folder
from onconcord.release import layout
from onconcord.release.build import check_target
from onconcord.release.finish import write_descriptions
from onconcord.release.manifest import Release, read_release


def pool_releases(
    folders: list[Path],
    out: Path,
    require_sound: Callable[[Path], None],
    name: str | None = None,
    sign_key: Path | None = None,
) -> Release:
    """
    Make one release of several centres' releases, byte for byte the same tables.

    Args:
        folders: releases of one tier and one major contract, each of other centres.
        out: folder of the pooled release; an older release there is replaced as a whole.
        require_sound: raises InputError where a folder is not a release without faults; it is asked
            of each release first, and of the pooled one before it gets its place.
        name: name of the pooled release; None takes theirs, which must be one.
        sign_key: Ed25519 key for the statement's signature, None for none.
    Raises:
        InputError: every reason why they cannot be pooled; nothing is written then.
    """
    check_target(out)
    for folder in folders:
        require_sound(folder)
    described = {folder: read_release(folder) for folder in folders}
    faults, seen = [], dict[str, Path]()
    first = next(iter(described.values()))
    for folder, release in described.items():
        if folder.resolve() == out.resolve():
            faults.append(Fault(str(folder), "is what --out names: name another folder"))
        if release.tier != first.tier:
            message = f'its tier is "{release.tier}", that of {folders[0]} is "{first.tier}"'
            faults.append(
                Fault(str(folder), f"{message}: pool releases of one tier", column="tier")
            )
        if _major(release) != _major(first):
            message = (
                f"contract {release.contract_version}, that of {folders[0]} is "
                f"{first.contract_version}: pool releases of one major version"
            )
            faults.append(Fault(str(folder), message, column="contract_version"))
        for centre in release.centres:
            if (other := seen.setdefault(centre.center_id, folder)) != folder:
                message = f"centre {centre.center_id} is in {other} too: name one of them"
                faults.append(Fault(str(folder), message, column="centres"))
    names = sorted({release.name for release in described.values()})
    if name is None and len(names) > 1:
        message = f"the releases are named {', '.join(names)}: name the pool with --name"
        faults.append(Fault("--name", message))
    if faults:
        raise InputError(faults)
    pooled = Release(
        layout.check_name(name or names[0]),
        first.tier,
        tuple(centre for release in described.values() for centre in release.centres),
        tuple(part for release in described.values() for part in release.parts),
    )
    with whole_folder(out) as staging:
        for folder, release in described.items():
            for part in release.parts:
                (staging / part.path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / part.path, staging / part.path)
        write_descriptions(staging, pooled, sign_key)
        require_sound(staging)
    return pooled


def _major(release: Release) -> str:
    return release.contract_version.split(".")[0]
