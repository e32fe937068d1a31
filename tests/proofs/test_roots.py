"""Kinds ``sign_on_interval`` and ``threshold``, and the determinant that they rest on."""

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import gcd
from typing import Any

import numpy as np
import pytest
from flint import fmpq_poly
from hypothesis import event, given
from hypothesis import strategies as st

from homeostat.proofs.engines.thresholds import never_stable, stable_above
from homeostat.proofs.kernel import RejectedError, check
from homeostat.proofs.polynomials import integers, jury
from homeostat.proofs.roots import (
    Form,
    check_threshold,
    critical,
    form_of,
    half_resultant,
    on_piece,
    sign_changes,
    square_free,
)
from homeostat.proofs.systems import weights_of

Json = dict[str, Any]
Forge = Callable[..., Json]

SMALL = st.integers(-6, 6)
ROOTS = st.lists(st.builds(Fraction, SMALL, st.integers(1, 4)), min_size=1, max_size=5)


def with_roots(roots: list[Fraction]) -> list[Fraction]:
    """Return the monic polynomial with these roots, from the constant upwards."""
    p = [Fraction(1)]
    for root in roots:
        p = [a - root * b for a, b in zip([Fraction(0), *p], [*p, Fraction(0)], strict=True)]
    return p


def product(numbers: list[Fraction]) -> Fraction:
    total = Fraction(1)
    for x in numbers:
        total *= x
    return total


@given(ROOTS)
def test_the_determinant_is_zero_where_two_roots_have_product_one_or_one_is_minus_one(
    roots: list[Fraction],
) -> None:
    p = with_roots(roots)
    w = form_of(p)[::-1]
    scale = Fraction(w[0])
    pairs = product([1 - x * y for x, y in combinations(roots, 2)])
    at_minus_one = product([1 + x for x in roots])
    assert abs(half_resultant(w)) == abs(scale ** len(roots) * pairs * at_minus_one)


@given(st.lists(SMALL, min_size=2, max_size=7).filter(lambda w: w[0] and w[-1]))
def test_the_determinant_divides_the_resultant_with_the_reversal(w: Form) -> None:
    # P(1) D and P(-1) det(X + Y) are alike, so D^2 P(1) and the resultant times P(-1).
    forwards, backwards = fmpq_poly(w[::-1]), fmpq_poly(w)
    resultant = Fraction(str(forwards.resultant(backwards)))
    at_one, at_minus_one = sum(w), sum(x * (-1) ** i for i, x in enumerate(w[::-1]))
    squared = half_resultant(w) ** 2
    assert abs(squared * at_one) == abs(resultant * at_minus_one)


def test_the_determinant_sees_a_root_on_the_circle() -> None:
    # (z^2 + 3/4 z + 1)(z + 1/2): a pair on the circle, and one root inside.
    assert half_resultant([8, 10, 11, 4]) == 0
    assert half_resultant([8, 10, 10, 4]) != 0


@given(
    st.integers(2, 7).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n))),
    st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=20),
    st.integers(0, 30),
)
def test_the_polynomial_in_l0_is_the_determinant_at_every_l0(
    shape: tuple[int, int], q: Fraction, l0: int
) -> None:
    # Found from l0 = 0 .. n - 1; its sign changes are the determinant's at other l0, too.
    d = critical(*shape, q)
    assert len(d) <= shape[1]
    data = {"l_a": shape[0], "l_b": shape[1], "q": q}
    weights = integers(weights_of({"l0": l0, **data}))
    assert (half_resultant(weights) == 0) == (sum(c * l0**k for k, c in enumerate(d)) == 0)


def test_zeros_that_coincide_are_counted_once() -> None:
    # (4, 5, 2/5): at l0 = 0 a pair and a real root meet the circle together. (2, 6, 1/2): a pair
    # touches it at l0 = sqrt 6.
    assert critical(4, 5, Fraction(2, 5)) == square_free(critical(4, 5, Fraction(2, 5)))
    assert sign_changes(on_piece(critical(2, 6, Fraction(1, 2)), Fraction(2), Fraction(3))) == 1


@given(ROOTS, st.integers(1, 3))
def test_a_square_free_part_has_each_zero_once(roots: list[Fraction], times: int) -> None:
    once = form_of(with_roots(sorted(set(roots))))
    found = square_free(form_of(with_roots([*roots, *roots[:1] * times])))
    assert found in (once, [-x for x in once])


