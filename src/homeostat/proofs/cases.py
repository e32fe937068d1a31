"""Small cases that the kernel runs itself: queues, arrivals, and all shapes of a histogram.

Standard library only, and apart from ``homeostat.models`` on purpose: a checker that read the
definitions under test could not find them wrong. The tests hold both against each other.

A case is data, run exactly. Its figures are rational numbers, or logarithms and exponentials of
such, and these are enclosed between two rationals: a comparison counts only where the enclosures
decide it. What IEEE double precision does is a rounding of exact rationals to the nearest double.

Systems
    aging-queue: requests are pushed and popped by a discipline. P(r, t) = b + a (t - s) for bid
        b, rate a, arrival s. ``exact`` pops the greatest P; ``static_key`` the least a s - b;
        ``snapshot`` the greatest P as it was at the push, and looks again at the top alone;
        ``float_key`` the greatest P in double precision. Ties: earliest arrival, first pushed.
    arrivals: histories of arrival times; H is the entropy of the bins of the last gaps.
    poisson: the same for a Poisson process of each rate, in the limit of many gaps: the bin of a
        gap is geometric, with u = exp(-rate width): H = u log2(1/u) / (1 - u) + log2(1/(1 - u)).
    In both, the window is exp(-H / temperature), in parts of the window at H = 0.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import floor
from typing import Any, Final

from homeostat.proofs.polynomials import RejectedError, demand, rational

__all__ = ["CASES", "check_case", "check_shapes", "exp", "holds", "log2", "rounded"]

Enclosure = tuple[Fraction, Fraction]
"""(a, b) with a <= x <= b."""
Figure = Callable[[str], Enclosure]
"""The enclosure of a figure, by name; one that the case does not have is rejected."""

EVENTS_MAX: Final = 200
ARRIVALS_MAX: Final = 200
HISTORIES_MAX: Final = 2
COMPARISONS_MAX: Final = 8
GAPS_MAX: Final = 50
NUMBER_MAX: Final = 10**15
CHARS_MAX: Final = 100
EXPONENT_MAX: Final = 1_000
BITS: Final = 160
TERMS: Final = 60
"""Of a series; what is left out is bounded by a geometric series, and added."""


def number(value: Any) -> Fraction:
    """Read p/q, or a double in hexadecimal as Python writes it: ``0x1.8000000000000p+1``."""
    if type(value) is str and re.fullmatch(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,2}", value):
        double = float.fromhex(value)
        demand(double.hex() == value, f"not as a double is written: {value!r:.40}")
        return Fraction(double)
    demand(len(str(value)) <= CHARS_MAX, f"a number of over {CHARS_MAX} characters")
    found = rational(value)
    demand(abs(found) <= NUMBER_MAX, f"a number beyond {NUMBER_MAX}: {value!r:.40}")
    return found


def rounded(x: Fraction) -> Fraction:
    """Return the nearest double; Python divides integers to it correctly rounded."""
    return Fraction(x.numerator / x.denominator)


def point(x: Fraction | int) -> Enclosure:
    """Enclose a rational by itself."""
    return Fraction(x), Fraction(x)


def outward(low: Fraction, high: Fraction) -> Enclosure:
    """Cut an enclosure's ends to so many bits, outwards, so that fractions stay short."""
    if low == high and low.denominator.bit_length() <= BITS:
        return low, high
    scale = 1 << BITS
    return Fraction(floor(low * scale), scale), Fraction(-floor(-high * scale), scale)


def plus(x: Enclosure, y: Enclosure) -> Enclosure:
    """Enclose a sum."""
    return outward(x[0] + y[0], x[1] + y[1])


def times(x: Enclosure, y: Enclosure) -> Enclosure:
    """Enclose a product."""
    ends = [a * b for a in x for b in y]
    return outward(min(ends), max(ends))


def over(x: Enclosure, y: Enclosure) -> Enclosure:
    """Enclose a quotient by what is surely positive."""
    demand(y[0] > 0, "a divisor is not surely positive")
    return times(x, (1 / y[1], 1 / y[0]))


