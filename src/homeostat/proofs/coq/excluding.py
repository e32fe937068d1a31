"""Kind case_tree, "never", as Coq text: the tree becomes a term that Never.v checks."""

from collections.abc import Iterator, Mapping
from typing import Any

from homeostat.proofs.coq.runs import comparisons_text
from homeostat.proofs.coq.settling import (
    DEPTH_MAX,
    modes_with_child,
    parameters_text,
    proof_text,
    weights_text,
)
from homeostat.proofs.coq.terms import integer, listed, natural
from homeostat.proofs.polynomials import demand
from homeostat.proofs.trees import System, lines

__all__ = ["excluding"]

Data = Mapping[str, Any]


def _cells(proofs: Any) -> str:
    def pairs(data: Any) -> str:
        return listed(f"({natural(i)}, {integer(k)})" for i, k in data)

    return listed(f"({pairs(own)}, {pairs(others)})" for own, others in proofs)


def _tree(system: System, nodes: Iterator[Any], steps: int) -> str:
    def grow(state: Any, left: int) -> str:
        node: Any = next(nodes, [])
        demand(type(node) is list and len(node) in (2, 5), "the tree ends too early")
        if node[0] == "end":
            return f"(End {_cells(node[1])})"
        demand(left > 0, "the tree is too deep")
        lo, hi, below, above, proofs = node
        modes = modes_with_child(system, state, lo, hi)
        branches = "".join(f"\n(Branch {j} {grow(system.step(state, j), left - 1)} " for j in modes)
        return (
            f"(Inner {lo} {hi} {proof_text(below)} {proof_text(above)} {_cells(proofs)} "
            f"{branches}Nothing{')' * len(modes)})"
        )

    return grow(system.start(0), steps)


def excluding(theorem: Data, evidence: Data) -> str:
    """Return the data, the theorem and its proof.

    Raises:
        RejectedError: The tree is malformed, too deep, or about figures that have no cells.
    """
    system, steps = System(theorem["parameters"]), theorem["steps"]
    demand(type(steps) is int and 0 <= steps < DEPTH_MAX, f"steps must be below {DEPTH_MAX}")
    nodes = lines(evidence["trees"])
    tree = _tree(system, nodes, steps)
    demand(next(nodes, nodes) is nodes, "a node after the tree")
    never = comparisons_text(theorem["never"])
    return f"""\
{parameters_text(theorem["parameters"])}
{weights_text(system.parameters)}
Definition excluding_tree : never_tree := {tree}%Z.

(** From every start, at no step 0 .. {steps} all the comparisons hold together. *)
Theorem never_from_any_start :
  forall M, start p M -> forall t, (t <= {natural(steps)})%nat ->
  ~ all_compare p (history p (beginning M []) t) {never}.
Proof.
  apply (never_together p scale W excluding_tree {natural(steps)} {never}).
  vm_compute. reflexivity.
Qed.
"""