@given(ROOTS, st.fractions(-7, 7, max_denominator=5), st.fractions(0, 9, max_denominator=5))
def test_sign_changes_bound_the_zeros_in_a_piece(
    roots: list[Fraction], a: Fraction, width: Fraction
) -> None:
    p, b = form_of(with_roots(roots)), (a + width if width else None)
    inside = sum(a < root and (b is None or root < b) for root in roots)
    found = on_piece(p, a, b)
    assert sign_changes(found) >= inside
    assert (sign_changes(found) - inside) % 2 == 0
    assert (found[0] == 0) == (a in roots)
    assert b is None or (found[-1] == 0) == (b in roots)


@given(st.lists(SMALL, min_size=1, max_size=6), st.integers(1, 9))
def test_jury_s_table_does_not_depend_on_the_scale(a: Form, scale: int) -> None:
    assert jury(a) is jury([Fraction(x, scale) for x in a])


def test_jury_s_table_takes_many_stages() -> None:
    # Falling coefficients: all roots inside (Enestrom and Kakeya). Unless each round is divided by
    # its common factor, the last numbers would have 2^60 digits.
    assert jury([Fraction(10**9 - s * s, 7) for s in range(64)])


# x^2 - x + 3/10 = (x - 1/2)^2 + 1/20 is positive, but not all its coefficients on [0, 2] are.
QUADRATIC: Json = {"polynomial": ["3/10", "-1", "1"], "from": "0", "to": "2", "sign": ">"}


@pytest.mark.parametrize(
    ("change", "cuts"),
    [
        ({}, ["1/2"]),
        ({"to": None}, ["1/2"]),
        ({"polynomial": ["-3/10", "1", "-1"], "sign": "<"}, ["1/2"]),
        ({"polynomial": ["5"], "to": None}, []),
        ({"polynomial": ["0", "0", "1", "0"], "from": "1/2"}, []),
        ({"polynomial": ["0", "1"], "from": "1/9", "to": None}, []),
    ],
    ids=str,
)
def test_a_sign_on_an_interval_is_checked(forge: Forge, change: Json, cuts: list[str]) -> None:
    check(forge("sign_on_interval", {**QUADRATIC, **change}, {"cuts": cuts}))


@pytest.mark.parametrize(
    ("change", "cuts", "message"),
    [
        ({}, [], "not shown"),
        ({}, ["1"], "not shown"),
        ({"sign": "<"}, ["1/2"], "not shown"),
        ({"sign": ">="}, ["1/2"], "malformed"),
        ({"sign": None}, ["1/2"], "malformed"),
        # Zero at an end, at a cut, and everywhere.
        ({"polynomial": ["0", "1"]}, [], "not shown"),
        ({"polynomial": ["2", "-1"]}, [], "not shown"),
        ({"polynomial": ["1", "-2", "1"]}, ["1"], "not shown"),
        ({"polynomial": ["0"]}, [], "not shown"),
        ({"polynomial": []}, [], "not shown"),
        ({"polynomial": ["1", "-1/1000000000"], "to": None}, ["1"], "not shown"),
        ({"from": "2", "to": "0"}, [], "ascend"),
        ({"from": "2", "to": "0"}, ["1/2"], "ascend"),
        ({"to": "0"}, [], "ascend"),
        ({}, ["1/2", "1/2"], "ascend"),
        ({}, ["1/2", "1/4"], "ascend"),
        ({}, ["1/2", "2"], "ascend"),
        ({}, ["0", "1/2"], "ascend"),
        ({}, ["-1", "1/2"], "ascend"),
        ({"to": None}, ["1/2", "-5"], "ascend"),
        ({}, "1", "not a list"),
        ({}, None, "not a list"),
        ({}, {"1": "1"}, "not a list"),
        ({"polynomial": "111"}, ["1/2"], "not a list"),
        ({}, [1.0], "not p/q"),
        ({}, [True], "not p/q"),
        ({"polynomial": [True]}, ["1/2"], "not p/q"),
        ({"from": False}, ["1/2"], "not p/q"),
        ({"to": "oo"}, ["1/2"], "not p/q"),
        ({"polynomial": ["1"] * 1001}, ["1"], "too large"),
        ({"polynomial": ["1", "1"]}, [str(k) for k in range(250_000)], "too large"),
        ({"degree": 2}, ["1/2"], "fields"),
    ],
    ids=lambda x: str(x)[:60],
)
def test_a_false_or_unshown_sign_is_rejected(
    forge: Forge, change: Json, cuts: Any, message: str
) -> None:
    with pytest.raises(RejectedError, match=message):
        check(forge("sign_on_interval", {**QUADRATIC, **change}, {"cuts": cuts}))


