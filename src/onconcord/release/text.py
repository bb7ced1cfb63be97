"""
What text may leave a centre: codes and names of the contract's kind, never free text.

Every text column of a released table without a vocabulary is checked here. What does not fit is
refused, so that nothing is released by accident; the message never repeats the text.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from onconcord import contract
from onconcord.contract.checking import as_one
from onconcord.errors import Fault
from onconcord.release.pseudonyms import KINDS

TOKEN = r'[^\s/\\@"]{1,120}'
"""A code: no blank, no path, no address. Every column that is not named below holds codes."""

DIGESTS: dict[str, str] = {
    "event_id": r"[0-9a-f]{16}",
    "run_id": r"[0-9a-f]{16}",
    "git_commit": r"[0-9a-f]{40}(\.[0-9a-f]{8})?",
    "transcript_set_id": r"[0-9a-f]{16}",
    "md5": r"[0-9a-f]{32}",
    "reference_digest": r"[0-9a-f]{64}",
    "vrs_id": r"ga4gh:VA\.[A-Za-z0-9_-]{32}",
    "refget_sq": r"SQ\.[A-Za-z0-9_-]{32}",
    **dict.fromkeys(
        (
            *("sha256", "chain_sha256", "command_sha256", "config_sha256", "line_sha256"),
            *("lock_sha256", "resource_sha256", "target_bed_sha256", "cds_sha256"),
            "transcript_set_sha256",
        ),
        r"[0-9a-f]{64}",
    ),
}
"""Columns of digests, and the form of each."""

FORMS: dict[str, str] = {
    **DIGESTS,
    "ref": r"[ACGTN]+",
    "alt": r"[ACGTN]+",
    "insert_seq": r"[ACGTN]*",
    "variant_key": r"[^\s/\\@:]+:[0-9]+:[ACGTN]+:[ACGTN]+",
    "target_variant_key": r"[^\s/\\@:]+:[0-9]+:[ACGTN]+:[ACGTN]+",
    "raw_record_key": r"[^\s/\\@:]+:[0-9]+:[A-Za-z]+:[^\s/\\@]+",
    "raw_gt": r"[0-9./|]{1,16}",
    "hgvsc": r"([^\s/\\@]+:)?[cn]\.[^\s/\\@]+",
    "hgvsp": r"([^\s/\\@]+:)?p\.[^\s/\\@]+",
    "hgvsp_full": r"p\.[^\s/\\@]+",
    "consequence_terms": r"[A-Za-z0-9_]+(&[A-Za-z0-9_]+)*",
    "exon": r"[0-9]{1,4}/[0-9]{1,4}",
    "unit": r"[A-Za-z0-9{}\[\]%/.*_'^-]{1,24}",
    "diagnosis_oncotree": r"[A-Z][A-Z0-9_]{1,19}",
    "diagnosis_ncit": r"(NCIT:)?C[0-9]{1,9}",
    "diagnosis_icdo3": r"[A-Z0-9.:]{1,12}(/[0-9])?",
    "tissue_uberon": r"UBERON:[0-9]{7}",
    "consent_code": r"[A-Za-z]{1,8}[:_][A-Za-z0-9_]{1,20}",
    "ega_accession": r"EGA[A-Z][0-9]{11}",
    "caller_version": r"[^/\\@\n]{1,120}",
    "version": r"[^\\@\n]{1,120}",
    "annotator_version": r"[^/\\@\n]{1,120}",
    "tool_version": r"[^/\\@\n]{1,120}",
    "value_text": r'[^\\@"\n]{1,400}',
}
"""Columns with a form of their own: regular expressions that the whole value must match."""

CLOSED = frozenset({"ref", "alt", "insert_seq", *DIGESTS})
"""Columns whose form has no room for words. Nothing is searched for there: one digest in 65,000
begins with "fq-" or "bam-", which is the end of a file's name everywhere else."""

PLACES = frozenset(
    {"variant_key", "target_variant_key", "raw_record_key", "hgvsc", "hgvsp", "hgvsp_full"}
)
"""Columns of positions. A local id of digits alone is not searched for there: by chance, one of
eight digits is a position in every few hundredth whole genome."""

PROSE = frozenset(
    {
        "description",
        "label",
        "licence",
        "expression",
        "params_json",
        "detail_json",
        "info_json",
        "command_template",
        "source_version",
        "transcript_set_version",
        "resource_version",
        "list_version",
    }
)
"""Columns that describe tools, rules and resources, in words; never a patient."""

