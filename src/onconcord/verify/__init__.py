"""Verifying: whether a release is what it says it is."""

from onconcord.verify.checks import Report, verify_release

__all__ = ["Report", "verify_release"]
