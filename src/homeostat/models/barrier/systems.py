"""The filtered runs as transition systems, written by the models' own text run on symbols.

A proof reads rows of text. Here the functions of ``filters`` run on SymPy's symbols, and what comes
out is the text: so what is proved is said of the same definition that fractions, floats and arrays
run. Names as in ``filters``; ``a`` is the input that the adversary asks for, below what is allowed.
"""

from functools import cache
from typing import Any

from homeostat.models.automata import Automaton, Transition
from homeostat.models.barrier import filters

__all__ = ["braking_system", "sampled_system", "text_of"]

RUNNING = "running"


def text_of(expression: Any) -> str:
    """Return a polynomial as a sum of products, such as ``-L*k1 + k1*x + v``, without powers."""
    import sympy

    if not expression.free_symbols:
        return str(expression)
    variables = sorted(expression.free_symbols, key=str)
    terms = []
    for powers, number in sympy.Poly(expression, *variables).terms():
        names = [str(x) for x, power in zip(variables, powers, strict=True) for _ in range(power)]
        factors = [*([str(abs(number))] if abs(number) != 1 or not names else []), *names]
        terms.append(f"{'-' if number < 0 else '+'} {'*'.join(factors)}")
    return " ".join(terms).removeprefix("+ ")


def _row(larger: Any) -> str:
    return f"{text_of(larger)} >= 0"


def _symbols(names: str) -> tuple[Any, ...]:
    import sympy

    found: tuple[Any, ...] = sympy.symbols(names)
    return found


@cache
def sampled_system(*, margin: str | None = None, noise: bool = False) -> Automaton:
    """Return explicit Euler steps with the filter: every acceleration that it lets pass.

    Parameters are L, h > 0 and k1, k2 with h k1 <= 1, h k2 <= 1; a run starts with psi_0 and psi_1
    both >= 0.

    Args:
        margin: Name of the filter's margin; None for a filter without.
        noise: Whether each step has a noise w with |w| <= W.
    """
    x, v, a, w = _symbols("x v a w")
    limit, step, *gains = _symbols("L h k1 k2")
    bound = filters.allowed_acceleration(
        x,
        v,
        limit=limit,
        gains=(gains[0], gains[1]),
        margin=_symbols(f"{margin} W")[0] if margin else 0,
    )
    after = filters.euler_step(x, v, a, step=step, noise=w if noise else 0)
    psi = filters.headroom(x, limit), filters.chain_value(x, v, limit=limit, first_gain=gains[0])
    names = {"W", margin} - {None} if noise else {margin} - {None}
    return Automaton(
        parameters=("L", "h", "k1", "k2", *sorted(str(name) for name in names)),
        given=("h > 0", "h*k1 <= 1", "h*k2 <= 1"),
        variables=("x", "v"),
        location=RUNNING,
        start=tuple(_row(one) for one in psi),
        transitions=(
            Transition(
                "step",
                RUNNING,
                RUNNING,
                (_row(bound - a), *(("w <= W", "w >= 0 - W") if noise else ())),
                {"x": text_of(after[0]), "v": text_of(after[1])},
            ),
        ),
    )


@cache
def braking_system(*, half_steps: int = 1) -> Automaton:
    """Return Euler steps with |a| <= u that leave room to brake, or else brake as hard as can be.

    The variable s stands for max(v + h u/2, 0), the velocity that the way to a stop is told by. It
    is followed in rows of its own, s >= 0 and 2 s >= 2 v + h u: where a larger s leaves room,
    the maximum does too.

    Args:
        half_steps: How often h u/2 is added to v: 1 as in ``filters``; 0 as in continuous time.
    """
    x, v, a, s, r = _symbols("x v a s r")
    limit, step, hardest = _symbols("L h u")
    gone = filters.euler_step(x, v, a, step=step)
    braked = filters.euler_step(x, v, -hardest, step=step)

    def room(position: Any, fast: Any) -> str:
        # 2 u times the headroom less fast^2 / (2 u).
        return _row(2 * hardest * filters.headroom(position, limit) - fast * fast)

    def fast_enough(velocity: Any, fast: Any) -> str:
        return _row(2 * fast - 2 * velocity - half_steps * step * hardest)

    def moved(to: tuple[Any, Any], fast: str) -> dict[str, str]:
        return {"x": text_of(to[0]), "v": text_of(to[1]), "s": fast}

    return Automaton(
        parameters=("L", "h", "u"),
        given=("h > 0", "u > 0"),
        variables=("x", "v", "s"),
        location=RUNNING,
        start=("s >= 0", fast_enough(v, s), room(x, s)),
        transitions=(
            Transition(
                "go",
                RUNNING,
                RUNNING,
                ("a <= u", "a >= 0 - u", "r >= 0", fast_enough(gone[1], r), room(gone[0], r)),
                moved(gone, "r"),
            ),
            Transition("brake", RUNNING, RUNNING, ("s >= h*u",), moved(braked, "s - h*u")),
            Transition("brake to a stop", RUNNING, RUNNING, ("s <= h*u",), moved(braked, "0")),
        ),
    )
