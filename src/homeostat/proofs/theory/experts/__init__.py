"""Claims on routing chains, admission and residency of experts (notes 002 and 004)."""
