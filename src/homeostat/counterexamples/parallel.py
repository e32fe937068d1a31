"""The one door to parallel work, which is ``homeostat.models.parallel``."""

from homeostat.models.parallel import results_in_order

__all__ = ["results_in_order"]
