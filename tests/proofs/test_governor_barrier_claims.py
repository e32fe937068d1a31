"""The claims about barriers: decided afresh, their cases by kernel and models, and attacks."""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from homeostat.counterexamples import (
    CASE_CONJECTURES,
    Case,
    CaseConjecture,
    case_corpus,
    replay_case,
)
from homeostat.counterexamples.cases.balls import Ball
from homeostat.counterexamples.cases.barrier_searching import (
    BARRIER_SEARCHES,
    barrier_case,
    filtered_run,
    small_runs,
)
from homeostat.counterexamples.cases.figures import figures_of
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.barrier import (
    allowed_acceleration,
    braking_filter,
    euler_step,
    filtered,
)
from homeostat.models.barrier.systems import braking_system, sampled_system
from homeostat.proofs import automata, cases, kernel
from homeostat.proofs.certificates import automaton, case, replayed
from homeostat.proofs.claims import Claim
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.kernel import RejectedError
from homeostat.proofs.theory.governor import (
    barrier,
    barrier_gains,
    barrier_limits,
    barrier_noise,
)
from homeostat.proofs.verdicts import Proved, Refuted

Json = dict[str, Any]
Forge = Callable[..., Json]

CLAIMS = (
    *barrier.CLAIMS,
    *barrier_gains.CLAIMS,
    *barrier_noise.CLAIMS,
    *barrier_limits.CLAIMS,
)
REFUTED = {
    "governor.hocbf_sampled.first_gain",
    "governor.hocbf_sampled.second_gain",
    "governor.hocbf_noise",
    "governor.hocbf_input_limits",
}
IDS = [claim.id for claim in CLAIMS]


def exact(given: Json, *names: str) -> list[Fraction]:
    """Return figures of a case, all of them exact."""
    found = [figures_of("barrier", given).figure(name) for name in names]
    assert all(isinstance(x, Fraction) for x in found)
    return [x for x in found if isinstance(x, Fraction)]


def named(name: str) -> Claim:
    return next(claim for claim in CLAIMS if claim.id == f"governor.{name}")


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=IDS)
def test_a_claim_comes_out_as_known_and_its_false_neighbour_is_caught(claim: Claim) -> None:
    verdict = claim.decide()
    assert claim.canary is not None
    said = claim.canary.catch()
    if claim.id not in REFUTED:
        assert isinstance(verdict, Proved)
        assert "refuted" in said
        return
    assert isinstance(verdict, Refuted)
    (found,) = verdict.witnesses
    assert isinstance(found, Case)
    assert found in case_corpus()
    assert found.conjecture in claim.conjectures
    assert said.startswith("rejected, by the kernel too")


def test_there_are_claims_of_either_kind() -> None:
    assert set(IDS) > REFUTED
    assert len(IDS) == len(set(IDS)) == 8


# --- what each assumption is for

KEPT = {"running": list(sampled_system().start)}


def _one_step(inputs: dict[str, str], **more: str) -> Json:
    return {
        "parameters": {**barrier.RUN, **more},
        "start": {"x": "0", "v": "0"},
        "steps": [["step", inputs]],
    }


def _without(*, given: str = "", start: str = "", when: str = "", noise: bool = False) -> Json:
    """The theorem of the filtered steps without one row."""
    system = sampled_system(margin="W" if noise else None, noise=noise)
    weak = replace(
        system,
        given=tuple(row for row in system.given if row != given),
        start=tuple(row for row in system.start if row != start),
    ).without("step", when)
    assert weak != system
    return weak.theorem({"*": list(system.start)})


@pytest.mark.slow
@pytest.mark.parametrize(
    "left_out",
    [
        {"given": "h > 0"},
        {"given": "h*k1 <= 1"},
        {"given": "h*k2 <= 1"},
        {"start": "L - x >= 0"},
        {"start": "L*k1 - k1*x - v >= 0"},
        {"when": "L*k1*k2 - a - k1*k2*x - k1*v - k2*v >= 0"},
    ],
    ids=str,
)
def test_no_assumption_of_the_steps_can_be_left_out(left_out: Json) -> None:
    theorem = _without(**left_out)
    with pytest.raises(NoProofError):
        automaton(theorem, KEPT, example=[_one_step({"a": "0"})])


