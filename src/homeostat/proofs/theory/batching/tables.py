"""The note's tables as claims: is every figure what an exact run gives?"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from homeostat.counterexamples import Witness, find_conjecture
from homeostat.models.batching import DataSet, Pair
from homeostat.proofs.certificates import replayed
from homeostat.proofs.claims import Canary, CanaryError, Claim
from homeostat.proofs.theory.batching.common import (
    DATA,
    data_set_scope,
    first_witness,
    section,
)
from homeostat.proofs.theory.batching.note_tables import QUOTES, Figure, recomputed_figures
from homeostat.proofs.verdicts import Refuted, Unknown, Verdict

__all__ = ["CLAIMS"]

_NEVER_VIOLATED = (
    "g_dominance",
    "max_dominance",
    "min_dominance",
    "delta_at_peak",
    "case_d_never",
    "peak_never_evicted",
)
"""What the note's tables and text report for every step of both data sets."""


_GIVEN_ONCE = "6.4"
"""The section whose figures name no data set: either one may be the one that gives them."""


def _witnesses(data: DataSet) -> tuple[Witness, ...]:
    pair = Pair.run(data.parameters, step_count=data.step_count)
    found = (first_witness(find_conjecture(name), pair, data) for name in _NEVER_VIOLATED)
    return tuple(witness for witness in found if witness is not None)


def _not_reproduced(figures: Sequence[Figure], data: DataSet) -> list[Figure]:
    given = {f.key for f in figures if f.agrees and f.section == _GIVEN_ONCE}
    ours = [f for f in figures if f.data_set == data.name]
    return [f for f in ours if not f.agrees and f.key not in given]


def _catch_wrong_quote() -> str:
    """A figure that is changed in the note's place must be named as differing."""
    first = next(quote for quote in QUOTES if quote.key == "g_dominance")
    wrong = replace(first, note="49/50", target=Fraction(49, 50))
    (figure,) = recomputed_figures([wrong])
    if figure.agrees:
        raise CanaryError("a note that printed 49/50 would pass")
    return _difference(figure)


def _difference(figure: Figure) -> str:
    steps = ", ".join(map(str, figure.steps_differing[:12]))
    more = len(figure.steps_differing) - 12
    at = f" (t = {steps}{f' and {more} more' if more > 0 else ''})" if steps else ""
    return f"{figure.meaning}: note {figure.note}, exact {figure.ours}{at}"


def _decide(data: DataSet) -> Callable[[], Verdict]:
    def decide() -> Verdict:
        figures = recomputed_figures()
        count = sum(figure.data_set == data.name for figure in figures)
        differing = [_difference(figure) for figure in _not_reproduced(figures, data)]
        detail = f"{count} figures, {len(differing)} differ: {'; '.join(differing)}."
        witnesses = _witnesses(data)
        if not witnesses:
            return Unknown(reason=f"no figure has a witness against it. {detail}")
        certificates = tuple(replayed(witness) for witness in witnesses)
        return Refuted(witnesses=witnesses, certificates=certificates, detail=detail)

    return decide


CLAIMS = tuple(
    Claim(
        id=f"batching.tables.{data.name}",
        title=f"The note's tables are what an exact run gives: {data.name.replace('_', ' ')}",
        statement="Every figure that the note prints for this data set, in its tables and "
        "beside them, is what an exact run gives; the case frequencies of section 6.4, "
        "which name no data set, count if either one gives them.",
        scope=data_set_scope(data),
        source=section("5.2-8.2"),
        decide=_decide(data),
        canary=Canary(falsehood="the note prints 49/50 for dominance", catch=_catch_wrong_quote),
        vacuity="an exact run of the data set",
        refuted_by=_NEVER_VIOLATED,
        remark="The witnesses are the steps that contradict what the note reports for every step.",
    )
    for data in DATA.values()
)
