"""The safety filter: the model's text, runs to the limit, and what it says where it cannot help."""

import math
import random
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from homeostat.errors import InvalidInputError
from homeostat.models.barrier import allowed_acceleration, filtered
from homeostat.runtime.governor import safety_filter
from homeostat.runtime.governor.nearest_input import at_most, by_projection, by_solver
from homeostat.runtime.governor.safety_filter import Constraint, SafetyFilter, Status

FILTER = SafetyFilter(gains=(0.25, 0.5), step=1.0)
LIMITED = SafetyFilter(gains=(0.25, 0.5), step=1.0, input_max=100.0)


def _whole(rng: random.Random) -> float:
    return float(rng.randrange(-(10**6), 10**6))


def test_the_closed_form_is_the_model_s_text_to_the_last_bit_on_exact_inputs() -> None:
    rng = random.Random(1)
    statuses = set()
    for _ in range(500):
        x, v, wanted, limit = (_whole(rng) for _ in range(4))
        exact = filtered(
            Fraction(wanted),
            allowed_acceleration(
                Fraction(x),
                Fraction(v),
                limit=Fraction(limit),
                gains=(Fraction(1, 4), Fraction(1, 2)),
            ),
        )
        found = FILTER.allow(x, v, wanted, limit=limit)
        # Millions times eighths are exact in doubles.
        assert found.inputs == (exact,)
        assert found.safe
        statuses.add(found.status)
    assert statuses == {Status.AS_WANTED, Status.LIMITED}


def test_a_bound_that_is_no_double_is_rounded_down() -> None:
    thirds = SafetyFilter(gains=(1 / 3, 1 / 7), step=0.1)
    rng = random.Random(2)
    rounded = 0
    for _ in range(300):
        x, v = rng.uniform(0, 1), rng.uniform(-1, 1)
        found = thirds.allow(x, v, 1e9, limit=1.0)
        bound = thirds.bound(x, v, limit=1.0)
        (u,) = found.inputs
        assert Fraction(u) <= bound < Fraction(math.nextafter(u, math.inf))
        rounded += Fraction(u) < bound
    assert rounded > 100


def test_the_largest_double_that_is_not_above_a_number() -> None:
    assert at_most(Fraction(1, 2)) == 0.5
    assert Fraction(at_most(Fraction(1, 3))) < Fraction(1, 3)
    assert Fraction(at_most(Fraction(-1, 3))) < Fraction(-1, 3)
    assert at_most(Fraction(10) ** 400) == sys.float_info.max
    with pytest.raises(InvalidInputError, match="must be at least"):
        at_most(-(Fraction(10) ** 400))


def _node(own: SafetyFilter, seed: int, *, jitter: float, steps: int = 400) -> float:
    """Run the memory of a node that asks for too much, and return how far it passed its limit."""
    rng = random.Random(seed)
    used, rate, worst = 0.0, 0.0, -math.inf
    for _ in range(steps):
        wanted = rng.choice([-50.0, 0.0, 500.0, 4_000.0])
        (change,) = own.allow(used, rate, wanted, limit=65_536.0).inputs
        used, rate = used + rate, rate + change + rng.choice([-jitter, 0.0, jitter])
        worst = max(worst, used - 65_536.0)
    return worst


def test_a_node_s_memory_stays_at_or_below_its_limit_and_comes_near() -> None:
    for seed in range(5):
        worst = _node(FILTER, seed, jitter=0.0)
        # Positions are added up in doubles.
        assert -100 < worst <= 1e-6


def test_jitter_within_the_margin_does_not_pass_the_limit_and_without_a_margin_does() -> None:
    own = SafetyFilter(gains=(0.25, 0.5), step=1.0, margin=64.0)
    for seed in range(5):
        assert _node(own, seed, jitter=64.0) <= 1e-6
    assert max(_node(FILTER, seed, jitter=64.0) for seed in range(5)) > 10