def test_noise_that_brakes_more_than_its_bound_does_no_harm() -> None:
    theorem = _without(when="w >= 0 - W", noise=True)
    run = _one_step({"a": "-3", "w": "-5"}, W="1")
    assert automaton(theorem, KEPT, example=[run])["theorem"] == theorem


@pytest.mark.slow
def test_noise_above_its_bound_breaks_the_proof() -> None:
    theorem = _without(when="w <= W", noise=True)
    with pytest.raises(NoProofError):
        automaton(theorem, KEPT, example=[_one_step({"a": "0", "w": "0"}, W="1")])


def test_the_second_gain_that_the_limit_alone_allows_still_leaves_the_second_barrier() -> None:
    # h k1 = 1/2, h k2 = 3/2: their sum is 2.
    given = filtered_run(("0", "0"), ("1/2", "3/2"), ("0",) * 12)
    places = range(1, 14)
    assert min(exact(given, *(f"barrier_{i}" for i in places))) >= 0
    assert min(exact(given, *(f"chain_{i}" for i in places))) < 0


# --- models and transition systems


def _drawn(rng: random.Random, least: int = 0) -> Fraction:
    return Fraction(rng.randrange(least, 41), 8)


def test_a_run_of_the_models_is_a_run_of_the_sampled_system() -> None:
    rng = random.Random(7)
    for noise in (False, True):
        system = sampled_system(margin="W" if noise else None, noise=noise)
        theorem = system.theorem({"*": list(system.start)})
        for _ in range(20):
            step, limit, most = _drawn(rng, 1), _drawn(rng), _drawn(rng) if noise else Fraction(0)
            k1, k2 = (Fraction(rng.randrange(0, 9), 8) / step for _ in range(2))
            room, above = _drawn(rng), _drawn(rng)
            x, v = limit - room, k1 * room - above
            start = {"x": str(x), "v": str(v)}
            steps = []
            for _ in range(6):
                bound = allowed_acceleration(x, v, limit=limit, gains=(k1, k2), margin=most)
                u = filtered(_drawn(rng, -40), bound)
                w = Fraction(rng.randrange(-8, 9), 8) * most
                steps.append(["step", {"a": str(u), **({"w": str(w)} if noise else {})}])
                x, v = euler_step(x, v, u, step=step, noise=w)
            fixed = {"L": limit, "h": step, "k1": k1, "k2": k2, **({"W": most} if noise else {})}
            run = {
                "parameters": {name: str(value) for name, value in fixed.items()},
                "start": start,
                "steps": steps,
            }
            automata.check_runs(theorem, {"running": list(system.start)}, [run])


def test_a_run_of_the_braking_filter_is_a_run_of_its_system() -> None:
    rng = random.Random(8)
    system = braking_system()
    theorem = system.theorem({"*": ["x <= L"]})
    taken = set()
    for _ in range(30):
        step, hardest, limit = _drawn(rng, 1), _drawn(rng, 1), _drawn(rng)
        lead = step * hardest / 2
        v = _drawn(rng, -40)
        fast = max(v + lead, Fraction(0))
        x = limit - fast * fast / (2 * hardest) - rng.choice([Fraction(0), _drawn(rng)])
        start = {"x": str(x), "v": str(v), "s": str(fast)}
        steps: list[list[Any]] = []
        for _ in range(8):
            wanted = _drawn(rng, -40)
            u = braking_filter(x, v, wanted, limit=limit, input_max=hardest, step=step)
            asked = max(min(wanted, hardest), -hardest)
            fast = max(v + lead, Fraction(0))
            x, v = euler_step(x, v, u, step=step)
            if u == asked and asked != -hardest:
                later = max(v + lead, Fraction(0))
                steps.append(["go", {"a": str(u), "r": str(later)}])
            else:
                label = "brake" if fast >= step * hardest else "brake to a stop"
                steps.append([label, {}])
        fixed = {"L": str(limit), "h": str(step), "u": str(hardest)}
        run = {"parameters": fixed, "start": start, "steps": steps}
        taken |= {label for label, _ in steps}
        # A single run need not take every transition.
        assert automata._walked(automata.read(theorem), run) == {label for label, _ in steps}
    assert taken == {t.label for t in system.transitions}


