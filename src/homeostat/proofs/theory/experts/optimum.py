"""The fewest misses of all: what a cache that knew the future would do."""

from typing import Final

from homeostat.counterexamples import CASE_CONJECTURES
from homeostat.proofs.certificates import optimal
from homeostat.proofs.claims import Claim, Source, false_case
from homeostat.proofs.verdicts import ProvedWithin

__all__ = ["CLAIMS"]

_EXPERTS: Final = 4
_SIZE: Final = 2
_CAPACITIES: Final = (1, 2)
_EVENTS: Final = 5


def _decide() -> ProvedWithin:
    return ProvedWithin(
        certificates=tuple(
            optimal(experts=_EXPERTS, size=_SIZE, capacity=capacity, events=_EVENTS)
            for capacity in _CAPACITIES
        ),
        bound=f"every trace of up to {_EVENTS} events of up to {_SIZE} of {_EXPERTS} experts, from "
        f"every set of residents, with {' or '.join(map(str, _CAPACITIES))} places",
    )


CLAIMS: Final = (
    Claim(
        id="experts.optimal_gap.lower_bound",
        title="No policy misses less than Belady's rule with bypass, event by event",
        statement="Where of all that is needed or resident the experts stay whose future uses come "
        "first, each compared as a list, no choices of loads, evictions and bypasses miss less.",
        scope="all traces, by the kernel's exhaustion of short ones",
        source=Source(note="004", section="3"),
        decide=_decide,
        canary=false_case(
            "the rule misses more than the optimum where a next use decides",
            CASE_CONJECTURES["next_use_is_optimal"],
            {
                "capacity": 1,
                "events": [[0], [1], [0], [1]],
                "half_life": 32,
                "admission": None,
            },
        ),
        vacuity="the traces are listed",
        remark="An event's experts are needed at once, so one of them never leaves for another. "
        "The bound for the caches that must load is Belady's without bypass. Regret in every "
        "report is misses less this rule's.",
        property_twin="optimal_gap",
    ),
)
