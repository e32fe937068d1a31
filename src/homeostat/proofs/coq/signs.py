"""Kind sign_on_interval as Coq text."""

from collections.abc import Mapping
from typing import Any

from homeostat.proofs.coq.terms import listed, rational_term
from homeostat.proofs.polynomials import demand, rational

__all__ = ["sign_on_interval"]

Data = Mapping[str, Any]


def sign_on_interval(theorem: Data, evidence: Data) -> str:
    """Return the theorem on a polynomial's sign, for all rational x, and its proof."""
    coefficients = listed(rational_term(rational(x)) for x in theorem["polynomial"])
    cuts = listed(rational_term(rational(x)) for x in evidence["cuts"])
    low = rational_term(rational(theorem["from"]))
    demand(theorem["sign"] in (">", "<"), "no such sign")
    value = "polynomial_at p x"
    said = f"0 < {value}" if theorem["sign"] == ">" else f"{value} < 0"
    lemma = "positive" if theorem["sign"] == ">" else "negative"
    if theorem["to"] is None:
        where, used = f"{low} <= x", f"{lemma}_from {low} {cuts} p"
    else:
        high = rational_term(rational(theorem["to"]))
        where, used = f"{low} <= x <= {high}", f"{lemma} {low} {cuts} {high} p"
    return f"""\
(** Coefficients from the constant upwards. *)
Definition p : list Q := {coefficients}.

Theorem sign_on_interval : forall x, {where} -> {said}.
Proof.
  apply ({used}).
  vm_compute. reflexivity.
Qed.
"""
