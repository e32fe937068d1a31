"""What fits where, and taking it, compiled.

``state`` is that of a ``Cluster``: free milli-CPUs, MiB and thousandths of each GPU, the model of
the GPUs, and whether the node takes jobs. ``wants`` is that of a ``Job``: milli-CPUs, MiB, GPUs,
thousandths of each, and the mask of models. A set of GPUs is an integer with a bit for each.
"""

from typing import Any, Final

import numpy as np

from homeostat.models.compiling import compiled

__all__ = ["fits", "fitting", "give", "gpus_for", "load", "loads", "take"]

_GPU_MILLI: Final = 1000
_GPUS_MAX: Final = 8


def _fits(node: int, state: Any, wants: Any) -> bool:
    """Return whether a task fits on a node that takes jobs."""
    cpu_free, memory_free, gpu_free, model, up = state
    cpu, memory, gpus, milli, mask = wants
    if not up[node] or cpu > cpu_free[node] or memory > memory_free[node]:
        return False
    if gpus == 0:
        return True
    if model[node] < 0 or not (mask >> model[node]) & 1:
        return False
    room = 0
    for gpu in range(_GPUS_MAX):
        if gpu_free[node, gpu] >= milli:
            room += 1
            if room == gpus:
                return True
    return False


fits = compiled(_fits)


def _gpus_for(node: int, state: Any, wants: Any) -> int:
    """Return the GPUs that a task gets on a node where it fits.

    A share gets the fullest GPU that has room; whole GPUs are the first that are quite free.
    """
    gpu_free = state[2]
    _, _, gpus, milli, _ = wants
    chosen, found = 0, 0
    if gpus == 1:
        best = -1
        for gpu in range(_GPUS_MAX):
            free = gpu_free[node, gpu]
            if free >= milli and (best < 0 or free < gpu_free[node, best]):
                best = gpu
        return 1 << best
    for gpu in range(_GPUS_MAX):
        if found < gpus and gpu_free[node, gpu] == _GPU_MILLI:
            chosen |= 1 << gpu
            found += 1
    return chosen


gpus_for = compiled(_gpus_for)


def _take(node: int, state: Any, wants: Any, wanted: int) -> int:
    """Take a task's room and return the GPUs, or return -1 and take nothing.

    ``wanted``: the GPUs to take, or -1 for those of ``gpus_for``.
    """
    cpu_free, memory_free, gpu_free, _, _ = state
    cpu, memory, gpus, milli, _ = wants
    if not fits(node, state, wants):
        return -1
    if wanted < 0:
        wanted = gpus_for(node, state, wants)
    found = 0
    for gpu in range(_GPUS_MAX):
        if (wanted >> gpu) & 1:
            found += 1
            if gpu_free[node, gpu] < milli:
                return -1
    if found != gpus or wanted >> _GPUS_MAX:
        return -1
    cpu_free[node] -= cpu
    memory_free[node] -= memory
    for gpu in range(_GPUS_MAX):
        if (wanted >> gpu) & 1:
            gpu_free[node, gpu] -= milli
    return wanted


take = compiled(_take)


def _give(node: int, state: Any, totals: Any, sizes: Any, mask: int) -> bool:
    """Free what a task took, or return False and change nothing: more would be free than is."""
    cpu_free, memory_free, gpu_free, _, _ = state
    cpu_total, memory_total, gpu_count = totals
    cpu, memory, milli = sizes
    if cpu_free[node] + cpu > cpu_total[node] or memory_free[node] + memory > memory_total[node]:
        return False
    for gpu in range(_GPUS_MAX):
        if (mask >> gpu) & 1 and (
            gpu >= gpu_count[node] or gpu_free[node, gpu] + milli > _GPU_MILLI
        ):
            return False
    cpu_free[node] += cpu
    memory_free[node] += memory
    for gpu in range(_GPUS_MAX):
        if (mask >> gpu) & 1:
            gpu_free[node, gpu] += milli
    return True


give = compiled(_give)


def _fitting(state: Any, wants: Any, found: Any) -> int:
    """Write the nodes where a task fits to ``found``, ascending, and return how many they are."""
    count = 0
    for node in range(len(state[0])):
        if fits(node, state, wants):
            found[count] = node
            count += 1
    return count


fitting = compiled(_fitting)


def _load(node: int, state: Any, totals: Any) -> int:
    """Return the largest part in use of CPUs, memory and GPUs of a node, in millionths."""
    cpu_free, memory_free, gpu_free, _, _ = state
    cpu_total, memory_total, gpu_count = totals
    free = 0
    for gpu in range(_GPUS_MAX):
        free += gpu_free[node, gpu]
    most = 0
    if cpu_total[node] > 0:
        most = max(most, 1_000_000 * (cpu_total[node] - cpu_free[node]) // cpu_total[node])
    if memory_total[node] > 0:
        used = memory_total[node] - memory_free[node]
        most = max(most, 1_000_000 * used // memory_total[node])
    if gpu_count[node] > 0:
        whole = _GPU_MILLI * gpu_count[node]
        most = max(most, 1_000_000 * (whole - free) // whole)
    return most


load = compiled(_load)


def _loads(state: Any, totals: Any) -> Any:
    """Return ``load`` of every node."""
    found = np.empty(len(state[0]), np.int64)
    for node in range(len(found)):
        found[node] = load(node, state, totals)
    return found


loads = compiled(_loads)
