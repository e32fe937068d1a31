"""Congestion games in the kernel: its own definitions against the models', and attacks."""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from homeostat.counterexamples.cases.figures import figures_of
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.proofs import cases, games, kernel
from homeostat.proofs.kernel import RejectedError

Json = dict[str, Any]
Forge = Callable[..., Json]

FLOW: Json = {
    "costs": [["0", "1"], ["0", "1"]],
    "start": ["3/4", "1/4"],
    "damping": "1",
}
GAME: Json = {
    "delays": [[1, 2], [1, 2]],
    "strategies": [[[0], [1]], [[0], [1]]],
    "boltzmann": "1/2",
}
OF_FLOW = (
    *("mass", "damping", "half_curvature", "flow_1_1", "flow_1_4", "distance_1_3", "distance_3_4"),
    *(f"{name}_{k}" for name in ("nash_gap", "potential") for k in range(1, 6)),
)
OF_GAME = ("players", "profiles", "equilibria", "boltzmann", "outside", "leaves", "gibbs_error")


def agree(system: str, data: Json, names: tuple[str, ...]) -> None:
    models, (words, figure) = figures_of(system, data), cases.CASES[system](data)
    assert words == models.words == set()
    for name in names:
        assert figure(name) == (models.figure(name),) * 2, (name, data)


def flow_case(rng: random.Random) -> Json:
    count = rng.randint(1, 5)
    start = [Fraction(rng.choice([0, 0, 1, 3]), rng.randint(1, 3)) for _ in range(count)]
    start[rng.randrange(count)] += 1
    costs = [
        [str(Fraction(rng.randint(0, 4), rng.randint(1, 3))) for _ in range(rng.randint(1, 3))]
        for _ in range(count)
    ]
    damping = Fraction(rng.randint(1, 12), rng.randint(1, 4))
    return {"costs": costs, "start": list(map(str, start)), "damping": str(damping)}


def game_case(rng: random.Random) -> Json:
    players, count = rng.randint(1, 3), rng.randint(1, 3)

    def strategy() -> list[int]:
        return sorted(rng.sample(range(count), rng.randint(1, count)))

    return {
        "delays": [[rng.randint(0, 6) for _ in range(players)] for _ in range(count)],
        "strategies": [[strategy() for _ in range(rng.randint(1, 3))] for _ in range(players)],
        "boltzmann": str(Fraction(rng.randint(1, 4), rng.randint(5, 9))),
    }


@pytest.mark.slow
def test_flows_of_kernel_and_models_agree() -> None:
    rng = random.Random(6)
    for _ in range(150):
        agree("congestion-flow", flow_case(rng), OF_FLOW)


@pytest.mark.slow
def test_games_of_kernel_and_models_agree() -> None:
    rng = random.Random(7)
    for _ in range(40):
        agree("congestion-game", game_case(rng), OF_GAME)


def test_a_flow_and_a_game_worked_out_by_hand() -> None:
    _, flow = games.congestion_flow(FLOW)
    told = {
        "mass": "1",
        "half_curvature": "1/2",
        "nash_gap_1": "1/2",
        "potential_1": "5/16",
        "flow_1_2": "1/2",
        "nash_gap_2": "0",
        "potential_2": "1/4",
        "distance_1_2": "1/4",
    }
    assert {name: str(flow(name)[0]) for name in told} == told
    _, game = games.congestion_game(GAME)
    told = {"equilibria": "2", "outside": "1/3", "leaves": "1/3", "gibbs_error": "0"}
    assert {name: str(game(name)[0]) for name in told} == told


def test_a_resource_that_falls_below_zero_is_left_out_again_and_again() -> None:
    # By their share of what is too much, first the third would be below 0, then the second.
    data = {"costs": [["0"], ["2"], ["9"]], "start": ["1", "1", "1"], "damping": "1"}
    _, figure = games.congestion_flow(data)
    assert [figure(f"flow_{r}_2")[0] for r in (1, 2, 3)] == [Fraction(5, 2), Fraction(1, 2), 0]
    agree("congestion-flow", data, ("flow_1_2", "flow_2_2", "flow_3_2"))


