"""What the notes say of gaps, admission and foresight and does not hold: each with a small case."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from homeostat.counterexamples import CASE_CONJECTURES
from homeostat.counterexamples.cases.expert_searching import (
    expert_case,
    small_event_traces,
    small_traces,
    traces_in_turn,
    uniform_laws,
    worst_ratio,
)
from homeostat.proofs.claims import Claim, Source, false_case, unbroken
from homeostat.proofs.theory.small_cases import by_case
from homeostat.proofs.verdicts import Verdict

__all__ = ["CLAIMS"]

Given = dict[str, Any]

_DISCOUNTS: Final = ("1/4", "1/2", "9/10")
_ROUNDS: Final = (2, 5, 25)
_TURNS: Final = 4


def _chains(*chains: dict[str, Any], walkers: int = 1) -> Given:
    return {"chains": list(chains), "discount": "9/10", "walkers": walkers}


def _definitions() -> Verdict:
    return by_case(expert_case("gap_definitions"))


def _components() -> Verdict:
    return by_case(expert_case("components_close_the_gap"))


_MOSTLY_ONE: Final = {"law": ["9/10"] + ["1/630"] * 63, "stay": "99/100"}


def _avalanche() -> Verdict:
    return by_case(
        expert_case("gap_predicts_avalanche"),
        detail="Where walkers are independent and in the stationary law, their union depends on "
        "that law alone: sum of 1 - (1 - pi_i)^B. A chain that stays with the chance s has the "
        "same law for every s, and the gap 1 - s. So the gap says how fast one walker forgets "
        "where it was, and nothing of how many experts a batch needs at once.",
    )


def _scale() -> Verdict:
    return by_case(
        expert_case("threshold_scale_free"),
        detail="On n experts that are all as likely, the chance to return is g/(n - (n - 1) g) at "
        "the discount g: it falls as 1/n, and so does the share of a threshold that all pass.",
    )


_MORE_FOR_FEWER: Final = replace(
    CASE_CONJECTURES["threshold_scale_free"],
    assumes=("uniform", ("states_1", "<", "states_2")),
    violated_when=(("p_return_1_1", "<=", "p_return_1_2"),),
)


def _pairs_of_uniform() -> Iterator[Given]:
    for fewer in (2, 8, 60):
        yield from uniform_laws((fewer, 128))


def _worst(length_max: int) -> str:
    told = []
    for discount in _DISCOUNTS:
        traces = small_traces(length_max=length_max, discount=discount)
        ratio, given = worst_ratio("expert-cache", traces, "misses_threshold", "misses_lru")
        trace = " ".join(str(expert) for event in given["events"] for expert in event)
        told.append(
            f"{ratio} at the discount {discount} (trace {trace}, {given['capacity']} places)"
        )
    return "; ".join(told)


def _turns() -> list[Fraction]:
    traces = (traces_in_turn(_TURNS, [rounds], discount="1/4") for rounds in _ROUNDS)
    return [worst_ratio("expert-cache", t, "misses_threshold", "misses_lru")[0] for t in traces]


def _admission() -> Verdict:
    length_max = 6
    ratios = _turns()
    grows = ", ".join(f"{x} for {m} rounds" for x, m in zip(ratios, _ROUNDS, strict=True))
    return by_case(
        expert_case("admission_never_worse"),
        detail=f"Misses with admission per miss of LRU, at worst over all traces of up to "
        f"{length_max} single experts, each with its own chain: {_worst(length_max)}. No ratio is "
        f"the worst of all: where {_TURNS} experts take turns and all have a place, it is {grows}, "
        "as LRU misses each of them once and admission every time.",
    )


_NEVER_OPTIMAL: Final = replace(
    CASE_CONJECTURES["admission_never_worse"],
    violated_when=(("misses_threshold", "<", "misses_optimal"),),
)


def _next_use() -> Verdict:
    return by_case(
        expert_case("next_use_is_optimal"),
        detail="With one expert an event no two have the same next use, and the rule is Belady's. "
        "With several, two may be needed next by the same event, which needs both: then the one "
        "is worth more that is used sooner after that.",
    )


_ALL_USES: Final = replace(
    CASE_CONJECTURES["next_use_is_optimal"],
    violated_when=(("misses_belady", "!=", "misses_optimal"),),
)

CLAIMS: Final = (
    Claim(
        id="experts.gap_definitions.agree",
        title="What is called the spectral gap is one number",
        statement="Of 1 - |lambda_2| of P, the gap of its additive reversibilisation and the "
        "second eigenvalue of the normalised Laplacian of P + P^T, two are equal in every chain.",
        scope="every chain with one closed class",
        source=Source(note="004", section="1"),
        decide=_definitions,
        canary=false_case(
            "a chain that draws evenly tells the three apart",
            CASE_CONJECTURES["gap_definitions"],
            _chains({"matrix": [["1/2", "1/2"], ["1/2", "1/2"]]}),
        ),
        vacuity="the case is a chain of two experts with one closed class",
        remark="The notes use all three words for one symbol. Which definition gives their "
        "figures is measured.",
        refuted_by=("gap_definitions",),
        property_twin="gap_definitions",
    ),
    Claim(
        id="experts.closed_classes.components",
        title="More than one strong component makes the spectral gap zero",
        statement="A chain of two strong components or more has |lambda_2| = 1.",
        scope="every finite chain",
        source=Source(note="002", section="3"),
        decide=_components,
        canary=false_case(
            "two absorbing experts leave a gap",
            CASE_CONJECTURES["components_close_the_gap"],
            _chains({"matrix": [["1", "0"], ["0", "1"]]}),
        ),
        vacuity="the case has two components, one of which is left for ever",
        remark="Only closed classes do, and components that are left are none.",
        refuted_by=("components_close_the_gap",),
        property_twin="components_close_the_gap",
    ),
    Claim(
        id="experts.gap_predicts_avalanche",
        title="The spectral gap tells whether the union of a batch explodes",
        statement="With a gap near 0 the experts that a batch needs stay few, or with a gap near 1 "
        "they become many: of two chains on 64 experts, the gap of one 1/100 or less and that of "
        "the other 99/100 or more, 8 walkers are on 7 experts or fewer in the first, or on 2 or "
        "more in the second.",
        scope="independent walkers in the stationary law",
        source=Source(note="002", section="4"),
        decide=_avalanche,
        canary=false_case(
            "a chain that mostly stays and mostly draws one expert has a union above 7",
            CASE_CONJECTURES["gap_predicts_avalanche"],
            _chains(_MOSTLY_ONE, {**_MOSTLY_ONE, "stay": "0"}, walkers=8),
        ),
        vacuity="the case has the gaps 1/100 and 1",
        remark="One case refutes both directions: its first chain has the small gap and the large "
        "union, its second the large gap and the small union.",
        property_twin="gap_predicts_avalanche",
    ),
    Claim(
        id="experts.threshold_scale_free",
        title="Admission below 0.1 means the same for 8 experts and for 128",
        statement="With 8 experts and with 128, all as likely at each use, admission where the "
        "discounted chance to return is 1/10 or more says the same at the discount 9/10.",
        scope="uniform draws",
        source=Source(note="004", section="2"),
        decide=_scale,
        canary=unbroken(
            "with fewer experts the chance to return is no greater",
            _MORE_FOR_FEWER,
            _pairs_of_uniform,
        ),
        vacuity="both laws are uniform",
        property_twin="threshold_scale_free",
    ),
    Claim(
        id="experts.admission_never_worse",
        title="With admission there are never more misses than with LRU",
        statement="LRU that loads only experts whose discounted chance to return, by the chain "
        "counted on the trace itself, is 1/10 or more misses no more than LRU.",
        scope="every trace, capacity and discount",
        source=Source(note="004", section="2"),
        decide=_admission,
        canary=unbroken(
            "admission misses less than the optimum",
            _NEVER_OPTIMAL,
            lambda: small_traces(length_max=5),
        ),
        vacuity="the chain is the trace's own",
        property_twin="admission_never_worse",
    ),
    Claim(
        id="experts.optimal_gap.next_use",
        title="On events of several experts, the farthest next use is the best to leave",
        statement="Where the resident leaves whose next use is farthest, of equals any, and what "
        "is used later than all residents stays out, no choices miss less.",
        scope="every trace of events",
        source=Source(note="004", section="-"),
        decide=_next_use,
        canary=unbroken(
            "the order of all future uses is not the best one either",
            _ALL_USES,
            small_event_traces,
        ),
        vacuity="the case is a trace of three events, with one place",
        remark="A regret against plain Belady would be too small here.",
        refuted_by=("next_use_is_optimal",),
        property_twin="next_use_is_optimal",
    ),
)
