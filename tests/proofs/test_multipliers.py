import random
from collections.abc import Callable, Iterator

import pytest

from homeostat.proofs import trees
from homeostat.proofs.engines.farkas import NoProofError
from homeostat.proofs.engines.mode_tree import multipliers
from homeostat.proofs.engines.mode_tree.cone import Vector
from homeostat.proofs.engines.mode_tree.multipliers import Proof, imply, proves

Problem = tuple[list[Vector], Vector]


def problems(count: int, *, seed: int) -> Iterator[Problem]:
    """Yield goals that follow from rows, by construction, with entries of up to 400 digits."""
    draw = random.Random(seed)
    for _ in range(count):
        size, large = draw.randint(1, 6), 10 ** draw.choice([1, 3, 40, 400])
        rows = [
            tuple(draw.randint(-9, 9) * draw.randint(1, large) for _ in range(size))
            for _ in range(draw.randint(0, 12))
        ]
        times = [draw.choice([0, 0, 1, draw.randint(0, large)]) for _ in rows]
        slack = [draw.choice([0, 0, 0, draw.randint(0, large)]) for _ in range(size)]
        goal = tuple(
            slack[k] + sum(t * row[k] for t, row in zip(times, rows, strict=True))
            for k in range(size)
        )
        yield rows, goal


@pytest.mark.slow
def test_what_follows_is_always_proved_and_the_kernel_accepts_it() -> None:
    for rows, goal in problems(400, seed=1):
        trees.imply(rows, goal, imply(rows, goal))


@pytest.mark.parametrize("broken", ["nothing", "zeros", "wrong", "negative"])
def test_it_is_proved_whatever_the_float_solver_says(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    answers: dict[str, Callable[[int], object]] = {
        "nothing": lambda _: None,
        "zeros": np.zeros,
        "wrong": np.ones,
        "negative": lambda size: -np.ones(size),
    }
    monkeypatch.setattr(
        multipliers, "_float_multipliers", lambda matrix, _: answers[broken](matrix.shape[1])
    )
    for rows, goal in problems(60, seed=2):
        trees.imply(rows, goal, imply(rows, goal))


def test_what_does_not_follow_is_refused_by_exact_arithmetic() -> None:
    # x >= y + 10^-30 does not follow from x >= y, though no float can tell them apart.
    rows, goal = [(10**30, -(10**30))], (10**30 - 1, -(10**30))
    for room in (None, 0.0, 0.5):
        with pytest.raises(NoProofError):
            imply(rows, goal, room=room)
    assert imply(rows, (10**30, 1 - 10**30))


def test_no_rows_prove_just_what_holds_for_all_nonnegative_points() -> None:
    assert imply([], (0, 3)) == [1, []]
    with pytest.raises(NoProofError):
        imply([], (-1, 3))


def test_rows_that_leave_the_origin_alone_prove_everything() -> None:
    rows, goal = [(-1, -1)], (-7, -(10**50))
    assert proves(rows, goal, imply(rows, goal))


def test_where_there_is_room_the_numbers_have_few_digits() -> None:
    rows: list[Vector] = [(10**60 + 7, -(10**59) - 3, 11), (-5, 10**40 + 9, 1)]
    goal = (2 * 10**60 + 1, -(10**59) + 10**41, 50 * 10**58)
    for den, pairs in (imply(rows, goal), imply(rows, goal, room=0.01)):
        assert all(len(str(number).rstrip("0")) <= 6 for number in (den, *(p[1] for p in pairs)))


@pytest.mark.parametrize("proof", [[0, []], [-1, [[0, 1]]], [1, [[0, -1]]], [1, [[0, 2]]], [1, []]])
def test_a_wrong_proof_is_none(proof: Proof) -> None:
    assert not proves([(1, -1)], (1, -1), proof)
    assert proves([(1, -1)], (1, -1), [1, [[0, 1]]])


@pytest.mark.slow
def test_the_simplex_method_alone_agrees_with_the_kernel_on_degenerate_problems() -> None:
    draw, yes, no = random.Random(3), 0, 0
    for _ in range(500):
        rows = [tuple(draw.randint(-1, 1) for _ in range(4)) for _ in range(8)]
        goal = tuple(draw.randint(-2, 2) for _ in range(4))
        try:
            proof = multipliers._simplex(rows, goal, ())
        except NoProofError:
            no += 1
            with pytest.raises(NoProofError):
                imply(rows, goal)
        else:
            yes += 1
            trees.imply(rows, goal, proof)
    assert yes > 50
    assert no > 50
