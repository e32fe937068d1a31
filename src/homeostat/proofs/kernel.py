"""The proof checker: standard library only, exact, no tolerance, no search.

``check(certificate)`` returns when the evidence proves the stated theorem, and raises
``RejectedError`` otherwise. Nothing of the program that wrote the certificate is trusted: the
systems are defined in ``systems.py`` beside, obligations are derived from them here, and every
step is an identity between polynomials with rational coefficients.

Kinds
    farkas: rows imply a row, for all reals.
    scan: one step of the named systems, a scan from the top stage down to stage 0; for EVERY
        number of stages, and with ``field`` (equations alone) in any field.
    induction: what a scan keeps holds for ever.
    automaton: what holds in every state that a transition system reaches (``automata.py``).
    schur: where the roots of sum W_s z^(n-1-s) lie, against the unit circle (``roots.py``).
    sign_on_interval: a polynomial in one variable is > 0, or < 0, on an interval (``roots.py``).
    threshold: for which real l0 the roots all lie inside, or that for none (``roots.py``).
    case_tree: what Simulation does from every start, by its tree of modes (``trees.py``).
    enumeration, replay: a conjecture along one exact trajectory, kept at every step or broken.
    case, shapes: one small case that breaks a conjecture; bounds on every histogram (``cases.py``).
    optimal: no cache of experts misses less than Belady's on any short trace (``caches.py``).

A row is text: polynomials (sums of products, no brackets) with <= >= < > or = between. How rows
imply a row is in ``implication.py``.
"""

import hashlib
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import Any, Final

from homeostat.proofs.automata import check_automaton
from homeostat.proofs.caches import check_optimal
from homeostat.proofs.cases import check_case, check_shapes
from homeostat.proofs.implication import prove
from homeostat.proofs.polynomials import (
    SIZE_MAX,
    Poly,
    RejectedError,
    Row,
    demand,
    holds,
    jury,
    names,
    point_of,
    polynomial,
    row,
    solve,
    value,
)
from homeostat.proofs.roots import check_schur, check_sign_on_interval, check_threshold
from homeostat.proofs.systems import (
    ADMITTED,
    FIELDS,
    KEPT,
    LOCAL,
    SYSTEMS,
    TWO_STAGES,
    TWO_STAGES_CARRY,
    TWO_STAGES_LINKS,
    bare_theorem,
    compare,
    inputs,
    outputs,
    parameters_of,
    starts_of,
    weights_of,
)
from homeostat.proofs.trees import check_case_tree

__all__ = [
    "RejectedError",
    "all_ends",
    "check",
    "check_example",
    "digest",
    "obligations",
    "prove",
]

FILE_BYTES_MAX: Final = 16 * 2**20
Data = Mapping[str, Any]


def all_ends(systems: Iterable[str]) -> list[str]:
    """Return every location of systems side by side, the first one first."""
    return ["/".join(c) for c in itertools.product(*(SYSTEMS[name]["admit"] for name in systems))]


def opening(theorem: Data) -> tuple[str, dict[str, str], list[str]]:
    """Return the first location, the sums and carried variables there, and the last locations."""
    demand(set(theorem) == FIELDS["scan"][0], "a scan theorem has other fields")
    systems, carry = [SYSTEMS[name] for name in theorem["systems"]], theorem["carry"]
    fixed = names([*theorem["given"], *(f"{first} = 0" for first, _ in carry.values())])
    demand(not (LOCAL | set(carry)) & fixed, "a name has two meanings")
    demand(not (LOCAL | {"B", "q"}) & set(carry), "a carried name has two meanings")
    every, sorts = all_ends(theorem["systems"]), set(theorem["each"])
    demand(theorem["ends"] and set(theorem["ends"]) <= set(every), "no such end")
    known = {stage[0] for system in systems for stage in system["stages"]} - {""}
    demand(known <= sorts and {"shared"} <= sorts <= {"shared", "tail"}, "wrong sorts of stages")
    demand(set(theorem["then_each"]) <= sorts, "a conclusion for a sort of no stage")
    demand(type(theorem["field"]) is bool, "field is true or false")
    sums = {s["stages"][0][4]: "0" for s in systems}
    demand(len(sums) == len(systems), "systems side by side share variables")
    return every[0], {**sums, **{x: first for x, (first, _) in carry.items()}}, theorem["ends"]