def test_braking_keeps_the_limit_with_inputs_that_are_limited() -> None:
    rng = random.Random(5)
    used, rate, near = 0.0, 0.0, -math.inf
    for _ in range(400):
        wanted = rng.choice([-50.0, 500.0, 4_000.0])
        found = LIMITED.brake(used, rate, wanted, limit=65_536.0)
        assert found.safe
        assert found.status in (Status.AS_WANTED, Status.LIMITED)
        (change,) = found.inputs
        assert abs(change) <= 100
        used, rate = used + rate, rate + change
        near = max(near, used - 65_536.0)
    assert -200 < near <= 0


def test_the_plain_filter_says_when_braking_is_not_enough() -> None:
    found = LIMITED.allow(900.0, 500.0, 5.0, limit=1_000.0)
    assert found.status is Status.INFEASIBLE
    assert found.inputs == (-100.0,)
    assert not found.safe
    # k2 (k1 100 - 500) - k1 500 = -362.5
    assert found.violation == Fraction(525, 2)
    late = LIMITED.brake(900.0, 500.0, 5.0, limit=1_000.0)
    assert late.status is Status.INFEASIBLE
    assert late.inputs == (-100.0,)
    assert late.violation > 0


def test_one_constraint_on_several_inputs_is_met_exactly_at_the_nearest_point() -> None:
    rng = random.Random(3)
    for _ in range(200):
        weights = tuple(rng.choice([-2.0, -0.3, 0.0, 0.7, 3.0]) for _ in range(3))
        wanted = tuple(rng.uniform(-9, 9) for _ in range(3))
        row = Constraint(weights, rng.uniform(-5, 5))
        found = by_projection(wanted, row)
        if not any(weights):
            assert (found is None) == (row.bound < 0)
            continue
        assert found is not None
        assert row.violation(found) <= 0
        moved = [u - w for u, w in zip(found, wanted, strict=True)]
        if any(moved):
            # Along the weights, and no farther than to the bound.
            assert row.violation(found) > Fraction(-1, 10**12)
            times = [m / w for m, w in zip(moved, weights, strict=True) if w]
            assert max(times) - min(times) < 1e-12
            assert all(m == 0 for m, w in zip(moved, weights, strict=True) if not w)


@pytest.mark.slow
def test_the_solver_agrees_with_the_closed_form_on_one_constraint() -> None:
    rng = random.Random(4)
    for scale in (1e-3, 1.0, 1e5):
        for _ in range(6):
            weights = tuple(rng.choice([-2.0, 0.7, 3.0]) for _ in range(3))
            wanted = tuple(scale * rng.uniform(-9, 9) for _ in range(3))
            row = Constraint(weights, scale * rng.uniform(-5, 5))
            exact = by_projection(wanted, row)
            found, status, by = by_solver(wanted, [row], input_max=None)
            assert by == "Clarabel: optimal"
            assert status is Status.LIMITED
            assert exact is not None
            assert found is not None
            assert row.violation(found) <= 0
            assert math.dist(found, exact) <= 1e-4 * max(map(abs, (*wanted, row.bound)))


@pytest.mark.slow
def test_several_constraints_are_all_met_by_the_nearest_inputs() -> None:
    # Each input by its own row, so each is cut by itself; and a third row that does not bind.
    rows = [Constraint((1.0, 0.0), 3.0), Constraint((0.0, 2.0), -4.0), Constraint((1.0, 1.0), 50.0)]
    found = LIMITED.decide((7.0, 5.0), rows)
    assert found.status is Status.LIMITED
    assert found.by == "Clarabel: optimal"
    assert found.safe
    assert math.dist(found.inputs, (3.0, -2.0)) < 1e-4
    # A corner where two rows bind: x + y <= 1 and x - y <= 0.
    corner = LIMITED.decide((5.0, 0.0), [Constraint((1.0, 1.0), 1.0), Constraint((1.0, -1.0), 0.0)])
    assert corner.safe
    assert math.dist(corner.inputs, (0.5, 0.5)) < 1e-4


