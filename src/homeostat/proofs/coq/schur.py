"""Kind schur as Coq text.

Coq's standard library has no complex numbers; what is stated is what the roots decide. Stable:
from every start Theory tends to the equilibrium. Not stable: from some start it does not.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from homeostat.proofs.coq.lyapunov import lyapunov_text
from homeostat.proofs.coq.rising import rising_text
from homeostat.proofs.coq.settling import parameters_text, weights_text
from homeostat.proofs.coq.terms import listed, rational_term
from homeostat.proofs.polynomials import demand, rational
from homeostat.proofs.systems import parameters_of, weights_of

__all__ = ["schur", "stability_text"]

Data = Mapping[str, Any]


def stability_text(parameters: Data, *, stable: bool, known: Any = None) -> str:
    """Return the theorem that p is stable, or not, and its proof.

    Args:
        parameters: As ``parameters_of`` returns them.
        stable: What is to be stated.
        known: P > 0 with P - A'PA > 0, if it is known.
    """
    if stable:
        data, name = lyapunov_text(parameters, known), "stable"
        used = "theory_converges p scale W shrinking"
        words = "From every start, all stages of Theory tend to the equilibrium."
    else:
        data, name, used = rising_text(parameters), "not_stable", "rises p scale W growing"
        words = "From some start, not all stages of Theory tend to the equilibrium."
    return f"""\
{weights_text(parameters)}
{data}
(** {words} *)
Theorem p_is_{name} : {name} p.
Proof.
  refine ({used} _).
  vm_compute. reflexivity.
Qed.
"""


def _factor(parameters: Data, b: Fraction) -> str:
    rest, quotient = weights_of(parameters), []
    while len(rest) > 2:
        lead, x, y, *more = rest
        quotient.append(lead)
        rest = [x - b * lead, y - lead, *more]
    ascending = listed(map(rational_term, reversed(quotient)))
    return f"""\
(** A factor of the stage polynomial has its roots on the unit circle. *)
Theorem p_is_on_the_circle : root_on_circle p {rational_term(b)}.
Proof.
  apply (factor_on_circle p {rational_term(b)} {ascending}).
  vm_compute. reflexivity.
Qed.

"""


def schur(theorem: Data, evidence: Data) -> str:
    """Return the theorem that the certificate's verdict means, and its proof."""
    parameters, says = parameters_of(theorem["parameters"]), theorem["says"]
    demand(says in ("stable", "not stable", "on the circle"), "says something else")
    text = f"{parameters_text(theorem['parameters'])}\n"
    if "factor" in evidence:
        demand(says == "on the circle", "a factor shows roots on the circle")
        return (
            text
            + _factor(parameters, rational(evidence["factor"]))
            + stability_text(parameters, stable=False)
        )
    known = [[rational(x) for x in row] for row in evidence.get("lyapunov", [])]
    return text + stability_text(parameters, stable=says == "stable", known=known)
