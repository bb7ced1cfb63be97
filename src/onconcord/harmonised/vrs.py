"""
VRS 2 allele identifiers, computed offline from a FASTA.

An allele is trimmed; what is left of an insertion or deletion is expanded over the whole region in
which it could be written ("fully justified"), so that every spelling has one identifier.

Source: GA4GH Variation Representation Specification 2.0, normalization and computed identifiers.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping

from onconcord.reference.rolling import rolled_left, rolled_right
from onconcord.reference.sequence import Sequences


def allele_ids(
    genome: Sequences, contigs: Mapping[str, str], rows: Iterable[tuple[str, int, str, str]]
) -> list[str]:
    """
    VRS identifiers of alleles, in the order of `rows`.

    Args:
        genome: the reference.
        contigs: refget identifier (`SQ.…`) of every contig by its name in the FASTA.
        rows: name in the FASTA, position (1-based), reference allele, alternate allele; the
            alleles are upper-case, and the reference allele is what the FASTA has there.
    Returns:
        `ga4gh:VA.` and 32 characters for each row.
    Raises:
        KeyError: a contig that is not in `contigs`.
    """
    ids = []
    # SequenceReference is not identifiable, so it stands in the location as it is
    middles = {
        name: ',"sequenceReference":{"refgetAccession":"'
        f'{accession}","type":"SequenceReference"}},"start":'
        for name, accession in contigs.items()
    }
    sha512, encode = hashlib.sha512, base64.urlsafe_b64encode
    for name, pos, ref, alt in rows:
        if len(ref) == 1 and len(alt) == 1 and ref != alt:
            start, end, state = pos - 1, pos, _literal(alt)
        else:
            start, end, state = _normalise(genome, name, pos - 1, ref, alt)
        location = f'{{"end":{end}{middles[name]}{start},"type":"SequenceLocation"}}'
        digest = encode(sha512(location.encode()).digest()[:24]).decode()
        allele = f'{{"location":"{digest}","state":{state},"type":"Allele"}}'
        ids.append("ga4gh:VA." + encode(sha512(allele.encode()).digest()[:24]).decode())
    return ids


def _literal(sequence: str) -> str:
    return f'{{"sequence":"{sequence}","type":"LiteralSequenceExpression"}}'


def _repeat(length: int, subunit: int) -> str:
    return (
        f'{{"length":{length},"repeatSubunitLength":{subunit},"type":"ReferenceLengthExpression"}}'
    )


def _normalise(
    genome: Sequences, name: str, start: int, ref: str, alt: str
) -> tuple[int, int, str]:
    """Start and end (0-based, half-open) and state (JSON) of a fully justified allele."""
    end = start + len(ref)
    if ref == alt:
        return start, end, _repeat(len(ref), len(ref))
    shortest = min(len(ref), len(alt))
    head = 0
    while head < shortest and ref[head] == alt[head]:
        head += 1
    tail = 0
    while tail < shortest - head and ref[-1 - tail] == alt[-1 - tail]:
        tail += 1
    start, end = start + head, end - tail
    ref, alt = ref[head : len(ref) - tail], alt[head : len(alt) - tail]
    if ref and alt:
        return start, end, _literal(alt)
    changed = ref or alt
    first = start - rolled_left(genome, name, start, changed)
    last = end + rolled_right(genome, name, end, changed)
    before, after = genome.bases(name, first, start), genome.bases(name, end, last)
    start, end = first, last
    extended_ref, extended_alt = before + ref + after, before + alt + after
    if len(extended_alt) < len(extended_ref):
        return start, end, _repeat(len(extended_alt), len(changed))
    for subunit in _factors(len(changed)):
        if subunit <= len(extended_ref) and _is_cycle(extended_ref, extended_alt, subunit):
            return start, end, _repeat(len(extended_alt), subunit)
    return start, end, _literal(extended_alt)


def _factors(number: int) -> list[int]:
    """Divisors of a number, largest first."""
    return [divisor for divisor in range(number, 0, -1) if number % divisor == 0]


def _is_cycle(ref: str, alt: str, size: int) -> bool:
    """Whether what `alt` has beyond `ref` repeats the last `size` bases of `ref`."""
    cycle = ref[-size:]
    return all(base == cycle[i % size] for i, base in enumerate(alt[len(ref) :]))
