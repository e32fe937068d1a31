"""Builds certificates; a certificate leaves this module only if the kernel accepts it."""

import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples import AnyWitness, Case, CaseConjecture, Witness
from homeostat.errors import VacuousClaimError
from homeostat.models.batching import BatchingParameters, State
from homeostat.proofs import automata, kernel
from homeostat.proofs.engines.farkas import find_proof, row_text
from homeostat.proofs.engines.thresholds import Found, sign_cuts
from homeostat.proofs.polynomials import holds, point_of, row
from homeostat.proofs.systems import inputs, parameters_of

__all__ = [
    "Certificate",
    "automaton",
    "case",
    "check_seconds",
    "enumeration",
    "farkas",
    "induction",
    "optimal",
    "replayed",
    "run_example",
    "scan",
    "scan_theorem",
    "schur",
    "sealed",
    "shapes",
    "sign_on_interval",
    "threshold",
]

Certificate = dict[str, Any]
"""{"schema", "kind", "theorem", "evidence", "sha256"}, as JSON data."""

Rows = Sequence[str]


def sealed(kind: str, theorem: Mapping[str, Any], evidence: Mapping[str, Any]) -> Certificate:
    """Return a certificate that the kernel has accepted.

    Raises:
        RejectedError: The kernel does not accept it.
    """
    certificate: Certificate = {
        "schema": "homeostat.certificate/1",
        "kind": kind,
        "theorem": dict(theorem),
        "evidence": dict(evidence),
    }
    certificate["sha256"] = kernel.digest(certificate)
    check_seconds(certificate)
    return certificate


_ACCEPTED: Final[dict[str, float]] = {}


def check_seconds(certificate: Certificate) -> float:
    """Return how long the kernel took to accept a certificate.

    The same content is not checked twice in one process: the largest take many seconds.

    Raises:
        RejectedError: The kernel does not accept it.
    """
    content = kernel.digest(certificate)
    if certificate.get("sha256") != content or content not in _ACCEPTED:
        began = time.perf_counter()
        kernel.check(certificate)
        _ACCEPTED[content] = time.perf_counter() - began
    return _ACCEPTED[content]


def run_example(
    parameters: BatchingParameters,
    state: Sequence[Fraction],
    systems: Rows,
    **fixed: Fraction,
) -> dict[str, Any]:
    """Return a concrete run of the systems from one merged state, types split p:q."""
    data = {**parameters.to_json()}
    read = parameters_of(data)
    q, l_a = parameters.q, parameters.l_a
    typed = ([(1 - q) * m for m in state[:l_a]], [q * m for m in state])
    sides = [
        inputs(name, read, typed if name.startswith("typed") else list(state))
        for name in systems
        if name != "counter"
    ]
    stages = [
        [rows[0][0], {k: str(x) for _, values in rows for k, x in values.items()}]
        for rows in zip(*sides, strict=True)
    ]
    if not any(name.startswith("typed") for name in systems):
        stages = [["shared", values] for _, values in stages]
    everywhere = {"B": parameters.capacity, "q": q, **fixed}
    return {"parameters": {k: str(x) for k, x in everywhere.items()}, "stages": stages}


def farkas(given: Rows, then: str, *, example: Mapping[str, str], hints: Rows = ()) -> Certificate:
    """Prove a row from rows, for all reals.

    Raises:
        VacuousClaimError: ``example`` does not satisfy the given rows.
        NoProofError: No proof was found.
    """
    if not holds(given, point_of(example)):
        raise VacuousClaimError(f"{dict(example)} must satisfy {'; '.join(given)}")
    proof = find_proof(given, row(then), hints)
    theorem = {"given": list(given), "then": then}
    return sealed("farkas", theorem, {"proof": proof, "example": dict(example)})


def scan_theorem(
    systems: Rows,
    *,
    given: Rows = (),
    carry: Mapping[str, tuple[str, str]] | None = None,
    each: Rows | Mapping[str, Rows] = (),
    last: Rows = (),
    ends: Rows | None = None,
    then_each: Rows | Mapping[str, Rows] = (),
    then_last: Rows = (),
    field: bool = False,
) -> dict[str, Any]:
    """Return a statement about one step of the systems, for every number of stages.

    Args:
        systems: Names from ``systems.SYSTEMS``, run side by side.
        given: Rows on parameters that are fixed through the scan.
        carry: name -> (value at the start, next value), carried down the stages.
        each: Rows assumed at each stage; by sort where the sorts differ.
        last: Rows assumed at stage 0.
        ends: Locations that the statement speaks of at the end; None for all.
        then_each: Rows that follow at each stage; by sort where the sorts differ.
        then_last: Rows that follow at stage 0.
        field: Whether the statement is about any field, not only the reals.
    """
    theorem: dict[str, Any] = {
        "systems": list(systems),
        "given": list(given),
        "carry": {name: list(texts) for name, texts in (carry or {}).items()},
        "each": _by_sort(each),
        "last": list(last),
        "ends": list(ends or kernel.all_ends(systems)),
        "then_each": _by_sort(then_each),
        "then_last": list(then_last),
        "field": field,
    }
    return theorem


