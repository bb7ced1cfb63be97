"""onconcord: raw tumour and normal reads to harmonised Parquet tables."""

from importlib.metadata import version

__version__ = version("onconcord")
