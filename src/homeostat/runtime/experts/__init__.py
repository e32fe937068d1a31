"""The cache of experts: which are resident, how they get there, and what that is worth."""
