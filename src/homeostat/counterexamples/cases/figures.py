"""What the figures of a case are, by the models: the same text that the runtime reads.

The kernel has definitions of its own (``proofs/cases.py``); tests hold the two against each other.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from homeostat.counterexamples.cases.airlocks import AIRLOCK, airlock
from homeostat.counterexamples.cases.balls import Figure, exp, log2
from homeostat.counterexamples.cases.barriers import BARRIER, barrier
from homeostat.counterexamples.cases.caches import EXPERT_CACHE, expert_cache
from homeostat.counterexamples.cases.chains import CHAINS, chains
from homeostat.counterexamples.cases.games import (
    CONGESTION_FLOW,
    CONGESTION_GAME,
    congestion_flow,
    congestion_game,
)
from homeostat.counterexamples.cases.langevin import LANGEVIN, langevin
from homeostat.counterexamples.cases.reading import (
    Figures,
    Given,
    integer,
    list_of,
    number,
    positive,
    word_of,
)
from homeostat.errors import InvalidInputError
from homeostat.models.aging.disciplines import (
    DISCIPLINES,
    DOUBLES,
    Event,
    Pop,
    Push,
    priority,
    run,
)
from homeostat.models.entropy import (
    absolute_bins,
    adaptive_window,
    entropy,
    histogram,
    poisson_entropy,
)

__all__ = ["SYSTEMS", "Figures", "figures_of", "number"]

EVENTS_MAX: Final = 200
ARRIVALS_MAX: Final = 200
COUNT_MAX: Final = 2
EXPONENT_MAX: Final = 1_000


def _event(data: object) -> Event:
    match data:
        case ["pop", time]:
            return Pop(time=number(time))
        case ["push", time, str() as name, bid, rate]:
            return Push(time=number(time), name=name, bid=number(bid), rate=number(rate))
        case _:
            raise InvalidInputError(
                f"event {data!r:.80} must be [pop, time] or [push, time, name, bid, rate]"
            )


def _numbers(event: Event) -> tuple[Fraction, ...]:
    return (event.time, event.bid, event.rate) if isinstance(event, Push) else (event.time,)


def _queue(given: Given) -> Figures:
    discipline = word_of(given["discipline"], "discipline", frozenset(DISCIPLINES))
    events = [_event(data) for data in list_of(given["events"], "events", EVENTS_MAX)]
    values = [x for event in events for x in _numbers(event)]
    if discipline in DOUBLES and any(Fraction(float(x)) != x for x in values):
        raise InvalidInputError("numbers of a queue in double precision must be doubles")
    try:
        pops = run(discipline, events)
    except ValueError as error:
        raise InvalidInputError(f"events: {error}") from error
    rates = {event.rate for event in events if isinstance(event, Push)}
    table: dict[str, Callable[..., Figure]] = {
        "priority_#_at_#": lambda i, j: priority(pops[i].request, pops[j].time),
        "best_at_#": lambda j: pops[j].best,
        "time_#": lambda j: pops[j].time,
        "arrival_#": lambda i: pops[i].request.time,
        "rate_count": lambda: Fraction(len(rates)),
    }
    return Figures(frozenset({discipline}), table)


def _history(data: object) -> list[Fraction]:
    times = [number(x) for x in list_of(data, "a history", ARRIVALS_MAX)]
    if len(times) < 2 or any(a > b for a, b in pairwise(times)):
        raise InvalidInputError("a history must have two arrivals or more, in order of time")
    return times


def _counts(times: list[Fraction], clock: str, width: Fraction, gaps: int) -> tuple[int, ...]:
    """Return the histogram of the last gaps, as a clock reads the times."""
    read: Callable[[Fraction], Any] = float if clock == "float64" else Fraction
    seen = [read(time) for time in times]
    return histogram(absolute_bins([b - a for a, b in pairwise(seen)][-gaps:], read(width)))


def _arrivals(given: Given) -> Figures:
    clock = word_of(given["clock"], "clock", frozenset({"exact", "float64"}))
    gaps = integer(given["gaps"], "gaps", 1, ARRIVALS_MAX)
    histories = [_history(x) for x in list_of(given["histories"], "histories", COUNT_MAX)]
    width, temperature = positive(given, "bin_width"), positive(given, "temperature")
    counts = [_counts(times, clock, width, gaps) for times in histories]
    spans = [[b - a for a, b in pairwise(times)][-gaps:] for times in histories]

    def entropy_of(i: int) -> Figure:
        found: Figure = Fraction(0) + entropy(counts[i], log2=log2)
        return found

    table: dict[str, Callable[..., Figure]] = {
        "entropy_#": entropy_of,
        "entropy_max_#": lambda i: log2(Fraction(sum(counts[i]))),
        "window_#": lambda i: adaptive_window(1, entropy_of(i), temperature=temperature, exp=exp),
        "gaps_#": lambda i: Fraction(sum(counts[i])),
        "bins_#": lambda i: Fraction(len(counts[i])),
        "span_#": lambda i: sum(spans[i], Fraction(0)),
        "gap_spread_#": lambda i: max(spans[i]) - min(spans[i]),
        "common_arrivals": lambda: Fraction(_in_common(histories[0], histories[1])),
        "gaps": lambda: Fraction(gaps),
        "bin_width": lambda: width,
        "temperature": lambda: temperature,
    }
    return Figures(frozenset({clock}), table)


def _in_common(first: list[Fraction], second: list[Fraction]) -> int:
    """Return how many arrivals two histories have in common at their ends."""
    count = 0
    for a, b in zip(reversed(first), reversed(second), strict=False):
        if a != b:
            break
        count += 1
    return count


def _poisson(given: Given) -> Figures:
    rates = [number(rate) for rate in list_of(given["rates"], "rates", COUNT_MAX)]
    width, temperature = positive(given, "bin_width"), positive(given, "temperature")
    if not all(0 < rate * width <= EXPONENT_MAX for rate in rates):
        raise InvalidInputError(f"rates times bin_width must be in 0 .. {EXPONENT_MAX}, not 0")

    def entropy_of(i: int) -> Figure:
        found: Figure = poisson_entropy(rates[i], width, exp=exp, log2=log2)
        return found

    return Figures(
        frozenset(),
        {
            "rate_#": lambda i: rates[i],
            "entropy_#": entropy_of,
            "window_#": lambda i: adaptive_window(
                1, entropy_of(i), temperature=temperature, exp=exp
            ),
            "bin_width": lambda: width,
            "temperature": lambda: temperature,
        },
    )


SYSTEMS: Final[Mapping[str, tuple[frozenset[str], Callable[[Given], Figures]]]] = {
    "aging-queue": (frozenset({"discipline", "events"}), _queue),
    "arrivals": (
        frozenset({"clock", "histories", "bin_width", "gaps", "temperature"}),
        _arrivals,
    ),
    "poisson": (frozenset({"rates", "bin_width", "temperature"}), _poisson),
    "expert-cache": (EXPERT_CACHE, expert_cache),
    "chains": (CHAINS, chains),
    "barrier": (BARRIER, barrier),
    "langevin": (LANGEVIN, langevin),
    "airlock": (AIRLOCK, airlock),
    "congestion-flow": (CONGESTION_FLOW, congestion_flow),
    "congestion-game": (CONGESTION_GAME, congestion_game),
}
"""By name: the fields of what is given, and how it is run."""


def figures_of(system: str, given: Given) -> Figures:
    """Run a case.

    Raises:
        InvalidInputError: No such system, or the data break a rule.
    """
    fields, run_case = SYSTEMS[word_of(system, "system", frozenset(SYSTEMS))]
    if set(given) != fields:
        raise InvalidInputError(f"given has fields {sorted(given)}, must have {sorted(fields)}")
    return run_case(given)
