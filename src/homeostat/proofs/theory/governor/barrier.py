"""What is proved of barriers on a position: in continuous time, and for Euler steps.

Rows are written by the models' own text, run on SymPy's symbols: ``models.barrier``.

Names in the certificates
    x, v, u or a: position, velocity, input; L: limit; m, g, F: mass, friction, force; h: step.
    p, q: psi_0 and psi_1; X, V, P, Q: the derivatives of x, v, p, q; k1, k2: gains.
    e, E: exp(k t) for a gain k, and its derivative; D: that of e p.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from homeostat.models.automata import Automaton
from homeostat.models.barrier import (
    HocbfChain,
    allowed_acceleration,
    chain_value,
    headroom,
    hocbf_chain,
    relative_degree,
)
from homeostat.models.barrier.systems import sampled_system, text_of
from homeostat.proofs.certificates import Certificate, automaton, farkas
from homeostat.proofs.claims import (
    Canary,
    CanaryError,
    Claim,
    Source,
    false_automaton,
    false_rows,
)
from homeostat.proofs.theory.small_cases import both
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS", "RUN", "STEPS", "built_later", "kept"]

RUN: Final = {"L": "1", "h": "1/2", "k1": "1", "k2": "1"}
"""Parameters of an example."""
STEPS: Final = "explicit Euler steps of one length; the input is what the filter lets pass, or less"


def built_later(falsehood: str, build: Callable[[], Canary]) -> Canary:
    """Return a canary whose theorem is written only when it is to be caught."""
    return Canary(falsehood=falsehood, catch=lambda: build().catch())


def kept(system: Automaton, *steps: dict[str, str], start: dict[str, str], **more: str) -> Any:
    """Return the certificate that a system's rows at the start hold for ever, with one run."""
    run = {
        "parameters": {**RUN, **more},
        "start": start,
        "steps": [["step", inputs] for inputs in steps],
    }
    always = {"*": list(system.start)}
    return automaton(system.theorem(always), {"running": list(system.start)}, example=[run])


# --- continuous time


def _plant() -> tuple[Any, ...]:
    """Return symbols, and drift and control of m v' = F(x) - g v + u."""
    import sympy

    x, v, mass, friction, limit = sympy.symbols("x v m g L")
    force = sympy.Function("F")(x)
    return (x, v, limit), (v, (force - friction * v) / mass), (sympy.Integer(0), 1 / mass)


def _chain() -> HocbfChain:
    import sympy

    (x, v, limit), drift, control = _plant()
    return hocbf_chain(headroom(x, limit), drift, control, (x, v), sympy.symbols("k1 k2"))


def _plain(expression: Any) -> str:
    """Return m times an expression as text, the force by its name."""
    import sympy

    (x, *_), mass = _plant()[0], sympy.Symbol("m")
    return text_of(sympy.expand(mass * expression).subs(sympy.Function("F")(x), sympy.Symbol("F")))


def _derivative(function: Any) -> str:
    """Return, by the chain rule, the derivative of a function of x and v, in X and V."""
    import sympy

    (x, v, _), *_ = _plant()
    return text_of(sympy.diff(function, x) * sympy.Symbol("X")
                   + sympy.diff(function, v) * sympy.Symbol("V"))  # fmt: skip


_PARAMETERS: Final = {"L": "3", "k1": "1", "k2": "1", "m": "2", "g": "1", "F": "1", "u": "-4"}
_STATE: Final = {"x": "1", "v": "1", "p": "2", "q": "1", "X": "1", "V": "-2", "P": "-1", "Q": "1"}
_AT: Final = {**_PARAMETERS, **_STATE}
_GROWS: Final = ("e > 0", "E = k*e", "R + k*p >= 0", "D = E*p + e*R")
_LATER: Final = ("e > 0", "e*p >= c", "c >= 0")


def _continuous_certificates(chain: HocbfChain) -> list[Certificate]:
    import sympy

    u = sympy.Symbol("u")
    _, drift, control = _plant()
    first, second = chain.psi
    motion = [f"X = {text_of(drift[0])}", f"m*V = {_plain(drift[1] + control[1] * u)}"]
    values = [f"p = {text_of(first)}", f"q = {text_of(second)}"]
    rates = [f"P = {_derivative(first)}", f"Q = {_derivative(second)}"]
    filtered = f"{_plain(chain.rest + chain.gain * u)} >= 0"
    given = ["m > 0", *motion, *values, *rates]
    free = {"x": "1", "v": "1", "L": "3", "k1": "1", "k2": "1", "u": "-1", "A": "0"}
    unforced = (chain.rest + chain.gain * u).subs({"m": 1, "g": 0}).subs(_force(), 0)
    x, v, limit = _plant()[0]
    allowed = allowed_acceleration(x, v, limit=limit, gains=sympy.symbols("k1 k2"))
    return [
        farkas([*given, filtered], "Q + k2*q >= 0", example=_AT, hints=["m*Q + m*k2*q >= 0"]),
        farkas([*given, "q >= 0"], "P + k1*p >= 0", example=_AT),
        farkas(_GROWS, "D >= 0", example={"e": "2", "k": "1", "E": "2", "p": "1", "R": "-1",
                                          "D": "0"}),
        farkas(_LATER, "p >= 0", example={"e": "2", "p": "1", "c": "1"}),
        farkas([f"A = {text_of(sympy.expand(allowed))}", "u <= A"],
               f"{text_of(sympy.expand(unforced))} >= 0", example=free),
    ]  # fmt: skip


def _force() -> Any:
    import sympy

    return sympy.Function("F")(_plant()[0][0])


def _decide_continuous() -> Proved:
    chain = _chain()
    return Proved(
        certificates=tuple(_continuous_certificates(chain)),
        detail=f"L_g b = 0 and L_g L_f b = {chain.gain}, so the relative degree is {chain.degree}, "
        "whatever the force and the friction.",
    )


