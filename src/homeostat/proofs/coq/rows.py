"""Rows and their proofs as data for Rows.v, and the kind farkas."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeostat.proofs.coq.terms import listed, natural, polynomial_term, quoted, row_term
from homeostat.proofs.polynomials import Poly, Row, demand, names, polynomial, row

__all__ = ["farkas", "names_in", "poly_data", "proof_data", "row_data"]

Data = Mapping[str, Any]


def poly_data(p: Poly) -> str:
    """Return a polynomial as a term of type ``poly``."""
    return f"({polynomial_term(p, quoted)})"


def row_data(r: Row) -> str:
    """Return a row as a term of type ``row``."""
    return f"({row_term(r, quoted)})"


def _terms(terms: Any) -> str:
    def one(term: Data) -> str:
        square = "None"
        if "square" in term:
            square = f"(Some ({poly_data(polynomial(term['square']))} : poly))"
        used = listed(map(natural, term["rows"]))
        return f"Build_term {poly_data(polynomial(term['times']))} {used} {square}"

    return listed(map(one, terms), lines=True)


def proof_data(proof: Data) -> str:
    """Return a proof, in the kernel's format, as a term of type ``proof``."""
    if "equals" in proof:
        text = f"(Equations {_terms(proof['equals'])})"
    elif "above" in proof:
        text = f"(Sides {_terms(proof['above'])} {_terms(proof['below'])})"
    else:
        text = f"(Refute {_terms(proof['terms'])})"
    for step in reversed(proof.get("have", [])):
        text = f"(Have {row_data(row(step['row']))} {proof_data(step['proof'])}\n  {text})"
    return text


def _polynomials_of(proof: Data) -> Iterable[str]:
    for terms in (proof.get(key, []) for key in ("equals", "above", "below", "terms")):
        for term in terms:
            yield from (term[key] for key in ("times", "square") if key in term)
    for step in proof.get("have", []):
        yield from _polynomials_of(step["proof"])


def names_in(rows: Iterable[str], proofs: Iterable[Data]) -> str:
    """Return the list of all names in rows and proofs."""
    proofs = list(proofs)
    found = names(rows) | names(step["row"] for proof in proofs for step in proof.get("have", []))
    found |= {
        name
        for proof in proofs
        for text in _polynomials_of(proof)
        for monomial in polynomial(text)
        for name in monomial
    }
    return listed(map(quoted, sorted(found)))


def farkas(theorem: Data, evidence: Data) -> str:
    """Return the theorem, for all rational values of its names, and its proof."""
    given, goal = [row(text) for text in theorem["given"]], row(theorem["then"])
    example = evidence["example"]
    demand(type(example) is dict, "no example")
    arrows = "".join(f"  {row_term(r)} ->\n" for r in given)
    known = names_in([*theorem["given"], theorem["then"]], [evidence["proof"]])
    return f"""\
(** A name's value is [v "name"]. *)
Theorem rows_imply : forall v : string -> Q,
{arrows}  {row_term(goal)}.
Proof.
  exact (farkas {known}
    {listed(map(row_data, given), lines=True)}%row
    {row_data(goal)}%row
    {proof_data(evidence["proof"])}%row
    ltac:(vm_compute; reflexivity)).
Qed.
"""
