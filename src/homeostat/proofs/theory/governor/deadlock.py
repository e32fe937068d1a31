"""How long a two-well deadlock lasts, measured, beside Kramers' law.

Two groups that each hold what the other waits for are a state in a well: to leave it, someone must
give up something first. Landau's free energy below its critical point has two such wells. An agent
starts in one; it is out when it first reaches the bottom of the other. All agents run until they
are out, so that the mean is of whole times and not of those that a horizon left over.

Notation
    F(x) = -2 b x^2 + b x^4: wells at -1 and 1, barrier b between them; T: temperature of the agent
    in units of energy; m: mass; g: damping; dt: step.
    Kramers (1940), for damping that is not weak: mean time = 2 pi w_b / (w_0 l) exp(b / T), with
    w_0^2 = F''(1) / m, w_b^2 = -F''(0) / m and l = sqrt(g^2 / (4 m^2) + w_b^2) - g / (2 m).
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from homeostat.models.landau import Landau, slope
from homeostat.models.langevin import baoab_step, kick_variance, velocity_kept
from homeostat.proofs.claims import Canary, CanaryError, Claim, Source
from homeostat.proofs.verdicts import Measured

__all__ = ["BARRIERS", "CLAIMS", "exit_point", "exit_times", "kramers_time"]

BARRIERS: Final = (3, 4, 5, 6, 7)
"""Of the well, in units of the temperature: the agents' T is 1 over it."""
AGENTS: Final = 1000
SEED: Final = 20260217
DAMPING: Final = 4.0
MASS: Final = 1.0
DT: Final = 0.05
_Z: Final = 1.959963984540054
"""Of the normal law, for an interval of 95 %; so many times make a mean normal enough."""
_COLD_STEPS: Final = 20_000
_HIGHER: Final = 1
"""A law with a barrier higher by this many temperatures must not agree with what is measured."""

# a (Tc - T) = 2 b at the phase's temperature 0, which is not that of the agents; the barrier is b.
_PHASE: Final = Landau(a=2.0, b=1.0, critical=1.0)


def kramers_time(barrier: float, *, damping: float = DAMPING, mass: float = MASS) -> float:
    """Return Kramers' mean time to leave a well of barrier 1 at T = 1 / barrier."""
    w_0, w_b = math.sqrt(8 / mass), math.sqrt(4 / mass)
    half = damping / (2 * mass)
    growth = math.sqrt(half * half + w_b * w_b) - half
    return 2 * math.pi * w_b / (w_0 * growth) * math.exp(barrier)


def exit_times(
    temperature: float, *, agents: int, seed: int, steps_max: int | None = None
) -> list[float]:
    """Return the times at which agents that start in one well reach the bottom of the other.

    Args:
        temperature: Of the agents, in units of the barrier; 0 for none.
        agents: How many; each has its own noise.
        seed: Of all noise.
        steps_max: When to stop though some are not out; their times are not returned.
    """
    random = np.random.default_rng(seed)
    position = np.full(agents, -1.0)
    velocity = random.normal(0.0, math.sqrt(temperature / MASS), agents)
    kept = velocity_kept(DAMPING, MASS, DT)
    spread = math.sqrt(kick_variance(kept, temperature, MASS))
    step = partial(baoab_step, force_at=_force, mass=MASS, kept=kept, dt=DT)
    found: list[float] = []
    count = 0
    while len(position) and (steps_max is None or count < steps_max):
        count += 1
        kick = spread * random.standard_normal(len(position))
        position, velocity = step(position, velocity, kick=kick)
        out = position >= 1.0
        if out.any():
            found += [count * DT] * int(out.sum())
            position, velocity = position[~out], velocity[~out]
    return found


def _force(position: Any) -> Any:
    return -slope(_PHASE, position, 0.0)


def exit_point(barrier: float, *, agents: int = AGENTS, seed: int = SEED) -> dict[str, Any]:
    """Return the mean exit time at T = 1 / barrier with its interval, and the law's."""
    times = exit_times(1 / barrier, agents=agents, seed=seed + round(barrier))
    mean = math.fsum(times) / len(times)
    variance = math.fsum((t - mean) ** 2 for t in times) / (len(times) - 1)
    half = _Z * math.sqrt(variance / len(times))
    law = kramers_time(barrier)
    return {
        "barrier_per_temperature": barrier,
        "temperature": round(1 / barrier, 4),
        "agents": agents,
        "out": len(times),
        "mean_time": round(mean, 2),
        "interval": [round(mean - half, 2), round(mean + half, 2)],
        "longest": round(max(times), 2),
        "kramers_time": round(law, 2),
        "over_law": [round(x / law, 3) for x in (mean, mean - half, mean + half)],
    }


def _ratio(points: Sequence[dict[str, Any]]) -> float:
    coldest, hottest = points[-1], points[0]
    return round(float(coldest["mean_time"] / hottest["mean_time"]), 1)


def _decide() -> Measured:
    points = [exit_point(barrier) for barrier in BARRIERS]
    return Measured(
        estimate={
            "of": "the time at which an agent first reaches the bottom of the other well: the mean "
            "of all agents, its 95 % interval, and both over Kramers' law",
            "damping": DAMPING,
            "dt": DT,
            "seed": SEED,
            "times_faster_when_hottest": _ratio(points),
            "points": points,
        }
    )


def _catch() -> str:
    """Cool the agents to 0, and compare with the law of a higher barrier."""
    stuck = exit_times(0.0, agents=10, seed=SEED, steps_max=_COLD_STEPS)
    if stuck:
        raise CanaryError(f"without noise agents left the well at {stuck}")
    point = exit_point(BARRIERS[0])
    low, high = point["interval"]
    wrong = kramers_time(BARRIERS[0] + _HIGHER)
    if low <= wrong <= high:
        raise CanaryError(f"the law of a barrier higher by T gives {wrong}, within {low} .. {high}")
    return (
        f"without noise none left in {_COLD_STEPS} steps; the law of a barrier higher by T is "
        f"{wrong:.0f}, outside {low:.0f} .. {high:.0f}"
    )


CLAIMS: Final = (
    Claim(
        id="governor.deadlock_dissolved",
        title="Raising the temperature ends a two-well deadlock in finite mean time",
        statement="The mean time in which an agent leaves one well of F(x) = b x^4 - 2 b x^2 for "
        "the other, by BAOAB at temperatures from b/7 to b/3, beside Kramers' law 2 pi w_b / "
        "(w_0 l) exp(b/T), which grows without bound as T goes to 0 and is finite for T > 0.",
        scope=f"b = 1, mass 1, damping {DAMPING:g}, dt = {DT:g}, b/T in {BARRIERS}, {AGENTS} "
        "agents a temperature, all of which run until they are out",
        source=Source(note="000", section="3"),
        decide=_decide,
        canary=Canary(
            falsehood="an agent leaves its well without noise, and as late as from a well that is "
            "deeper by T",
            catch=_catch,
        ),
        vacuity="every agent starts at the bottom of a well",
        remark="The law is the limit of b/T to infinity, so the measured ratio comes down to 1 "
        "from above. Finite is not soon: the time falls with T like exp(b/T), and a deadlock that "
        "no thermal move can leave (one whose barrier is not finite) stays at every temperature.",
        property_twin="deadlock_dissolved",
        trusts=("NumPy's generator", "the normal approximation of the interval"),
        slow=True,
    ),
)
