"""What is too large, or somebody else's mistake, is refused with its value and the rule."""

from fractions import Fraction
from pathlib import Path

import pytest

from homeostat.counterexamples import (
    SearchSpace,
    Witness,
    conjecture,
    corpus,
    find_conjecture,
    load_conjecture,
    search,
)
from homeostat.counterexamples.files import read_bounded
from homeostat.counterexamples.space import Start, lattice, start_count
from homeostat.errors import InvalidInputError, WitnessRejectedError
from homeostat.models.batching import BatchingParameters, Pair

ONE = (Fraction(1),)


@conjecture
def raises_at_three(pair: Pair, t: int) -> bool:
    """Somebody's own function with a mistake in it."""
    return t < 3 or pair.theory[t][99] > 0


@conjecture
def fails_late(pair: Pair, t: int) -> Fraction:
    """Violated where the figure has far more digits than Python reads back."""
    return Fraction(1) if t < 2 else -(Fraction(7**t, 3) ** 9000)


@pytest.mark.parametrize("start", ["canonical", "free"])
def test_starts_are_counted_without_making_them(start: Start) -> None:
    for n, k in ((2, 3), (3, 4), (5, 6)):
        made = 1 if start == "canonical" else len(lattice(n, k))
        assert start_count(start, n, k) == made


def test_a_grid_of_too_many_points_is_refused_before_it_is_made() -> None:
    space = SearchSpace(l0s=ONE, l_bs=(8,), lattice=200)
    with pytest.raises(InvalidInputError, match="must have at most 20000000"):
        search(find_conjecture("g_dominance"), method="grid", start="free", space=space)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [({"l_bs": (65,)}, "l_b=65 must be <= 64"), ({"steps": 10_001}, "steps=10001 must be")],
)
def test_what_no_witness_can_hold_is_not_searched_for(fields: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        SearchSpace(**{"l0s": ONE, "l_bs": (3,), **fields})  # type: ignore[arg-type]  # one of two


def test_a_mistake_in_somebody_s_conjecture_is_told_as_theirs() -> None:
    pair = Pair.run(BatchingParameters(1, 1, 3, "1/2"), step_count=4)
    with pytest.raises(InvalidInputError, match="'raises_at_three' raised IndexError at t=3"):
        raises_at_three.first_violation(pair)


def test_a_violation_with_figures_too_long_to_read_back_is_no_witness() -> None:
    pair = Pair.run(BatchingParameters(1, 1, 3, "1/2"), step_count=2)
    with pytest.raises(WitnessRejectedError, match="bits must have at most 14000"):
        Witness.of(fails_late, pair, 2)
    space = SearchSpace(l0s=ONE, l_bs=(2,), qs=(Fraction(1, 2),), steps=3)
    result = search(fails_late, method="grid", start="canonical", space=space)
    assert result.witness is None
    assert result.candidates_rejected > 0
    assert not result.exhausted


def test_half_a_surrogate_pair_is_refused_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "half.json"
    path.write_text(r'{"x": "\ud800"}')
    with pytest.raises(InvalidInputError, match="must be JSON"):
        read_bounded(path)


@pytest.mark.parametrize("body", ["import sys\nsys.exit(0)\n", "1/0\n"])
def test_a_file_that_ends_the_program_or_fails_is_no_conjecture(tmp_path: Path, body: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(body)
    with pytest.raises(InvalidInputError, match="must run without error"):
        load_conjecture(f"{path}:x")


def test_a_witness_must_be_written_in_lowest_terms() -> None:
    data = corpus()[0].to_json()
    data["parameters"] = {**data["parameters"], "l0": f"{data['parameters']['l0']}/1"}
    with pytest.raises(InvalidInputError, match="lowest terms"):
        Witness.from_json(data)
