"""The cohort report: one page that opens without a network, and a page of reads per pair."""

from onconcord.report.page import write_report

__all__ = ["write_report"]
