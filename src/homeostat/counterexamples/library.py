"""The conjectures of note 003 as data, with neighbours that are false on purpose.

A name is the id of the claim it settles, without the domain. Ties are taken in the
claim's favour by the observables, so a violation holds whichever stage is chosen.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from homeostat.counterexamples.conjectures import Comparison, Conjecture
from homeostat.errors import InvalidInputError

__all__ = ["CONJECTURES", "find_conjecture"]

_SPREAD: Final[Comparison] = ("spread_theory", "<", "spread_simulation")
_GAP_HOLDS: Final[Comparison] = ("delta_at_peak", ">=", "delta_at_trough")
_GAP_FAILS: Final[Comparison] = ("delta_at_peak", "<", "delta_at_trough")
_MINIMUM: Final[Comparison] = ("min_simulation", "<", "min_theory")

_ALL: Final = (
    Conjecture(
        name="g_dominance",
        statement="From every start, G^T(t) >= G^S(t) for all t.",
        violated_when=(_SPREAD,),
    ),
    Conjecture(
        name="g_dominance_canonical",
        statement="From the canonical start, for coprime and stable parameters, "
        "G^T(t) >= G^S(t) for all t.",
        assumes=("canonical", "coprime", "stable"),
        violated_when=(_SPREAD,),
    ),
    Conjecture(
        name="g_dominance_large_l0",
        statement="From the canonical start, for stable parameters with l0 >= 1000, "
        "G^T(t) >= G^S(t) for all t.",
        assumes=("canonical", "stable", ("l0", ">=", "1000")),
        violated_when=(_SPREAD,),
    ),
    Conjecture(
        name="max_dominance",
        statement="max M^T(t) >= max M^S(t) for all t.",
        violated_when=(("max_theory", "<", "max_simulation"),),
    ),
    Conjecture(
        name="min_dominance",
        statement="min M^T(t) <= min M^S(t) for all t.",
        violated_when=(_MINIMUM,),
    ),
    Conjecture(
        name="min_when_theory_negative",
        statement="Whenever min M^T(t) < 0, min M^S(t) >= min M^T(t).",
        violated_when=(("min_theory", "<", "0"), _MINIMUM),
    ),
    Conjecture(
        name="min_when_theory_nonnegative",
        statement="Whenever min M^T(t) >= 0, min M^S(t) >= min M^T(t).",
        violated_when=(("min_theory", ">=", "0"), _MINIMUM),
    ),
    Conjecture(
        name="delta_at_peak",
        statement="D = M^T - M^S is >= 0 at the stage where M^S is largest, for all t.",
        violated_when=(("delta_at_peak", "<", "0"),),
    ),
    Conjecture(
        name="delta_gap_sufficient",
        statement="D at the peak of M^S >= D at its trough implies G^T(t) >= G^S(t).",
        violated_when=(_GAP_HOLDS, _SPREAD),
    ),
    Conjecture(
        name="delta_gap_necessary",
        statement="G^T(t) >= G^S(t) implies D at the peak of M^S >= D at its trough.",
        violated_when=(("spread_theory", ">=", "spread_simulation"), _GAP_FAILS),
    ),
    Conjecture(
        name="case_d_never",
        statement="Never is D < 0 at the peak of M^S and > 0 at its trough.",
        violated_when=(("delta_at_peak", "<", "0"), ("delta_at_trough", ">", "0")),
    ),
    Conjecture(
        name="peak_never_evicted",
        statement="Nothing is evicted at the stage where M^S is largest after the step.",
        violated_when=(("evicted_at_peak", ">", "0"),),
    ),
    Conjecture(
        name="weighted_delta_zero",
        statement="sum W_s D_s(t) = 0 for all t.",
        violated_when=(("weighted_delta", "!=", "0"),),
    ),
    Conjecture(
        name="merge_exact",
        statement="With the types divided p:q at the start, the typed systems, merged, "
        "equal the merged ones for all t.",
        assumes=("split",),
        violated_when=(("merge_gap", "!=", "0"),),
    ),
    Conjecture(
        name="merge_any_split",
        statement="However the types are divided at the start, the typed systems, merged, "
        "equal the merged ones for all t.",
        violated_when=(("merge_gap", "!=", "0"),),
    ),
    Conjecture(
        name="weak_time_average",
        statement="The mean of G^T over 1 .. t is >= the mean of G^S, for all t.",
        violated_when=(("mean_spread_theory", "<", "mean_spread_simulation"),),
    ),
    Conjecture(
        name="weak_limsup",
        statement="limsup G^S(t) <= limsup G^T(t); violated where G^T goes to 0 and S runs into "
        "a cycle with G^S > 0.",
        violated_when=(("theory_converges", "==", "1"), ("cycle_spread_simulation", ">", "0")),
    ),
    Conjecture(
        name="coprime_stable",
        statement="gcd(l_a, l_b) = 1 implies that every root lies inside the unit circle.",
        assumes=("coprime",),
        violated_when=(("root_product", ">=", "1"),),
    ),
    Conjecture(
        name="g_dominance_reversed",
        statement="False on purpose: G^T(t) <= G^S(t) for all t.",
        violated_when=(("spread_theory", ">", "spread_simulation"),),
        canary=True,
    ),
    Conjecture(
        name="min_when_theory_negative_reversed",
        statement="False on purpose: whenever min M^T(t) < 0, min M^S(t) <= min M^T(t).",
        violated_when=(("min_theory", "<", "0"), ("min_simulation", ">", "min_theory")),
        canary=True,
    ),
    Conjecture(
        name="theory_equals_simulation",
        statement="False on purpose: max M^T(t) = max M^S(t) for all t.",
        violated_when=(("max_theory", "!=", "max_simulation"),),
        canary=True,
    ),
    Conjecture(
        name="delta_gap_sufficient_reversed",
        statement="False on purpose: D at the peak >= D at the trough implies G^T <= G^S.",
        violated_when=(_GAP_HOLDS, ("spread_theory", ">", "spread_simulation")),
        canary=True,
    ),
)

CONJECTURES: Final[Mapping[str, Conjecture]] = MappingProxyType({c.name: c for c in _ALL})
"""Every built-in conjecture by name; canaries have ``canary`` set."""


def find_conjecture(name: str) -> Conjecture:
    """Return a built-in conjecture; dashes in the name count as underscores.

    Raises:
        InvalidInputError: There is no conjecture of that name.
    """
    found = CONJECTURES.get(name.replace("-", "_"))
    if found is None:
        raise InvalidInputError(f"conjecture {name!r} must be one of {sorted(CONJECTURES)}")
    return found
