"""The runtime that the claims are about: request scheduler, expert cache, governor.

Of these the scheduler is built; claims about the other two stand in the ledger as unknown.
"""