def moves(theorem: Data, location: str, sort: str) -> Iterator[tuple[str, list[str], Data]]:
    """Yield (target, rows, next sums and carried variables) of one stage."""
    choices = [
        [stage for stage in SYSTEMS[name]["stages"] if stage[1] == here and stage[0] in ("", sort)]
        for name, here in zip(theorem["systems"], location.split("/"), strict=True)
    ]
    carried = {name: text for name, (_, text) in theorem["carry"].items()}
    for choice in itertools.product(*choices):
        sums = {stage[4]: f"{stage[4]} + {stage[5]}" for stage in choice}
        rows = [text for stage in choice for text in stage[3]]
        yield "/".join(stage[2] for stage in choice), rows, {**carried, **sums}


def admission(theorem: Data, location: str) -> list[str]:
    """Return the rows at stage 0: the systems' own, then those assumed there."""
    pairs = zip(theorem["systems"], location.split("/"), strict=True)
    return [*(r for name, here in pairs for r in SYSTEMS[name]["admit"][here]), *theorem["last"]]


def obligations(theorem: Data, invariants: Data) -> Iterator[tuple[str, list[str], Row]]:
    """Yield (label, given rows, goal) which together prove a scan theorem.

    A location without invariants is never reached: arriving there has the goal 0 > 0.
    """

    def polynomials(texts: Data) -> dict[str, Poly | Fraction]:
        return {name: polynomial(text) for name, text in texts.items()}

    first, start, ends = opening(theorem)
    given = list(theorem["given"])
    demand(first in invariants, "the first location needs invariants")
    known_names = names(text for rows in invariants.values() for text in rows)
    demand(not known_names & (LOCAL - set(start)), "an invariant speaks of one stage's values")
    for i, text in enumerate(invariants[first]):
        yield f"start {i}", given, row(text, polynomials(start))
    for location, known in invariants.items():
        for sort, assumed in theorem["each"].items():
            for target, rows, moved in moves(theorem, location, sort):
                here, label = [*given, *known, *assumed, *rows], f"{location} {sort} {target}"
                for i, text in enumerate(theorem["then_each"].get(sort, [])):
                    yield f"{label} each {i}", here, row(text)
                for i, text in enumerate(invariants.get(target, [])):
                    yield f"{label} {i}", here, row(text, polynomials(moved))
                if target not in invariants:
                    yield f"{label} never", here, ({}, ">")
        for i, text in enumerate(theorem["then_last"] if location in ends else []):
            yield f"{location} last {i}", [*given, *known, *admission(theorem, location)], row(text)


def walk(theorem: Data, fixed: dict[str, Fraction], stages: Any) -> list[dict[str, Fraction]]:
    """Run the systems through concrete stages, stage 0 last; return the values at each.

    Every assumption of the theorem must hold on the way and one move be possible at a stage.
    """
    location, start, ends = opening(theorem)
    own, points = LOCAL - set(start), []
    demand(not set(fixed) & {*LOCAL, *start}, "a parameter of the run has two meanings")
    demand(all(set(values) <= own for _, values in stages), "a stage gives what is not its own")
    demand(holds(theorem["given"], fixed) and len(stages) > 1, "the run breaks a given row")
    number = {name: value(text, fixed) for name, text in start.items()}
    for sort, values in stages[:-1]:
        here = {**fixed, **number, **values}
        found = [
            (to, solve(rows, here), rows, moved)
            for to, rows, moved in moves(theorem, location, sort)
        ]
        found = [move for move in found if holds(move[2], move[1])]
        demand(len(found) == 1, f"{len(found)} moves are possible where one must be")
        location, point, _, moved = found[0]
        demand(holds(theorem["each"][sort], point), "the run breaks an assumption at a stage")
        number = {name: value(text, point) for name, text in moved.items()}
        points.append(point)
    rows = admission(theorem, location)
    points.append(solve(rows, {**fixed, **number, **stages[-1][1]}))
    demand(location in ends and holds(rows, points[-1]), "the run breaks an assumption at stage 0")
    closed = all(set(point) <= {*fixed, *LOCAL, *start} for point in points)
    demand(closed, "the run leaves a parameter open")
    return points


