import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from homeostat.counterexamples import replay
from homeostat.counterexamples.witness import read_witness
from homeostat.proofs import kernel
from homeostat.proofs.engines.mode_tree import horizon

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

POINT = ("--l0", "1", "--l-a", "1", "--l-b", "3", "--q", "2/5", "--capacity", "10")

MINE = """
from homeostat.counterexamples import Conjecture, conjecture

debt_is_small = Conjecture(
    name="debt_is_small",
    statement="Theory never owes more than 5/2 at a stage.",
    violated_when=(("min_theory", "<", "-5/2"),),
)
debt_is_tiny = Conjecture(
    name="debt_is_tiny",
    statement="Theory never owes more than 0.25 at a stage.",
    violated_when=(("min_theory", "<", "-0.25"),),
)
only_stable = Conjecture(
    name="only_stable",
    statement="Where Theory is stable, it never owes more than 5/2.",
    assumes=("stable",),
    violated_when=(("min_theory", "<", "-5/2"),),
)

@conjecture
def a_function(pair, t):
    return True
"""


def test_a_bounded_proof_exits_with_10_and_leaves_a_certificate(cli: "Cli") -> None:
    answer = cli(
        "prove", "horizon", "g-dominance", *POINT, "--steps", "1", "-o", "c.json", "--json"
    )
    document = answer.json("prove-horizon")
    assert (answer.code, document["verdict"], document["witness"]) == (10, "proved-within", None)
    certificate = json.loads(Path("c.json").read_text())
    kernel.check(certificate)
    assert certificate["theorem"]["steps"] == document["proof"]["steps"] == 1
    assert certificate["sha256"] == document["proof"]["sha256"]
    assert document["certificate_file"] == "c.json"
    assert [path.name for path in Path().iterdir()] == ["c.json"]
    assert cli("check", "c.json").code == 0


def test_a_refutation_exits_with_20_and_says_which_step_is_the_first(cli: "Cli") -> None:
    arguments = ("--data-set", "1", "--steps", "9", "--out", "c.json", "--json")
    answer = cli("prove", "horizon", "batching.max_dominance", *arguments)
    document = answer.json("prove-horizon")
    assert (answer.code, document["verdict"], document["reason"]) == (20, "refuted", None)
    assert document["witness"]["step"] == document["proof"]["steps"] + 1 == 3
    witness = read_witness(Path(document["witness_file"]))
    assert document["witness_file"] == "max_dominance.free.witness.json"
    assert replay(witness).step_count == 3
    kernel.check(json.loads(Path("c.json").read_text()))


def test_the_text_says_what_is_proved_and_what_fails(cli: "Cli") -> None:
    answer = cli("prove", "horizon", "max-dominance", "--data-set", "1", "--steps", "2")
    assert answer.code == 10
    assert "proved for t = 0 .. 2 and no further" in answer.out
    answer = cli(
        *("prove", "horizon", "max-dominance", "--data-set", "1", "--steps", "5"),
        *("--witness", "w.json"),
    )
    assert answer.code == 20
    assert "from no start it fails at a step 0 .. 2" in answer.out
    assert "it fails at t = 3 from [" in answer.out
    assert "homeostat replay w.json" in answer.err
    assert cli("replay", "w.json").code == 0


def test_a_conjecture_of_ones_own_is_data_in_a_file(cli: "Cli") -> None:
    Path("mine.py").write_text(MINE)
    own = ("prove", "horizon", "--data-set", "1", "--steps", "4", "--json")
    assert cli(*own, "mine.py:debt_is_small").code == 10
    assert cli(*own, "mine.py:only_stable").code == 10
    answer = cli(*own, "mine.py:debt_is_tiny", "--witness", "w.json")
    assert (answer.code, answer.json("prove-horizon")["verdict"]) == (20, "refuted")
    assert cli("replay", "w.json", "--conjecture", "mine.py:debt_is_tiny").code == 0


