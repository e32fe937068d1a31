from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from homeostat.models.batching import DATA_SETS, BatchingParameters, DataSet, Pair

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SMALL = ("--l0", "1", "--l-a", "1", "--l-b", "3", "--q", "2/5")


def test_the_readme_counterexample_is_what_the_command_prints(cli: "Cli") -> None:
    document = cli("trajectory", *SMALL, "--steps", "5", "--json").json("trajectory")
    last = document["steps"][-1]
    assert (last["t"], last["spread_theory"], last["spread_simulation"]) == (
        5,
        "989/3125",
        "41/125",
    )
    assert Fraction(last["spread_theory"]) < Fraction(last["spread_simulation"])
    assert document["steps"][1]["evicted"] == ["0", "1/30", "0"]


@pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda data_set: data_set.name)
def test_the_json_holds_the_exact_states_of_the_model(cli: "Cli", data_set: DataSet) -> None:
    system = data_set.parameters
    values = {"--l0": system.l0, "--l-a": system.l_a, "--l-b": system.l_b, "--q": system.q}
    values |= {"--capacity": system.capacity, "--steps": 12}
    arguments = [text for name, value in values.items() for text in (name, str(value))]
    document = cli("trajectory", *arguments, "--json").json("trajectory")
    pair = Pair.run(system, step_count=12)
    assert BatchingParameters.from_json(document["parameters"]) == system
    for step in document["steps"]:
        assert tuple(map(Fraction, step["theory"])) == pair.theory[step["t"]]
        assert tuple(map(Fraction, step["simulation"])) == pair.simulation[step["t"]]
        assert tuple(map(Fraction, step["evicted"])) == pair.evicted[step["t"]]


def test_a_free_start_is_taken_as_written(cli: "Cli") -> None:
    answer = cli("trajectory", *SMALL, "--steps", "1", "--start", "0,5/6, 0", "--json")
    assert answer.json("trajectory")["start"] == ["0", "5/6", "0"]


def test_no_steps_give_the_start_alone(cli: "Cli") -> None:
    assert cli("trajectory", *SMALL, "--steps", "0", "--json").json("trajectory")["steps"] == []


def test_the_table_marks_the_step_at_which_theory_is_less_spread(cli: "Cli") -> None:
    answer = cli("trajectory", *SMALL, "--steps", "5")
    assert answer.code == 0
    assert "989/3125 <" in answer.out
    assert "1/50" in answer.out


def test_numbers_of_thousands_of_digits_are_printed_whole(cli: "Cli") -> None:
    arguments = ("--l0", "997/991", "--l-a", "1", "--l-b", "3", "--q", "83/97", "--steps", "700")
    answer = cli("trajectory", *arguments, "--json")
    assert answer.code == 0
    assert max(map(len, answer.json()["steps"][-1]["theory"])) > 4300
    assert cli("trajectory", *arguments).code == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--l0", "0"), "l0=0 must be >= 1"),
        (("--l0", "nan"), "l0='nan' must be a finite rational number"),
        (("--l0", "1e9"), "l0='1e9' must be written as p/q or a plain decimal"),
        (("--l-a", "0"), "l_a=0 must be >= 1"),
        (("--l-a", "3"), "l_b=3 must be > l_a=3"),
        (("--q", "1"), "q=1 must lie strictly between 0 and 1"),
        (("--q", "1/0"), "q='1/0' must be a finite rational number"),
        (("--capacity", "-2"), "capacity=-2 must be > 0"),
        (("--start", "1/2,0"), "start has 2 stages, the parameters ask for 3"),
        (("--start", "1,0,0"), "must be capacity=1"),
        (("--start", "-1/2,0,5/4"), "start[0]=-1/2 must be >= 0"),
        (("--steps", "-1"), "--steps='-1' must be an integer >= 0 and <= 100000"),
        (("--steps", "x"), "--steps='x' must be an integer >= 0"),
        (("--l-b", "1000000000"), "--l-b='1000000000' must be an integer >= 0 and <= 10000"),
        (("--l-a", "1.5"), "--l-a='1.5' must be an integer"),
        (("--start", "1/2,,0"), "start='' must be a finite rational number"),
    ],
)
def test_a_bad_value_is_one_line_with_the_value_and_the_rule(
    cli: "Cli", change: tuple[str, str], message: str
) -> None:
    answer = cli("trajectory", *SMALL, "--steps", "3", *change, "--json")
    assert answer.code == 2
    assert answer.out == ""
    assert message in answer.err
    assert answer.err.count("\n") == 1
