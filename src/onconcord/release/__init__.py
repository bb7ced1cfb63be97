"""Releases: what leaves a centre, whole, pseudonymous and with its digests."""

from onconcord.release.build import build_release, pool_releases

__all__ = ["build_release", "pool_releases"]
