"""The finished pairs that a release is made of: results/8_harmonised/<pair>/MANIFEST.json."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from onconcord import contract
from onconcord.contract import digest
from onconcord.errors import ContractError, Fault, InputError
from onconcord.files import file_sha256
from onconcord.release.own_words import is_own_word
from onconcord.release.tiers import PairTables
from onconcord.release.words import Words

_AGAIN = "make the pair again"


@dataclass(frozen=True)
class FinishedPair:
    """One finished pair: where its tables are, and the digests they were written with."""

    manifest: Path
    pair: str
    centre: str
    tables: dict[str, dict[str, Any]]

    def path(self, table: str) -> Path:
        """File of one of its tables."""
        return self.manifest.with_name(f"{table}.parquet")

    @property
    def spec(self) -> Path:
        """Its pair spec, of the working folder that it is in."""
        return self.manifest.parents[2] / "0_inputs" / f"{self.pair}.json"

    def read(self) -> PairTables:
        """
        The pair's tables, with every column, once they are what the manifest says.

        Raises:
            InputError: a file is missing, is not Parquet, or has other bytes, rows or values than
                when it was written.
        """
        tables: dict[str, pa.Table] = {}
        faults: list[Fault] = []
        for name in sorted(contract.load().tables):
            if name not in self.tables:
                tables[name] = contract.load().tables[name].schema().empty_table()
                continue
            try:
                tables[name] = self._table(name)
            except InputError as error:
                faults.extend(error.faults)
        if faults:
            raise InputError(faults)
        return PairTables(self.pair, tables)

    def _table(self, name: str) -> pa.Table:
        path, stated = self.path(name), self.tables[name]
        if not path.is_file():
            raise InputError.at(path, f"no such file: {_AGAIN}")
        if file_sha256(path) != stated["file_sha256"]:
            message = f"the file's SHA-256 is not that of {self.manifest.name}: {_AGAIN}"
            raise InputError.at(path, message)
        table = contract.read_file(name, path)
        if digest.table_digest(table).sha256 != stated["content_sha256"]:
            message = f"the content digest is not that of {self.manifest.name}: {_AGAIN}"
            raise InputError.at(path, message)
        return table


def read_finished(manifests: Iterable[Path], centre: str) -> list[FinishedPair]:
    """
    The finished pairs of one centre, sorted by pair.

    Args:
        manifests: MANIFEST.json of pairs, of any centres.
        centre: code of the centre that releases.
    Raises:
        InputError: a manifest cannot be read or follows another major version of the contract, two
            have one pair, or none is of the centre.
    """
    finished: dict[str, FinishedPair] = {}
    others: set[str] = set()
    faults: list[Fault] = []
    for path in sorted(manifests):
        try:
            pair = _read_manifest(path)
        except ContractError as error:
            faults.extend(error.faults)
            continue
        if pair.centre != centre:
            others.add(pair.centre)
        elif pair.pair in finished:
            message = f'pair "{pair.pair}" is also in {finished[pair.pair].manifest}: name one'
            faults.append(Fault(str(path), message, column="pair"))
        else:
            finished[pair.pair] = pair
    if not faults and not finished:
        there = f"finished pairs of {', '.join(sorted(others))}" if others else "no finished pair"
        message = (
            f'{there}; expected pairs of centre "{centre}": run the pipeline, or mend --centre'
        )
        faults.append(Fault("--centre", message))
    if faults:
        raise InputError(faults)
    return [finished[pair] for pair in sorted(finished)]


def _read_manifest(path: Path) -> FinishedPair:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        pair = FinishedPair(path, raw["pair"], raw["centre"], dict(raw["tables"]))
        version = raw["contract_version"]
    except OSError as why:
        message = f"cannot be read ({why.strerror}): name the MANIFEST.json of a finished pair"
        raise ContractError.at(path, message) from why
    except (ValueError, KeyError, TypeError) as why:
        message = f"not the manifest of a finished pair ({why}): {_AGAIN}"
        raise ContractError.at(path, message) from why
    faults = [
        Fault(str(path), f"the contract has no such table: {_AGAIN}", column=name)
        for name in pair.tables
        if name not in contract.load().tables
    ]
    if version.split(".")[0] != contract.CONTRACT_VERSION.split(".")[0]:
        message = f"contract {version}; expected {contract.CONTRACT_VERSION}: {_AGAIN}"
        faults.append(Fault(str(path), message, column="contract_version"))
    if "pair" not in pair.tables:
        faults.append(Fault(str(path), f"has no table pair: {_AGAIN}", column="tables"))
    if faults:
        raise ContractError(faults)
    return pair


def pairs_beside(finished: Iterable[FinishedPair]) -> list[FinishedPair]:
    """Other pairs of the same working folders, of any centre, as far as they can be read."""
    ours = {pair.manifest for pair in finished}
    beside = []
    for folder in sorted({path.parents[1] for path in ours}):
        for path in sorted(set(folder.glob("[!.]*/MANIFEST.json")) - ours):
            try:
                pair = _read_manifest(path)
                local_words([pair])
            except InputError:
                continue
            beside.append(pair)
    return beside


def local_words(finished: Iterable[FinishedPair]) -> Words:
    """
    Ids and names of some pairs, which must not be in anything that leaves; words of the product's
    own are left out, since its text has them anyway.

    Raises:
        InputError: a table with ids cannot be read; every such table.
    """
    ids: set[str] = set()
    faults: list[Fault] = []
    for pair in finished:
        ids.add(pair.pair)
        ids.update(_specimens(pair.spec))
        for name, columns in WITH_IDS.items():
            if name not in pair.tables:
                continue
            path = pair.path(name)
            try:
                table = contract.read_file(name, path, columns=columns)
            except ContractError as error:
                faults.extend(error.faults)
                continue
            for column in columns:
                ids.update(text for text in table[column].to_pylist() if text)
    if faults:
        raise InputError(faults)
    return Words(local_id for local_id in ids if not is_own_word(local_id))


def _specimens(spec: Path) -> Iterator[str]:
    """Ids of the specimens of a pair, which no table has; none where its spec is not there."""
    if not spec.is_file():
        return
    try:
        stated = json.loads(spec.read_text(encoding="utf-8"))
        samples = [stated["tumour"], stated["normal"]]
        yield from (sample["specimen"] for sample in samples if sample and sample["specimen"])
    except (ValueError, KeyError, TypeError) as error:
        message = "is not a pair spec, so ids of its specimens are not known: run the pair again"
        raise InputError.at(spec, message) from error


WITH_IDS = {
    "subject": ("subject_id",),
    "sample": ("sample_id", "library_id"),
    "run": ("host",),
}
