"""The one door to every search: proposes by one method, confirms exactly, minimises."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias

from homeostat.counterexamples.conjectures import Conjecture
from homeostat.counterexamples.grid import search_grid
from homeostat.counterexamples.minimise import minimise_witness
from homeostat.counterexamples.random_starts import search_random
from homeostat.counterexamples.results import Progress, SearchResult, Tally
from homeostat.counterexamples.smt import search_smt
from homeostat.counterexamples.space import SearchSpace, Start, default_space
from homeostat.counterexamples.witness import Witness
from homeostat.errors import InvalidInputError

__all__ = ["METHODS", "Method", "search"]

Method: TypeAlias = Literal["grid", "random", "smt"]

METHODS: Final[tuple[Method, ...]] = ("grid", "random", "smt")


def search(
    conjecture: Conjecture,
    *,
    method: Method = "grid",
    start: Start = "canonical",
    space: SearchSpace | None = None,
    minimise: bool = True,
    jobs: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> SearchResult:
    """Search for a counterexample; what it shows has replayed exactly.

    The same arguments give the same result, whatever ``jobs`` is. An interruption from
    the keyboard ends the search early and returns what was found.

    Args:
        conjecture: A built-in of ``CONJECTURES`` or a user's own.
        method: ``grid`` (float sweep, then exact), ``random`` (random starts) or ``smt``
            (z3 by horizon).
        start: ``canonical``, or ``free`` for any start on the token balance.
        space: What to cover; ``default_space(start, method, conjecture)`` when None.
        minimise: Make the witness small afterwards.
        jobs: Processes; negative counts from the number of cores.
        seed: Seed of the random choices.
        progress: Called with what is being done, how much is done, and the total.

    Raises:
        InvalidInputError: The method does not take the conjecture, the start contradicts
            its assumptions, or an option is unknown.
    """
    if method not in METHODS:
        raise InvalidInputError(f"method={method!r} must be one of {METHODS}")
    if start not in ("canonical", "free"):
        raise InvalidInputError(f"start={start!r} must be 'canonical' or 'free'")
    if start == "free" and "canonical" in conjecture.assumes:
        raise InvalidInputError(
            f"conjecture {conjecture.name!r} assumes the canonical start; start must be "
            f"'canonical', not {start!r}"
        )
    covers = default_space(start, method, conjecture) if space is None else space
    options = {"method": method, "start": start, "seed": seed, "space": covers.to_json()}
    tally = Tally(conjecture, {**options, "minimised": False}, progress)
    tally.coverage |= options
    interrupted = False
    try:
        if method == "grid":
            search_grid(tally, covers, start, jobs=jobs)
        elif method == "random":
            search_random(tally, covers, start, jobs=jobs, seed=seed)
        else:
            search_smt(tally, covers, start, jobs=jobs)
        if minimise and tally.witness is not None:
            _minimise(tally, covers)
    except KeyboardInterrupt:
        interrupted = True
    if method == "grid" and tally.witness is not None:
        tally.coverage["witness_in_grid"] = _in_grid(tally.witness, covers, start)
    return SearchResult(
        conjecture=conjecture.name,
        witness=tally.witness,
        witnesses_found=tally.witnesses_found,
        candidates_rejected=tally.candidates_rejected,
        exhausted=tally.exhausted and not interrupted,
        interrupted=interrupted,
        covered=_in_words(tally.coverage, interrupted=interrupted),
        coverage=tally.coverage,
    )


def _minimise(tally: Tally, space: SearchSpace) -> None:
    assert tally.witness is not None
    accepted = 0

    def keep(smaller: Witness) -> None:
        nonlocal accepted
        accepted += 1
        tally.witness = smaller
        tally.report("minimising", accepted, 0)

    smallest = minimise_witness(tally.witness, tally.conjecture, space, on_smaller=keep)
    # Also where nothing smaller was found: the search for it was made.
    tally.witness = replace(smallest, found_by={**smallest.found_by, "minimised": True})
    tally.coverage["smaller_witnesses"] = accepted


def _in_grid(witness: Witness, space: SearchSpace, start: Start) -> bool:
    """Return whether a witness is a point of the grid; a minimised one need not be."""
    system = witness.parameters
    shares = [
        w * m / system.capacity * space.lattice
        for w, m in zip(system.weights, witness.start, strict=True)
    ]
    on_lattice = start == "canonical" or all(share.denominator == 1 for share in shares)
    return space.qs is not None and system.q in space.qs and on_lattice


def _in_words(coverage: Mapping[str, Any], *, interrupted: bool) -> str:
    """Say what was covered, from the data that the search left; no more than that."""
    lines = []
    systems = f"{coverage.get('systems', 0)} systems"
    if coverage["method"] == "grid":
        lines.append(
            f"grid of {systems} and {coverage.get('points', 0)} points, "
            f"steps up to {coverage['space']['steps']}"
        )
        if "points_swept" in coverage:
            lines.append(
                f"{coverage['points_swept']} points swept in floats, "
                f"{coverage.get('candidates', 0)} candidates, the earliest "
                f"{coverage.get('candidates_replayed', 0)} of them replayed"
            )
        lines.append(_decided_in_words(coverage))
    elif coverage["method"] == "random":
        lines.append(
            f"{coverage.get('samples', 0)} random starts over {systems}, steps up to "
            f"{coverage['space']['steps']}; a sample, it excludes nothing"
        )
    else:
        lines.append(f"z3 on {systems}")
        lines += coverage.get("answers", [])
    if interrupted:
        lines.append("interrupted before the end")
    return "; ".join(lines)


def _decided_in_words(coverage: Mapping[str, Any]) -> str:
    if "not_decided_because" in coverage:
        return f"not decided exactly, because {coverage['not_decided_because']}"
    done, total = coverage.get("points_decided", 0), coverage.get("points", 0)
    last = coverage.get("steps_decided")
    if not total and not coverage.get("listed"):
        return "no point was listed yet"
    if not total:
        return "no point of the space meets the assumptions, so nothing was decided"
    if last is None or done < total:
        return f"{done} of {total} points decided exactly"
    if last < 0:
        return "violated at step 0, so none has a smaller horizon"
    return f"all {total} points decided in exact arithmetic: none violates at a step up to {last}"
