"""Whether the merged state is exact: the two types apart against the two types as one."""

from homeostat.models.batching import BatchingParameters, canonical_start
from homeostat.proofs.certificates import induction, run_example, scan_theorem
from homeostat.proofs.claims import Claim, false_scan, wrong_step
from homeostat.proofs.theory.batching.common import (
    refuted_by_corpus,
    section,
    smallest_witness,
)
from homeostat.proofs.verdicts import Proved

__all__ = ["CLAIMS"]

_SAMPLE = BatchingParameters(1, 2, 3, "2/5", 10)
"""Here a shared stage lies above stage 0, and so both sorts are on the way of a run."""

_START = canonical_start(_SAMPLE)
_LOCATIONS = {
    "theory": {"run/run": ["e_U = e_T"]},
    "simulation": {"open/open": ["e_U = e_S"], "cut/cut": []},
}
# Where a stage crosses the capacity, both divisions keep the same share f_U of it.
_SHARE = ["v*k_S = v*f_U*m_S", "k_S = f_U*m_S"]
_HINTS = {
    "open/open shared cut/cut each 0": _SHARE,
    "open/open shared cut/cut each 1": _SHARE,
    "open/open tail cut/cut each 0": ["q*v*k_S = q*v*f_U*m_S", "k_S = f_U*m_S"],
}


def _divided(m: str) -> list[str]:
    return [f"a_U = {m} - q*{m}", f"b_U = q*{m}"]


def _step(system: str, last: str = "w = v") -> dict[str, object]:
    x = system[0].upper()
    m, k, n = f"m_{x}", f"k_{x}", f"n_{x}"
    return scan_theorem(
        [system, f"typed_{system}"],
        given=["B > 0", "q > 0", "q < 1"],
        each={
            "shared": ["v > 0", "w = v", *_divided(m)],
            "tail": ["v > 0", "w = q*v", f"b_U = q*{m}"],
        },
        last=["v > 0", last],
        then_each={
            "shared": [f"j_U = {k} - q*{k}", f"k_U = q*{k}"],
            "tail": [f"k_U = q*{k}"],
        },
        then_last=[f"j_U = {n} - q*{n}", f"k_U = q*{n}"],
    )


def _certificate(system: str) -> dict[str, object]:
    x = system[0].upper()
    m = f"m_{x}"
    return induction(
        _step(system),
        _LOCATIONS[system],
        example=run_example(_SAMPLE, _START, [system, f"typed_{system}"]),
        hints=_HINTS if system == "simulation" else {},
        stages={"shared": _divided(m), "tail": [f"b_U = q*{m}"]},
    )


def _decide() -> Proved:
    return Proved(certificates=(_certificate("theory"), _certificate("simulation")))


def _doubled_example() -> dict[str, object]:
    example = run_example(_SAMPLE, _START, ["theory", "typed_theory"])
    sort, values = example["stages"][-1]
    example["stages"][-1] = [sort, {**values, "w": str(2 * _SAMPLE.weights[0])}]
    return example


CLAIMS = (
    Claim(
        id="batching.merge_exact",
        title="Merging the two types is exact when shared stages start divided p:q",
        statement="If at the start every stage that both types share is divided p:q, the typed "
        "and the merged system agree for ever, for Theory and for Simulation, with and "
        "without eviction.",
        scope="every number of stages of either kind, every l0 > -1, 0 < q < 1 and B > 0, all t",
        source=section("2.3"),
        decide=_decide,
        canary=false_scan(
            "a merged request of stage 0 may weigh twice a typed one",
            _step("theory", last="w = 2*v"),
            _LOCATIONS["theory"],
            _doubled_example(),
        ),
        vacuity="an exact run of merged and typed systems side by side",
        property_twin="merge_exact",
    ),
    Claim(
        id="batching.merge_any_split",
        title="Merging is exact however the types are divided at the start",
        statement="For every division of the start into types, the typed systems, merged, "
        "equal the merged systems for all t.",
        scope="all parameters, all typed starts, all t",
        source=section("2.3"),
        decide=refuted_by_corpus("merge_any_split"),
        canary=wrong_step(lambda: smallest_witness("merge_any_split")),
        vacuity="the witness itself",
        remark="What leaves at stage l_A is type A only: a start with another share of type B "
        "arrives at stage l_A with another merged amount.",
        property_twin="merge_any_split",
    ),
)