DATED = frozenset(
    {
        "source_version",
        "transcript_set_version",
        "resource_version",
        "list_version",
        "version",
        "annotator_version",
        "tool_version",
        "caller_version",
        "description",
        "expression",
        "licence",
        "label",
    }
)
"""Columns in which a date is that of a program or resource."""

PATH = r"""(^|[\s"'=:,(\[])(~|\.{1,2})?/[A-Za-z0-9_.-]+/|[A-Za-z]:\\|\\\\[A-Za-z]"""
READ_NAME = r"[A-Za-z0-9_-]+:\d+:[A-Za-z0-9_-]+:\d+:\d+:\d+:\d+"
READ_FILE = r"(?i)\.(fastq|fq|bam|cram)(\.gz)?\b"
DATE = r"\b(19|20)\d\d[-./](0[1-9]|1[0-2])[-./]\d\d\b|\b\d{1,2}[-./]\d{1,2}[-./](19|20)\d\d\b"
ADDRESS = r"[A-Za-z0-9._-]+@[A-Za-z0-9-]+\.[A-Za-z]"

FORBIDDEN = (
    ("a path", PATH),
    ("a read's name", READ_NAME),
    ("the name of a reads file", READ_FILE),
    ("a date", DATE),
    ("an address", ADDRESS),
)

ANY_FORBIDDEN = "|".join(f"(?:{pattern})" for _, pattern in FORBIDDEN)

SHORTEST_WORD = 6
"""Signs of a local id from which on it is searched for inside other text."""


def text_faults(
    name: str, table: pa.Table, tier: str, words: frozenset[str] = frozenset()
) -> Iterator[Fault]:
    """
    Text of one released table that must not leave.

    Args:
        name: name of the table in the contract.
        table: rows of the release, ids already pseudonyms.
        tier: tier of the release.
        words: local ids of the rows' patients and samples; those shorter than SHORTEST_WORD are
            not searched for, since they occur in other words by chance.
    """
    named, numbered = _searched(words)
    for field in contract.load().tables[name].fields_of(tier):
        if field.name not in table.column_names or field.vocabulary is not None:
            continue
        if field.type not in ("string", "list<string>"):
            continue
        values = pc.unique(_flat(table.column(field.name))).drop_null()
        if not len(values):
            continue
        local = named + numbered
        if field.name in CLOSED:
            local = ()
        elif field.name in PLACES:
            local = named
        if local and _any(pc.match_substring_regex(values, "|".join(local))):
            message = "holds a local id of a patient or sample: take it out of the text"
            yield Fault(name, message, column=field.name)
        if field.name == "center_id" or field.name in KINDS:
            continue
        yield from _form_faults(name, field.name, values)


def _searched(words: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to search for: ids with a letter, anywhere; ids of digits alone, as a whole number."""
    long = sorted(word for word in words if len(word) >= SHORTEST_WORD)
    return (
        tuple(re.escape(word) for word in long if not word.isdecimal()),
        tuple(rf"(?:^|[^0-9.]){word}(?:$|[^0-9])" for word in long if word.isdecimal()),
    )


def _flat(column: pa.ChunkedArray) -> pa.Array:
    array = as_one(column)
    return array.flatten() if pa.types.is_list(array.type) else array


def _any(mask: pa.Array) -> bool:
    return bool(pc.any(mask).as_py())


def _form_faults(table: str, column: str, values: pa.Array) -> Iterator[Fault]:
    if column not in PROSE:
        form = FORMS.get(column, TOKEN)
        wrong = pc.invert(pc.match_substring_regex(values, f"^(?:{form})$"))
        if _any(wrong):
            count = pc.sum(wrong).as_py()
            message = (
                f"{count} distinct values are no codes of this column: free text does not leave a "
                f"centre. Expected {form}"
            )
            yield Fault(table, message, column=column)
    # one search for all of them, since next to no value has any
    if column in CLOSED or not _any(pc.match_substring_regex(values, ANY_FORBIDDEN)):
        return
    for what, pattern in FORBIDDEN:
        if what == "a date" and column in DATED:
            continue
        if _any(pc.match_substring_regex(values, pattern)):
            yield Fault(
                table, f"a value has {what} in it: that does not leave a centre", column=column
            )
