"""
Tables of knowledge that a centre downloads or writes: one reader, for the check and for the run.

Hotspots are residues, as cancerhotspots.org lists them or as a list of gene and residue ("any
missense at GNAS R201"); gene lists say a role; CIViC's evidence is its ClinicalEvidenceSummaries.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onconcord.errors import Fault, InputError
from onconcord.inputs.tabular import Row, is_filled, read_table, spoilt_gene, text_lines

ONCOGENE, TUMOUR_SUPPRESSOR = "oncogene", "tumour_suppressor"
CIVIC_COLUMNS = (
    *("molecular_profile", "disease", "therapies", "evidence_type", "evidence_direction"),
    *("evidence_level", "significance", "evidence_status", "evidence_id"),
)
_CIVIC_NEEDED = ("molecular_profile", "evidence_level", "evidence_id")
_CANCERHOTSPOTS = (
    *("hugo_symbol", "amino_acid_position", "reference_amino_acid", "variant_amino_acid"),
)
_RESIDUE = re.compile(r"(?:p\.)?([ACDEFGHIKLMNPQRSTUVWY])([1-9][0-9]{0,5})")
_CODE = re.compile(r"[A-Za-z0-9._-]{1,40}")
_COUNTED = re.compile(r"([A-Z*]):([0-9]+)")
_ROLES = {
    "oncogene": ONCOGENE,
    "tsg": TUMOUR_SUPPRESSOR,
    "tumor suppressor": TUMOUR_SUPPRESSOR,
    "tumour suppressor": TUMOUR_SUPPRESSOR,
    "fusion": None,
}
"""Words of a role; the Cancer Gene Census says fusion beside the others, which is none of ours."""


@dataclass(frozen=True)
class Residue:
    """
    A residue at which tumours are mutated again and again.

    Args:
        source: cancerhotspots, or what the list's column of that name says.
        changes: tumours by the residue that is there instead, one-letter; None where the list does
            not count them: any missense counts.
    """

    source: str
    changes: dict[str, int] | None

    @property
    def samples(self) -> int | None:
        """Tumours with any of the changes; None where the list does not count them."""
        return None if self.changes is None else sum(self.changes.values())


@dataclass(frozen=True)
class GeneRole:
    """What a gene is to cancer: ONCOGENE and TUMOUR_SUPPRESSOR, sorted; and who says so."""

    roles: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Evidence:
    """One item of CIViC's evidence; texts are as CIViC has them, empty where it has none."""

    evidence_id: str
    level: str
    evidence_type: str
    significance: str
    disease: str
    therapies: str


@dataclass(frozen=True)
class Knowledge:
    """
    What tables of knowledge say; None where the centre has no such table.

    Args:
        residues: by gene symbol and residue such as R201.
        roles: by gene symbol.
        evidence: by gene symbol and the name of a variant such as R201C, or R201 for any.
        versions: first 16 hex digits of the file's SHA-256 by key of the configuration.
    """

    residues: dict[tuple[str, str], Residue] | None = None
    roles: dict[str, GeneRole] | None = None
    evidence: dict[tuple[str, str], list[Evidence]] | None = None
    versions: dict[str, str] = field(default_factory=dict)


GENE_COLUMNS = ("gene", "hugo_symbol")
KEYS = ("residue_hotspots", "gene_roles", "civic")
"""Keys of `resources` that name such tables."""


def read_knowledge(paths: dict[str, Path], versions: dict[str, str]) -> Knowledge:
    """
    Read the tables that are given.

    Args:
        paths: file by key, of KEYS.
        versions: as `Knowledge.versions`.
    Raises:
        InputError: every fault of all of them.
    """
    faults: list[Fault] = []
    residues, roles, evidence = None, None, None
    if path := paths.get("residue_hotspots"):
        residues = _residues(path, faults)
    if path := paths.get("gene_roles"):
        roles = _roles(path, faults)
    if path := paths.get("civic"):
        evidence = _evidence(path, faults)
    if faults:
        raise InputError(faults)
    return Knowledge(residues, roles, evidence, versions)


def _rows(
    path: Path, known: Sequence[str], required: Sequence[str], key: str, faults: list[Fault]
) -> Iterator[Row]:
    """Rows that leave nothing empty that is required; what is wrong with others is noted."""
    table = read_table(path, known, required, others=True)
    faults += table.faults
    if not table.rows and not table.faults:
        message = f"has no row: fill it, or leave resources.{key} null."
        faults.append(Fault(path.name, message))
    for row in table.rows:
        empty = [column for column in required if row.lacks(column)]
        faults += [
            Fault(path.name, "is empty, and required.", row.line, column) for column in empty
        ]
        for column in GENE_COLUMNS:
            if why := spoilt_gene(row.cells.get(column, "")):
                message = f'"{row.cells[column]}" {why}'
                faults.append(Fault(path.name, message, row.line, column))
        if not empty and not row.absent & set(required):
            yield row


