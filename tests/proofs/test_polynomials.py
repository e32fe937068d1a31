import sys
import time
from fractions import Fraction

import pytest

from homeostat.proofs.polynomials import (
    SIZE_MAX,
    TERMS_MAX,
    Poly,
    RejectedError,
    holds,
    jury,
    multiply,
    names,
    point_of,
    polynomial,
    positive_definite,
    rational,
    row,
    solve,
    value,
)

X, Y = ("x",), ("y",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", {}),
        ("x - x", {}),
        ("3", {(): 3}),
        ("-3/6", {(): Fraction(-1, 2)}),
        ("+ x", {X: 1}),
        ("  x  -  y  ", {X: 1, Y: -1}),
        ("y*x - 2*x*y", {("x", "y"): -1}),
        ("2*x*1/3*x + 1", {("x", "x"): Fraction(2, 3), (): 1}),
        ("x_1 + x", {("x_1",): 1, X: 1}),
        ("0*x + 7", {(): 7}),
    ],
)
def test_sums_of_products_are_read_exactly(text: str, expected: object) -> None:
    assert polynomial(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "2a",
        "2 3",
        "(a)",
        "a*(b + c)",
        "a**2",
        "a^2",
        "a*",
        "*a",
        "a +",
        "a + + b",
        "--a",
        "a*-b",
        "a.b",
        "a.__class__",
        "__import__",
        "_x",
        "f(x)",
        "x[0]",
        "1e3",
        "1.5",
        "0x10",
        "1_000",
        "1/0",
        "1/00",
        "1/-2",
        "x/2",
        "1/2/3",
        "\u0663",
        "1/\u0663",
        "\u00b2",
        "x\u00b2",
        "\u03b1",
        "x\u0301",
        "x\n+ y",
        "x\u00a0+ y",
        "x;y",
        "x#",
        "lambda: 0",
        "x" * (SIZE_MAX + 1),
        None,
        3,
        1.5,
        True,
        ["x"],
    ],
)
def test_what_is_no_sum_of_products_is_refused(text: str) -> None:
    with pytest.raises((RejectedError, TypeError)):
        polynomial(text)


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["a"] * 3000) + " $",
        "a" + " " * 9000 + "$",
        "a" + " + a" * 2000 + " " * 500 + "$",
        "*".join(["a"] * 4000) + "$",
        "1" * 9000 + "$",
        "+" * 9000,
        "1/" * 4000,
        "a_" * 4000 + "$",
    ],
    ids=range(8),
)
def test_a_long_malformed_text_is_refused_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(RejectedError):
        polynomial(text)
    assert time.perf_counter() - began < 0.2


def test_nothing_is_ever_evaluated() -> None:
    names_before = set(sys.modules)
    with pytest.raises(RejectedError):
        polynomial("__import__('antigravity')")
    assert set(sys.modules) == names_before


@pytest.mark.parametrize(
    ("given", "expected"),
    [("3", 3), (3, 3), ("-3", -3), ("6/4", Fraction(3, 2)), ("-0/7", 0), ("007", 7)],
)
def test_p_over_q_is_read(given: object, expected: Fraction) -> None:
    assert rational(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        *("", " 1", "1 ", "1\n", "1.5", "1e3", "+1", "--1", "1/0", "1/-2", "1/2/3", "1_0", "0x1"),
        *("nan", "inf", "\u0661", "1/\u0662", "\u00bd", "9" * 4001, 10**4001),
        *(1.5, True, False, None, [], {}),
    ],
)
def test_anything_else_is_no_number(given: object) -> None:
    with pytest.raises(ValueError, match=r"not p/q|digits"):
        rational(given)


def test_the_variables_are_replaced_at_once_not_one_after_the_other() -> None:
    swapped = polynomial("x - 2*y", {"x": polynomial("y"), "y": polynomial("x")})
    assert swapped == polynomial("y - 2*x")
    assert polynomial("x*x + z", {"x": Fraction(3)}) == polynomial("9 + z")
    assert polynomial("x*y", {"x": Fraction(0)}) == {}


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x < y", "y - x > 0"),
        ("x <= y", "y >= x"),
        ("x = y", "0 = y - x"),
        ("2*x > 1", "0 < 2*x - 1"),
    ],
)
def test_rows_that_say_the_same_are_equal(text: str, same: str) -> None:
    (p, sign), (q, other) = row(text), row(same)
    assert sign == other
    assert p == q or (sign == "=" and p == {m: -c for m, c in q.items()})


@pytest.mark.parametrize(
    "text",
    [
        *("x", "x == y", "x = = y", "x =< y", "x => y", "x != y", "x < y < z", "< y", "x <", ""),
        *("x\u2264y", None, 1, ["x", "=", "y"]),
    ],
)
def test_what_is_no_row_is_refused(text: str) -> None:
    with pytest.raises((RejectedError, TypeError)):
        row(text)


def test_names_are_those_that_remain() -> None:
    assert names(["x + y - x = 2*z", "1 > 0"]) == {"y", "z"}


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("x >= 0", 0, True),
        ("x > 0", 0, False),
        ("x = 0", 1, False),
        ("x = 0", -1, False),
        ("x = 0", 0, True),
        ("x <= 0", -1, True),
    ],
)
def test_rows_are_decided_at_a_point(text: str, x: int, *, expected: bool) -> None:
    assert holds([text], {"x": Fraction(x)}) is expected


def test_a_point_that_leaves_a_variable_open_decides_nothing() -> None:
    with pytest.raises(RejectedError, match="open"):
        holds(["x > 0"], {})
    with pytest.raises(RejectedError, match="open"):
        value("x", point_of({"y": "1"}))


def test_equations_define_one_variable_after_the_other() -> None:
    found = solve(["2*y = x", "z > 9", "z - y = 1", "u*v = 1"], {"x": Fraction(4)})
    assert found == {"x": 4, "y": 2, "z": 3}


def test_a_product_that_would_fill_the_memory_is_refused() -> None:
    many: Poly = {(f"x{i}",): Fraction(1) for i in range(1400)}
    assert len(many) ** 2 > TERMS_MAX
    with pytest.raises(RejectedError, match="too large"):
        multiply(many, many)


@pytest.mark.parametrize(
    ("coefficients", "stable"),
    [
        ([1, 0], True),
        ([2, 1], True),
        ([1, 1], False),
        ([1, 2], False),
        ([2, 2, 1], True),
        ([1, 0, 1], False),
        ([4, 3, 4], False),
        ([1, -2, 1], False),
        ([8, 0, 0, 7], True),
        ([8, 0, 0, 8], False),
    ],
)
def test_the_jury_table_tells_roots_inside_from_on_or_outside(
    coefficients: list[int], *, stable: bool
) -> None:
    assert jury([Fraction(x) for x in coefficients]) is stable


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[1]], True),
        ([[0]], False),
        ([[2, 1], [1, 1]], True),
        ([[1, 1], [1, 1]], False),
        ([[1, 0], [1, 1]], False),
        ([[1, 0], [0, Fraction(-1, 10**9)]], False),
        ([[2, 1, 0], [1, 2, 1], [0, 1, 2]], True),
        ([[2, 1, 0], [1, 2, 1], [0, 2, 2]], False),
    ],
)
def test_a_matrix_is_positive_definite_only_if_symmetric_with_positive_pivots(
    matrix: list[list[int]], *, expected: bool
) -> None:
    assert positive_definite([[Fraction(x) for x in line] for line in matrix]) is expected
