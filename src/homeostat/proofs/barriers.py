"""Runs of a filtered acceleration in a case, and what is known of their barriers.

Standard library only, like all of the kernel. A position x with velocity v has a limit L. Each step
has a wanted acceleration; the filter lets pass at most what keeps the barriers:
    psi_0 = L - x, psi_1 = k1 psi_0 - v, allowed = k2 psi_1 - k1 v - margin.
With an input limit u, the input is cut to [-u, u] after that, whatever the filter says. Then
    x' = x + h v, v' = v + h (input + noise).

Figures, # counted from 1
    position_#, velocity_#, barrier_#, chain_#, allowed_#: before step #, or after the last.
    input_#: of step #; input_least: the hardest braking; gain_step_#: h times a gain.
    chance_#: Gaussian noise is as large as that of step #, or larger, with at least this chance:
        exp(-(z + 1)^2 / 2) / 3 where z >= 0 is the noise in standard deviations. It lies between
        z and z + 1 with at least the density at z + 1 as its chance, and 2 pi < 9.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from homeostat.proofs.enclosures import Enclosure, exp, number, over, point
from homeostat.proofs.figures import Figure, figures, pick, texts
from homeostat.proofs.polynomials import demand

__all__ = ["barrier"]

STEPS_MAX: Final = 50
FIELDS: Final = frozenset(
    ("limit", "step", "gains", "margin", "input_max", "deviation", "start", "wanted", "noise")
)


class State(NamedTuple):
    """What is so before a step."""

    x: Fraction
    v: Fraction
    barrier: Fraction
    chain: Fraction
    allowed: Fraction


def _positive(value: Any) -> Fraction | None:
    """Read a positive number, or null."""
    found = None if value is None else number(value)
    demand(found is None or found > 0, f"not positive: {value!r:.40}")
    return found


def barrier(given: Mapping[str, Any]) -> tuple[set[str], Figure]:
    """Read a case of a filtered run, and return its figures."""
    demand(set(given) == FIELDS, "wrong fields")
    limit, h, margin = (number(given[name]) for name in ("limit", "step", "margin"))
    k1, k2 = (number(x) for x in texts(given["gains"], 2, 2, "two gains"))
    x, v = (number(x) for x in texts(given["start"], 2, 2, "position and velocity"))
    wanted, noise = (
        [number(x) for x in texts(given[name], 1, STEPS_MAX, "few steps")]
        for name in ("wanted", "noise")
    )
    demand(len(wanted) == len(noise), "not as much noise as steps")
    demand(h > 0 and min(k1, k2, margin) >= 0, "the step is not positive, or a gain is negative")
    hardest, deviation = _positive(given["input_max"]), _positive(given["deviation"])

    def state() -> State:
        room = limit - x
        above = k1 * room - v
        return State(x, v, room, above, k2 * above - k1 * v - margin)

    states, inputs = [state()], list[Fraction]()
    for asked, w in zip(wanted, noise, strict=True):
        u = min(asked, states[-1].allowed)
        if hardest is not None:
            u = max(-hardest, min(u, hardest))
        x, v = x + h * v, v + h * (u + w)
        inputs.append(u)
        states.append(state())

    def chance(i: int) -> Enclosure:
        demand(deviation is not None and pick(noise, i) >= 0, "no chance is known")
        far = pick(noise, i) / (deviation or 1) + 1
        return over(exp(point(far * far / 2)), point(3))

    def least() -> Enclosure:
        demand(hardest is not None, "there is no input limit")
        return point(-(hardest or 0))

    words = {"unlimited" if hardest is None else "limited"}
    words |= set() if deviation is None else {"gaussian"}
    words |= set() if any(noise) else {"noiseless"}
    return words, figures(
        {
            "position_#": lambda i: point(pick(states, i).x),
            "velocity_#": lambda i: point(pick(states, i).v),
            "barrier_#": lambda i: point(pick(states, i).barrier),
            "chain_#": lambda i: point(pick(states, i).chain),
            "allowed_#": lambda i: point(pick(states, i).allowed),
            "input_#": lambda i: point(pick(inputs, i)),
            "gain_step_#": lambda i: point(h * pick((k1, k2), i)),
            "noise_max": lambda: point(max(map(abs, noise))),
            "margin": lambda: point(margin),
            "input_least": least,
            "chance_#": chance,
        }
    )
