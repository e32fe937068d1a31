"""Kinds scan and induction as Coq text: systems, what is assumed and concluded, and proofs."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeostat.proofs.coq.rows import names_in, poly_data, proof_data, row_data
from homeostat.proofs.coq.terms import listed, quoted
from homeostat.proofs.kernel import all_ends, moves
from homeostat.proofs.polynomials import demand, polynomial, row
from homeostat.proofs.systems import SYSTEMS

__all__ = ["induction", "scan"]

Data = Mapping[str, Any]


def _rows(texts: Iterable[str]) -> str:
    return listed(row_data(row(text)) for text in texts)


def _poly(text: str) -> str:
    return poly_data(polynomial(text))


def _place(location: str) -> str:
    return listed(map(quoted, location.split("/")))


def _by_name(table: Mapping[str, Iterable[str]]) -> str:
    pairs = (f"({_name(name)}, {_rows(rows)})" for name, rows in table.items())
    return listed(pairs, lines=True)


def _name(name: str) -> str:
    return '""' if not name else quoted(name)


def _system(name: str) -> str:
    """Return the definition of a system's table."""
    stages = listed(
        (
            f"{{| sort := {_name(sort)}; from := {quoted(here)}; into := {quoted(there)};\n"
            f"     keeps := {_rows(rows)};\n"
            f"     sum := {quoted(total)}; tokens := {_poly(tokens)} |}}"
            for sort, here, there, rows, total, tokens in SYSTEMS[name]["stages"]
        ),
        lines=True,
    )
    return (
        f"Definition {name} : system := {{|\n  stages := {stages}%row;\n"
        f"  admits := {_by_name(SYSTEMS[name]['admit'])}%row |}}.\n"
    )


def _move_proofs(theorem: Data, evidence: Data) -> Iterable[str]:
    proofs, invariants, done = evidence["proofs"], evidence["invariants"], set()
    for here in invariants:
        for sort in theorem["each"]:
            for there, _, _ in moves(theorem, here, sort):
                label = f"{here} {sort} {there}"
                if label in done:
                    continue
                done.add(label)
                concluded = theorem["then_each"].get(sort, [])
                each = [proofs[f"{label} each {i}"] for i in range(len(concluded))]
                kept = [proofs[f"{label} {i}"] for i in range(len(invariants.get(there, [])))]
                if there not in invariants:
                    kept = [proofs[f"{label} never"]]
                yield (
                    f"Build_move_proof {_place(here)} {quoted(sort)} {_place(there)}\n"
                    f"    {listed(map(proof_data, each))}\n    {listed(map(proof_data, kept))}"
                )


def _last_proofs(theorem: Data, evidence: Data) -> Iterable[str]:
    for here in evidence["invariants"]:
        if here in theorem["ends"]:
            found = [
                evidence["proofs"][f"{here} last {i}"] for i in range(len(theorem["then_last"]))
            ]
            yield f"({_place(here)}, {listed(map(proof_data, found))})"


def _names(theorem: Data, evidence: Data) -> str:
    systems = [SYSTEMS[name] for name in theorem["systems"]]
    rows = [
        *theorem["given"],
        *theorem["last"],
        *theorem["then_last"],
        *(
            text
            for key in ("each", "then_each")
            for texts in theorem[key].values()
            for text in texts
        ),
        *(text for texts in evidence["invariants"].values() for text in texts),
        *(text for system in systems for stage in system["stages"] for text in stage[3]),
        *(text for system in systems for texts in system["admit"].values() for text in texts),
        # Polynomials count as rows here: only their names matter.
        *(f"{text} = 0" for pair in theorem["carry"].values() for text in pair),
        *(f"{stage[4]} = {stage[5]}" for system in systems for stage in system["stages"]),
        *(f"{name} = 0" for name in theorem["carry"]),
    ]
    return names_in(rows, evidence["proofs"].values())


def _scan_data(theorem: Data, evidence: Data) -> str:
    """Return the definitions of the systems, of ``T``, and of the evidence ``E``."""
    demand(theorem["systems"] and set(theorem["systems"]) <= set(SYSTEMS), "no such system")
    carry = listed(
        (
            f"({quoted(name)}, ({_poly(init)} : poly, {_poly(following)} : poly))"
            for name, (init, following) in theorem["carry"].items()
        ),
        lines=True,
    )
    invariants = (
        f"({_place(here)}, {_rows(rows)})" for here, rows in evidence["invariants"].items()
    )
    start = evidence["invariants"][all_ends(theorem["systems"])[0]]
    starts = [evidence["proofs"][f"start {i}"] for i in range(len(start))]
    tables = "\n".join(_system(name) for name in dict.fromkeys(theorem["systems"]))
    return f"""\
{tables}
Definition T : scan := {{|
  systems := {listed(theorem["systems"])};
  given := {_rows(theorem["given"])}%row;
  carry := {carry}%row;
  each := {_by_name(theorem["each"])}%row;
  at_last := {_rows(theorem["last"])}%row;
  ends := {listed(map(_place, theorem["ends"]))};
  then_each := {_by_name(theorem["then_each"])}%row;
  then_last := {_rows(theorem["then_last"])}%row |}}.

Definition E : evidence := {{|
  names := {_names(theorem, evidence)};
  invariants := {listed(invariants, lines=True)}%row;
  start_proofs := {listed(map(proof_data, starts))}%row;
  move_proofs := {listed(_move_proofs(theorem, evidence), lines=True)}%row;
  last_proofs := {listed(_last_proofs(theorem, evidence), lines=True)}%row |}}.
"""


def scan(theorem: Data, evidence: Data) -> str:
    """Return the theorem on one step, for every number of stages, and its proof."""
    return f"""\
{_scan_data(theorem, evidence)}
(** For every number of stages: what T concludes follows from what it assumes. *)
Theorem every_scan : true_of_every_scan T.
Proof.
  apply (check_scan_sound T E).
  vm_compute. reflexivity.
Qed.
"""


def induction(theorem: Data, evidence: Data) -> str:
    """Return the theorem that rows hold for ever, for every number of stages, and its proof."""
    demand(not theorem["whole"], "rows on the whole state of two stages have no export")
    step, stays = theorem["step"], theorem["stages"]
    always = {
        sort: [text for text in rows if text not in stays.get(sort, [])]
        for sort, rows in step["each"].items()
    }
    return f"""\
{_scan_data(step, evidence)}
Definition I : induction := {{|
  step := T;
  stays := {_by_name(stays)}%row;
  assumed_always := {_by_name(always)}%row |}}.

(** For every number of stages: the rows that stay hold at every step if they do at the first. *)
Theorem for_ever : true_for_ever I.
Proof.
  apply (check_induction_sound I E).
  vm_compute. reflexivity.
Qed.
"""
