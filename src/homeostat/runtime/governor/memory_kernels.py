"""What the placer remembers for a kind of job, compiled: a row of shapes, the best first.

``memory`` is ``placer.Memory``. Rows are found by a hash of the kind. A kind that falls on the row
of another takes it over, so memory is bounded whatever comes.
"""

from typing import Any, Final

import numpy as np

from homeostat.models.compiling import compiled

__all__ = ["remember", "row_of", "sort"]

_PLACES: Final = 64
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


def _row_of(level: int, gpus: int, need: int, mask: int, memory: Any) -> int:
    """Return the row of what is remembered for a kind of job; it is emptied if another had it."""
    key = level + _PLACES * (need + _PLACES * gpus)
    mixed = np.uint64(key) * _FIRST + np.uint64(mask) * _SECOND
    row = int((mixed ^ (mixed >> np.uint64(29))) % np.uint64(len(memory.kinds)))
    if memory.kinds[row, 0] != key or memory.kinds[row, 1] != mask:
        memory.kinds[row, 0] = key
        memory.kinds[row, 1] = mask
        memory.shapes[row, :] = -1
        memory.rises[row, :] = np.inf
    return row


row_of = compiled(_row_of)


def _settle(row: int, place: int, memory: Any) -> None:
    """Move one entry of a row to where its rise belongs, ascending. O(row)."""
    shapes, rises = memory.shapes[row], memory.rises[row]
    shape, rise = shapes[place], rises[place]
    while place > 0 and rises[place - 1] > rise:
        shapes[place], rises[place] = shapes[place - 1], rises[place - 1]
        place -= 1
    while place < len(shapes) - 1 and rises[place + 1] < rise:
        shapes[place], rises[place] = shapes[place + 1], rises[place + 1]
        place += 1
    shapes[place], rises[place] = shape, rise


settle = compiled(_settle)


def _sort(row: int, memory: Any) -> None:
    """Put a row in ascending order, equals as they were. O(row) where it nearly is."""
    shapes, rises = memory.shapes[row], memory.rises[row]
    for i in range(1, len(shapes)):
        shape, rise = shapes[i], rises[i]
        place = i
        while place > 0 and rises[place - 1] > rise:
            shapes[place], rises[place] = shapes[place - 1], rises[place - 1]
            place -= 1
        shapes[place], rises[place] = shape, rise


sort = compiled(_sort)


def _remember(row: int, shape: int, rise: float, memory: Any, head: Any) -> None:
    """Keep a shape: in an empty place, else for one without nodes, else for the worst. O(row)."""
    last = memory.shapes.shape[1] - 1
    place = -1
    for i in range(last + 1):
        if memory.shapes[row, i] == shape:
            place = i
    if place < 0:
        for i in range(last, -1, -1):
            if memory.shapes[row, i] < 0 or head[memory.shapes[row, i]] < 0:
                place = i
                break
    if place < 0:
        if rise >= memory.rises[row, last]:
            return
        place = last
    memory.shapes[row, place] = shape
    memory.rises[row, place] = rise
    settle(row, place, memory)


remember = compiled(_remember)
