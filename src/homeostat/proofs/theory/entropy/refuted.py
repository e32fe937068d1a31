"""What note 001 says of entropy and window and does not hold: each with arrivals that show it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from homeostat.counterexamples import CASE_CONJECTURES, CaseConjecture
from homeostat.counterexamples.cases.balls import decided, exp, log2, text_of
from homeostat.counterexamples.cases.searching import first_case
from homeostat.models.entropy import GAPS_DEFAULT, TEMPERATURE_DEFAULT, poisson_entropy
from homeostat.proofs.claims import Claim, false_case, unbroken
from homeostat.proofs.theory.small_cases import both, by_case, note
from homeostat.proofs.verdicts import Verdict

__all__ = ["CLAIMS"]

Given = dict[str, Any]

_MILLISECOND: Final = Fraction(1, 1000)
_RATE_MAX: Final = 10_000
"""Of the grid of Poisson rates 1, 2, ..., per second; a gap is then a tenth of a bin."""
_TOLD: Final = (1, 10, 100, 1_000, 10_000)
_SEED: Final = 0
_BINS_TOLD: Final = (50, 100, 1_000)


def _arrivals(*histories: list[Fraction], clock: str = "exact") -> Given:
    """Return histories of arrivals in seconds under the note's parameters."""
    return {
        "clock": clock,
        "histories": [[str(time) for time in times] for times in histories],
        "bin_width": str(_MILLISECOND),
        "gaps": GAPS_DEFAULT,
        "temperature": str(TEMPERATURE_DEFAULT),
    }


def _by_gaps(gaps_ms: list[int]) -> list[Fraction]:
    """Return arrivals from 0 on with gaps in milliseconds."""
    times = [Fraction(0)]
    for gap in gaps_ms:
        times.append(times[-1] + gap * _MILLISECOND)
    return times


def _periodic_runs() -> Iterator[Given]:
    """Yield runs of whole milliseconds as period, few arrivals and short periods first."""
    for count in range(2, GAPS_DEFAULT + 1):
        for period_ms in range(1, 101):
            yield _arrivals(_by_gaps([period_ms] * count), clock="float64")


def _periodic() -> Verdict:
    how = {"method": "all periods of 1 .. 100 ms, from 0 on"}
    return by_case(first_case(CASE_CONJECTURES["periodic_zero"], _periodic_runs(), how))


def _drawn() -> Given:
    """Return one draw: arrivals uniform over a second, to the microsecond."""
    rng = random.Random(_SEED)
    drawn = sorted(rng.randrange(10**6) for _ in range(GAPS_DEFAULT + 1))
    return _arrivals([Fraction(time, 10**6) for time in drawn])


def _all_distinct(bins: int) -> Fraction:
    """Return the probability that 50 gaps, each from equally likely bins, are in bins apart."""
    found = Fraction(1)
    for taken in range(GAPS_DEFAULT):
        found *= Fraction(bins - taken, bins)
    return found


def _uniform() -> Verdict:
    how = {"method": "one draw, uniform over 1 s", "seed": _SEED}
    words = ", ".join(f"{float(_all_distinct(b)):.3g} for {b} bins" for b in _BINS_TOLD)
    least_ms = sum(range(GAPS_DEFAULT))
    return by_case(
        first_case(CASE_CONJECTURES["uniform_max"], [_drawn()], how),
        detail=f"H = log2(n) needs n gaps in n different bins. The i-th lowest of "
        f"{GAPS_DEFAULT} different bins, from 0 on, begins at i ms or later, so the gaps last "
        f"0 + 1 + ... + {GAPS_DEFAULT - 1} = {least_ms} ms or more: no draw of arrivals within 1 s "
        f"has H = log2({GAPS_DEFAULT}). If instead the gaps themselves are drawn, independently "
        f"and from equally likely bins, the probability of it is {words}: never 1.",
    )


_AT_MOST: Final = replace(
    CASE_CONJECTURES["uniform_max"], violated_when=(("entropy_1", ">=", "entropy_max_1"),)
)


def _window() -> Verdict:
    how = {"method": "gaps of 0 .. 49 ms: each in a bin of its own"}
    return by_case(first_case(CASE_CONJECTURES["window_vanishes"], [_WIDEST], how))


_WIDEST: Final = _arrivals(_by_gaps(list(range(GAPS_DEFAULT))))
_ABOVE_A_THIRD: Final = replace(
    CASE_CONJECTURES["window_vanishes"], violated_when=(("window_1", ">", "33/100"),)
)


_FALLS: Final = replace(
    CASE_CONJECTURES["overload_widens"], violated_when=(("entropy_1", "<", "entropy_2"),)
)
_NEVER_RISES: Final = CaseConjecture(
    name="never_rises",
    statement="Of two Poisson processes the one of the higher rate has the smaller entropy.",
    system="poisson",
    assumes=(("rate_1", "<", "rate_2"),),
    violated_when=(("entropy_1", "<=", "entropy_2"),),
)


def _decades() -> Iterator[Given]:
    return (_two_rates(low, 10 * low) for low in _TOLD[:-1])


def _two_rates(low: int, high: int) -> Given:
    return {
        "rates": [str(low), str(high)],
        "bin_width": str(_MILLISECOND),
        "temperature": str(TEMPERATURE_DEFAULT),
    }


