"""Which modes of a node have a child, as the engine and those who read its trees see it.

The kernel decides the same by itself, in ``homeostat.proofs.trees``.
"""

from collections.abc import Mapping, Sequence

from homeostat.proofs.trees import Form

__all__ = ["child_modes"]


def child_modes(
    excess: Sequence[Form] | Mapping[int, Form], lo: int, hi: int, stage_count: int
) -> list[int]:
    """Return those of the modes lo .. hi that need a child.

    Where A_j and A_(j+1) are the same form, mode j > lo is possible only where B equals both,
    and there a mode below agrees with it.

    Args:
        excess: A_j - B as primitive forms, for each j in lo .. hi + 1 that is a stage.
        lo: The first mode that may be possible.
        hi: The last one.
        stage_count: Number of stages n.
    """
    return [
        j
        for j in range(lo, hi + 1)
        if j == lo or j + 1 == stage_count or excess[j] != excess[j + 1]
    ]