# --- cases: kernel and models


def random_case(rng: random.Random) -> Json:
    count = rng.randint(1, 6)

    def numbers(n: int, least: int = -40) -> list[str]:
        return [str(_drawn(rng, least)) for _ in range(n)]

    return {
        "limit": str(_drawn(rng, -40)),
        "step": str(_drawn(rng, 1)),
        "gains": numbers(2, 0),
        "margin": str(_drawn(rng)),
        "input_max": rng.choice([None, str(_drawn(rng, 1))]),
        "deviation": rng.choice([None, str(_drawn(rng, 8))]),
        "start": numbers(2),
        "wanted": numbers(count),
        "noise": rng.choice([["0"] * count, numbers(count)]),
    }


SHAPES = ("position", "velocity", "barrier", "chain", "allowed", "input", "chance", "gain_step")


def test_kernel_and_models_agree_on_every_figure_of_a_case() -> None:
    rng = random.Random(11)
    names = ["margin", "noise_max", "input_least"]
    known = set()
    for _ in range(80):
        data = random_case(rng)
        models, (words, figure) = figures_of("barrier", data), cases.CASES["barrier"](data)
        assert words == models.words
        places = range(1, len(data["wanted"]) + 3)
        for name in [*names, *(f"{shape}_{i}" for shape in SHAPES for i in places)]:
            try:
                low, high = figure(name)
            except RejectedError:
                with pytest.raises(WitnessRejectedError):
                    models.figure(name)
                continue
            found = models.figure(name)
            known.add(name.rstrip("_0123456789"))
            if isinstance(found, Ball):
                assert Ball.of(low).arb.union(Ball.of(high).arb).overlaps(found.arb)
                assert high - low < Fraction(1, 2**100)
            else:
                assert low == found == high
    assert known == {*SHAPES, *names}


GIVEN = filtered_run(("0", "0"), ("1", "1"), ("0", "0"))
HOSTILE: list[tuple[str, Json]] = [
    ("more", {"more": "1"}),
    ("no step", {"step": "0"}),
    ("a step back", {"step": "-1"}),
    ("a negative gain", {"gains": ["1", "-1"]}),
    ("one gain", {"gains": ["1"]}),
    ("three gains", {"gains": ["1", "1", "1"]}),
    ("a gain as a number", {"gains": [1, "1"]}),
    ("a negative margin", {"margin": "-1"}),
    ("braking by nothing", {"input_max": "0"}),
    ("braking by less", {"input_max": "-1"}),
    ("a limit that is true", {"input_max": True}),
    ("no deviation", {"deviation": "0"}),
    ("a negative deviation", {"deviation": "-2"}),
    ("no velocity", {"start": ["0"]}),
    ("no steps", {"wanted": [], "noise": []}),
    ("too many steps", {"wanted": ["0"] * 51, "noise": ["0"] * 51}),
    ("less noise", {"noise": ["0"]}),
    ("no list", {"wanted": "1000"}),
    ("no number", {"limit": "much"}),
    ("beyond", {"limit": "1" + "0" * 16}),
    ("null", {"limit": None}),
]


def theorem_of(data: Json) -> Json:
    return {
        "system": "barrier",
        "given": data,
        "assumes": [["barrier_1", ">=", "0"]],
        "violated_when": [["input_1", ">", "0"]],
    }


@pytest.mark.parametrize(("name", "change"), HOSTILE, ids=[name for name, _ in HOSTILE])
def test_data_out_of_bounds_are_refused_by_both(name: str, change: Json, forge: Forge) -> None:
    data = {**GIVEN, **change}
    with pytest.raises(RejectedError):
        kernel.check(forge("case", theorem_of(data), {}))
    with pytest.raises(InvalidInputError):
        figures_of("barrier", data)
    kernel.check(forge("case", theorem_of(GIVEN), {}))


@pytest.mark.parametrize("name", BARRIER_SEARCHES)
def test_a_search_finds_the_case_that_the_corpus_keeps(name: str) -> None:
    found = barrier_case(name)
    assert found is not None
    assert found in case_corpus()
    replay_case(found)
    kernel.check(replayed(found))


def test_a_conjecture_without_a_search_is_named() -> None:
    with pytest.raises(InvalidInputError, match="'stale_snapshot' must be one of"):
        barrier_case("stale_snapshot")


