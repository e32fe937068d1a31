"""The report: a ledger as pages that one reads, with evidence files that one checks."""

from homeostat.proofs.report.build import write_report

__all__ = ["write_report"]
