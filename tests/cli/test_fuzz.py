from typing import TYPE_CHECKING

import pytest

from homeostat.properties import runner

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.mark.slow
def test_the_batching_suite_comes_out_as_expected(cli: "Cli") -> None:
    answer = cli("fuzz", "batching", "--examples", "20", "--seed", "3", "--json")
    document = answer.json("fuzz")
    assert (answer.code, document["verdict"], document["seed"]) == (0, "survived", 3)
    expected = {entry["expected"] for entry in document["properties"]}
    assert expected == {"survived", "refuted"}


def test_an_interrupted_property_is_not_said_to_be_wrong(
    cli: "Cli", monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_try", interrupt)
    answer = cli("fuzz", "batching")
    row = next(line for line in answer.out.splitlines() if "token_balance" in line)
    assert (answer.code, "interrupted" in row, "NO" in row) == (130, True, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-such-suite",), "no-such-suite"),
        (("batching", "--examples", "0"), "--examples='0' must be an integer >= 1"),
        (("batching", "--target", "no_such_module:step"), "no_such_module"),
        (("batching", "--target", "nonsense"), "nonsense"),
    ],
)
def test_bad_input_exits_with_2(cli: "Cli", arguments: tuple[str, ...], message: str) -> None:
    answer = cli("fuzz", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