def test_no_run_of_the_same_search_breaks_both_barriers_with_short_steps() -> None:
    tried = 0
    for given in small_runs():
        inside = min(exact(given, "barrier_1", "chain_1")) >= 0
        if inside and max(exact(given, "gain_step_1", "gain_step_2")) <= 1:
            tried += 1
            later = exact(given, *(f"{x}_{i}" for x in ("barrier", "chain") for i in (2, 3)))
            assert min(later) >= 0
    assert tried > 5


CHANGES: list[tuple[str, Json]] = [
    ("hocbf_first_gain", {"gains": ["1", "1/2"]}),
    ("hocbf_second_gain", {"gains": ["1", "1"]}),
    ("hocbf_noise", {"noise": ["1", "0"]}),
    ("hocbf_noise", {"deviation": None}),
    ("hocbf_noise", {"margin": "5"}),
    ("hocbf_input_limits", {"input_max": "1"}),
    ("hocbf_input_limits", {"input_max": None}),
    ("hocbf_input_limits", {"start": ["0", "1/4"]}),
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
def test_a_witness_that_was_changed_is_rejected_by_both(name: str, change: Json) -> None:
    (kept,) = (c for c in case_corpus() if c.conjecture == name)
    given = {**kept.given, **change}
    with pytest.raises(WitnessRejectedError):
        Case.of(CASE_CONJECTURES[name], given)
    with pytest.raises(RejectedError):
        case(CASE_CONJECTURES[name], given)
    with pytest.raises(WitnessRejectedError):
        replay_case(replace(kept, given=given))


def test_figures_that_a_witness_does_not_have_are_not_made_up() -> None:
    (kept,) = (c for c in case_corpus() if c.conjecture == "hocbf_noise")
    with pytest.raises(WitnessRejectedError, match="must be"):
        replay_case(replace(kept, observed={**kept.observed, "barrier_3": "-2"}))
    far = {**kept.given, "noise": ["1000", "0"]}
    conjecture: CaseConjecture = CASE_CONJECTURES["hocbf_noise"]
    with pytest.raises(WitnessRejectedError, match="too many deviations"):
        Case.of(conjecture, far)
    with pytest.raises(RejectedError, match="exponent"):
        case(conjecture, far)


# --- certificates that were changed


def _certificates() -> list[tuple[str, Json]]:
    return [
        (claim.id, certificate)
        for claim in CLAIMS
        for certificate in getattr(claim.decide(), "certificates", ())
    ]


@pytest.mark.slow
def test_a_certificate_with_a_changed_theorem_is_rejected() -> None:
    for name, whole in _certificates():
        for change in _other_theorems(whole):
            forged = {**whole, "theorem": change}
            with pytest.raises(RejectedError):
                kernel.check(forged)
            forged["sha256"] = kernel.digest(forged)
            with pytest.raises(RejectedError):
                kernel.check(forged)
        assert name


def _other_theorems(certificate: Json) -> list[Json]:
    """False theorems that are near a true one."""
    theorem = deepcopy(certificate["theorem"])
    if certificate["kind"] == "farkas":
        stronger = theorem["then"].replace(" 0", " 1" if ">" in theorem["then"] else " 0 - 1")
        return [{**theorem, "then": stronger}, {**theorem, "given": theorem["given"][1:]}]
    if certificate["kind"] == "case":
        swapped = [[a, ">" if sign == "<" else "<", b] for a, sign, b in theorem["violated_when"]]
        return [{**theorem, "violated_when": swapped}]
    weaker = deepcopy(theorem)
    weaker["transitions"][0]["when"] = weaker["transitions"][0]["when"][1:]
    other = deepcopy(theorem)
    other["transitions"][0]["next"]["v"] += " + h"
    return [{**theorem, "given": theorem["given"][1:]}, weaker, other]


def test_the_detail_of_a_verdict_is_computed() -> None:
    verdict = named("hocbf_noise").decide()
    assert isinstance(verdict, Refuted)
    assert verdict.detail is not None
    (found,) = verdict.witnesses
    assert isinstance(found, Case)
    assert f"{float(found.observed['chance_1'][1:]):.4f}" in verdict.detail