def _by_sort(rows: Rows | Mapping[str, Rows]) -> dict[str, list[str]]:
    if isinstance(rows, Mapping):
        return {sort: list(texts) for sort, texts in rows.items()}
    return {"shared": list(rows)}


def _scan_evidence(
    theorem: Mapping[str, Any],
    invariants: Mapping[str, Rows],
    example: Mapping[str, Any],
    hints: Mapping[str, Rows],
) -> dict[str, Any]:
    try:
        kernel.check_example(theorem, example)
    except kernel.RejectedError as error:
        raise VacuousClaimError(f"no run shows that the assumptions can be met: {error}") from error
    known = {location: list(rows) for location, rows in invariants.items()}
    proofs = {
        label: find_proof(given, goal, hints.get(label, ()), field=theorem["field"])
        for label, given, goal in kernel.obligations(theorem, known)
    }
    return {"invariants": known, "proofs": proofs, "example": dict(example)}


def scan(
    theorem: Mapping[str, Any],
    invariants: Mapping[str, Rows],
    *,
    example: Mapping[str, Any],
    hints: Mapping[str, Rows] | None = None,
) -> Certificate:
    """Prove a scan theorem from invariants of its locations.

    Args:
        theorem: From ``scan_theorem``.
        invariants: location -> rows that hold whenever the scan is there.
        example: {"parameters", "stages"}: a run that meets the assumptions.
        hints: label of an obligation -> facts to prove on the way.

    Raises:
        VacuousClaimError: The example does not meet the assumptions.
        NoProofError: An obligation could not be proved.
    """
    return sealed("scan", theorem, _scan_evidence(theorem, invariants, example, hints or {}))


def induction(
    step: Mapping[str, Any],
    invariants: Mapping[str, Rows],
    *,
    example: Mapping[str, Any],
    hints: Mapping[str, Rows] | None = None,
    stages: Mapping[str, Rows] | None = None,
    whole: Rows = (),
    after: Mapping[str, str] | None = None,
) -> Certificate:
    """Prove that rows on the state hold for ever, from the scan theorem of one step.

    Args:
        step: The scan theorem that assumes the rows and concludes them for the next state.
        invariants: Its invariants by location.
        example: A run that meets its assumptions.
        hints: Facts on the way, by label.
        stages: Rows on one stage's state, by sort.
        whole: Rows on the whole state of a system with a fixed number of stages.
        after: What stands for that state after the step.
    """
    theorem = {
        "stages": _by_sort(stages or {}) if stages else {},
        "whole": list(whole),
        "after": dict(after or {}),
        "step": dict(step),
    }
    return sealed("induction", theorem, _scan_evidence(step, invariants, example, hints or {}))


def automaton(
    theorem: Mapping[str, Any],
    invariants: Mapping[str, Rows],
    *,
    k: int = 1,
    example: Sequence[Mapping[str, Any]],
    hints: Mapping[str, Rows] | None = None,
) -> Certificate:
    """Prove that rows hold in every state that a transition system reaches.

    Args:
        theorem: From ``models.automata.Automaton.theorem``.
        invariants: location -> rows that hold whenever the system is there; a location that is
            left out is never reached.
        k: How many states in a row the step assumes the invariants of.
        example: Runs {"parameters", "start", "steps": [[label, inputs]]} which between them take
            every transition from one location with invariants to another.
        hints: label of an obligation -> facts to prove on the way, about where its path begins.

    Raises:
        VacuousClaimError: The runs are none, or do not take every transition.
        NoProofError: An obligation could not be proved.
        RejectedError: The theorem is malformed.
    """
    known = {location: list(rows) for location, rows in invariants.items()}
    obligations = list(automata.obligations(theorem, known, k))
    runs = [dict(run) for run in example]
    try:
        automata.check_runs(theorem, known, runs)
    except (kernel.RejectedError, LookupError) as error:
        raise VacuousClaimError(f"no run shows that the assumptions can be met: {error}") from error
    proofs = {
        label: find_proof([row_text(one) for one in given], goal, (hints or {}).get(label, ()))
        for label, given, goal in obligations
    }
    evidence = {"k": k, "invariants": known, "proofs": proofs, "example": runs}
    return sealed("automaton", theorem, evidence)


