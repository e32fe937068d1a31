"""What certificates speak of: the systems and observables of note 003, for the kernel.

Standard library only, and apart from ``homeostat.models`` on purpose: a checker that read the
definitions under test could not find them wrong. The tests hold both against each other.

A system is a scan over the stages from the top, n-1, down to 1, and then stage 0 (note 003,
section 3). An entry of ``stages`` is (sort, from, to, rows, sum, tokens): in location `from`, at
a stage of this sort ("" is any), the rows define what is kept, the location becomes `to`, and
the tokens are added to the sum of what advanced. ``admit`` defines stage 0 for each location.

Notation, with suffix T, S, U for Theory, Simulation, and either with the types apart
    w: merged tokens of the stage; v: tokens of one request there; B: capacity; q: share of B;
    m, or a and b by type: what advances into the stage; k, or j and k: what is kept of it;
    n: what is admitted at stage 0; e: tokens that advanced so far; f: the share kept.
    Sorts: `shared` by both types; `tail`: type B alone.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from homeostat.proofs.polynomials import (
    SIZE_MAX,
    RejectedError,
    demand,
    jury,
    point_of,
    rational,
)

__all__ = [
    "ADMITTED",
    "FIELDS",
    "KEPT",
    "LOCAL",
    "OBSERVABLES",
    "SYSTEMS",
    "TWO_STAGES",
    "TWO_STAGES_CARRY",
    "TWO_STAGES_LINKS",
    "bare_theorem",
    "compare",
    "inputs",
    "outputs",
    "parameters_of",
    "starts_of",
    "weights_of",
]

_TWO, _ONE = "v*a_U + v*b_U", "v*b_U"
_PART = "f_U*v*a_U + f_U*v*b_U = B - e_U"
_TYPES = ["j_U = n_U - q*n_U", "k_U = q*n_U"]

SYSTEMS: Final[dict[str, Any]] = {
    "theory": {
        "stages": [("", "run", "run", ["k_T = m_T"], "e_T", "w*m_T")],
        "admit": {"run": ["w*n_T = B - e_T"]},
    },
    "simulation": {
        "stages": [
            ("", "open", "open", ["w*m_S <= B - e_S", "k_S = m_S"], "e_S", "w*m_S"),
            ("", "open", "cut", ["w*m_S > B - e_S", "w*k_S = B - e_S"], "e_S", "w*m_S"),
            ("", "cut", "cut", ["k_S = 0"], "e_S", "w*m_S"),
        ],
        "admit": {"open": ["w*n_S = B - e_S"], "cut": ["w*n_S = 0"]},
    },
    "typed_theory": {
        "stages": [
            ("shared", "run", "run", ["j_U = a_U", "k_U = b_U"], "e_U", _TWO),
            ("tail", "run", "run", ["k_U = b_U"], "e_U", _ONE),
        ],
        "admit": {"run": ["v*n_U = B - e_U", *_TYPES]},
    },
    "typed_simulation": {
        "stages": [
            ("shared", "open", "open",
             [f"{_TWO} <= B - e_U", "j_U = a_U", "k_U = b_U"], "e_U", _TWO),
            ("shared", "open", "cut",
             [f"{_TWO} > B - e_U", _PART, "j_U = f_U*a_U", "k_U = f_U*b_U"], "e_U", _TWO),
            ("shared", "cut", "cut", ["j_U = 0", "k_U = 0"], "e_U", _TWO),
            ("tail", "open", "open", [f"{_ONE} <= B - e_U", "k_U = b_U"], "e_U", _ONE),
            ("tail", "open", "cut",
             [f"{_ONE} > B - e_U", "f_U*v*b_U = B - e_U", "k_U = f_U*b_U"], "e_U", _ONE),
            ("tail", "cut", "cut", ["k_U = 0"], "e_U", _ONE),
        ],
        "admit": {"open": ["v*n_U = B - e_U", *_TYPES], "cut": ["v*n_U = 0", *_TYPES]},
    },
    "counter": {
        "stages": [("", *ends, [], "e_C", "1") for ends in ("01", "12", "22")],
        "admit": {"0": [], "1": [], "2": []},
    },
}  # fmt: skip
"""By name; ``counter`` has no state and tells no stage, one stage and more (2) apart."""


def bare_theorem(name: str) -> dict[str, Any]:
    """Return the scan theorem that assumes and says nothing of one system."""
    return {
        "systems": [name],
        "given": [],
        "carry": {},
        "each": {"shared": [], "tail": []},
        "last": [],
        "ends": list(SYSTEMS[name]["admit"]),
        "then_each": {},
        "then_last": [],
        "field": False,
    }


LOCAL: Final = {"w", "v", *(f"{x}_{s}" for x in "mnkabjfe" for s in "TSUC")}
"""Variables with a value of their own at each stage."""

KEPT: Final = {"m_T": "k_T", "m_S": "k_S", "a_U": "j_U", "b_U": "k_U"}
ADMITTED: Final = {"m_T": "n_T", "m_S": "n_S", "a_U": "j_U", "b_U": "k_U"}
"""What stands for a stage's state after the step: at stages 1 and up, and at stage 0."""

