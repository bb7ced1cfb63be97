"""Releases: what leaves a centre, whole, under pseudonyms and with its digests."""

from onconcord.release.build import build_release
from onconcord.release.manifest import Release, read_release
from onconcord.release.order import Order, order_of_folder
from onconcord.release.pool import pool_releases

__all__ = ["Order", "Release", "build_release", "order_of_folder", "pool_releases", "read_release"]
