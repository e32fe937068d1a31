"""The runtime that the claims are about: request scheduler, expert cache, governor.

Empty so far: the scheduler, the expert cache and the governor are not built yet, and
claims about them stand in the ledger as unknown.
"""
