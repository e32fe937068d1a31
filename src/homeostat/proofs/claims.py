"""Claims: what a note says, written so that a machine can decide it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from homeostat.counterexamples import (
    CONJECTURES,
    Case,
    CaseConjecture,
    Witness,
    replay,
)
from homeostat.counterexamples.cases import figures_of
from homeostat.counterexamples.cases.balls import UndecidedError
from homeostat.counterexamples.cases.case import case_holds, meets
from homeostat.errors import HomeostatError, WitnessRejectedError
from homeostat.proofs import automata, kernel
from homeostat.proofs.certificates import case, scan
from homeostat.proofs.engines.farkas import NoProofError, find_proof, row_text
from homeostat.proofs.engines.transitions import violating_run
from homeostat.proofs.polynomials import holds, point_of, row
from homeostat.proofs.verdicts import Verdict

__all__ = [
    "NOTES",
    "Canary",
    "CanaryError",
    "Claim",
    "Source",
    "Theorem",
    "false_automaton",
    "false_case",
    "false_rows",
    "false_scan",
    "rejected_certificate",
    "unbroken",
    "wrong_step",
]

NOTES: Final[Mapping[str, str]] = {
    "000": "TEG: a cluster governed by thermodynamics, agents in a potential and barriers",
    "001": "Entropic stabilisation: entropy of arrivals as a stress sensor, and lazy aging",
    "002": "MoE routes as walks on a graph: spectral gap, cache avalanche, admission by return",
    "003": "G Dominance conjecture: the spread of Theory against the spread of Simulation",
    "004": "From a graph of routes to a GPU cache: admission control and a streaming bypass",
}
"""Titles of the notes, in our words, by number."""


class CanaryError(HomeostatError):
    """A false neighbour of a claim was not caught: the machinery that decides it is broken."""


Theorem: TypeAlias = tuple[str, Mapping[str, Any]]
"""(kind, theorem); of a theorem that says "settles" without ``steps``, which are found out."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a claim is made: the note's number and section; ours if ``section`` is "-"."""

    note: str
    section: str


@dataclass(frozen=True, kw_only=True)
class Canary:
    """A false neighbour of the claim that must be caught.

    Attributes:
        falsehood: What it says.
        catch: Returns how it was caught, or raises CanaryError.
    """

    falsehood: str
    catch: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement with the way to decide it.

    Attributes:
        id: ``domain.name``, with a suffix for one case of several.
        title: One short sentence.
        statement: What is decided, exactly.
        scope: For which parameters, starts and times.
        source: Where the note says so.
        decide: Returns the verdict, with evidence.
        canary: What must be caught while deciding; None only while nothing is decided.
        vacuity: How the assumptions are shown to be satisfiable.
        remark: What a reader should know beside the verdict.
        property_twin: Name of the property of the fuzzing suite that tries it, if any.
        trusts: What a verdict rests on beside the evidence itself.
        refuted_by: Conjectures whose witnesses refute it; None for the one of its own name.
        slow: Decided only when asked for, as by `make proofs`; else the last run's entry stands.
        theorems: What its certificates must prove, where it is slow: then no fresh decision tells.
        wide: Decides with all cores by itself, so in the main process, after the others.
        missing_data: Returns the data files that it needs and that are not on this machine; while
            there are any it cannot be decided, and the last run's entry stands.
    """

    id: str
    title: str
    statement: str
    scope: str
    source: Source
    decide: Callable[[], Verdict]
    canary: Canary | None
    vacuity: str | None = None
    remark: str | None = None
    property_twin: str | None = None
    trusts: tuple[str, ...] = ("kernel",)
    refuted_by: tuple[str, ...] | None = None
    slow: bool = False
    wide: bool = False
    theorems: Callable[[], Sequence[Theorem]] | None = None
    missing_data: Callable[[], Sequence[str]] | None = None

    @property
    def lacks(self) -> tuple[str, ...]:
        """The data files without which it cannot be decided here."""
        return () if self.missing_data is None else tuple(self.missing_data())

    @property
    def domain(self) -> str:
        """The part of the id before the first dot."""
        return self.id.partition(".")[0]

    @property
    def conjectures(self) -> tuple[str, ...]:
        """Names of the conjectures whose witnesses refute it."""
        return (self.id.split(".")[1],) if self.refuted_by is None else self.refuted_by


def false_scan(
    falsehood: str,
    theorem: Mapping[str, Any],
    invariants: Mapping[str, Sequence[str]],
    example: Mapping[str, Any],
) -> Canary:
    """Return a canary from a false scan theorem: a run breaks it, and no proof is found.

    Args:
        falsehood: What the theorem says, in words.
        theorem: The false neighbour.
        invariants: Those of the true theorem, or what a proof would try.
        example: A run that meets its assumptions and breaks its conclusion.
    """

    def catch() -> str:
        fixed = point_of(example["parameters"])
        stages = [(sort, point_of(values)) for sort, values in example["stages"]]
        points = kernel.walk(theorem, fixed, stages)
        broken = [
            text
            for (sort, _), point in zip(stages[:-1], points[:-1], strict=True)
            for text in theorem["then_each"].get(sort, [])
            if not holds([text], point)
        ]
        broken += [text for text in theorem["then_last"] if not holds([text], points[-1])]
        if not broken:
            raise CanaryError(f"{falsehood}: no run breaks it")
        try:
            scan(theorem, invariants, example=example)
        except NoProofError:
            return f"refuted by an exact run that breaks {broken[0]}; the engine finds no proof"
        raise CanaryError(f"{falsehood}: the engine proved it")

    return Canary(falsehood=falsehood, catch=catch)


def false_automaton(
    falsehood: str,
    theorem: Mapping[str, Any],
    invariants: Mapping[str, Sequence[str]],
    *,
    start: Mapping[str, str],
    parameters: Mapping[str, str] | None = None,
    inputs: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
) -> Canary:
    """Return a canary from a false automaton theorem: a run breaks it, and no proof is found.

    Args:
        falsehood: What the theorem says, in words.
        theorem: The false neighbour.
        invariants: Those of the true theorem, or what a proof would try.
        start: The variables' values where the search for a run begins.
        parameters: Those of the search.
        inputs: Which inputs of each transition it tries.
    """

    def catch() -> str:
        run = violating_run(theorem, start=start, parameters=parameters, inputs=inputs)
        if run is None:
            raise CanaryError(f"{falsehood}: no run breaks it")
        known = {location: list(rows) for location, rows in invariants.items()}
        try:
            for _, given, goal in automata.obligations(theorem, known, 1):
                find_proof([row_text(one) for one in given], goal)
        except NoProofError:
            path = ", ".join(label for label, _ in run["steps"])
            return f"refuted by the exact run {path}; the engine finds no proof"
        raise CanaryError(f"{falsehood}: the engine proved it")

    return Canary(falsehood=falsehood, catch=catch)


def false_rows(falsehood: str, given: Sequence[str], then: str) -> Canary:
    """Return a canary from rows that do not imply a row; an oracle's model must break it."""

    def catch() -> str:
        try:
            find_proof(given, row(then))
        except NoProofError as error:
            if error.model is not None:
                point = ", ".join(f"{name} = {x}" for name, x in sorted(error.model.items()))
                return f"refuted at {point}"
        raise CanaryError(f"{falsehood}: not refuted")

    return Canary(falsehood=falsehood, catch=catch)