def _source(path: Path, row: Row, otherwise: str, faults: list[Fault]) -> str:
    """Who says so, which goes into tables: a code."""
    text = row.cells["source"] or otherwise
    if not _CODE.fullmatch(text):
        message = f'"{text}" is not a code: expected letters, digits, "." and "_", as in OncoKB.'
        faults.append(Fault(path.name, message, row.line, "source"))
    return text


def _residues(path: Path, faults: list[Fault]) -> dict[tuple[str, str], Residue]:
    """Hotspots of either form; of cancerhotspots' those that are no single residue are left out."""
    residues: dict[tuple[str, str], Residue] = {}
    header = next(filter(is_filled, text_lines(path)[0]), "")
    if "amino_acid_position" not in header.lower():
        known = ("gene", "residue", "source")
        for row in _rows(path, known, known[:2], "residue_hotspots", faults):
            cells = row.cells
            residue = _RESIDUE.fullmatch(cells["residue"])
            if residue is None:
                message = f'"{cells["residue"]}" is not a residue: expected one such as R201.'
                faults.append(Fault(path.name, message, row.line, "residue"))
                continue
            name = residue[1] + residue[2]
            source = _source(path, row, "residue_hotspots", faults)
            residues[cells["gene"], name] = Residue(source, None)
        return residues
    for row in _rows(path, _CANCERHOTSPOTS, _CANCERHOTSPOTS, "residue_hotspots", faults):
        gene, position, reference, variant = (row.cells[name] for name in _CANCERHOTSPOTS)
        residue = _COUNTED.match(reference)
        if residue and re.fullmatch(r"[0-9]+[.,]0*", position):
            message = f'"{position}" is not a whole number: expected one such as 201.'
            faults.append(Fault(path.name, message, row.line, "amino_acid_position"))
        if residue is None or not position.isdecimal():
            # Splice sites (X1010) and stretches of insertions and deletions (747-759).
            continue
        changes = _COUNTED.findall(variant)
        if not changes:
            message = f'"{variant}" is not a count of residues: expected some such as C:12|H:30.'
            faults.append(Fault(path.name, message, row.line, "variant_amino_acid"))
        of_residue = residues.setdefault(
            (gene, residue[1] + position), Residue("cancerhotspots", {})
        )
        assert of_residue.changes is not None
        for change, count in changes:
            of_residue.changes[change] = of_residue.changes.get(change, 0) + int(count)
    if not residues and not faults:
        message = (
            "has no single residue: give the hotspots of single residues, or leave the key null."
        )
        faults.append(Fault(path.name, message))
    return residues


def _roles(path: Path, faults: list[Fault]) -> dict[str, GeneRole]:
    by_gene: dict[str, GeneRole] = {}
    for row in _rows(path, ("gene", "role", "source"), ("gene", "role"), "gene_roles", faults):
        words = [
            re.sub(r"[\s_-]+", " ", word.strip().lower())
            for word in re.split("[,;/]", row.cells["role"])
        ]
        roles = {role for word in words if (role := _ROLES.get(word))}
        if not roles or not _ROLES.keys() >= set(words):
            message = (
                f'"{row.cells["role"]}" is not a role: expected oncogene, tumour suppressor, or '
                "both with a comma between them."
            )
            faults.append(Fault(path.name, message, row.line, "role"))
        gene = row.cells["gene"]
        before = by_gene[gene].roles if gene in by_gene else ()
        source = _source(path, row, "gene_roles", faults)
        by_gene[gene] = GeneRole(tuple(sorted({*roles, *before})), source)
    return by_gene


def _evidence(path: Path, faults: list[Fault]) -> dict[tuple[str, str], list[Evidence]]:
    """
    Accepted evidence that supports what it says, of profiles of one variant with a protein name:
    what two variants say together, or an expression, is no word on one of them.
    """
    by_change: dict[tuple[str, str], list[Evidence]] = {}
    for row in _rows(path, CIVIC_COLUMNS, _CIVIC_NEEDED, "civic", faults):
        cells = row.cells
        gene, _, variant = cells["molecular_profile"].partition(" ")
        if cells["evidence_status"].lower() not in ("", "accepted"):
            continue
        if cells["evidence_direction"].lower() not in ("", "supports"):
            continue
        if not variant or " " in variant:
            continue
        by_change.setdefault((gene, variant.removeprefix("p.")), []).append(
            Evidence(
                cells["evidence_id"],
                cells["evidence_level"],
                cells["evidence_type"],
                cells["significance"],
                cells["disease"],
                cells["therapies"],
            )
        )
    return by_change