@pytest.mark.slow
def test_memory_and_temperature_of_a_node_are_kept_together() -> None:
    rng = random.Random(6)
    own = SafetyFilter(gains=(0.25, 0.5), step=1.0, input_max=1e5)
    heat = (0.0024, 0.0026)
    used, warmth, rates, near = 0.0, 30.0, [0.0, 0.0], set[str]()
    for _ in range(60):
        warming = sum(h * r for h, r in zip(heat, rates, strict=True))
        rows = [
            own.constraint(used, sum(rates), limit=20_000.0, weights=(1.0, 1.0)),
            own.constraint(warmth, warming, limit=80.0, weights=heat),
        ]
        found = own.decide([rng.uniform(-100, 2_000) for _ in range(2)], rows)
        assert found.safe
        used, warmth = used + sum(rates), warmth + warming
        rates = [r + u for r, u in zip(rates, found.inputs, strict=True)]
        assert used <= 20_000.0 + 1e-6
        assert warmth <= 80.0 + 1e-9
        near |= {"memory"} if used > 19_000 else set()
        near |= {"temperature"} if warmth > 75 else set()
    assert near == {"memory", "temperature"}


def test_what_is_wanted_is_left_alone_where_it_meets_everything() -> None:
    rows = [Constraint((1.0, 1.0), 10.0), Constraint((1.0, -1.0), 10.0)]
    found = LIMITED.decide((2.0, 3.0), rows)
    assert found.inputs == (2.0, 3.0)
    assert found.status is Status.AS_WANTED
    assert found.violation == -5
    assert LIMITED.decide((2.0,), []).status is Status.AS_WANTED
    assert LIMITED.decide((2.0,), []).safe


def test_one_constraint_needs_no_solver_unless_inputs_are_cut() -> None:
    found = LIMITED.decide((9.0, 9.0), [Constraint((1.0, 1.0), 10.0)])
    assert found.inputs == (5.0, 5.0)
    assert found.by == "closed form"


@pytest.mark.slow
def test_constraints_that_contradict_each_other_are_reported_and_the_fallback_is_taken() -> None:
    rows = [Constraint((1.0,), -2.0), Constraint((-1.0,), 1.0)]
    found = FILTER.decide((0.0,), rows, fallback=(-7.0,))
    assert found.status is Status.INFEASIBLE
    assert found.inputs == (-7.0,)
    assert found.by == "Clarabel: infeasible"
    assert not found.safe
    assert found.violation == 6
    braked = LIMITED.decide((0.0, 0.0), [Constraint((1.0, 1.0), -500.0)])
    assert braked.status is Status.INFEASIBLE
    assert braked.inputs == (-100.0, -100.0)
    assert braked.violation == 300


def test_an_answer_that_does_not_meet_the_constraints_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [Constraint((1.0,), 1.0), Constraint((2.0,), 3.0)]
    for answer, word in (
        ((1.0 + 1e-15,), Status.LIMITED),
        ((101.0,), Status.LIMITED),
        ((2.0,), Status.INACCURATE),
        (None, Status.FAILED),
    ):

        def solver(
            *_: Any, answer: Any = answer, word: Status = word, **__: Any
        ) -> tuple[Sequence[float] | None, Status, str]:
            return answer, word, "made up"

        monkeypatch.setattr(safety_filter, "by_solver", solver)
        found = LIMITED.decide((5.0,), rows)
        assert found.status is Status.FAILED
        assert found.inputs == (-100.0,)
        assert found.by == "made up"


