from fractions import Fraction
from pathlib import Path

import pytest

from homeostat.counterexamples import (
    CONJECTURES,
    Conjecture,
    conjecture,
    find_conjecture,
    load_conjecture,
)
from homeostat.errors import InvalidInputError
from homeostat.models.batching import BatchingParameters, Pair, canonical_start

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def test_names_are_keys_and_every_statement_is_a_sentence() -> None:
    for name, known in CONJECTURES.items():
        assert known.name == name
        assert known.statement.endswith(".")


def test_dashes_count_as_underscores() -> None:
    assert find_conjecture("g-dominance") is CONJECTURES["g_dominance"]
    with pytest.raises(InvalidInputError, match="h_dominance"):
        find_conjecture("h_dominance")


@pytest.mark.parametrize(
    "broken",
    [
        {"violated_when": None},
        {"violated_when": ()},
        {"violated_when": (("spread", "<", "0"),)},
        {"violated_when": (("l0", "=<", "0"),)},
        {"violated_when": (("l0", "<", "zero"),)},
        {"violated_when": (("l0", "<", "0"),), "assumes": ("large",)},
        {"violated_when": (("l0", "<", "0"),), "margin": lambda _, __: True},
    ],
)
def test_what_no_search_could_decide_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        Conjecture(name="broken", statement="Broken.", **broken)  # type: ignore[arg-type]  # on purpose


def test_assumptions_are_judged_exactly() -> None:
    large = CONJECTURES["g_dominance_large_l0"]
    for l0, admitted in (("1000", True), ("999.999999999", False)):
        system = BatchingParameters(l0, 1, 3, "1/2")
        assert large.admits(system, canonical_start(system)) is admitted
    # A root of (1, 1, 3, 1/2) lies on the unit circle, so it is not stable.
    boundary = BatchingParameters(1, 1, 3, "1/2")
    stable = CONJECTURES["g_dominance_canonical"]
    assert not stable.admits(boundary, canonical_start(boundary))


def test_a_float_margin_is_refused_because_it_decides_nothing() -> None:
    @conjecture
    def inexact(pair: Pair, t: int) -> Fraction:
        return float(pair.theory[t][0])  # type: ignore[return-value]  # on purpose

    pair = Pair.run(BatchingParameters(1, 1, 2, "1/2"), step_count=0)
    with pytest.raises(InvalidInputError, match="exact"):
        inexact.violated(pair, 0)


def test_a_conjecture_of_one_s_own_takes_a_short_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from homeostat.counterexamples import conjecture\n"
        "@conjecture(assumes=('canonical',))\n"
        "def mine(pair, t):\n"
        "    'Theory is never negative.'\n"
        "    return min(pair.theory[t]) >= 0\n"
    )
    mine = load_conjecture(f"{path}:mine")
    assert (mine.name, mine.statement) == ("mine", "Theory is never negative.")
    pair = Pair.run(BatchingParameters(1, 1, 3, "2/3"), step_count=5)
    assert mine.first_violation(pair) is not None


@pytest.mark.parametrize("target", ["mine.py", "mine.py:", ":mine", "mine.txt:mine", "no.py:mine"])
def test_a_target_of_another_form_is_refused(target: str) -> None:
    with pytest.raises(InvalidInputError, match=r"mine|no\.py"):
        load_conjecture(target)


@pytest.mark.parametrize(
    ("text", "rule"),
    [("1/0\n", "ZeroDivisionError"), ("mine = 3\n", "made by @conjecture"), ("", "NoneType")],
)
def test_a_file_that_fails_or_holds_something_else_is_refused(
    tmp_path: Path, text: str, rule: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=rule):
        load_conjecture(f"{path}:mine")


@pytest.mark.parametrize("target", ["lyapunov.py:lyapunov_dominance", "mine.py:peak_is_small"])
def test_the_examples_load_and_hold_at_the_start(target: str) -> None:
    example = load_conjecture(str(EXAMPLES / target))
    pair = Pair.run(BatchingParameters(1, 1, 3, "1/4"), step_count=0)
    assert example.admits(pair.parameters, pair.theory[0])
    assert not example.violated(pair, 0)


def test_the_lyapunov_matrix_solves_its_equation_exactly() -> None:
    example = load_conjecture(str(EXAMPLES / "lyapunov.py:lyapunov_dominance"))
    pair = Pair.run(BatchingParameters(1, 1, 3, "1/4"), ["1/8", "1", "0"], step_count=1)
    assert example.margin_at(pair, 1) == Fraction(-331, 4800)
