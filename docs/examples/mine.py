"""A conjecture of one's own, as short as it gets.

homeostat search docs/examples/mine.py:peak_is_small
"""

from homeostat.counterexamples import conjecture
from homeostat.models.batching import Pair


@conjecture(assumes=("canonical", "stable"))
def peak_is_small(pair: Pair, t: int) -> bool:
    """No stage of Simulation ever holds more than the fullest one at the start."""
    return max(pair.simulation[t]) <= max(pair.simulation[0])
