"""Engines look for evidence; only the kernel decides whether it is any."""
