"""Replays of a layer's events, compiled; importing this file compiles or loads them.

Events are flat: those of event t are ``experts[offsets[t]:offsets[t + 1]]``, ascending. A kernel
returns hits, loads and bypasses. ``members`` holds the residents in any order, ``place`` where
each stands in it, and -1 for who is out.
"""

from typing import Any

import numpy as np

from homeostat.models.compiling import compiled

__all__ = ["replay_counted", "replay_optimal"]


def _counted(
    experts: Any,
    offsets: Any,
    n_expert: int,
    capacity: int,
    use: int,
    half_life: int,
    forgets: Any,
    ranked: Any,
) -> Any:
    """Replay a policy that values a halved count, then the last use.

    A use counts ``use``: 0 is LRU. Counts halve every ``half_life`` events, never if it is 0.
    ``forgets``: a count starts anew when an expert leaves. ``ranked``: a miss is loaded only in
    the place of what is worth less.
    """
    count = np.zeros(n_expert, np.int64)
    halved = np.zeros(n_expert, np.int64)
    last = np.full(n_expert, -1, np.int64)
    place = np.full(n_expert, -1, np.int64)
    members = np.empty(capacity, np.int64)
    size = hits = loads = bypasses = halvings = 0
    for t in range(len(offsets) - 1):
        if half_life > 0:
            halvings = t // half_life
        begin, end = offsets[t], offsets[t + 1]
        for i in range(begin, end):
            expert = experts[i]
            last[expert] = t
            if use > 0:
                count[expert] = (count[expert] >> (halvings - halved[expert])) + use
                halved[expert] = halvings
            hits += place[expert] >= 0
        for i in range(begin, end):
            expert = experts[i]
            if place[expert] >= 0:
                continue
            if size < capacity:
                members[size] = expert
                place[expert] = size
                size += 1
                loads += 1
                continue
            victim, worth = -1, np.int64(0)
            for k in range(size):
                other = members[k]
                if last[other] == t:
                    continue
                value = count[other] >> (halvings - halved[other])
                if victim >= 0:
                    if value > worth:
                        continue
                    if value == worth:
                        if last[other] > last[victim]:
                            continue
                        if last[other] == last[victim] and other > victim:
                            continue
                victim, worth = other, value
            # Between equal counts the last use decides, and that of a miss is now.
            if victim < 0 or (ranked and count[expert] < worth):
                bypasses += 1
                continue
            if forgets:
                count[victim] = 0
            place[expert] = place[victim]
            place[victim] = -1
            members[place[expert]] = expert
            loads += 1
    return hits, loads, bypasses


def _following(experts: Any, n_expert: int) -> Any:
    """Return where the expert of each place is needed next in the flat events; -1 if nowhere."""
    later = np.full(n_expert, -1, np.int64)
    following = np.empty(len(experts), np.int64)
    for i in range(len(experts) - 1, -1, -1):
        following[i] = later[experts[i]]
        later[experts[i]] = i
    return following


def _is_later(a: int, b: int, upcoming: Any, following: Any, event_of: Any) -> bool:
    """Return whether the future uses of a come after those of b; of equals the larger is later."""
    i, j = upcoming[a], upcoming[b]
    while i >= 0 and j >= 0 and event_of[i] == event_of[j]:
        i, j = following[i], following[j]
    if i < 0 or j < 0:
        return bool(a > b) if i < 0 and j < 0 else bool(i < 0)
    return bool(event_of[i] > event_of[j])


def _optimal(experts: Any, offsets: Any, n_expert: int, capacity: int, bypass: Any) -> Any:
    """Replay ``models.residency.optimal.belady``: all come in, then the latest leave."""
    following = following_uses(experts, n_expert)
    event_of = np.empty(len(experts), np.int64)
    upcoming = np.full(n_expert, -1, np.int64)
    last = np.full(n_expert, -1, np.int64)
    place = np.full(n_expert, -1, np.int64)
    hit = np.zeros(n_expert, np.bool_)
    members = np.empty(capacity + n_expert, np.int64)
    size = hits = loads = bypasses = 0
    for t in range(len(offsets) - 1):
        for i in range(offsets[t], offsets[t + 1]):
            event_of[i] = t
    for t in range(len(offsets) - 1):
        idle = size
        for i in range(offsets[t], offsets[t + 1]):
            expert = experts[i]
            upcoming[expert] = following[i]
            last[expert] = t
            hit[expert] = place[expert] >= 0
            if hit[expert]:
                hits += 1
                idle -= 1
                continue
            members[size] = expert
            place[expert] = size
            size += 1
            loads += 1
        while size > capacity:
            latest = -1
            for k in range(size):
                other = members[k]
                new = last[other] == t
                if new and (hit[other] or (idle > 0 and not bypass)):
                    continue
                if latest < 0 or is_later(other, latest, upcoming, following, event_of):
                    latest = other
            if last[latest] == t:
                loads -= 1
                bypasses += 1
            else:
                idle -= 1
            size -= 1
            moved = members[size]
            members[place[latest]] = moved
            place[moved] = place[latest]
            place[latest] = -1
    return hits, loads, bypasses


following_uses = compiled(_following)
is_later = compiled(_is_later)
replay_counted = compiled(_counted)
replay_optimal = compiled(_optimal)
