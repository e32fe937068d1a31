"""The note's tables as claims: is every figure what an exact run gives?"""

from collections.abc import Callable

from homeostat.counterexamples import Witness, find_conjecture
from homeostat.models.batching import DataSet, Pair
from homeostat.proofs.certificates import replayed
from homeostat.proofs.claims import Claim, wrong_step
from homeostat.proofs.theory.batching.common import DATA, data_set_scope, section, smallest_witness
from homeostat.proofs.theory.batching.note_tables import Figure, recomputed_figures
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


def _witnesses(data: DataSet) -> tuple[Witness, ...]:
    pair = Pair.run(data.parameters, step_count=data.step_count)
    found = []
    for name in _NEVER_VIOLATED:
        conjecture = find_conjecture(name)
        step = conjecture.first_violation(pair)
        if step is not None:
            how = {"method": "exact run of the data set", "data_set": data.name}
            found.append(Witness.of(conjecture, pair, step, how))
    return tuple(found)


def _difference(figure: Figure) -> str:
    steps = ", ".join(map(str, figure.steps_differing[:12]))
    more = len(figure.steps_differing) - 12
    at = f" (t = {steps}{f' and {more} more' if more > 0 else ''})" if steps else ""
    return f"{figure.meaning}: note {figure.note}, exact {figure.ours}{at}"


def _decide(data: DataSet) -> Callable[[], Verdict]:
    def decide() -> Verdict:
        figures = [f for f in recomputed_figures() if f.data_set == data.name]
        differing = [_difference(f) for f in figures if not f.agrees]
        detail = f"{len(figures)} figures, {len(differing)} differ: " + "; ".join(differing)
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
        statement="Every figure of the note's tables on this data set is reproduced exactly.",
        scope=data_set_scope(data),
        source=section("5.2-6.4"),
        decide=_decide(data),
        canary=wrong_step(lambda: smallest_witness("g_dominance_canonical")),
        vacuity="an exact run of the data set",
        remark="The witnesses are the steps that contradict what the note reports for every step.",
    )
    for data in DATA.values()
)
