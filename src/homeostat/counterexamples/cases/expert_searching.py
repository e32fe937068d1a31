"""Small chains and traces of experts, and the first of them that break the built-in conjectures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any, Final

from homeostat.counterexamples.cases.case import Case
from homeostat.counterexamples.cases.conjectures import find_case_conjecture
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.counterexamples.cases.searching import first_case
from homeostat.errors import InvalidInputError
from homeostat.models.routing.chain import chain_of
from homeostat.models.routing.counts import top_transitions

__all__ = [
    "EXPERT_SEARCHES",
    "distant_chains",
    "expert_case",
    "small_event_traces",
    "small_traces",
    "traces_in_turn",
    "two_state_chains",
    "uniform_laws",
    "worst_ratio",
]

Given = dict[str, Any]

_DISCOUNT: Final = "9/10"
_LENGTH_MAX: Final = 6


def two_state_chains() -> Iterator[Given]:
    """Yield the chains of two experts whose chances are quarters, those that move least first."""
    quarters = [Fraction(i, 4) for i in range(5)]
    for a, b in sorted(product(quarters, repeat=2), key=lambda pair: (sum(pair), pair)):
        matrix = [[str(1 - a), str(a)], [str(b), str(1 - b)]]
        yield {"chains": [{"matrix": matrix}], "discount": _DISCOUNT, "walkers": 1}


def distant_chains() -> Iterator[Given]:
    """Yield pairs of chains on 64 experts: one that stays and else draws any, one that only draws.

    The second draws one expert with a high chance, and all others as likely.
    """
    stays = [Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)]
    for stay, first in product(stays, repeat=2):
        law = [str(first)] + [str((1 - first) / 63)] * 63
        lazy = {"law": ["1/64"] * 64, "stay": str(stay)}
        drawn = {"law": law, "stay": "0"}
        yield {"chains": [lazy, drawn], "discount": _DISCOUNT, "walkers": 8}


def uniform_laws(counts: Sequence[int] = (8, 128)) -> Iterator[Given]:
    """Yield one pair of chains that draw every expert alike."""
    laws = [{"law": [f"1/{count}"] * count, "stay": "0"} for count in counts]
    yield {"chains": laws, "discount": _DISCOUNT, "walkers": 1}


def small_traces(*, length_max: int = _LENGTH_MAX, discount: str = "1/2") -> Iterator[Given]:
    """Yield every trace of one expert an event, up to names, with the chain counted on itself.

    Short ones first; each with every capacity up to the number of its experts. Experts are named
    in the order in which they come.
    """
    for length in range(1, length_max + 1):
        for trace in _traces(length):
            for capacity in range(1, max(trace) + 2):
                yield _by_its_own_chain(trace, capacity, discount)


def _traces(length: int) -> Iterator[tuple[int, ...]]:
    if length == 0:
        yield ()
        return
    for head in _traces(length - 1):
        for expert in range(max(head, default=-1) + 2):
            yield *head, expert


def small_event_traces(*, length_max: int = 4, experts: int = 3) -> Iterator[Given]:
    """Yield every trace of events of one or two experts, with fewer places than experts."""
    kinds = [list(e) for size in (1, 2) for e in combinations(range(experts), size)]
    for length in range(1, length_max + 1):
        for events in product(kinds, repeat=length):
            for capacity in range(1, experts):
                yield {
                    "capacity": capacity,
                    "events": list(events),
                    "half_life": 32,
                    "admission": None,
                }


def traces_in_turn(count: int, rounds: Iterable[int], *, discount: str = "1/2") -> Iterator[Given]:
    """Yield traces in which so many experts take turns, with room for all of them."""
    for times in rounds:
        yield _by_its_own_chain(tuple(range(count)) * times, count, discount)


def _by_its_own_chain(trace: Sequence[int], capacity: int, discount: str) -> Given:
    count, counts = max(trace) + 1, top_transitions([trace], max(trace) + 1)
    uniform = [[Fraction(1, count)] * count] * count
    rows = chain_of(counts, exact=True).matrix.tolist() if counts.any() else uniform
    chain = {"matrix": [[str(x) for x in row] for row in rows]}
    return {
        "capacity": capacity,
        "events": [[expert] for expert in trace],
        "half_life": 32,
        "admission": {"chain": chain, "discount": discount, "threshold": "1/10"},
    }


def worst_ratio(
    system: str, candidates: Iterable[Given], above: str, below: str
) -> tuple[Fraction, Given]:
    """Return the largest ratio of two figures among candidates, and the first that has it.

    Raises:
        InvalidInputError: There is no candidate.
        WitnessRejectedError: A candidate lacks a figure.
    """
    worst: tuple[Fraction, Given] | None = None
    for given in candidates:
        figures = figures_of(system, given)
        a, b = figures.figure(above), figures.figure(below)
        if not isinstance(a, Fraction) or not isinstance(b, Fraction):
            raise InvalidInputError(f"{above} and {below} must be exact figures")
        if worst is None or a / b > worst[0]:
            worst = a / b, given
    if worst is None:
        raise InvalidInputError("a worst ratio must be of 1 candidate or more, got none")
    return worst


EXPERT_SEARCHES: Final[Mapping[str, tuple[Callable[[], Iterator[Given]], str]]] = {
    "gap_definitions": (two_state_chains, "all chains of two experts whose chances are quarters"),
    "components_close_the_gap": (
        two_state_chains,
        "all chains of two experts whose chances are quarters",
    ),
    "gap_predicts_avalanche": (
        distant_chains,
        "a chain on 64 experts that stays and else draws any, and one that draws one mostly",
    ),
    "threshold_scale_free": (uniform_laws, "uniform laws on 8 and on 128 experts"),
    "admission_never_worse": (
        small_traces,
        f"all traces of up to {_LENGTH_MAX} single experts, each with its own chain",
    ),
    "next_use_is_optimal": (small_event_traces, "all traces of up to 4 events on 3 experts"),
}
"""Conjecture -> the candidates that are tried, small ones first, and what they are."""


def expert_case(name: str) -> Case | None:
    """Return the first case that breaks a built-in conjecture about experts, None if none does.

    Raises:
        InvalidInputError: There is no such conjecture, or no search for it.
    """
    conjecture = find_case_conjecture(name)
    if name not in EXPERT_SEARCHES:
        raise InvalidInputError(f"search {name!r:.60} must be one of {sorted(EXPERT_SEARCHES)}")
    candidates, method = EXPERT_SEARCHES[name]
    return first_case(conjecture, candidates(), {"method": method})