def wrong_step(find: Callable[[], Witness]) -> Canary:
    """Return a canary from a true witness moved to the step before: no replay may accept it."""

    def catch() -> str:
        witness = find()
        fields = {name: getattr(witness, name) for name in witness.__dataclass_fields__}
        moved = Witness(**{**fields, "step": witness.step - 1})
        try:
            replay(moved, CONJECTURES[witness.conjecture])
        except WitnessRejectedError as error:
            return f"rejected: {error}"
        raise CanaryError(f"a witness for {witness.conjecture} replays one step early")

    return Canary(falsehood="the witness, one step early", catch=catch)


def false_case(falsehood: str, conjecture: CaseConjecture, given: Mapping[str, Any]) -> Canary:
    """Return a canary from a case that does not break a conjecture: nobody may accept it.

    It must meet the assumptions, so that what rejects it is the figures of the violation.

    Args:
        falsehood: What the case would show, in words.
        conjecture: What it would break.
        given: The data of the case, near those of a true one.
    """

    def catch() -> str:
        if not meets(conjecture, figures_of(conjecture.system, given)):
            raise CanaryError(f"{falsehood}: the case does not meet the assumptions")
        try:
            Case.of(conjecture, given)
        except UndecidedError as error:
            raise CanaryError(f"{falsehood}: {error}") from error
        except WitnessRejectedError as error:
            said = str(error)
        else:
            raise CanaryError(f"{falsehood}: the models accepted it")
        try:
            case(conjecture, given)
        except kernel.RejectedError:
            return f"rejected, by the kernel too: {said}"
        raise CanaryError(f"{falsehood}: the kernel accepted it")

    return Canary(falsehood=falsehood, catch=catch)


def unbroken(
    falsehood: str, neighbour: CaseConjecture, candidates: Callable[[], Iterable[dict[str, Any]]]
) -> Canary:
    """Return a canary from the claim's true neighbour, which the claim's search must not refute.

    Args:
        falsehood: That one is broken, in words.
        neighbour: What is true of every case.
        candidates: Those of the search; the ones that the neighbour does not speak of do not count.
    """

    def catch() -> str:
        tried = 0
        for given in candidates():
            figures = figures_of(neighbour.system, given)
            try:
                spoken_of = meets(neighbour, figures)
                broken = spoken_of and all(case_holds(c, figures) for c in neighbour.violated_when)
            except WitnessRejectedError as error:
                raise CanaryError(f"{falsehood}: {error}, with {given}") from error
            if broken:
                raise CanaryError(f"{falsehood}: {given}")
            tried += spoken_of
        if not tried:
            raise CanaryError(f"{falsehood}: nothing was tried")
        return f"none of {tried} runs of the same search"

    return Canary(falsehood=falsehood, catch=catch)


def rejected_certificate(build: Callable[[], object], falsehood: str) -> Canary:
    """Return a canary from a certificate of something false, which the kernel must reject."""

    def catch() -> str:
        try:
            build()
        except kernel.RejectedError as error:
            return f"rejected: {error}"
        raise CanaryError(f"{falsehood}: the kernel accepted it")

    return Canary(falsehood=falsehood, catch=catch)
