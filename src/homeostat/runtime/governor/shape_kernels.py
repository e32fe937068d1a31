"""Filing nodes by shape and their energy, compiled.

``state`` is that of a ``Cluster``; ``field`` and ``shapes`` are the tuples of arrays of
``potential`` and ``shapes``.
"""

from typing import Any, Final

import numpy as np

from homeostat.models.compiling import compiled

__all__ = ["energy_of", "file_all", "level_of", "refile", "scarce_free", "shape_for", "unfile"]

_GPU_MILLI: Final = 1000
_GPUS_MAX: Final = 8
_PLACES: Final = 64
_ONE: Final = np.uint64(1)
_NONE: Final = np.uint64(0)


def _level_of(levels: Any, free: int) -> int:
    """Return how many of the ascending bounds are within ``free``. O(log levels)."""
    low, high = 0, len(levels)
    while low < high:
        middle = (low + high) // 2
        if levels[middle] <= free:
            low = middle + 1
        else:
            high = middle
    return low


level_of = compiled(_level_of)


def _scarce_free(node: int, field: Any, state: Any) -> int:
    """Return what a node has free of the scarcer resource."""
    if field.memory_is_scarcer:
        return int(state[1][node])
    return int(state[0][node])


scarce_free = compiled(_scarce_free)


def _energy_of(node: int, field: Any, state: Any) -> int:
    """Return U of a node, in thousandths of a GPU times the field's unit. O(GPUs)."""
    gpu_free, model = state[2], state[3]
    table = field.table_of[model[node]]
    free = scarce_free(node, field, state)
    level = level_of(field.levels, free)
    energy, whole = 0, 0
    for gpu in range(_GPUS_MAX):
        left = gpu_free[node, gpu]
        if left == _GPU_MILLI:
            whole += 1
        else:
            energy += field.partial[table, level, left]
    return int(energy + field.whole[table, free // field.row_size, whole])


energy_of = compiled(_energy_of)


def _shape_for(node: int, field: Any, state: Any, shapes: Any) -> int:
    """Return the shape that a node has now. O(GPUs)."""
    gpu_free, model = state[2], state[3]
    whole, hole = 0, 0
    for gpu in range(_GPUS_MAX):
        left = gpu_free[node, gpu]
        if left == _GPU_MILLI:
            whole += 1
        elif left > hole:
            hole = left
    level = level_of(field.levels, scarce_free(node, field, state))
    slot = shapes.slot_of[model[node]] if model[node] >= 0 else 0
    family = (slot * (_GPUS_MAX + 1) + whole) * field.holes + field.hole_level[hole]
    return int(family * _PLACES + level)


shape_for = compiled(_shape_for)


def _unfile(node: int, shapes: Any) -> None:
    """Take a node off its list. O(1)."""
    shape = shapes.shape_of[node]
    if shape < 0:
        return
    before, following = shapes.before[node], shapes.following[node]
    if before >= 0:
        shapes.following[before] = following
    else:
        shapes.head[shape] = following
    if following >= 0:
        shapes.before[following] = before
    shapes.shape_of[node] = -1
    shapes.before[node] = -1
    shapes.following[node] = -1
    shapes.population[shape] -= 1
    if shapes.head[shape] >= 0:
        return
    family = shape // _PLACES
    shapes.levels[family] &= ~(_ONE << np.uint64(shape % _PLACES))
    if shapes.levels[family] == _NONE:
        shapes.family_count[0] -= 1
        last = shapes.families[shapes.family_count[0]]
        place = shapes.place_of[family]
        shapes.families[place] = last
        shapes.place_of[last] = place
        shapes.place_of[family] = -1


unfile = compiled(_unfile)


def _refile(node: int, field: Any, state: Any, shapes: Any) -> None:
    """Put a node on the list of the shape that it has now, first; on none if it is down. O(1)."""
    unfile(node, shapes)
    if not state[4][node]:
        return
    shape = shape_for(node, field, state, shapes)
    shapes.energy[node] = energy_of(node, field, state)
    following = shapes.head[shape]
    shapes.shape_of[node] = shape
    shapes.following[node] = following
    shapes.head[shape] = node
    shapes.population[shape] += 1
    if following >= 0:
        shapes.before[following] = node
        return
    family = shape // _PLACES
    if shapes.levels[family] == _NONE:
        count = shapes.family_count[0]
        shapes.families[count] = family
        shapes.place_of[family] = count
        shapes.family_count[0] = count + 1
    shapes.levels[family] |= _ONE << np.uint64(shape % _PLACES)


refile = compiled(_refile)


def _file_all(field: Any, state: Any, shapes: Any) -> None:
    """File every node. O(nodes)."""
    for node in range(len(state[0])):
        refile(node, field, state, shapes)


file_all = compiled(_file_all)
