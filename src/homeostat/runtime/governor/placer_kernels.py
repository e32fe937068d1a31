"""One decision of the placer, compiled: drawing shapes, probing nodes, and the choice among them.

A decision probes the first nodes of shapes that did well for jobs of this kind before, then of
shapes drawn at random, and lets chance choose by Gibbs' law of their energies. Only if none of
them has room it goes through the families in order, up to the limit of probes.

``out`` takes the decision: node (-1 for none), GPUs as bits, and probes.
"""

from typing import Any, Final

import numpy as np

from homeostat.models.compiling import compiled
from homeostat.runtime.governor.cluster_kernels import fits, give, gpus_for, take
from homeostat.runtime.governor.memory_kernels import remember, row_of, sort
from homeostat.runtime.governor.shape_kernels import level_of, refile, scarce_free

__all__ = ["decide", "decide_many", "next_draw", "probe"]

_GPU_MILLI: Final = 1000
_GPUS_MAX: Final = 8
_PLACES: Final = 64
_NO_ROOM: Final = np.iinfo(np.int64).max
_NONE: Final = np.uint64(0)
_ONE: Final = np.uint64(1)
_WEYL: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_TRIES: Final = 4


def _next_draw(draws: Any) -> Any:
    """Return 64 random bits (SplitMix64: Steele, Lea and Flood, OOPSLA 2014)."""
    draws[0] += _WEYL
    bits = draws[0]
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


next_draw = compiled(_next_draw)


