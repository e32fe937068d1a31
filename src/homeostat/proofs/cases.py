"""Small cases that the kernel runs itself: queues, arrivals, and all shapes of a histogram.

Standard library only, and apart from ``homeostat.models`` on purpose: a checker that read the
definitions under test could not find them wrong. The tests hold both against each other.

A case is data, run exactly. Its figures are rational numbers, or logarithms and exponentials of
such, and these are enclosed between two rationals (``enclosures.py``): a comparison counts only
where the enclosures decide it.

Systems
    aging-queue: requests are pushed and popped by a discipline. P(r, t) = b + a (t - s) for bid
        b, rate a, arrival s. ``exact`` pops the greatest P; ``static_key`` the least a s - b;
        ``snapshot`` the greatest P as it was at the push, and looks again at the top alone;
        ``float_key`` the least a s - b in double precision, ``float_priority`` the greatest P.
        Ties: earliest arrival, first pushed.
    arrivals: histories of arrival times; H is the entropy of the bins of the last gaps.
    poisson: the same for a Poisson process of each rate, in the limit of many gaps: the bin of a
        gap is geometric, with u = exp(-rate width): H = u log2(1/u) / (1 - u) + log2(1/(1 - u)).
    In both, the window is exp(-H / temperature), in parts of the window at H = 0.
    expert-cache: what a cache of experts misses by one policy or another (``caches.py``).
    chains: Markov chains of experts, their gaps, classes, returns and unions (``chains.py``).
    barrier: a filtered acceleration, and whether it keeps a position's limit (``barriers.py``).
    langevin: the law that a Langevin step keeps in a well (``langevin.py``).
    airlock: jobs on a node that ask for memory, and who is frozen meanwhile (``airlocks.py``).
    congestion-flow, congestion-game: damped flows, and players at a temperature (``games.py``).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any, Final

from homeostat.proofs.airlocks import airlock
from homeostat.proofs.barriers import barrier
from homeostat.proofs.caches import expert_cache
from homeostat.proofs.chains import chains
from homeostat.proofs.enclosures import (
    Enclosure,
    exp,
    log2,
    number,
    over,
    plus,
    point,
    rounded,
    times,
)
from homeostat.proofs.figures import Figure, figures, pick, texts
from homeostat.proofs.games import congestion_flow, congestion_game
from homeostat.proofs.langevin import langevin
from homeostat.proofs.polynomials import RejectedError, demand

__all__ = ["CASES", "check_case", "check_shapes", "holds"]

EVENTS_MAX: Final = 200
ARRIVALS_MAX: Final = 200
HISTORIES_MAX: Final = 2
COMPARISONS_MAX: Final = 8
GAPS_MAX: Final = 50


def window(entropy: Enclosure, temperature: Fraction) -> Enclosure:
    """Enclose exp(-H / temperature)."""
    low, high = over(entropy, point(temperature))
    return exp((max(low, Fraction(0)), high))


Request = tuple[Fraction, Fraction, Fraction, int]
"""(arrival, bid, rate, which push)."""


def _priority(request: Request, time: Fraction) -> Fraction:
    arrival, bid, rate, _ = request
    return bid + rate * (time - arrival)


def _float_priority(request: Request, time: Fraction) -> Fraction:
    arrival, bid, rate, _ = request
    return rounded(bid + rounded(rate * rounded(time - arrival)))


def _float_key(request: Request) -> Fraction:
    arrival, bid, rate, _ = request
    return rounded(rounded(rate * arrival) - bid)


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
    "float_key": lambda kept, _: _leader(kept, lambda r: -_float_key(r)),
    "float_priority": lambda kept, t: _leader(kept, lambda r: _float_priority(r, t)),
}
DOUBLES: Final = ("float_key", "float_priority")


def _double(x: Fraction) -> bool:
    return rounded(x) == x


def _queue(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    demand(set(given) == {"discipline", "events"}, "a queue has a discipline and events")
    discipline, events = given["discipline"], given["events"]
    demand(discipline in LEADERS, f"no such discipline: {discipline!r:.40}")
    demand(type(events) is list and 1 <= len(events) <= EVENTS_MAX, "no list of few events")
    kept: dict[Request, Fraction] = {}
    names: set[str] = set()
    pops: list[tuple[Fraction, Request, Fraction]] = []
    last = None
    for event in events:
        what, at, *push = texts(event, 2, 5, "an event")
        time = number(at)
        demand(last is None or last <= time, "the events are not in order of time")
        last = time
        if what == "push":
            demand(len(push) == 3, "a push has time, name, bid and rate")
            name, bid, rate = push
            demand(name not in names, f"pushed twice: {name!r:.40}")
            names.add(name)
            request = (time, number(bid), number(rate), len(names))
            demand(request[2] >= 0, "a negative rate")
            demand(discipline not in DOUBLES or all(map(_double, request[:3])), "no double")
            kept[request] = _priority(request, time)
        else:
            demand(what == "pop" and not push and kept, "neither a push nor a possible pop")
            demand(discipline not in DOUBLES or _double(time), "no double")
            best = max(_priority(request, time) for request in kept)
            popped = LEADERS[discipline](kept, time)
            del kept[popped]
            pops.append((time, popped, best))
    rates = {request[2] for request in [*kept, *(popped for _, popped, _ in pops)]}
    return {discipline}, figures(
        {
            "priority_#_at_#": lambda i, j: point(_priority(pick(pops, i)[1], pick(pops, j)[0])),
            "best_at_#": lambda j: point(pick(pops, j)[2]),
            "time_#": lambda j: point(pick(pops, j)[0]),
            "arrival_#": lambda i: point(pick(pops, i)[1][0]),
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
    times = [number(x) for x in texts(data, 2, ARRIVALS_MAX, "2 arrivals or more")]
    demand(all(a <= b for a, b in pairwise(times)), "the arrivals are not in order")
    return times


def _arrivals(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    demand(set(given) == {"clock", "histories", "bin_width", "gaps", "temperature"}, "wrong fields")
    clock, gaps, temperature = given["clock"], given["gaps"], number(given["temperature"])
    demand(clock in ("exact", "float64"), f"no such clock: {clock!r:.40}")
    demand(type(gaps) is int and 1 <= gaps <= ARRIVALS_MAX, "gaps must be a number of gaps")
    listed = given["histories"]
    demand(type(listed) is list and 1 <= len(listed) <= HISTORIES_MAX, "no list of few histories")
    histories = [_history(data) for data in listed]
    read = rounded if clock == "float64" else Fraction
    bin_width = number(given["bin_width"])
    width = read(bin_width)
    demand(bin_width > 0 and temperature > 0, "bin width and temperature must be positive")

    def counts(i: int) -> list[int]:
        seen = [read(time) for time in pick(histories, i)]
        passed = [read(b - a) for a, b in pairwise(seen)][-gaps:]
        return list(Counter(floor(gap / width) for gap in passed).values())

    def true_gaps(i: int) -> list[Fraction]:
        return [b - a for a, b in pairwise(pick(histories, i))][-gaps:]

    def in_common() -> int:
        first, second = (list(reversed(pick(histories, i))) for i in (1, 2))
        return next(n for n in range(len(first), -1, -1) if first[:n] == second[:n])

    return {clock}, figures(
        {
            "entropy_#": lambda i: _entropy(counts(i)),
            "entropy_max_#": lambda i: log2(point(sum(counts(i)))),
            "window_#": lambda i: window(_entropy(counts(i)), temperature),
            "gaps_#": lambda i: point(sum(counts(i))),
            "bins_#": lambda i: point(len(counts(i))),
            "span_#": lambda i: point(sum(true_gaps(i))),
            "gap_spread_#": lambda i: point(max(true_gaps(i)) - min(true_gaps(i))),
            "common_arrivals": lambda: point(in_common()),
            "gaps": lambda: point(gaps),
            "bin_width": lambda: point(bin_width),
            "temperature": lambda: point(temperature),
        }
    )


def _poisson(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    demand(set(given) == {"rates", "bin_width", "temperature"}, "wrong fields")
    temperature, width = number(given["temperature"]), number(given["bin_width"])
    rates = [number(rate) for rate in texts(given["rates"], 1, HISTORIES_MAX, "few rates")]
    demand(min(*rates, width, temperature) > 0, "rates, bin width, temperature must be positive")

    def entropy(i: int) -> Enclosure:
        u = exp(point(pick(rates, i) * width))
        p = 1 - u[1], 1 - u[0]
        demand(u[0] > 0 and p[0] > 0, "the enclosure of the bin's probability is too wide")
        minus = tuple(-x for x in reversed(log2(u)))
        below = log2(p)
        return plus(over(times(u, (minus[0], minus[1])), p), (-below[1], -below[0]))

    return set(), figures(
        {
            "rate_#": lambda i: point(pick(rates, i)),
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
    "expert-cache": expert_cache,
    "chains": chains,
    "barrier": barrier,
    "langevin": langevin,
    "airlock": airlock,
    "congestion-flow": congestion_flow,
    "congestion-game": congestion_game,
}
"""By system: what a case's data are, as words that may be assumed, and its figures."""


def holds(figure: Figure, comparison: Any) -> bool:
    """Decide (figure, relation, figure or rational); what the enclosures leave open is rejected."""
    left, relation, right = texts(comparison, 3, 3, "figure, relation, figure or rational")
    plain = re.fullmatch("[a-z].*", right) is None
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
    demand(type(theorem["given"]) is dict, "the data of a case are an object")
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
