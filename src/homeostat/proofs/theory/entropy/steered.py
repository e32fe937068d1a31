"""What holds of the window and of the regime that the entropy steers.

Of the exponential the certificates use, as given rows, exp x >= 1 + x at one point each, and that
exp(x + y) = exp x exp y. Names in them
    base: window at entropy 0; w: window; tau: temperature; E: exp(-H/tau); F: exp(H/tau).
"""

from fractions import Fraction
from typing import Final

from homeostat.models.entropy import ENTROPY_HIGH, ENTROPY_LOW, adaptive_window
from homeostat.proofs.certificates import farkas
from homeostat.proofs.claims import Claim, Source, false_rows
from homeostat.proofs.verdicts import Proved, Unknown, Verdict

__all__ = ["STEERED"]

_WINDOW: Final = (
    *("base > 0", "tau > 0", "H >= 0"),
    *("w = base*E", "E*F = 1", "tau*F >= tau + H"),
)
_AT_ONE: Final = {
    "base": "10",
    "tau": "5",
    "H": "5",
    "E": "1/2",
    "F": "2",
    "w": "5",
}
# D = exp((H2 - H1)/tau).
_TWO: Final = (
    *("base > 0", "tau > 0", "H2 > H1", "E2 > 0"),
    *("w1 = base*E1", "w2 = base*E2", "E1 = E2*D", "tau*D >= tau + H2 - H1"),
)
_AT_TWO: Final = {
    "base": "10",
    "tau": "5",
    "H1": "0",
    "H2": "5",
    "E1": "1",
    "E2": "1/2",
    "D": "2",
    "w1": "10",
    "w2": "5",
}


def _decide_window() -> Proved:
    facts = ["tau*F >= tau", "F >= 1", "E > 0"]
    return Proved(
        certificates=(
            farkas(_WINDOW, "E > 0", example=_AT_ONE, hints=facts[:2]),
            farkas(_WINDOW, "w > 0", example=_AT_ONE, hints=facts),
            farkas(_WINDOW, "w <= base", example=_AT_ONE, hints=[*facts, "E <= 1"]),
            farkas(_TWO, "w2 < w1", example=_AT_TWO, hints=["tau*D > tau", "D > 1", "E2 < E1"]),
        )
    )


# A dash becomes d: dW is the derivative of W; u = -H/tau, E = exp u, and base, tau are constant.
_CHAIN: Final = ("W = base*E", "dW = base*dE", "dE = E*du", "tau*du + dH = 0")


def _by_sympy() -> bool:
    """Differentiate the window of the models, and compare with the law."""
    import sympy

    t = sympy.Symbol("t", real=True)
    base, tau = sympy.symbols("base tau", positive=True)
    entropy = sympy.Function("H")(t)
    window = adaptive_window(base, entropy, temperature=tau, exp=sympy.exp)
    law = -window / tau * entropy.diff(t)
    return bool(sympy.simplify(window.diff(t) - law) == 0)


def _decide_law() -> Verdict:
    if not _by_sympy():
        return Unknown(reason="sympy derives another law from the window of the models")
    point = {"W": "10", "base": "10", "E": "1", "dW": "-2", "dE": "-1/5", "du": "-1/5"}
    law = farkas(_CHAIN, "tau*dW + W*dH = 0", example={**point, "tau": "5", "dH": "1"})
    return Proved(
        certificates=(law,), detail="sympy derives the same from the models' own formula."
    )


_THRESHOLDS: Final = {
    "low": str(Fraction(ENTROPY_LOW)),
    "high": str(Fraction(ENTROPY_HIGH)),
}


def _decide_regimes() -> Proved:
    return Proved(
        certificates=(
            farkas(["low <= high", "H > high"], "H >= low", example={**_THRESHOLDS, "H": "3"}),
            farkas(
                ["H > high", "L < low"],
                "H - L > high - low",
                example={**_THRESHOLDS, "H": "3", "L": "1"},
            ),
        )
    )


STEERED: Final = (
    Claim(
        id="entropy.window_bounds",
        title="The window is positive, at most its base, and falls as the entropy rises",
        statement="w = w_base exp(-H/tau) has 0 < w <= w_base, and H2 > H1 gives w2 < w1.",
        scope="every w_base > 0, tau > 0 and H >= 0; w strictly decreasing for all real H",
        source=Source(note="001", section="1"),
        decide=_decide_window,
        canary=false_rows(
            "the window is at most half of its base",
            [*_WINDOW, "H = 0", "E = 1"],
            "2*w <= base",
        ),
        vacuity="H = tau, with 2 for the exponential of 1, which obeys the rows that are assumed",
        trusts=("kernel", "exp x >= 1 + x, and exp(x + y) = exp x exp y"),
        property_twin="window_bounds",
    ),
    Claim(
        id="entropy.control_law",
        title="The window follows the entropy: dw/dt = -(w/tau) dH/dt",
        statement="If H is differentiable in t and w = w_base exp(-H/tau), then "
        "dw/dt = -(w/tau) dH/dt.",
        scope="every constant w_base and tau != 0, every differentiable H",
        source=Source(note="001", section="4"),
        decide=_decide_law,
        canary=false_rows(
            "the same without the sign",
            [*_CHAIN, "base > 0", "tau > 0", "E > 0"],
            "tau*dW = W*dH",
        ),
        vacuity="w = 10, tau = 5, dH/dt = 1",
        remark="The note says 'proportional': the factor w/tau falls with w. The entropy of a "
        "histogram moves in steps, so the law is about a smooth stand-in for it.",
        trusts=("kernel", "the chain rule, and (exp u)' = exp(u) u'"),
    ),
    Claim(
        id="entropy.regimes",
        title="The thresholds 1.5 and 2.5 make a total machine that does not flap",
        statement="Reactive above 2.5 bits, batching below 1.5, else as before: every H gives "
        "exactly one next regime, and between two changes of regime H moves by more than 1 bit.",
        scope="every sequence of entropies; any thresholds low <= high, with high - low for 1",
        source=Source(note="001", section="5"),
        decide=_decide_regimes,
        canary=false_rows(
            "the same with one threshold for both changes",
            ["low < high", "H > high", "L < high"],
            "H - L > high - low",
        ),
        vacuity="thresholds 3/2 and 5/2, H = 3 and then 1",
        remark="No H is both above the upper and below the lower threshold, so at most one change "
        "applies; where none does, the regime stays. Changes alternate, so of two in turn one "
        "saw an H above 2.5 and the other one below 1.5.",
        property_twin="regimes",
    ),
)