def _below(draws: Any, bound: int) -> int:
    """Return a random whole number >= 0 and below ``bound`` <= 2^31."""
    return int(((next_draw(draws) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))


below = compiled(_below)


def _luck(draws: Any, population: int) -> float:
    """Return a draw of Gumbel's law for each of a population, and of these the largest.

    Whoever has the largest of energy / -temperature and luck is a draw by Gibbs' law of all.
    """
    part = (float(next_draw(draws) >> np.uint64(11)) + 0.5) / 9007199254740992.0
    return float(-np.log(-np.log(part) / population))


luck = compiled(_luck)


def _probe(node: int, field: Any, state: Any, energy: int, wants: Any, prices: Any) -> Any:
    """Return by how much placing a task raises the energy, the tax on it, and its GPUs as bits.

    The energy is ``_NO_ROOM`` where it does not fit. A share takes the GPU where it rises least.
    ``energy`` is that of the node now; ``prices`` are those of CPU, memory and GPU. O(GPUs).
    """
    if not fits(node, state, wants):
        return _NO_ROOM, 0.0, 0
    cpu, memory, gpus, milli, _ = wants
    gpu_free, model = state[2], state[3]
    table = field.table_of[model[node]]
    free = scarce_free(node, field, state) - (memory if field.memory_is_scarcer else cpu)
    level = level_of(field.levels, free)
    row = free // field.row_size
    whole, total, parts = 0, 0, 0
    for gpu in range(_GPUS_MAX):
        left = gpu_free[node, gpu]
        total += left
        if left == _GPU_MILLI:
            whole += 1
        else:
            parts += field.partial[table, level, left]
    tax = (
        prices[0] * (state[0][node] - cpu)
        + prices[1] * (state[1][node] - memory)
        + prices[2] * (total - gpus * milli)
    )
    if gpus == 0:
        return parts + field.whole[table, row, whole] - energy, tax, 0
    if milli == _GPU_MILLI:
        after = parts + field.whole[table, row, whole - gpus]
        return after - energy, tax, gpus_for(node, state, wants)
    least, chosen, tried = _NO_ROOM, 0, False
    for gpu in range(_GPUS_MAX):
        left = gpu_free[node, gpu]
        if left < milli or (left == _GPU_MILLI and tried):
            continue
        after = parts + field.partial[table, level, left - milli]
        if left == _GPU_MILLI:
            tried = True
            after += field.whole[table, row, whole - 1]
        else:
            after += field.whole[table, row, whole] - field.partial[table, level, left]
        if after < least:
            least, chosen = after, 1 << gpu
    return least - energy, tax, chosen


probe = compiled(_probe)


def _levels_with_room(
    family: int, level: int, need: int, wants: Any, field: Any, shapes: Any
) -> Any:
    """Return the bits of a family's levels where a task may fit, shifted right by ``level``."""
    bits = shapes.levels[family] >> np.uint64(level)
    gpus, mask = wants[2], wants[4]
    if bits == _NONE or gpus == 0:
        return bits
    model = shapes.model_of[family // ((_GPUS_MAX + 1) * field.holes)]
    if model < 0 or not (mask >> model) & 1:
        return _NONE
    whole = (family // field.holes) % (_GPUS_MAX + 1)
    if whole < gpus and not (gpus == 1 and family % field.holes >= need):
        return _NONE
    return bits


levels_with_room = compiled(_levels_with_room)


def _draw_bit(bits: Any, draws: Any) -> int:
    """Return the place of one of the bits that are set, each as likely. O(bits that are set)."""
    count, left = 0, bits
    while left != _NONE:
        left &= left - _ONE
        count += 1
    for _ in range(below(draws, count)):
        bits &= bits - _ONE
    bits &= ~bits + _ONE
    # The lowest bit that is set is alone now: find it by halves.
    place, half = 0, 32
    while half:
        if bits >> np.uint64(half):
            bits >>= np.uint64(half)
            place += half
        half //= 2
    return place


draw_bit = compiled(_draw_bit)


def _decide(
    wants: Any, rules: Any, field: Any, state: Any, shapes: Any, memory: Any, draws: Any, out: Any
) -> None:
    """Decide where one task goes; nothing is taken.

    ``rules``: probes, those of them at remembered shapes, the most, temperature, and prices.
    """
    wanted, remembered, most, temperature, prices = rules
    cpu, memory_mib, gpus, milli, mask = wants
    level = level_of(field.levels, memory_mib if field.memory_is_scarcer else cpu)
    need = field.hole_level[milli] if gpus == 1 else 0
    row = row_of(level, gpus, need, mask, memory)
    probes, found = 0, 0
    best, chosen, best_value = -1, 0, -np.inf
    kept = memory.shapes.shape[1]
    seen = memory.seen

    for i in range(kept):
        shape = memory.shapes[row, i]
        if shape < 0 or probes >= remembered:
            break
        node = shapes.head[shape]
        if node < 0:
            continue
        seen[probes] = shape
        probes += 1
        rise, tax, gpu_bits = probe(node, field, state, shapes.energy[node], wants, prices)
        if rise == _NO_ROOM:
            memory.rises[row, i] = np.inf
            continue
        memory.rises[row, i] = rise + tax
        value = -(rise + tax)
        if temperature > 0:
            value += temperature * luck(draws, shapes.population[shape])
        found += 1
        if value > best_value:
            best, chosen, best_value = node, gpu_bits, value
    sort(row, memory)

    for _ in range(_TRIES * wanted):
        count = shapes.family_count[0]
        if probes >= wanted or count == 0:
            break
        family = shapes.families[below(draws, count)]
        bits = levels_with_room(family, level, need, wants, field, shapes)
        if bits == _NONE:
            continue
        shape = family * _PLACES + level + draw_bit(bits, draws)
        known = False
        for i in range(probes):
            known = known or seen[i] == shape
        if known:
            continue
        seen[probes] = shape
        probes += 1
        node = shapes.head[shape]
        rise, tax, gpu_bits = probe(node, field, state, shapes.energy[node], wants, prices)
        if rise == _NO_ROOM:
            continue
        remember(row, shape, rise + tax, memory, shapes.head)
        value = -(rise + tax)
        if temperature > 0:
            value += temperature * luck(draws, shapes.population[shape])
        found += 1
        if value > best_value:
            best, chosen, best_value = node, gpu_bits, value

    if found == 0:
        place = 0
        while best < 0 and probes < most and place < shapes.family_count[0]:
            family = shapes.families[place]
            place += 1
            bits = levels_with_room(family, level, need, wants, field, shapes)
            top = _PLACES - 1 - level
            while best < 0 and probes < most and bits != _NONE:
                while not (bits >> np.uint64(top)) & _ONE:
                    top -= 1
                bits &= ~(_ONE << np.uint64(top))
                shape = family * _PLACES + level + top
                node = shapes.head[shape]
                while best < 0 and probes < most and node >= 0:
                    probes += 1
                    rise, tax, gpu_bits = probe(
                        node, field, state, shapes.energy[node], wants, prices
                    )
                    if rise != _NO_ROOM:
                        remember(row, shape, rise + tax, memory, shapes.head)
                        best, chosen = node, gpu_bits
                    node = shapes.following[node]
    out[0] = best
    out[1] = chosen
    out[2] = probes


decide = compiled(_decide)


def _decide_many(
    jobs: Any,
    hold: int,
    rules: Any,
    field: Any,
    state: Any,
    totals: Any,
    shapes: Any,
    memory: Any,
    draws: Any,
    decisions: Any,
) -> None:
    """Decide for many tasks and take their room; ``hold`` > 0 gives back all but the last ones.

    ``jobs``: what each wants, shape (tasks, 5). ``decisions``: shape (tasks, 3), as ``out``.
    """
    for i in range(len(jobs)):
        wants = (jobs[i, 0], jobs[i, 1], jobs[i, 2], jobs[i, 3], jobs[i, 4])
        decide(wants, rules, field, state, shapes, memory, draws, decisions[i])
        node = decisions[i, 0]
        if node >= 0:
            take(node, state, wants, decisions[i, 1])
            refile(node, field, state, shapes)
        old = i - hold
        if hold > 0 and old >= 0 and decisions[old, 0] >= 0:
            node = decisions[old, 0]
            sizes = (jobs[old, 0], jobs[old, 1], jobs[old, 3])
            give(node, state, totals, sizes, decisions[old, 1])
            refile(node, field, state, shapes)


decide_many = compiled(_decide_many)