def test_a_budget_that_is_spent_is_open_with_what_was_proved(cli: "Cli") -> None:
    arguments = ("--data-set", "1", "--steps", "6", "--node-limit", "10", "--out", "c.json")
    answer = cli("prove", "horizon", "max-dominance", *arguments[:2], "--steps", "2", "--json")
    assert answer.code == 10
    answer = cli("prove", "horizon", "g-dominance", *arguments, "--json")
    document = answer.json("prove-horizon")
    assert (answer.code, document["verdict"]) == (30, "unknown")
    assert "10 nodes" in document["reason"]
    assert document["proof"]["steps"] == 2
    assert cli("check", "c.json").code == 0
    text = cli("prove", "horizon", "g-dominance", *arguments)
    assert "step 6 was not reached" in text.out


def test_a_store_takes_up_what_was_found(cli: "Cli") -> None:
    arguments = ("--data-set", "1", "--steps", "3", "--store", "found", "--json")
    first = cli("prove", "horizon", "g-dominance", *arguments).json("prove-horizon")
    assert list(Path("found").rglob("*.json"))
    again = cli("prove", "horizon", "g-dominance", *arguments).json("prove-horizon")
    assert first["proof"] == again["proof"]


def test_a_violation_at_the_start_leaves_a_witness_only(cli: "Cli") -> None:
    Path("mine.py").write_text(MINE.replace('"-0.25"', '"30"'))
    answer = cli(
        *("prove", "horizon", "mine.py:debt_is_tiny", *POINT, "--steps", "1"),
        *("--out", "c.json", "--json"),
    )
    document = answer.json("prove-horizon")
    assert (answer.code, document["proof"], document["certificate_file"]) == (20, None, None)
    assert document["witness"]["step"] == 0
    assert not Path("c.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("no-such", *POINT), 2, "no_such"),
        (("g-dominance-canonical", *POINT), 2, "'canonical'"),
        (("g-dominance-large-l0", *POINT), 2, "'canonical'"),
        (("weak-time-average", *POINT), 2, "mean_spread_theory"),
        (("peak-never-evicted", *POINT), 2, "evicted_at_peak"),
        (("theory-equals-simulation", *POINT), 2, "operator '!='"),
        (("mine.py:a_function", *POINT), 2, "docs/conjectures.md"),
        (("mine.py:only_stable", *POINT[:-3], "1/2"), 50, "must be stable"),
        (("g-dominance",), 2, "--l0 must be given, or --data-set"),
        (("g-dominance", *POINT[:4]), 2, "--l-b must be given"),
        (("g-dominance", *POINT, "--data-set", "1"), 2, "without --l0"),
        (("g-dominance", "--data-set", "3"), 2, "--data-set='3'"),
        (("g-dominance", *POINT, "--steps", "-1"), 2, "--steps='-1'"),
        (("g-dominance", *POINT, "--steps", "2001"), 2, "--steps='2001'"),
        (("g-dominance", *POINT[:5], "17", *POINT[6:]), 2, "--l-b='17'"),
        (("g-dominance", *POINT, "--q", "0"), 2, "q=0"),
        (("g-dominance", *POINT, "--jobs", "0"), 2, "--jobs='0'"),
        (("g-dominance", *POINT, "--node-limit", "0"), 2, "--node-limit='0'"),
    ],
)
def test_bad_input_exits_with_one_line(
    cli: "Cli", arguments: tuple[str, ...], code: int, message: str
) -> None:
    Path("mine.py").write_text(MINE)
    steps = () if "--steps" in arguments else ("--steps", "2")
    answer = cli("prove", "horizon", *arguments, *steps, "--json")
    assert (answer.code, answer.out) == (code, "")
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_ctrl_c_says_how_to_go_on(cli: "Cli", monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(horizon, "first_violation", stop)
    answer = cli("prove", "horizon", "g-dominance", *POINT, "--steps", "2", "--store", "found")
    assert (answer.code, answer.out) == (130, "")
    assert "goes on from found" in answer.err
