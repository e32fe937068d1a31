"""Kinds enumeration and replay: a conjecture along one run, as Coq text."""

from collections.abc import Mapping
from typing import Any, Final

from homeostat.proofs.coq.lyapunov import lyapunov_text
from homeostat.proofs.coq.settling import parameters_text, weights_text
from homeostat.proofs.coq.terms import listed, natural, rational_term
from homeostat.proofs.polynomials import demand, rational
from homeostat.proofs.systems import parameters_of, starts_of

__all__ = ["comparisons_text", "enumeration", "replay"]

Data = Mapping[str, Any]
FIGURES: Final = {
    name: name.capitalize()
    for name in [
        "root_product",
        "max_theory",
        "min_theory",
        "spread_theory",
        "mean_spread_theory",
        "max_simulation",
        "min_simulation",
        "spread_simulation",
        "mean_spread_simulation",
        "delta_at_peak",
        "delta_at_trough",
        "evicted_at_peak",
        "weighted_delta",
        "merge_gap",
        "cycle_spread_simulation",
    ]
} | {"l0": "Prompt"}
COMPARISONS: Final = {
    "<": "Below",
    "<=": "At_most",
    "==": "Equal",
    "!=": "Differs",
    ">=": "At_least",
    ">": "Above",
}


def _figure(figure: Any) -> str:
    if figure in FIGURES:
        return FIGURES[figure]
    demand(figure != "theory_converges", "no export of theory_converges from one start")
    return f"(Number {rational_term(rational(figure))})"


def comparisons_text(comparisons: Any) -> str:
    """Return comparisons of figures, in the kernel's format, as a Coq list."""
    return listed(
        f"({_figure(left)}, {COMPARISONS[how]}, {_figure(right)})"
        for left, how, right in comparisons
    )


def _start(theorem: Data) -> tuple[str, str, str]:
    """Return definitions, what is said of the start, and its proof."""
    p = parameters_of(theorem["parameters"])
    starts = starts_of(p, theorem["start"], theorem["typed_start"])
    state = listed(map(rational_term, starts["theory"]))
    said, proof, typed = "start p M", "apply starts. vm_compute. reflexivity.", "[]"
    if theorem["typed_start"] is not None:
        a, b = starts["typed_theory"]
        padded = [*a, *[0] * (len(b) - len(a))]
        typed = listed(
            f"({rational_term(x)}, {rational_term(y)})" for x, y in zip(padded, b, strict=True)
        )
        said += " /\\ typed_start p M T"
        proof = f"split; [{proof[:-1]}|apply typed_starts. vm_compute. reflexivity]."
        proof = proof.replace(". ", "; ")
    text = f"""\
{parameters_text(theorem["parameters"])}
Definition M : list Q := {state}.
Definition T : typed := {typed}.
"""
    return text, said, proof


def enumeration(theorem: Data, _: Data) -> str:
    """Return the theorem that comparisons never hold together, and its proof."""
    definitions, said, proof = _start(theorem)
    steps, never = theorem["steps"], comparisons_text(theorem["never"])
    demand(theorem["never"] and steps, "nothing is enumerated")
    return f"""\
{definitions}
Theorem start_is_admitted : {said}.
Proof. {proof} Qed.

(** From this start all the comparisons hold together at no step 1 .. {steps}. *)
Theorem never_together : forall t, (1 <= t <= {natural(steps)})%nat ->
  ~ all_compare p (history p (beginning M T) t) {never}.
Proof.
  apply (enumeration p (beginning M T) {natural(steps)} {never}).
  vm_compute. reflexivity.
Qed.
"""


def replay(theorem: Data, _: Data) -> str:
    """Return the theorem that a witness breaks a conjecture at its step, and its proof."""
    definitions, said, proof = _start(theorem)
    words = [word for word in theorem["assumes"] if isinstance(word, str)]
    compared = [word for word in theorem["assumes"] if not isinstance(word, str)]
    demand(theorem["violated_when"], "no violation")
    facts = {
        "canonical": ("canonical p M", "apply same_numbers_sound. vm_compute. reflexivity."),
        "coprime": ("Nat.gcd (l_a p) (l_b p) = 1%nat", "vm_compute. reflexivity."),
        "stable": (
            "stable p",
            "refine (theory_converges p scale W shrinking _). vm_compute. reflexivity.",
        ),
    }
    if "stable" in words:
        p = parameters_of(theorem["parameters"])
        definitions += f"\n{weights_text(p)}\n{lyapunov_text(p)}"
    theorems = "".join(
        f"\nTheorem start_is_{word} : {facts[word][0]}.\nProof. {facts[word][1]} Qed.\n"
        for word in words
    )
    return f"""\
{definitions}
Theorem start_is_admitted : {said}.
Proof. {proof} Qed.
{theorems}
(** At step {theorem["step"]} what the conjecture assumes holds, and what would break it. *)
Theorem breaks : all_compare p (history p (beginning M T) {natural(theorem["step"])})
  {comparisons_text([*compared, *theorem["violated_when"]])}.
Proof. apply replay. vm_compute. reflexivity. Qed.
"""
