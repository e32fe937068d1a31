"""The suite ``batching``: every claim of note 003 that a trajectory can be tried on.

True statements come first, then those that are known to be false: they must come back
refuted, or the survivors' cases mean little. A property whose name is a conjecture's
uses that conjecture's own definition, and its counterexample is a witness that
``homeostat replay`` confirms.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from homeostat.counterexamples.conjectures import Conjecture
from homeostat.counterexamples.library import CONJECTURES
from homeostat.counterexamples.witness import Witness, observations
from homeostat.models.batching import BatchingParameters, Pair
from homeostat.properties.results import Violation
from homeostat.properties.statements import Property, Suite
from homeostat.properties.strategies.batching import batching_parameters, pairs
from homeostat.properties.suites import batching_checks as checks
from homeostat.properties.suites.batching_conformance import batching_conformance

__all__ = ["BATCHING", "NOT_FUZZED"]

Cases = Callable[[], SearchStrategy[Any]]


def _large_l0() -> SearchStrategy[Pair]:
    # Violations from the canonical start need l_a = 1, a system that is slow to settle
    # (small q) and more than twenty steps; a start of its own keeps most cases admitted.
    systems = batching_parameters(l0=st.integers(1000, 5000).map(Fraction), l_a_max=1, l_b_max=8)
    return pairs(parameters=systems, start="canonical", step_count=30)


def _canonical() -> SearchStrategy[Pair]:
    return pairs(parameters=batching_parameters(l_a_max=2), start="canonical", step_count=16)


def _slow_to_average() -> SearchStrategy[Pair]:
    # A mean forgets early steps slowly; with l_a = 1 Theory's spread falls soonest.
    return pairs(parameters=batching_parameters(l_a_max=1), step_count=20)


def _stages(l_b: int) -> SearchStrategy[Pair]:
    systems = batching_parameters(l_b_max=l_b).filter(lambda system: system.l_b == l_b)
    return pairs(parameters=systems)


def _common_factor() -> SearchStrategy[BatchingParameters]:
    return batching_parameters(l_b_max=9).filter(lambda system: not system.coprime)


# Conjectures by expectation, with the cases to try them on.
_TRUE: Final[Mapping[str, Cases]] = MappingProxyType(
    {
        "merge_exact": pairs,
        "weighted_delta_zero": pairs,
        "min_when_theory_negative": pairs,
        "delta_gap_sufficient": pairs,
    }
)
_FALSE: Final[Mapping[str, Cases]] = MappingProxyType(
    {
        "g_dominance": pairs,
        "g_dominance_canonical": _canonical,
        "g_dominance_large_l0": _large_l0,
        "max_dominance": pairs,
        "min_dominance": pairs,
        "min_when_theory_nonnegative": pairs,
        "delta_at_peak": pairs,
        "delta_gap_necessary": pairs,
        "case_d_never": pairs,
        "peak_never_evicted": pairs,
        "merge_any_split": partial(pairs, typed=True, step_count=8),
        "weak_time_average": _slow_to_average,
        "coprime_stable": pairs,
    }
)
NOT_FUZZED: Final[Mapping[str, str]] = MappingProxyType(
    {"weak_limsup": "starts that an unstable Theory forgets are a null set: no draw meets one"}
)
"""Conjectures that the suite leaves out, each with the reason."""


def _first_violation(conjecture: Conjecture, pair: Pair) -> Violation | None:
    step = conjecture.first_violation(pair)
    return None if step is None else Violation(step, observations(conjecture, pair, step))


def _admits(conjecture: Conjecture, pair: Pair) -> bool:
    return conjecture.admits(pair.parameters, pair.theory[0], pair.typed_start)


def _witness(conjecture: Conjecture, pair: Pair, violation: Violation) -> Mapping[str, Any]:
    found_by = {"method": "fuzz", "suite": "batching"}
    return Witness.of(conjecture, pair, violation.step, found_by).to_json()


def _of_conjecture(conjecture: Conjecture, cases: Cases, *, holds: bool) -> Property:
    return Property(
        name=conjecture.name,
        claim_id=None if conjecture.canary else f"batching.{conjecture.name}",
        statement=conjecture.statement,
        holds=holds,
        cases=cases,
        check=partial(_first_violation, conjecture),
        admits=partial(_admits, conjecture),
        example=partial(_witness, conjecture),
    )


def _true(
    name: str,
    statement: str,
    check: Callable[[Any], Violation | None],
    *,
    cases: Cases = pairs,
    claim: str | None = "",
) -> Property:
    claim_id = f"batching.{name}" if claim == "" else claim
    return Property(
        name=name, claim_id=claim_id, statement=statement, holds=True, cases=cases, check=check
    )


def _false(
    name: str,
    statement: str,
    check: Callable[[Any], Violation | None],
    *,
    cases: Cases = pairs,
) -> Property:
    return Property(
        name=name,
        claim_id=None,
        statement=f"False on purpose: {statement}",
        holds=False,
        cases=cases,
        check=check,
    )


def _spread_not_dominated(pair: Pair) -> Violation | None:
    return _first_violation(CONJECTURES["g_dominance"], pair)


_OWN_TRUE: Final = (
    _true(
        "token_balance",
        "Both systems hold sum W_s M_s = B at every step, from any start.",
        checks.at_steps(checks.token_balance_fails),
    ),
    _true(
        "nonnegative",
        "M^S(t) >= 0 at every stage and step.",
        checks.at_steps(checks.simulation_is_negative),
    ),
    _true(
        "equilibrium",
        "The state with all stages equal is a fixed point of T and of S.",
        checks.equilibrium_moves,
        cases=batching_parameters,
    ),
    _true(
        "equilibrium_is_unique",
        "A state on the token balance that T or S leaves alone is the equilibrium.",
        checks.at_steps(checks.other_fixed_point),
        claim="batching.equilibrium",
    ),
    _true(
        "companion_form",
        "T is affine, and its characteristic polynomial is z sum W_s z^(n-1-s) / W_0.",
        checks.companion_form_fails,
    ),
    _true(
        "common_factor_unstable",
        "gcd(l_a, l_b) > 1 implies that some root is not inside the unit circle.",
        checks.is_stable,
        cases=_common_factor,
    ),
    _true(
        "homogeneous_unstable",
        "With one request type every root is outside the unit circle.",
        checks.homogeneous_is_not_unstable,
        cases=batching_parameters,
    ),
    _true(
        "g_dominance_two_stages",
        "For l_b = 2, G^T(t) >= G^S(t) at every step, from any start.",
        _spread_not_dominated,
        cases=partial(_stages, 2),
    ),
    _true(
        "first_eviction_dominance",
        "At the first step that evicts, G^T >= G^S.",
        checks.at_first_eviction(checks.at_eviction_spread_is_smaller),
    ),
    _true(
        "float64_step_is_close",
        "A step in float64 differs from the exact step by rounding alone.",
        checks.at_steps(checks.float64_is_far),
        claim=None,
    ),
    _true(
        "float64_never_negative",
        "Simulation in float64 is never negative, not even by rounding.",
        checks.float64_turns_negative,
        claim=None,
    ),
    _true(
        "batch_is_bitwise_equal",
        "A NumPy batch gives, bit for bit, the float64 of one state at a time.",
        checks.batch_differs(np.float64),
        claim=None,
    ),
)

_OWN_FALSE: Final = (
    _false(
        "request_count_constant",
        "sum M^S_s never changes.",
        checks.at_steps(checks.request_count_changes),
    ),
    _false("theory_nonnegative", "M^T(t) >= 0.", checks.at_steps(checks.theory_is_negative)),
    _false(
        "every_start_rests", "every start is a fixed point of S.", checks.at_steps(checks.moves)
    ),
    _false(
        "companion_form_single_type",
        "the characteristic polynomial has the weights l0 + s + 1, without q.",
        checks.single_type_is_not_companion,
    ),
    _false(
        "common_factor_stable",
        "gcd(l_a, l_b) > 1 implies that every root is inside the unit circle.",
        checks.is_unstable,
        cases=_common_factor,
    ),
    _false(
        "homogeneous_stable",
        "with one request type every root is inside the unit circle.",
        checks.homogeneous_is_not_stable,
        cases=batching_parameters,
    ),
    _false(
        "g_dominance_three_stages",
        "for l_b = 3, G^T(t) >= G^S(t) at every step, from any start.",
        _spread_not_dominated,
        cases=partial(_stages, 3),
    ),
    _false(
        "first_eviction_dominance_reversed",
        "at the first step that evicts, G^T <= G^S.",
        checks.at_first_eviction(checks.at_eviction_spread_is_larger),
    ),
    _false(
        "float64_step_is_exact",
        "a step in float64 is the exact step.",
        checks.at_steps(checks.float64_is_inexact),
    ),
    _false(
        "batch_in_float32_is_equal",
        "a NumPy batch in float32 gives the float64 of one state at a time.",
        checks.batch_differs(np.float32),
    ),
)


def _conjectured() -> tuple[Property, ...]:
    canaries = {name: pairs for name, c in CONJECTURES.items() if c.canary}
    return (
        *(_of_conjecture(CONJECTURES[n], cases, holds=True) for n, cases in _TRUE.items()),
        *(
            _of_conjecture(CONJECTURES[n], cases, holds=False)
            for n, cases in {**_FALSE, **canaries}.items()
        ),
    )


BATCHING: Final = Suite(
    name="batching",
    properties=tuple(sorted((*_OWN_TRUE, *_conjectured(), *_OWN_FALSE), key=lambda p: not p.holds)),
    conformance=batching_conformance,
)
"""Two-type continuous batching, Theory against Simulation."""
