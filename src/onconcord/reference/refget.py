"""Digests of reference sequences: the refget identifier of GA4GH and the MD5 of SAM headers."""

import base64
import hashlib


def sha512t24u(data: bytes) -> str:
    """
    First 24 bytes of SHA-512 as base64url, 32 characters.

    Source: GA4GH Variation Representation Specification 2.0, "Truncated digest (sha512t24u)".
    """
    return base64.urlsafe_b64encode(hashlib.sha512(data).digest()[:24]).decode("ascii")


def sq_digest(sequence: bytes) -> str:
    """
    Refget identifier of a sequence, `SQ.` and 32 characters.

    Args:
        sequence: bases of the whole contig without line ends; case does not count.
    Source: GA4GH refget v2.0.0.
    """
    return f"SQ.{sha512t24u(sequence.upper())}"


def md5_digest(sequence: bytes) -> str:
    """
    MD5 of the upper-case sequence, 32 hex digits.

    Args:
        sequence: bases of the whole contig without line ends; case does not count.
    Source: SAM specification 1.6, the M5 tag of @SQ.
    """
    return hashlib.md5(sequence.upper(), usedforsecurity=False).hexdigest()
