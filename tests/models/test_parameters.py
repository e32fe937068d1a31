"""Parameters and starts: what is refused says the value and the rule."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from homeostat.errors import InvalidInputError, InvalidModelError
from homeostat.models.batching import (
    DATA_SETS,
    BatchingParameters,
    Pair,
    canonical_start,
    rational,
    single_type_weights,
    stage_weights,
    validated_start,
)

NAN, INF = float("nan"), float("inf")
GOOD: dict[str, Any] = {"l0": 1, "l_a": 1, "l_b": 3, "q": "1/2", "capacity": 1}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("l0", 0, "l0=0 must be >= 1"),
        ("l0", "1/2", "l0=1/2 must be >= 1"),
        ("l0", -3, "l0=-3 must be >= 1"),
        ("l0", NAN, "l0=nan must be a finite"),
        ("l0", INF, "l0=inf must be a finite"),
        ("l0", True, "l0=True must be a rational"),
        ("l0", None, "l0=None must be a rational"),
        ("l0", "zwölf", "l0='zwölf' must be a finite"),
        ("l0", "nan", "l0='nan' must be a finite"),
        ("l0", "1e9", "l0='1e9' must be written as p/q"),
        ("l_a", 0, "l_a=0 must be >= 1"),
        ("l_a", 3, "l_b=3 must be > l_a=3"),
        ("l_a", 4, "l_b=3 must be > l_a=4"),
        ("l_a", True, "l_a=True must be an integer"),
        ("l_a", 1.0, "l_a=1.0 must be an integer"),
        ("l_a", "1", "l_a='1' must be an integer"),
        ("l_b", 1, "l_b=1 must be > l_a=1"),
        ("l_b", False, "l_b=False must be an integer"),
        ("l_b", NAN, "l_b=nan must be an integer"),
        ("q", 0, "q=0 must lie strictly between 0 and 1"),
        ("q", 1, "q=1 must lie strictly between 0 and 1"),
        ("q", 0.0, "q=0 must lie strictly between 0 and 1"),
        ("q", -0.5, "q=-1/2 must lie strictly between 0 and 1"),
        ("q", "3/2", "q=3/2 must lie strictly between 0 and 1"),
        ("q", NAN, "q=nan must be a finite"),
        ("q", "1/0", "q='1/0' must be a finite"),
        ("q", True, "q=True must be a rational"),
        ("capacity", 0, "capacity=0 must be > 0"),
        ("capacity", -60, "capacity=-60 must be > 0"),
        ("capacity", INF, "capacity=inf must be a finite"),
        ("capacity", NAN, "capacity=nan must be a finite"),
    ],
)
def test_a_bad_parameter_is_refused_with_value_and_rule(
    field: str, value: object, shown: str
) -> None:
    with pytest.raises(InvalidModelError) as caught:
        BatchingParameters(**{**GOOD, field: value})
    assert shown in str(caught.value)


def test_a_number_of_ten_thousand_digits_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidModelError, match="at most 10000"):
        BatchingParameters(**{**GOOD, "l0": "1" * 10_001})


def test_the_error_is_the_command_lines_and_pythons() -> None:
    assert issubclass(InvalidModelError, InvalidInputError)
    assert issubclass(InvalidModelError, ValueError)


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        (["1/2", 0], "start has 2 stages, the parameters ask for 3"),
        (["1/2", 0, 0, 0], "start has 4 stages, the parameters ask for 3"),
        ([], "start has 0 stages"),
        (["3/4", "-1/3", "1/4"], "start[1]=-1/3 must be >= 0"),
        (["1/2", 0, "1/100"], "start holds sum W_s M_s = 51/50 tokens, must be capacity=1"),
        ([0, 0, 0], "start holds sum W_s M_s = 0 tokens"),
        ([NAN, 0, 0], "start[0]=nan must be a finite"),
        ([INF, 0, 0], "start[0]=inf must be a finite"),
        ([True, 0, 0], "start[0]=True must be a rational"),
        ([0.5000001, 0, 0], "must be capacity=1"),
        ([None, 0, 0], "start[0]=None must be a rational"),
    ],
)
def test_a_bad_start_is_refused_with_value_and_rule(start: Sequence[Any], shown: str) -> None:
    parameters = BatchingParameters(**GOOD)
    with pytest.raises(InvalidModelError) as caught:
        validated_start(parameters, start)
    assert shown in str(caught.value)
    with pytest.raises(InvalidModelError):
        Pair.run(parameters, start, step_count=1)


@pytest.mark.parametrize(
    "typed",
    [
        (("1/2",), ("0", "0")),
        (("-1/4",), ("3/4", "0", "0")),
        (("1/2",), ("1/2", "0", "0")),
        (("1/2", "0"), ("0", "0", "0")),
        ((NAN,), ("1/2", "0", "0")),
        (("1/2",),),
    ],
)
def test_a_bad_typed_start_is_refused(typed: Any) -> None:
    parameters = BatchingParameters(**GOOD)
    with pytest.raises(InvalidModelError):
        Pair.run(parameters, step_count=1, typed_start=typed)


def test_a_typed_start_that_merges_into_the_start_is_kept() -> None:
    parameters = BatchingParameters(**GOOD)
    typed: Any = ((Fraction(1, 2),), (Fraction(0),) * 3)
    assert Pair.run(parameters, step_count=1, typed_start=typed).typed_start == typed


@pytest.mark.parametrize("step_count", [-1, NAN, 1.5, True, "3"])
def test_a_bad_step_count_is_refused(step_count: Any) -> None:
    with pytest.raises(InvalidModelError, match="step_count"):
        Pair.run(BatchingParameters(**GOOD), step_count=step_count)


def test_an_observable_is_known_and_in_range() -> None:
    pair = Pair.run(BatchingParameters(**GOOD), step_count=2)
    with pytest.raises(InvalidModelError, match="observable 'speed' must be one of"):
        pair.observe("speed", 0)
    for t in (-1, 3):
        with pytest.raises(InvalidModelError, match=r"must lie in 0 \.\. 2"):
            pair.observe("max_theory", t)


@pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda d: d.name)
def test_parameters_survive_json(data_set: Any) -> None:
    parameters = data_set.parameters
    assert BatchingParameters.from_json(parameters.to_json()) == parameters


@pytest.mark.parametrize("data", [{}, {**GOOD, "extra": 1}, [], None, {"l0": 1}])
def test_json_with_other_fields_is_refused(data: Any) -> None:
    with pytest.raises(InvalidModelError, match="must have the fields"):
        BatchingParameters.from_json(data)


def test_weights_are_the_notes() -> None:
    half = Fraction(1, 2)
    first: object = (11, 12, 13 * half, 14 * half, 15 * half)
    assert DATA_SETS[0].parameters.weights == first
    assert stage_weights(50, 4, 7, half) == (51, 52, 53, 54, 55 * half, 56 * half, 57 * half)
    assert single_type_weights(10, 3) == (11, 12, 13)


def test_the_canonical_start_fills_the_batch_with_fresh_requests() -> None:
    for data_set in DATA_SETS:
        parameters = data_set.parameters
        start = canonical_start(parameters)
        assert start[0] == parameters.capacity / (parameters.l0 + 1)
        assert not any(start[1:])
        assert validated_start(parameters, start) == start


def test_a_decimal_text_is_decimal_and_a_float_is_binary() -> None:
    assert rational("0.1", "q") == Fraction(1, 10)
    assert rational(0.1, "q") == Fraction(0.1) != Fraction(1, 10)


def test_shares_add_up_and_coprimality_is_known() -> None:
    parameters = BatchingParameters(1, 2, 4, "1/3")
    assert parameters.p == Fraction(2, 3)
    assert not parameters.coprime
    assert BatchingParameters(1, 2, 5, "1/3").coprime