HOSTILE: list[tuple[str, str, Json]] = [
    ("no flow", "congestion-flow", {**FLOW, "start": []}),
    ("fewer costs", "congestion-flow", {**FLOW, "costs": [["0", "1"]]}),
    ("a cost of nothing", "congestion-flow", {**FLOW, "costs": [["0", "1"], []]}),
    ("a long cost", "congestion-flow", {**FLOW, "costs": [["0"] * 6, ["0"]]}),
    ("a cost as text", "congestion-flow", {**FLOW, "costs": ["01", "01"]}),
    ("a falling cost", "congestion-flow", {**FLOW, "costs": [["1", "-1"], ["0", "1"]]}),
    ("a negative flow", "congestion-flow", {**FLOW, "start": ["2", "-1"]}),
    ("all empty", "congestion-flow", {**FLOW, "start": ["0", "0"]}),
    ("too many", "congestion-flow", {**FLOW, "start": ["1"] * 7, "costs": [["1"]] * 7}),
    ("a number for a flow", "congestion-flow", {**FLOW, "start": [1, 0]}),
    ("no damping", "congestion-flow", {**FLOW, "damping": "0"}),
    ("a negative damping", "congestion-flow", {**FLOW, "damping": "-1"}),
    ("more", "congestion-flow", {**FLOW, "steps": 3}),
    ("no delay", "congestion-game", {**GAME, "delays": []}),
    ("a delay too few", "congestion-game", {**GAME, "delays": [[1], [1, 2]]}),
    ("a delay too many", "congestion-game", {**GAME, "delays": [[1, 2, 3], [1, 2]]}),
    ("a negative delay", "congestion-game", {**GAME, "delays": [[1, -2], [1, 2]]}),
    ("a long delay", "congestion-game", {**GAME, "delays": [[1, 13], [1, 2]]}),
    ("half a delay", "congestion-game", {**GAME, "delays": [[1, 1.5], [1, 2]]}),
    ("a delay that is true", "congestion-game", {**GAME, "delays": [[True, 2], [1, 2]]}),
    ("a delay as text", "congestion-game", {**GAME, "delays": [["1", 2], [1, 2]]}),
    ("no player", "congestion-game", {**GAME, "strategies": [], "delays": [[], []]}),
    ("five players", "congestion-game", {**GAME, "strategies": [[[0]]] * 5, "delays": [[1] * 5]}),
    ("no strategy", "congestion-game", {**GAME, "strategies": [[], [[0]]]}),
    ("a strategy of nothing", "congestion-game", {**GAME, "strategies": [[[]], [[0]]]}),
    ("a resource twice", "congestion-game", {**GAME, "strategies": [[[0, 0]], [[0]]]}),
    ("no such resource", "congestion-game", {**GAME, "strategies": [[[2]], [[0]]]}),
    ("a negative resource", "congestion-game", {**GAME, "strategies": [[[-1]], [[0]]]}),
    ("a resource that is true", "congestion-game", {**GAME, "strategies": [[[True]], [[0]]]}),
    ("too many profiles", "congestion-game", {**GAME, "strategies": [[[0]] * 7, [[1]] * 6]}),
    ("frozen", "congestion-game", {**GAME, "boltzmann": "0"}),
    ("all the same", "congestion-game", {**GAME, "boltzmann": "1"}),
    ("upside down", "congestion-game", {**GAME, "boltzmann": "-1/2"}),
    ("and more", "congestion-game", {**GAME, "temperature": "1"}),
]


@pytest.mark.parametrize(("name", "system", "data"), HOSTILE, ids=[row[0] for row in HOSTILE])
def test_data_out_of_bounds_are_refused_by_both(
    name: str, system: str, data: Json, forge: Forge
) -> None:
    figure, near = ("mass", FLOW) if system == "congestion-flow" else ("players", GAME)
    theorem = {
        "system": system,
        "given": data,
        "assumes": [],
        "violated_when": [[figure, ">", "0"]],
    }
    with pytest.raises(RejectedError):
        kernel.check(forge("case", theorem, {}))
    with pytest.raises((InvalidInputError, WitnessRejectedError)):
        figures_of(system, data).figure(figure)
    kernel.check(forge("case", {**theorem, "given": near}, {}))


DOUBLING: Json = {"costs": [["0", "0", "0", "0", "1/3"], ["0", "1/7"]], "start": ["1/3", "1"],
                  "damping": "1/5"}  # fmt: skip
NONE_SUCH = [
    ("congestion-flow", FLOW, "nash_gap_65"),
    ("congestion-flow", FLOW, "flow_3_1"),
    ("congestion-flow", FLOW, "distance_1_65"),
    ("congestion-flow", DOUBLING, "potential_64"),
    (
        "congestion-game",
        {"delays": [[1, 3]] * 6, "strategies": [[[0]], [[1]]], "boltzmann": "1/2"},
        "leaves_1",
    ),
]


@pytest.mark.parametrize(("system", "data", "name"), NONE_SUCH)
def test_a_figure_that_a_case_does_not_have_is_refused_by_both(
    system: str, data: Json, name: str
) -> None:
    with pytest.raises(RejectedError):
        cases.CASES[system](data)[1](name)
    with pytest.raises((InvalidInputError, WitnessRejectedError)):
        figures_of(system, data).figure(name)


@pytest.mark.slow
def test_a_case_at_its_bounds_takes_no_long_time_in_the_kernel() -> None:
    widest = {
        "delays": [[12] * 4] * 6,
        "strategies": [[[0, 1], [2, 3, 4]], [[0], [5]], [[1], [2], [3]], [[0], [4], [5]]],
        "boltzmann": "999999999999/1000000000000",
    }
    agree("congestion-game", widest, ("outside", "leaves", "profiles"))
