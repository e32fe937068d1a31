"""Claims, verdicts, certificates, the kernel, engines, the ledger and the report.

This file imports nothing, so that ``python -m homeostat.proofs.kernel`` runs in a Python
without third-party packages.
"""