def schur(parameters: BatchingParameters, says: str, evidence: Mapping[str, Any]) -> Certificate:
    """State where the roots of sum W_s z^(n-1-s) lie: "stable", "not stable", "on the circle"."""
    return sealed("schur", {"parameters": parameters.to_json(), "says": says}, evidence)


def sign_on_interval(
    polynomial: Sequence[Fraction], start: Fraction, end: Fraction | None, sign: str
) -> Certificate:
    """Prove that a polynomial is > 0, or < 0, for every real number from start up to end.

    Args:
        polynomial: Coefficients, from the constant upwards.
        start: Where the interval begins; it belongs to it.
        end: Where it ends, which belongs to it too; None for nowhere.
        sign: ">" or "<".

    Raises:
        InvalidInputError: The polynomial has another sign somewhere.
        NoProofError: No proof was found.
    """
    cuts = sign_cuts(polynomial, start, end, sign)
    theorem = {
        "polynomial": [str(c) for c in polynomial],
        "from": str(start),
        "to": None if end is None else str(end),
        "sign": sign,
    }
    return sealed("sign_on_interval", theorem, {"cuts": cuts})


def threshold(says: str, found: Sequence[Found]) -> Certificate:
    """State for which real l0 > -1 systems are stable: "stable above" or "never stable".

    Args:
        says: What holds of every point.
        found: Points and cuts, from ``engines.thresholds``.
    """
    theorem = {"says": says, "points": [point for point, _ in found]}
    return sealed("threshold", theorem, {"cuts": [cuts for _, cuts in found]})


def enumeration(
    parameters: BatchingParameters,
    start: State,
    *,
    step_count: int,
    never: Sequence[Sequence[str]],
) -> Certificate:
    """Prove that all comparisons of ``never`` hold together at no step 1 .. step_count."""
    theorem = {
        "parameters": parameters.to_json(),
        "start": [str(m) for m in start],
        "typed_start": None,
        "steps": step_count,
        "never": [list(comparison) for comparison in never],
    }
    return sealed("enumeration", theorem, {})


def case(conjecture: CaseConjecture, given: Mapping[str, Any]) -> Certificate:
    """Have the kernel run a case that breaks a conjecture, by its own definitions.

    Args:
        conjecture: What is broken; it need not be a built-in one.
        given: The data of the case, as JSON.
    """
    return sealed("case", _case_theorem(conjecture, given), {})


def _case_theorem(broken: Case | CaseConjecture, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "system": broken.system,
        "given": dict(given),
        "assumes": [a if isinstance(a, str) else list(a) for a in broken.assumes],
        "violated_when": [list(comparison) for comparison in broken.violated_when],
    }


def shapes(gaps_max: int) -> Certificate:
    """Prove 0 <= H <= log2 m for every histogram of at most so many gaps in m bins."""
    return sealed("shapes", {"gaps_max": gaps_max}, {})


def optimal(*, experts: int, size: int, capacity: int, events: int) -> Certificate:
    """Prove that no choices miss less than Belady's with bypass, from any set of residents.

    Args:
        experts: How many there are.
        size: Most experts of an event.
        capacity: Most that are resident at once.
        events: Most events of a trace; every such trace is looked at.
    """
    theorem = {"experts": experts, "size": size, "capacity": capacity, "events": events}
    return sealed("optimal", theorem, {})


def replayed(witness: AnyWitness) -> Certificate:
    """Have the kernel replay a witness of a built-in conjecture on its own systems."""
    if isinstance(witness, Case):
        return sealed("case", _case_theorem(witness, witness.given), {})
    return _replay(witness)


def _replay(witness: Witness) -> Certificate:
    typed = witness.typed_start
    theorem = {
        "parameters": witness.parameters.to_json(),
        "start": [str(m) for m in witness.start],
        "typed_start": None if typed is None else [[str(m) for m in part] for part in typed],
        "step": witness.step,
        "assumes": [w if isinstance(w, str) else list(w) for w in witness.assumes],
        "violated_when": [list(comparison) for comparison in witness.violated_when or ()],
    }
    return sealed("replay", theorem, {})
