"""What the batching claims share: sources, sample runs for vacuity checks, known witnesses."""

from collections.abc import Callable
from typing import Final

from homeostat.counterexamples import Conjecture, Witness, corpus, find_conjecture, replay
from homeostat.counterexamples.results import order
from homeostat.models.batching import DATA_SETS, BatchingParameters, DataSet, Pair, canonical_start
from homeostat.proofs.certificates import enumeration, replayed
from homeostat.proofs.claims import Canary, Claim, Source, rejected_certificate, wrong_step
from homeostat.proofs.theory.batching.note_readings import READINGS
from homeostat.proofs.theory.batching.note_tables import recomputed_figures
from homeostat.proofs.verdicts import Proved, Refuted, Unknown, Verdict

__all__ = [
    "ANY_SYSTEM",
    "DATA",
    "FREE",
    "POSITIVE",
    "SAMPLE",
    "data_set_scope",
    "first_witness",
    "from_corpus",
    "on_data_set",
    "refutable",
    "refuted_by_corpus",
    "reversed_canary",
    "section",
    "smallest_witness",
]

POSITIVE: Final = ("w > 0",)
SAMPLE: Final = BatchingParameters(1, 1, 3, "2/5", 10)
"""Small parameters for runs that show assumptions to be satisfiable."""
DATA: Final = {data.name: data for data in DATA_SETS}
ANY_SYSTEM: Final = "every number of stages, all positive weights (so every real l0 > -1, q > 0)"
FREE: Final = "every system, every start M(0) >= 0 with sum W_s M_s = B, all t"


def section(number: str) -> Source:
    """Return a section of note 003; "-" for a lemma of our own."""
    return Source(note="003", section=number)


def data_set_scope(data: DataSet) -> str:
    """Return the scope of a claim on one data set, in words."""
    p = data.parameters
    return (
        f"l0 = {p.l0}, l_A = {p.l_a}, l_B = {p.l_b}, q = {p.q}, B = {p.capacity}; canonical start; "
        f"t = 1 .. {data.step_count}"
    )


def from_corpus(name: str, admit: Callable[[Witness], bool] = lambda _: True) -> list[Witness]:
    """Return the known witnesses of a conjecture that meet a condition, smallest first."""
    found = [w for w in corpus() if w.conjecture == name and admit(w)]
    return sorted(found, key=order)


def smallest_witness(name: str, admit: Callable[[Witness], bool] = lambda _: True) -> Witness:
    """Return the smallest known witness of a conjecture.

    Raises:
        LookupError: The corpus has none.
    """
    found = from_corpus(name, admit)
    if not found:
        raise LookupError(f"the corpus has no witness against {name}")
    return found[0]


def refuted_by_corpus(
    name: str, admit: Callable[[Witness], bool] = lambda _: True
) -> Callable[[], Verdict]:
    """Return a decision by the smallest known witness; unknown while there is none."""

    def decide() -> Verdict:
        found = from_corpus(name, admit)
        if not found:
            return Unknown(reason=f"no witness against {name} in the corpus, and no proof")
        witness = found[0]
        replay(witness)
        return Refuted(witnesses=(witness,), certificates=(replayed(witness),))

    return decide


def refutable(
    name: str, title: str, statement: str, number: str, *, case: str = "", remark: str | None = None
) -> Claim:
    """Return a claim about every system and start that a known witness may refute.

    Args:
        name: The conjecture's.
        title: One short sentence.
        statement: What is decided.
        number: Section of note 003.
        case: Suffix of the id where the claim has several cases.
        remark: What a reader should know beside the verdict.
    """
    return Claim(
        id=f"batching.{name}{case}",
        title=title,
        statement=statement,
        scope=FREE,
        source=section(number),
        decide=refuted_by_corpus(name),
        canary=wrong_step(lambda: smallest_witness(name)),
        vacuity="the witness itself",
        remark=remark,
        property_twin=name,
    )


def on_data_set(name: str, data: DataSet) -> Callable[[], Verdict]:
    """Return a decision by the exact run of one data set, from its canonical start."""

    def decide() -> Verdict:
        conjecture = find_conjecture(name)
        pair = Pair.run(data.parameters, step_count=data.step_count)
        witness = first_witness(conjecture, pair, data)
        if witness is None:
            return Proved(certificates=(_never(conjecture, data),))
        return Refuted(
            witnesses=(witness,),
            certificates=(replayed(witness),),
            detail=_other_reading(name, data),
        )

    return decide


def first_witness(conjecture: Conjecture, pair: Pair, data: DataSet) -> Witness | None:
    """Return the witness at the first violated step of a data set's run, if any."""
    step = conjecture.first_violation(pair)
    how = {"method": "exact run of the data set", "data_set": data.name}
    return None if step is None else Witness.of(conjecture, pair, step, how)


def _other_reading(name: str, data: DataSet) -> str | None:
    """Say under which other reading of the note its own figure comes out, if under any."""
    figures = [f for f in recomputed_figures() if (f.key, f.data_set) == (name, data.name)]
    readings = [READINGS[reading][0] for f in figures for reading in f.explained_by]
    return (
        f"The note's figure comes out under another reading: {readings[0]}." if readings else None
    )


def _never(conjecture: Conjecture, data: DataSet) -> dict[str, object]:
    never = conjecture.violated_when or ()
    start = canonical_start(data.parameters)
    return enumeration(data.parameters, start, step_count=data.step_count, never=never)


def reversed_canary(name: str, data: DataSet) -> Canary:
    """Return the canary that the reverse of an inequality never fails on a data set either."""
    ((left, _, right),) = find_conjecture(name).violated_when or ()
    falsehood = f"{left} > {right} never happens on {data.name}"

    def build() -> object:
        start = canonical_start(data.parameters)
        never = [[left, ">", right]]
        return enumeration(data.parameters, start, step_count=data.step_count, never=never)

    return rejected_certificate(build, falsehood)
