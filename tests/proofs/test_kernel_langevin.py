"""Langevin steps in the kernel: its own law against the models', and what both must refuse."""

import random
from fractions import Fraction
from typing import Any

import pytest

from homeostat.counterexamples.cases.figures import figures_of
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.proofs import cases
from homeostat.proofs.kernel import RejectedError

Json = dict[str, Any]

MOMENTS = ("position_variance", "covariance", "velocity_variance")
OTHERS = ("gibbs_position_variance", "gibbs_velocity_variance", "dt")
GOOD: Json = {
    "update": "note",
    "mass": "1",
    "stiffness": "1",
    "friction": "1",
    "temperature": "1",
    "dt": "1/2",
}


def drawn(rng: random.Random) -> Json:
    def some() -> str:
        return str(Fraction(rng.randint(1, 9), rng.randint(1, 9)))

    update = rng.choice(["note", "baoab"])
    friction = some() if update == "note" else str(Fraction(rng.randint(0, 9), 10))
    names = ("mass", "stiffness", "temperature", "dt")
    return {"update": update, "friction": friction, **{name: some() for name in names}}


def test_laws_of_kernel_and_models_agree() -> None:
    rng, seen = random.Random(4), []
    for _ in range(150):
        data = drawn(rng)
        models, (words, figure) = figures_of("langevin", data), cases.CASES["langevin"](data)
        assert words == models.words
        seen.append(frozenset(words))
        for name in (*MOMENTS, *OTHERS) if "stable" in words else OTHERS:
            value = models.figure(name)
            assert figure(name) == (value, value), (name, data)
    assert {frozenset(x) for x in seen} == {
        frozenset(x) for x in ({"note"}, {"baoab"}, {"note", "stable"}, {"baoab", "stable"})
    }


@pytest.mark.parametrize("name", MOMENTS)
def test_a_step_that_is_not_stable_has_no_law(name: str) -> None:
    data = {**GOOD, "dt": "2"}
    assert figures_of("langevin", data).words == {"note"}
    with pytest.raises(WitnessRejectedError, match="must be stable"):
        figures_of("langevin", data).figure(name)
    _, figure = cases.CASES["langevin"](data)
    with pytest.raises(RejectedError, match="not stable"):
        figure(name)


def test_a_step_on_the_edge_of_stability_is_not_stable() -> None:
    # 4 m = 2 g h + k h^2 for h = 1, g = 3/2; and k h^2 = 4 m for BAOAB.
    for data in (
        {**GOOD, "dt": "1", "friction": "3/2"},
        {**GOOD, "update": "baoab", "friction": "1/2", "dt": "2"},
    ):
        assert "stable" not in figures_of("langevin", data).words
        assert "stable" not in cases.CASES["langevin"](data)[0]


HOSTILE: list[tuple[str, Json]] = [
    ("another update", {"update": "leapfrog"}),
    ("no text", {"update": None}),
    ("no mass", {"mass": "0"}),
    ("negative stiffness", {"stiffness": "-1"}),
    ("no temperature", {"temperature": "0"}),
    ("no step", {"dt": "0"}),
    ("a step back", {"dt": "-1/2"}),
    ("no damping", {"friction": "0"}),
    ("negative damping", {"friction": "-1"}),
    ("all velocity left", {"update": "baoab", "friction": "1"}),
    ("velocity turned round", {"update": "baoab", "friction": "-1/2"}),
    ("a number", {"mass": 1}),
    ("a float", {"mass": "1.5"}),
    ("a zero divisor", {"mass": "1/0"}),
    ("a large number", {"mass": "1" + "0" * 16}),
    ("a long text", {"mass": "1/" + "7" * 100}),
    ("more", {"more": "1"}),
]


@pytest.mark.parametrize(("what", "change"), HOSTILE, ids=[what for what, _ in HOSTILE])
def test_what_is_no_case_is_refused_by_both(what: str, change: Json) -> None:
    figures_of("langevin", GOOD)
    cases.CASES["langevin"](GOOD)
    data = {**GOOD, **change}
    with pytest.raises(InvalidInputError):
        figures_of("langevin", data)
    with pytest.raises((RejectedError, TypeError)):
        cases.CASES["langevin"](data)


def test_a_missing_field_is_refused_by_both() -> None:
    for name in GOOD:
        data = {key: value for key, value in GOOD.items() if key != name}
        with pytest.raises(InvalidInputError):
            figures_of("langevin", data)
        with pytest.raises(RejectedError):
            cases.CASES["langevin"](data)
