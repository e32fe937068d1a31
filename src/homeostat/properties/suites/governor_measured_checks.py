"""Cases and checks of the suite ``governor`` for what its claims measure.

``MEASURED`` is what the suite takes from here: what holds, and a false neighbour of each.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from homeostat.models.landau import Landau, slope
from homeostat.models.langevin import baoab_step, kick_variance, velocity_kept
from homeostat.properties.results import Violation
from homeostat.properties.statements import Property, given_example

__all__ = ["MEASURED", "Escape", "agent_stays", "escapes", "hot_agent_is_stuck"]

_STEPS_MAX: Final = 40_000
"""Of dt = 0.05. At T = b the mean is below 25 units, so one agent in e^80 takes longer."""
_COLD_STEPS: Final = 1_000
_DT: Final = 0.05
_WELL: Final = Landau(a=2.0, b=1.0, critical=1.0)
"""At its temperature 0 two wells, at -1 and 1, with a barrier of 1."""


@dataclass(frozen=True, slots=True)
class Escape:
    """An agent at the bottom of one of two wells.

    Attributes:
        seed: Of its noise.
        damping: In eighths.
        barrier: Of the well over the temperature, in eighths.
    """

    seed: int
    damping: int
    barrier: int


def escapes() -> st.SearchStrategy[Escape]:
    """Return agents with damping 1 to 4 and a barrier of 1 to 2 temperatures."""
    return st.builds(Escape, st.integers(0, 2**32 - 1), st.integers(8, 32), st.integers(8, 16))


def _steps_to_leave(case: Escape, *, hot: bool, steps_max: int) -> int | None:
    """Return after how many steps the agent is at the bottom of the other well, if it is."""
    random = Random(case.seed)
    temperature = 8 / case.barrier if hot else 0.0
    kept = velocity_kept(case.damping / 8, 1.0, _DT)
    spread = math.sqrt(kick_variance(kept, temperature, 1.0))
    step = partial(baoab_step, force_at=_force, mass=1.0, kept=kept, dt=_DT)
    position, velocity = -1.0, 0.0
    for count in range(1, steps_max + 1):
        position, velocity = step(position, velocity, kick=spread * random.gauss(0, 1))
        if position >= 1.0:
            return count
    return None


def _force(position: float) -> Any:
    return -slope(_WELL, position, 0.0)


def hot_agent_is_stuck(case: Escape) -> Violation | None:
    """With noise of T > 0 the agent leaves in finite time; without noise it never does."""
    cold = _steps_to_leave(case, hot=False, steps_max=_COLD_STEPS)
    hot = _steps_to_leave(case, hot=True, steps_max=_STEPS_MAX)
    if cold is None and hot is not None:
        return None
    return Violation(0, {"steps_without_noise": str(cold), "steps_with_noise": str(hot)})


def agent_stays(case: Escape) -> Violation | None:
    """False neighbour: who starts at the bottom of a well stays there, at any temperature."""
    steps = _steps_to_leave(case, hot=True, steps_max=_STEPS_MAX)
    return None if steps is None else Violation(steps, {"steps_with_noise": str(steps)})


def _of_cases(
    name: str,
    statement: str,
    cases: Callable[[], Any],
    check: Callable[[Any], Violation | None],
    *,
    holds: bool = True,
    claim: str | None = None,
) -> Property:
    return Property(
        name=name,
        claim_id=None if claim is None else f"governor.{claim}",
        statement=statement if holds else f"False: {statement}",
        holds=holds,
        cases=cases,
        check=check,
        example=given_example,
    )


MEASURED: Final[tuple[Property, ...]] = (
    _of_cases(
        "deadlock_dissolved",
        "An agent leaves its well when it is hot, and never without noise.",
        escapes,
        hot_agent_is_stuck,
        claim="deadlock_dissolved",
    ),
    _of_cases(
        "a_well_holds_at_any_temperature",
        "an agent at the bottom of a well stays in it, at any temperature.",
        escapes,
        agent_stays,
        holds=False,
    ),
)
"""Of the measured claims: the properties, with those that must come back refuted."""