@lru_cache(maxsize=4096)
def _ln(y: Fraction) -> Enclosure:
    """Enclose ln y for 1 <= y <= 2, as 2 (z + z^3/3 + z^5/5 + ...) with z = (y-1)/(y+1) <= 1/3."""
    ratio = (y - 1) / (y + 1)
    z = outward(ratio, ratio)
    square, power, total = times(z, z), z, point(0)
    for i in range(TERMS):
        total = plus(total, (power[0] / (2 * i + 1), power[1] / (2 * i + 1)))
        power = times(power, square)
    # From here on each term is at most 1/9 of the one before.
    return 2 * total[0], 2 * (total[1] + power[1] * Fraction(9, 8))


@lru_cache(maxsize=4096)
def _log2(x: Fraction) -> Enclosure:
    demand(x > 0, "the logarithm of what is not positive")
    whole = x.numerator.bit_length() - x.denominator.bit_length()
    rest = x / Fraction(2) ** whole
    if rest < 1:
        whole, rest = whole - 1, rest * 2
    # Numerator and denominator with as many bits: the rest is between 1/2 and 2.
    return point(whole) if rest == 1 else plus(point(whole), over(_ln(rest), _ln(Fraction(2))))


def log2(x: Enclosure) -> Enclosure:
    """Enclose log2 x; exact for powers of two."""
    return _log2(x[0])[0], _log2(x[1])[1]


@lru_cache(maxsize=4096)
def _exp(x: Fraction) -> Enclosure:
    """Enclose exp(-x) for x >= 0, as the power of a smaller one: 1 - y + y^2/2 - ..., y <= 1/2."""
    demand(0 <= x <= EXPONENT_MAX, f"the exponent must be in 0 .. {EXPONENT_MAX}")
    halvings = (floor(2 * x)).bit_length()
    part = x / 2**halvings
    y = outward(-part, -part)
    term, total = point(1), point(1)
    for i in range(1, TERMS):
        term = over(times(term, y), point(i))
        total = plus(total, term)
    # The terms alternate and shrink, so what is left out is less than the last one.
    error = max(abs(term[0]), abs(term[1]))
    total = plus(total, (-error, error)) if x else total
    for _ in range(halvings):
        total = times((max(total[0], Fraction(0)), total[1]), total)
    return total


def exp(x: Enclosure) -> Enclosure:
    """Enclose the exponential of -x, for x >= 0."""
    return _exp(x[1])[0], _exp(x[0])[1]


def window(entropy: Enclosure, temperature: Fraction) -> Enclosure:
    """Enclose exp(-H / temperature)."""
    demand(temperature > 0, "the temperature is not positive")
    low, high = over(entropy, point(temperature))
    return exp((max(low, Fraction(0)), high))


def _pick(values: Sequence[Any], place: int) -> Any:
    demand(1 <= place <= len(values), f"the case has no number {place} of {len(values)}")
    return values[place - 1]


def _figures(table: Mapping[str, Callable[..., Enclosure]]) -> Figure:
    """Return figures by name; a ``#`` in the table's names stands for a number from 1 on."""

    @lru_cache(maxsize=64)
    def figure(name: str) -> Enclosure:
        demand(type(name) is str and len(name) <= 40, f"no figure: {name!r:.40}")
        places = re.findall(r"_([1-9][0-9]{0,2})(?=_|$)", name)
        shape = re.sub(r"_([1-9][0-9]{0,2})(?=_|$)", "_#", name)
        demand(shape in table, f"the case has no figure {name!r}")
        return table[shape](*map(int, places))

    return figure


Request = tuple[Fraction, Fraction, Fraction, int]
"""(arrival, bid, rate, which push)."""


def _priority(request: Request, time: Fraction) -> Fraction:
    arrival, bid, rate, _ = request
    return bid + rate * (time - arrival)


def _float_priority(request: Request, time: Fraction) -> Fraction:
    arrival, bid, rate, _ = request
    return rounded(bid + rounded(rate * rounded(time - arrival)))


def _before(request: Request) -> tuple[Fraction, int]:
    return -request[0], -request[3]


def _leader(waiting: Iterable[Request], of: Callable[[Request], Fraction]) -> Request:
    return max(waiting, key=lambda request: (of(request), _before(request)))


def _snapshot_leader(kept: dict[Request, Fraction], time: Fraction) -> Request:
    while True:
        top = _leader(kept, kept.__getitem__)
        if kept[top] == _priority(top, time):
            return top
        kept[top] = _priority(top, time)


