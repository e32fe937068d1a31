"""Small filtered runs, and the first of them that break the built-in conjectures about barriers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from homeostat.counterexamples.cases.case import Case
from homeostat.counterexamples.cases.conjectures import find_case_conjecture
from homeostat.counterexamples.cases.searching import first_case
from homeostat.errors import InvalidInputError

__all__ = [
    "BARRIER_SEARCHES",
    "barrier_case",
    "filtered_run",
    "limited_runs",
    "noisy_runs",
    "small_runs",
]

Given = dict[str, Any]

_GAINS: Final = ("1/2", "1", "3/2")
_POSITIONS: Final = ("1", "0")
_VELOCITIES: Final = ("0", "1/2", "1", "3/2")
_ALL: Final = "1000"
"""More than any filter here lets pass."""


def filtered_run(
    start: Sequence[str],
    gains: Sequence[str],
    noise: Sequence[str],
    *,
    step: str = "1",
    margin: str = "0",
    input_max: str | None = None,
    deviation: str | None = None,
) -> Given:
    """Return the data of a run up to the limit 1 that takes all the filter lets pass.

    Args:
        start: Position and velocity.
        gains: k1 and k2.
        noise: Of each step.
        step: h.
        margin: Of the filter.
        input_max: What the input is cut to, if at all.
        deviation: Of Gaussian noise, if there is any.
    """
    return {
        "limit": "1",
        "step": step,
        "gains": list(gains),
        "margin": margin,
        "input_max": input_max,
        "deviation": deviation,
        "start": list(start),
        "wanted": [_ALL] * len(noise),
        "noise": list(noise),
    }


def _starts() -> Iterator[tuple[str, str]]:
    yield from product(_POSITIONS, _VELOCITIES)


def small_runs() -> Iterator[Given]:
    """Yield runs of two steps without noise, from the limit and from 1 below it."""
    for gains, start in product(product(_GAINS, repeat=2), _starts()):
        yield filtered_run(start, gains, ["0", "0"])


def noisy_runs() -> Iterator[Given]:
    """Yield runs of two steps with a margin of one deviation, or two, and noise in the first."""
    for gains, margin, noise in product(product(_GAINS, repeat=2), ("1", "2"), ("1", "2", "3")):
        for start in _starts():
            yield filtered_run(start, gains, [noise, "0"], margin=margin, deviation="1")


def limited_runs() -> Iterator[Given]:
    """Yield runs of three steps of 1/2 with inputs that are cut."""
    for gains, input_max in product(product(_GAINS, repeat=2), ("1", "1/2", "1/4")):
        for start in _starts():
            yield filtered_run(start, gains, ["0"] * 3, step="1/2", input_max=input_max)


BARRIER_SEARCHES: Final[Mapping[str, tuple[Callable[[], Iterator[Given]], str]]] = {
    "hocbf_first_gain": (small_runs, "runs of two steps on a small grid"),
    "hocbf_second_gain": (small_runs, "runs of two steps on a small grid"),
    "hocbf_noise": (noisy_runs, "runs of two steps on a small grid, with noise in the first"),
    "hocbf_input_limits": (limited_runs, "runs of three steps on a small grid, inputs cut"),
}
"""Conjecture -> the candidates that are tried, small ones first, and what they are."""


def barrier_case(name: str) -> Case | None:
    """Return the first case that breaks a built-in conjecture about barriers, None if none does.

    Raises:
        InvalidInputError: There is no such conjecture, or no search for it.
    """
    conjecture = find_case_conjecture(name)
    if name not in BARRIER_SEARCHES:
        raise InvalidInputError(f"search {name!r:.60} must be one of {sorted(BARRIER_SEARCHES)}")
    candidates, method = BARRIER_SEARCHES[name]
    return first_case(conjecture, candidates(), {"method": method})
