"""The transcripts that genes are to be named on: a centre's table, or the summary of MANE."""

import csv
import io
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from onconcord.errors import Fault, InputError
from onconcord.inputs.tabular import read_table, read_text, spoilt_gene

KINDS = ("mane_select", "mane_plus_clinical", "canonical", "longest_cds")
"""What a transcript is chosen as, the best first; the last where nothing else is known."""
SAME_KIND = {"ensembl_canonical": "canonical", "refseq_select": "canonical"}
NEEDED = ("gene", "transcript", "kind")
MANE_FIRST = "NCBI_GeneID"
"""The first column of MANE's summary; its header begins with #, as comments do."""
MANE_COLUMNS = ("Ensembl_Gene", "symbol", "RefSeq_nuc", "Ensembl_nuc", "MANE_status")


@dataclass(frozen=True)
class Wanted:
    """
    A line of a file that chooses transcripts.

    Args:
        transcripts: ids, of which any will do.
        kind: a code of KINDS.
        cds_sha256: digest that its CDS should have; None where the file does not say.
        source: a code of the vocabulary `transcript_source`.
    """

    transcripts: tuple[str, ...]
    kind: str
    cds_sha256: str | None
    source: str


def read_choices(path: Path) -> dict[str, list[Wanted]]:
    """
    The transcripts a file names, by gene symbol or gene id without its version.

    Args:
        path: a table with the columns gene, transcript and kind (MANE Select, MANE Plus Clinical,
            canonical), and cds_sha256 if it likes, so that a transcript_set.tsv of another run is
            one; or MANE's summary, plain or gzip, which is told by its first column.
    Raises:
        InputError: every fault of the file.
    """
    text, unread = read_text(path)
    if unread:
        raise InputError(unread)
    if text.removeprefix("#").startswith(MANE_FIRST):
        return _of_mane(path.name, text)
    table = read_table(path, (*NEEDED, "cds_sha256"), NEEDED, others=True)
    faults = list(table.faults)
    by_gene: dict[str, list[Wanted]] = defaultdict(list)
    for row in table.rows:
        cells = row.cells
        faults += [
            Fault(path.name, "is empty: name it, or drop the line.", row.line, column)
            for column in NEEDED
            if row.lacks(column)
        ]
        if why := spoilt_gene(cells["gene"]):
            faults.append(Fault(path.name, f'"{cells["gene"]}" {why}', row.line, "gene"))
        kind = _kind(cells["kind"])
        if cells["kind"] and kind is None:
            message = (
                f'"{cells["kind"]}" is not a kind: expected MANE Select, MANE Plus Clinical or '
                "canonical."
            )
            faults.append(Fault(path.name, message, row.line, "kind"))
        elif kind:
            wanted = Wanted((cells["transcript"],), kind, cells["cds_sha256"] or None, "table")
            by_gene[without_version(cells["gene"])].append(wanted)
    if faults:
        raise InputError(faults)
    return by_gene


def _of_mane(name: str, text: str) -> dict[str, list[Wanted]]:
    """The lines of MANE's summary, by Ensembl's gene id and by symbol."""
    reader = csv.DictReader(io.StringIO(text), delimiter="\t")
    missing = [column for column in MANE_COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            Fault(name, "this column is missing from MANE's summary.", 1, column)
            for column in missing
        )
    by_gene: dict[str, list[Wanted]] = defaultdict(list)
    faults = []
    for number, row in enumerate(reader, start=2):
        kind = _kind(row["MANE_status"])
        if kind is None:
            message = f'"{row["MANE_status"]}" is neither MANE Select nor MANE Plus Clinical.'
            faults.append(Fault(name, message, number, "MANE_status"))
            continue
        wanted = Wanted((row["Ensembl_nuc"], row["RefSeq_nuc"]), kind, None, "mane_summary")
        by_gene[without_version(row["Ensembl_Gene"])].append(wanted)
        by_gene[row["symbol"]].append(wanted)
    if faults:
        raise InputError(faults)
    return by_gene


def without_version(name: str) -> str:
    """An id without its version: ENST00000371085.8 is ENST00000371085."""
    return re.sub(r"\.[0-9]+$", "", name)


def without_place(name: str) -> str:
    """An id without what tells it from another place: ENST00000381192.10_PAR_Y, NM_018390.4-2."""
    return re.sub(r"(\.[0-9]+)[-_].+$", r"\1", name)


def _kind(text: str | None) -> str | None:
    code = re.sub(r"[ _-]+", "_", (text or "").strip().lower())
    code = SAME_KIND.get(code, code)
    return code if code in KINDS else None
