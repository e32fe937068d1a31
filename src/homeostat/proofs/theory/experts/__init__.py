"""Claims on routes, admission and residency of experts (notes 002 and 004)."""