def _overload() -> Verdict:
    how = {"method": "the first two rates of the grid"}
    found = first_case(CASE_CONJECTURES["overload_widens"], [_two_rates(1, 2)], how)
    every = [
        poisson_entropy(Fraction(rate), _MILLISECOND, exp=exp, log2=log2)
        for rate in range(1, _RATE_MAX + 1)
    ]
    falls = sum(decided(b, "<", a) for a, b in pairwise(every))
    told = ", ".join(f"{text_of(every[r - 1])[1:7]} at {r}/s" for r in _TOLD)
    return by_case(
        found,
        detail=f"On the grid of 1, 2, ..., {_RATE_MAX} arrivals a second H falls between "
        f"{falls} of {len(every) - 1} pairs of neighbours, decided in ball arithmetic: {told}.",
    )


_OLD_AND_NEW: Final = _by_gaps([10] * GAPS_DEFAULT)
"""One old arrival, and fifty new ones 10 ms apart."""


def _histories(straddling_ms: int) -> Given:
    """Return two histories that differ in the last old arrival alone."""
    later = [time + straddling_ms * _MILLISECOND for time in _OLD_AND_NEW[1:]]
    return _arrivals([Fraction(0), *later], [straddling_ms * _MILLISECOND, *later])


def _response() -> Verdict:
    how = {"method": "the last old arrival moved, in whole milliseconds"}
    return by_case(
        first_case(CASE_CONJECTURES["response"], (_histories(ms) for ms in range(1, 100)), how)
    )


CLAIMS: Final = (
    Claim(
        id="entropy.periodic_zero.float64",
        title="Perfectly periodic arrivals give H = 0, read off a clock in doubles",
        statement="If arrivals are at exactly equal distances, and the clock gives the double "
        "nearest to each time in seconds, then H of the last 50 gaps in bins of 1 ms is 0, gaps "
        "and bins being computed in doubles.",
        scope="every period and number of arrivals",
        source=note("2"),
        decide=_periodic,
        canary=false_case(
            "arrivals 125 ms apart, which doubles give exactly",
            CASE_CONJECTURES["periodic_zero"],
            _arrivals(_by_gaps([125] * GAPS_DEFAULT), clock="float64"),
        ),
        vacuity="the case itself",
        refuted_by=("periodic_zero",),
        remark="Rounded times put equal gaps on both sides of an edge between bins. In integers "
        "it cannot happen: entropy.periodic_zero.exact.",
    ),
    Claim(
        id="entropy.uniform_max",
        title="Uniformly random arrivals give H = log2(n)",
        statement="51 arrivals that are drawn uniformly at random within 1 s have H = log2(50) "
        "over their 50 gaps in bins of 1 ms.",
        scope="every 51 arrivals within 1 s, so every draw; n = 50 gaps, bins of 1 ms",
        source=note("2"),
        decide=_uniform,
        canary=false_case("a draw with H = log2(50) or more", _AT_MOST, _drawn()),
        vacuity="the case itself",
        remark="The note does not say over which time. The uniform distribution over n bins has "
        "entropy log2(n); n draws from it have less, unless no two fall in one bin.",
    ),
    Claim(
        id="entropy.window_vanishes",
        title="As H goes to its maximum, the window goes to 0",
        statement="With n = 50 gaps and tau = 5, the window exp(-H/tau) w_base at the maximum of H "
        "is at most 0.32 w_base.",
        scope="n = 50, tau = 5: the note's own parameters",
        source=note("1"),
        decide=_window,
        canary=false_case("the window at the maximum of H is above 0.33", _ABOVE_A_THIRD, _WIDEST),
        vacuity="the case itself",
        trusts=("kernel", "entropy.bounds, for what the maximum of H is"),
        remark="The note says that w goes to 0; that it stays above 0.32 w_base refutes even this "
        "much weaker statement. H is at most log2(50) = 5.64 bits, so w is never less than "
        "50^(-1/(5 ln 2)) = 0.323 of w_base.",
    ),
    Claim(
        id="entropy.overload_widens",
        title="More load means more entropy and a smaller window",
        statement="For Poisson arrivals and bins of 1 ms, of two rates the higher one has the "
        "larger entropy of the binned gap, and so the smaller window at tau = 5.",
        scope="rates 1, 2, ..., 10000 arrivals a second; entropy of the distribution of the gap",
        source=note("1"),
        decide=_overload,
        canary=both(
            false_case("H rises from 1 to 2 arrivals a second", _FALLS, _two_rates(1, 2)),
            unbroken("of two rates ten times apart the higher has more", _NEVER_RISES, _decades),
        ),
        vacuity="the case itself",
        remark="The derivative of H by p = 1 - exp(-rate width) is log2(1 - p) / p^2 < 0, so H "
        "falls at every rate and for bins of every width: overload makes the window wider. The "
        "entropy of 50 gaps that were drawn is smaller and scatters.",
    ),
    Claim(
        id="entropy.response.as_stated",
        title="After 50 new arrivals H depends on new arrivals alone",
        statement="Two histories whose last 50 arrivals are the same have the same H over the last "
        "50 gaps, in bins of 1 ms.",
        scope="every two histories",
        source=note("5"),
        decide=_response,
        canary=false_case(
            "two histories with 51 arrivals in common",
            CASE_CONJECTURES["response"],
            _arrivals(
                [Fraction(0), *(time + 1 for time in _OLD_AND_NEW)],
                [Fraction(1, 2), *(time + 1 for time in _OLD_AND_NEW)],
            ),
        ),
        vacuity="the case itself",
        refuted_by=("response",),
        remark="Fifty arrivals enclose 49 gaps; the fiftieth begins at an old arrival. With 51 it "
        "holds: entropy.response.mended.",
    ),
)