LEADERS: Final[dict[str, Callable[[dict[Request, Fraction], Fraction], Request]]] = {
    "exact": lambda kept, t: _leader(kept, lambda r: _priority(r, t)),
    "static_key": lambda kept, _: _leader(kept, lambda r: r[1] - r[2] * r[0]),
    "snapshot": _snapshot_leader,
    "float_key": lambda kept, t: _leader(kept, lambda r: _float_priority(r, t)),
}


def _queue(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    demand(set(given) == {"discipline", "events"}, "a queue has a discipline and events")
    discipline, events = given["discipline"], given["events"]
    demand(discipline in LEADERS, f"no such discipline: {discipline!r:.40}")
    demand(type(events) is list and len(events) <= EVENTS_MAX, "too many events")
    kept: dict[Request, Fraction] = {}
    names: set[str] = set()
    pops: list[tuple[Fraction, Request, Fraction]] = []
    last = None
    for what, at, *push in events:
        time = number(at)
        demand(last is None or last <= time, "the events are not in order of time")
        last = time
        if what == "push":
            name, bid, rate = push
            demand(type(name) is str and name not in names, f"pushed twice: {name!r:.40}")
            names.add(name)
            request = (time, number(bid), number(rate), len(names))
            demand(request[2] >= 0, "a negative rate")
            if discipline == "float_key":
                demand(all(rounded(x) == x for x in request[:3]), "no double")
            kept[request] = _priority(request, time)
        else:
            demand(what == "pop" and not push and kept, "neither a push nor a possible pop")
            demand(discipline != "float_key" or rounded(time) == time, "no double")
            best = max(_priority(request, time) for request in kept)
            popped = LEADERS[discipline](kept, time)
            del kept[popped]
            pops.append((time, popped, best))
    rates = {request[2] for request in [*kept, *(popped for _, popped, _ in pops)]}
    return {discipline}, _figures(
        {
            "priority_#_at_#": lambda i, j: point(_priority(_pick(pops, i)[1], _pick(pops, j)[0])),
            "best_at_#": lambda j: point(_pick(pops, j)[2]),
            "time_#": lambda j: point(_pick(pops, j)[0]),
            "arrival_#": lambda i: point(_pick(pops, i)[1][0]),
            "rate_count": lambda: point(len(rates)),
        }
    )


def _entropy(counts: Iterable[int]) -> Enclosure:
    counts = list(counts)
    k, total = sum(counts), point(0)
    for c in counts:
        total = plus(total, times(point(Fraction(c, k)), log2(point(Fraction(k, c)))))
    return total


def _history(data: Any) -> list[Fraction]:
    demand(type(data) is list and 2 <= len(data) <= ARRIVALS_MAX, "a history has 2 arrivals or so")
    times = [number(x) for x in data]
    demand(all(a <= b for a, b in pairwise(times)), "the arrivals are not in order")
    return times


def _arrivals(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    demand(set(given) == {"clock", "histories", "bin_width", "gaps", "temperature"}, "wrong fields")
    clock, gaps, temperature = given["clock"], given["gaps"], number(given["temperature"])
    demand(clock in ("exact", "float64"), f"no such clock: {clock!r:.40}")
    demand(type(gaps) is int and 1 <= gaps <= ARRIVALS_MAX, "gaps must be a number of gaps")
    demand(len(given["histories"]) <= HISTORIES_MAX, "too many histories")
    histories = [_history(data) for data in given["histories"]]
    read = rounded if clock == "float64" else Fraction
    width = read(number(given["bin_width"]))
    demand(width > 0, "the bin width is not positive")

    def counts(i: int) -> list[int]:
        seen = [read(time) for time in _pick(histories, i)]
        passed = [read(b - a) for a, b in pairwise(seen)][-gaps:]
        return list(Counter(floor(gap / width) for gap in passed).values())

    def true_gaps(i: int) -> list[Fraction]:
        return [b - a for a, b in pairwise(_pick(histories, i))][-gaps:]

    def in_common() -> int:
        first, second = (list(reversed(_pick(histories, i))) for i in (1, 2))
        return next(n for n in range(len(first), -1, -1) if first[:n] == second[:n])

    return {clock}, _figures(
        {
            "entropy_#": lambda i: _entropy(counts(i)),
            "entropy_max_#": lambda i: log2(point(sum(counts(i)))),
            "window_#": lambda i: window(_entropy(counts(i)), temperature),
            "gaps_#": lambda i: point(sum(counts(i))),
            "bins_#": lambda i: point(len(counts(i))),
            "gap_spread_#": lambda i: point(max(true_gaps(i)) - min(true_gaps(i))),
            "common_arrivals": lambda: point(in_common()),
            "gaps": lambda: point(gaps),
            "temperature": lambda: point(temperature),
        }
    )


def _poisson(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    demand(set(given) == {"rates", "bin_width", "temperature"}, "wrong fields")
    temperature, width = number(given["temperature"]), number(given["bin_width"])
    demand(len(given["rates"]) <= HISTORIES_MAX, "too many rates")
    rates = [number(rate) for rate in given["rates"]]
    demand(all(rate > 0 for rate in rates) and width > 0, "rates and bin width must be positive")

    def entropy(i: int) -> Enclosure:
        u = exp(point(_pick(rates, i) * width))
        p = 1 - u[1], 1 - u[0]
        demand(u[0] > 0 and p[0] > 0, "the enclosure of the bin's probability is too wide")
        minus = tuple(-x for x in reversed(log2(u)))
        below = log2(p)
        return plus(over(times(u, (minus[0], minus[1])), p), (-below[1], -below[0]))

    return set(), _figures(
        {
            "rate_#": lambda i: point(_pick(rates, i)),
            "entropy_#": entropy,
            "window_#": lambda i: window(entropy(i), temperature),
            "bin_width": lambda: point(width),
            "temperature": lambda: point(temperature),
        }
    )


CASES: Final[dict[str, Callable[[Mapping[str, Any]], tuple[set[str], Figure]]]] = {
    "aging-queue": _queue,
    "arrivals": _arrivals,
    "poisson": _poisson,
}
"""By system: what a case's data are, as words that may be assumed, and its figures."""


def holds(figure: Figure, comparison: Any) -> bool:
    """Decide (figure, relation, figure or rational); what the enclosures leave open is rejected."""
    left, relation, right = comparison
    plain = type(right) is str and re.fullmatch("[a-z].*", right) is None
    (a, b), (c, d) = figure(left), point(number(right)) if plain else figure(right)
    decided = {
        "<": (b < c, a >= d),
        "<=": (b <= c, a > d),
        ">": (a > d, b <= c),
        ">=": (a >= d, b < c),
        "==": (a == b == c == d, b < c or d < a),
        "!=": (b < c or d < a, a == b == c == d),
    }
    demand(relation in decided, f"no such relation: {relation!r:.40}")
    yes, no = decided[relation]
    demand(yes or no, f"the enclosures do not decide {left} {relation} {right}")
    return yes


def check_case(theorem: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    """Check that a case is as assumed, and breaks what is conjectured."""
    assumes, violated = theorem["assumes"], theorem["violated_when"]
    demand(theorem["system"] in CASES, f"no such system: {theorem['system']!r:.40}")
    demand(type(assumes) is list and type(violated) is list and violated, "no list, or nothing")
    demand(len(assumes) + len(violated) <= COMPARISONS_MAX, "too many comparisons")
    words, figure = CASES[theorem["system"]](theorem["given"])
    for word in assumes:
        met = word in words if type(word) is str else holds(figure, word)
        demand(met, f"the case does not meet {word}")
    for comparison in violated:
        demand(holds(figure, comparison), f"not so in this case: {comparison}")


def check_shapes(theorem: Mapping[str, Any], _: Mapping[str, Any]) -> None:
    """Check 0 <= H <= log2 m for every k up to the bound and all counts c of k gaps in m bins.

    H = sum (c/k) log2(k/c), so this says that the product of the c^c is at most k^k, and that
    k^k is at most m^k times it: integers, compared without rounding.
    """
    most = theorem["gaps_max"]
    demand(type(most) is int and 1 <= most <= GAPS_MAX, f"gaps_max must be in 1 .. {GAPS_MAX}")
    own = [c**c for c in range(most + 1)]

    def grow(k: int, m: int, largest: int, product: int) -> None:
        for c in range(1, min(largest, most - k) + 1):
            total, found = k + c, product * own[c]
            if not found <= own[total] <= (m + 1) ** total * found:
                raise RejectedError(f"not so for {total} gaps in {m + 1} bins, the last with {c}")
            grow(total, m + 1, c, found)

    grow(0, 0, most, 1)
