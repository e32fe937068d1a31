"""Both systems side by side, by hand and by definition."""

from fractions import Fraction

from homeostat.models.batching import DATA_SETS, OBSERVABLES, BatchingParameters, Pair, spread


def test_a_first_case_by_hand() -> None:
    """l0 = 1, l_a = 1, l_b = 3, q = 1/2: weights 2, 3/2, 2; the start asks for eviction at 2."""
    pair = Pair.run(BatchingParameters(1, 1, 3, "1/2"), step_count=2)
    half, eighth = Fraction(1, 2), Fraction(1, 8)
    theory: object = ((half, 0, 0), (eighth, half, 0), (-Fraction(3, 32), eighth, half))
    simulation: object = ((half, 0, 0), (eighth, half, 0), (0, 0, half))
    evicted: object = ((0, 0, 0), (0, 0, 0), (0, eighth, 0))
    assert (pair.theory, pair.simulation, pair.evicted) == (theory, simulation, evicted)


def test_what_leaves_is_evicted_or_served() -> None:
    for data_set in DATA_SETS:
        pair = Pair.run(data_set.parameters, step_count=20)
        for t in range(1, 21):
            before, after, lost = pair.simulation[t - 1], pair.simulation[t], pair.evicted[t]
            assert min(lost) >= 0
            assert lost[0] == 0
            kept = tuple(x + y for x, y in zip(after[1:], lost[1:], strict=True))
            assert kept == before[:-1]


def test_eviction_spares_the_oldest() -> None:
    """If a stage loses anything, every younger stage keeps nothing, and nothing is admitted."""
    for data_set in DATA_SETS:
        pair = Pair.run(data_set.parameters, step_count=data_set.step_count)
        seen = 0
        for t in range(1, data_set.step_count + 1):
            highest = max((s for s, m in enumerate(pair.evicted[t]) if m > 0), default=0)
            assert not any(pair.simulation[t][:highest])
            seen += highest > 0
        assert seen > 0


def test_every_observable_is_exact_at_every_step() -> None:
    pair = Pair.run(DATA_SETS[0].parameters, step_count=6)
    for name in OBSERVABLES:
        for t in range(7):
            assert type(pair.observe(name, t)) is Fraction


def test_observables_are_what_they_say() -> None:
    pair = Pair.run(DATA_SETS[0].parameters, step_count=10)
    for t in range(1, 11):
        theory, simulation = pair.theory[t], pair.simulation[t]
        assert pair.observe("max_theory", t) == max(theory)
        assert pair.observe("min_simulation", t) == min(simulation)
        assert pair.observe("spread_theory", t) == spread(theory)
        assert pair.observe("weighted_delta", t) == 0
        assert pair.observe("merge_gap", t) == 0
        mean = sum(map(spread, pair.simulation[1 : t + 1]), Fraction(0)) / t
        assert pair.observe("mean_spread_simulation", t) == mean


def test_a_tie_is_taken_in_the_claims_favour() -> None:
    parameters = BatchingParameters(1, 2, 3, "1/2")
    pair = Pair(
        parameters,
        theory=((Fraction(1), Fraction(3), Fraction(0)),),
        simulation=((Fraction(2), Fraction(2), Fraction(0)),),
        evicted=((Fraction(1), Fraction(0), Fraction(0)),),
    )
    assert pair.observe("delta_at_peak", 0) == 1
    assert pair.observe("evicted_at_peak", 0) == 0


def test_a_start_that_is_not_split_shows_in_the_merge_gap() -> None:
    parameters = BatchingParameters(1, 1, 2, "1/2")
    typed = ((Fraction(0),), (Fraction(1, 2), Fraction(0)))
    pair = Pair.run(parameters, step_count=2, typed_start=typed)
    assert pair.observe("merge_gap", 0) == 0
    assert pair.observe("merge_gap", 1) > 0
