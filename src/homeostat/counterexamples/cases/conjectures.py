"""The conjectures that a small case can refute, as data (notes 000, 001, 002 and 004)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from homeostat.counterexamples.conjectures import Comparison
from homeostat.errors import InvalidInputError

__all__ = ["CASE_CONJECTURES", "CaseConjecture", "find_case_conjecture"]


@dataclass(frozen=True, kw_only=True)
class CaseConjecture:
    """What is said of every case of a system.

    Attributes:
        name: Its key in ``CASE_CONJECTURES``: the id of the claim it settles, without the domain.
        statement: What is claimed, in one sentence.
        system: A key of ``figures.SYSTEMS``.
        assumes: Words and comparisons that hold of a case it speaks of.
        violated_when: It is violated where ALL of these comparisons hold.
        canary: Whether it is a deliberately false neighbour.
    """

    name: str
    statement: str
    system: str
    assumes: tuple[str | Comparison, ...]
    violated_when: tuple[Comparison, ...]
    canary: bool = False


_WRONG_POP: Final[tuple[Comparison, ...]] = (("priority_1_at_1", "<", "best_at_1"),)
_ONE_RATE: Final[Comparison] = ("rate_count", "==", "1")
_WINDOW_AND_BINS: Final[tuple[Comparison, ...]] = (
    ("gaps", "==", "50"),
    ("bin_width", "==", "1/1000"),
)

_BOTH_BARRIERS: Final[tuple[Comparison, ...]] = (
    ("barrier_1", ">=", "0"),
    ("chain_1", ">=", "0"),
)
_SHORT_STEPS: Final[tuple[Comparison, ...]] = (
    ("gain_step_1", "<=", "1"),
    ("gain_step_2", "<=", "1"),
)

_ALL: Final = (
    CaseConjecture(
        name="dequeue_order_as_stated",
        statement="Of any two requests popped at t1 < t2 by the true maximum, the first has at t1 "
        "an effective priority at least as large as the second has at t1 by the formula.",
        system="aging-queue",
        assumes=("exact", _ONE_RATE, ("time_1", "<", "time_2")),
        violated_when=(("priority_1_at_1", "<", "priority_2_at_1"),),
    ),
    CaseConjecture(
        name="stale_snapshot",
        statement="With one rate for all, a heap keyed by the priority at the push, refreshed at "
        "its top alone, pops the greatest effective priority.",
        system="aging-queue",
        assumes=("snapshot", _ONE_RATE),
        violated_when=_WRONG_POP,
    ),
    CaseConjecture(
        name="per_request_rate",
        statement="With a rate for each request, the static key a t_a - b pops the greatest "
        "effective priority.",
        system="aging-queue",
        assumes=("static_key",),
        violated_when=_WRONG_POP,
    ),
    CaseConjecture(
        name="float_key_order",
        statement="With one rate for all and doubles for clock, rate and bids, the static key "
        "a t_a - b as computed in double precision pops the greatest effective priority.",
        system="aging-queue",
        assumes=("float_key", _ONE_RATE),
        violated_when=_WRONG_POP,
    ),
    CaseConjecture(
        name="float_priority_order",
        statement="With one rate for all and doubles for clock, rate and bids, the priority as "
        "computed in double precision at the pop pops the greatest effective priority.",
        system="aging-queue",
        assumes=("float_priority", _ONE_RATE),
        violated_when=_WRONG_POP,
    ),
    CaseConjecture(
        name="periodic_zero",
        statement="Arrivals at exactly equal distances, read off a clock that gives the nearest "
        "double, have H = 0 over the last 50 gaps in bins of 1 ms.",
        system="arrivals",
        assumes=("float64", *_WINDOW_AND_BINS, ("gap_spread_1", "==", "0")),
        violated_when=(("entropy_1", ">", "0"),),
    ),
    CaseConjecture(
        name="uniform_max",
        statement="51 arrivals within 1 s have H = log2(50) over their 50 gaps in bins of 1 ms.",
        system="arrivals",
        assumes=("exact", *_WINDOW_AND_BINS, ("gaps_1", "==", "50"), ("span_1", "<=", "1")),
        violated_when=(("entropy_1", "<", "entropy_max_1"),),
    ),
    CaseConjecture(
        name="window_vanishes",
        statement="With n = 50 gaps and tau = 5, the window at the largest H, 50 gaps in 50 bins, "
        "is at most 8/25 of the window at H = 0.",
        system="arrivals",
        assumes=(
            "exact",
            ("gaps", "==", "50"),
            ("temperature", "==", "5"),
            ("gaps_1", "==", "50"),
            ("bins_1", "==", "50"),
        ),
        violated_when=(("window_1", ">", "8/25"),),
    ),
    CaseConjecture(
        name="overload_widens",
        statement="Of two Poisson processes with 1 ms bins, the one of the higher rate has the "
        "larger entropy, and so the smaller window at tau = 5.",
        system="poisson",
        assumes=(
            ("bin_width", "==", "1/1000"),
            ("temperature", "==", "5"),
            ("rate_1", "<", "rate_2"),
        ),
        violated_when=(("entropy_1", ">", "entropy_2"), ("window_1", "<", "window_2")),
    ),
    CaseConjecture(
        name="response",
        statement="Histories that agree in their last 50 arrivals have the same H over the last "
        "50 gaps, in bins of 1 ms.",
        system="arrivals",
        assumes=("exact", *_WINDOW_AND_BINS, ("common_arrivals", ">=", "50")),
        violated_when=(("entropy_1", "!=", "entropy_2"),),
    ),
    CaseConjecture(
        name="gap_definitions",
        statement="Of 1 - |lambda_2|, the gap of the additive reversibilisation and the second "
        "eigenvalue of the normalised Laplacian of P + P^T, two are equal in every chain.",
        system="chains",
        assumes=(("classes_1", "==", "1"),),
        violated_when=(
            ("gap_1", "!=", "reversible_gap_1"),
            ("gap_1", "!=", "normalised_laplacian_1"),
            ("reversible_gap_1", "!=", "normalised_laplacian_1"),
        ),
    ),
    CaseConjecture(
        name="components_close_the_gap",
        statement="A chain of more than one strong component has the gap 0.",
        system="chains",
        assumes=(("components_1", ">", "1"),),
        violated_when=(("gap_1", ">", "0"),),
    ),
    CaseConjecture(
        name="gap_predicts_avalanche",
        statement="Of two chains on 64 experts, one with a gap of 1/100 or less and one with a gap "
        "of 99/100 or more, the first has 8 walkers on 7 experts or fewer in the mean, or the "
        "second on 2 or more.",
        system="chains",
        assumes=(
            ("walkers", "==", "8"),
            ("states_1", "==", "64"),
            ("states_2", "==", "64"),
            ("gap_1", "<=", "1/100"),
            ("gap_2", ">=", "99/100"),
        ),
        violated_when=(("union_1", ">", "7"), ("union_2", "<", "2")),
    ),
    CaseConjecture(
        name="threshold_scale_free",
        statement="With 8 experts and with 128, all as likely at each use, admission where the "
        "discounted chance to return is 1/10 or more says the same at the discount 9/10.",
        system="chains",
        assumes=(
            "uniform",
            ("discount", "==", "9/10"),
            ("states_1", "==", "8"),
            ("states_2", "==", "128"),
        ),
        violated_when=(("p_return_1_1", ">=", "1/10"), ("p_return_1_2", "<", "1/10")),
    ),
    CaseConjecture(
        name="admission_never_worse",
        statement="LRU that loads only experts whose discounted chance to return, by the chain "
        "counted on the trace itself, is 1/10 or more misses no more than LRU.",
        system="expert-cache",
        assumes=("counted", ("threshold", "==", "1/10")),
        violated_when=(("misses_threshold", ">", "misses_lru"),),
    ),
    CaseConjecture(
        name="next_use_is_optimal",
        statement="Where the resident leaves whose next use is farthest, of equals any, and what "
        "is used later than all residents stays out, no choices miss less.",
        system="expert-cache",
        assumes=(("capacity", ">=", "1"),),
        violated_when=(("misses_next_use", ">", "misses_optimal"),),
    ),
    CaseConjecture(
        name="mutual_freezing",
        statement="Jobs that are frozen while what they ask for does not fit, and thawed when it "
        "does, are never all frozen, if what each holds and asks for fits alone.",
        system="airlock",
        assumes=("naive", ("whole_max", "<=", "capacity"), ("stopped", "==", "0")),
        violated_when=(("running", "==", "0"), ("waiting", ">=", "1")),
    ),
    CaseConjecture(
        name="freeze_releases_memory",
        statement="Who asks for no more than frozen jobs hold is given it.",
        system="airlock",
        assumes=("naive", ("frozen_held_1", ">=", "asked_1")),
        violated_when=(("granted_1", "==", "0"),),
    ),
    CaseConjecture(
        name="samples_gibbs",
        statement="Where the note's update is stable in a well, its stationary law has the "
        "position's variance of Gibbs, T/k.",
        system="langevin",
        assumes=("note", "stable"),
        violated_when=(("position_variance", "!=", "gibbs_position_variance"),),
    ),
    CaseConjecture(
        name="hocbf_first_gain",
        statement="With h k2 <= 1 and any k1 >= 0, filtered Euler steps from psi_0, psi_1 >= 0 "
        "stay at or below the limit.",
        system="barrier",
        assumes=("noiseless", "unlimited", ("gain_step_2", "<=", "1"), *_BOTH_BARRIERS),
        violated_when=(("barrier_2", "<", "0"),),
    ),
    CaseConjecture(
        name="hocbf_second_gain",
        statement="With h k1 <= 1 and any k2 >= 0, filtered Euler steps from psi_0, psi_1 >= 0 "
        "stay at or below the limit.",
        system="barrier",
        assumes=("noiseless", "unlimited", ("gain_step_1", "<=", "1"), *_BOTH_BARRIERS),
        violated_when=(("barrier_3", "<", "0"),),
    ),
    CaseConjecture(
        name="hocbf_noise",
        statement="With h k1 <= 1, h k2 <= 1 and Gaussian noise, filtered Euler steps from "
        "psi_0, psi_1 >= 0 stay at or below the limit almost surely.",
        system="barrier",
        assumes=("gaussian", "unlimited", *_SHORT_STEPS, *_BOTH_BARRIERS),
        violated_when=(("barrier_3", "<", "0"), ("chance_1", ">", "0")),
    ),
    CaseConjecture(
        name="hocbf_input_limits",
        statement="With h k1 <= 1, h k2 <= 1 and inputs in [-u, u], from psi_0, psi_1 >= 0 the "
        "filter always lets some input pass, or the limit is kept by braking as hard as can be.",
        system="barrier",
        assumes=("noiseless", "limited", *_SHORT_STEPS, *_BOTH_BARRIERS),
        violated_when=(("allowed_1", "<", "input_least"), ("barrier_4", "<", "0")),
    ),
    CaseConjecture(
        name="any_damping_converges",
        statement="Damped responses come to a Nash equilibrium at every damping, below half the "
        "curvature too.",
        system="congestion-flow",
        assumes=(("damping", "<", "half_curvature"),),
        violated_when=(
            ("distance_1_3", "==", "0"),
            ("nash_gap_1", ">", "0"),
            ("nash_gap_2", ">", "0"),
        ),
    ),
    CaseConjecture(
        name="nash_at_temperature",
        statement="Players who choose one at a time at a fixed temperature come to a Nash "
        "equilibrium and stay: in the long run nothing else has a chance.",
        system="congestion-game",
        assumes=(("equilibria", ">=", "1"),),
        violated_when=(("outside", ">", "0"), ("leaves", ">", "0"), ("gibbs_error", "==", "0")),
    ),
)

CASE_CONJECTURES: Final[Mapping[str, CaseConjecture]] = MappingProxyType({c.name: c for c in _ALL})
"""Every built-in conjecture about cases, by name."""


def find_case_conjecture(name: str) -> CaseConjecture:
    """Return a built-in conjecture about cases.

    Raises:
        InvalidInputError: There is none of that name.
    """
    found = CASE_CONJECTURES.get(name)
    if found is None:
        raise InvalidInputError(
            f"conjecture {name!r:.60} must be one of {sorted(CASE_CONJECTURES)}"
        )
    return found
