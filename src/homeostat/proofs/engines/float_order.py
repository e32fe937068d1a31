"""Ask z3, in IEEE floating point, for two requests whose priorities doubles order wrongly.

z3 proposes, in a process of its own with limits; the exact replay decides. The question has the
priorities twice: in doubles, as computed at the pop, and in a format so wide that nothing of the
sums and products is rounded.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

from homeostat.counterexamples.cases import CASE_CONJECTURES, Case
from homeostat.counterexamples.cases.searching import double_queue, first_case
from homeostat.proofs.engines.oracles.child import serve

__all__ = ["wrong_order_by_z3"]

_NAMES: Final = ("first", "second", "pop", "bid_first", "bid_second")
_WIDE: Final = (11, 120)
"""Bits of exponent and significand: more than 78 below the point and 28 above it."""


def wrong_order_by_z3(
    *,
    rate: float = 0.1,
    clock_s: float = 1.7e9,
    known: Mapping[str, float] | None = None,
    wall_seconds: float = 120.0,
) -> Case | None:
    """Return a case against ``float_priority_order``, found by z3, confirmed by the replay, if any.

    Args:
        rate: The shared rate of aging, as a double.
        clock_s: The clock's seconds; arrivals and the pop lie within 64 s from there on.
        known: Numbers that z3 may not choose, by name: "first" and "second" (arrivals), "pop",
            "bid_first", "bid_second". With none, z3 takes about twenty seconds.
        wall_seconds: When z3 is stopped.
    """
    question = {
        "rate": rate,
        "clock_s": clock_s,
        "known": dict(known or {}),
        "memory_mib": 4096,
        "wall_seconds": wall_seconds,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "homeostat.proofs.engines.float_order"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=wall_seconds,
            check=False,
        )
        answer = json.loads(done.stdout)
        point = {name: float.fromhex(answer["point"][name]) for name in _NAMES}
    except (subprocess.TimeoutExpired, ValueError, LookupError, TypeError):
        return None
    given = double_queue(
        "float_priority",
        rate,
        (point["first"], point["bid_first"]),
        (point["second"], point["bid_second"]),
        point["pop"],
    )
    found_by = {"method": "smt, floating point", "solver": str(answer["solver"])}
    return first_case(CASE_CONJECTURES["float_priority_order"], [given], found_by)


def _answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """Ask z3; ``point`` is None where it finds nothing or gives up."""
    import z3

    double, wide, nearest = z3.Float64(), z3.FPSort(*_WIDE), z3.RNE()
    point = {name: z3.FP(name, double) for name in _NAMES}
    solver = z3.Solver()

    def within(name: str, low: float, high: float) -> None:
        solver.add(z3.fpGEQ(point[name], z3.FPVal(low, double)))
        solver.add(z3.fpLEQ(point[name], z3.FPVal(high, double)))

    def priority(which: str, sort: Any) -> Any:
        rate, bid, arrival, time = (
            z3.fpToFP(nearest, x, sort)
            for x in (
                z3.FPVal(question["rate"], double),
                point[f"bid_{which}"],
                point[which],
                point["pop"],
            )
        )
        waited = z3.fpSub(nearest, time, arrival)
        return z3.fpAdd(nearest, bid, z3.fpMul(nearest, rate, waited))

    for name in _NAMES[:3]:
        within(name, question["clock_s"], question["clock_s"] + 64)
    for name in _NAMES[3:]:
        within(name, 1.0, 16.0)
    for name, value in question["known"].items():
        solver.add(point[name] == z3.FPVal(value, double))
    solver.add(z3.fpLT(point["first"], point["second"]), z3.fpLT(point["second"], point["pop"]))
    solver.add(z3.fpGT(priority("first", double), priority("second", double)))
    solver.add(z3.fpLT(priority("first", wide), priority("second", wide)))
    found = None
    if solver.check() == z3.sat:
        model = solver.model()
        found = {name: _hexadecimal(z3, model[term]) for name, term in point.items()}
    return {"solver": f"z3 {z3.get_version_string()}", "point": found}


def _hexadecimal(z3: Any, value: Any) -> str:
    bits = z3.simplify(z3.fpToIEEEBV(value)).as_long()
    sign, exponent, fraction = bits >> 63, (bits >> 52) & 0x7FF, bits & (2**52 - 1)
    magnitude = (2**52 + fraction) * 2.0 ** (exponent - 1075)
    return float(-magnitude if sign else magnitude).hex()


if __name__ == "__main__":
    serve(_answer)
