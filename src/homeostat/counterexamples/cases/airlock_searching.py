"""Small runs of jobs on a node, and the first that break the conjectures about freezing."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from itertools import product
from typing import Any, Final

from homeostat.counterexamples.cases.case import Case
from homeostat.counterexamples.cases.conjectures import find_case_conjecture
from homeostat.counterexamples.cases.searching import first_case
from homeostat.errors import InvalidInputError
from homeostat.models.airlock.designs import EVENTS, Event, Run

__all__ = ["AIRLOCK_SEARCHES", "airlock_case", "small_runs"]

Given = dict[str, Any]

_CAPACITY_MAX: Final = 3
_JOBS: Final = 2
_LENGTH_MAX: Final = 3


def small_runs(
    design: str, *, capacity_max: int = _CAPACITY_MAX, length_max: int = _LENGTH_MAX
) -> Iterator[Given]:
    """Yield every run of two jobs on a small node, small nodes and short runs first.

    Args:
        design: A key of ``DESIGNS``.
        capacity_max: The largest node.
        length_max: The most events.
    """
    for capacity in range(1, capacity_max + 1):
        for room in range(1, capacity + 1) if design == "airlock" else (0,):
            for held in product(range(capacity + 1), repeat=_JOBS):
                if sum(held) + room <= capacity:
                    start = Run(design, capacity, room, list(held))
                    for events in _events(start, length_max):
                        yield {
                            "design": design,
                            "capacity": capacity,
                            "room": room,
                            "held": list(held),
                            "events": [_data(event) for event in events],
                        }


def _events(start: Run, length_max: int) -> Iterator[tuple[Event, ...]]:
    """Yield what can happen, shorter runs first."""
    pending: list[tuple[tuple[Event, ...], Run]] = [((), start)]
    kinds = [(what, n) for what in EVENTS for n in _amounts(what, start.capacity)]
    for past, node in pending:
        yield past
        if len(past) == length_max:
            continue
        for (what, amount), job in product(kinds, range(_JOBS)):
            after = deepcopy(node)
            try:
                after.take((what, job, amount))
            except InvalidInputError:
                continue
            pending.append(((*past, (what, job, amount)), after))


def _amounts(what: str, capacity: int) -> range:
    return range(1, capacity + 1) if what == "ask" else range(1)


def _data(event: Event) -> list[Any]:
    what, job, amount = event
    return [what, job + 1, amount] if what == "ask" else [what, job + 1]


_SAID: Final = f"all runs of up to {_LENGTH_MAX} events of two jobs on nodes up to {_CAPACITY_MAX}"

AIRLOCK_SEARCHES: Final[Mapping[str, tuple[Callable[[], Iterator[Given]], str]]] = {
    name: (partial(small_runs, "naive"), _SAID)
    for name in ("mutual_freezing", "freeze_releases_memory")
}
"""Conjecture -> the candidates that are tried, small ones first, and what they are."""


def airlock_case(name: str) -> Case | None:
    """Return the first case that breaks a conjecture about freezing, None if none does.

    Raises:
        InvalidInputError: There is no such conjecture, or no search for it.
    """
    conjecture = find_case_conjecture(name)
    if name not in AIRLOCK_SEARCHES:
        raise InvalidInputError(f"search {name!r:.60} must be one of {sorted(AIRLOCK_SEARCHES)}")
    candidates, method = AIRLOCK_SEARCHES[name]
    return first_case(conjecture, candidates(), {"method": method})