TWO_STAGES: Final = {"T0": "n_T", "T1": "t", "S0": "n_S", "S1": "s"}
TWO_STAGES_CARRY: Final = {"t": ["0", "k_T"], "s": ["0", "k_S"]}
TWO_STAGES_LINKS: Final = ("m_T = T0", "m_S = S0")
"""Where l_b = 2: what stands for the whole state after the step; how the part kept at stage 1
is carried to the end; and what says that the part of stage 0 is what advances."""


def _fields(*texts: str) -> tuple[set[str], ...]:
    return tuple(set(text.split()) for text in texts)


FIELDS: Final = {
    "farkas": _fields("given then", "proof example"),
    "scan": _fields(
        "systems given carry each last ends then_each then_last field",
        "invariants proofs example",
    ),
    "induction": _fields("stages whole after step", "invariants proofs example"),
    "automaton": _fields(
        "parameters given variables start transitions always", "k invariants proofs example"
    ),
    "schur": _fields("parameters says", "jury", "lyapunov", "factor"),
    "sign_on_interval": _fields("polynomial from to sign", "cuts"),
    "threshold": _fields("says points", "cuts"),
    "case_tree": _fields("parameters says steps never", "region trees"),
    "enumeration": _fields("parameters start typed_start steps never", ""),
    "replay": _fields("parameters start typed_start step assumes violated_when", ""),
    "case": _fields("system given assumes violated_when", ""),
    "shapes": _fields("gaps_max", ""),
    "optimal": _fields("experts size capacity events", ""),
}
"""The fields of each kind's theorem, and then of its evidence, by alternatives."""

Stages = list[tuple[str, dict[str, Fraction]]]


def weights_of(parameters: Mapping[str, Any]) -> list[Fraction]:
    """Return W_s: l0 + s + 1, times q from stage l_a on (section 2.4)."""
    q, l_a = parameters["q"], parameters["l_a"]
    lengths = [parameters["l0"] + s + 1 for s in range(parameters["l_b"])]
    return [v if s < l_a else q * v for s, v in enumerate(lengths)]


def inputs(name: str, parameters: Mapping[str, Any], state: Any) -> Stages:
    """Return a step's stages from the top, last of all stage 0, as (sort, values)."""
    weights, l_a = weights_of(parameters), parameters["l_a"]
    stages: Stages = []
    for s in range(parameters["l_b"] - 1, -1, -1):
        shared = s < l_a
        values = {"w": weights[s], "v": parameters["l0"] + s + 1}
        if s and name.startswith("typed"):
            values |= {"a_U": state[0][s - 1]} if shared else {}
            values |= {"b_U": state[1][s - 1]}
        elif s:
            values["m_T" if name == "theory" else "m_S"] = state[s - 1]
        stages.append(("shared" if shared else "tail", values))
    return stages


def outputs(name: str, points: Sequence[Mapping[str, Fraction]], l_a: int) -> Any:
    """Return the next state from the values found at each stage, top first."""
    bottom_up = list(reversed(points))
    if name.startswith("typed"):
        return [p["j_U"] for p in bottom_up[:l_a]], [p["k_U"] for p in bottom_up]
    x = "T" if name == "theory" else "S"
    return [bottom_up[0][f"n_{x}"], *(p[f"k_{x}"] for p in bottom_up[1:])]


def _merged(q: Fraction, state: Any) -> list[Fraction]:
    a, b = state
    return [a[s] + b[s] if s < len(a) else b[s] / q for s in range(len(b))]


def _spread(state: Sequence[Fraction]) -> Fraction:
    return max(state) - min(state)


def _mean_spread(states: Any, t: int) -> Fraction:
    return sum(map(_spread, states[1 : t + 1]), Fraction(0)) / max(t, 1)


def _at(run: Any, t: int, extreme: Any, of: Any) -> list[Fraction]:
    state = run["simulation"][t]
    return [of(s) for s, m in enumerate(state) if m == extreme(state)]


def _delta(run: Any, t: int) -> Callable[[int], Fraction]:
    return lambda s: run["theory"][t][s] - run["simulation"][t][s]


def _evicted(run: Any, t: int) -> Callable[[int], Fraction]:
    before, after = run["simulation"][max(t - 1, 0)], run["simulation"][t]
    return lambda s: before[s - 1] - after[s] if s and t else Fraction(0)


def _merge_gap(run: Any, t: int) -> Fraction:
    q = run["parameters"]["q"]
    gaps: list[Fraction] = [
        abs(x - y)
        for name in ("theory", "simulation")
        for x, y in zip(_merged(q, run[f"typed_{name}"][t]), run[name][t], strict=True)
    ]
    return max(gaps)


def _weighted_delta(run: Any, t: int) -> Fraction:
    weights, delta = weights_of(run["parameters"]), _delta(run, t)
    return sum((w * delta(s) for s, w in enumerate(weights)), Fraction(0))