@pytest.mark.slow
def test_an_answer_that_the_solver_is_not_sure_of_is_reported_and_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import cvxpy

    rows = [Constraint((1.0,), 1.0), Constraint((2.0,), 3.0)]
    word = cvxpy.OPTIMAL_INACCURATE
    monkeypatch.setattr(cvxpy.Problem, "status", property(lambda _: word))
    found = LIMITED.decide((5.0,), rows)
    assert found.status is Status.INACCURATE
    assert found.safe
    assert found.by == "Clarabel: optimal_inaccurate"
    word = cvxpy.USER_LIMIT
    assert LIMITED.decide((5.0,), rows).status is Status.FAILED
    word = cvxpy.INFEASIBLE_INACCURATE
    assert LIMITED.decide((5.0,), rows).status is Status.FAILED

    def fails(*_: Any, **__: Any) -> None:
        raise cvxpy.SolverError("no luck")

    monkeypatch.setattr(cvxpy.Problem, "solve", fails)
    failed = LIMITED.decide((5.0,), rows)
    assert failed.status is Status.FAILED
    assert failed.inputs == (-100.0,)
    assert failed.by == "Clarabel: no luck"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"step": 0.0}, "step=0.0 must be > 0"),
        ({"step": math.nan}, "step=nan must be finite"),
        ({"gains": (1.5, 0.5)}, "step \\* gain = 1.0 \\* 1.5 must be in 0 .. 1"),
        ({"gains": (0.5, -0.1)}, "must be in 0 .. 1"),
        ({"gains": (math.inf, 0.1)}, "gains=inf must be finite"),
        ({"margin": -1.0}, "margin=-1.0 must be >= 0"),
        ({"input_max": 0.0}, "input_max=0.0 must be > 0"),
        ({"input_max": math.inf}, "input_max=inf must be finite"),
    ],
)
def test_a_filter_whose_rules_do_not_keep_the_limit_is_refused(
    change: dict[str, Any], rule: str
) -> None:
    given: dict[str, Any] = {"gains": (0.5, 0.5), "step": 1.0, **change}
    with pytest.raises(InvalidInputError, match=rule):
        SafetyFilter(**given)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    row = Constraint((1.0,), 1.0)
    for call in (
        lambda: LIMITED.allow(bad, 0.0, 0.0, limit=1.0),
        lambda: LIMITED.allow(0.0, bad, 0.0, limit=1.0),
        lambda: LIMITED.allow(0.0, 0.0, bad, limit=1.0),
        lambda: LIMITED.allow(0.0, 0.0, 0.0, limit=bad),
        lambda: LIMITED.brake(0.0, 0.0, bad, limit=1.0),
        lambda: LIMITED.constraint(0.0, 0.0, limit=1.0, weights=(bad,)),
        lambda: LIMITED.decide((bad,), [row]),
        lambda: LIMITED.decide((0.0,), [Constraint((bad,), 1.0)]),
        lambda: LIMITED.decide((0.0,), [Constraint((1.0,), bad)]),
        lambda: LIMITED.decide((0.0,), [row], fallback=(bad,)),
    ):
        with pytest.raises(InvalidInputError, match="must be finite"):
            call()


def test_what_does_not_fit_together_is_refused() -> None:
    row = Constraint((1.0,), 1.0)
    with pytest.raises(InvalidInputError, match="must be >= 1, each with its weights"):
        LIMITED.decide((), [])
    with pytest.raises(InvalidInputError, match="2 inputs must be"):
        LIMITED.decide((1.0, 2.0), [row])
    with pytest.raises(InvalidInputError, match="fallback has 2 inputs, must have 1"):
        LIMITED.decide((1.0,), [row], fallback=(1.0, 2.0))
    with pytest.raises(InvalidInputError, match="fallback=None must be given"):
        FILTER.decide((1.0,), [row])
    with pytest.raises(InvalidInputError, match="input_max=None must be a number"):
        FILTER.brake(0.0, 0.0, 0.0, limit=1.0)


@pytest.mark.slow
def test_the_closed_form_loads_no_solver() -> None:
    program = (
        "import sys; from homeostat.runtime.governor.safety_filter import SafetyFilter; "
        "SafetyFilter(gains=(1, 1), step=1, input_max=1).allow(0, 0, 5, limit=1); "
        "sys.exit('cvxpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