def _velocity_has_degree_two() -> str:
    (x, v, limit), drift, control = _plant()
    found = relative_degree(limit - v, drift, control, (x, v))
    if found == 2:
        raise CanaryError("a limit on the velocity has relative degree 2")
    return f"its relative degree is {found}"


# --- Euler steps


def _wider() -> Automaton:
    """Return the filtered steps with h (k1 + k2) <= 2 and k1 <= k2 in the place of h k <= 1."""
    longer = ("h > 0", "k2 >= k1", "h*k1 + h*k2 <= 2")
    return replace(sampled_system(), given=longer)


def _limit_alone() -> Certificate:
    """The limit is kept for larger second gains, too: psi_1 may be below 0 by (k2 - k1) p/2."""
    import sympy

    x, v, limit, k1, k2 = sympy.symbols("x v L k1 k2")
    room, above = headroom(x, limit), chain_value(x, v, limit=limit, first_gain=k1)
    wide = sympy.expand(2 * above + (k2 - k1) * room)
    system = _wider()
    run = {
        "parameters": {**RUN, "k2": "3"},
        "start": {"x": "0", "v": "0"},
        "steps": [["step", {"a": "3"}], ["step", {"a": "-6"}]],
    }
    rows = [system.start[0], f"{text_of(wide)} >= 0"]
    return automaton(
        system.theorem({"*": [system.start[0]]}),
        {"running": rows},
        example=[run],
        hints={"step / step 1": ["h*L - h*x >= 0", "square k2 - k1"]},
    )


def _decide_sampled() -> Proved:
    steps = [{"a": "1"}, {"a": "-3/4"}]
    own = kept(sampled_system(), *steps, start={"x": "0", "v": "0"})
    return Proved(certificates=(own, _limit_alone()))


_ALONE: Final = "the limit is kept from psi_0 >= 0 alone"
_LONG: Final = "the limit is kept with h k1 up to 2"


def _from_the_limit_alone() -> Canary:
    system = sampled_system()
    return _false_steps(
        _ALONE, replace(system, start=system.start[:1]), start={"x": "1", "v": "1"}, a="-2"
    )


def _with_a_long_step() -> Canary:
    system = sampled_system()
    given = tuple("h*k1 <= 2" if text == "h*k1 <= 1" else text for text in system.given)
    return _false_steps(
        _LONG, replace(system, given=given), start={"x": "0", "v": "2"}, a="-4", h="1", k1="2"
    )


def _false_steps(
    falsehood: str, changed: Automaton, *, start: dict[str, str], a: str, **fixed: str
) -> Canary:
    """Return that a changed system keeps the limit, which one run of given inputs breaks."""
    system = sampled_system()
    return false_automaton(
        falsehood,
        changed.theorem({"*": [system.start[0]]}),
        {"running": list(system.start)},
        start=start,
        parameters={**RUN, **fixed},
        inputs={"step": [{"a": a}]},
    )


CLAIMS: Final = (
    Claim(
        id="governor.hocbf_continuous",
        title="A position limit with acceleration as input has relative degree 2, and is kept",
        statement="Of m v' = F(x) - g v + u, x' = v and b = L - x the relative degree is 2. With "
        "psi_0 = b and psi_1 = psi_0' + k1 psi_0, both >= 0 at the start, and an input with "
        "psi_1' + k2 psi_1 >= 0 at all times, psi_0 and psi_1 stay >= 0: both sets are invariant.",
        scope="every mass m > 0, friction, force of the position, limit and gains; every input "
        "under which a solution exists, for as long as it does; unlimited input, no noise, and "
        "filtered at all times",
        source=Source(note="000", section="3"),
        decide=_decide_continuous,
        canary=both(
            false_rows("the same from a start with psi_1 < 0", _LATER[:2], "p >= 0"),
            Canary(
                falsehood="a limit on the velocity has relative degree 2",
                catch=_velocity_has_degree_two,
            ),
        ),
        vacuity="a mass of 2 with room 2 to the limit, psi_1 = 1 and an input of -4",
        remark="The chain is computed by Lie derivatives from f, g and b. With D = (e^(kt) p)' >= "
        "0, e^(kt) p does not fall: so p >= e^(-kt) p(0) >= 0, first for psi_1, then for psi_0. "
        "What each assumption is needed for is said by the claims on steps, noise and limits.",
        trusts=(
            "kernel",
            "SymPy's Lie derivatives",
            "a function with a derivative >= 0 does not fall; (e^(kt))' = k e^(kt), and e^(kt) > 0",
        ),
        property_twin="hocbf_continuous",
    ),
    Claim(
        id="governor.hocbf_sampled",
        title="Filtered Euler steps keep the limit where h k1 <= 1 and h k2 <= 1",
        statement="psi_0 and psi_1 stay >= 0 in every run of filtered Euler steps that starts so, "
        "with h k1 <= 1 and h k2 <= 1. The limit alone is kept from such a start where "
        "k1 <= k2 and h (k1 + k2) <= 2, too.",
        scope=f"every limit, h > 0 and number of steps; {STEPS}; unlimited input, no noise",
        source=Source(note="000", section="3"),
        decide=_decide_sampled,
        canary=both(
            built_later(_ALONE, _from_the_limit_alone), built_later(_LONG, _with_a_long_step)
        ),
        vacuity="two steps of 1/2 from rest, at the most that the filter lets pass",
        remark="psi_0 becomes (1 - h k1) psi_0 + h psi_1, and psi_1 at least (1 - h k2) psi_1.",
        trusts=("kernel", "SymPy's expansion of the models' text"),
        property_twin="hocbf_sampled",
    ),
)
