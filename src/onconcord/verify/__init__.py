"""Verifying: whether a release is what it says it is."""

from onconcord.verify.certificate import verify_certificate
from onconcord.verify.checks import verify_release, verify_releases
from onconcord.verify.report import Report

__all__ = ["Report", "verify_certificate", "verify_release", "verify_releases"]
