"""G-dominance: that the spread of Theory is never smaller than that of Simulation."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

from homeostat.counterexamples import replay
from homeostat.models.batching import BatchingParameters, canonical_start, equilibrium
from homeostat.proofs.certificates import (
    farkas,
    induction,
    replayed,
    run_example,
    scan,
    scan_theorem,
    schur,
)
from homeostat.proofs.claims import Claim, false_scan, wrong_step
from homeostat.proofs.engines.schur import lyapunov
from homeostat.proofs.theory.batching.common import (
    ANY_SYSTEM,
    DATA,
    POSITIVE,
    data_set_scope,
    from_corpus,
    on_data_set,
    refutable,
    reversed_canary,
    section,
    smallest_witness,
)
from homeostat.proofs.theory.batching.conservation import nonnegative_certificate
from homeostat.proofs.verdicts import Proved, Refuted, Unknown, Verdict

__all__ = ["CLAIMS"]

_BOTH = ("theory", "simulation")


def _decide_with_stability(name: str) -> Verdict:
    """Refute by the corpus, with a Lyapunov certificate that the witness's system is stable."""
    found = from_corpus(name)
    if not found:
        return Unknown(reason=f"no witness against {name} in the corpus")
    witness = found[0]
    replay(witness)
    stable = schur(witness.parameters, "stable", {"lyapunov": lyapunov(witness.parameters)})
    return Refuted(witnesses=(witness,), certificates=(replayed(witness), stable))


def _with_stability(name: str, title: str, statement: str, scope: str, number: str) -> Claim:
    return Claim(
        id=f"batching.{name}",
        title=title,
        statement=statement,
        scope=scope,
        source=section(number),
        decide=partial(_decide_with_stability, name),
        canary=wrong_step(partial(smallest_witness, name)),
        vacuity="the witness meets every assumption; a rational Lyapunov matrix shows stability",
        property_twin=name,
    )


# Two stages. V, U are the weights of stages 0 and 1; T0, T1, S0, S1 the states of both systems.
# Invariant: the distance of Simulation's two stages is at most that of Theory's. Without an
# eviction both distances are multiplied by U/V; an eviction makes Simulation's smaller.
_STATE = (
    "V*T0 + U*T1 = B",
    "V*S0 + U*S1 = B",
    "S0 >= 0",
    "S1 >= 0",
    "S1*S1 - 2*S1*S0 + S0*S0 <= T1*T1 - 2*T1*T0 + T0*T0",
)
_AFTER = {"T1": "t", "T0": "n_T", "S1": "s", "S0": "n_S"}
_TWO = BatchingParameters(1, 1, 2, "9/10", 1)
_TWO_START = canonical_start(_TWO)
_KEPT = ["t = T0", "e_T = U*T0", "e_S = U*S0"]
_TWO_INVARIANTS = {
    "run/open/0": ["e_T = 0", "e_S = 0"],
    "run/open/1": [*_KEPT, "s = S0", "U*S0 <= B"],
    "run/cut/1": [*_KEPT, "U*s = B", "U*S0 > B"],
    "run/open/2": [],
    "run/cut/2": [],
}
_GAP_T = "V*V*t*t - 2*V*V*t*n_T + V*V*n_T*n_T"
_GAP_S = "V*V*s*s - 2*V*V*s*n_S + V*V*n_S*n_S"
_GROWS_T = [
    "V*t - V*n_T = U*T0 - U*T1",
    f"{_GAP_T} = U*U*T1*T1 - 2*U*U*T1*T0 + U*U*T0*T0",
]
_TWO_HINTS = {
    "run/open/1 last 4": [
        *_GROWS_T,
        "V*s - V*n_S = U*S0 - U*S1",
        f"{_GAP_S} = U*U*S1*S1 - 2*U*U*S1*S0 + U*U*S0*S0",
        f"{_GAP_S} <= {_GAP_T}",
    ],
    "run/cut/1 last 4": [
        *_GROWS_T,
        "n_S = 0",
        "s > 0",
        "S0 - s > 0",
        "U*S0 - U*S1 - V*s > 0",
        "U*U*S0*S0 - 2*U*U*S0*S1 + U*U*S1*S1 - V*V*s*s >= 0",
        f"V*V*s*s <= {_GAP_T}",
        "s*n_S = 0",
        "n_S*n_S = 0",
        f"{_GAP_S} <= {_GAP_T}",
    ],
}