def _theory_converges(run: Any, _: int) -> Fraction:
    """Ask for the minimal polynomial of the start's distance from equilibrium under a step."""
    weights = weights_of(run["parameters"])
    level = run["parameters"]["capacity"] / sum(weights)
    distance = [m - level for m in run["theory"][0]]
    basis: list[tuple[int, list[Fraction]]] = []
    for k in range(len(weights) + 1):
        # Behind the vector stands how it is made from the distances so far.
        made = [*distance, *(Fraction(i == k) for i in range(len(weights) + 1))]
        for pivot, b in basis:
            made = [x - made[pivot] / b[pivot] * y for x, y in zip(made, b, strict=True)]
        pivot = next(i for i, x in enumerate(made) if x)
        if pivot >= len(weights):
            return Fraction(jury(made[len(weights) + k :: -1][: k + 1]))
        basis.append((pivot, made))
        advancing = sum((w * x for w, x in zip(weights[1:], distance, strict=False)), Fraction(0))
        distance = [-advancing / weights[0], *distance[:-1]]
    raise RejectedError("more independent distances than stages")


def _cycle_spread(run: Any, t: int) -> Fraction:
    states = run["simulation"]
    first = [i for i in range(t) if states[i] == states[t]]
    return max(map(_spread, states[first[-1] : t])) if first else Fraction(0)


def _root_product(run: Any, _: int) -> Fraction:
    weights = weights_of(run["parameters"])
    return weights[-1] / weights[0]


OBSERVABLES: Final[dict[str, Callable[[Any, int], Fraction]]] = {
    "l0": lambda run, _: Fraction(run["parameters"]["l0"]),
    "max_theory": lambda run, t: max(run["theory"][t]),
    "min_theory": lambda run, t: min(run["theory"][t]),
    "max_simulation": lambda run, t: max(run["simulation"][t]),
    "min_simulation": lambda run, t: min(run["simulation"][t]),
    "spread_theory": lambda run, t: _spread(run["theory"][t]),
    "spread_simulation": lambda run, t: _spread(run["simulation"][t]),
    "mean_spread_theory": lambda run, t: _mean_spread(run["theory"], t),
    "mean_spread_simulation": lambda run, t: _mean_spread(run["simulation"], t),
    "delta_at_peak": lambda run, t: max(_at(run, t, max, _delta(run, t))),
    "delta_at_trough": lambda run, t: min(_at(run, t, min, _delta(run, t))),
    "evicted_at_peak": lambda run, t: min(_at(run, t, max, _evicted(run, t))),
    "weighted_delta": _weighted_delta,
    "merge_gap": _merge_gap,
    "root_product": _root_product,
    "theory_converges": _theory_converges,
    "cycle_spread_simulation": _cycle_spread,
}
"""Figures at step t of a run {"parameters", "theory", "simulation", "typed_*"}; of several
stages where M^S is extreme, the one kindest to the claim counts."""


def parameters_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read l0 >= 1, 1 <= l_a < l_b, 0 < q < 1 and capacity > 0."""
    p = {**point_of(data), "l_a": data["l_a"], "l_b": data["l_b"]}
    demand(set(p) == {"l0", "l_a", "l_b", "q", "capacity"}, "wrong parameters")
    demand(type(p["l_a"]) is int and type(p["l_b"]) is int, "l_a and l_b are integers")
    demand(1 <= p["l_a"] < p["l_b"] <= SIZE_MAX and p["l0"] >= 1, "l0 >= 1, 1 <= l_a < l_b")
    demand(0 < p["q"] < 1 and p["capacity"] > 0, "0 < q < 1, capacity > 0")
    return p


def starts_of(parameters: Mapping[str, Any], start: Any, typed_start: Any) -> dict[str, Any]:
    """Read the start of every system; of the typed ones only if their start is given."""
    q, l_a, state = parameters["q"], parameters["l_a"], [rational(m) for m in start]
    tokens = [w * m for w, m in zip(weights_of(parameters), state, strict=True)]
    demand(
        min(state) >= 0 and sum(tokens) == parameters["capacity"], "the start is off the balance"
    )
    starts: dict[str, Any] = {"theory": state, "simulation": state}
    if typed_start is not None:
        typed = tuple([rational(x) for x in part] for part in typed_start)
        demand([len(part) for part in typed] == [l_a, len(state)], "typed start: wrong length")
        demand(min(typed[0] + typed[1]) >= 0 and _merged(q, typed) == state, "typed start is off")
        starts |= {"typed_theory": typed, "typed_simulation": typed}
    return starts


def compare(run: Mapping[str, Any], t: int, comparison: Any) -> bool:
    """Decide (observable, relation, observable or rational) at step t."""
    left, relation, right = comparison
    signs: dict[str, Callable[[Fraction, Fraction], bool]] = {
        "<": Fraction.__lt__,
        "<=": Fraction.__le__,
        "==": Fraction.__eq__,
        "!=": Fraction.__ne__,
        ">=": Fraction.__ge__,
        ">": Fraction.__gt__,
    }
    other = OBSERVABLES[right](run, t) if right in OBSERVABLES else rational(right)
    return signs[relation](OBSERVABLES[left](run, t), other)