# (1, 3, 1/2) has a root on the circle at l0 = 1 exactly. (4, 5, 1/2) has zeros of D at 0.81 and
# 14.34; (2, 4, 1/2) has one at 0.39, and (2, 6, 1/2) at 2.45, where nothing changes.
EDGE = [1, 3, "1/2", "999999/1000000", "1000001/1000000", 2]


def above(*points: Any) -> Json:
    return {"says": "stable above", "points": list(points)}


def never(*points: Any) -> Json:
    return {"says": "never stable", "points": list(points)}


@pytest.mark.parametrize(
    ("theorem", "cuts"),
    [
        (above(EDGE), [[]]),
        (above([1, 3, "1/2", "0", "2", 2]), [[]]),
        (above([1, 3, "1/2", 0, "3/2", 2]), [[]]),
        (above([1, 3, "1/2", "1/2", "3/2", 2]), [["0", "3"]]),
        (above([1, 3, "1/10", "-4/5", "-3/4", 1]), [[]]),
        (above(EDGE, EDGE), [[], ["5"]]),
        (never([2, 4, "1/2"]), [["0", "1"]]),
        (never([2, 6, "1/2"]), [["2", "3"]]),
    ],
    ids=str,
)
def test_where_systems_become_stable_is_checked(forge: Forge, theorem: Json, cuts: Any) -> None:
    check(forge("threshold", theorem, {"cuts": cuts}))


@pytest.mark.parametrize(
    ("theorem", "cuts", "message"),
    [
        # False: the interval beside l0*, below it, around it but with an end at it, or reversed.
        (above([1, 3, "1/2", "0", "99/100", 1]), [[]], "zeros|bounds"),
        (above([1, 3, "1/2", "101/100", "3", 3]), [[]], "zeros|bounds"),
        (above([1, 3, "1/2", "0", "1", 1]), [[]], "bounds|zero at"),
        (above([1, 3, "1/2", "1", "2", 2]), [[]], "zero at|bounds|zeros"),
        (above([1, 3, "1/2", "2", "0", 2]), [[]], "zeros|Jury"),
        (above([1, 3, "1/2", "2", "2", 2]), [[]], "zeros|ascend"),
        (above([1, 3, "1/2", "-1", "2", 2]), [[]], "ascend"),
        (above([1, 3, "1/2", "-2", "2", 2]), [[]], "ascend"),
        # The zero is in the interval, but nothing changes there, or it is not the last one.
        (above([2, 6, "1/2", "2", "3", 3]), [[]], "Jury"),
        (above([4, 5, "1/2", "4/5", "9/10", 1]), [[]], "zeros|Jury"),
        # The integer: not above l0*, not the smallest, no integer.
        (above([*EDGE[:5], 1]), [[]], "too small"),
        (above([*EDGE[:5], 3]), [[]], "do as well"),
        (above([1, 3, "1/10", "-4/5", "-3/4", 0]), [[]], "too small"),
        (above([1, 3, "1/10", "-4/5", "-3/4", True]), [[]], "too small"),
        (above([*EDGE[:5], "2"]), [[]], "too small"),
        (above([*EDGE[:5], 2.0]), [[]], "too small"),
        # Cuts: at a zero, within the bounds, not above -1, given twice.
        (above([1, 3, "1/2", "0", "2", 2]), [["1"]], "bounds|zero at"),
        (above([1, 3, "1/2", "0", "2", 2]), [["1/2"]], "bounds"),
        (above(EDGE), [["-1"]], "ascend"),
        (above(EDGE), [["-3/2"]], "ascend"),
        (above(EDGE), [["3", "3"]], "ascend"),
        (above([1, 3, "1/2", "0", "2", 2]), [["0"]], "ascend"),
        (above([4, 5, "1/2", "14", "15", 15]), [[]], "zeros"),
        # Never: false of a coprime system, and true but not shown.
        (never([1, 3, "1/2"]), [["1/2"]], "zeros"),
        (never([1, 3, "1/2"]), [["1/2", "2"]], "Jury"),
        (never([1, 3, "1/2"]), [["2"]], "zeros|Jury"),
        (never([2, 4, "1/2"]), [[]], "without a cut"),
        (never([2, 6, "1/2"]), [["1"]], "zeros"),
        (never([2, 6, "1/2"]), [["2", "2", "3"]], "ascend"),
        # Malformed.
        (never(), [], "no points"),
        ({"says": "never stable", "points": None}, [], "no points"),
        ({"says": "never stable", "points": {"a": 1}}, [[]], "no points"),
        (never([2, 4, "1/2"]), [], "malformed"),
        (never([2, 6, "1/2"]), [["2", "3"], ["2"]], "malformed"),
        (never([2, 4, "1/2"]), None, "malformed"),
        (never([2, 4, "1/2"]), ["1"], "not a list"),
        (never([2, 4, "1/2"]), [[True]], "not p/q"),
        (never("241"), [["1"]], "no list"),
        (never([2, 4]), [["1"]], "no list"),
        (never(EDGE), [["1"]], "no list"),
        (above([2, 4, "1/2"]), [["1"]], "no list"),
        ({"says": "stable", "points": [EDGE]}, [[]], "says"),
        ({"says": True, "points": [EDGE]}, [[]], "says"),
        (never([True, 2, "1/2"]), [["1"]], "integers"),
        (never(["2", 4, "1/2"]), [["1"]], "integers"),
        (never([4, 4, "1/2"]), [["1"]], "out of range"),
        (never([4, 2, "1/2"]), [["1"]], "out of range"),
        (never([0, 2, "1/2"]), [["1"]], "out of range"),
        (never([2, 10**9, "1/2"]), [["1"]], "out of range"),
        (never([2, 4, "1/2"]), [[str(k) for k in range(300)]], "out of range"),
        (never(*[[2, 4, "1/2"]] * 2001), [["1"]] * 2001, "too many"),
        (never([2, 4, "1"]), [["1"]], "0 < q < 1"),
        (never([2, 4, "0"]), [["1"]], "0 < q < 1"),
        (never([2, 4, "-1/2"]), [["1"]], "0 < q < 1"),
        (never([2, 4, "1/0"]), [["1"]], "not p/q"),
        (never([2, 4, 0.5]), [["1"]], "not p/q"),
    ],
    ids=lambda x: str(x)[:70],
)
def test_a_false_or_unshown_threshold_is_rejected(
    forge: Forge, theorem: Json, cuts: Any, message: str
) -> None:
    with pytest.raises(RejectedError, match=message):
        check(forge("threshold", theorem, {"cuts": cuts}))


