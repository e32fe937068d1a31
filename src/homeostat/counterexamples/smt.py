"""Search by an SMT solver, horizon by horizon: z3 proposes, the exact replay confirms.

Each system is a query to a child process with a resource limit and, as the outer fence,
a wall-clock limit. Whatever ends badly there is recorded as unknown. ``unsat`` is what
z3 answers and is reported as such: it carries no certificate.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final, TypeAlias

from homeostat.counterexamples.conjectures import Conjecture
from homeostat.counterexamples.exact import first_violation
from homeostat.counterexamples.library import CONJECTURES
from homeostat.counterexamples.observing import readable
from homeostat.counterexamples.parallel import results_in_order
from homeostat.counterexamples.results import Tally
from homeostat.counterexamples.space import Point, SearchSpace, Start
from homeostat.errors import InvalidInputError, InvalidModelError
from homeostat.models.batching import BatchingParameters, Pair, State, validated_start

__all__ = ["FENCE_S", "RLIMIT", "search_smt"]

Query: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]

RLIMIT: Final = 20_000_000
"""z3's own resource limit for one horizon; the same on every machine."""

FENCE_S: Final = 120.0
"""Seconds after which a child is ended, whatever it does."""

_WAVE: Final = 4

_ROUNDED_TO: Final = (10, 30, 100, 1000, 10**6)


def search_smt(tally: Tally, space: SearchSpace, start: Start, *, jobs: int) -> None:
    """Ask z3 about each system, smallest first, and replay what it proposes.

    Raises:
        InvalidInputError: The conjecture is not a built-in one made of comparisons of
            merged observables, so z3 cannot read it.
    """
    conjecture = tally.conjecture
    if CONJECTURES.get(conjecture.name) is not conjecture or not readable(conjecture):
        raise InvalidInputError(
            f"conjecture {conjecture.name!r} must be a built-in one about merged states; "
            "method='smt' reads no other"
        )
    queries = list(_queries(conjecture, space, start))
    tally.coverage |= {
        "systems": len(queries),
        "answers": [],
        "rlimit": RLIMIT,
        "fence_s": FENCE_S,
    }

    for base in range(0, len(queries), _WAVE):
        # The bound is fixed for a whole wave, so the answer does not depend on ``jobs``.
        best = tally.witness
        last = space.steps if best is None else min(space.steps, best.step - 1)
        if last < 0:
            return
        wave = [{**query, "steps": last} for query in queries[base : base + _WAVE]]
        answers = results_in_order(ask, ((q,) for q in wave), jobs=jobs, prefer="threads")
        for done, (query, lines) in enumerate(zip(wave, answers, strict=True), base + 1):
            replayed = all(
                line["answer"] != "sat" or _replays(tally, query, line) for line in lines
            )
            tally.coverage["answers"].append(_in_words(query, lines, replayed=replayed))
            tally.report("z3", done, len(queries))


def _queries(conjecture: Conjecture, space: SearchSpace, start: Start) -> Iterator[Query]:
    """Yield a query for each system; with q free, the solver chooses q."""
    free = space.qs is None
    anywhere = (Fraction(1, 2),)
    for l_b in space.l_bs:
        for l_a in space.l_as_of(l_b):
            for l0 in space.l0s:
                for q in anywhere if space.qs is None else space.qs:
                    system = BatchingParameters(l0, l_a, l_b, q, space.capacity or 1)
                    if "coprime" in conjecture.assumes and not system.coprime:
                        continue
                    if not free and not space.admits_system(conjecture, system):
                        continue
                    yield {
                        **system.to_json(),
                        "conjecture": conjecture.name,
                        "q": None if free else str(q),
                        "start": start,
                        "stable": space.stable_only or "stable" in conjecture.assumes,
                        "rlimit": RLIMIT,
                        "seed": 0,
                    }


def ask(query: Query, *, fence_s: float | None = None) -> list[Answer]:
    """Return what the child answered before it ended, well or badly."""
    command = [sys.executable, "-m", "homeostat.counterexamples.smt_child"]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    end = None
    with child:
        try:
            output, _ = child.communicate(
                json.dumps(query), timeout=FENCE_S if fence_s is None else fence_s
            )
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
            end = "the wall-clock fence was reached"
        except BaseException:
            child.kill()
            raise
    if end is None and child.returncode != 0:
        end = f"the child ended with code {child.returncode}"
    answers = [json.loads(line) for line in output.splitlines() if line.endswith("}")]
    if end is not None:
        answers.append({"horizon": len(answers), "answer": "unknown", "reason": end})
    return answers


def _replays(tally: Tally, query: Query, line: Answer) -> bool:
    """Replay a model; an algebraic number is tried as rationals near it."""
    for system, state in _candidates(query, line):
        step = line["horizon"]
        try:
            found = first_violation(tally.conjecture, Point(system, ()), step, start=state)
        except InvalidModelError:
            continue
        if found is not None:
            return tally.offer(Pair.run(system, state, step_count=found))
    tally.candidates_rejected += 1
    return False


def _candidates(query: Query, line: Answer) -> Iterator[tuple[BatchingParameters, State]]:
    q_model = Fraction(line["q"])
    amounts = [max(Fraction(m), Fraction(0)) for m in line["start"]]
    roundings = [q_model, *(q_model.limit_denominator(bound) for bound in _ROUNDED_TO)]
    for q in dict.fromkeys(roundings):
        if not 0 < q < 1:
            continue
        system = BatchingParameters(query["l0"], query["l_a"], query["l_b"], q, query["capacity"])
        # Another q moves the token balance: keep the proportions of the amounts.
        tokens = sum(w * m for w, m in zip(system.weights, amounts, strict=True))
        if tokens > 0:
            state = [m * system.capacity / tokens for m in amounts]
            yield system, validated_start(system, state)


def _in_words(query: Query, lines: list[Answer], *, replayed: bool) -> str:
    share = "free" if query["q"] is None else query["q"]
    named = f"l0={query['l0']} l_a={query['l_a']} l_b={query['l_b']} q={share}"
    groups: dict[str, list[str]] = {}
    for line in lines:
        word = line["answer"]
        if word == "unsat":
            word = "z3 answers unsat (not certified)"
        elif word == "sat":
            word = "sat and replayed" if replayed else "sat, but its model did not replay"
        else:
            word = f"unknown ({line.get('reason')})"
        groups.setdefault(word, []).append(str(line["horizon"]))
    return f"{named}: " + ", ".join(
        f"{word} at step {' '.join(steps)}" for word, steps in groups.items()
    )
