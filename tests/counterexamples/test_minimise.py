from fractions import Fraction

import pytest

from homeostat.counterexamples import (
    CONJECTURES,
    SearchSpace,
    Witness,
    conjecture,
    minimise_witness,
    replay,
)
from homeostat.counterexamples.results import order, size
from homeostat.counterexamples.space import start_of
from homeostat.models.batching import BatchingParameters, Pair, canonical_start, split

pytestmark = pytest.mark.slow


@conjecture(assumes=("coprime",))
def peak_stays_small(pair: Pair, t: int) -> Fraction:
    """The fullest stage of Simulation never holds more than the start's fullest."""
    return max(pair.simulation[0]) - max(pair.simulation[t])


def clumsy(name: str) -> Witness:
    """A violation with large numbers and later than need be."""
    system = BatchingParameters(7, 2, 5, Fraction(17, 40), Fraction(997, 3))
    shares = (1, 3, 11, 7, 0) if name == "max_dominance" else (3, 1, 11, 7, 0)
    known = CONJECTURES[name]
    pair = Pair.run(system, start_of(system, shares), step_count=40)
    step = known.first_violation(pair)
    assert step is not None
    return Witness.of(known, pair, step)


@pytest.mark.parametrize("name", ["g_dominance", "max_dominance", "min_dominance"])
def test_each_smaller_witness_replays_and_comes_in_order(name: str) -> None:
    steps: list[Witness] = [clumsy(name)]
    best = minimise_witness(steps[0], CONJECTURES[name], on_smaller=steps.append)
    assert best == steps[-1]
    assert len(steps) > 2
    for witness in steps:
        replay(witness)
    keys = [order(witness) for witness in steps]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) == len(keys)


def test_the_order_is_horizon_then_lengths_then_the_size_of_the_numbers() -> None:
    best = minimise_witness(clumsy("g_dominance"), CONJECTURES["g_dominance"])
    assert order(best)[:4] == (2, 3, 1, 1)
    assert size(best) <= 16


def test_minimising_again_changes_nothing() -> None:
    known = CONJECTURES["max_dominance"]
    best = minimise_witness(clumsy("max_dominance"), known)
    assert minimise_witness(best, known) == best


def test_it_stays_in_the_space_that_was_named() -> None:
    space = SearchSpace(
        l0s=(Fraction(7),), l_as=(2,), l_bs=(5,), qs=(Fraction(17, 40),), capacity=Fraction(997, 3)
    )
    witness = clumsy("max_dominance")
    best = minimise_witness(witness, CONJECTURES["max_dominance"], space)
    assert best.parameters == witness.parameters
    assert order(best) < order(witness)


def test_a_canonical_witness_stays_canonical_where_it_is_assumed() -> None:
    known = CONJECTURES["g_dominance_canonical"]
    pair = Pair.run(BatchingParameters(2, 1, 4, Fraction(2, 5)), step_count=40)
    step = known.first_violation(pair)
    assert step is not None
    best = minimise_witness(Witness.of(known, pair, step), known)
    assert best.start == canonical_start(best.parameters)
    assert (best.step, best.parameters) == (5, BatchingParameters(1, 1, 3, Fraction(2, 5)))


def test_types_are_kept_and_made_simple() -> None:
    known = CONJECTURES["merge_any_split"]
    system = BatchingParameters(3, 2, 4, Fraction(3, 7))
    start = start_of(system, (3, 5, 1, 1))
    a, b = split(system.q, system.l_a, start)
    moved = (a[0], a[1] + b[1]), (b[0], Fraction(0), b[2], b[3])
    typed = (moved[0], (*moved[1][:2], *(system.q * m for m in start[2:])))
    pair = Pair.run(system, start, step_count=3, typed_start=typed)
    step = known.first_violation(pair)
    assert step is not None
    best = minimise_witness(Witness.of(known, pair, step), known)
    assert (best.step, best.parameters.l_b) == (1, 2)
    assert best.typed_start is not None
    replay(best)


def test_it_works_for_a_conjecture_of_one_s_own() -> None:
    system = BatchingParameters(5, 2, 5, Fraction(9, 10), 60)
    pair = Pair.run(system, start_of(system, (1, 2, 3, 7, 11)), step_count=20)
    step = peak_stays_small.first_violation(pair)
    assert step is not None
    witness = Witness.of(peak_stays_small, pair, step)
    best = minimise_witness(witness, peak_stays_small)
    assert order(best) < order(witness)
    replay(best, peak_stays_small)