def test_one_false_point_among_true_ones_is_found(forge: Forge) -> None:
    wrong = [1, 3, "2/5", *EDGE[3:]]
    with pytest.raises(RejectedError):
        check(forge("threshold", above(EDGE, wrong, EDGE), {"cuts": [[], [], []]}))


COUNTS = st.sampled_from([(1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (2, 5), (2, 4), (2, 6)])
STEPS = st.sampled_from([Fraction(k, 16) for k in (-16, -4, -1, 0, 1, 4, 16, 160)])


@given(
    COUNTS,
    st.sampled_from([Fraction(1, 5), Fraction(1, 2), Fraction(3, 5)]),
    st.integers(3, 5),
    STEPS,
    st.lists(STEPS, max_size=1),
)
def test_whatever_threshold_is_accepted_floats_do_not_contradict_it(
    counts: tuple[int, int], q: Fraction, index: int, step: Fraction, more: list[Fraction]
) -> None:
    coprime = gcd(*counts) == 1
    point, cuts = (stable_above if coprime else never_stable)(*counts, q)
    claimed = [Fraction(x) for x in point[3:]] or [Fraction(1000)] * 3
    if coprime:
        claimed[index - 3] += step
        point = [*point[:3], *map(str, claimed[:2]), int(claimed[2])]
    theorem = above(point) if coprime else never(point)
    try:
        check_threshold(theorem, {"cuts": [[*cuts, *map(str, more)]]})
    except RejectedError:
        return
    event(theorem["says"])
    low, high, integer = claimed
    for l0 in (-0.95, -0.5, 0.05, 0.7, 1.3, 2.6, 5.2, 11.1, 25.0, 400.0):
        weights = weights_of({"l0": l0, "l_a": counts[0], "l_b": counts[1], "q": q})
        root_max = np.abs(np.roots(np.array(weights, dtype=float))).max()
        assert root_max < 1 or l0 < high
        assert root_max > 1 or l0 > low
    assert integer >= high
