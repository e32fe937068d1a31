"""Kind case_tree, "settles", as Coq text: the tree becomes a term that Tree.v checks."""

from collections.abc import Iterator, Mapping
from math import lcm
from typing import Any, Final

from homeostat.proofs.coq.lyapunov import lyapunov_text
from homeostat.proofs.coq.terms import integer, listed, natural, rational_term
from homeostat.proofs.polynomials import demand, jury
from homeostat.proofs.systems import parameters_of, weights_of
from homeostat.proofs.trees import System, lines

__all__ = [
    "DEPTH_MAX",
    "modes_with_child",
    "parameters_text",
    "proof_text",
    "settling",
    "weights_text",
]

Data = Mapping[str, Any]
DEPTH_MAX: Final = 400
"""Deeper terms would overflow the stack of Coq's parser."""


def parameters_text(data: Data) -> str:
    """Return the definition of the parameters p."""
    p = parameters_of(data)
    numbers = {name: rational_term(p[name]) for name in ("l0", "q", "capacity")}
    return (
        f"Definition p : parameters := {{| l0 := {numbers['l0']}; l_a := {natural(p['l_a'])}; "
        f"l_b := {natural(p['l_b'])};\n  q := {numbers['q']}; "
        f"capacity := {numbers['capacity']} |}}.\n"
    )


def weights_text(parameters: Data) -> str:
    """Return the definition of the weights as integers: a scale times those of the parameters."""
    weights = weights_of(parameters)
    scale = lcm(*(w.denominator for w in weights))
    return (
        f"(** The weights as integers: {scale} times those of the parameters. *)\n"
        f"Definition scale : Z := {scale}.\n"
        f"Definition W : list Z := {listed(integer(int(scale * w)) for w in weights)}%Z.\n"
    )


def proof_text(proof: Any) -> str:
    """Return a proof of one inequality as a term of type ``proof`` of Forms.v."""
    if proof is None:
        return "(1, [])"
    den, pairs = proof
    return f"({integer(den)}, {listed(f'({natural(i)}, {integer(k)})' for i, k in pairs)})"


def modes_with_child(system: System, state: Any, lo: Any, hi: Any) -> list[int]:
    """Return the modes of a node that have a child, in the order of the certificate's lines.

    Args:
        system: The parameters.
        state: Simulation's state at the node, as forms.
        lo: The node's first mode.
        hi: The node's last mode.
    """
    demand(type(lo) is type(hi) is int and 0 <= lo <= hi + 1 <= system.n, "no such modes")
    excess = [system.excess(state, j) for j in range(system.n + 1)]
    last = system.n - 1
    return [j for j in range(lo, hi + 1) if j in (lo, last) or excess[j] != excess[j + 1]]


def _tree(system: System, nodes: Iterator[Any], face: int, closed: int) -> tuple[str, int]:
    """Return the tree of a face as a term, and after how many steps all has settled.

    Args:
        system: The parameters.
        nodes: Lines of the certificate; those of this tree are taken.
        face: Stages below it are empty at the root.
        closed: After how many steps starts in the faces above have settled.
    """

    def grow(state: Any, depth: int) -> tuple[str, int]:
        node: Any = next(nodes, [])
        demand(type(node) is list and len(node) in (2, 4), "a tree ends too early")
        demand(depth < DEPTH_MAX, f"a tree is deeper than {DEPTH_MAX}")
        if node[0] == "in":
            return f"(Leaf {listed(map(proof_text, node[1]))})", 0
        lo, hi, below, above = node
        latest = closed if hi == face and face + 1 < system.n else 0
        forest = ""
        modes = modes_with_child(system, state, lo, hi)
        for j in modes:
            child, bound = grow(system.step(state, j), depth + 1)
            forest += f"\n(Child {j} {child} "
            latest = max(latest, bound)
        proofs = f"{proof_text(below)} {proof_text(above)}"
        return f"(Node {lo} {hi} {proofs} {forest}Done{')' * len(modes)})", latest + 1

    return grow(system.start(face), 0)


def settling(theorem: Data, evidence: Data) -> str:
    """Return the data, the theorem and its proof.

    Raises:
        RejectedError: The tree is malformed, or too deep for Coq's parser.
    """
    system, region, steps = System(theorem["parameters"]), evidence["region"], theorem["steps"]
    demand(max(region["rows"], default=DEPTH_MAX) < DEPTH_MAX, "too many rows")
    nodes, closed, trees = lines(evidence["trees"]), 0, []
    for face in range(system.n - 1, 0, -1):
        tree, bound = _tree(system, nodes, face, closed)
        closed = max(closed, bound)
        trees.append(f"({natural(closed)}, {tree})")
    last = region["rows"][-1]
    left_out = [i for i in range(last + 2) if i not in region["rows"]]
    implied = [
        f"({natural(i)}, {proof_text(proof)})"
        for i, proof in zip(left_out, region["implied"], strict=True)
    ]
    return f"""\
{parameters_text(theorem["parameters"])}
{weights_text(system.parameters)}
Definition no_eviction : region := {{|
  last := {natural(last)};
  kept := {listed(map(natural, region["rows"]))};
  implied := {listed(implied)}%Z |}}.

Definition trees : list (nat * tree) := {listed(trees, lines=True)}%Z.

(** From every start, no step after step {steps} evicts anything. *)
Theorem simulation_settles :
  forall M, start p M -> forall t, ({natural(steps)} <= t)%nat -> evicts_nothing p t M.
Proof.
  apply (settles p scale W no_eviction trees {natural(steps)}).
  vm_compute. reflexivity.
Qed.
{_convergence(system.parameters, steps)}"""


def _convergence(parameters: Data, steps: int) -> str:
    if not jury(weights_of(parameters)):
        return ""
    return f"""
{lyapunov_text(parameters)}
(** From every start, all stages tend to the equilibrium. *)
Theorem simulation_tends :
  forall M, start p M -> tends_to (fun t => simulation p t M) (equilibrium p).
Proof.
  apply (simulation_converges p scale W shrinking no_eviction trees {natural(steps)}).
  vm_compute. reflexivity.
Qed.
"""
