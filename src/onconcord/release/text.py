"""
What text may leave a centre: codes and names of the contract's kind, never free text.

Every text column of a released table without a vocabulary is checked here. What does not fit is
refused, so that nothing is released by accident; the message never repeats the text.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from onconcord import contract
from onconcord.contract.checking import as_one
from onconcord.errors import Fault
from onconcord.release.pseudonyms import KINDS
from onconcord.release.words import NO_WORDS, Words

TOKEN = r"[!#-.0-?A-\[\]-~]{1,120}"
"""
A code: ASCII, and no space, no path, no address, which is to say none of " / @ and the backslash.
Every column that is not named below holds codes.
"""

_NAME = "[A-Za-z0-9_.-]{1,60}"
_RESIDUE = (
    "Ala|Arg|Asn|Asp|Cys|Gln|Glu|Gly|His|Ile|Leu|Lys|Met|Phe|Pro|Ser|Thr|Trp|Tyr|Val"
    "|Sec|Pyl|Xaa|Ter"
)

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
            *("transcript_set_sha256", "model_sha256"),
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
    "hgvsc": rf"({_NAME}:)?[cn]\.([ACGTN0-9*+_=?()\[\];>-]|del|ins|dup|inv)+",
    "hgvsp": rf"({_NAME}:)?p\.([0-9*_=?()>-]|del|ins|dup|fs|ext|{_RESIDUE})+",
    "hgvsp_full": rf"({_NAME}:)?p\.([0-9*_=?()>-]|del|ins|dup|fs|ext|{_RESIDUE})+",
    "consequence_terms": r"[A-Za-z0-9_]+(&[A-Za-z0-9_]+)*",
    "exon": r"[0-9]{1,4}/[0-9]{1,4}",
    "unit": r"[A-Za-z0-9{}\[\]%/.*_'^-]{1,24}",
    "diagnosis_oncotree": r"[A-Z][A-Z0-9_]{1,19}",
    "diagnosis_ncit": r"(NCIT:)?C[0-9]{1,9}",
    "diagnosis_icdo3": r"[A-Z0-9.:]{1,12}(/[0-9])?",
    "tissue_uberon": r"UBERON:[0-9]{7}",
    "consent_code": r"[A-Za-z]{1,8}[:_][A-Za-z0-9_]{1,20}",
    "reason_code": "no_caller|no_hotspot_list|no_callable_base|qc_fail|tumor_only_unresolved"
    "|partly_withheld|withheld_by_tier",
    "ega_accession": r"EGA[A-Z][0-9]{11}",
    "caller_version": r"[^/\\@\n]{1,120}",
    "version": r"[^\\@\n]{1,120}",
    "annotator_version": r"[^/\\@\n]{1,120}",
    "tool_version": r"[^/\\@\n]{1,120}",
    # up to 4,000 signs: a regular expression counts to 1,000
    "value_text": r'[^\\@"\n]{1,1000}' + 3 * r'[^\\@"\n]{0,1000}',
}
"""Columns with a form of their own: regular expressions that the whole value must match."""

CLOSED = frozenset({"ref", "alt", "insert_seq", *DIGESTS})
"""Columns whose form has no room for words. Nothing is searched for there: one digest in 65,000
begins with "fq-" or "bam-", which is the end of a file's name everywhere else."""

PLACES = frozenset(
    {"variant_key", "target_variant_key", "raw_record_key", "hgvsc", "hgvsp", "hgvsp_full"}
)
"""Columns of positions. Local ids are searched for in the name of the contig or transcript alone:
by chance, a number of eight digits is a position in every few hundredth whole genome."""

PROSE = frozenset(
    {
        "description",
        "label",
        "licence",
        "expression",
        "params_json",
        "conserved_json",
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
COMPACT_DATE = (
    r"(?:^|[^0-9A-Za-z.])(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:$|[^0-9A-Za-z])"
)
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
WRITTEN_DATE = rf"(?i)\b\d{{1,2}}[ ._-]?({MONTHS})[a-z]*[ ._-]?(19|20)?\d\d\b"
ADDRESS = r"(?i)[A-Z0-9._-]+(@|\s*[(\[{<]\s*(at|@)\s*[)\]}>]\s*)[A-Z0-9-]+"
UNSEEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"

FORBIDDEN = (
    ("a path", PATH),
    ("a read's name", READ_NAME),
    ("the name of a reads file", READ_FILE),
    ("a date", f"{DATE}|{COMPACT_DATE}"),
    ("a date", WRITTEN_DATE),
    ("an address", ADDRESS),
    ("a sign that is not seen", UNSEEN),
)

ANY_FORBIDDEN = "|".join(f"(?:{pattern})" for _, pattern in FORBIDDEN)

WRITTEN_BY_HAND = frozenset(
    {
        *("assay_id", "assay_version", "capture_kit", "platform", "instrument_model"),
        *("diagnosis_oncotree", "diagnosis_ncit", "diagnosis_icdo3", "tissue_uberon"),
        *("consent_code", "ega_accession", "from_release", "hotspot_id", "value_text"),
    }
)
"""Columns whose codes a centre writes: there a local id shorter than `words.SHORTEST` is a fault
where it is a whole code. Anywhere else one is in other words by chance."""


def text_faults(name: str, table: pa.Table, tier: str, words: Words = NO_WORDS) -> Iterator[Fault]:
    """
    Text of one released table that must not leave.

    Args:
        name: name of the table in the contract.
        table: rows of the release, ids already pseudonyms.
        tier: tier of the release.
        words: local ids of every pair of the centre.
    """
    for field in contract.load().tables[name].fields_of(tier):
        if field.name not in table.column_names or field.vocabulary is not None:
            continue
        if field.type not in ("string", "list<string>"):
            continue
        values = pc.unique(_flat(table.column(field.name))).drop_null()
        if not len(values):
            continue
        if _holds_word(field.name, values, words):
            message = "holds a local id of a patient or sample: take it out of the text"
            yield Fault(name, message, column=field.name)
        if field.name == "center_id" or field.name in KINDS:
            continue
        yield from _form_faults(name, field.name, values)


def _holds_word(column: str, values: pa.Array, words: Words) -> bool:
    if not words.ids or column in KINDS or column == "center_id":
        return False
    if column in CLOSED:
        return any(value in words.digests for value in values.to_pylist())
    if column in PLACES:
        # the form has no room for words behind the name of the contig or transcript
        values = pc.unique(pc.replace_substring_regex(values, r"(:[0-9]|(^|:)[cnp]\.).*", ""))
    texts = values.to_pylist()
    if any(words.inside(text) for text in texts):
        return True
    return column in WRITTEN_BY_HAND and any(words.is_code(text) for text in texts)


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
                f"{count} distinct values are not codes of this column: free text does not leave a "
                f"centre. Expected {form}"
            )
            yield Fault(table, message, column=column)
    # one search for all of them, since next to no value has any
    if column in CLOSED or not _any(pc.match_substring_regex(values, ANY_FORBIDDEN)):
        return
    for kind, pattern in FORBIDDEN:
        if kind == "a date" and column in DATED | PLACES:
            continue
        if _any(pc.match_substring_regex(values, pattern)):
            yield Fault(
                table, f"a value has {kind} in it: that does not leave a centre", column=column
            )