def check_example(theorem: Data, example: Data) -> None:
    """Check that a run with stages of every sort meets all assumptions of a scan theorem."""
    stages = [(sort, point_of(values)) for sort, values in example["stages"]]
    demand({sort for sort, _ in stages[:-1]} == set(theorem["each"]), "the run misses a sort")
    walk(theorem, point_of(example["parameters"]), stages)


def check_scan(theorem: Data, evidence: Data) -> None:
    """Check a statement on one step for every number of stages, and a run that it speaks of."""
    proofs, labels = evidence["proofs"], set()
    demand(any([theorem["then_last"], *theorem["then_each"].values()]), "nothing is said")
    for label, given, goal in obligations(theorem, evidence["invariants"]):
        demand(label in proofs, f"no proof of {label!r}")
        prove([row(text) for text in given], goal, proofs[label], field=theorem["field"])
        labels.add(label)
    demand(labels == set(proofs), f"proofs of nothing: {sorted(set(proofs) - labels)[:3]}")
    check_example(theorem, evidence["example"])


def check_farkas(theorem: Data, evidence: Data) -> None:
    """Check that rows imply a row, and that a point satisfies them."""
    given = theorem["given"]
    prove([row(text) for text in given], row(theorem["then"]), evidence["proof"])
    demand(holds(given, point_of(evidence["example"])), "the example breaks a given row")


def check_induction(theorem: Data, evidence: Data) -> None:
    """Check that rows on the state which a step keeps hold for ever, if at the start.

    ``stages`` are the rows on what advances into a stage, by the stage's sort; ``whole`` are rows
    on the state of two stages, and ``after`` renames it to the one after the step. Apart from
    these the step may assume nothing of what changes within it or from step to step.
    """
    step, stages, whole, after = (theorem[key] for key in ("step", "stages", "whole", "after"))
    check_scan(step, evidence)
    systems, each, lowest = step["systems"], step["each"], stages.get("shared", [])
    moving = {*LOCAL, *step["carry"], *TWO_STAGES}
    state = names(text for rows in stages.values() for text in rows)
    demand(state & moving <= set(KEPT), "rows on more than what advances into one stage")
    demand(names(whole) & moving <= set(TWO_STAGES), "rows on more than the state of two stages")
    demand(set(stages) <= set(each), "rows for a sort of no stage")
    counts = {end[-1] for end in step["ends"]} if systems[-1] == "counter" else None
    left = {end for end in all_ends(systems) if counts is None or end[-1] in counts}
    demand(left <= set(step["ends"]), "the step leaves ends out")
    two = counts == {"1"} and step["carry"] == TWO_STAGES_CARRY and after == TWO_STAGES
    demand(two if whole else after == {}, "not the whole state of two stages")
    kept, admitted, renamed = (
        {x: polynomial(y) for x, y in renaming.items()} for renaming in (KEPT, ADMITTED, after)
    )
    other = [text for text in [*step["given"], *step["last"]] if text not in whole]
    for sort, assumed in each.items():
        rows, then = stages.get(sort, []), [row(x) for x in step["then_each"].get(sort, [])]
        known = [*rows, *(TWO_STAGES_LINKS if whole else ())]
        other += [text for text in assumed if text not in known]
        demand(all(row(text, kept) in then for text in rows), f"{sort}: not kept")
        demand(set(rows) <= set(lowest), f"{sort}: the stage below does not provide its rows")
    demand(not names(other) & (moving - {"w", "v"}), "the step assumes more of the state")
    goals = [row(text, admitted) for text in lowest] + [row(text, renamed) for text in whole]
    end = [row(text) for text in step["then_last"]]
    demand(goals and all(goal in end for goal in goals), "not kept at stage 0")


