"""Invented traffic: Poisson, bursty and periodic arrivals, with given lengths.

Noise comes from a NumPy generator that the caller seeds: the same seed gives the same trace. Times
are whole ns: real times are rounded down once, when their sum is known, so that rounding does not
add up. The first request arrives at 0.

Notation
    T_i: arrival i in ns, T_0 = 0; r: mean rate, requests per second.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from homeostat.errors import InvalidInputError
from homeostat.models.aging import NANOSECONDS
from homeostat.runtime.scheduler.requests import TIME_NS_MAX, integer_in
from homeostat.runtime.traces.trace import TOKENS_MAX, Trace, TraceRequest

__all__ = [
    "REQUESTS_MAX",
    "Lengths",
    "bursty_arrivals",
    "generated_trace",
    "lognormal_lengths",
    "observed_lengths",
    "periodic_arrivals",
    "poisson_arrivals",
    "uniform_lengths",
]

REQUESTS_MAX: Final = 10**7
_PHASE_S_MAX: Final = TIME_NS_MAX / NANOSECONDS

Lengths: TypeAlias = Callable[[np.random.Generator, int], Sequence[int]]
"""Draws that many token counts, each >= 1."""


def periodic_arrivals(count: int, *, period_ns: int) -> tuple[int, ...]:
    """Return T_i = i * period, in ns; exact.

    Raises:
        InvalidInputError: ``count`` or ``period_ns`` is out of range.
    """
    _demand_count(count)
    integer_in("period_ns", period_ns, 0, TIME_NS_MAX // count)
    return tuple(i * period_ns for i in range(count))


def poisson_arrivals(count: int, *, rate_per_s: float, rng: np.random.Generator) -> tuple[int, ...]:
    """Return the arrivals of a Poisson process, seen from one of them: gaps are exponential.

    Args:
        count: Arrivals, the first at 0.
        rate_per_s: r > 0.
        rng: Noise.

    Raises:
        InvalidInputError: ``count`` or ``rate_per_s`` is out of range.
    """
    _demand_count(count)
    _demand_positive("rate_per_s", rate_per_s)
    gaps = rng.exponential(NANOSECONDS / rate_per_s, count - 1)
    return _whole(np.concatenate(([0.0], np.cumsum(gaps))))


def bursty_arrivals(
    count: int,
    *,
    burst_rate_per_s: float,
    burst_s: float,
    calm_rate_per_s: float,
    calm_s: float,
    rng: np.random.Generator,
) -> tuple[int, ...]:
    """Return the arrivals of a Poisson process whose rate jumps between two values.

    Bursts and calms take turns, a burst first; each lasts an exponential time of its own mean (a
    Markov-modulated Poisson process with two states). Over a long time the mean rate is
    (burst_rate * burst_s + calm_rate * calm_s) / (burst_s + calm_s).

    Args:
        count: Arrivals, the first at 0.
        burst_rate_per_s: Rate in a burst; at least one arrival a burst in the mean.
        burst_s: Mean length of a burst, > 0.
        calm_rate_per_s: Rate between bursts, >= 0 and at most that of a burst.
        calm_s: Mean length of a calm, > 0.
        rng: Noise.

    Raises:
        InvalidInputError: An argument is out of range.
    """
    _demand_count(count)
    _demand_phases(burst_rate_per_s, burst_s, calm_rate_per_s, calm_s)
    phases = ((burst_rate_per_s, burst_s), (calm_rate_per_s, calm_s))
    parts: list[np.ndarray] = []
    found, began_s, turn = 0, 0.0, 0
    while found < count:
        rate, mean_s = phases[turn % 2]
        length_s = rng.exponential(mean_s)
        # Given how many there are in a phase, their times are uniform in it.
        times = np.sort(rng.uniform(began_s, began_s + length_s, rng.poisson(rate * length_s)))
        parts.append(times)
        found, began_s, turn = found + len(times), began_s + length_s, turn + 1
    times = np.concatenate(parts)[:count]
    return _whole((times - times[0]) * NANOSECONDS)


def uniform_lengths(low: int, high: int) -> Lengths:
    """Return whole lengths that are uniform on low .. high tokens.

    Raises:
        InvalidInputError: Not whole numbers 1 <= low <= high.
    """
    integer_in("low", low, 1, TOKENS_MAX)
    integer_in("high", high, low, TOKENS_MAX)
    return lambda rng, count: rng.integers(low, high, count, endpoint=True).tolist()


def lognormal_lengths(*, median: float, sigma: float, maximum: int) -> Lengths:
    """Return lengths whose logarithm is normal, rounded up and cut at a maximum.

    Args:
        median: Tokens, > 0.
        sigma: Standard deviation of the natural logarithm, >= 0.
        maximum: Tokens, >= 1.

    Raises:
        InvalidInputError: An argument is out of range.
    """
    _demand_positive("median", median)
    if not (sigma >= 0 and math.isfinite(sigma)):
        raise InvalidInputError(f"sigma={sigma!r} must be >= 0 and finite")
    integer_in("maximum", maximum, 1, TOKENS_MAX)

    def draw(rng: np.random.Generator, count: int) -> list[int]:
        tokens = rng.lognormal(math.log(median), sigma, count)
        return [int(x) for x in np.clip(np.ceil(tokens), 1, maximum)]

    return draw


def observed_lengths(lengths: Sequence[int] | NDArray[Any]) -> Lengths:
    """Return lengths drawn from those of a real trace, each as likely as it is there.

    Raises:
        InvalidInputError: There are none, or one is no whole number >= 1.
    """
    values = lengths.tolist() if isinstance(lengths, np.ndarray) else lengths
    known = [integer_in("length", value, 1, TOKENS_MAX) for value in values]
    if not known:
        raise InvalidInputError("observed lengths must be at least one, got none")
    return lambda rng, count: [known[i] for i in rng.integers(0, len(known), count)]


def generated_trace(
    name: str,
    arrivals_ns: Sequence[int],
    *,
    prompt_tokens: Lengths,
    output_tokens: Lengths,
    rng: np.random.Generator,
) -> Trace:
    """Return a trace of given arrivals, with lengths drawn independently of them.

    Raises:
        InvalidInputError: There are no arrivals, or a length is out of range.
    """
    prompts = prompt_tokens(rng, len(arrivals_ns))
    outputs = output_tokens(rng, len(arrivals_ns))
    return Trace.of(
        name,
        (
            TraceRequest(arrival_ns=t, prompt_tokens=int(p), output_tokens=int(o))
            for t, p, o in zip(arrivals_ns, prompts, outputs, strict=True)
        ),
    )


def _whole(times_ns: np.ndarray) -> tuple[int, ...]:
    last = float(times_ns[-1])
    if not last <= TIME_NS_MAX:
        raise InvalidInputError(f"the last arrival, {last:g} ns, must be <= {TIME_NS_MAX} ns")
    return tuple(int(t) for t in times_ns)


def _demand_count(count: int) -> None:
    integer_in("count", count, 1, REQUESTS_MAX)


def _demand_positive(name: str, value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise InvalidInputError(f"{name}={value!r} must be > 0 and finite")


def _demand_phases(
    burst_rate_per_s: float, burst_s: float, calm_rate_per_s: float, calm_s: float
) -> None:
    for name, value in (("burst_s", burst_s), ("calm_s", calm_s)):
        _demand_positive(name, value)
        if not value <= _PHASE_S_MAX:
            raise InvalidInputError(f"{name}={value!r} must be <= {_PHASE_S_MAX:g} s")
    _demand_positive("burst_rate_per_s", burst_rate_per_s)
    if not 0 <= calm_rate_per_s <= burst_rate_per_s:
        raise InvalidInputError(
            f"calm_rate_per_s={calm_rate_per_s!r} must be >= 0 and <= {burst_rate_per_s!r}"
        )
    if not 1 <= burst_rate_per_s * burst_s <= REQUESTS_MAX:
        raise InvalidInputError(
            f"burst_rate_per_s={burst_rate_per_s!r} * burst_s={burst_s!r} must be >= 1 and <= "
            f"{REQUESTS_MAX}, as the mean number of arrivals in a burst"
        )
    if not calm_rate_per_s * calm_s <= REQUESTS_MAX:
        raise InvalidInputError(
            f"calm_rate_per_s={calm_rate_per_s!r} * calm_s={calm_s!r} must be <= {REQUESTS_MAX}"
        )
