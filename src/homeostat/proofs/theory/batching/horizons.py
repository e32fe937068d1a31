"""When dominance first fails on the note's data sets: no start before it, a witness at it.

Lemmas of our own. The mode tree proves of all starts at once that none violates up to a step;
at the next step a start does, and the kernel replays it.
"""

from functools import cache

from homeostat.counterexamples import Witness, find_conjecture
from homeostat.models.batching import DataSet, Pair, State
from homeostat.proofs import kernel
from homeostat.proofs.certificates import replayed, sealed
from homeostat.proofs.claims import Canary, CanaryError, Claim
from homeostat.proofs.engines.mode_tree.horizon import Horizon, first_violation
from homeostat.proofs.theory.batching.common import DATA, section
from homeostat.proofs.theory.batching.forged import one_step_longer
from homeostat.proofs.verdicts import Proved, ProvedWithin, Unknown

__all__ = ["CLAIMS"]

_STEPS_MAX = 12
"""The last step looked at; the search ends at the first violation."""


@cache
def _horizon(name: str, data: DataSet) -> Horizon:
    comparisons = find_conjecture(name).violated_when or ()
    return first_violation(data.parameters, comparisons, _STEPS_MAX)


def _decide(name: str, data: DataSet) -> Proved | ProvedWithin | Unknown:
    found = _horizon(name, data)
    if found.certificate is None:
        return Unknown(reason=f"already the start may violate {name}")
    steps = found.certificate["theorem"]["steps"]
    if found.step is None or found.start is None:
        bound = f"no start violates at t = 0 .. {steps}"
        return ProvedWithin(certificates=(found.certificate,), bound=bound, detail=found.open)
    pair = Pair.run(data.parameters, found.start, step_count=found.step)
    how = {"method": "mode tree", "data_set": data.name}
    witness = Witness.of(find_conjecture(name), pair, found.step, how)
    return Proved(
        certificates=(found.certificate, replayed(witness)),
        detail=f"The smallest t is {found.step}: no start violates at t = 0 .. {steps}, and at "
        f"t = {found.step} the start [{_listed(found.start)}] does.",
    )


def _canary(name: str, data: DataSet) -> Canary:
    ((left, _, right),) = find_conjecture(name).violated_when or ()

    def catch() -> str:
        found = _horizon(name, data)
        other = first_violation(data.parameters, [(left, ">", right)], _STEPS_MAX)
        if other.start is None:
            raise CanaryError(f"{left} > {right}: no start found")
        if found.certificate is None or found.start is None:
            raise CanaryError(f"{name}: no start that breaks a longer certificate")
        theorem, evidence = one_step_longer(found.certificate)
        try:
            sealed("case_tree", theorem, evidence)
        except kernel.RejectedError as error:
            return (
                f"{left} > {right} at t = {other.step} from [{_listed(other.start)}]; the tree "
                f"grown to t = {found.step}, where [{_listed(found.start)}] violates, is "
                f"rejected: {error}"
            )
        raise CanaryError(f"{name}: the kernel accepts a tree of one step too many")

    return Canary(
        falsehood=f"{left} > {right} never happens, and the proofs of the last step before a "
        "violation exclude one at the next step too",
        catch=catch,
    )


def _listed(start: State) -> str:
    return ", ".join(map(str, start))


def _claim(name: str, title: str, inequality: str, data: DataSet) -> Claim:
    p, words = data.parameters, data.name.replace("_", " ")
    return Claim(
        id=f"batching.{name}_horizon.{data.name}",
        title=f"{title}: {words}",
        statement=f"There is a smallest t at which some free start violates {inequality}, and no "
        "start violates it earlier.",
        scope=f"l0 = {p.l0}, l_A = {p.l_a}, l_B = {p.l_b}, q = {p.q}, B = {p.capacity}; every "
        "start M(0) >= 0 with sum W_s M_s = B",
        source=section("-"),
        decide=lambda: _decide(name, data),
        canary=_canary(name, data),
        vacuity="the start that violates at the smallest t",
        remark="The certificate is a tree of all sequences of modes (no eviction, or the stage "
        "that is cut) up to the step before; on each branch both systems are linear in the "
        "start, and multipliers exclude every way to violate.",
        refuted_by=(),
    )


_INEQUALITIES = (
    ("g_dominance", "When dominance first fails", "G^T >= G^S"),
    ("max_dominance", "When dominance of the maximum first fails", "max M^T >= max M^S"),
    ("min_dominance", "When dominance of the minimum first fails", "min M^T <= min M^S"),
)

CLAIMS = tuple(
    _claim(name, title, inequality, data)
    for name, title, inequality in _INEQUALITIES
    for data in DATA.values()
)