def trajectories(theorem: Data, steps: int) -> dict[str, Any]:
    """Run every system from the start, exactly."""
    p = parameters_of(theorem["parameters"])
    demand(type(steps) is int and 0 <= steps * p["l_b"] <= SIZE_MAX, "steps out of range")
    run: dict[str, Any] = {"parameters": p}
    for name, state in starts_of(p, theorem["start"], theorem["typed_start"]).items():
        run[name], alone = [state], bare_theorem(name)
        for _ in range(steps):
            points = walk(alone, {"B": p["capacity"], "q": p["q"]}, inputs(name, p, run[name][-1]))
            run[name].append(outputs(name, points, p["l_a"]))
    return run


def check_enumeration(theorem: Data, _: Data) -> None:
    """Check that a violation happens at no step 1 .. steps of one trajectory."""
    run = trajectories(theorem, theorem["steps"])
    for t in range(1, theorem["steps"] + 1):
        found = [compare(run, t, comparison) for comparison in theorem["never"]]
        demand(not all(found), f"violated at t={t}")
    demand(theorem["never"] and theorem["steps"], "nothing is enumerated")


def check_replay(theorem: Data, _: Data) -> None:
    """Check that a witness meets the assumptions and breaks the conjecture at its step."""
    t, demanded = theorem["step"], theorem["violated_when"]
    run = trajectories(theorem, t)
    p, weights = run["parameters"], weights_of(run["parameters"])
    full = [p["capacity"] / weights[0]] + [0] * (len(weights) - 1)
    coprime = gcd(p["l_a"], p["l_b"]) == 1
    facts = {"canonical": run["theory"][0] == full, "coprime": coprime, "stable": jury(weights)}
    for word in theorem["assumes"]:
        met = facts[word] if isinstance(word, str) else compare(run, t, word)
        demand(met, f"the witness does not meet {word}")
    demand(demanded and all(compare(run, t, c) for c in demanded), f"no violation at t={t}")


ALL = (
    check_farkas,
    check_scan,
    check_induction,
    check_automaton,
    check_schur,
    check_sign_on_interval,
    check_threshold,
    check_case_tree,
    check_enumeration,
    check_replay,
    check_case,
    check_shapes,
    check_optimal,
)
CHECKS: Final = {function.__name__.removeprefix("check_"): function for function in ALL}


def digest(certificate: Data) -> str:
    """Return the sha256 of a certificate's content, whatever its formatting."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check(certificate: Data) -> None:
    """Return if the evidence proves the theorem.

    Raises:
        RejectedError: It does not, or the certificate is malformed.
    """
    try:
        demand(certificate["schema"] == "homeostat.certificate/1", "unknown schema")
        demand(certificate["sha256"] == digest(certificate), "the content is not the one hashed")
        demand(len(certificate) == 5, "unknown fields in the certificate")
        kind, theorem, evidence = (certificate[key] for key in ("kind", "theorem", "evidence"))
        demand(set(theorem) == FIELDS[kind][0], f"{kind} theorem: fields {sorted(theorem)}")
        demand(set(evidence) in FIELDS[kind][1:], f"{kind} evidence: fields {sorted(evidence)}")
        CHECKS[kind](theorem, evidence)
    except (LookupError, TypeError, ValueError, AttributeError, MemoryError, RuntimeError) as error:
        if isinstance(error, RejectedError):
            raise
        raise RejectedError(f"malformed certificate: {type(error).__name__} {error}") from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a field that stands twice: a reader may see the one, and the kernel the other."""
    fields = dict(pairs)
    demand(len(fields) == len(pairs), "a field stands twice")
    return fields


def main(arguments: list[str]) -> int:
    """Check one file; 0 accepted, 40 rejected, 2 not readable."""
    try:
        with Path(*arguments).open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        demand(len(data) <= FILE_BYTES_MAX, f"the file is larger than {FILE_BYTES_MAX} bytes")
        certificate = json.loads(data, object_pairs_hook=unique)
        check(certificate)
    except OSError as error:
        sys.stderr.write(f"usage: python -m homeostat.proofs.kernel CERTIFICATE.json ({error})\n")
        return 2
    except (ValueError, RecursionError) as error:
        sys.stdout.write(f"rejected: {error}\n")
        return 40
    sys.stdout.write(f"accepted: {certificate['kind']} {certificate['sha256']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
