"""What the figures of a case are, by the models: the same text that the runtime reads.

The kernel has definitions of its own (``proofs/cases.py``); tests hold the two against each other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from homeostat.counterexamples.cases.balls import Figure, exp, log2
from homeostat.errors import InvalidInputError, WitnessRejectedError
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
CHARS_MAX: Final = 100
NUMBER_MAX: Final = 10**15
EXPONENT_MAX: Final = 1_000
_PLACE: Final = re.compile(r"_([1-9][0-9]{0,2})(?=_|$)", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,2}", re.ASCII)
_RATIONAL: Final = re.compile(r"-?[0-9]+(/[0-9]+)?", re.ASCII)

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """A case that was run.

    Attributes:
        words: What may be assumed of its data by a word.
        table: Figures by name; ``#`` stands for a place from 1 on.
    """

    words: frozenset[str]
    table: Mapping[str, Callable[..., Figure]]

    def figure(self, name: str) -> Figure:
        """Return a figure by name.

        Raises:
            InvalidInputError: No case of the system has one of that name.
            WitnessRejectedError: This case has fewer places.
        """
        found = self.table.get(_PLACE.sub("_#", name))
        if found is None:
            raise InvalidInputError(f"figure {name!r:.60} must be one of {sorted(self.table)}")
        try:
            return found(*(int(place) - 1 for place in _PLACE.findall(name)))
        except IndexError as error:
            raise WitnessRejectedError(f"the case has no figure {name!r:.60}") from error


def number(value: object) -> Fraction:
    """Read p/q, or a double in the hexadecimal form of ``float.hex``.

    Raises:
        InvalidInputError: It is neither, or too long or large.
    """
    text = value if isinstance(value, str) and len(value) <= CHARS_MAX else ""
    if _HEXADECIMAL.fullmatch(text) and float.fromhex(text).hex() == text:
        return Fraction(float.fromhex(text))
    if not _RATIONAL.fullmatch(text) or re.fullmatch(".*/0+", text):
        raise InvalidInputError(f"{value!r:.60} must be p/q or a double as float.hex writes it")
    if abs(Fraction(text)) > NUMBER_MAX:
        raise InvalidInputError(f"{value!r:.60} must be at most {NUMBER_MAX}")
    return Fraction(text)


def _positive(given: Given, name: str) -> Fraction:
    found = number(given[name])
    if not found > 0:
        raise InvalidInputError(f"{name}={found} must be > 0")
    return found


def _list(value: object, name: str, count_max: int) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= count_max:
        raise InvalidInputError(f"{name} must be a list of 1 .. {count_max} entries")
    return value


def _word(value: object, name: str, words: frozenset[str]) -> str:
    if not isinstance(value, str) or value not in words:
        raise InvalidInputError(f"{name}={value!r:.60} must be one of {sorted(words)}")
    return value


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
    discipline = _word(given["discipline"], "discipline", frozenset(DISCIPLINES))
    events = [_event(data) for data in _list(given["events"], "events", EVENTS_MAX)]
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
    times = [number(x) for x in _list(data, "a history", ARRIVALS_MAX)]
    if len(times) < 2 or any(a > b for a, b in pairwise(times)):
        raise InvalidInputError("a history must have two arrivals or more, in order of time")
    return times


def _counts(times: list[Fraction], clock: str, width: Fraction, gaps: int) -> tuple[int, ...]:
    """Return the histogram of the last gaps, as a clock reads the times."""
    read: Callable[[Fraction], Any] = float if clock == "float64" else Fraction
    seen = [read(time) for time in times]
    return histogram(absolute_bins([b - a for a, b in pairwise(seen)][-gaps:], read(width)))


def _arrivals(given: Given) -> Figures:
    clock = _word(given["clock"], "clock", frozenset({"exact", "float64"}))
    gaps = given["gaps"]
    if type(gaps) is not int or not 1 <= gaps <= ARRIVALS_MAX:
        raise InvalidInputError(f"gaps={gaps!r:.60} must be an integer in 1 .. {ARRIVALS_MAX}")
    histories = [_history(x) for x in _list(given["histories"], "histories", COUNT_MAX)]
    width, temperature = _positive(given, "bin_width"), _positive(given, "temperature")
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
    rates = [number(rate) for rate in _list(given["rates"], "rates", COUNT_MAX)]
    width, temperature = _positive(given, "bin_width"), _positive(given, "temperature")
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
}
"""By name: the fields of what is given, and how it is run."""


def figures_of(system: str, given: Given) -> Figures:
    """Run a case.

    Raises:
        InvalidInputError: No such system, or the data break a rule.
    """
    fields, run_case = SYSTEMS[_word(system, "system", frozenset(SYSTEMS))]
    if set(given) != fields:
        raise InvalidInputError(f"given has fields {sorted(given)}, must have {sorted(fields)}")
    return run_case(given)
