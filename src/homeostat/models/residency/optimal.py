"""The fewest misses that any policy could have, when the whole future is known.

An event is a unit: its experts are needed together, so none of them leaves while it is served
(``cache.py``). Beside what the event used, the places go to the experts that are used again
soonest; the farthest next use leaves, as in Belady, IBM Systems Journal 5(2), 1966. Unlike there,
two experts can have the same next use. Of these the one is kept that the first event after that
needs which does not need both: with one place, (0), (1), (0, 1), (1) misses 3 that way and 4 the
other way. So what counts is the order of all future uses, each compared as a list.

    with bypass: an expert that the event missed may stay out, so it competes with the idle
        residents; no policy that ``cache.serve`` runs misses less.
    without: misses are loaded while there is a free place or an idle resident. Which of them, in an
        event that needs more than the capacity, is free here and ascending in ``cache.serve``; no
        policy that admits everything misses less.

``fewest_misses`` says the same by trying every choice, for small cases.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import combinations

from homeostat.errors import InvalidInputError
from homeostat.models.residency.cache import Load, Outcome
from homeostat.models.residency.events import Event

__all__ = ["belady", "choices", "fewest_misses", "orders"]


def orders(events: Sequence[Event]) -> list[tuple[int, ...]]:
    """Return for each event all experts in the order in which they are used after it.

    What is used sooner stands first. Of two experts with the same next use, the first stands first
    behind it; experts that are used no more ascend. From the last event to the first, what an event
    needs moves to the front and keeps its order. O(events times experts).
    """
    order = tuple(sorted({expert for event in events for expert in event.experts}))
    found: list[tuple[int, ...]] = []
    for event in reversed(events):
        found.append(order)
        needed = set(event.experts)
        order = (*(e for e in order if e in needed), *(e for e in order if e not in needed))
    return found[::-1]


def belady(events: Sequence[Event], capacity: int, *, bypass: bool) -> list[Outcome]:
    """Return what each event does when the farthest next use leaves.

    Args:
        events: Of one layer, the whole future.
        capacity: Most experts that are resident at once, 1 or more.
        bypass: Whether an expert may stay out although there is a place for it.

    Raises:
        InvalidInputError: The capacity is below 1.
    """
    _demand(capacity)
    resident: set[int] = set()
    outcomes = []
    for event, order in zip(events, orders(events), strict=True):
        hits = tuple(e for e in event.experts if e in resident)
        misses = [e for e in event.experts if e not in resident]
        idle = resident.difference(event.experts)
        room = capacity - len(hits)
        if bypass:
            kept = _first(order, idle.union(misses), room)
        else:
            kept = _first(order, misses, room)
            kept |= _first(order, idle, room - len(kept))
        loaded = [e for e in misses if e in kept]
        outcomes.append(_outcome(hits, misses, loaded, sorted(idle - kept)))
        resident = {*hits, *kept}
    return outcomes


def _first(order: Sequence[int], of: Collection[int], count: int) -> set[int]:
    """Return those of a collection that stand first in an order."""
    return set([expert for expert in order if expert in of][:count])


def _outcome(
    hits: tuple[int, ...], misses: list[int], loaded: list[int], left: list[int]
) -> Outcome:
    free = len(loaded) - len(left)
    gone: list[int | None] = [*([None] * free), *left]
    loads = tuple(Load(e, v) for e, v in zip(loaded, gone, strict=True))
    return Outcome(hits, loads, tuple(e for e in misses if e not in loaded))


def choices(
    resident: frozenset[int], event: Event, capacity: int, *, bypass: bool
) -> Iterator[frozenset[int]]:
    """Yield every set that may be resident after an event, as ``cache.serve`` allows it.

    Args:
        resident: What is resident before.
        event: What is asked for.
        capacity: Most experts that are resident at once.
        bypass: Whether an expert may stay out although there is a place for it.
    """
    hits = resident.intersection(event.experts)
    idle = resident - hits
    misses = [e for e in event.experts if e not in resident]
    room = capacity - len(hits)
    most = min(room, len(misses))
    counts = range(most + 1) if bypass else (most,)
    for loaded in (chosen for count in counts for chosen in combinations(misses, count)):
        # Nobody leaves while there is a free place.
        stays = min(len(idle), room - len(loaded))
        for kept in combinations(sorted(idle), stays):
            yield hits.union(loaded, kept)


def fewest_misses(events: Sequence[Event], capacity: int, *, bypass: bool) -> int:
    """Return the fewest misses by trying every choice; for small cases.

    Raises:
        InvalidInputError: The capacity is below 1.
    """
    _demand(capacity)

    @cache
    def least(t: int, resident: frozenset[int]) -> int:
        if t == len(events):
            return 0
        misses = len(set(events[t].experts) - resident)
        after = choices(resident, events[t], capacity, bypass=bypass)
        return misses + min(least(t + 1, then) for then in after)

    return least(0, frozenset())


def _demand(capacity: int) -> None:
    if capacity < 1:
        raise InvalidInputError(f"capacity {capacity} must be 1 or more")
