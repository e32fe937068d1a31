"""Dual numbers: a value with its exact slope, over any number type."""

from homeostat.models.dual.duals import Dual, lifted, slope_at

__all__ = ["Dual", "lifted", "slope_at"]
