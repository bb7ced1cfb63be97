"""What a release is made of: the one way from a working folder to it, for people and pipeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from onconcord.inputs.config import RETRACTIONS
from onconcord.release.retractions import Retraction, read_retractions

HARMONISED = Path("results/8_harmonised")
LEDGERS = Path("open_releases")
"""Who the patients of each centre's open releases were, beside the sheet: it outlives results/."""


@dataclass(frozen=True)
class Order:
    """
    What to release.

    Args:
        manifests: MANIFEST.json of finished pairs; those of other centres are left out.
        centre: code of the centre.
        name: name of the release, such as r2026-11.
        tier: local, controlled, consortium or open.
        out: folder of the release; an older release there is replaced.
        key_file: file with the centre's secret; None = the variable ONCONCORD_KEY. Not read for the
            tier local, which has local ids.
        sign_key: Ed25519 key for the statement's signature, None for none.
        ledger: who the patients of the centre's open releases were; only the tier open needs it.
        retractions: the centre's withdrawn pairs, which are left out and named as such.
    """

    manifests: tuple[Path, ...]
    centre: str
    name: str
    tier: str
    out: Path
    ledger: Path
    key_file: Path | None = None
    sign_key: Path | None = None
    retractions: tuple[Retraction, ...] = ()


def order_of_folder(
    folder: Path,
    *,
    centre: str,
    pairs: Iterable[str],
    name: str,
    tier: str,
    out: Path | None = None,
    key_file: Path | None = None,
    sign_key: Path | None = None,
    retractions: Path | None = None,
) -> Order:
    """
    The release of one centre of a working folder, without the pairs it has withdrawn.

    Args:
        folder: the working folder.
        pairs: ids of the centre's pairs; those that have no tables are left out.
        out: None = results/9_release/CENTRE of the folder.
        retractions: table of withdrawn pairs; None = the folder's retractions.tsv, if there is one.
        centre, name, tier, key_file, sign_key: as in the order.
    Raises:
        InputError: every fault of the table of withdrawn pairs.
    """
    table = folder / RETRACTIONS if retractions is None else retractions
    withdrawn: tuple[Retraction, ...] = ()
    if retractions is not None or table.is_file():
        every = (folder / HARMONISED).glob("[!.]*/MANIFEST.json")
        withdrawn = read_retractions(table, centre, every)
    manifests = (folder / HARMONISED / pair / "MANIFEST.json" for pair in pairs)
    return Order(
        manifests=tuple(sorted(path for path in manifests if path.is_file())),
        centre=centre,
        name=name,
        tier=tier,
        out=folder / "results/9_release" / centre if out is None else out,
        ledger=folder / LEDGERS / f"{centre}.json",
        key_file=key_file,
        sign_key=sign_key,
        retractions=withdrawn,
    )