def _two_stage_step(then: tuple[str, ...]) -> dict[str, Any]:
    return scan_theorem(
        [*_BOTH, "counter"],
        given=["B > 0", "V > 0", "U > 0", *_STATE],
        carry={"t": ("0", "k_T"), "s": ("0", "k_S")},
        each=["w = U", "m_T = T0", "m_S = S0"],
        last=["w = V"],
        ends=["run/open/1", "run/cut/1"],
        then_last=then,
    )


def _renamed(text: str) -> str:
    return re.sub(r"[TS][01]", lambda found: _AFTER[found.group()], text)


def _two_stage_example() -> dict[str, Any]:
    fixed = dict(zip(("V", "U"), _TWO.weights, strict=True))
    states = {f"{x}{s}": m for x in "TS" for s, m in enumerate(_TWO_START)}
    return run_example(_TWO, _TWO_START, _BOTH, **fixed, **states)


def _decide_two_stages() -> Proved:
    step = _two_stage_step(tuple(map(_renamed, _STATE)))
    spread = induction(
        step,
        _TWO_INVARIANTS,
        example=_two_stage_example(),
        hints=_TWO_HINTS,
        whole=_STATE,
        after=_AFTER,
    )
    # Of two stages the spread is the distance, so its square orders the spreads.
    squares = farkas(
        ["G_T >= 0", "G_S >= 0", "G_S*G_S <= G_T*G_T"],
        "G_T >= G_S",
        example={"G_T": "2", "G_S": "1"},
    )
    return Proved(certificates=(spread, squares))


def _first_eviction(top: str) -> dict[str, Any]:
    return scan_theorem(
        _BOTH,
        given=["B > 0"],
        each=[*POSITIVE, "m_T = m_S", "m_S >= 0"],
        last=POSITIVE,
        ends=["run/cut"],
        then_each=["k_S >= 0", "k_S <= k_T"],
        then_last=["n_S = 0", top],
    )


_EVICTION = {"run/open": ["e_T = e_S", "e_S <= B"], "run/cut": ["e_T > B"]}
_EVICTING = DATA["data_set_1"].parameters


def _before_eviction() -> dict[str, Any]:
    level = equilibrium(_EVICTING)
    theorem = scan_theorem(
        _BOTH,
        given=["B > 0"],
        each=[*POSITIVE, "m_T = m_S", "w*m_S <= B - e_S"],
        last=POSITIVE,
        then_each=["k_S = k_T"],
        then_last=["n_S = n_T"],
    )
    example = run_example(_EVICTING, level, _BOTH)
    return scan(theorem, {"run/open": ["e_T = e_S"]}, example=example)


def _decide_first_eviction() -> Proved:
    at_start = canonical_start(_EVICTING)
    extremes = ["u >= T_i", "u >= T_0", "l <= T_0", "T_0 < 0", "S_0 = 0", "S_j >= 0"]
    point = {"u": "2", "T_i": "2", "T_0": "-1", "l": "-1", "S_0": "0", "S_i": "1", "S_j": "0"}
    return Proved(
        certificates=(
            _before_eviction(),
            nonnegative_certificate(),
            scan(
                _first_eviction("n_T < 0"),
                _EVICTION,
                example=run_example(_EVICTING, at_start, _BOTH),
            ),
            farkas([*extremes, "S_i <= T_i"], "S_i - S_j <= u - l", example=point),
            farkas(extremes, "S_0 - S_j <= u - l", example=point),
        )
    )


_EXTREMES = (
    ("max_dominance", "Theory's maximum is the larger one", "max M^T >= max M^S"),
    ("min_dominance", "Theory's minimum is the smaller one", "min M^T <= min M^S"),
)

CLAIMS = (
    refutable(
        "g_dominance",
        "The spread of Theory is never below that of Simulation, from any start",
        "G^T(t) >= G^S(t) for all t, from every shared start.",
        "4.1",
    ),
    _with_stability(
        "g_dominance_canonical",
        "From a canonical start, coprime and stable, Theory's spread is never smaller",
        "G^T(t) >= G^S(t) for all t, from M(0) = [B/W_0, 0, ..., 0], whenever "
        "gcd(l_A, l_B) = 1 and Theory is stable.",
        "all coprime stable parameters, the canonical start, all t",
        "4.1",
    ),
    _with_stability(
        "g_dominance_large_l0",
        "With prompts of 1000 tokens or more Theory's spread is never smaller",
        "G^T(t) >= G^S(t) for all t, from the canonical start, whenever Theory is "
        "stable and l0 >= 1000.",
        "all stable parameters with l0 >= 1000, the canonical start, all t",
        "4.3",
    ),
    Claim(
        id="batching.g_dominance_two_stages",
        title="With two stages the spread of Theory is never below that of Simulation",
        statement="For l_B = 2, G^T(t) >= G^S(t) for all t, from every shared start.",
        scope="l_A = 1, l_B = 2, every l0 and q; every start M(0) >= 0 with sum W_s M_s = B, "
        "B > 0; all t",
        source=section("-"),
        decide=_decide_two_stages,
        canary=false_scan(
            "Simulation's distance is at most half of Theory's",
            _two_stage_step(("4*s*s - 8*s*n_S + 4*n_S*n_S <= t*t - 2*t*n_T + n_T*n_T",)),
            _TWO_INVARIANTS,
            _two_stage_example(),
        ),
        vacuity="the canonical start at l0 = 1, q = 9/10",
        remark="The certificate keeps the order of the squared distances of the two stages; both "
        "start from the same state, so it holds at the start, and of two stages the spread is "
        "the distance.",
        property_twin="g_dominance_two_stages",
    ),
    Claim(
        id="batching.first_eviction_dominance",
        title="At the first eviction the spread of Theory is at least that of Simulation",
        statement="Until the first step that evicts both systems are equal, and at that step "
        "G^T >= G^S.",
        scope=f"{ANY_SYSTEM}, every B > 0, every start M(0) >= 0",
        source=section("-"),
        decide=_decide_first_eviction,
        canary=false_scan(
            "Theory's admission is positive when Simulation evicts",
            _first_eviction("n_T > 0"),
            _EVICTION,
            run_example(_EVICTING, canonical_start(_EVICTING), _BOTH),
        ),
        vacuity="the first step of data set 1 evicts; its equilibrium never does",
        remark="In order: a step that evicts nothing leaves both systems equal, so until the first "
        "eviction they are; Simulation's stages are never negative; at the eviction each stage "
        "of Simulation is at most Theory's, its stage 0 is empty and Theory's is negative; so "
        "any two stages i, j of Simulation differ by no more than Theory's extremes u and l.",
        property_twin="first_eviction_dominance",
    ),
    *(
        Claim(
            id=f"batching.{name}.{data.name}",
            title=f"{title}: {data.name.replace('_', ' ')}",
            statement=f"{statement} at every step 1 .. {data.step_count}.",
            scope=data_set_scope(data),
            source=section("5.2"),
            decide=on_data_set(name, data),
            canary=reversed_canary(name, data),
            vacuity="an exact run of the data set",
            property_twin=name,
        )
        for data in DATA.values()
        for name, title, statement in _EXTREMES
    ),
    *(
        refutable(
            name,
            f"{title}, from any start",
            f"{statement} for all t, from every shared start.",
            "5.2",
            case=".free",
        )
        for name, title, statement in _EXTREMES
    ),
    refutable(
        "weak_time_average",
        "On average over time the spread of Theory is at least that of Simulation",
        "The mean of G^T over 1 .. t is >= the mean of G^S over 1 .. t, for all t.",
        "8.3",
    ),
    replace(
        refutable(
            "weak_limsup",
            "In the long run the spread of Theory is at least that of Simulation",
            "limsup G^S(t) <= limsup G^T(t).",
            "8.3",
            remark="The system is unstable, but from this start Theory converges; one eviction "
            "moves Simulation off the starts that do, and it ends in a cycle. Where Theory is "
            "stable and simulation_converges is proved, both sides are 0 and the sentence holds.",
        ),
        property_twin=None,
    ),
)
